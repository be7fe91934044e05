"""When to record a step, when to compare the recording with the tape, when to replay it, and when to give up."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from ..autograd.hints import hint
from ..autograd.modes import modes
from ..autograd.tensor import Tensor
from ..autograd.watch import changes
from .entry import entry
from .finder import COLLECTIONS, SETTINGS
from .names import Names, Now, form
from .program import Changed, spoken
from .recordings import Recording

VARIANTS = 16  # how many combinations of shapes and settings are kept
COUNTING = 3  # in how many calls the step itself may change what it reads


class ReplayWarning(UserWarning):
    """A step cannot be replayed, and runs on the tape as if it had not been asked to; the message says why."""


def replay(step: Callable[..., Any]) -> Replayed:
    """A function that does what ``step`` does, without the tape after the first calls.

    Parameters
    ----------
    step : callable
        a whole training step, or any function of tensors. What it does must be the same in each call but for the values
        of tensors: parameters, and those given as arguments or read by name from outside. Where shapes, or numbers and
        objects that it reads by name or finds in modules, are others, a recording of its own is made for them

    Returns
    -------
    Replayed
        called like ``step``. It returns copies of the tensors that ``step`` would return, without their history, and
        leaves gradients in the same tensors each time. The first call with each combination of shapes records; the
        second compares every array to the bit with what the tape computes, and so does the first one with other inputs

    Warns
    -----
    ReplayWarning
        where a step cannot be replayed: it reads a value (``item()``, ``print(loss)``, ``if loss > 1``), or two calls
        did different things. Then ``step`` itself is called, now and later

    Called anew in each replay are steps of optimizers and schedulers, ``update_parameters`` of averaged models, the
    clipping of gradients and random numbers. Anything else that Python does in the step, such as counting or appending
    to a list, is not done again.

    >>> import minitorch_optim as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> sgd = torch.optim.SGD([w], lr=0.1)
    >>> def step(x):
    ...     sgd.zero_grad()
    ...     loss = ((w * x) ** 2).sum()
    ...     loss.backward()
    ...     sgd.step()
    ...     return loss
    >>> step = replay(step)
    >>> [round(step(torch.tensor([1.0, 0.5])).item(), 4) for i in range(5)]
    [2.0, 1.5425, 1.2241, 0.9972, 0.8312]
    >>> step.replays
    2
    """
    if not callable(step):
        raise TypeError(
            f"replay() takes a function that makes a step, got {type(step).__name__}: put the body of the loop into "
            f"`def step(x, y): ...`, and give it without calling it, as in replay(step)"
        )
    return Replayed(step)


class _Call(NamedTuple):
    """What was found for a call."""

    recording: Recording
    arrays: list[Any]  # of the arguments, and of the tensors that the step reads by name
    names: Names
    now: Now  # what these stand for


class _Unsuitable(Exception):
    """Why a call cannot be replayed."""


class Replayed:
    """What :func:`replay` returns.

    Attributes
    ----------
    replays : int
        how many calls were replayed
    reason : str
        why the step runs on the tape instead; empty as long as it need not
    source : str
        what is run, as Python
    """

    def __init__(self, step: Callable[..., Any]) -> None:
        functools.update_wrapper(self, step)
        self.step = step
        self.replays = 0
        self.reason = ""
        self._recordings: dict[Any, Recording] = {}
        self._names: list[Names] = []  # more than one if names have stood for other objects
        self._values: dict[Names, list[tuple[Any, ...]]] = {}  # what was read for each recording
        self._last: Recording | None = None
        self._changes = 0  # in how many calls the step itself changed what it reads
        self._free = threading.Lock()  # the memory of a recording serves one call at a time

    @property
    def source(self) -> str:
        """The program of the last call; empty before the first."""
        return "" if self._last is None or self._last.program is None else self._last.program.source

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As ``step(*args, **kwargs)``."""
        if not self._free.acquire(False):  # another thread is in it, or this one, by a hook that calls it again
            return self.step(*args, **kwargs)
        try:
            recording, arrays = self._last, None
            if recording is not None and recording.entry is not None:
                if len(args) == recording.arguments and not kwargs:
                    arrays = recording.entry(*args)
            if arrays is None or not recording.needs_no_proof(arrays):  # type: ignore[union-attr]
                return self._beside_the_entry(args, kwargs)
            return self._replay(recording, arrays, args, kwargs)  # type: ignore[arg-type]
        finally:
            self._free.release()

    def _replay(self, recording: Recording, arrays: list[Any], args: Any, kwargs: Any) -> Any:
        try:
            result = recording.run(arrays)
        except Changed as branch:
            why = f"a branch goes another way than in the recording, by whether {spoken(str(branch))}"
            return self._on_the_tape(why, args, kwargs)
        self.replays += 1
        return result

    def _beside_the_entry(self, args: Any, kwargs: Any) -> Any:
        """A call that is not just like the last one: find its recording, and replay it, compare it or make it."""
        if self.reason or modes.recorder is not None or modes.tape_only:
            return self.step(*args, **kwargs)
        seen = changes.last
        try:
            found = self._looked_up(args, kwargs)
        except _Unsuitable as reason:
            return self._on_the_tape(str(reason), args, kwargs)
        recording, arrays = found.recording, found.arrays
        self._last = recording
        if recording.ready and not recording.places.unchanged():
            return recording.leave_out(args, kwargs)
        if not (recording.ready and recording.needs_no_proof(arrays)):
            result = recording.record(arrays, found.names, args, kwargs)
            recording.reason = recording.reason or self._counting(found)
            if recording.reason:
                self._warn(recording.reason)
            return result
        recording.seen[0] = seen
        if recording.entry is None and recording.in_general and not kwargs:
            recording.arguments = len(args)
            settings = found.now.settings
            recording.entry = entry(len(args), arrays, found.names, settings, recording.places, recording.seen)
        return self._replay(recording, arrays, args, kwargs)

    def _counting(self, found: _Call) -> str:
        """Why the step cannot be replayed if it changes by itself what it reads. Once or twice is no reason."""
        changed = found.names.what_changed(found.now.values)
        if not changed:
            return ""
        self._changes += 1
        return f"it changes {changed!r}, and a replay would not: count outside" if self._changes == COUNTING else ""

    def _looked_up(self, args: Any, kwargs: Any) -> _Call:
        """The recording of such calls, a new one if there is none, and the arrays of this call."""
        given = (*args, *kwargs.values())
        others = [a for a in given if not isinstance(a, (Tensor, *SETTINGS, *COLLECTIONS))]
        names, now = self._names_for(others)
        tensors = [a for a in given if isinstance(a, Tensor)]
        if any(tensor._requires_grad for tensor in tensors):
            raise _Unsuitable("an argument requires grad: give its detach()")
        arrays = [tensor._array for tensor in (*tensors, *now.tensors)]
        forms = [(a.shape, a.dtype, a.strides) for a in arrays]
        key: tuple[Any, ...] = (self._names.index(names), modes.grad, *forms, *kwargs, *now.values)
        usual = len(key)
        if len({*map(id, arrays)}) < len(arrays):  # some are one and the same
            key += tuple([next(i for i, other in enumerate(arrays) if other is array) for array in arrays])
        if len(tensors) < len(given):
            for a in given:
                if isinstance(a, tuple | list) and any(isinstance(member, Tensor) for member in a):
                    raise _Unsuitable(
                        f"an argument is a {type(a).__name__} of tensors: give each by itself, as in step(*batch)"
                    )
            key += tuple([None if isinstance(a, Tensor) else form(a) for a in given])
        try:
            recording = self._recordings.get(key)
        except TypeError:
            raise _Unsuitable(
                "an argument is neither a tensor nor a number or a string: give arrays as torch.from_numpy(array)"
            ) from None
        if recording is None:
            if len(self._recordings) == VARIANTS:
                raise _Unsuitable(names.what_varies(self._values[names]))
            self._values[names].append(now.values)
            recording = self._recordings[key] = Recording(self.step)
            recording.in_general = len(key) == usual
        return _Call(recording, arrays, names, now)

    def _names_for(self, others: list[Any]) -> tuple[Names, Now]:
        """What the step reads by name, and what these names stand for now."""
        for names in reversed(self._names):
            now = names.now(others)
            if now is not None:
                return names, now
        if len(self._names) == VARIANTS:
            raise _Unsuitable(Names.what_is_replaced(self._names))
        names = Names(self.step, others)
        now = names.now(others)
        if now is None:
            raise _Unsuitable("what it reads by name is made anew each time")
        self._names.append(names)
        self._values[names] = []
        return names, now

    def _on_the_tape(self, reason: str, args: Any, kwargs: Any) -> Any:
        self._warn(reason)
        return self.step(*args, **kwargs)

    def _warn(self, reason: str) -> None:
        self.reason = reason
        if self._last is not None:
            self._last.entry = None
        name = getattr(self.step, "__name__", "the step")
        hint(f"{name} is not replayed, but run on the tape: {reason}", ReplayWarning)
