"""Whether operations are being recorded: ``no_grad``, ``enable_grad``, ``set_grad_enabled``, ``inference_mode``.

>>> from minitorch_optim.autograd import ones, no_grad
>>> w = ones(2, requires_grad=True)
>>> with no_grad():
...     (w * 2).requires_grad
False
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Modes(threading.local):  # each thread has its own, as in PyTorch
    grad = True
    inference = False
    recorder: Any = None  # what records whole steps, while one is recorded: see watch.py
    tape_only = False  # whether recorded steps are to run on the tape, so that what they do can be seen


modes = _Modes()


def is_grad_enabled() -> bool:
    """Whether operations on tensors that require grad are recorded in this thread."""
    return modes.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside :class:`inference_mode`."""
    return modes.inference


class _Mode:
    """A setting that holds inside a ``with`` block, or inside a function it decorates."""

    grad: bool

    def __enter__(self) -> None:
        self._before = modes.grad
        modes.grad = self.grad

    def __exit__(self, *exception: object) -> None:
        modes.grad = self._before

    def _again(self) -> _Mode:
        return type(self)()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self._again():  # a new one for each call, so that recursion restores rightly
                return function(*args, **kwargs)

        return inside  # type: ignore[return-value]


def _also_without_brackets(mode: Any, function: Any) -> Any:
    """``@no_grad`` and ``@no_grad()`` are both seen in courses."""
    instance = object.__new__(mode)
    return instance if function is None else instance(function)


class no_grad(_Mode):
    """Record nothing inside the block or the decorated function: for updates by hand and for evaluation.

    >>> from minitorch_optim.autograd import ones
    >>> w = ones(2, requires_grad=True)
    >>> @no_grad()
    ... def predict(x):
    ...     return w * x
    >>> predict(3.0).requires_grad
    False
    """

    grad = False

    def __new__(cls, function: Any = None) -> Any:
        return _also_without_brackets(cls, function)


class enable_grad(_Mode):
    """Record again inside a :class:`no_grad` block.

    >>> with no_grad():
    ...     with enable_grad():
    ...         print(is_grad_enabled())
    True
    """

    grad = True

    def __new__(cls, function: Any = None) -> Any:
        return _also_without_brackets(cls, function)


class set_grad_enabled(_Mode):
    """Switch recording on or off: at once when called, and back at the end of a ``with`` block.

    >>> with set_grad_enabled(False):
    ...     print(is_grad_enabled())
    False
    """

    def __init__(self, mode: bool) -> None:
        self.grad = bool(mode)
        self._before = modes.grad
        modes.grad = self.grad

    def __enter__(self) -> None:
        modes.grad = self.grad

    def _again(self) -> _Mode:
        return set_grad_enabled(self.grad)

    def __call__(self, function: F) -> F:
        modes.grad = self._before  # as a decorator it acts inside the calls only
        return super().__call__(function)


class inference_mode(_Mode):
    """:class:`no_grad` under the name that evaluation code uses; ``inference_mode(False)`` records.

    >>> with inference_mode():
    ...     print(is_grad_enabled(), is_inference_mode_enabled())
    False True
    """

    grad = False

    def __new__(cls, mode: Any = True) -> Any:
        instance = object.__new__(cls)
        return instance(mode) if callable(mode) else instance

    def __init__(self, mode: Any = True) -> None:
        self.grad = not mode

    def __enter__(self) -> None:
        super().__enter__()
        self._inference_before = modes.inference
        modes.inference = not self.grad

    def __exit__(self, *exception: object) -> None:
        modes.inference = self._inference_before
        super().__exit__(*exception)

    def _again(self) -> _Mode:
        again: _Mode = inference_mode(not self.grad)
        return again
