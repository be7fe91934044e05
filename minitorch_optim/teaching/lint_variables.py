"""What a function refers to: the variables of its closure, the globals it names, and the objects it hangs on.

So ``lint_training`` finds the model and the optimizer of a training step, and can give back what the step changed.
"""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

from ..autograd import Tensor
from ..nn import Module
from ..optim import Optimizer

_ROOT = __name__.partition(".")[0]


class Variables:
    """The variables that a step, and the functions of the user that it calls, can reach.

    Attributes
    ----------
    named : dict
        values by name; those of an object are called ``self.model``, as the program calls them
    cells, namespaces : list
        where the variables live: closure cells with their names, and dicts with the names that are used in them
    """

    def __init__(self, step: Callable[[], Any]) -> None:
        self.named: dict[str, Any] = {}
        self.cells: list[tuple[str, Any]] = []
        self.namespaces: list[tuple[dict[str, Any], set[str]]] = []
        self._seen: set[int] = set()
        self._follow(step, depth=4)

    def of_type(self, kind: type | tuple[type, ...]) -> dict[str, Any]:
        """The variables of this type, each object once, also those in a list, tuple or dict."""
        found: dict[int, tuple[str, Any]] = {}
        for name, value in self.named.items():
            for label, member in _members(name, value):
                if isinstance(member, kind):
                    found.setdefault(id(member), (label, member))
        return dict(found.values())

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
            for i, arg in enumerate((thing.func, *thing.args)):
                self._add(f"argument {i}", arg, depth)
            for name, arg in thing.keywords.items():
                self._add(name, arg, depth)
        elif isinstance(thing, types.MethodType):
            self._attributes(thing.__self__, depth)
            self._follow(thing.__func__, depth)
        elif isinstance(thing, types.FunctionType):
            self._function(thing, depth)
        elif callable(thing) and not isinstance(thing, type | Tensor | Module | Optimizer) and _is_users(type(thing)):
            self._attributes(thing, depth)
            self._follow(type(thing).__call__, depth)

    def _add(self, name: str, value: Any, depth: int) -> None:
        self.named.setdefault(name, value)
        if callable(value) and _is_users(value):
            self._follow(value, depth - 1)

    def _attributes(self, owner: Any, depth: int) -> None:
        if isinstance(owner, Module | Optimizer):
            self._add("self", owner, depth)
            return
        own = getattr(owner, "__dict__", {})
        if isinstance(own, dict) and id(own) not in self._seen:
            self._seen.add(id(own))
            self.namespaces.append((own, set(own)))
            for name, value in list(own.items()):
                self._add(f"self.{name}", value, depth)

    def _function(self, function: types.FunctionType, depth: int) -> None:
        wrapped = getattr(function, "__wrapped__", None)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self.cells.append((name, cell))
            try:
                value = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
            if name == "self":
                self._attributes(value, depth)
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


def _members(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield name, value
    if isinstance(value, list | tuple) and len(value) <= 1000:
        yield from ((f"{name}[{i}]", member) for i, member in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"{name}[{key!r}]", member) for key, member in list(value.items())[:1000])


def _is_users(thing: Any) -> bool:
    """Whether a function or class was written in the user's program, rather than in a library."""
    module = getattr(thing, "__module__", None) or ""
    return isinstance(module, str) and module.partition(".")[0] not in (_ROOT, "numpy", "builtins", "functools")


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
