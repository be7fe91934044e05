"""A schedule as a pure function: ``value(t, base)`` is the lr at step t of a group that started with the lr ``base``.

Three demands pull against each other. A schedule that is left alone shall be on its curve, to the last bit, after any
number of steps. Two schedules on one optimizer shall multiply, and a change of the lr by hand shall last. And a run
that is resumed shall go on exactly as if it had never stopped. One rule meets all three::

    lr = value(t, base)         if the lr in force is value(t - 1, base): nobody touched it
    lr = follow(t, lr, base)    otherwise: take this schedule's part from the lr in force

``follow`` is the recursion from which PyTorch computes every step. It agrees with the curve wherever it starts on it,
except for rounding, so the choice between the two is only one of exactness. Both depend on nothing but t, base and
the lr in force: there is nothing to remember, and nothing to lose on the way through a checkpoint.
"""

from __future__ import annotations

from typing import Any

from ..checks import number
from .base import LRScheduler
from .groups import has_stepped, read_back

__all__ = ["ChainableSchedule", "FactorSchedule", "Schedule"]


class Schedule(LRScheduler):
    """A schedule that *sets* the lr to ``value(t, base)``, whatever others did to it."""

    def value(self, t: Any, base: float, group: int = 0) -> float:
        """The lr at step ``t`` of a group that started with the lr ``base``.

        Parameters
        ----------
        t : int
            the step; the constructor takes step 0
        base : float
            the lr at the start
        group : int
            which group, for schedules that have arguments for each (default 0)
        """
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        """The learning rate of each group for the step ``last_epoch``, from the lr in force."""
        if self._warn_outside_step():
            return self.get_last_lr()
        t, groups = self.last_epoch, self.optimizer.param_groups
        advance = self._resumed if self._is_initial and t > 0 else self._next
        return [advance(t, group, base, i) for i, (group, base) in enumerate(zip(groups, self.base_lrs))]

    def _get_closed_form_lr(self) -> list[float]:
        return [self.value(self.last_epoch, base, i) for i, base in enumerate(self.base_lrs)]

    def _next(self, t: Any, group: dict[str, Any], base: float, i: int) -> float:
        """The lr at step ``t``, from the group at step t - 1."""
        return self.value(t, base, i)

    def _resumed(self, t: Any, group: dict[str, Any], base: float, i: int) -> float:
        """The lr at step ``t``, from the group as the constructor found it."""
        return self.value(t, base, i)

    def at(self, t: Any) -> list[float]:
        """The learning rate of each group at step ``t`` of the undisturbed schedule. Nothing is changed."""
        if type(self).get_lr is not Schedule.get_lr:  # a subclass that has changed the schedule
            return super().at(t)
        if not t >= 0:
            raise ValueError(f"Expected t >= 0, but got {t}")
        return [self.value(t, base, i) for i, base in enumerate(self.base_lrs)]


class ChainableSchedule(Schedule):
    """A schedule that goes from the lr in force, so that it multiplies with others."""

    def follow(self, t: Any, lr: float, base: float, group: int = 0) -> float:
        """The lr at step ``t``, where ``lr``, in force at step t - 1, is not on the curve (at t = 0: not ``base``)."""
        raise NotImplementedError

    def _next(self, t: Any, group: dict[str, Any], base: float, i: int) -> float:
        lr = float(number(group["lr"]))
        expected = self.value(t - 1, base, i) if t > 0 else base
        if lr == read_back(group, expected):
            return self.value(t, base, i)
        return self.follow(t, lr, base, i)

    def _resumed(self, t: Any, group: dict[str, Any], base: float, i: int) -> float:
        before, now = self.value(t - 1, base, i), self.value(t, base, i)
        return resumed(self.optimizer, group, base, before, now)


def resumed(optimizer: Any, group: dict[str, Any], base: float, before: float, now: float) -> float:
    """The lr of a group on resuming, for a schedule that was at ``before`` and goes to ``now``.

    The lr found may be that of a run stopped before its last ``scheduler.step()``, or after it, or that of a fresh
    optimizer. Any other was made by others: it is the lr in force, and stays.
    """
    lr = float(number(group["lr"]))
    undisturbed = [before, now] if has_stepped(optimizer) else [before, now, base]
    return now if lr in [read_back(group, value) for value in undisturbed] else lr


class FactorSchedule(ChainableSchedule):
    """A schedule whose lr is ``base * multiplier(t)``."""

    def multiplier(self, t: Any) -> float:
        """What the initial lr is multiplied with at step ``t``."""
        raise NotImplementedError

    def value(self, t: Any, base: float, group: int = 0) -> float:
        """The lr at step ``t`` of a group that started with the lr ``base``: ``base * multiplier(t)``."""
        return base * self.multiplier(t)

    def follow(self, t: Any, lr: float, base: float, group: int = 0) -> float:
        """``lr`` times the ratio of two multipliers; from 0, which has no ratio, up by the difference."""
        if t == 0:
            return lr * self.multiplier(0)
        before, now = self.multiplier(t - 1), self.multiplier(t)
        return lr * (now / before) if before else lr + base * now


