"""What ``CyclicLR`` and ``OneCycleLR`` share: bounds for each group, and a momentum that goes the other way."""

from __future__ import annotations

from typing import Any, ClassVar

from ..optimizer import Optimizer
from .curves import Schedule
from .groups import (
    extend_lists,
    fill,
    has_momentum,
    initial_lrs,
    momentum_of,
    per_group,
    set_momentum,
    starting,
)

__all__ = ["CyclingSchedule", "Unasked"]


class Unasked(float):
    """The default of a momentum bound: nobody asked for it, so a momentum that is off stays off."""


class CyclingSchedule(Schedule):
    """A schedule that sets the lr and, with ``cycle_momentum``, the momentum (or Adam's beta1) of each group.

    A group whose momentum is 0 is left without, unless bounds of the momentum are given.
    """

    own_base: ClassVar[bool] = True
    lists: ClassVar[tuple[str, ...]]  # the attributes with one value for each group
    base_momentums: list[Any]
    max_momentums: list[Any]

    def _take_momentum(self, optimizer: Optimizer, cycle: bool, low: Any, high: Any) -> None:
        """Take over the arguments for momentum; a group whose momentum is not cycled has None for bounds."""
        self.cycle_momentum = cycle
        self.use_beta1 = "betas" in optimizer.defaults
        n = len(optimizer.param_groups)
        if not cycle:
            self.base_momentums, self.max_momentums = [None] * n, [None] * n
            return
        if not has_momentum(optimizer):
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        self.base_momentums = [*per_group("base_momentum", low, optimizer)]
        self.max_momentums = [*per_group("max_momentum", high, optimizer)]
        for a, b in zip(self.base_momentums, self.max_momentums):
            if not 0 <= a <= b:
                raise ValueError(f"Expected 0 <= base_momentum <= max_momentum, but got {a} and {b}")
        if isinstance(low, Unasked) and isinstance(high, Unasked):
            for i, group in enumerate(optimizer.param_groups):
                if momentum_of(group) == 0:
                    self.base_momentums[i], self.max_momentums[i] = None, None

    def momentum(self, t: Any, group: int = 0) -> float:
        """The momentum of a group at step ``t``."""
        raise NotImplementedError

    def _set_momentum(self, t: Any) -> None:
        for i, group in enumerate(self.optimizer.param_groups):
            if self.max_momentums[i] is not None:
                set_momentum(group, self.momentum(t, i))

    def _update(self, t: Any, closed_form: bool = False, named: Any = None) -> None:
        super()._update(t, closed_form, named)
        self._set_momentum(t)

    def _bases(self, last_epoch: int) -> list[float]:
        if last_epoch == -1:
            first = starting(self.optimizer)
            for group, base in zip(self.optimizer.param_groups, self.base_lrs):
                if any(group is other for other in first):
                    group["initial_lr"] = base
        else:
            initial_lrs(self.optimizer)  # must be there, though it is not used
        return self.base_lrs

    def _initial_step(self) -> None:
        super()._initial_step()
        self._publish()

    def _publish(self) -> None:
        """Write the bounds into the groups, for people to see."""
        for i, group in enumerate(self.optimizer.param_groups):
            if self.max_momentums[i] is not None:
                fill(group, "base_momentum", self.base_momentums[i])
                fill(group, "max_momentum", self.max_momentums[i])

    def _welcome(self) -> None:
        n = len(self.optimizer.param_groups)
        if n > len(self.base_lrs):
            extend_lists(self, self.lists, n)
            self._publish()
