"""What a function refers to: the variables of its closure, the globals it names, and the objects it hangs on.

So ``lint_training`` finds the model and the optimizer of a training step, and can give back what the step changed.
"""

from __future__ import annotations

import dis
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..autograd import Tensor
from ..nn import Module
from ..optim import Optimizer

_NOT_USERS = (sys.stdlib_module_names - {"__main__"}) | {__name__.partition(".")[0]}


class Variables:
    """The variables that a step, and the functions of the user that it calls, can reach.

    Attributes
    ----------
    named : list of (str, object)
        names and values; those of an object are called ``self.model``, as the program calls them
    cells, namespaces : list
        where the variables live: closure cells with their names, and dicts with the names that are used in them
    """

    def __init__(self, step: Callable[[], Any]) -> None:
        self.named: list[tuple[str, Any]] = []
        self.cells: list[tuple[str, Any]] = []
        self.namespaces: list[tuple[dict[str, Any], set[str]]] = []
        self._seen: set[int] = set()
        self._follow(step, depth=4)

    def of_type(self, kind: type | tuple[type, ...]) -> dict[str, Any]:
        """The variables of this type, each object once, also those in a list, tuple or dict."""
        found: dict[str, Any] = {}
        seen: set[int] = set()
        for name, value in self.named:
            for label, member in _members(name, value):
                if isinstance(member, kind) and id(member) not in seen:
                    seen.add(id(member))
                    found[_unused(label, found)] = member
        return found

    def current(self) -> dict[str, Any]:
        """The variables of closures and namespaces as they are now."""
        found: dict[str, Any] = {}
        for name, cell in self.cells:
            try:
                found.setdefault(name, cell.cell_contents)
            except ValueError:  # not assigned yet
                continue
        for namespace, names in self.namespaces:
            for name in sorted(names & set(namespace)):
                found.setdefault(name, namespace[name])
        return found

    def _follow(self, thing: Any, depth: int) -> None:
        if id(thing) in self._seen or not depth:
            return
        self._seen.add(id(thing))
        if isinstance(thing, functools.partial):
            given = inspect.signature(thing.func).bind_partial(*thing.args, **thing.keywords)
            for name, arg in given.arguments.items():
                self._add(name, arg, depth)
            self._follow(thing.func, depth)
        elif isinstance(thing, types.MethodType):
            self._attributes("self", thing.__self__, depth)
            self._follow(thing.__func__, depth)
        elif isinstance(thing, types.FunctionType):
            self._function(thing, depth)
        elif callable(getattr(thing, "__wrapped__", None)):  # what replay() and functools.cache return
            self._follow(thing.__wrapped__, depth)
        elif callable(thing) and not isinstance(thing, type | Tensor | Module | Optimizer) and _is_users(type(thing)):
            self._attributes("self", thing, depth)
            self._follow(type(thing).__call__, depth)

    def _add(self, name: str, value: Any, depth: int) -> None:
        self.named.append((name, value))
        if isinstance(value, functools.partial) or (callable(value) and _is_users(value)):
            self._follow(value, depth - 1)
        elif not isinstance(value, type | Tensor | Module | Optimizer) and _is_users(type(value)) and depth > 1:
            self._attributes(name, value, depth - 1)

    def _attributes(self, name: str, owner: Any, depth: int) -> None:
        if isinstance(owner, Module | Optimizer):
            self._add(name, owner, depth)
            return
        own = getattr(owner, "__dict__", {})
        if isinstance(own, dict) and id(own) not in self._seen:
            self._seen.add(id(own))
            self.namespaces.append((own, set(own)))
            for attribute, value in list(own.items()):
                self._add(f"{name}.{attribute}", value, depth)

    def _function(self, function: types.FunctionType, depth: int) -> None:
        wrapped = getattr(function, "__wrapped__", None)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self.cells.append((name, cell))
            try:
                value = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
            self._add(name, value, depth)
        for name, value in zip(reversed(function.__code__.co_varnames[: function.__code__.co_argcount]),
                               reversed(function.__defaults__ or ()), strict=False):  # fmt: skip
            self._add(name, value, depth)
        for name, value in (function.__kwdefaults__ or {}).items():
            self._add(name, value, depth)
        names = {name for name in _global_names(function.__code__) if name in function.__globals__}
        self.namespaces.append((function.__globals__, names))
        for name in sorted(names):
            value = function.__globals__[name]
            if not isinstance(value, types.ModuleType):
                self._add(name, value, depth)
        if wrapped is not None:
            self._follow(wrapped, depth)


def _unused(label: str, taken: dict[str, Any]) -> str:
    """``label``, with a number if a function and its helper use one name for two things."""
    name, i = label, 2
    while name in taken:
        name, i = f"{label} ({i})", i + 1
    return name


def _members(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield name, value
    if isinstance(value, list | tuple) and len(value) <= 1000:
        yield from ((f"{name}[{i}]", member) for i, member in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"{name}[{key!r}]", member) for key, member in list(value.items())[:1000])


def _is_users(thing: Any) -> bool:
    """Whether a function or class was written in the user's program, rather than in a library."""
    name = getattr(thing, "__module__", None)
    if not isinstance(name, str) or name.partition(".")[0] in _NOT_USERS:
        return False
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return not any(folder in ("site-packages", "dist-packages") for folder in Path(file).parts)


def _global_names(code: types.CodeType) -> set[str]:
    """The globals that a function names, inside the functions defined in it too."""
    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL")}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return names


def outermost(modules: dict[str, Module]) -> dict[str, Module]:
    """Those with parameters that are not a part of another one."""
    inside = {id(part) for module in modules.values() for part in module.modules() if part is not module}
    return {
        name: module
        for name, module in modules.items()
        if id(module) not in inside and any(True for _ in module.named_parameters())
    }
