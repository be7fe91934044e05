"""Picking elements out and putting them in: each is the other's derivative.

An index is a constant: whole numbers, slices, None, Ellipsis, arrays of whole numbers or of bool, or a tuple of these.
"""

from __future__ import annotations

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
    if is_basic(index):
        result[index] = values
    elif isinstance(index, np.ndarray) and index.dtype.kind in "iu":
        _add_rows(result, index.ravel(), values.reshape(-1, *shape[1:]))
    else:
        np.add.at(result, index, values)
    return result


def is_basic(index: Any) -> bool:
    """Whether ``index`` is made of whole numbers and slices, which pick no element twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all([part is None or part is Ellipsis or type(part) in (int, slice) for part in parts])


def _add_rows(result: Any, rows: Any, values: Any) -> None:
    """``result[rows] += values`` with repeated rows summed: sorted and added in runs, much faster than one by one."""
    if rows.size:
        rows = np.where(rows < 0, rows + len(result), rows)
        order = np.argsort(rows, kind="stable")
        starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
        result[rows[order][starts]] = np.add.reduceat(values[order], starts, axis=0)


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
    grid: list[Any] = list(np.ix_(*[np.arange(n) for n in indices.shape]))
    grid[axis] = indices
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
