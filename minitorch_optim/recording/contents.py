"""What lies in modules beside the values of their tensors: numbers, parts, parameters, hooks.

A replay does not ask for it anew, because every assignment to an attribute of a module is noted (``autograd/watch.py``,
``changes``). Only after such a change is it looked at what is in them now.
"""

from __future__ import annotations

from typing import Any

from ..autograd.tensor import Tensor
from ..nn import Module

_REGISTRIES = frozenset(("_parameter_names", "_buffer_names", "_module_names"))  # what they name is there itself
_COMPARED = (bool, int, float, complex, str, bytes, type(None))
REMEMBERED = 8  # contents of one module that are known by their ids: those of train() and eval(), and a few more


class Contents:
    """The attributes of some modules, as numbers: of each module which of its known contents it has.

    Parameters
    ----------
    modules : list of Module
    left_out : set of (int, str)
        attributes that are not looked at, by the id of the module and the name: they are read in each replay
    """

    def __init__(self, modules: list[Module], left_out: set[tuple[int, str]]) -> None:
        self.of_each = [
            _OfOne(module, {name for owner, name in left_out if owner == id(module)}) for module in modules
        ]

    def now(self) -> tuple[int, ...]:
        """What is there now."""
        return tuple([one.now() for one in self.of_each])

    def leave_out(self, before: tuple[int, ...]) -> None:
        """From now on leave out what a step itself has assigned since ``before``: Python's work, not done in replays.

        Numbers and strings stay: a step that counts does something else in each call, perhaps.
        """
        for one, then in zip(self.of_each, before, strict=True):
            now = one.now()
            if now != then:
                old, new = one.known[then], one.known[now]
                one.forget({name for name in new if old.get(name) != new[name] and not _is_number(new[name])})

    def difference(self, a: tuple[int, ...], b: tuple[int, ...]) -> str:
        """The name of an attribute that differs; of one that was there before, if possible."""
        for one, i, j in zip(self.of_each, a, b, strict=True):
            old, new = one.known[i], one.known[j]
            for name in sorted({*old, *new} - one.left_out, key=lambda name: name not in old):
                if old.get(name) != new.get(name):
                    return name
        return ""


class _OfOne:
    """The attributes of one module."""

    def __init__(self, module: Module, left_out: set[str]) -> None:
        self.attributes = module.__dict__
        self.left_out = left_out
        self.known: list[dict[str, Any]] = []
        self.by_ids: dict[Any, tuple[int, list[Any]]] = {}  # the objects are kept, so that their ids stay theirs

    def now(self) -> int:
        """Which of the known contents are there."""
        held = self.attributes
        if self.left_out:
            held = {name: value for name, value in held.items() if name not in self.left_out}
        ids = (*held, *map(id, held.values()))
        found = self.by_ids.get(ids)
        if found is not None:
            return found[0]
        held = {name: value for name, value in held.items() if name not in _REGISTRIES}
        forms = {name: form_of(value) for name, value in held.items()}
        if forms not in self.known:
            self.known.append(forms)
        number = self.known.index(forms)
        if not any(isinstance(value, dict | list | tuple) for value in held.values()):  # these may change inside
            if len(self.by_ids) == REMEMBERED:
                self.by_ids.clear()
            self.by_ids[ids] = number, list(held.values())
        return number

    def forget(self, names: set[str]) -> None:
        """Leave these out from now on."""
        if names:
            self.left_out |= names
            self.known.append({})  # numbers go on, so that what was known before is never taken for what is now
            self.by_ids.clear()


class Same:
    """An object that is equal to itself alone."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is Same and other.value is self.value

    __hash__ = None  # type: ignore[assignment]


def form_of(value: Any) -> Any:
    """What is to be compared of an attribute."""
    if isinstance(value, _COMPARED):
        return type(value), repr(value) if isinstance(value, float | complex) else value
    if isinstance(value, dict):
        return [(form_of(key), form_of(member)) for key, member in value.items()]
    if isinstance(value, list | tuple):
        return [type(value), *map(form_of, value)]
    return Same(value)


def _is_number(form: Any) -> bool:
    return type(form) is tuple


def hooks_of(leaf: Tensor) -> tuple[int, ...]:
    """The numbers of the hooks on a leaf."""
    return (*(leaf._hooks or ()), *leaf.__dict__.get("_after_accumulation", ()))


def every(modules: list[Module]) -> list[Module]:
    """The modules and all in them, each once."""
    return list(dict.fromkeys([part for module in modules for part in module.modules()]))


def parameters_of(modules: list[Module]) -> list[Tensor]:
    """The parameters and buffers of modules."""
    found = []
    for module in modules:
        own = module.__dict__
        found += [own[name] for name in (*module._parameter_names, *module._buffer_names)]
    return [tensor for tensor in found if tensor is not None]
