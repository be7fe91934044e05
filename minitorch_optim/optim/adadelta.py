"""Adadelta: steps in the units of the parameters, from the ratio of two running means of squares.

In code order::

    g = -g                                  if maximize
    g = g + weight_decay p                  if weight_decay
    v = rho v + (1 - rho) g^2
    d = sqrt(u + eps) / sqrt(v + eps) g     with u of the step before
    u = rho u + (1 - rho) d^2
    p = p - lr d

Where others differ: the paper has no learning rate (lr = 1); Keras' default is lr = 0.001. eps is inside both roots, as
in the paper: it is what makes the first steps possible, as u starts at 0, and it sets their size.

References
----------
Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012), algorithm 1. https://arxiv.org/abs/1212.5701
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .checks import at_least_zero, between, learning_rate
from .optimizer import Optimizer

__all__ = ["Adadelta"]


def adadelta(
    p: Any,
    g: Any,
    square_avg: Any,
    acc_delta: Any,
    *,
    lr: float,
    rho: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of Adadelta, elementwise."""
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    square_avg = rho * square_avg + (1 - rho) * g * g
    delta = np.sqrt(acc_delta + eps) / np.sqrt(square_avg + eps) * g
    acc_delta = rho * acc_delta + (1 - rho) * delta * delta
    return p - lr * delta, square_avg, acc_delta


class Adadelta(Optimizer):
    """Adadelta, which finds its step sizes from how far the parameters moved lately.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        multiplier of the step that was found (default 1.0)
    rho : float
        how much of the running means of squares is kept, in [0, 1] (default 0.9)
    eps : float
        added to both running means before the root (default 1e-6)
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient (default 0)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)
    foreach, capturable : bool, optional
        accepted for PyTorch's sake, without effect

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> optimizer = Adadelta([p], rho=0.75, eps=0.01)
    >>> p.grad = tensor([2.0])
    >>> optimizer.step()
    >>> p                                    # 1 - sqrt(0 + 0.01) / sqrt(0.25 * 4 + 0.01) * 2
    tensor([0.8010], requires_grad=True)
    """

    rule = staticmethod(adadelta)
    counts = True
    checks = {
        "lr": learning_rate,
        "rho": between(0, 1, "rho value"),
        "eps": at_least_zero("epsilon value"),
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        foreach: bool | None = None,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"square_avg": 0, "acc_delta": 0}
