"""What is said about a name that is not here: the nearest one that is, and whether the name is PyTorch's.

``pytorch_names.txt`` lists PyTorch's public names, a line for each module.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .tensor import Tensor

__all__ = ["MissingName", "advice", "explain_missing", "names_of_pytorch"]


@functools.lru_cache
def names_of_pytorch() -> dict[str, frozenset[str]]:
    """PyTorch's public names by module, such as ``"torch.nn"``.

    >>> "Conv2d" in names_of_pytorch()["torch.nn"]
    True
    """
    lines = Path(__file__).with_name("pytorch_names.txt").read_text().splitlines()
    parts = (line.partition(": ") for line in lines)
    return {module: frozenset(names.split()) for module, _, names in parts}


class MissingName(AttributeError):
    """An AttributeError whose text is put together only when somebody reads it: ``hasattr`` does not."""

    def __init__(self, owner: str, torch_name: str, name: str, known: Callable[[], Iterable[str]]) -> None:
        super().__init__(name)
        self._owner, self._torch_name, self._missing, self._known = owner, torch_name, name, known

    def __str__(self) -> str:
        rest = advice(self._torch_name, self._missing, self._known())
        return f"{self._owner} has no attribute {self._missing!r}{rest}"


def advice(torch_name: str, name: str, known: Iterable[str]) -> str:
    """The nearest of the ``known`` names to ``name``, and whether PyTorch has it in ``torch_name``.

    >>> advice("torch.nn", "Conv2D", ["Conv1d", "Conv2d"])
    ". Did you mean 'Conv2d'? PyTorch has no torch.nn.Conv2D either"
    >>> advice("torch.nn", "FractionalMaxPool2d", [])
    '. torch.nn.FractionalMaxPool2d is a name of PyTorch that this library does not have'
    """
    by_letters = {k.lower(): k for k in known if not k.startswith("_")}  # `Relu` is nearer to `relu` than to `elu`
    near = [by_letters[k] for k in difflib.get_close_matches(name.lower(), by_letters, n=1)]
    theirs = name in names_of_pytorch().get(torch_name, ())
    full = f"{torch_name}.{name}"
    return (f". Did you mean {near[0]!r}? " if near else ". ") + (
        f"{full} is a name of PyTorch that this library does not have" if theirs else f"PyTorch has no {full} either"
    )


def explain_missing(module: dict[str, Any], torch_name: str) -> None:
    """Give a module, by its ``globals()``, the ``__getattr__`` that raises :class:`MissingName`."""

    def __getattr__(name: str) -> Any:
        raise MissingName(f"module {module['__name__']!r}", torch_name, name, lambda: module)

    module["__getattr__"] = __getattr__


class MissingMethod:
    """Stands in a class for a method of PyTorch's that is not here: whoever asks for it is told so.

    ``__getattr__`` would see misspelt names as well, for which Python itself names the nearest one. But in a class that
    has it Python is slower in finding any attribute at all: a step of a small network takes a twentieth longer.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise MissingName(f"{owner.__name__!r} object", "torch.Tensor", self.name, lambda: present(owner))


def present(owner: type) -> list[str]:
    """The attributes that a class has, without those that only say that they are missing."""
    missing = {name for kind in owner.__mro__ for name, value in vars(kind).items() if isinstance(value, MissingMethod)}
    return [name for name in dir(owner) if name not in missing]


def say_what_is_missing() -> None:
    """Let :class:`Tensor` answer for the methods of PyTorch's that it lacks."""
    for name in names_of_pytorch()["torch.Tensor"]:
        if not hasattr(Tensor, name):
            setattr(Tensor, name, MissingMethod(name))
    Tensor.__dir__ = lambda self: sorted({*present(type(self)), *self.__dict__})  # type: ignore[method-assign]
