"""What is said about a name that is not here: the nearest one that is, and whether the name is PyTorch's.

``pytorch_names.txt`` lists PyTorch's public names, a line for each module; it is read when such an error is printed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .arguments import nearest
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
        super().__init__(name, name=None)  # with the name, Python (3.12 or newer) would add "Did you mean" once more
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
    near = nearest(name, [k for k in known if not k.startswith("_")])  # `Relu` is nearer to `relu` than to `elu`
    theirs = name in names_of_pytorch().get(torch_name, ())
    full = f"{torch_name}.{name}"
    return (f". Did you mean {near!r}? " if near else ". ") + (
        f"{full} is a name of PyTorch that this library does not have" if theirs else f"PyTorch has no {full} either"
    )


def explain_missing(module: dict[str, Any], torch_name: str) -> None:
    """Give a module, by its ``globals()``, the ``__getattr__`` that raises :class:`MissingName`."""

    def __getattr__(name: str) -> Any:
        raise MissingName(f"module {module['__name__']!r}", torch_name, name, lambda: module)

    module["__getattr__"] = __getattr__


def _of_a_tensor(self: Tensor, name: str) -> Any:
    raise MissingName(f"{type(self).__name__!r} object", "torch.Tensor", name, lambda: dir(Tensor))


Tensor.__getattr__ = _of_a_tensor  # type: ignore[method-assign]
