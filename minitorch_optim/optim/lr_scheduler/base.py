"""``LRScheduler``: what all schedules have in common, and the class to derive your own from.

A schedule counts steps in ``last_epoch`` and, after each, writes a learning rate into every group of its optimizer.
It keeps no memory beyond that: the next lr follows from the step, the lr at the start (``base_lrs``) and the lr in
force. So a run resumes exactly from the optimizer's lr and a number of steps, and what others do to the lr is
respected (``curves.py`` says how).
"""

from __future__ import annotations

import copy
import types
from collections.abc import Iterator
from typing import Any, ClassVar

from ...autograd.arguments import NamesArguments
from ...autograd.hints import hint
from ...autograd.watch import acting, read
from ..checks import number
from ..optimizer import Optimizer
from .groups import (
    Origin,
    alone,
    fill,
    forget_origins,
    initial_lrs,
    lrs_of,
    momentum_of,
    origins,
    set_initial_lrs,
    set_momentum,
)
from .order import check_order, notice_steps

__all__ = ["EPOCH_DEPRECATION_WARNING", "LRScheduler"]

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed "
    "form is used instead of the new chainable form, where available."
)


class LRScheduler(NamesArguments):
    """Base class of all schedules.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    last_epoch : int
        -1 (the default) starts the schedule: the current lr becomes ``initial_lr``. To resume without a saved state,
        give the index of the last epoch done, with ``initial_lr`` in the groups (as in a loaded optimizer state): the
        schedule goes on with the epoch after it
    verbose : bool
        print each learning rate that is set (default False)

    Attributes
    ----------
    last_epoch : int
        steps taken
    base_lrs : list of float
        the learning rate of each group at the start

    A schedule of your own gives ``get_lr``: the learning rates, one for each group, for the step ``self.last_epoch``.
    It may use ``self.base_lrs`` and the lr in force, ``group["lr"] for group in self.optimizer.param_groups``.

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> class Harmonic(LRScheduler):
    ...     def get_lr(self):
    ...         return [base / (self.last_epoch + 1) for base in self.base_lrs]
    >>> scheduler = Harmonic(SGD([tensor([1.0], requires_grad=True)], lr=0.5))
    >>> scheduler.preview(4)
    [[0.5], [0.25], [0.16666666666666666], [0.125]]
    """

    own_base: ClassVar[bool] = False  # whether the base is an argument, not the optimizer's initial lr
    cycle_momentum = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1, verbose: bool = False) -> None:
        self._start(self._attach(optimizer, verbose), last_epoch)

    def _attach(self, optimizer: Optimizer, verbose: bool) -> Origin:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(optimizer).__name__} is not an Optimizer: a schedule begins with one, as in "
                f"{type(self).__name__}(optimizer, ...)"
            )
        self.optimizer: Any = optimizer
        self.verbose = verbose
        self._is_initial = False
        self._get_lr_called_within_step = False
        notice_steps(optimizer)
        return Origin(self, optimizer)

    def _start(self, origin: Origin, last_epoch: int) -> None:
        self.base_lrs = self._bases(last_epoch)
        self.last_epoch = last_epoch
        self._initial_step()
        self._register(origin)

    def _register(self, origin: Origin) -> None:
        """Leave word for the constructors after this one."""
        record = origins(self.optimizer)
        record.origins.append(origin)
        record.left = lrs_of(self.optimizer)

    def _bases(self, last_epoch: int) -> list[float]:
        return set_initial_lrs(self.optimizer) if last_epoch == -1 else initial_lrs(self.optimizer)

    # -- stepping --------------------------------------------------------------------------------

    @acting
    def step(self, epoch: int | float | None = None) -> None:
        """Set the learning rates of the next step; call it after ``optimizer.step()``.

        Parameters
        ----------
        epoch : int, optional
            go to this step instead, by the closed form where there is one. Deprecated: warns
        """
        if self._step_count == 1 and not self._is_initial:
            check_order(self.optimizer)
        self._step_count += 1
        if epoch is None:
            self._update(self.last_epoch + 1)
        else:
            hint(EPOCH_DEPRECATION_WARNING, UserWarning)
            self._update(epoch, closed_form=True, named=epoch)

    def get_lr(self) -> list[Any]:
        """The learning rate of each group for the step ``last_epoch``: a subclass computes them here."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr(self)")

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group as this scheduler last set it."""
        read("get_last_lr()")
        return list(self._last_lr)

    def _initial_step(self) -> None:
        """The step of the constructor, from ``last_epoch`` -1 to 0; when resuming, from the last epoch to the next."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _update(self, t: Any, closed_form: bool = False, named: Any = None) -> None:
        """Go to step ``t`` and set the learning rates."""
        if not self._is_initial:
            forget_origins(self.optimizer)
        self._welcome()
        self.last_epoch = t
        self._get_lr_called_within_step = True
        try:
            values = getattr(self, "_get_closed_form_lr", self.get_lr)() if closed_form else self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        for i, (group, value) in enumerate(zip(self.optimizer.param_groups, values)):
            fill(group, "lr", value)
            self._report(i, number(value), named)
        self._last_lr = lrs_of(self.optimizer)

    def _report(self, i: int, lr: float, epoch: Any = None) -> None:
        if not self.verbose or isinstance(self.optimizer, StandIn):
            return
        if epoch is None:
            print(f"Adjusting learning rate of group {i} to {lr:.4e}.")
        else:
            print(f"Epoch {epoch:5}: adjusting learning rate of group {i} to {lr:.4e}.")

    def _welcome(self) -> None:
        """Take in groups that were added to the optimizer since: the lr they come with is their base."""
        for group in self.optimizer.param_groups[len(self.base_lrs) :]:
            group.setdefault("initial_lr", alone(group["lr"]))
            self.base_lrs.append(float(number(group["initial_lr"])))

    def _warn_outside_step(self) -> bool:
        """Whether ``get_lr`` was called by the user; then say what to call instead."""
        if not self._get_lr_called_within_step:
            hint("To get the last learning rate computed by the scheduler, please use `get_last_lr()`.", UserWarning)
        return not self._get_lr_called_within_step

    # -- inside a composite ----------------------------------------------------------------------

    def _rewind(self, bases: list[float]) -> None:
        """Go back to before the start, with these bases; the lr is left alone."""
        self.last_epoch = -1
        self._step_count = 0
        if not self.own_base:
            self.base_lrs = list(bases)

    def _begin(self) -> None:
        """Take the place of another schedule: step 0, by the closed form where there is one."""
        self._update(0, closed_form=True)

    # -- the curve -------------------------------------------------------------------------------

    def at(self, t: int) -> list[float]:
        """The learning rate of each group at step ``t`` of the undisturbed schedule. Nothing is changed.

        >>> from minitorch_optim.autograd import tensor
        >>> from minitorch_optim.optim import SGD
        >>> from minitorch_optim.optim.lr_scheduler import StepLR
        >>> StepLR(SGD([tensor([1.0])], lr=0.5), step_size=10, gamma=0.5).at(25)
        [0.125]
        """
        clone = self._detached()
        clone._restart()
        for _ in range(_at_least(0, "t", t)):
            clone.step()
        return lrs_of(clone.optimizer)

    def preview(self, n: int) -> list[list[float]]:
        """The learning rates now and after each of the next ``n - 1`` steps, as ``get_last_lr()`` would give them.

        Nothing is changed. The steps go from the lr in force, so a change of it by hand shows here, while :meth:`at`
        gives the curve as if there had been none.

        >>> from minitorch_optim.autograd import tensor
        >>> from minitorch_optim.optim import SGD
        >>> from minitorch_optim.optim.lr_scheduler import ExponentialLR
        >>> ExponentialLR(SGD([tensor([1.0])], lr=1.0), gamma=0.5).preview(3)
        [[1.0], [0.5], [0.25]]
        """
        return [lrs_of(optimizer) for optimizer in self._ahead(n)]

    def _ahead(self, n: int) -> Iterator[Any]:
        """A copy of the optimizer's groups, in something like an optimizer, now and after each of ``n - 1`` steps."""
        clone = self._detached()
        for i in range(_at_least(0, "n", n)):
            if i:
                clone.step()
            yield clone.optimizer

    def _detached(self) -> Any:
        """A copy of the scheduler whose steps touch nothing."""
        return _detached(self, self.optimizer, StandIn(self.optimizer))

    def _restart(self) -> None:
        """From the start: the initial lr, and the step of the constructor."""
        bases = self._start_lrs()
        for group, base in zip(self.optimizer.param_groups, bases):
            fill(group, "lr", base)
        self._rewind(bases)
        self._initial_step()

    def _start_lrs(self) -> list[float]:
        return self.base_lrs

    # -- saving ----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state as a dict: every attribute but the optimizer, and the lr (and momentum) now in force.

        It holds numbers, strings, lists and dicts, so ``json`` can write it. Functions are not saved.
        """
        unsaved = ("optimizer", *self._unsaved())
        result = {name: _copied(value) for name, value in self.__dict__.items() if name not in unsaved}
        result["lrs"] = lrs_of(self.optimizer)
        if self.cycle_momentum:
            result["momentums"] = [momentum_of(group) for group in self.optimizer.param_groups]
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state of :meth:`state_dict`, and set the optimizer's lr (and momentum) to what it was.

        The optimizer's own state may be loaded before or after. A state from PyTorch will do: it has the same names.
        """
        state = {name: _copied(value) for name, value in state_dict.items() if name not in self._unsaved()}
        lrs = state.pop("lrs", state.get("_last_lr", []))
        momentums = state.pop("momentums", [])
        for name in ("base_lrs", "_last_lr"):
            if name in state:
                state[name] = [float(number(lr)) for lr in state[name]]
        groups = self.optimizer.param_groups
        if len(lrs) > len(groups):
            raise ValueError(
                f"loaded state dict has learning rates for {len(lrs)} parameter groups, and the optimizer has "
                f"{len(groups)}: add the missing groups first"
            )
        self.__dict__.update(state)
        for group, lr in zip(groups, lrs):
            fill(group, "lr", float(number(lr)))
        for group, momentum in zip(groups, momentums):
            set_momentum(group, momentum)
        if "base_lrs" in state and not self.own_base:
            for group, base in zip(groups, self.base_lrs):
                fill(group, "initial_lr", base)

    def _unsaved(self) -> tuple[str, ...]:
        """The attributes that are not saved as they are."""
        return ()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        notice_steps(self.optimizer)


class StandIn:
    """An optimizer to take a schedule's steps on: copies of the groups, and nothing behind them."""

    def __init__(self, optimizer: Any) -> None:
        names = ("lr", "initial_lr", "momentum", "betas")
        self.param_groups = [
            {name: alone(value) if name in names else value for name, value in group.items()}
            for group in optimizer.param_groups
        ]
        self.defaults, self.state = optimizer.defaults, optimizer.state
        notice_steps(self)
        self._opt_called = True

    def step(self) -> None:
        """Nothing."""




def _detached(value: Any, optimizer: Any, stand_in: StandIn) -> Any:
    """A copy of a scheduler, and of schedulers inside it, with the stand-in in the optimizer's place.

    Not a deep copy: callable objects are copied, but not what they hold, which may be a model.
    """
    if isinstance(value, LRScheduler):
        clone = object.__new__(type(value))
        clone.__dict__ = {name: _detached(v, optimizer, stand_in) for name, v in value.__dict__.items()}
        return clone
    if value is optimizer:
        return stand_in
    if type(value) in (list, tuple):
        return type(value)(_detached(v, optimizer, stand_in) for v in value)
    if type(value) is dict:
        return {k: _detached(v, optimizer, stand_in) for k, v in value.items()}
    is_object = callable(value) and hasattr(value, "__dict__") and not isinstance(value, type | types.FunctionType)
    return copy.copy(value) if is_object or isinstance(value, list | dict) else value


def _at_least(low: int, name: str, value: Any) -> int:
    if not value >= low or value != int(value):
        raise ValueError(f"Expected integer {name} >= {low}, but got {value}")
    return int(value)


def _copied(value: Any) -> Any:
    """The value with its lists and dicts copied, so that saved and running state share nothing that changes."""
    if type(value) is list:
        return [_copied(v) for v in value]
    if type(value) is dict:
        return {k: _copied(v) for k, v in value.items()}
    return copy.copy(value) if isinstance(value, list | dict) else value
