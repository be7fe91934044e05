"""Adamax: Adam with the largest recent gradient in the place of the root of the mean square.

In code order, t counting from 1::

    g = -g                                  if maximize
    g = g + weight_decay p                  if weight_decay
    m = m + (1 - beta1) (g - m)
    u = max(beta2 u, |g| + eps)
    p = p - lr / (1 - beta1^t) m / u

Where others differ: the paper has no eps; TensorFlow adds it to u in the denominator, here it is added to |g| before
the maximum is taken, so it fades like a gradient.

References
----------
Kingma, Ba, "Adam: A Method for Stochastic Optimization" (2014), algorithm 2. https://arxiv.org/abs/1412.6980
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .arithmetic import lerp
from .checks import at_least_zero, betas, learning_rate
from .optimizer import Optimizer

__all__ = ["Adamax"]


def adamax(
    p: Any,
    g: Any,
    exp_avg: Any,
    exp_inf: Any,
    *,
    t: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of Adamax, elementwise."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    exp_avg = lerp(exp_avg, g, 1 - beta1)
    exp_inf = np.maximum(beta2 * exp_inf, np.abs(g) + eps)
    step_size = lr / (1 - beta1**t)
    return p - step_size * exp_avg / exp_inf, exp_avg, exp_inf


class Adamax(Optimizer):
    """Adamax, a variant of Adam based on the infinity norm.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 2e-3)
    betas : (float, float)
        how much of the running mean of the gradient and of the largest gradient is kept, each in [0, 1)
        (default (0.9, 0.999))
    eps : float
        added to the size of each gradient (default 1e-8)
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient (default 0)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)
    foreach, capturable : bool, optional
        accepted for PyTorch's sake, without effect

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = Adamax([p], lr=0.25)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p                                    # the first step is lr long, whatever the gradient
    tensor([ 0.7500, -1.7500], requires_grad=True)
    """

    rule = staticmethod(adamax)
    checks = {
        "lr": learning_rate,
        "eps": at_least_zero("epsilon value"),
        "betas": betas,
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"exp_avg": 0, "exp_inf": 0}
