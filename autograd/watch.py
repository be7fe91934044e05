"""What happens beside the tape, made known to whoever records whole steps (``minitorch_optim.recording``).

What a training step computes goes through the table of derivatives, where it can be seen. The little that does not is
called through these functions. While nobody records they do nothing of their own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from .modes import modes

F = TypeVar("F", bound=Callable[..., Any])


def beside(function: F) -> F:
    """A function that computes arrays which the tape does not see: random numbers, weights of classes."""

    @functools.wraps(function)
    def heard(*args: Any, **kwargs: Any) -> Any:
        recorder = modes.recorder
        return function(*args, **kwargs) if recorder is None else recorder.aside(function, args, kwargs)

    return heard  # type: ignore[return-value]


def computed(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """``function(*args, **kwargs)`` for a function of arrays that has a row in the table, but is not called by it."""
    recorder = modes.recorder
    if recorder is None:
        return function(*args, **kwargs)
    return recorder.call(function, function.__name__, args, kwargs)


def into(array: Any, function: Callable[..., Any], *args: Any) -> None:
    """``function(array, *args)``, which changes ``array`` in place."""
    recorder = modes.recorder
    if recorder is None:
        function(array, *args)
    else:
        recorder.into(array, function, args)


def decided(function: Callable[..., Any], *args: Any) -> Any:
    """``function(*args)``, by which a branch is taken: in a step that is replayed it must come out the same."""
    recorder = modes.recorder
    return function(*args) if recorder is None else recorder.decided(function, args)


def acting(method: F) -> F:
    """A method that changes its object beyond what the tape sees, as an optimizer's step: in a replay it runs anew."""

    @functools.wraps(method)
    def acts(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs) if modes.recorder is None else act(method, self, args, kwargs)

    return acts  # type: ignore[return-value]


def act(method: Callable[..., Any], of: Any, args: Any, kwargs: Any) -> Any:
    """Let whoever records call such a method."""
    return modes.recorder.acting(functools.partial(method, of), args, kwargs)


def read(what: str) -> None:
    """Values are about to leave the tensors, for Python to see: what it does with them cannot be replayed."""
    if modes.recorder is not None:
        modes.recorder.read(what)


def cleared(leaf: Any) -> None:
    """The gradient of ``leaf`` has been set to zero or to None."""
    if modes.recorder is not None:
        modes.recorder.cleared(leaf)


def assigned(leaf: Any) -> None:
    """Another tensor, or None, has been put in the place of the gradient of ``leaf``."""
    if modes.recorder is not None:
        modes.recorder.assigned(leaf)


class Changes:
    """Whether anything is another one than it was that a step relies on and no tensor holds.

    That is: the attributes of modules, hooks, the default dtype. To ask all of them in each replay would take longer
    than the step.

    Attributes
    ----------
    last : object
        a new one after every change
    """

    def __init__(self) -> None:
        self.last = object()

    def note(self) -> None:
        """Something has changed. (A new object, and no count: two threads cannot both make the same one.)"""
        self.last = object()


changes = Changes()
