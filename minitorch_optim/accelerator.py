"""What programs ask of ``torch.accelerator`` before they decide for the CPU. There is none here.

>>> from minitorch_optim import accelerator
>>> accelerator.current_accelerator().type if accelerator.is_available() else "cpu"
'cpu'
"""

from __future__ import annotations

from .autograd import device

__all__ = ["current_accelerator", "device_count", "is_available"]


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> device | None:
    """None, as in torch where there is no accelerator."""
    return None
