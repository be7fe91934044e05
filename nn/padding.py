"""Layers that put elements around signals, images and volumes: :func:`functional.pad` with the options kept.

``padding`` is one number for all sides, or a pair for each dimension, the last dimension first: (left, right, top,
bottom) for images. The shapes are those of :func:`functional.pad`: with or without a dimension for the samples.
"""

from __future__ import annotations

from typing import Any

from ..autograd.tensor import Tensor
from . import functional as F
from .module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d",
    "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    dims: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = (padding,) * (2 * self.dims) if isinstance(padding, int) else tuple(padding)
        if len(self.padding) != 2 * self.dims:
            raise ValueError(f"padding must have {2 * self.dims} numbers, two for each dimension, got {padding}")

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.pad`."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """How much on each side."""
        return str(self.padding)


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.pad`."""
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        """How much on each side, and of what."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Puts ``value`` around signals."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """Puts ``value`` around images.

    >>> from minitorch_optim.autograd import ones
    >>> ConstantPad2d((1, 0, 0, 1), 7.0)(ones(1, 1, 1))
    tensor([[[7., 1.],
             [7., 7.]]])
    """

    dims = 2


class ConstantPad3d(_ConstantPad):
    """Puts ``value`` around volumes."""

    dims = 3


class ZeroPad1d(_Pad):
    """Puts zeros around signals."""

    dims, mode = 1, "constant"


class ZeroPad2d(_Pad):
    """Puts zeros around images.

    >>> ZeroPad2d(1)
    ZeroPad2d((1, 1, 1, 1))
    """

    dims, mode = 2, "constant"


class ZeroPad3d(_Pad):
    """Puts zeros around volumes."""

    dims, mode = 3, "constant"


class ReflectionPad1d(_Pad):
    """Continues signals mirrored at their ends, which are not repeated."""

    dims, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Continues images mirrored at their edges, which are not repeated."""

    dims, mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """Continues volumes mirrored at their faces, which are not repeated."""

    dims, mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """Continues signals by their ends."""

    dims, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """Continues images by their edges."""

    dims, mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """Continues volumes by their faces."""

    dims, mode = 3, "replicate"


class CircularPad1d(_Pad):
    """Continues signals by their other end."""

    dims, mode = 1, "circular"


class CircularPad2d(_Pad):
    """Continues images by their other side."""

    dims, mode = 2, "circular"


class CircularPad3d(_Pad):
    """Continues volumes by their other side."""

    dims, mode = 3, "circular"
