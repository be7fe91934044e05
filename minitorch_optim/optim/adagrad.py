"""Adagrad: each element's learning rate falls with the sum of its squared gradients.

In code order, t counting from 1::

    g = -g                                  if maximize
    g = g + weight_decay p                  if weight_decay
    s = s + g^2                             s starts at initial_accumulator_value
    p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)

A sparse gradient changes the rows that it names, in ``sum`` as in the parameter, which is all that a dense one with
zeros elsewhere would change too.

Where others differ: the paper has no lr_decay and its delta (eps) may stand inside the root; TensorFlow starts s at
0.1. PyTorch takes initial_accumulator_value from the constructor only; here a group may have its own.

References
----------
Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (2011), figure 1,
with diagonal matrices. https://jmlr.org/papers/v12/duchi11a.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .checks import at_least_zero, implementation_flags, learning_rate, number, refuse_sparse_with_weight_decay
from .optimizer import Optimizer

__all__ = ["Adagrad"]


def adagrad(
    p: Any,
    g: Any,
    sum: Any,
    *,
    t: float,
    lr: float,
    lr_decay: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any]:
    """One step of Adagrad, elementwise."""
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    sum = sum + g * g
    step_size = lr / (1 + (t - 1) * lr_decay)
    return p - step_size * g / (np.sqrt(sum) + eps), sum


class Adagrad(Optimizer):
    """Adagrad, the first of the adaptive methods. Takes sparse gradients.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 1e-2)
    lr_decay : float
        at step t the learning rate is lr / (1 + (t - 1) lr_decay) (default 0)
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient; not with sparse gradients (default 0)
    initial_accumulator_value : float
        what the sums of squared gradients start from (default 0)
    eps : float
        added to the denominator (default 1e-10)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)
    foreach, fused : bool, optional
        accepted for PyTorch's sake, without effect

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = Adagrad([p], lr=0.5)
    >>> p.grad = tensor([3.0, 300.0])
    >>> optimizer.step()                     # the first step is lr long, whatever the gradient
    >>> p
    tensor([0.5000, 0.5000], requires_grad=True)
    """

    rule = staticmethod(adagrad)
    sparse = True
    eager = True
    checks = {
        "lr": learning_rate,
        "lr_decay": at_least_zero("lr_decay value"),
        "eps": at_least_zero("epsilon value"),
        "weight_decay": at_least_zero("weight_decay value"),
        "initial_accumulator_value": at_least_zero("initial_accumulator_value value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _check_options(self, options: dict[str, Any]) -> None:
        super()._check_options(options)
        implementation_flags(options)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"sum": number(group["initial_accumulator_value"])}

    def check_gradient(self, group: dict[str, Any], p: Tensor) -> None:
        refuse_sparse_with_weight_decay(group, p)
