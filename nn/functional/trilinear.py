"""Convolution (strictly: cross-correlation) in any number of spatial dimensions, as the primitives of the tape.

All of it is one trilinear form of an image, a kernel and an output,

    sum over n, c, d, o, k of  x[n, c, o * stride + k * dilation - padding] * weight[d, c, k] * y[n, d, o].

Leaving out ``y``, the sum is the convolution of image and kernel; leaving out ``x``, it is the transposed convolution;
leaving out ``weight``, it says which kernel goes with this image and this output. The derivatives of each of the three
are the two others, in any order. Each is one matrix product over the windows laid out as columns (im2col; Chellapilla
et al. 2006), a cache-sized block of samples at a time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd.table import derivative
from ...autograd.tape import primitive
from .windows import Windows


@primitive
def convolve(x: Any, weight: Any, bias: Any, windows: Windows, groups: int) -> Any:
    """Shape (N, C, *size) with weight (D, C / groups, *kernel) to (N, D, *places)."""
    n, d = len(x), len(weight)
    kernels = weight.reshape(groups, d // groups, -1)
    out = np.empty((n, groups, d // groups, math.prod(windows.places)), np.result_type(x, weight))
    every = windows.all_of(windows.reached(x))
    for block in windows.blocks(x.shape):
        columns = every[block].reshape(-1, groups, kernels.shape[2], out.shape[3])
        np.matmul(kernels, columns, out=out[block])
    out = out.reshape(n, d, *windows.places)
    if bias is not None:
        out += bias.reshape(-1, *(1,) * len(windows.places))
    return out


@primitive
def convolve_transposed(y: Any, weight: Any, bias: Any, windows: Windows, groups: int) -> Any:
    """Shape (N, D, *places) with weight (D, C / groups, *kernel) to (N, C, *size)."""
    n, d = y.shape[:2]
    c = weight.shape[1] * groups
    kernels = weight.reshape(groups, d // groups, -1).swapaxes(1, 2)
    rows = y.reshape(n, groups, d // groups, math.prod(windows.places))
    whole, inside = windows.unreached((n, c), np.result_type(y, weight))
    for block in windows.blocks((n, c)):
        columns = np.matmul(kernels, rows[block]).reshape(-1, c, *windows.kernel, *windows.places)
        part = whole[block]
        for k, where in zip(np.ndindex(windows.kernel), windows.slices()):
            part[where] += columns[(slice(None), slice(None), *k)]
    if bias is not None:
        inside += bias.reshape(-1, *(1,) * len(windows.size))
    return inside


@primitive
def kernel_between(x: Any, y: Any, windows: Windows, groups: int) -> Any:
    """Shapes (N, C, *size) and (N, D, *places) to the kernel's, (D, C / groups, *kernel)."""
    n, c = x.shape[:2]
    d = y.shape[1]
    total = np.zeros((groups, d // groups, c // groups * math.prod(windows.kernel)), np.result_type(x, y))
    every = windows.all_of(windows.reached(x))
    for block in windows.blocks(x.shape):
        samples_beside_places = np.moveaxis(every[block], 0, 1 + len(windows.kernel))
        columns = samples_beside_places.reshape(groups, total.shape[2], -1)
        rows = np.moveaxis(y[block], 0, 1).reshape(groups, d // groups, -1)
        total += rows @ columns.swapaxes(1, 2)
    return total.reshape(d, c // groups, *windows.kernel)


def _of_channels(g: Any) -> Any:
    """What the bias receives: its gradient at every sample and place, summed."""
    return np.sum(g, axis=(0, *range(2, g.ndim)))


derivative(
    convolve,
    lambda g, out, x, weight, bias, windows, groups: convolve_transposed(g, weight, None, windows, groups),
    lambda g, out, x, weight, bias, windows, groups: kernel_between(x, g, windows, groups),
    lambda g, out, x, weight, bias, windows, groups: _of_channels(g),
    name="Convolution",
)
derivative(
    convolve_transposed,
    lambda g, out, y, weight, bias, windows, groups: convolve(g, weight, None, windows, groups),
    lambda g, out, y, weight, bias, windows, groups: kernel_between(g, y, windows, groups),
    lambda g, out, y, weight, bias, windows, groups: _of_channels(g),
    name="TransposedConvolution",
)
derivative(
    kernel_between,
    lambda g, out, x, y, windows, groups: convolve_transposed(y, g, None, windows, groups),
    lambda g, out, x, y, windows, groups: convolve(x, g, None, windows, groups),
    name="ConvolutionKernel",
)
