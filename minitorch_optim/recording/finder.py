"""Finds what a function reads by name.

The names stand in its code, and in the code of the user's own functions that it leads to. An object may be handed from
one function to another, so each one that a name stands for is looked at with the names of all of them.
"""

from __future__ import annotations

import enum
import functools
import inspect
import sys
import types
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from ..autograd.tensor import Tensor
from ..nn import Module

SETTINGS = (bool, int, float, complex, str, bytes, type(None), enum.Enum, np.generic, np.dtype, slice, range)
COLLECTIONS = (list, tuple, dict, set, frozenset)
FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, np.ufunc)
WITHOUT_A_NAME = ("__call__", "__getitem__", "__iter__", "__len__", "__enter__", "__exit__")  # methods that code calls
MANY = 64  # members of a collection; one that is larger is taken to be data
GONE = (AttributeError, LookupError, ValueError, TypeError)  # what is raised where a name stands for nothing any more
_MISSING = object()


class Read(NamedTuple):
    """A name, and how to read what it stands for."""

    name: str
    text: str


class Finder:
    """Finds what a function reads; ``expected`` are the names in the code of all functions that it leads to."""

    def __init__(self, expected: frozenset[str]) -> None:
        self.expected = sorted(filter(str.isidentifier, expected))
        self.read: set[str] = set()  # the names that stand in the code of the functions found
        self.tensors: list[Read] = []
        self.settings: list[Read] = []
        self.objects: list[tuple[Read, Any]] = []
        self.modules: list[Module] = []
        self.space: dict[str, Any] = {}
        self.asked: set[tuple[int, str]] = set()  # attributes of modules that are among the tensors
        self._strings: set[str] = set()
        self._parts: set[int] = set()
        self._seen: dict[Any, Any] = {}  # by id; the objects stay alive meanwhile
        self._texts: set[str] = set()
        self._texts_of: dict[int, str] = {}
        self._roots: dict[int, str] = {}

    def _known(self, *objects: Any) -> bool:
        """Whether these were looked at before; from now on they were."""
        key = tuple(map(id, objects))
        return self._seen.setdefault(key, objects) is not objects

    def _known_as(self, by: Read, value: Any) -> bool:
        """Whether an object was looked at before under another name: then the two must go on to be one."""
        first = self._texts_of.setdefault(id(value), by.text)
        if self._known(value):
            self.settings.append(Read(by.name, f"{by.text} is {first}"))
            return True
        return False

    def root(self, value: Any) -> str:
        """A name for an object that the pieces of Python may begin with."""
        if id(value) not in self._roots:
            self._roots[id(value)] = name = f"root{len(self._roots)}"
            self.space[name] = value
        return self._roots[id(value)]

    def look_into(self, function: Any) -> None:
        """Take in what a function of the user reads."""
        while isinstance(function, partial):
            for argument in (*function.args, *function.keywords.values()):
                self.look_at(Read("an argument", self.root(argument)), argument)
            function = function.func
        if isinstance(function, Module):
            self._take_module(Read(type(function).__name__, self.root(function)), function)
            return
        if not isinstance(function, types.FunctionType | types.MethodType):  # an object that is called like a function
            function = getattr(function, "__wrapped__", getattr(function, "__call__", None))  # noqa: B004
        owner = getattr(function, "__self__", None)
        function = getattr(function, "__func__", function)
        if isinstance(owner, Module):
            self._take_module(Read(type(owner).__name__, self.root(owner)), owner)
        while _package(function) == _package(type(self)) and hasattr(function, "__wrapped__"):  # as no_grad() makes it
            function = function.__wrapped__
        if not isinstance(function, types.FunctionType) or not _is_the_users(function):
            return
        if not self._known(function, owner):
            self._look_at_names(function, owner)

    def _look_at_names(self, function: types.FunctionType, owner: Any) -> None:
        """Take in the names in the code of one function; ``owner`` is the object whose method it is."""
        strings = set(_strings(function.__code__))
        read = list(dict.fromkeys([*_names_read(function.__code__), *strings]))
        self._strings |= strings
        self.read.update(read)
        if owner is not None:
            self._look_at_attributes(owner, self.root(owner))
        defaults, code = function.__defaults__ or (), function.__code__
        named = zip(code.co_varnames[: code.co_argcount][-len(defaults) :], defaults) if defaults else ()
        for name, value in (*named, *(function.__kwdefaults__ or {}).items()):
            self.look_at(Read(name, self.root(value)), value)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            self._look_up(Read(name, f"{self.root(cell)}.cell_contents"))
        for name in read:
            if name in function.__globals__:
                self._look_up(Read(name, f"{self.root(function.__globals__)}[{name!r}]"))

    def _look_up(self, by: Read) -> None:
        try:
            value = eval(by.text, self.space)
        except GONE:  # not there yet
            return
        self.look_at(by, value)

    def look_at(self, by: Read, value: Any) -> None:
        """Take in what a name stands for."""
        if by.text in self._texts:  # another function reads it too
            return
        self._texts.add(by.text)
        if isinstance(value, Tensor):
            if value.requires_grad:
                self.objects.append((by, value))
            else:
                self.tensors.append(by)
        elif isinstance(value, SETTINGS):
            self.settings.append(by)
        elif isinstance(value, Module):
            self.objects.append((by, value))
            self._take_module(by, value)
            self._look_at_attributes(value, by.text)
        elif isinstance(value, FUNCTIONS) or isinstance(value, partial) or hasattr(value, "__wrapped__"):
            if getattr(value, "__name__", "") != by.name or _is_the_users(value):
                self.objects.append((by, value))
            self.look_into(value)
        elif isinstance(value, COLLECTIONS):
            self._look_at_members(by, value)
        elif isinstance(value, types.ModuleType):
            if not _is_a_librarys(value.__name__.partition(".")[0]) and not self._known(value):
                self._look_at_attributes(value, by.text)
        elif isinstance(value, type | np.ndarray) or not _is_the_users(type(value)):
            if not (isinstance(value, type) and value.__name__ == by.name):
                self.objects.append((by, value))
            if not self._known(value):
                self._look_at_attributes(value, by.text)
        elif not self._known_as(by, value):
            self._look_at_an_object(by, value)

    def _look_at_an_object(self, by: Read, value: Any) -> None:
        """Take in an object of the user: another one of its class will do, if it holds the same."""
        self.settings.append(Read(by.name, f"type({by.text})"))
        for method in WITHOUT_A_NAME:
            if isinstance(inspect.getattr_static(type(value), method, None), types.FunctionType):
                self.look_into(getattr(value, method))
        self._look_at_attributes(value, by.text)

    def _look_at_members(self, by: Read, value: Any, all_of_them: bool = True) -> None:
        """Take in what lies in a list, a tuple or a dict; of a dict of the library only what the function names."""
        if all_of_them and _is_plain(value):
            self.space.setdefault("repr", repr)
            self.settings.append(Read(by.name, f"repr({by.text})"))
            return
        if self._known_as(by, value):
            return
        if isinstance(value, set | frozenset) or len(value) > MANY:
            self.objects.append((by, value))
            self.settings.append(Read(by.name, f"len({by.text})"))
            return
        is_dict, members = isinstance(value, dict), cast(Any, value)
        self.settings.append(Read(by.name, f"repr([*{by.text}])" if is_dict else f"len({by.text})"))
        for key in members if is_dict else range(len(members)):
            member = Read(f"{by.name}[{key!r}]", f"{by.text}[{key!r}]")
            if not isinstance(key, str | int) or is_dict and not all_of_them and key not in self.expected:
                continue
            found = members[key]
            if isinstance(found, COLLECTIONS):
                self._look_at_members(member, found, all_of_them)
            else:
                self.look_at(member, found)

    def _take_module(self, by: Read, module: Module) -> None:
        """Take in a module and all in it; and what the methods of the user's own modules read."""
        if id(module) in self._parts:
            return
        self.modules.append(module)
        parts = list(module.modules())
        self._parts.update(map(id, parts))
        for part in parts:
            forward = type(part).forward
            if _is_the_users(forward):
                self.look_into(types.MethodType(forward, part))

    def _look_at_attributes(self, owner: Any, text: str) -> None:
        """What a function reads of an object: what lies in it, and the user's own methods and properties."""
        own: Any = {} if isinstance(owner, type) else getattr(owner, "__dict__", {})
        is_code = isinstance(owner, types.ModuleType)
        asks = not is_code and not {"hasattr", "getattr"}.isdisjoint(self.expected) and _is_the_users(type(owner))
        for name in self.expected:
            static = inspect.getattr_static(owner, name, _MISSING)
            by = Read(name, f"{text}.{name}")
            if static is _MISSING:
                if asks and name in self._strings:  # as in hasattr(config, "scale")
                    self.space.setdefault("hasattr", hasattr)
                    self.settings.append(Read(name, f"hasattr({text}, {name!r})"))
            elif is_code:
                if _is_the_users(static):
                    self._look_up(by)
            elif name in own:
                self._look_at_own_attribute(by, owner, own[name])
            elif isinstance(static, property):
                self.look_into(types.MethodType(static.fget, owner) if static.fget else None)
            elif isinstance(static, types.FunctionType) and not isinstance(owner, type):
                for base in type(owner).__mro__:  # it may call the one that it overrides
                    if isinstance(base.__dict__.get(name), types.FunctionType):
                        self.look_into(types.MethodType(base.__dict__[name], owner))
            elif isinstance(static, types.FunctionType | staticmethod | classmethod):
                self.look_into(getattr(owner, name))
            elif isinstance(static, types.MemberDescriptorType) or not hasattr(static, "__get__"):
                self._look_up(by)

    def _look_at_own_attribute(self, by: Read, owner: Any, value: Any) -> None:
        """What lies in an object itself, and not in its class."""
        if isinstance(owner, Module):
            self._look_at_attribute_of_module(by, owner, value)
        elif isinstance(value, COLLECTIONS) and not _is_the_users(type(owner)):
            self._look_at_members(by, value, all_of_them=False)
        else:
            self._look_up(by)

    def _look_at_attribute_of_module(self, by: Read, owner: Module, value: Any) -> None:
        """Numbers, parameters and parts are among the contents of the module; the rest is asked for by name."""
        if type(value) is Tensor and by.name not in owner._buffer_names and not value.requires_grad:
            self.asked.add((id(owner), by.name))
            self.tensors.append(by)
        elif not isinstance(value, (Tensor, Module, *SETTINGS)):
            self.look_at(by, value)


def _is_plain(value: Any) -> bool:
    """Whether there is nothing in ``value`` but numbers, strings and the like, so that its ``repr`` says all."""
    if isinstance(value, COLLECTIONS):
        members = [*value, *value.values()] if isinstance(value, dict) else value
        return len(members) <= MANY and all(map(_is_plain, members))
    return isinstance(value, SETTINGS)


def _package(thing: Any) -> str:
    return (getattr(thing, "__module__", None) or "").partition(".")[0]


def _is_the_users(thing: Any) -> bool:
    """Whether a function or a class is written by the user, and not part of a library."""
    return isinstance(thing, SETTINGS) or not _is_a_librarys(_package(thing))


@functools.cache
def _is_a_librarys(package: str) -> bool:
    """Whether a package is Python's, this one, or one that is installed."""
    if package in sys.stdlib_module_names or package == __name__.partition(".")[0]:
        return True
    file = getattr(sys.modules.get(package), "__file__", None) or ""
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


def _names_read(code: types.CodeType) -> Iterator[str]:
    """The names of globals and attributes in a function, and in those inside of it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_read(constant)


def _strings(code: types.CodeType) -> Iterator[str]:
    """The strings that may be names or keys, as in ``getattr(config, "scale", 1.0)`` and ``config["scale"]``."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _strings(constant)
        elif isinstance(constant, str) and constant.isidentifier():
            yield constant
