"""Schedules that warm up first: ``WarmupStableDecayLR``, ``CosineWarmupLR``.

References
----------
Hu et al., "MiniCPM: Unveiling the Potential of Small Language Models with Scalable Training Strategies" (2024),
section 4.2: the warmup-stable-decay schedule. https://arxiv.org/abs/2404.06395
Hägele et al., "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations" (2024), equation 1: its
decay by 1 - sqrt. https://arxiv.org/abs/2405.18392
Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour" (2017), section 2.2: gradual warmup.
https://arxiv.org/abs/1706.02677
"""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .arguments import at_least_zero, integer, one_of, positive_integer
from .cosine import half_wave, mix
from .curves import FactorSchedule
from .ramps import ramp

__all__ = ["CosineWarmupLR", "WarmupStableDecayLR"]

# How far the decay still has to go, 1 to 0, when t of its n steps are done.
_DECAYS = {
    "1-sqrt": lambda t, n: 1 - math.sqrt(t / n),
    "linear": lambda t, n: 1 - t / n,
    "cos": half_wave,
}


class WarmupStableDecayLR(FactorSchedule):
    """Warm up in a straight line, stay, and decay at the end; the middle may be of any length, known late::

        factor = start_factor + (1 - start_factor) t / warmup_steps      while t < warmup_steps
                 1                                                       for stable_steps
                 end_factor + (1 - end_factor) d(p)                      for decay_steps, p going from 0 to 1
                 end_factor                                              after that

    with ``d(p)`` = 1 - sqrt(p), or 1 - p, or (1 + cos(pi p)) / 2.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    warmup_steps, stable_steps, decay_steps : int
        the length of each phase, from 0
    start_factor, end_factor : float
        the lr before and after, as a factor of the initial lr, from 0 (default 0)
    decay_strategy : str
        '1-sqrt' (the default), 'linear' or 'cos'
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = WarmupStableDecayLR(SGD([tensor([1.0])], lr=1.0), 2, 2, 4)
    >>> [round(lr, 3) for lr, in scheduler.preview(10)]
    [0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.293, 0.134, 0.0, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_steps: int,
        stable_steps: int,
        decay_steps: int,
        start_factor: float = 0.0,
        end_factor: float = 0.0,
        decay_strategy: str = "1-sqrt",
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        self.warmup_steps = integer("warmup_steps", warmup_steps, 0)
        self.stable_steps = integer("stable_steps", stable_steps, 0)
        self.decay_steps = integer("decay_steps", decay_steps, 0)
        self.start_factor = at_least_zero("start_factor", start_factor)
        self.end_factor = at_least_zero("end_factor", end_factor)
        self.decay_strategy = one_of("decay_strategy", decay_strategy, tuple(_DECAYS))
        super().__init__(optimizer, last_epoch, verbose)

    def multiplier(self, t: Any) -> float:
        """The formula of the class."""
        decayed = t - self.warmup_steps - self.stable_steps
        if decayed < 0:
            return ramp(t, self.warmup_steps, self.start_factor, 1.0)
        if decayed >= self.decay_steps:
            return float(self.end_factor)
        return mix(1.0, self.end_factor, _DECAYS[self.decay_strategy](decayed, self.decay_steps))


class CosineWarmupLR(FactorSchedule):
    """Warm up in a straight line, then go down along half a cosine, and stay::

        factor = start_factor + (1 - start_factor) t / warmup_steps                    while t < warmup_steps
                 end_factor + (1 - end_factor) (1 + cos(pi p)) / 2                     then
                 p = (t - warmup_steps) / (total_steps - warmup_steps), at most 1

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    warmup_steps : int
        the number of steps up, from 0
    total_steps : int
        the number of steps up and down, above ``warmup_steps``
    start_factor, end_factor : float
        the lr at both ends, as a factor of the initial lr, from 0 (default 0)
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = CosineWarmupLR(SGD([tensor([1.0])], lr=1.0), warmup_steps=2, total_steps=6)
    >>> [round(lr, 3) for lr, in scheduler.preview(8)]
    [0.0, 0.5, 1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        warmup_steps: int,
        total_steps: int,
        start_factor: float = 0.0,
        end_factor: float = 0.0,
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        self.warmup_steps = integer("warmup_steps", warmup_steps, 0)
        self.total_steps = positive_integer("total_steps", total_steps)
        if self.total_steps <= self.warmup_steps:
            raise ValueError(f"Expected total_steps above warmup_steps, but got {total_steps} and {warmup_steps}")
        self.start_factor = at_least_zero("start_factor", start_factor)
        self.end_factor = at_least_zero("end_factor", end_factor)
        super().__init__(optimizer, last_epoch, verbose)

    def multiplier(self, t: Any) -> float:
        """The formula of the class."""
        if t < self.warmup_steps:
            return ramp(t, self.warmup_steps, self.start_factor, 1.0)
        down = self.total_steps - self.warmup_steps
        return mix(1.0, self.end_factor, half_wave(min(t - self.warmup_steps, down), down))
