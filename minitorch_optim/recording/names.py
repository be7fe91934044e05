"""What a function reads by name: tensors, modules and settings outside of it that its next call may find changed.

The names stand in the code of the function, and of the user's own functions that it leads to. Each is kept as the piece
of Python that reads it, such as ``cell0.cell_contents.scale``, so that ``entry.py`` can ask for all of them in a row.
"""

from __future__ import annotations

import enum
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import pairwise
from operator import is_
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from ..autograd.dtypes import get_default_dtype
from ..autograd.generator import Generator
from ..autograd.tensor import Tensor
from ..nn import Module
from .contents import Contents, every, hooks_of, parameters_of

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


class Now(NamedTuple):
    """What is read by some names at one time."""

    tensors: list[Tensor]
    settings: list[Any]
    values: tuple[Any, ...]  # all that must be as it was for a recording to hold, but for objects and tensors


class Names:
    """The names by which ``function``, and the functions of the user that it calls by name, reach outside.

    Parameters
    ----------
    function : callable
    given : sequence
        what else it reaches: arguments of the call that are no tensors, numbers or strings

    Attributes
    ----------
    tensors : list of Read
        what stands for a tensor without gradient: another one may take its place in each call
    settings : list of Read
        numbers, strings and the like; of a collection of such its ``repr``
    objects : list of (Read, object)
        models, functions, tensors that require grad ...: another object by the same name is another step
    modules : list of Module
        those that it reaches; :class:`~.contents.Contents` says what lies in them
    space : dict
        what the pieces of Python begin with
    """

    def __init__(self, function: Callable[..., Any], given: Iterable[Any] = ()) -> None:
        self.given = list(given)
        read: frozenset[str] = frozenset()
        while True:  # an object may be handed to a function that is found later: look again, with the names of that
            finder = Finder(read)
            finder.look_into(function)
            for argument in self.given:
                finder.look_at(Read("an argument", finder.root(argument)), argument)
            if finder.read <= read:
                break
            read = frozenset(finder.read)
        self.tensors, self.settings, self.objects = finder.tensors, finder.settings, finder.objects
        self.modules, self.space = finder.modules, finder.space
        self._all_modules = every(self.modules)
        self.contents = Contents(self._all_modules, finder.asked)
        self._tensors_with: dict[tuple[int, ...], list[Tensor]] = {}  # what known_tensors() gives, by the contents
        reads = [*self.tensors, *self.settings, *[read for read, _ in self.objects]]
        self._now = eval(f"lambda: [{', '.join(text for _, text in reads)}]", self.space)
        self._leaves = [value for _, value in self.objects if isinstance(value, Tensor)]

    def now(self, given: list[Any]) -> Now | None:
        """What is read now; None if a name stands for something else than it did."""
        if not same(given, self.given):
            return None
        try:
            found = self._now()
        except GONE:
            return None
        tensors, rest = found[: len(self.tensors)], found[len(self.tensors) :]
        settings, objects = rest[: len(self.settings)], rest[len(self.settings) :]
        if not same(objects, [known for _, known in self.objects]):
            return None
        if not all(isinstance(t, Tensor) and not t._requires_grad for t in tensors):
            return None
        if not all(isinstance(value, SETTINGS) or isinstance(value, type) for value in settings):
            return None
        contents = self.contents.now()
        known = self._tensors_with.get(contents)
        if known is None:
            if not same(every(self.modules), self._all_modules):
                return None
            known = self._tensors_with[contents] = self.known_tensors()
        trained, hooks = tuple([t._requires_grad for t in known]), tuple(map(hooks_of, known))
        return Now(tensors, settings, (*map(form, settings), get_default_dtype(), trained, hooks, contents))

    def known_tensors(self) -> list[Tensor]:
        """The parameters and buffers of all modules, and tensors that require grad by name."""
        return list(dict.fromkeys([*parameters_of(self._all_modules), *self._leaves]))

    def what_differs(self, values: tuple[Any, ...], others: tuple[Any, ...]) -> str:
        """The name of something that is not the same in both; empty if all is."""
        if len(values) != len(others):
            return ""
        names = [*[read.name for read in self.settings], "the default dtype", "requires_grad", "hooks"]
        differing = [name for name, a, b in zip(names, values, others) if a != b]
        return differing[0] if differing else self.contents.difference(values[-1], others[-1])

    def what_changed(self, values: tuple[Any, ...]) -> str:
        """The name of something that is not as in ``values`` any more; empty if all is."""
        now = self.now(self.given)
        return "" if now is None else self.what_differs(values, now.values)

    def what_varies(self, values: list[tuple[Any, ...]]) -> str:
        """Why there are so many recordings, from what was read in each."""
        names = [self.what_differs(a, b) for a, b in pairwise(values)]
        name = max(names, key=names.count, default="")
        if not name or names.count(name) <= len(values) // 2:
            return "shapes or other arguments differ from call to call"
        return f"{name!r}, which it reads, differs from call to call: make it a tensor, or count outside"

    def generators(self) -> list[Generator]:
        """The generators of random numbers among all that."""
        held = [value for module in self._all_modules for value in module.__dict__.values()]
        return [value for value in (*held, *[value for _, value in self.objects]) if isinstance(value, Generator)]

    @staticmethod
    def what_is_replaced(all_names: list[Names]) -> str:
        """Which name has stood for other objects in many calls."""
        found: dict[str, set[int]] = {}
        for names in all_names:
            for read, value in names.objects:
                found.setdefault(read.name, set()).add(id(value))
        name = max(found, key=lambda name: len(found[name]), default="")
        return f"{name!r}, which it reads, is another object from call to call: make it a tensor, or an argument"


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
        self._roots: dict[int, str] = {}

    def _known(self, *objects: Any) -> bool:
        """Whether these were looked at before; from now on they were."""
        key = tuple(map(id, objects))
        return self._seen.setdefault(key, objects) is not objects

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
        if self._known(function, owner):
            return
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
        elif not self._known(value):
            if isinstance(value, types.ModuleType):
                if _is_a_librarys(value.__name__.partition(".")[0]):
                    return
            elif isinstance(value, type) or isinstance(value, np.ndarray) or not _is_the_users(type(value)):
                if not (isinstance(value, type) and value.__name__ == by.name):
                    self.objects.append((by, value))
            else:  # an object of the user: another one of its class will do, if it holds the same
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
        if self._known(value):
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
        own: Any = getattr(owner, "__dict__", {})
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


def form(value: Any) -> Any:
    """What equal settings have in common: 2 and 2.0 are not equal, nor are 0.0 and -0.0."""
    return type(value), repr(value) if isinstance(value, float | complex | slice) else value


def same(a: list[Any], b: list[Any]) -> bool:
    """Whether two lists hold the same objects."""
    return len(a) == len(b) and all(map(is_, a, b))


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
