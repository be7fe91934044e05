"""Layers that make images larger by interpolation."""

from __future__ import annotations

from typing import Any

from ..autograd.tensor import Tensor
from . import functional as F
from .module import Module

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]


class Upsample(Module):
    """Resamples the spatial dimensions: :func:`functional.interpolate` with the options kept.

    Parameters
    ----------
    size : int or sequence of int, optional
    scale_factor : float or sequence of float, optional
        give this or ``size``
    mode : str
        ``"nearest"`` (default), ``"linear"``, ``"bilinear"``, ``"bicubic"`` or ``"trilinear"``
    align_corners, recompute_scale_factor : bool, optional

    Shape: (N, C, *spatial) to (N, C, *size).

    >>> from minitorch_optim.autograd import tensor
    >>> Upsample(scale_factor=2)(tensor([[[1.0, 3.0]]]))
    tensor([[[1., 1., 3., 3.]]])
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        if scale_factor is not None:
            several = isinstance(scale_factor, list | tuple)
            scale_factor = tuple(float(f) for f in scale_factor) if several else float(scale_factor)
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.interpolate`."""
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        """The size or the factor, and the mode."""
        name = "scale_factor" if self.scale_factor is not None else "size"
        return f"{name}={getattr(self, name)}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """:class:`Upsample` of images by nearest neighbours. Shape: (N, C, H, W) to (N, C, H', W')."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """:class:`Upsample` of images, bilinear with corners aligned. Shape: (N, C, H, W) to (N, C, H', W')."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
