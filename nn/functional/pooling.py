"""Pooling: the largest element, or the mean, of each window.

The windows (``windows.py``) are visited one element of the kernel at a time, for all places at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.table import derivative
from ...autograd.tape import apply, primitive
from ...autograd.tensor import Tensor, array_of, new_tensor
from ...autograd.watch import beside
from .windows import Windows, batched, gather_windows, per_dimension, scatter_windows, unbatched

__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d"]


@primitive
def maxima(x: Any, windows: Windows) -> Any:
    """The largest element of each window, the first of equals. Shape (N, C, *size) to (N, C, *places)."""
    return _largest(x, windows)


def _largest(x: Any, windows: Windows) -> tuple[Any, Any]:
    """The largest elements, and the number of each in its window."""
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    reached = windows.reached(x, lowest)
    first, *others = windows.slices()
    best = reached[first].copy()
    choice = np.zeros(best.shape, np.uint8 if len(others) < 256 else np.intp)
    for k, where in enumerate(others, 1):
        part = reached[where]
        np.putmask(choice, part > best, k)
        np.maximum(best, part, out=best)
    return best, choice


derivative(
    maxima,  # which element is the largest is piecewise constant, so in higher order it is a constant too
    lambda g, out, x, windows, saved: scatter_windows(
        g, _largest(array_of(x), windows)[1] if saved is None else saved, windows
    ),
    name="MaxPool",
    fused=True,
)


# ---------------------------------------------------------------------------------------------- max, by torch's names


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """:func:`max_pool2d` in one dimension. Shape (N, C, L) or (C, L) to (N, C, L') or (C, L').

    >>> from minitorch_optim.autograd import tensor
    >>> max_pool1d(tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
    tensor([[3., 5.]])
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size : int or pair
        the size of a window
    stride : int or pair, optional
        the step between windows; default: ``kernel_size``, so that they touch
    padding : int or pair
        rows and columns around the input that are never the largest; at most half the window
    dilation : int or pair
        the step between the elements of a window
    ceil_mode : bool
        have a window at the end also where it is not filled
    return_indices : bool
        also give the position of each largest element in its H x W plane, flat, int64

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W'), or a pair of them
        with ``H' = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1``, rounded up in ``ceil_mode``

    Raises
    ------
    RuntimeError
        if the window does not fit, or the padding is more than half of it

    >>> from minitorch_optim.autograd import arange
    >>> x = arange(16.0).reshape(1, 4, 4)
    >>> max_pool2d(x, 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    >>> max_pool2d(x, 3, stride=1, return_indices=True)[1]
    tensor([[[10, 11],
             [14, 15]]])
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """:func:`max_pool2d` in three dimensions. Shape (N, C, D, H, W) or (C, D, H, W) to (N, C, D', H', W').

    >>> from minitorch_optim.autograd import arange
    >>> max_pool3d(arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


# ---------------------------------------------------------------------------------------------- mean, by torch's names


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """:func:`avg_pool2d` in one dimension. Shape (N, C, L) or (C, L) to (N, C, L') or (C, L').

    >>> from minitorch_optim.autograd import tensor
    >>> avg_pool1d(tensor([[1.0, 3.0, 2.0, 5.0]]), 2)
    tensor([[2.0000, 3.5000]])
    """
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    kernel_size, stride, padding, ceil_mode
        as in :func:`max_pool2d`; the padding is with zeros
    count_include_pad : bool
        whether the padding counts as elements of the window
    divisor_override : int, optional
        divide the sum of the window by this instead of by its number of elements

    Returns
    -------
    Tensor, shape (N, C, H', W') or (C, H', W')

    >>> from minitorch_optim.autograd import arange
    >>> avg_pool2d(arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """:func:`avg_pool2d` in three dimensions. Shape (N, C, D, H, W) or (C, D, H, W) to (N, C, D', H', W').

    >>> from minitorch_optim.autograd import arange
    >>> avg_pool3d(arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _max_pool(
    dims: int, input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, indices: bool
) -> Any:
    x = batched(dims, input, f"max_pool{dims}d")
    windows = _windows(dims, x.shape, kernel, stride, padding, dilation, ceil_mode)
    out = unbatched(apply(maxima, x, windows), x, input)
    if not indices:
        return out
    return out, unbatched(new_tensor(_positions(array_of(x), windows)), x, input)


@beside
def _positions(x: Any, windows: Windows) -> Any:
    """Where the chosen element of each window is in the input, as flat indices."""
    choice = _largest(x, windows)[1]
    flat = np.zeros(choice.shape, np.int64)
    within = np.unravel_index(choice, windows.kernel)
    for i, (n, s, p, dl, o) in enumerate(
        zip(windows.size, windows.stride, windows.padding, windows.dilation, windows.places)
    ):
        start = (np.arange(o) * s - p).reshape(-1, *(1,) * (len(windows.size) - 1 - i))
        flat = flat * n + np.clip(start + within[i] * dl, 0, n - 1)
    return flat


def _avg_pool(
    dims: int,
    input: Tensor,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Tensor:
    if divisor == 0:
        raise RuntimeError("divisor must be not zero, got divisor_override=0")
    x = batched(dims, input, f"avg_pool{dims}d")
    windows = _windows(dims, x.shape, kernel, stride, padding, 1, ceil_mode)
    total = apply(gather_windows, x, None, windows)
    return unbatched(total / (divisor or _counts(windows, count_include_pad, x.dtype)), x, input)


def _counts(windows: Windows, count_include_pad: bool, dtype: Any) -> Any:
    """How many elements each window has: a number if all have the same, else shape (*places)."""
    counts: Any = np.ones((), dtype)
    for n, k, s, p, o in zip(windows.size, windows.kernel, windows.stride, windows.padding, windows.places):
        start = np.arange(o) * s - p
        end = np.minimum(start + k, n + p)
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, n)
        counts = np.multiply.outer(counts, (end - start).astype(dtype))
    return float(counts.flat[0]) if counts.min() == counts.max() else counts


def _windows(
    dims: int, shape: tuple[int, ...], kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Windows:
    kernel = per_dimension(kernel, dims, "kernel_size")
    stride = kernel if stride is None or stride == [] else per_dimension(stride, dims, "stride")
    padding = per_dimension(padding, dims, "padding")
    dilation = per_dimension(dilation, dims, "dilation")
    for name, values in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if min(values) < 1:
            raise RuntimeError(f"{name} should be greater than zero, but got {name}={values}")
    places = []
    for n, k, s, p, dl in zip(shape[2:], kernel, stride, padding, dilation):
        span = dl * (k - 1) + 1
        if not 0 <= p <= span // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={dl}"
            )
        room = n + 2 * p - span
        o = room // s + 1
        if ceil_mode and room % s and o * s < n + p:  # the last window must start inside the input or before it
            o += 1
        places.append(o)
    if min(places) < 1:
        raise RuntimeError(
            f"Given input size: ({'x'.join(map(str, shape[1:]))}). Calculated output size: "
            f"({'x'.join(map(str, (shape[1], *(max(o, 0) for o in places))))}). Output size is too small: the window "
            f"of kernel_size={kernel} does not fit"
        )
    return Windows(tuple(shape[2:]), kernel, stride, padding, dilation, tuple(places))
