"""Images made larger or smaller.

Nearest neighbours are picked; all other modes are linear along each axis, hence a product with a matrix whose columns
say how much each element counts.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...autograd.tensor import Tensor
from .adaptive_pooling import averaging
from .resampling import along_axis, pick
from .windows import per_dimension

__all__ = ["interpolate", "upsample"]

_DIMENSIONS = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """Resample the spatial dimensions of ``input``.

    Parameters
    ----------
    input : Tensor, shape (N, C, *spatial)
        with one to three spatial dimensions
    size : int or sequence of int, optional
        of the output's spatial dimensions
    scale_factor : float or sequence of float, optional
        output size / input size, rounded down; give this or ``size``
    mode : str
        ``"nearest"``, ``"nearest-exact"``, ``"area"`` (:func:`adaptive_avg_pool2d`), and by the number of spatial
        dimensions ``"linear"``, ``"bilinear"`` or ``"bicubic"``, ``"trilinear"``
    align_corners : bool, optional
        for the linear and cubic modes: let the centres of the corner elements coincide, instead of their outer corners
    recompute_scale_factor : bool, optional
        take the scale from the rounded sizes instead of ``scale_factor``

    Returns
    -------
    Tensor, shape (N, C, *size)

    Raises
    ------
    ValueError
        if both or neither of ``size`` and ``scale_factor`` are given, or if ``align_corners`` is given for another mode
    NotImplementedError
        if the mode does not exist for this number of dimensions

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor([[[1.0, 3.0]]])
    >>> interpolate(x, scale_factor=2)
    tensor([[[1., 1., 3., 3.]]])
    >>> interpolate(x, size=3, mode="linear", align_corners=True)
    tensor([[[1., 2., 3.]]])
    """
    dims = input.ndim - 2
    if mode not in ("nearest", "nearest-exact", "area") and _DIMENSIONS.get(mode) != dims:
        raise NotImplementedError(
            f"Got {input.ndim}D input and mode {mode!r}: a 3D input (N, C, L) can be interpolated by nearest | "
            f"nearest-exact | area | linear, a 4D one by bilinear and bicubic instead of linear, a 5D one by trilinear"
        )
    if align_corners is not None and mode not in _DIMENSIONS:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
            f"trilinear, got mode={mode!r}"
        )
    sizes, steps = _sizes(tuple(input.shape[2:]), size, scale_factor, bool(recompute_scale_factor))
    out = input
    for axis, (m, step) in enumerate(zip(sizes, steps), 2):
        n = input.shape[axis]
        if mode.startswith("nearest"):
            centre = 0.5 if mode == "nearest-exact" else 0.0
            at = (np.arange(m, dtype=np.float32) + np.float32(centre)) * np.float32(step)  # as PyTorch rounds it
            out = pick(out, np.minimum(at, n - 1).astype(np.intp), axis)
        elif mode == "area":
            out = along_axis(out, axis, averaging(n, m, input.dtype))
        else:
            weights = _weights(n, m, step, mode == "bicubic", bool(align_corners))
            out = along_axis(out, axis, weights.astype(input.dtype))
    return out


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """The former name of :func:`interpolate`.

    >>> from minitorch_optim.autograd import ones
    >>> with warnings.catch_warnings(record=True):
    ...     upsample(ones(1, 1, 2), scale_factor=2)
    tensor([[[1., 1., 1., 1.]]])
    """
    warnings.warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, mode, align_corners)


def _sizes(
    old: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The output's sizes, and how far one step in the output is in the input."""
    if (size is None) == (scale_factor is None):
        which = "only one of" if size is not None else "either"
        raise ValueError(f"{which} size or scale_factor should be defined, got {size=} and {scale_factor=}")
    if size is not None:
        new = per_dimension(size, len(old), "size")
        factors: Any = None
    else:
        factors = (scale_factor,) * len(old) if isinstance(scale_factor, int | float) else tuple(scale_factor)
        if len(factors) != len(old):
            raise ValueError(f"scale_factor must have {len(old)} numbers, one for each dimension, got {scale_factor}")
        new = tuple(math.floor(n * f) for n, f in zip(old, factors))
    if min(new) < 1:
        raise RuntimeError(f"Input and output sizes should be greater than 0, but got input {old} and output {new}")
    if factors is None or recompute:
        return new, tuple(n / m for n, m in zip(old, new))
    return new, tuple(1 / f for f in factors)


def _weights(n: int, m: int, step: float, cubic: bool, align_corners: bool) -> Any:
    """The matrix, shape (n, m), whose column ``i`` says how much each element counts in element ``i`` of the output."""
    if align_corners:
        at = np.arange(m) * ((n - 1) / (m - 1) if m > 1 else 0.0)
    else:
        at = (np.arange(m) + 0.5) * step - 0.5
        if not cubic:
            at = np.maximum(at, 0)
    left = np.floor(at)
    t = at - left
    matrix = np.zeros((n, m))
    for offset, share in enumerate(_cubic(t), -1) if cubic else enumerate((1 - t, t)):
        element = np.clip(left + offset, 0, n - 1).astype(np.intp)
        matrix[element, np.arange(m)] += share
    return matrix


def _cubic(t: Any, a: float = -0.75) -> tuple[Any, ...]:
    """The shares of the four neighbours of a point ``t`` after the second (Keys 1981, with his ``a``)."""

    def near(d: Any) -> Any:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: Any) -> Any:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return far(t + 1), near(t), near(1 - t), far(2 - t)
