"""What is public, and under which name it is documented.

A name is public if it can be reached from ``minitorch_optim`` by public names alone. Many objects have several such
names (``minitorch_optim.exp`` is ``minitorch_optim.autograd.exp``): the first found is the one that is documented,
and the face is searched first.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import minitorch_optim

FACE = "minitorch_optim"

# Public too, though no other public module lists them.
ALSO_PUBLIC = ("minitorch_optim.alias", "minitorch_optim.autograd.functional")

# Data cannot carry a docstring, so what is to be said about it is said here. Dtypes are described in `kind_of_number`.
DATA = {
    "minitorch_optim.TABLE": "The table of derivatives: each primitive, and its row. Read ``autograd/table.py``.",
    "minitorch_optim.default_generator": "The stream that :func:`manual_seed` seeds, and from which all draws are "
    "taken that are given no ``generator=``.",
    "minitorch_optim.e": "Euler's number, 2.71828...",
    "minitorch_optim.inf": "Infinity.",
    "minitorch_optim.nan": "Not a number: the result of 0 / 0.",
    "minitorch_optim.newaxis": "A new dimension, in an index: ``x[:, newaxis]``. It is None.",
    "minitorch_optim.pi": "The circle's circumference by its diameter, 3.14159...",
    "minitorch_optim.sparse_coo": "The layout of a tensor that stores (index, value) pairs.",
    "minitorch_optim.strided": "The layout of an ordinary tensor.",
    "minitorch_optim.dtype": "The class of all dtypes: ``numpy.dtype``.",
    "minitorch_optim.finfo": "The limits of a floating-point dtype: ``numpy.finfo``.",
    "minitorch_optim.iinfo": "The limits of an integer dtype: ``numpy.iinfo``.",
    "minitorch_optim.distributions.constraints.boolean": "0 or 1.",
    "minitorch_optim.distributions.constraints.nonnegative": "Numbers from 0.",
    "minitorch_optim.distributions.constraints.positive": "Numbers above 0.",
    "minitorch_optim.distributions.constraints.real": "Any number but NaN.",
    "minitorch_optim.distributions.constraints.simplex": "Rows of probabilities: not below 0, and their sum is 1.",
    "minitorch_optim.distributions.constraints.unit_interval": "Numbers from 0 to 1.",
    "minitorch_optim.optim.lr_scheduler.EPOCH_DEPRECATION_WARNING": "What is said to those who give an epoch to "
    "``step()``.",
    "minitorch_optim.optim.optimizer.required": "The default of an option that has none, such as the ``lr`` of SGD: "
    "it must be given, to the optimizer or to every group.",
}


class Name(NamedTuple):
    """One public name."""

    module: str
    name: str
    value: Any

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}"


def names_of(module: ModuleType) -> list[str]:
    """The public names of one module."""
    if module is minitorch_optim:
        return [name for name in dir(module) if not name.startswith("_")]
    listed = getattr(module, "__all__", None)
    if listed is None and hasattr(module, "__path__"):  # a package is what its files give it
        files = [m for path, m in list(sys.modules.items()) if path.rpartition(".")[0] == module.__name__]
        listed = {name for file in files for name in getattr(file, "__all__", ()) if hasattr(module, name)}
    names = set(listed or ())
    if listed is None or hasattr(module, "__path__"):
        names |= written_below(module)
    return sorted(names)


def written_below(module: ModuleType) -> set[str]:
    """The functions and classes in a module that are written in its file, or in one of its package."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and f"{value.__module__}.".startswith(f"{module.__name__}.")
    }


def walk() -> Iterator[Name]:
    """Every public name, nearest to the face first."""
    waiting = [(FACE, minitorch_optim), *((name, importlib.import_module(name)) for name in ALSO_PUBLIC)]
    seen = set()
    while waiting:
        path, module = waiting.pop(0)
        if id(module) in seen:
            continue
        seen.add(id(module))
        for name in names_of(module):
            value = getattr(module, name)
            if inspect.ismodule(value):
                waiting.append((f"{path}.{name}", value))
            yield Name(path, name, value)


@lru_cache
def all_names() -> tuple[Name, ...]:
    return tuple(walk())


@lru_cache
def documented_as() -> dict[int, Name]:
    """From the identity of an object to the name under which it is documented."""
    names: dict[int, Name] = {}
    own_names = {}
    for name in all_names():
        called = own_name(name.value)
        if id(name.value) not in names:
            names[id(name.value)] = name
        elif called == name.name and names[id(name.value)].module == name.module:
            own_names[id(name.value)] = name  # `abs`, not `absolute`: the name by which the object calls itself
    return names | own_names


def own_name(value: Any) -> str | None:
    return value.name if isinstance(value, minitorch_optim.dtype) else getattr(value, "__name__", None)


@lru_cache
def by_last_part() -> dict[str, list[Name]]:
    """From ``exp`` to all the public names that end so."""
    found: dict[str, list[Name]] = {}
    for name in all_names():
        found.setdefault(name.name, []).append(name)
    return found


@lru_cache
def modules() -> tuple[tuple[str, ModuleType], ...]:
    """The public modules, by the paths under which they are documented."""
    found = [(FACE, minitorch_optim), *((name, importlib.import_module(name)) for name in ALSO_PUBLIC)]
    found += [
        (name.full, name.value)
        for name in all_names()
        if inspect.ismodule(name.value) and documented_as()[id(name.value)] is name
    ]
    return tuple({id(module): (path, module) for path, module in found}.values())


def is_data(value: Any) -> bool:
    """Whether a value has no docstring of its own: a number, a dtype, a class of NumPy's."""
    if inspect.isclass(value):
        return not value.__module__.startswith(FACE)
    return not (inspect.isfunction(value) or inspect.ismodule(value))


def describe_data(name: Name) -> str | None:
    """A sentence about a public value that is neither function nor class."""
    if isinstance(name.value, minitorch_optim.dtype):
        return kind_of_number(name)
    return DATA.get(name.full)


def kind_of_number(name: Name) -> str:
    dtype = name.value
    if dtype == minitorch_optim.bool:
        words = "True or False"
    elif dtype.kind == "c":
        words = f"Complex numbers of two floats of {4 * dtype.itemsize} bits"
    elif dtype.kind == "f":
        words = f"Floating-point numbers of {8 * dtype.itemsize} bits"
    else:
        words = f"Whole numbers of {8 * dtype.itemsize} bits" + (", from 0" if dtype.kind == "u" else "")
    return f"{words}: a dtype, NumPy's ``{dtype.name}``."


def first_sentence(value: Any) -> str:
    """What a docstring begins with, on one line."""
    paragraph = " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())
    for end in re.finditer(r"\. (?=[A-Z`:])", paragraph):
        if paragraph.count("``", 0, end.start()) % 2 == 0:  # not inside a literal
            paragraph = paragraph[: end.start() + 1]
            break
    return paragraph.rstrip(":").strip() + "." if paragraph.endswith(":") else paragraph
