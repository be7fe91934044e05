"""What a function reads by name: tensors, modules and settings outside of it that its next call may find changed."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from ..autograd.tensor import Tensor
from ..nn import Module

Setting = (bool, int, float, str, type(None))


class Names:
    """The names by which ``function``, and the functions of the user that it calls by name, reach outside.

    Attributes
    ----------
    tensors : list of callable
        each gives the tensor that its name stands for now; parameters (leaves that require grad) are not among them
    settings : list of (str, callable)
        numbers and strings
    modules : list of Module
        those that it reaches, and all in them
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.tensors: list[Callable[[], Any]] = []
        self.settings: list[tuple[str, Callable[[], Any]]] = []
        self.modules: list[Module] = []
        self._seen: set[int] = set()
        self._look_into(function)

    def values(self) -> list[Any]:
        """The settings as they are now, and whether modules are training."""
        return [*[get() for _, get in self.settings], tuple([module.training for module in self.modules])]

    def what_varies(self, values: Iterable[Iterable[Any]]) -> str:
        """Which setting differs, from its values in many calls."""
        for name, column in zip([*[name for name, _ in self.settings], "training"], zip(*values)):
            if len(set(column)) > len(column) // 2:
                return f"{name!r}, which it reads, differs from call to call: make it a tensor, or count outside"
        return "shapes or other arguments differ from call to call"

    def _look_into(self, function: Any) -> None:
        if isinstance(function, partial):
            function = function.func
        if not isinstance(function, types.FunctionType | types.MethodType):  # an object that is called like a function
            function = getattr(function, "__call__", None)  # noqa: B004
        if isinstance(function, types.MethodType):
            owner = function.__self__
            self._look_at(type(owner).__name__, lambda: owner)
            self._look_at_attributes(owner, function.__func__.__code__.co_names)
            function = function.__func__
        function = getattr(function, "__wrapped__", function)
        if not isinstance(function, types.FunctionType) or id(function) in self._seen:
            return
        self._seen.add(id(function))
        if (function.__module__ or "").partition(".")[0] == __package__.partition(".")[0]:
            return
        for name, get in _outside(function):
            self._look_at(name, get)

    def _look_at(self, name: str, get: Callable[[], Any]) -> None:
        try:
            value = get()
        except (LookupError, ValueError, AttributeError):  # not there yet
            return
        if isinstance(value, Tensor):
            if not value.requires_grad:
                self.tensors.append(get)
        elif isinstance(value, Module):
            if value not in self.modules:
                self.modules += value.modules()
        elif type(value) in Setting:
            self.settings.append((name, get))
        elif isinstance(value, types.FunctionType | types.MethodType):
            self._look_into(value)

    def _look_at_attributes(self, owner: Any, names: tuple[str, ...]) -> None:
        attributes = getattr(owner, "__dict__", {})
        for name in names:
            if name in attributes:
                self._look_at(name, partial(attributes.__getitem__, name))


def _outside(function: types.FunctionType) -> Iterator[tuple[str, Callable[[], Any]]]:
    code, space = function.__code__, function.__globals__
    for name, cell in zip(code.co_freevars, function.__closure__ or ()):
        yield name, partial(getattr, cell, "cell_contents")
    for name in code.co_names:
        if name in space:
            yield name, partial(space.__getitem__, name)
