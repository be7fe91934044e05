"""Adaptive pooling: windows are chosen so that the output has a given size.

Window ``i`` of ``m`` along an axis of length ``n`` runs from ``floor(i n / m)`` to ``ceil((i + 1) n / m)``, so windows
may overlap, and differ in length by one. The mean over them is a product with a matrix, one axis after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.derivatives.indexing import gather
from ...autograd.tape import apply
from ...autograd.tensor import Tensor, array_of, new_tensor
from ...autograd.watch import beside
from .resampling import along_axis
from .windows import batched, unbatched

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
]  # fmt: skip


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """:func:`adaptive_avg_pool2d` in one dimension. Shape (N, C, L) or (C, L) to (N, C, L') or (C, L').

    >>> from minitorch_optim.autograd import tensor
    >>> adaptive_avg_pool1d(tensor([[1.0, 2.0, 3.0]]), 2)
    tensor([[1.5000, 2.5000]])
    """
    return _adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The mean of windows that are chosen so that the output has ``output_size``.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    output_size : int or pair of int or None
        H' and W'; None keeps the size of the input

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')

    >>> from minitorch_optim.autograd import arange
    >>> adaptive_avg_pool2d(arange(12.0).reshape(1, 3, 4), (1, 2))
    tensor([[[4.5000, 6.5000]]])
    """
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """:func:`adaptive_avg_pool2d` in three dimensions. Shape (N, C, D, H, W) or (C, D, H, W) to (N, C, D', H', W').

    >>> from minitorch_optim.autograd import arange
    >>> adaptive_avg_pool3d(arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[3.5000]]]])
    """
    return _adaptive_avg_pool(3, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """:func:`adaptive_max_pool2d` in one dimension. Shape (N, C, L) or (C, L) to (N, C, L') or (C, L').

    >>> from minitorch_optim.autograd import tensor
    >>> adaptive_max_pool1d(tensor([[1.0, 3.0, 2.0]]), 2, return_indices=True)
    (tensor([[3., 3.]]), tensor([[1, 1]]))
    """
    return _adaptive_max_pool(1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of the windows of :func:`adaptive_avg_pool2d`.

    With ``return_indices`` also its position in its H x W plane, flat, int64, as in :func:`max_pool2d`.

    >>> from minitorch_optim.autograd import arange
    >>> adaptive_max_pool2d(arange(12.0).reshape(1, 3, 4), (1, 2))
    tensor([[[ 9., 11.]]])
    """
    return _adaptive_max_pool(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """:func:`adaptive_max_pool2d` in three dimensions. Shape (N, C, D, H, W) or (C, D, H, W) to (N, C, D', H', W').

    >>> from minitorch_optim.autograd import arange
    >>> adaptive_max_pool3d(arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[7.]]]])
    """
    return _adaptive_max_pool(3, input, output_size, return_indices)


def _adaptive_avg_pool(dims: int, input: Tensor, output_size: Any) -> Tensor:
    x = batched(dims, input, f"adaptive_avg_pool{dims}d")
    out = x
    for axis, m in enumerate(_output_size(output_size, x.shape[2:]), 2):
        if m != x.shape[axis]:
            out = along_axis(out, axis, averaging(x.shape[axis], m, x.dtype))
    return unbatched(out, x, input)


def averaging(n: int, m: int, dtype: Any) -> Any:
    """The matrix, shape (n, m), whose column ``i`` averages window ``i``.

    >>> averaging(3, 2, np.float32)
    array([[0.5, 0. ],
           [0.5, 0.5],
           [0. , 0.5]], dtype=float32)
    """
    starts, ends = _bounds(n, m)
    place = np.arange(n)[:, None]
    return (((place >= starts) & (place < ends)) / (ends - starts)).astype(dtype)


@beside
def _largest(planes: Any, windows: Any) -> Any:
    """Which element of each window is the largest: shape (N, C, *windows), as flat indices."""
    choice = np.argmax(planes[..., windows], axis=-1)[..., None]
    return np.take_along_axis(np.broadcast_to(windows, (*planes.shape[:2], *windows.shape)), choice, -1)[..., 0]


def _adaptive_max_pool(dims: int, input: Tensor, output_size: Any, return_indices: bool) -> Any:
    x = batched(dims, input, f"adaptive_max_pool{dims}d")
    size = _output_size(output_size, x.shape[2:])
    within = []  # for each axis: the elements of each window; a shorter one repeats its last, which is never larger
    for axis, m in enumerate(size):
        starts, ends = _bounds(x.shape[2 + axis], m)
        elements = np.minimum(starts[:, None] + np.arange((ends - starts).max()), ends[:, None] - 1)
        within.append(elements.reshape(*(m if i == axis else 1 for i in range(dims)),
                                       *(elements.shape[1] if i == axis else 1 for i in range(dims))))  # fmt: skip
    flat = np.ravel_multi_index(np.broadcast_arrays(*within), tuple(x.shape[2:])).reshape(*size, -1)
    planes = apply(np.reshape, x, (*x.shape[:2], -1))
    indices = _largest(array_of(planes), flat)
    out = apply(gather, planes, indices.reshape(*x.shape[:2], -1), 2)
    out = unbatched(apply(np.reshape, out, indices.shape), x, input)
    return (out, unbatched(new_tensor(indices), x, input)) if return_indices else out


def _bounds(n: int, m: int) -> tuple[Any, Any]:
    """Where each of the ``m`` windows along an axis of length ``n`` starts and ends."""
    i = np.arange(m)
    return i * n // m, -(-(i + 1) * n // m)


def _output_size(output_size: Any, size: tuple[int, ...]) -> tuple[int, ...]:
    if output_size is None or isinstance(output_size, int):
        output_size = (output_size,) * len(size)
    if len(output_size) != len(size):
        raise RuntimeError(f"output_size must have {len(size)} numbers, one for each dimension, got {output_size}")
    result = tuple(n if m is None else int(m) for m, n in zip(output_size, size))
    if min(result) < 1:
        raise RuntimeError(f"elements of output_size must be greater than 0, got {output_size}")
    return result
