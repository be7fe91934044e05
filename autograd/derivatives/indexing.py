"""Picking elements out and putting them in: each is the other's derivative.

An index is a constant: whole numbers, slices, None, Ellipsis, arrays of whole numbers or of bool, or a tuple of these.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backward import unbroadcast
from ..table import derivative
from ..tape import primitive


@primitive
def getitem(x: Any, index: Any) -> Any:
    """``x[index]``, as a view wherever NumPy can give one."""
    return x[index]


@primitive
def putitem(values: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``values`` added at ``index``: an element that is picked twice gets the sum."""
    result = np.zeros(shape, values.dtype)
    if picks_once(index):
        result[index] = values
    elif isinstance(index, np.ndarray):
        _add_rows(result, index.reshape(-1), values)
    else:
        np.add.at(result, index, values)
    return result


def is_basic(index: Any) -> bool:
    """Whether ``index`` is made of whole numbers, slices, None and Ellipsis: then ``x[index]`` is a view."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or type(part) in (int, slice) for part in parts)


def picks_once(index: Any) -> bool:
    """Whether no element is picked twice: without arrays of whole numbers none can be."""
    parts = index if isinstance(index, tuple) else (index,)
    return not any(isinstance(part, np.ndarray) and part.dtype.kind != "b" for part in parts)


def _add_rows(result: Any, rows: Any, values: Any) -> None:
    """``result[rows] += values`` with repeated rows summed: ``np.add.at`` is fast on one dimension only."""
    width = math.prod(result.shape[1:])
    places = np.where(rows < 0, rows + len(result), rows)[:, None] * width + np.arange(width)
    np.add.at(result.reshape(-1), places.reshape(-1), values.reshape(-1))


derivative(getitem, lambda g, out, x, index: putitem(g, index, x.shape), linear=True, view=True, name="Index")
derivative(putitem, lambda g, out, values, index, shape: getitem(g, index), linear=True)


@primitive
def assign(x: Any, value: Any, index: Any) -> Any:
    """A copy of ``x`` with ``value`` at ``index``: what ``x`` becomes by ``x[index] = value``."""
    result = x.copy()
    result[index] = value
    return result


def _by_value(g: Any, out: Any, x: Any, value: Any, index: Any) -> Any:
    part = getitem(g, index)
    if part.ndim < value.ndim:  # a value may have further leading dimensions of length 1
        part = np.reshape(part, (1,) * (value.ndim - part.ndim) + tuple(part.shape))
    return unbroadcast(part, value.shape)


derivative(assign, lambda g, out, x, value, index: assign(g, 0, index), _by_value, linear=True, name="IndexPut")

# -- along one axis: ``out[i][j] = x[indices[i][j]][j]`` for axis 0


def along(indices: Any, axis: int) -> tuple[Any, ...]:
    """The index that picks, at each place of ``indices``, that element along ``axis``."""
    grid: list[Any] = [indices if d == axis else np.arange(n) for d, n in enumerate(indices.shape)]
    for d, steps in enumerate(grid):
        if d != axis:
            grid[d] = steps.reshape((-1,) + (1,) * (indices.ndim - d - 1))
    return tuple(grid)


@primitive
def gather(x: Any, indices: Any, axis: int) -> Any:
    """The element at ``indices`` along ``axis``; ``indices`` may be shorter than ``x`` along the others."""
    return x[along(indices, axis)]


@primitive
def scatter_add(x: Any, source: Any, indices: Any, axis: int) -> Any:
    """A copy of ``x`` with ``source`` added where :func:`gather` would read."""
    result = x.copy()
    np.add.at(result, along(indices, axis), source[corner(indices.shape)])
    return result


def corner(shape: tuple[int, ...]) -> tuple[slice, ...]:
    """The index of the leading block of that shape."""
    return tuple(slice(n) for n in shape)


derivative(
    gather,
    lambda g, out, x, indices, axis: scatter_add(np.zeros(x.shape, g.dtype), g, indices, axis),
    linear=True,
)
derivative(
    scatter_add,
    lambda g, out, x, source, indices, axis: g,
    lambda g, out, x, source, indices, axis: putitem(gather(g, indices, axis), corner(indices.shape), source.shape),
    linear=True,
)
