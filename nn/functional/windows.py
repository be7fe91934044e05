"""Windows that slide over an image: the geometry that convolution and pooling share.

Along each spatial dimension, element ``k`` of the kernel at place ``o`` of the output meets the element
``o * stride + k * dilation - padding`` of the input. Everything else follows from this one line.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ...autograd.table import derivative
from ...autograd.tape import apply, primitive
from ...autograd.tensor import Tensor

BLOCK = 1 << 18  # elements of input laid out at a time: 1 MB of float32 stays in the cache of a core


def per_dimension(value: Any, dims: int, name: str) -> tuple[int, ...]:
    """``value``, one whole number or one for each of ``dims`` spatial dimensions, as a tuple.

    >>> per_dimension(3, 2, "kernel_size"), per_dimension([1, 2], 2, "stride")
    ((3, 3), (1, 2))
    """
    if isinstance(value, int | np.integer):
        return (int(value),) * dims
    values = tuple(value)
    if len(values) == 1:
        values *= dims
    if len(values) != dims or not all(isinstance(v, int | np.integer) for v in values):
        raise RuntimeError(f"{name} should be a whole number or {dims} of them, one for each dimension, got {value!r}")
    return tuple(int(v) for v in values)


class Windows(NamedTuple):
    """How windows lie on an image. Each field has one number for each spatial dimension."""

    size: tuple[int, ...]  # of the input
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]  # before the first element; as much follows the last one as the windows reach
    dilation: tuple[int, ...]
    places: tuple[int, ...]  # how many windows: the size of the output

    @property
    def reach(self) -> tuple[int, ...]:
        """From the first element of the first window to the last of the last."""
        return tuple(
            (o - 1) * s + d * (k - 1) + 1
            for o, s, d, k in zip(self.places, self.stride, self.dilation, self.kernel)
        )

    def reached(self, x: Any, fill: Any = 0) -> Any:
        """The part of ``x``, shape (N, C, *size), that windows reach, padded with ``fill`` where they reach beyond."""
        inside = tuple(slice(min(r, n)) for r, n in zip(self.reach, self.size))
        if not any(self.padding) and all(r <= n for r, n in zip(self.reach, self.size)):
            return x[(..., *inside)]
        padded: Any = np.full(x.shape[:2] + self.reach, fill, x.dtype)
        to, of = [], []
        for p, r, n in zip(self.padding, self.reach, self.size):
            length = max(min(n, r - p), 0)
            to.append(slice(p, p + length))
            of.append(slice(length))
        padded[(..., *to)] = x[(..., *of)]
        return padded

    def unreached(self, shape: tuple[int, ...], dtype: Any) -> tuple[Any, Any]:
        """The way back of :meth:`reached`: zeros for all that windows reach, and the part of them that is the input."""
        ends = [max(r, p + n) for r, p, n in zip(self.reach, self.padding, self.size)]
        whole: Any = np.zeros((*shape, *ends), dtype)
        return whole, whole[(..., *(slice(p, p + n) for p, n in zip(self.padding, self.size)))]

    def slices(self) -> Iterator[tuple[Any, ...]]:
        """For each element of the kernel, in C order: the elements that it meets, one for each place."""
        each = [
            [slice(k * d, k * d + s * (o - 1) + 1, s) for k in range(kernel)]
            for kernel, s, d, o in zip(self.kernel, self.stride, self.dilation, self.places)
        ]
        for along in itertools.product(*each):
            yield (..., *along)

    def all_of(self, reached: Any) -> Any:
        """A view of every window, shape (N, C, *kernel, *places), of what :meth:`reached` gave."""
        steps = reached.strides[2:]
        return as_strided(
            reached,
            reached.shape[:2] + self.kernel + self.places,
            (
                *reached.strides[:2],
                *(d * step for d, step in zip(self.dilation, steps)),
                *(s * step for s, step in zip(self.stride, steps)),
            ),
            writeable=False,
        )

    def blocks(self, shape: tuple[int, ...]) -> Iterator[slice]:
        """The samples of an input of this ``shape``, so many at a time that their windows stay in the cache."""
        each = shape[1] * math.prod(self.kernel) * math.prod(self.places)
        step = max(BLOCK // max(each, 1), 1)
        return (slice(start, start + step) for start in range(0, shape[0], step))


def batched(dims: int, input: Tensor, what: str) -> Tensor:
    """``input`` with a first dimension for the samples; it has ``dims`` dimensions of space."""
    if input.ndim == dims + 2:
        return input
    if input.ndim == dims + 1:
        return apply(np.expand_dims, input, 0)
    raise RuntimeError(
        f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {what}, but got input of size: "
        f"{list(input.shape)}. The dimensions are (samples,) channels, and {dims} of space: reshape it first, as in "
        f"x.view(-1, 1, {', '.join(('28',) * dims)}) for one channel"
    )


def unbatched(out: Tensor, x: Tensor, input: Tensor) -> Tensor:
    """``out`` without the dimension that :func:`batched` put before ``input`` to make ``x``."""
    return out if x is input else apply(np.reshape, out, out.shape[1:])


# -- Pooling is one of two linear maps, each the other's derivative. ``choice`` says which element of each window counts
# -- (its number in the kernel), or is None if all of them do.


@primitive
def gather_windows(x: Any, choice: Any, windows: Windows) -> Any:
    """The chosen element of each window, or the sum of all. Shape (N, C, *size) to (N, C, *places)."""
    reached = windows.reached(x)
    out = np.zeros(x.shape[:2] + windows.places, x.dtype)
    for k, where in enumerate(windows.slices()):
        if choice is None:
            out += reached[where]
        else:
            np.copyto(out, reached[where], where=choice == k)
    return out


@primitive
def scatter_windows(g: Any, choice: Any, windows: Windows) -> Any:
    """Each of ``g`` added to the chosen element of its window, or to all. Shape (N, C, *places) to (N, C, *size)."""
    whole, inside = windows.unreached(g.shape[:2], g.dtype)
    for k, where in enumerate(windows.slices()):
        target = whole[where]
        if choice is None:
            target += g
        else:
            np.add(target, g, out=target, where=choice == k)
    return inside


derivative(
    gather_windows,
    lambda g, out, x, choice, windows: scatter_windows(g, choice, windows),
    linear=True,
)
derivative(
    scatter_windows,
    lambda g, out, x, choice, windows: gather_windows(g, choice, windows),
    linear=True,
)
