"""Channels become pixels and back: an image r times larger from r^2 times as many channels.

Source: Shi et al., Real-Time Single Image and Video Super-Resolution (2016).
"""

from __future__ import annotations

from ...autograd.tensor import Tensor

__all__ = ["pixel_shuffle", "pixel_unshuffle"]


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Shape (..., C r^2, H, W) to (..., C, H r, W r), with r the ``upscale_factor``.

    >>> from minitorch_optim.autograd import arange
    >>> pixel_shuffle(arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    r = _factor(input, upscale_factor, "pixel_shuffle", "upscale_factor")
    *batch, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = len(batch)
    parts = input.reshape(*batch, channels // (r * r), r, r, height, width)
    moved = parts.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return moved.reshape(*batch, channels // (r * r), height * r, width * r)  # type: ignore[no-any-return]


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """The inverse of :func:`pixel_shuffle`: shape (..., C, H r, W r) to (..., C r^2, H, W).

    >>> from minitorch_optim.autograd import arange
    >>> pixel_unshuffle(arange(4).reshape(1, 2, 2), 2).flatten()
    tensor([0, 1, 2, 3])
    """
    r = _factor(input, downscale_factor, "pixel_unshuffle", "downscale_factor")
    *batch, channels, height, width = input.shape
    if height % r or width % r:
        raise RuntimeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but {height} and {width} "
            f"are not both divisible by {r}"
        )
    n = len(batch)
    parts = input.reshape(*batch, channels, height // r, r, width // r, r)
    moved = parts.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return moved.reshape(*batch, channels * r * r, height // r, width // r)  # type: ignore[no-any-return]


def _factor(input: Tensor, factor: int, what: str, name: str) -> int:
    if input.ndim < 3:
        raise RuntimeError(
            f"{what} expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{what} expects a positive {name}, but got {factor}")
    return factor
