"""minitorch_optim: torch's names on NumPy."""

from __future__ import annotations

import importlib
from typing import Any

from . import autograd
from .autograd import *

float, int, bool = autograd.float32, autograd.int32, autograd.bool_  # noqa: A001

_SUBMODULES = ("datasets", "nn", "optim", "plot", "testing", "utils")


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
