"""Cosine annealing: ``CosineAnnealingLR``, and with restarts ``CosineAnnealingWarmRestarts``.

References
----------
Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2016), equation 5.
https://arxiv.org/abs/1608.03983
"""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .arguments import at_least_zero, positive
from .curves import ChainableSchedule, Schedule

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts", "half_wave", "mix"]


def half_wave(t: Any, length: Any) -> float:
    """``(1 + cos(pi t / length)) / 2``: from 1 at t = 0 down to 0 at t = length, and up again."""
    return (1 + math.cos(math.pi * t / length)) / 2


def mix(high: float, low: float, weight: float) -> float:
    """``low + (high - low) weight``, written so that the weights 1 and 0 give exactly ``high`` and ``low``."""
    return high * weight + low * (1 - weight)


class CosineAnnealingLR(ChainableSchedule):
    """Anneal the lr along a cosine, down to ``eta_min`` in ``T_max`` steps (and up again in the next ``T_max``)::

        lr = eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    T_max : int
        the number of steps from the highest lr to the lowest, above 0
    eta_min : float
        the lowest lr, from 0 (default 0)
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = CosineAnnealingLR(SGD([tensor([1.0])], lr=1.0), T_max=2)
    >>> [round(lr, 4) for lr, in scheduler.preview(5)]
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,
        eta_min: float = 0.0,
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        self.T_max: float = positive("T_max", T_max)
        self.eta_min: float = at_least_zero("eta_min", eta_min)
        super().__init__(optimizer, last_epoch, verbose)

    def value(self, t: Any, base: float, group: int = 0) -> float:
        """``eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2``."""
        return mix(base, self.eta_min, half_wave(t, self.T_max))

    def follow(self, t: Any, lr: float, base: float, group: int = 0) -> float:
        """The height above ``eta_min`` times the ratio of two cosines; from the bottom, up by the difference."""
        if t == 0:
            return lr
        if (t - 1 - self.T_max) % (2 * self.T_max) == 0:
            return lr + (base - self.eta_min) * (1 - math.cos(math.pi / self.T_max)) / 2
        return self.eta_min + (lr - self.eta_min) * half_wave(t, self.T_max) / half_wave(t - 1, self.T_max)


class CosineAnnealingWarmRestarts(Schedule):
    """Anneal the lr along a cosine, again and again; a cycle of ``T_i`` steps has done ``T_cur`` of them::

        lr = eta_min + (base - eta_min) (1 + cos(pi T_cur / T_i)) / 2

    Not chainable: it sets the lr, whatever others did to it.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    T_0 : int
        the number of steps to the first restart, from 1
    T_mult : int
        how many times longer each cycle is than the one before, from 1 (default 1)
    eta_min : float
        the lowest lr, from 0 (default 0)
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = CosineAnnealingWarmRestarts(SGD([tensor([1.0])], lr=1.0), T_0=2, T_mult=2)
    >>> [round(lr, 4) for lr, in scheduler.preview(7)]
    [1.0, 0.5, 1.0, 0.8536, 0.5, 0.1464, 1.0]
    >>> scheduler.step(0.5)              # in the middle of an epoch
    >>> [round(lr, 4) for lr in scheduler.get_last_lr()]
    [0.8536]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, int | float):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min: float = at_least_zero("eta_min", eta_min)
        self.T_cur: Any = 0
        super().__init__(optimizer, last_epoch, verbose)

    def value(self, t: Any, base: float, group: int = 0) -> float:
        """``eta_min + (base - eta_min) (1 + cos(pi T_cur / T_i)) / 2`` for the cycle that ``t`` is in."""
        return mix(base, self.eta_min, half_wave(*self.cycle(t)))

    def cycle(self, t: Any) -> tuple[Any, int]:
        """``(T_cur, T_i)`` at step ``t``: how far it is into its cycle, and how long this is.

        Counted in whole cycles: a logarithm would be rounded, and at some restarts give the end of the cycle before.
        """
        if self.T_mult == 1:
            return t % self.T_0, self.T_0
        length = self.T_0
        while t >= length:
            t -= length
            length *= self.T_mult
        return t, length

    def step(self, epoch: float | None = None) -> None:
        """Set the learning rates of the next step; or of ``epoch``, which may be a fraction and may lie in the past.

        After a fraction, steps without an argument keep it: from epoch 2.5 to 3.5.
        """
        self._step_count += 1
        if epoch is None:
            if self.last_epoch < 0:
                self.T_cur, self.T_i = 0, self.T_0
            elif self._is_initial:
                self.T_cur, self.T_i = self.cycle(self.last_epoch + 1)
            else:
                self.T_cur += 1
                if self.T_cur >= self.T_i:
                    self.T_cur -= self.T_i
                    self.T_i *= self.T_mult
            self._update(self.last_epoch + 1)
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        else:
            self.T_cur, self.T_i = self.cycle(epoch)
            self._update(math.floor(epoch), named=epoch)

    def _begin(self) -> None:
        self.T_cur, self.T_i = 0, self.T_0
        super()._begin()

    def _next(self, t: Any, group: dict[str, Any], base: float, i: int) -> float:
        return mix(base, self.eta_min, half_wave(self.T_cur, self.T_i))

    _resumed = _next
