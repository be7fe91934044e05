"""NAdam: Adam with Nesterov's momentum, whose coefficient is warmed up.

In code order, t counting from 1::

    g = -g                                          if maximize
    p = p (1 - lr weight_decay)                     if weight_decay and decoupled
    g = g + weight_decay p                          if weight_decay otherwise
    mu_t = beta1 (1 - 0.5 * 0.96^(t momentum_decay))
    product = product mu_t                          starts at 1
    m = m + (1 - beta1) (g - m)
    v = beta2 v + (1 - beta2) g^2
    denom = sqrt(v / (1 - beta2^t)) + eps
    p = p - lr (1 - mu_t) / (1 - product) g / denom
    p = p - lr mu_(t+1) / (1 - product mu_(t+1)) m / denom

Where others differ: m is Adam's running mean with beta1, while in the paper it uses mu_t; ``mu_product`` is kept in the
default dtype, as in PyTorch: in float32 that leaves steps of float64 parameters good to about 1e-8 relative.

References
----------
Dozat, "Incorporating Nesterov Momentum into Adam" (2016), algorithm 2, and his technical report for the schedule of mu.
https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .arithmetic import lerp, wide
from .checks import at_least_zero, betas, learning_rate
from .optimizer import Optimizer

__all__ = ["NAdam"]


def nadam(
    p: Any,
    g: Any,
    mu_product: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    *,
    t: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    momentum_decay: float,
    decoupled_weight_decay: bool,
    maximize: bool,
) -> tuple[Any, ...]:
    """One step of NAdam, elementwise."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    if weight_decay != 0:
        if decoupled_weight_decay:
            p = p * (1 - lr * weight_decay)
        else:
            g = g + weight_decay * p
    mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    mu_product = mu_product * mu
    product = wide(mu_product)
    exp_avg = lerp(exp_avg, g, 1 - beta1)
    exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
    denom = np.sqrt(exp_avg_sq / (1 - beta2**t)) + eps
    p = p - lr * (1 - mu) / (1 - product) * g / denom
    p = p - lr * mu_next / (1 - product * mu_next) * exp_avg / denom
    return p, mu_product, exp_avg, exp_avg_sq


class NAdam(Optimizer):
    """Adam with Nesterov momentum.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 2e-3)
    betas : (float, float)
        how much of the running means of the gradient and of its square is kept, each in [0, 1) (default (0.9, 0.999))
    eps : float
        added to the denominator (default 1e-8)
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient (default 0)
    momentum_decay : float
        how fast the coefficient of momentum grows from beta1 / 2 to beta1 (default 4e-3)
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
    >>> optimizer = NAdam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([ 0.8944, -1.8944], requires_grad=True)
    """

    rule = staticmethod(nadam)
    scalars = ("mu_product",)
    checks = {
        "lr": learning_rate,
        "eps": at_least_zero("epsilon value"),
        "betas": betas,
        "weight_decay": at_least_zero("weight_decay value"),
        "momentum_decay": at_least_zero("momentum_decay value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"mu_product": 1, "exp_avg": 0, "exp_avg_sq": 0}
