"""Schedules made of schedules: one after the other, ``SequentialLR``; together, ``ChainedScheduler``.

A composite counts its own steps and hands each to its members at their local step. They may be composites again, or
``ReduceLROnPlateau``: then ``step`` takes the metric.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any

from ..checks import number
from ..optimizer import Optimizer
from .arguments import integer
from .base import LRScheduler
from .curves import resumed
from .groups import alone, fill, forget_origins, initial_lrs, lrs_of, origins
from .plateau import ReduceLROnPlateau

__all__ = ["ChainedScheduler", "SequentialLR"]


class _Composite(LRScheduler):
    """What the two have in common: members, their states, and how to resume."""

    def _adopt(self, schedulers: Sequence[Any], optimizer: Any) -> None:
        """Take the members, which must be schedulers of one optimizer."""
        name = type(self).__name__
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(f"{name} at index {i} should have `optimizer` as its attribute.")
            if not isinstance(scheduler, LRScheduler):
                raise TypeError(f"{name} takes schedulers, but got {type(scheduler).__name__} at index {i}")
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, but got scheduler "
                    f"{type(scheduler).__name__} at index {i} has another {type(scheduler.optimizer).__name__}"
                )
            if any(scheduler is other for other in schedulers[:i]):
                raise ValueError(f"{name} got the same scheduler twice, again at index {i}: construct another")
        self._schedulers = list(schedulers)

    def _family(self) -> list[LRScheduler]:
        """The members, and the members of members."""
        return [one for s in self._schedulers for one in (s, *(s._family() if isinstance(s, _Composite) else ()))]

    # -- stepping --------------------------------------------------------------------------------

    def step(self, metrics: Any = None) -> None:
        """Set the learning rates of the next step.

        Parameters
        ----------
        metrics : float, optional
            the metric of the epoch, for a ``ReduceLROnPlateau`` inside
        """
        if metrics is None and self._wants_metrics():
            raise ValueError(f"{type(self).__name__} has a ReduceLROnPlateau at work: call step(metrics)")
        forget_origins(self.optimizer)
        self._welcome()
        self._step_count += 1
        self.last_epoch += 1
        self._step_members(self.last_epoch, metrics)
        self._finish()

    def _finish(self) -> None:
        self._last_lr = lrs_of(self.optimizer)
        for i, lr in enumerate(self._last_lr):
            self._report(i, lr)

    def _initial_step(self) -> None:
        self._step_count = 1
        self.last_epoch = 0
        self._start_members()
        self._finish()

    def _start_members(self) -> None:
        raise NotImplementedError

    def _step_members(self, t: int, metrics: Any) -> None:
        raise NotImplementedError

    def _wants_metrics(self) -> bool:
        """Whether the next step needs a metric."""
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        """The learning rate of each group: as ``get_last_lr()``."""
        self._warn_outside_step()
        return self.get_last_lr()

    def _rewind(self, bases: list[float]) -> None:
        super()._rewind(bases)
        for scheduler in self._schedulers:
            scheduler._rewind(bases)

    # -- resuming and saving ---------------------------------------------------------------------

    def _resume(self, t: int, found: list[float]) -> None:
        """Go to step ``t`` in a new process: take all the steps to it on a copy, and its state over.

        ``found`` are the learning rates before any member was constructed. If they are none that the schedule has on
        this way, others made them, and they stay in force.
        """
        clone = self._detached()
        clone._restart()
        before = clone.get_last_lr()
        for _ in range(t):
            before = clone.get_last_lr()
            clone.step()
        self.load_state_dict(clone.state_dict())
        for i, group in enumerate(self.optimizer.param_groups):
            now = self._last_lr[i]
            fill(group, "lr", found[i])
            fill(group, "lr", resumed(self.optimizer, group, self.base_lrs[i], before[i], now))
        self._last_lr = lrs_of(self.optimizer)

    def _unsaved(self) -> tuple[str, ...]:
        return ("_schedulers",)

    def state_dict(self) -> dict[str, Any]:
        """As in :class:`LRScheduler`; ``_schedulers`` holds the states of the members."""
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As in :class:`LRScheduler`, for the members too."""
        states = state_dict["_schedulers"]
        if len(states) != len(self._schedulers):
            raise ValueError(
                f"loaded state dict is of a {type(self).__name__} of {len(states)} schedulers, and this has "
                f"{len(self._schedulers)}"
            )
        for scheduler, state in zip(self._schedulers, states):
            scheduler.load_state_dict(state)
        super().load_state_dict(state_dict)
        if "last_epoch" not in state_dict:  # PyTorch's ChainedScheduler does not count
            self.last_epoch = self._schedulers[0].last_epoch


def _wants_metrics(scheduler: LRScheduler) -> bool:
    return scheduler._wants_metrics() if isinstance(scheduler, _Composite) else isinstance(scheduler, ReduceLROnPlateau)


def _step(scheduler: Any, metrics: Any) -> None:
    if isinstance(scheduler, ReduceLROnPlateau | _Composite):
        scheduler.step(metrics)
    else:
        scheduler.step()


class SequentialLR(_Composite):
    """One schedule after the other: at each milestone the next one takes over, at its step 0.

    What the constructors of the schedules did to lr and momentum is undone: the first one starts from the lr before
    them. Each later one starts from its own base; only ``MultiplicativeLR``, ``SWALR`` and ``ReduceLROnPlateau``,
    which have none, go on from the lr they find.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    schedulers : list of schedulers
        on that optimizer, in order
    milestones : list of int
        the step at which each of them but the first starts, increasing
    last_epoch, verbose
        as in :class:`LRScheduler`; the schedulers themselves need no ``last_epoch``

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> from minitorch_optim.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = SGD([tensor([1.0])], lr=1.0)
    >>> parts = [ConstantLR(optimizer, factor=0.25), ExponentialLR(optimizer, gamma=0.5)]
    >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
    >>> [lr for lr, in scheduler.preview(5)]
    [0.25, 0.25, 1.0, 0.5, 0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler.")
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
                f"milestone points, but got number of schedulers {len(schedulers)} and the number of milestones to be "
                f"equal to {len(milestones)}"
            )
        self._milestones = [integer("milestones", m, 0) for m in milestones]
        if self._milestones != sorted(self._milestones):
            raise ValueError(f"Expected increasing milestones, but got {list(milestones)}")
        origin = self._attach(optimizer, verbose)
        self._adopt(schedulers, optimizer)

        first = origins(optimizer).first_of(self._family())
        if first is None:  # the schedulers were used before: all there is to go back to is the lr at their start
            for group in optimizer.param_groups:
                fill(group, "lr", float(number(group.get("initial_lr", group["lr"]))))
        else:
            origin.take(first)
            first.restore(optimizer)
            if last_epoch >= 0:
                first.restore_initial_lrs(optimizer)
        if last_epoch < 0:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", alone(group["lr"]))
        self._rewind(initial_lrs(optimizer))
        if last_epoch < 0:
            self._initial_step()
        else:
            self._resume(last_epoch + 1, lrs_of(optimizer))
        self._register(origin)

    def _active(self, t: int) -> tuple[Any, bool]:
        """The scheduler for step ``t``, and whether it starts then."""
        i = bisect.bisect_right(self._milestones, t)
        return self._schedulers[i], i > 0 and self._milestones[i - 1] == t

    def _start_members(self) -> None:
        self._active(0)[0]._initial_step()

    def _step_members(self, t: int, metrics: Any) -> None:
        scheduler, starts = self._active(t)
        if starts:
            scheduler._begin()
        else:
            _step(scheduler, metrics)

    def _wants_metrics(self) -> bool:
        scheduler, starts = self._active(self.last_epoch + 1)
        return not starts and _wants_metrics(scheduler)

    def _begin(self) -> None:
        self._step_count = 1
        self.last_epoch = 0
        self._active(0)[0]._begin()
        self._finish()


class ChainedScheduler(_Composite):
    """Schedules together: each step takes a step of each, in order, so that their factors multiply.

    Parameters
    ----------
    schedulers : list of schedulers
        all of one optimizer
    optimizer : Optimizer, optional
        which one (default: that of the first scheduler)
    verbose : bool
        print each learning rate that is set (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> from minitorch_optim.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = SGD([tensor([1.0])], lr=1.0)
    >>> parts = [ConstantLR(optimizer, factor=0.25, total_iters=2), ExponentialLR(optimizer, gamma=0.5)]
    >>> [lr for lr, in ChainedScheduler(parts).preview(4)]
    [0.25, 0.125, 0.25, 0.125]
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None, verbose: bool = False
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.")
        if optimizer is None:
            optimizer = getattr(schedulers[0], "optimizer", None)
        self._adopt(schedulers, optimizer)
        origin = self._attach(self._schedulers[0].optimizer, verbose)
        groups = self.optimizer.param_groups
        self.base_lrs = [float(number(group.get("initial_lr", group["lr"]))) for group in groups]
        first = origins(self.optimizer).first_of(self._family())
        if first is not None:
            origin.take(first)
        steps = {scheduler.last_epoch for scheduler in self._schedulers}
        self.last_epoch = max(steps)
        self._step_count = self.last_epoch + 1
        self._last_lr = lrs_of(self.optimizer)
        if first is not None and len(steps) == 1 and self.last_epoch > 0:  # all were constructed to resume
            self._resume(self.last_epoch, first.lrs)
        self._register(origin)

    def _start_members(self) -> None:
        for scheduler in self._schedulers:
            scheduler._initial_step()

    def _step_members(self, t: int, metrics: Any) -> None:
        for scheduler in self._schedulers:
            _step(scheduler, metrics)

    def _wants_metrics(self) -> bool:
        return any(_wants_metrics(scheduler) for scheduler in self._schedulers)

    def _begin(self) -> None:
        self._restart()
