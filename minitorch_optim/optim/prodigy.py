"""Prodigy: Adam that finds its own learning rate, from how far the parameters have come.

The distance D from the start to the solution would be the ideal step size. ``d`` is a growing lower bound on it,
computed from the gradients of *all* parameters of a group together. In code order, t counting from 1, with s, x0, m, v
vectors over the group::

    g = -g                                              if maximize
    k = lr sqrt(1 - beta2^t) / (1 - beta1^t)            if use_bias_correction, else lr
    r = sqrt(beta2) r + (1 - sqrt(beta2)) k d^2 <g, x0 - x>
    s = sqrt(beta2) s + (1 - sqrt(beta2)) k d^2 g
    m = beta1 m + (1 - beta1) d g
    v = beta2 v + (1 - beta2) d^2 g^2
    x = x (1 - k d weight_decay)                        if weight_decay
    x = x - k d m / (sqrt(v) + d eps)
    d = max(d, min(d_coef r / ||s||_1, growth_rate d))

Use lr = 1, with a schedule if you like. The state ``d`` of any parameter shows the estimate.

Where others differ: the authors' package has one d for all groups, here each group has its own. There and in Optax
the last line comes before the step, so that eps is multiplied by the new d, and ``safeguard_warmup`` can leave lr out
of s. Optax always corrects the bias.

References
----------
Mishchenko, Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner" (2023), algorithm 4.
https://arxiv.org/abs/2306.06101
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .checks import above_zero, at_least_zero, betas, learning_rate
from .optimizer import Optimizer

__all__ = ["Prodigy"]


def prodigy(
    p: Any,
    g: Any,
    x0: Any,
    s: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    d: Any,
    r: Any,
    *,
    t: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    d_coef: float,
    growth_rate: float,
    use_bias_correction: bool,
    maximize: bool,
) -> tuple[Any, ...]:
    """One step of Prodigy on all elements of a group."""
    beta1, beta2 = betas
    d, r, memory = float(d), float(r), beta2**0.5
    if maximize:
        g = -g
    k = lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t) if use_bias_correction else lr
    r = memory * r + (1 - memory) * k * d * d * float(np.dot(g, x0 - p))
    s = memory * s + ((1 - memory) * k * d * d) * g
    exp_avg = beta1 * exp_avg + ((1 - beta1) * d) * g
    exp_avg_sq = beta2 * exp_avg_sq + ((1 - beta2) * d * d) * g * g
    if weight_decay != 0:
        p = p * (1 - k * d * weight_decay)
    p = p - k * d * exp_avg / (np.sqrt(exp_avg_sq) + d * eps)
    total = float(np.sum(np.abs(s)))
    if total > 0:
        d = max(d, min(d_coef * r / total, growth_rate * d))
    return p, x0, s, exp_avg, exp_avg_sq, d, r


class Prodigy(Optimizer):
    """Prodigy, with decoupled weight decay.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups; each group has its own estimate
    lr : float or Tensor
        multiplier of the step size that was found (default 1.0)
    betas : (float, float)
        how much of the running means of the gradient and of its square is kept, each in [0, 1) (default (0.9, 0.999))
    eps : float
        added to the denominator, in units of d (default 1e-8)
    weight_decay : float
        how fast parameters shrink, in units of the step size (default 0)
    d0 : float
        the first estimate, to be far too small (default 1e-6)
    d_coef : float
        multiplier of the estimate (default 1.0)
    growth_rate : float
        the most by which the estimate may grow in a step (default infinite)
    use_bias_correction : bool
        Adam's correction of the early steps (default False)
    maximize : bool
        go up instead of down (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([3.0, -4.0], requires_grad=True)
    >>> optimizer = Prodigy([p])
    >>> for _ in range(300):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> (p * p).sum().item() < 1e-2
    True
    """

    rule = staticmethod(prodigy)
    scalars = ("d", "r")
    together = True
    checks = {
        "lr": learning_rate,
        "betas": betas,
        "eps": at_least_zero("epsilon value"),
        "weight_decay": at_least_zero("weight_decay value"),
        "d0": above_zero("d0 value"),
        "d_coef": above_zero("d_coef value"),
        "growth_rate": above_zero("growth_rate value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        d0: float = 1e-6,
        d_coef: float = 1.0,
        growth_rate: float = float("inf"),
        use_bias_correction: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "d0": d0,
            "d_coef": d_coef,
            "growth_rate": growth_rate,
            "use_bias_correction": use_bias_correction,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"x0": p._array.copy(), "s": 0, "exp_avg": 0, "exp_avg_sq": 0, "d": group["d0"], "r": 0.0}
