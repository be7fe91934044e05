"""What programs ask of ``torch.cuda`` before they decide for the CPU. There is no GPU here.

>>> from minitorch_optim import cuda, device
>>> device("cuda" if cuda.is_available() else "cpu")
device(type='cpu')
"""

from __future__ import annotations

from typing import Any

from .autograd import device
from .autograd.missing import explain_missing

__all__ = [
    "current_device", "device_count", "empty_cache", "get_device_name", "is_available", "is_initialized", "manual_seed",
    "manual_seed_all", "set_device", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Seed the generator of the GPU: there is none, so nothing is to be done. The CPU's is ``manual_seed`` itself."""


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all GPUs: there are none."""


def synchronize(device: Any = None) -> None:
    """Wait until the GPU is done: it has nothing to do."""


def empty_cache() -> None:
    """Give cached memory of the GPU back: there is none."""


def set_device(which: Any) -> None:
    """Raises the error of ``device("cuda")``."""
    device("cuda")


def current_device() -> int:
    """Raises the error of ``device("cuda")``."""
    device("cuda")
    return -1


def get_device_name(which: Any = None) -> str:
    """Raises the error of ``device("cuda")``."""
    device("cuda")
    return ""

explain_missing(globals(), "torch.cuda")
