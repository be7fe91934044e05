"""RAdam: Adam that trusts its second moment only as far as its variance is known.

In code order, t counting from 1::

    g = -g                                          if maximize
    p = p (1 - lr weight_decay)                     if weight_decay and decoupled
    g = g + weight_decay p                          if weight_decay otherwise
    m = m + (1 - beta1) (g - m)
    v = beta2 v + (1 - beta2) g^2
    m' = m / (1 - beta1^t)
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 t beta2^t / (1 - beta2^t)     the length of an average that would be as sure as v is
    r = sqrt((rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho))
    p = p - m' lr sqrt(1 - beta2^t) / (sqrt(v) + eps) r     if rho > 5
    p = p - m' lr                                           otherwise: momentum alone

With beta2 = 0.999 the first five steps are momentum alone.

Where others differ: eps is not bias-corrected; the paper's threshold is rho > 4, where r is still near 0.

References
----------
Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond" (2019), algorithm 2.
https://arxiv.org/abs/1908.03265
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .arithmetic import lerp
from .checks import at_least_zero, betas, learning_rate
from .optimizer import Optimizer

__all__ = ["RAdam"]


def radam(
    p: Any,
    g: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    *,
    t: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    decoupled_weight_decay: bool,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of RAdam, elementwise."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    if weight_decay != 0:
        if decoupled_weight_decay:
            p = p * (1 - lr * weight_decay)
        else:
            g = g + weight_decay * p
    exp_avg = lerp(exp_avg, g, 1 - beta1)
    exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
    mean = exp_avg / (1 - beta1**t)
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    if rho > 5:  # the quotient in two steps, as PyTorch rounds it
        rect = ((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5
        p = p - mean * lr * (1 / (np.sqrt(exp_avg_sq) + eps) * (1 - beta2**t) ** 0.5) * rect
    else:
        p = p - mean * lr
    return p, exp_avg, exp_avg_sq


class RAdam(Optimizer):
    """Rectified Adam, which needs no warm-up.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 1e-3)
    betas : (float, float)
        how much of the running means of the gradient and of its square is kept, each in [0, 1) (default (0.9, 0.999))
    eps : float
        added to the denominator (default 1e-8)
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient (default 0)
    decoupled_weight_decay : bool
        decay the parameter itself, as AdamW does (default False)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)
    foreach, capturable : bool, optional
        accepted for PyTorch's sake, without effect

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = RAdam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p                                    # the first steps go by the gradient itself
    tensor([ 0.8000, -1.6000], requires_grad=True)
    """

    rule = staticmethod(radam)
    checks = {
        "lr": learning_rate,
        "eps": at_least_zero("epsilon value"),
        "betas": betas,
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"exp_avg": 0, "exp_avg_sq": 0}
