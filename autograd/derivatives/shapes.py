"""Functions that move elements without changing them: their rules move the gradient back.

All are linear, so nothing is saved but shapes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backward import unbroadcast
from ..table import TABLE, derivative
from ..tape import primitive

derivative(np.reshape, lambda g, out, x, shape: np.reshape(g, x.shape), linear=True, view=True, name="View")


def _undone(axes: Any) -> tuple[int, ...]:
    """The permutation that takes ``axes`` back."""
    return tuple(int(i) for i in np.argsort([a % len(axes) for a in axes]))


derivative(
    np.transpose,
    lambda g, out, x, axes=None: np.transpose(g, None if axes is None else _undone(axes)),
    linear=True,
    view=True,
    name="Permute",
)
derivative(np.swapaxes, lambda g, out, x, a, b: np.swapaxes(g, a, b), linear=True, view=True, name="Transpose")
derivative(np.moveaxis, lambda g, out, x, a, b: np.moveaxis(g, b, a), linear=True, view=True)
derivative(np.squeeze, lambda g, out, x, axis=None: np.reshape(g, x.shape), linear=True, view=True)
derivative(np.expand_dims, lambda g, out, x, axis: np.reshape(g, x.shape), linear=True, view=True, name="Unsqueeze")
derivative(
    np.broadcast_to, lambda g, out, x, shape: unbroadcast(g, x.shape), linear=True, view=True, name="Expand"
)
derivative(np.flip, lambda g, out, x, axis=None: np.flip(g, axis), linear=True)
TABLE[np.flip].call = lambda x, axis=None: np.flip(x, axis).copy()  # PyTorch's is no view, and ours is not known as one
derivative(
    np.roll,
    lambda g, out, x, shift, axis=None: (
        np.roll(g, tuple(-s for s in shift) if isinstance(shift, tuple) else -shift, axis)
    ),
    linear=True,
)
derivative(np.tril, lambda g, out, x, k=0: np.tril(g, k), linear=True)
derivative(np.triu, lambda g, out, x, k=0: np.triu(g, k), linear=True)


def _tile_rule(g: Any, out: Any, x: Any, reps: Any) -> Any:
    reps = (1,) * (x.ndim - len(reps)) + tuple(reps)
    shape = (1,) * (len(reps) - x.ndim) + x.shape
    blocks = np.reshape(g, [n for pair in zip(reps, shape, strict=True) for n in pair])
    return np.reshape(np.sum(blocks, axis=tuple(range(0, 2 * len(reps), 2))), x.shape)


derivative(np.tile, _tile_rule, linear=True, name="Repeat")


@primitive
def concatenate(*arrays: Any, axis: int = 0) -> Any:
    """``np.concatenate`` with the arrays as arguments, so that each has its gradient."""
    return np.concatenate(arrays, axis=axis)


@primitive
def stack(*arrays: Any, axis: int = 0) -> Any:
    """``np.stack`` with the arrays as arguments."""
    return np.stack(arrays, axis=axis)


def _its_section(i: int, g: Any, out: Any, *arrays: Any, axis: int = 0) -> Any:
    start = sum(a.shape[axis] for a in arrays[:i])
    return g[(slice(None),) * (axis % g.ndim) + (slice(start, start + arrays[i].shape[axis]),)]


derivative(concatenate, every=_its_section, linear=True, promotes=True, name="Cat")
derivative(
    stack,
    every=lambda i, g, out, *arrays, axis=0: g[(slice(None),) * (axis % g.ndim) + (i,)],
    linear=True,
    promotes=True,
)


@primitive
def diagonal(x: Any, offset: int, a: int, b: int) -> Any:
    """A view of the diagonal of dimensions a and b, as last dimension."""
    result = np.diagonal(x, offset, a, b)
    if x.flags.writeable:
        result.flags.writeable = True  # NumPy leaves it off to warn those who expect a copy
    return result


@primitive
def on_diagonal(values: Any, shape: tuple[int, ...], offset: int, a: int, b: int) -> Any:
    """Zeros of ``shape`` with ``values`` on the diagonal of dimensions a and b."""
    result = np.zeros(shape, values.dtype)
    diagonal(result, offset, a, b)[...] = values
    return result


derivative(
    diagonal,
    lambda g, out, x, offset, a, b: on_diagonal(g, x.shape, offset, a, b),
    linear=True,
    view=True,
)
derivative(on_diagonal, lambda g, out, values, shape, offset, a, b: diagonal(g, offset, a, b), linear=True)


@primitive
def clone(x: Any) -> Any:
    """A copy."""
    return x.copy()


derivative(clone, lambda g, out, x: g, linear=True)


@primitive
def contiguous(x: Any) -> Any:
    """The same elements in C order: the array itself if they are."""
    return np.ascontiguousarray(x).reshape(x.shape)


derivative(contiguous, lambda g, out, x: g, linear=True, view=True)


@primitive
def replaced(x: Any, value: Any) -> Any:
    """``value`` in the shape and dtype of ``x``: what ``x`` becomes by ``x.copy_(value)`` or ``x.fill_(value)``."""
    result = np.empty_like(x)
    result[...] = value
    return result


derivative(
    replaced,
    lambda g, out, x, value: np.zeros_like(g),
    lambda g, out, x, value: unbroadcast(g, value.shape),
    linear=True,
    name="Copy",
)
