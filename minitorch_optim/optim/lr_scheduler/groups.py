"""What a schedule reads and writes in the groups: ``lr``, ``initial_lr``, and ``momentum`` or ``betas[0]``."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd import Tensor, no_grad
from ..checks import number


def lrs_of(optimizer: Any) -> list[float]:
    """The learning rate of each group, as a Python float."""
    return [float(number(group["lr"])) for group in optimizer.param_groups]


def has_stepped(optimizer: Any) -> bool:
    """Whether the optimizer, here or in the run whose state it has loaded, has taken a step that left a trace."""
    states = [state for state in optimizer.state.values() if isinstance(state, dict) and state]
    return any(number(state.get("step", 1)) > 0 for state in states)


def fill(group: dict[str, Any], name: str, value: float) -> None:
    """Set an option; one that is held as a tensor stays that tensor and is filled."""
    held = group.get(name)
    if isinstance(held, Tensor):
        with no_grad():
            held.fill_(value)
    else:
        group[name] = value


def read_back(group: dict[str, Any], value: float) -> float:
    """What the group's lr would be if it were set to ``value``: a float32 tensor rounds it."""
    lr = group["lr"]
    return float(np.asarray(value, lr.dtype)) if isinstance(lr, Tensor) else value


def alone(value: Any) -> Any:
    """The value, not to change when the group's tensor is filled."""
    if isinstance(value, tuple):
        return tuple(alone(v) for v in value)
    return value.detach().clone() if isinstance(value, Tensor) else value


def per_group(name: str, value: Any, optimizer: Any) -> list[float]:
    """A number for every group, from one number or from a list with one for each."""
    n = len(optimizer.param_groups)
    if isinstance(value, list | tuple):
        if len(value) != n:
            raise ValueError(
                f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
                f"param_groups has {n}."
            )
        return [float(number(v)) for v in value]
    return [float(number(value))] * n


def extend_lists(scheduler: Any, names: Sequence[str], n: int) -> None:
    """Make each list, of one value for each group, ``n`` long: for groups that were added, the value that all have."""
    for name in names:
        values = getattr(scheduler, name)
        if len(values) < n and any(value != values[0] for value in values):
            raise ValueError(
                f"a parameter group was added, and {name} differs between groups: append the value for the new group "
                f"to each of {', '.join(names)}"
            )
        values += values[:1] * (n - len(values))


# -- momentum -------------------------------------------------------------------------------------


def has_momentum(optimizer: Any) -> bool:
    """Whether there is anything to cycle: a momentum, or Adam's beta1, which is one."""
    return "momentum" in optimizer.defaults or "betas" in optimizer.defaults


def momentum_of(group: dict[str, Any]) -> float:
    """The momentum of a group, or its beta1."""
    return float(number(group["betas"][0] if "betas" in group else group["momentum"]))


def set_momentum(group: dict[str, Any], value: float) -> None:
    """Set the momentum of a group, or its beta1."""
    if "betas" in group:
        first, *others = group["betas"]
        if isinstance(first, Tensor):
            with no_grad():
                first.fill_(value)
        else:
            group["betas"] = (value, *others)
    else:
        fill(group, "momentum", value)


# -- where schedules start ------------------------------------------------------------------------


class Origin:
    """The groups of an optimizer as the constructor of one scheduler found them.

    The constructor of a schedule sets the lr. A composite that does not start with that schedule must undo this, and
    for that it must know what was there before. The scheduler is held weakly.
    """

    def __init__(self, scheduler: Any, optimizer: Any) -> None:
        self.scheduler = weakref.ref(scheduler)
        self.lrs = lrs_of(optimizer)
        self.momentums = [momentum_of(group) if has_momentum(optimizer) else None for group in optimizer.param_groups]
        self.initial_lrs = [alone(group.get("initial_lr")) for group in optimizer.param_groups]

    def take(self, other: Origin) -> None:
        """What ``other`` found was there before."""
        self.lrs, self.momentums, self.initial_lrs = other.lrs, other.momentums, other.initial_lrs

    def restore(self, optimizer: Any) -> None:
        """Set lr and momentum back to what they were."""
        for group, lr, momentum in zip(optimizer.param_groups, self.lrs, self.momentums):
            fill(group, "lr", lr)
            if momentum is not None:
                set_momentum(group, momentum)

    def restore_initial_lrs(self, optimizer: Any) -> None:
        """Set ``initial_lr`` back to what it was."""
        for group, initial_lr in zip(optimizer.param_groups, self.initial_lrs):
            group.pop("initial_lr", None)
            if initial_lr is not None:
                group["initial_lr"] = initial_lr


class Origins:
    """The schedulers that were constructed on an optimizer since a schedule last took a step."""

    def __init__(self) -> None:
        self.origins: list[Origin] = []
        self.left: list[float] = []  # the lr of each group, as the last of these constructors left it

    def first_of(self, schedulers: Sequence[Any]) -> Origin | None:
        """The origin of that one of ``schedulers`` which was constructed first."""
        return next((origin for origin in self.origins if any(origin.scheduler() is s for s in schedulers)), None)


def origins(optimizer: Any) -> Origins:
    """The record of ``optimizer``, which lives in the optimizer until a schedule takes a step."""
    record: Origins = optimizer.__dict__.setdefault("_schedule_origins", Origins())
    return record


def forget_origins(optimizer: Any) -> None:
    """A schedule takes a step: what constructors found is history."""
    optimizer.__dict__.pop("_schedule_origins", None)


def set_initial_lrs(optimizer: Any) -> list[float]:
    """The base of a schedule that starts now: ``initial_lr`` of each group, set to its lr.

    Schedules that are constructed one after the other, before any takes a step, are meant to multiply: the later ones
    share the base of the first, whose first factor may be in the lr already. A schedule that starts later has the lr
    of that time as base.
    """
    for group in starting(optimizer):
        group["initial_lr"] = alone(group["lr"])
    return initial_lrs(optimizer)


def starting(optimizer: Any) -> list[dict[str, Any]]:
    """The groups on which no schedule has been started yet, or in which the lr has changed since."""
    left = origins(optimizer).left
    return [
        group
        for i, group in enumerate(optimizer.param_groups)
        if not (i < len(left) and left[i] == float(number(group["lr"])) and "initial_lr" in group)
    ]


def initial_lrs(optimizer: Any) -> list[float]:
    """The base of a schedule that goes on: ``initial_lr`` of each group, which must be there."""
    for i, group in enumerate(optimizer.param_groups):
        if "initial_lr" not in group:
            raise KeyError(
                f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch >= "
                "0: load the optimizer's state first, or set param_groups[i]['initial_lr'] to the lr at the start"
            )
    return [float(number(group["initial_lr"])) for group in optimizer.param_groups]
