"""minitorch_optim: autograd, neural network layers and every optimizer of torch.optim, readable, on NumPy alone.

The names are torch's, so a notebook written for PyTorch begins with ``import minitorch_optim as torch``.

>>> import minitorch_optim as torch
>>> x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> (x**2).sum().backward()
>>> x.grad
tensor([2., 4., 6.])

This file is the face: tensors and their operations come from ``autograd/`` and are here at once; the other parts
(``nn``, ``optim``, ``utils`` ...) are imported when first asked for, so that ``import minitorch_optim`` stays light.
"""

from __future__ import annotations

import importlib as _importlib
from typing import TYPE_CHECKING
from typing import Any as _Any

import numpy as _np

from . import autograd as autograd
from .alias import alias_torch as alias_torch
from .autograd import *
from .autograd.missing import MissingName as _MissingName
from .settings import are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled
from .settings import get_num_threads as get_num_threads
from .settings import set_deterministic as set_deterministic
from .settings import set_num_threads as set_num_threads
from .settings import use_deterministic_algorithms as use_deterministic_algorithms

__version__ = "0.1.0"

# Names of PyTorch that hide Python's own in this module, and only in this one. From here on `float` is a dtype.
float, int, bool = autograd.float32, autograd.int32, autograd.bool_

dtype, finfo, iinfo = _np.dtype, _np.finfo, _np.iinfo
pi, e, inf, nan = _np.pi, _np.e, _np.inf, _np.nan
newaxis = None

_PARTS = (
    "accelerator", "backends", "checkpoint", "cuda", "datasets", "distributions", "nn", "optim", "plot", "random",
    "recording", "serialization", "sparse", "teaching", "testing", "utils",
)  # fmt: skip
_FROM_PARTS = {
    "Checkpoint": "checkpoint", "LearnerHint": "autograd.hints", "explain": "teaching", "lint_training": "teaching",
    "load": "serialization", "save": "serialization",
    "replay": "recording", "tape": "teaching",
}  # fmt: skip

if not TYPE_CHECKING:  # as in autograd/__init__.py
    __all__ = [
        "alias_torch", "are_deterministic_algorithms_enabled", "autograd", "bool", "dtype", "e", "finfo", "float",
        "get_num_threads", "iinfo", "inf", "int", "nan", "newaxis", "pi", "set_deterministic",
        "set_num_threads", "use_deterministic_algorithms",
    ]  # fmt: skip
    __all__ += autograd.__all__


def __getattr__(name: str) -> _Any:
    if name in _PARTS:
        return _importlib.import_module(f"{__name__}.{name}")
    if name in _FROM_PARTS:
        return getattr(_importlib.import_module(f"{__name__}.{_FROM_PARTS[name]}"), name)
    raise _MissingName(f"module {__name__!r}", "torch", name, __dir__)


def __dir__() -> list[str]:
    return sorted([*globals()["__all__"], *_PARTS, *_FROM_PARTS, "__version__"])
