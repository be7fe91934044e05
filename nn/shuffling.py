"""Channels become pixels and back, as layers."""

from __future__ import annotations

from ..autograd.tensor import Tensor
from . import functional as F
from .module import Module

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    """:func:`functional.pixel_shuffle`. Shape: (..., C r^2, H, W) to (..., C, H r, W r).

    >>> from minitorch_optim.autograd import zeros
    >>> PixelShuffle(2)(zeros(1, 8, 3, 3)).shape
    torch.Size([1, 2, 6, 6])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The larger image."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """r."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """:func:`functional.pixel_unshuffle`. Shape: (..., C, H r, W r) to (..., C r^2, H, W)."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The smaller image."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """r."""
        return f"downscale_factor={self.downscale_factor}"
