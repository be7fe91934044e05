"""``import torch`` that means this library, for programs that cannot be edited.

>>> from minitorch_optim import alias_torch
>>> with alias_torch():                                          # doctest: +SKIP
...     import torch.nn.functional as F

To Python, a module is what ``sys.modules`` holds under its name. The finder below answers for ``torch`` and all names
under it with the very modules of this library, so no class exists twice.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, TracebackType
from typing import Any

from .autograd.missing import advice

__all__ = ["TorchAlias", "alias_torch"]

_US = __package__


class TorchAlias:
    """What :func:`alias_torch` returns: :meth:`remove` undoes it, and so does the end of a ``with`` block."""

    def __init__(self) -> None:
        self._given: dict[str, ModuleType] = {}
        self._own_spec: Any = None

    def remove(self) -> None:
        """Let ``torch`` mean PyTorch again, or nothing where that is not installed. What was imported stays valid."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name, module in self._given.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
        self._given.clear()

    def __enter__(self) -> TorchAlias:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    # -- what Python's import asks ---------------------------------------------------------------

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Answers for ``torch`` and what is under it."""
        is_ours = fullname.split(".")[0] == "torch"
        return ModuleSpec(fullname, self) if is_ours else None  # type: ignore[arg-type] # a loader by its methods

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """No new module, but ours."""
        module = _ours(spec.name)
        self._given[spec.name], self._own_spec = module, module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has been executed under its own name, and keeps that: import has just told it the other one."""
        module.__spec__ = self._own_spec


def _ours(name: str) -> ModuleType:
    """The module of this library that stands for ``torch.a.b``: of that name, or found in ``torch.a`` as ``b``."""
    own = _US + name.removeprefix("torch")
    try:
        return importlib.import_module(own)
    except ModuleNotFoundError as error:
        if error.name != own:
            raise
    above, _, last = name.rpartition(".")
    parent = _ours(above)
    module = vars(parent).get(last)
    if isinstance(module, ModuleType) and module.__name__.startswith(_US):
        return module
    known = [n for n, value in vars(parent).items() if isinstance(value, ModuleType)]
    known += [n.removeprefix(f"{parent.__name__}.") for n in sys.modules if n.startswith(f"{parent.__name__}.")]
    raise ModuleNotFoundError(
        f"No module named {name!r}: torch is {_US} here{advice(above, last, known)}", name=name
    )


def alias_torch() -> TorchAlias:
    """Make ``import torch``, and of all its parts, mean this library in this process.

    Returns
    -------
    TorchAlias
        its ``remove()`` undoes it; as a context manager it lasts for the block. Called again, the same one

    Raises
    ------
    ImportError
        if PyTorch has been loaded: there would be two libraries of one name
    """
    loaded = sys.modules.get("torch")
    if loaded is not None and loaded is not sys.modules[_US]:
        raise ImportError(
            f"PyTorch is loaded in this process already, from {getattr(loaded, '__file__', None)}: torch cannot mean "
            f"{_US} as well. Call alias_torch() before the first import of torch, in a new process",
            name="torch",
        )
    for finder in sys.meta_path:
        if isinstance(finder, TorchAlias):
            return finder
    alias = TorchAlias()
    sys.meta_path.insert(0, alias)
    return alias
