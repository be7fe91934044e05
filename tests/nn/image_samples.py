"""Samples for the rows of convolution, pooling and normalisation: see ``tests/autograd/kit.py``."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_optim.nn.functional.pooling import maxima
from minitorch_optim.nn.functional.standardize import standardize
from minitorch_optim.nn.functional.trilinear import convolve, convolve_transposed, kernel_between
from minitorch_optim.nn.functional.windows import Windows, gather_windows, scatter_windows

kit = runpy.run_path(str(Path(__file__).parents[1] / "autograd" / "kit.py"))
sample, real, imaginary = kit["sample"], kit["real"], kit["imaginary"]

LINE = Windows(size=(5,), kernel=(3,), stride=(1,), padding=(0,), dilation=(1,), places=(3,))
PADDED = Windows(size=(4, 3), kernel=(2, 3), stride=(1, 2), padding=(1, 1), dilation=(2, 1), places=(4, 2))
# Windows that leave out the end of the input, and windows that reach beyond it.
SHORT = Windows(size=(6,), kernel=(2,), stride=(2,), padding=(0,), dilation=(1,), places=(2,))
BEYOND = Windows(size=(5,), kernel=(2,), stride=(2,), padding=(0,), dilation=(1,), places=(3,))


def numbers(maker: Any, windows: Windows, groups: int) -> tuple[Any, Any, Any]:
    """An input with 2 channels, kernels to 4 channels, and an output."""
    weight = maker(4, 2 // groups, *windows.kernel)
    return maker(2, 2, *windows.size), weight, maker(2, 4, *windows.places)


def different(*shape: int) -> Any:
    """Numbers far enough apart that differences do not change which is the largest."""
    return np.random.default_rng(5).permutation(np.arange(np.prod(shape)) * 0.1 - 1).reshape(shape)


SAMPLES: dict[Any, list[Any]] = {
    convolve: [],
    convolve_transposed: [],
    kernel_between: [],
    gather_windows: [],
    scatter_windows: [],
    maxima: [sample(different(2, 2, *w.size), w) for w in (LINE, PADDED, SHORT, BEYOND)],
    standardize: [
        sample(real(4, 3), real(3), real(3), axes=(0,), eps=0.1),  # batch
        sample(real(4, 3), None, None, axes=(0,), eps=0.1),
        sample(real(3, 2, 2), real(2, 1), real(2, 1), axes=(0, 2), eps=0.1),
        sample(real(2, 2, 2, 2), real(2, 1, 1), None, axes=(0, 2, 3), eps=0.1),
        sample(real(3, 4), real(4), real(4), axes=(1,), eps=0.1),  # layer
        sample(real(2, 2, 3), real(2, 3), real(2, 3), axes=(1, 2), eps=0.1),
        sample(real(3, 4), None, real(4), axes=(1,), eps=0.1),
        sample(real(2, 3, 4), real(3, 1), real(3, 1), axes=(2,), eps=0.1),  # instance
        sample(real(2, 2, 2, 3), real(2, 2, 1), real(2, 2, 1), axes=(2, 3), eps=0.1),  # group
    ],
}
for windows_, groups_, maker_ in ((LINE, 1, real), (PADDED, 2, real), (SHORT, 2, real), (BEYOND, 1, imaginary)):
    x, weight, y = numbers(maker_, windows_, groups_)
    SAMPLES[convolve] += [
        sample(x, weight, maker_(4), windows_, groups_),
        sample(x, weight, None, windows_, groups_),
    ]
    SAMPLES[convolve_transposed] += [
        sample(y, weight, maker_(2), windows_, groups_),
        sample(y, weight, None, windows_, groups_),
    ]
    SAMPLES[kernel_between].append(sample(x, y, windows_, groups_))
    count = int(np.prod(windows_.kernel))
    choice = np.random.default_rng(6).integers(0, count, (2, 4, *windows_.places)).astype(np.uint8)
    for chosen in (None, choice):
        SAMPLES[gather_windows].append(sample(maker_(2, 4, *windows_.size), chosen, windows_))
        SAMPLES[scatter_windows].append(sample(maker_(2, 4, *windows_.places), chosen, windows_))
