"""What a function reads by name: tensors, modules and settings outside of it that its next call may find changed."""

from __future__ import annotations

import inspect
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
    objects : list of (str, callable)
        modules, optimizers and other objects of this library: another one by the same name is another step
    modules : list of Module
        those that it reaches, and all in them
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.tensors: list[Callable[[], Any]] = []
        self.settings: list[tuple[str, Callable[[], Any]]] = []
        self.objects: list[tuple[str, Callable[[], Any]]] = []
        self.modules: list[Module] = []
        self._seen: set[tuple[int, int]] = set()
        self._read: list[list[str]] = []  # keeps them, so that each has an id of its own
        self._home = ""  # the package of the function
        self._look_into(function)

    def values(self) -> list[Any]:
        """The settings and objects as they are now, and whether modules are training."""
        named = [get() for _, get in (*self.settings, *self.objects)]
        return [*named, tuple([module.training for module in self.modules])]

    def what_varies(self, values: Iterable[Iterable[Any]]) -> str:
        """Which setting differs, from its values in many calls."""
        for name, column in zip([*[name for name, _ in (*self.settings, *self.objects)], "training"], zip(*values)):
            if len(set(column)) > len(column) // 2:
                return f"{name!r}, which it reads, differs from call to call: make it a tensor, or count outside"
        return "shapes or other arguments differ from call to call"

    def _look_into(self, function: Any) -> None:
        if isinstance(function, partial):
            function = function.func
        if not isinstance(function, types.FunctionType | types.MethodType):  # an object that is called like a function
            function = getattr(function, "__call__", None)  # noqa: B004
        owner = function.__self__ if isinstance(function, types.MethodType) else None
        function = getattr(function, "__func__", function)
        function = getattr(function, "__wrapped__", function)
        if not isinstance(function, types.FunctionType) or _package(function) == _package(type(self)):
            return
        if (id(function), id(owner)) in self._seen:
            return
        self._seen.add((id(function), id(owner)))
        self._home = self._home or _package(function)
        read = list(dict.fromkeys(_names_read(function.__code__)))
        self._read.append(read)
        if owner is not None:
            self._look_at(type(owner).__name__, lambda: owner, read)
        for name, get in _outside(function, read):
            self._look_at(name, get, read)

    def _look_at(self, name: str, get: Callable[[], Any], read: list[str]) -> None:
        """Take in what ``name`` stands for; ``read`` are the names that the function reads, of attributes too."""
        try:
            value = get()
        except (LookupError, ValueError, AttributeError):  # not there yet
            return
        if isinstance(value, Tensor):
            if not value.requires_grad:
                self.tensors.append(get)
        elif type(value) in Setting:
            self.settings.append((name, get))
        elif isinstance(value, types.FunctionType | types.MethodType):
            self._look_into(value)
        elif (id(value), id(read)) not in self._seen:
            self._seen.add((id(value), id(read)))
            if any(_package(kind) == _package(type(self)) for kind in type(value).__mro__):
                self.objects.append((name, get))
            if isinstance(value, Module) and value not in self.modules:
                self.modules += value.modules()
            self._look_at_attributes(value, get, read)

    def _look_at_attributes(self, owner: Any, get: Callable[[], Any], read: list[str]) -> None:
        """What a function reads of an object: what lies in it, and the user's own methods; of a module only values."""
        for name in read:
            static = inspect.getattr_static(owner, name, None)
            if isinstance(static, types.MemberDescriptorType) or type(static) in Setting or isinstance(static, Tensor):
                if static is not None:
                    self._look_at(name, partial(_attribute, get, name), read)
            elif isinstance(owner, types.ModuleType):
                continue
            elif isinstance(static, types.FunctionType):
                if _package(static) == self._home:
                    self._look_into(getattr(owner, name))
            elif name in getattr(owner, "__dict__", ()):
                self._look_at(name, partial(_attribute, get, name), read)


def _attribute(get: Callable[[], Any], name: str) -> Any:
    return getattr(get(), name)


def _package(thing: Any) -> str:
    return (thing.__module__ or "").partition(".")[0]


def _names_read(code: types.CodeType) -> Iterator[str]:
    """The names of globals and attributes in a function, and in those inside of it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_read(constant)


def _outside(function: types.FunctionType, read: list[str]) -> Iterator[tuple[str, Callable[[], Any]]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        yield name, partial(getattr, cell, "cell_contents")
    for name in read:
        if name in function.__globals__:
            yield name, partial(function.__globals__.__getitem__, name)
