"""How an operation gets its names: a function is also a method of Tensor and, where torch has it, ``method_`` in
place."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

from ..inplace import before_change, overwrite
from ..tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


@overload
def op(function: F) -> F: ...
@overload
def op(*, inplace: bool = False, names: tuple[str, ...] = ()) -> Callable[[F], F]: ...
def op(function: Any = None, *, inplace: bool = False, names: tuple[str, ...] = ()) -> Any:
    """Hang a function of a tensor onto the class as a method of the same name.

    Parameters
    ----------
    inplace : bool
        also make ``name_``, which changes the tensor and returns it
    names : tuple of str
        further names of the method, such as ``__add__``
    """

    def hang(function: F) -> F:
        for name in (function.__name__, *names):
            setattr(Tensor, name, function)
        if inplace:
            changing = in_place(function)
            setattr(Tensor, changing.__name__, changing)
        return function

    return hang if function is None else hang(function)


def method(*names: str) -> Callable[[T], T]:
    """Hang a function, or a property, onto the class under these names, where torch has it as a method only."""

    def hang(function: T) -> T:
        for name in names:
            setattr(Tensor, name, function)
        return function

    return hang


def in_place(function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
    """The method that gives ``self`` the result of ``function(self, ...)``."""
    name = name or function.__name__ + "_"

    def changing(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        now = before_change(self, (*args, *kwargs.values()))
        args = tuple(now if arg is self else arg for arg in args)  # as in x.mul_(x)
        return overwrite(self, function(now, *args, **kwargs), name)

    changing.__name__ = name
    changing.__qualname__ = f"Tensor.{name}"
    changing.__doc__ = f":func:`{function.__name__}`, in place: the tensor itself takes the result and is returned."
    return changing


def alias(function: F, name: str) -> F:
    """A second name for a function and its methods."""
    setattr(Tensor, name, function)
    if hasattr(Tensor, function.__name__ + "_"):
        setattr(Tensor, name + "_", in_place(function, name + "_"))
    return function


def with_dims(function: F) -> F:
    """Let a reduction be called with NumPy's words too: ``axis`` for ``dim``, ``keepdims`` for ``keepdim``."""
    @functools.wraps(function)
    def in_either_words(*args: Any, **kwargs: Any) -> Any:
        if "axis" in kwargs:
            kwargs["dim"] = kwargs.pop("axis")
        if "keepdims" in kwargs:
            kwargs["keepdim"] = kwargs.pop("keepdims")
        return function(*args, **kwargs)

    return in_either_words  # type: ignore[return-value]
