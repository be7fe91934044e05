"""Lion: the sign of an interpolated momentum; every element moves by lr.

In code order::

    g = -g                                if maximize
    c = beta1 m + (1 - beta1) g
    p = p (1 - lr weight_decay)           if weight_decay
    p = p - lr sign(c)
    m = beta2 m + (1 - beta2) g

The update mixes in more of the new gradient (beta1) than the momentum keeps (beta2). Steps are larger than Adam's,
whose elements move less than lr once they disagree: take a learning rate 3 to 10 times smaller, and a weight decay as
much larger.

Where others differ: PyTorch has no Lion. Optax decays weights unless told not to (weight_decay = 1e-3), and Keras
begins with lr = 1e-3, ten times the default here.

References
----------
Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023), algorithm 2. https://arxiv.org/abs/2302.06675
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .checks import at_least_zero, betas, learning_rate
from .optimizer import Optimizer

__all__ = ["Lion"]


def lion(
    p: Any,
    g: Any,
    exp_avg: Any,
    *,
    lr: float,
    betas: tuple[float, float],
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any]:
    """One step of Lion, elementwise."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    direction = np.sign(beta1 * exp_avg + (1 - beta1) * g)
    if weight_decay != 0:
        p = p * (1 - lr * weight_decay)
    return p - lr * direction, beta2 * exp_avg + (1 - beta2) * g


class Lion(Optimizer):
    """Lion ("evolved sign momentum"), with decoupled weight decay.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate: how far each element moves in a step (default 1e-4)
    betas : (float, float)
        how much of the momentum is in the update, and how much of it is kept, each in [0, 1) (default (0.9, 0.99))
    weight_decay : float
        how fast parameters shrink, in units of lr (default 0)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0, -2.0], requires_grad=True)
    >>> p.grad = tensor([0.3, -50.0])
    >>> Lion([p], lr=0.1).step()
    >>> p
    tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    rule = staticmethod(lion)
    checks = {"lr": learning_rate, "betas": betas, "weight_decay": at_least_zero("weight_decay value")}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"exp_avg": 0}
