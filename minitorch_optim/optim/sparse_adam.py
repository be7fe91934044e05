"""SparseAdam: Adam on the rows that a sparse gradient names; the others, and their moments, wait.

In code order, for those rows, repeated ones summed first, t counting steps from 1::

    g = -g                                          if maximize
    m = m + (g - m) (1 - beta1)
    v = v + (g^2 - v) (1 - beta2)
    p = p - lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps)

A row that is named for the first time at step t has the bias correction of step t, not of its own first step: it is
corrected less than it should be. That is what "lazy" means here.

Where others differ: eps is added before the bias correction (Kingma & Ba's "epsilon hat"), while :class:`Adam` adds it
after: for gradients of the size of eps the two differ by tens of percent. TensorFlow's lazy Adam is the same algorithm.

References
----------
Kingma, Ba, "Adam: A Method for Stochastic Optimization" (2014), section 2, last paragraph, for the order of
computation. https://arxiv.org/abs/1412.6980
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .checks import above_zero, betas, one_element
from .optimizer import Optimizer

__all__ = ["SparseAdam"]


def sparse_adam(
    p: Any,
    g: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    *,
    t: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of SparseAdam on the rows of a gradient, elementwise."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    exp_avg = exp_avg + (g - exp_avg) * (1 - beta1)
    exp_avg_sq = exp_avg_sq + (g * g - exp_avg_sq) * (1 - beta2)
    step_size = lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    return p - step_size * (exp_avg / (np.sqrt(exp_avg_sq) + eps)), exp_avg, exp_avg_sq


def positive_learning_rate(value: Any) -> None:
    """A number above 0, or a tensor that holds one."""
    one_element(value)
    above_zero("learning rate")(value)


class SparseAdam(Optimizer):
    """Adam for embeddings whose gradients are sparse. It takes no other gradients.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups: dense parameters, real ones
    lr : float or Tensor
        learning rate, above 0 (default 1e-3)
    betas : (float, float)
        how much of the running means of the gradient and of its square is kept, each in [0, 1) (default (0.9, 0.999))
    eps : float
        added to the denominator, above 0 (default 1e-8)
    maximize : bool
        go up instead of down (default False)

    >>> from minitorch_optim.autograd import ones, sparse_coo_tensor
    >>> p = ones(3, 2).requires_grad_()
    >>> optimizer = SparseAdam([p], lr=0.1)
    >>> p.grad = sparse_coo_tensor([[1]], [[2.0, -3.0]], (3, 2))
    >>> optimizer.step()                     # row 1 has a gradient
    >>> p
    tensor([[1.0000, 1.0000],
            [0.9000, 1.1000],
            [1.0000, 1.0000]], requires_grad=True)
    """

    rule = staticmethod(sparse_adam)
    sparse = True
    checks = {"lr": positive_learning_rate, "eps": above_zero("epsilon value"), "betas": betas}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    def check_param(self, p: Tensor) -> None:
        if p.is_sparse:
            raise ValueError("SparseAdam requires dense parameter tensors: only their gradients are sparse")
        if p.dtype.kind == "c":
            raise ValueError("SparseAdam does not support complex parameters: optimize view_as_real(p) with Adam")

    def check_gradient(self, group: dict[str, Any], p: Tensor) -> None:
        if p.grad is not None and not p.grad.is_sparse:
            raise RuntimeError(
                "SparseAdam does not support dense gradients, please consider Adam instead, or Embedding(sparse=True)"
            )

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"exp_avg": 0, "exp_avg_sq": 0}

    def state_to_save(self, state: Any) -> Any:
        return {**state, "step": int(state["step"])} if isinstance(state, dict) and "step" in state else state
