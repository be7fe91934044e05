"""What lies in modules beside the values of their tensors: numbers, parts, parameters, hooks.

A replay does not ask for it anew, because every assignment to an attribute of a module is noted (``autograd/watch.py``,
``changes``). Only after such a change is everything in them compared.
"""

from __future__ import annotations

from typing import Any

from ..autograd.tensor import Tensor
from ..nn import Module

_REGISTRIES = frozenset(("_parameter_names", "_buffer_names", "_module_names"))  # what they name is there itself
_COMPARED = (bool, int, float, complex, str, bytes, type(None))


class Contents:
    """The attributes of some modules and of all in them, as values that can be compared.

    Parameters
    ----------
    modules : list of Module
    asked : set of (int, str)
        attributes that need not be compared, by the id of the module and the name: they are read in each replay
    """

    def __init__(self, modules: list[Module], asked: set[tuple[int, str]]) -> None:
        self.modules = modules
        self.left_out = set(asked)

    def now(self) -> tuple[Any, ...]:
        """What is there now."""
        found = []
        for module in every(self.modules):
            for name, value in module.__dict__.items():
                key = (id(module), name)
                if name not in _REGISTRIES and key not in self.left_out:
                    found.append((key, held(value)))
        return tuple(found)

    def leave_out(self, before: tuple[Any, ...]) -> None:
        """From now on leave out what a step itself has assigned since ``before``: Python's work, not done in replays.

        Numbers and strings stay: a step that counts does something else in each call, perhaps.
        """
        known = dict(before)
        for key, value in self.now():
            is_number = type(value) is tuple and value and isinstance(value[0], type)
            if known.get(key) != value and not is_number:
                self.left_out.add(key)


class Same:
    """An object that is equal to itself alone."""

    __slots__ = ("hooks", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.hooks = hooks_of(value) if isinstance(value, Tensor) else ()

    def __eq__(self, other: object) -> bool:
        return type(other) is Same and other.value is self.value and other.hooks == self.hooks

    def __hash__(self) -> int:
        return id(self.value)


def held(value: Any) -> Any:
    """What is to be compared of an attribute."""
    if isinstance(value, _COMPARED):
        return type(value), repr(value) if isinstance(value, float | complex) else value
    if isinstance(value, dict):
        return tuple([(held(key), held(member)) for key, member in value.items()])
    if type(value) in (list, tuple):
        return tuple(map(held, value))
    return Same(value)


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
