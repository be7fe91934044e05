"""AdaBelief and Yogi: Adam with another second moment.

AdaBelief divides by how far gradients stray from their mean: it takes large steps where the gradient is as expected.
Yogi moves its second moment by at most (1 - beta2) g^2 a step, so that it cannot forget a large gradient too fast.

AdaBelief, in code order, t counting from 1::

    g = -g                                          if maximize
    p = p (1 - lr weight_decay)                     if weight_decay
    m = m + (1 - beta1) (g - m)
    s = beta2 s + (1 - beta2) (g - m)^2 + eps
    p = p - lr / (1 - beta1^t) m / (sqrt(s / (1 - beta2^t)) + eps)

Yogi::

    g = -g                                          if maximize
    p = p (1 - lr weight_decay)                     if weight_decay
    m = m + (1 - beta1) (g - m)
    v = v - (1 - beta2) sign(v - g^2) g^2           v starts at initial_accumulator_value
    p = p - lr m / (sqrt(v) + eps)

Where others differ: Yogi's paper corrects no bias, some implementations do; AdaBelief's authors call the state
``exp_avg_var``.

References
----------
Zhuang et al., "AdaBelief Optimizer" (2020), algorithm 2. https://arxiv.org/abs/2010.07468
Zaheer et al., "Adaptive Methods for Nonconvex Optimization" (2018), algorithm 2 (Yogi).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .arithmetic import lerp
from .checks import at_least_zero, betas, learning_rate
from .optimizer import Optimizer

__all__ = ["AdaBelief", "Yogi"]

CHECKS = {
    "lr": learning_rate,
    "betas": betas,
    "eps": at_least_zero("epsilon value"),
    "weight_decay": at_least_zero("weight_decay value"),
}


def adabelief(
    p: Any,
    g: Any,
    exp_avg: Any,
    exp_avg_var: Any,
    *,
    t: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of AdaBelief, elementwise."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    if weight_decay != 0:
        p = p * (1 - lr * weight_decay)
    exp_avg = lerp(exp_avg, g, 1 - beta1)
    surprise = g - exp_avg
    exp_avg_var = beta2 * exp_avg_var + (1 - beta2) * surprise * surprise + eps
    denom = np.sqrt(exp_avg_var) / (1 - beta2**t) ** 0.5 + eps
    return p - lr / (1 - beta1**t) * exp_avg / denom, exp_avg, exp_avg_var


class AdaBelief(Optimizer):
    """AdaBelief, with decoupled weight decay.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 1e-3)
    betas : (float, float)
        how much of the running mean and of the running variance is kept, each in [0, 1) (default (0.9, 0.999))
    eps : float
        added to the variance each step, and to the denominator (default 1e-16, for which float64 is better)
    weight_decay : float
        how fast parameters shrink, in units of lr (default 0)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> p.grad = tensor([2.0])
    >>> AdaBelief([p], lr=0.09).step()       # the mean is off by 9/10 of the first gradient
    >>> p
    tensor([0.9000], requires_grad=True)
    """

    rule = staticmethod(adabelief)
    checks = CHECKS

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-16,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"exp_avg": 0, "exp_avg_var": 0}


def yogi(
    p: Any,
    g: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    *,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of Yogi, elementwise."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    if weight_decay != 0:
        p = p * (1 - lr * weight_decay)
    exp_avg = lerp(exp_avg, g, 1 - beta1)
    square = g * g
    exp_avg_sq = exp_avg_sq - (1 - beta2) * np.sign(exp_avg_sq - square) * square
    return p - lr * exp_avg / (np.sqrt(exp_avg_sq) + eps), exp_avg, exp_avg_sq


class Yogi(Optimizer):
    """Yogi, with decoupled weight decay.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 1e-2)
    betas : (float, float)
        how much of the running mean is kept, and how slowly the second moment moves, in [0, 1) (default (0.9, 0.999))
    eps : float
        added to the denominator (default 1e-3)
    initial_accumulator_value : float
        where the second moment starts (default 1e-6)
    weight_decay : float
        how fast parameters shrink, in units of lr (default 0)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> p.grad = tensor([0.0])
    >>> Yogi([p]).step()
    >>> p
    tensor([1.], requires_grad=True)
    """

    rule = staticmethod(yogi)
    checks = {**CHECKS, "initial_accumulator_value": at_least_zero("initial_accumulator_value value")}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-3,
        initial_accumulator_value: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "initial_accumulator_value": initial_accumulator_value,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"exp_avg": 0, "exp_avg_sq": group["initial_accumulator_value"]}
