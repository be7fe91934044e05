"""Schedules for the first steps: ``ConstantLR``, ``LinearLR``."""

from __future__ import annotations

from typing import Any

from ..optimizer import Optimizer
from .arguments import integer
from .curves import FactorSchedule

__all__ = ["ConstantLR", "LinearLR"]


class ConstantLR(FactorSchedule):
    """Multiply the lr by a constant for ``total_iters`` steps: ``base * factor`` before that step, then ``base``.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    factor : float
        the constant, in [0, 1] (default 1/3)
    total_iters : int
        the number of steps, from 0 (default 5)
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = ConstantLR(SGD([tensor([1.0])], lr=1.0), factor=0.5, total_iters=2)
    >>> [lr for lr, in scheduler.preview(4)]
    [0.5, 0.5, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"Constant multiplicative factor expected to be between 0 and 1. Got factor={factor}")
        self.factor = factor
        self.total_iters = integer("total_iters", total_iters, 0)
        super().__init__(optimizer, last_epoch, verbose)

    def multiplier(self, t: Any) -> float:
        """``factor`` before step ``total_iters``, then 1."""
        return self.factor if t < self.total_iters else 1.0


class LinearLR(FactorSchedule):
    """Multiply the lr by a factor that goes in a straight line from ``start_factor`` to ``end_factor``, and stays.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    start_factor : float
        the factor at step 0, in (0, 1] (default 1/3)
    end_factor : float
        the factor from step ``total_iters``, in [0, 1] (default 1)
    total_iters : int
        the number of steps from one to the other, from 0 (default 5)
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = LinearLR(SGD([tensor([1.0])], lr=1.0), start_factor=0.5, total_iters=2)
    >>> [lr for lr, in scheduler.preview(4)]
    [0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal to 1. "
                f"Got start_factor={start_factor}"
            )
        if not 0 <= end_factor <= 1:
            raise ValueError(
                f"Ending multiplicative factor expected to be between 0 and 1. Got end_factor={end_factor}"
            )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = integer("total_iters", total_iters, 0)
        super().__init__(optimizer, last_epoch, verbose)

    def multiplier(self, t: Any) -> float:
        """``start + (end - start) min(t, total_iters) / total_iters``."""
        return ramp(t, self.total_iters, self.start_factor, self.end_factor)


def ramp(t: Any, steps: int, start: float, end: float) -> float:
    """A straight line from ``start`` at 0 to ``end`` at ``steps``, and ``end`` after that."""
    return start + (end - start) * t / steps if t < steps else end
