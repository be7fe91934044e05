"""Sparse arrays: what a tensor with layout ``sparse_coo`` holds in place of a NumPy array.

Coordinate format: column k of ``indices`` says where ``values[k]`` belongs. An index may occur several times; then its
values count together, and :meth:`COO.coalesce` adds them up. The leading dimensions are sparse, the others dense: the
gradient of an embedding has one sparse dimension, and its values are rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .dtypes import DType
from .tensor import Array, Tensor

__all__ = ["COO"]


class COO(NDArrayOperatorsMixin):
    """A sparse array. It can be added, multiplied and made dense; everything else is for :meth:`to_dense`.

    Attributes
    ----------
    indices : ndarray, shape (sparse_dim, nnz), int64
    values : ndarray, shape (nnz, *shape[sparse_dim:])
    shape : tuple of int
    coalesced : bool
        whether the indices are known to be sorted and to occur once each

    >>> a = COO([[0, 2, 0]], [1.0, 2.0, 3.0], (4,))
    >>> a.to_dense()
    array([4., 0., 2., 0.])
    >>> (a * 2).coalesce().values
    array([8., 4.])
    """

    __slots__ = ("coalesced", "indices", "shape", "values")

    def __init__(self, indices: Any, values: Any, shape: tuple[int, ...], coalesced: bool = False) -> None:
        self.indices: Array = np.asarray(indices, np.int64)
        self.values: Array = np.asarray(values)
        self.shape = tuple(shape)
        self.coalesced = coalesced or self.indices.shape[1] == 0

    @classmethod
    def from_dense(cls, array: Array, sparse_dim: int | None = None) -> COO:
        """What is not zero in ``array``; with fewer sparse dimensions, the parts that are not all zero."""
        count = array.ndim if sparse_dim is None else sparse_dim
        indices = np.stack(np.nonzero(array.any(axis=tuple(range(count, array.ndim))))) if count else np.zeros((0, 1))
        return cls(indices, array[tuple(indices)] if count else array[None].copy(), array.shape, True)

    # -- what it is ------------------------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        """The dtype of the values."""
        dtype: DType = self.values.dtype
        return dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions, sparse and dense."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements of the dense array."""
        return math.prod(self.shape)

    @property
    def flags(self) -> Any:
        """NumPy's flags of the values."""
        return self.values.flags

    @property
    def base(self) -> None:
        """None: a sparse array is no view of another."""

    @property
    def nbytes(self) -> int:
        """The bytes of indices and values."""
        return int(self.indices.nbytes + self.values.nbytes)

    @property
    def sparse_dim(self) -> int:
        """How many leading dimensions are sparse."""
        return len(self.indices)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"COO({self.indices.tolist()}, {self.values.tolist()}, {self.shape})"

    # -- in another form -------------------------------------------------------------------------

    def _with(self, values: Array) -> COO:
        return COO(self.indices, values, self.shape, self.coalesced)

    def copy(self) -> COO:
        """The same with memory of its own."""
        return COO(self.indices.copy(), self.values.copy(), self.shape, self.coalesced)

    def astype(self, dtype: Any, copy: bool = True) -> COO:
        """The same with values of another dtype."""
        return self._with(self.values.astype(dtype, copy=copy))

    def places(self) -> Array:
        """The number of each index, counted in C order over the sparse dimensions. Shape (nnz,), int64."""
        lengths = self.shape[: self.sparse_dim]
        return np.ravel_multi_index(tuple(self.indices), lengths) if lengths else np.zeros(len(self.values), int)

    def in_order(self) -> bool:
        """Whether the indices are sorted and occur once each: then there is nothing to sum."""
        if self.coalesced:
            return True
        places = self.places()
        return bool((places[1:] > places[:-1]).all())

    def coalesce(self) -> COO:
        """Each index once, in order, with the sum of its values, added in the order in which they stand."""
        if self.coalesced:
            return self
        places, order = _sorted(self.places(), math.prod(self.shape[: self.sparse_dim]))
        first = np.ones(len(places), bool)
        np.not_equal(places[1:], places[:-1], out=first[1:])
        sums = self.values.take(order[first], 0)
        if len(sums) < len(order):
            repeated, target = order[~first], np.cumsum(first)[~first] - 1
            width = math.prod(self.values.shape[1:])
            elements = (target.reshape(-1, 1) * width + np.arange(width)).ravel()
            np.add.at(sums.reshape(-1), elements, self.values.take(repeated, 0).ravel())
        return COO(self.indices[:, order[first]], sums, self.shape, True)

    def to_dense(self) -> Array:
        """The ordinary array. Shape ``shape``."""
        dense = np.zeros(self.shape, self.dtype)
        once = self.coalesce()
        dense[tuple(once.indices)] = once.values if self.sparse_dim else once.values[0]
        return dense

    def permuted(self, order: Sequence[int]) -> COO:
        """The sparse dimensions in another order."""
        count = self.sparse_dim
        order = [axis % self.ndim for axis in order]
        if order[count:] != list(range(count, self.ndim)):
            raise RuntimeError(f"transpose of a sparse tensor: only its {count} sparse dimensions can change places")
        return COO(self.indices[order[:count]], self.values, tuple(self.shape[axis] for axis in order))

    # -- arithmetic: NumPy's ufuncs come here ----------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented  # the tape's turn
        out = kwargs.pop("out", None)
        rule = _RULES.get(ufunc) if method == "__call__" and not kwargs else None
        if rule is None:
            raise TypeError(f"{ufunc.__name__} of a sparse array is not implemented: call to_dense() on it first")
        result = rule(*inputs)
        if out is None:
            return result
        _copyto(out[0], result)
        return out[0]

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        if function not in _FUNCTIONS:
            raise TypeError(f"{function.__name__} of a sparse array is not implemented: call to_dense() on it first")
        return _FUNCTIONS[function](*args, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        raise TypeError("indexing a sparse array is not implemented: call to_dense() on it first")


def _sorted(places: Array, below: int) -> tuple[Array, Array]:
    """Numbers below ``below`` in order, and the positions they come from; equal ones as they stand."""
    count = len(places)
    if below * count < 2**63:  # numbers that tell both are sorted in a third of the time
        both = np.divmod(np.sort(places * count + np.arange(count)), count)
        return both[0], both[1]
    order = np.argsort(places, kind="stable")
    return places[order], order


# -- the rules: of two operands at least one is sparse ------------------------------------------


def _add(x: Any, y: Any) -> Any:
    """Sparse and sparse: the entries of both; otherwise dense."""
    sparse, other = (x, y) if isinstance(x, COO) else (y, x)
    if sparse.shape != getattr(other, "shape", ()):
        raise RuntimeError(
            f"add: a sparse array of shape {list(sparse.shape)} and one of shape {list(getattr(other, 'shape', ()))}: "
            f"sparse arrays do not broadcast. Use to_dense()"
        )
    if not isinstance(other, COO):
        return other + sparse.to_dense()
    if x.sparse_dim != y.sparse_dim:
        raise RuntimeError(f"add: {x.sparse_dim} and {y.sparse_dim} sparse dimensions: they must be equal")
    return COO(np.concatenate((x.indices, y.indices), 1), np.concatenate((x.values, y.values)), x.shape)


def _negative(x: COO) -> COO:
    return x._with(-x.values)


def _subtract(x: Any, y: Any) -> Any:
    return _add(x, -y)


def _multiply(x: Any, y: Any) -> Any:
    sparse, other = (x, y) if isinstance(x, COO) else (y, x)
    if not getattr(other, "shape", ()):
        return sparse._with(sparse.values * other)
    if isinstance(other, COO):
        sparse, other = sparse.coalesce(), other.to_dense()
    return sparse._with(sparse.values * np.broadcast_to(other, sparse.shape)[tuple(sparse.indices)])


def _divide(x: Any, y: Any) -> Any:
    if isinstance(y, COO):
        raise TypeError("division by a sparse array is division by zero: call to_dense() on it first")
    if not getattr(y, "shape", ()):
        return x._with(x.values / y)
    return x._with(x.values / np.broadcast_to(y, x.shape)[tuple(x.indices)])


def _matmul(x: Any, y: Any) -> Array:
    """Sparse matrix times dense matrix or vector, or the other way round: dense."""
    if not isinstance(x, COO):
        return np.swapaxes(_matmul(y.permuted((1, 0)), x.T), 0, -1)
    if isinstance(y, COO):
        y = y.to_dense()
    if x.ndim != 2 or x.sparse_dim != 2 or y.ndim not in (1, 2) or x.shape[1] != y.shape[0]:
        raise ValueError(f"matmul: a sparse matrix of shape {list(x.shape)} and an array of shape {list(y.shape)}")
    rows, columns = x.indices
    result = np.zeros((x.shape[0], *y.shape[1:]), np.result_type(x.dtype, y.dtype))
    np.add.at(result, rows, (x.values if y.ndim == 1 else x.values[:, None]) * y[columns])
    return result


_RULES: dict[np.ufunc, Callable[..., Any]] = {
    np.add: _add, np.subtract: _subtract, np.multiply: _multiply, np.divide: _divide, np.negative: _negative,
    np.matmul: _matmul,
}  # fmt: skip


def _swapaxes(x: COO, i: int, j: int) -> COO:
    order = list(range(x.ndim))
    order[i], order[j] = order[j], order[i]
    return x.permuted(order)


def _transpose(x: COO, axes: Sequence[int] | None = None) -> COO:
    return x.permuted(range(x.ndim)[::-1] if axes is None else axes)


def _copyto(target: Any, source: Any, casting: Any = "same_kind") -> None:
    """Change ``target`` in place."""
    if not isinstance(target, COO):
        np.copyto(target, source.to_dense() if isinstance(source, COO) else source, casting=casting)
    elif isinstance(source, COO):
        values = source.values.astype(target.dtype, casting=casting)
        target.indices, target.values, target.coalesced = source.indices, values, source.coalesced
    else:
        raise TypeError("a dense array cannot be stored in a sparse one: use the operation that is not in place")


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.swapaxes: _swapaxes, np.transpose: _transpose, np.shape: lambda x: x.shape, np.ndim: lambda x: x.ndim,
    np.size: lambda x: x.size, np.copyto: _copyto,
}  # fmt: skip
