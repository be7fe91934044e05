"""Decays that multiply: ``StepLR``, ``MultiStepLR``, ``ExponentialLR``, ``PolynomialLR``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..optimizer import Optimizer
from .arguments import at_least_zero, integer, positive_integer
from .curves import FactorSchedule

__all__ = ["ExponentialLR", "MultiStepLR", "PolynomialLR", "StepLR"]


def power(gamma: float, times: Any) -> float:
    """``gamma ** times``, which may become infinite."""
    try:
        return float(gamma**times)
    except OverflowError:
        return math.inf


class StepLR(FactorSchedule):
    """Multiply the lr by gamma every ``step_size`` epochs: ``base * gamma ** (t // step_size)``.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    step_size : int
        the number of epochs between decays, from 1
    gamma : float
        the factor of each decay, from 0 (default 0.1)
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = StepLR(SGD([tensor([1.0])], lr=0.5), step_size=2, gamma=0.5)
    >>> [lr for lr, in scheduler.preview(5)]
    [0.5, 0.5, 0.25, 0.25, 0.125]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1, verbose: bool = False
    ) -> None:
        self.step_size = positive_integer("step_size", step_size)
        self.gamma = at_least_zero("gamma", gamma)
        super().__init__(optimizer, last_epoch, verbose)

    def multiplier(self, t: Any) -> float:
        """``gamma ** (t // step_size)``."""
        return power(self.gamma, t // self.step_size)

    def follow(self, t: Any, lr: float, base: float, group: int = 0) -> float:
        """``lr * gamma`` on the steps of a decay, ``lr`` on the others."""
        return lr * self.gamma if t and t % self.step_size == 0 else lr


class MultiStepLR(FactorSchedule):
    """Multiply the lr by gamma at each milestone: ``base * gamma ** (number of milestones up to t)``.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    milestones : iterable of int
        the epochs of the decays, increasing; one that is repeated counts as often
    gamma : float
        the factor of each decay, from 0 (default 0.1)
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = MultiStepLR(SGD([tensor([1.0])], lr=0.5), milestones=[1, 3], gamma=0.5)
    >>> [lr for lr, in scheduler.preview(5)]
    [0.5, 0.25, 0.25, 0.125, 0.125]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        if not isinstance(milestones, Iterable):
            raise TypeError(f"milestones must be a list of epochs, but got {milestones!r}: write [{milestones}]")
        given = [integer("milestones", m, 0) for m in milestones]
        if given != sorted(given):
            raise ValueError(f"Expected increasing milestones, but got {given}")
        self.milestones = Counter(given)
        self.gamma = at_least_zero("gamma", gamma)
        super().__init__(optimizer, last_epoch, verbose)

    def multiplier(self, t: Any) -> float:
        """``gamma ** (number of milestones up to t)``."""
        return power(self.gamma, sum(times for milestone, times in self.milestones.items() if milestone <= t))

    def follow(self, t: Any, lr: float, base: float, group: int = 0) -> float:
        """``lr * gamma`` at a milestone, ``lr`` elsewhere."""
        return lr * power(self.gamma, self.milestones[t])

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As in :class:`LRScheduler`; JSON has made strings of the milestones."""
        super().load_state_dict(state_dict)
        self.milestones = Counter({int(milestone): times for milestone, times in self.milestones.items()})


class ExponentialLR(FactorSchedule):
    """Multiply the lr by gamma every epoch: ``base * gamma ** t``.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    gamma : float
        the factor of each epoch, from 0
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = ExponentialLR(SGD([tensor([1.0])], lr=1.0), gamma=0.5)
    >>> [lr for lr, in scheduler.preview(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1, verbose: bool = False) -> None:
        self.gamma = at_least_zero("gamma", gamma)
        super().__init__(optimizer, last_epoch, verbose)

    def multiplier(self, t: Any) -> float:
        """``gamma ** t``."""
        return power(self.gamma, t)

    def follow(self, t: Any, lr: float, base: float, group: int = 0) -> float:
        """``lr * gamma``."""
        return lr * self.gamma if t else lr


class PolynomialLR(FactorSchedule):
    """Go from the initial lr to 0 in ``total_iters`` steps: ``base * (1 - min(t, T) / T) ** power``.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    total_iters : int
        T, the number of steps, from 1 (default 5)
    power : float
        the degree, from 0; 1 is a straight line (default 1)
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = PolynomialLR(SGD([tensor([1.0])], lr=1.0), total_iters=4)
    >>> [lr for lr, in scheduler.preview(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        self.total_iters = positive_integer("total_iters", total_iters)
        self.power = at_least_zero("power", power)
        super().__init__(optimizer, last_epoch, verbose)

    def multiplier(self, t: Any) -> float:
        """``(1 - min(t, total_iters) / total_iters) ** power``."""
        return float((1 - min(t, self.total_iters) / self.total_iters) ** self.power)
