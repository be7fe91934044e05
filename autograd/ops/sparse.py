"""Sparse tensors by torch's names: made from coordinates or from dense ones, looked into, made dense.

Arithmetic needs no names of its own: ``+``, ``-``, ``*``, ``/`` and ``@`` come to ``sparse.py`` by way of NumPy's
ufuncs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..sparse import COO
from ..table import derivative
from ..tape import apply, primitive
from ..tensor import Array, Tensor, array_of, new_tensor
from .creation import tensor  # noqa: F401  for the examples
from .naming import method
from .products import matmul
from .values import check_device, dtype_of, shape_of, values_of

__all__ = ["sparse_coo_tensor", "spmm"]


# -- primitives ---------------------------------------------------------------------------------


@primitive
def sparse(values: Any, indices: Any, shape: Any, coalesced: bool = False) -> COO:
    """The sparse array with these values at these indices."""
    return COO(indices, values, shape, coalesced)


@primitive
def at(x: Any, indices: Any) -> Any:
    """What stands at ``indices``, in a dense array or a sparse one."""
    return to_dense.on_arrays(x)[tuple(indices)]  # type: ignore[attr-defined]


@primitive
def to_dense(x: Any) -> Array:
    """The ordinary array."""
    return x.to_dense() if isinstance(x, COO) else x


@primitive
def to_sparse(x: Any, sparse_dim: int | None = None) -> COO:
    """The elements that are not zero."""
    return COO.from_dense(x, sparse_dim)


@primitive
def coalesce(x: COO) -> COO:
    """Each index once."""
    return x.coalesce()


@primitive
def values(x: COO) -> Array:
    """The values alone."""
    return x.values


def _only_at(g: Any, x: COO) -> Any:
    """The part of ``g`` at the indices of ``x``: a gradient is as sparse as what it belongs to."""
    indices = array_of(x).coalesce().indices
    return sparse(at(g, indices), indices, x.shape, True)


derivative(
    sparse,
    lambda g, out, values, indices, shape, coalesced=False: at(g, indices),
    linear=True,
    name="SparseCooTensor",
)
derivative(at, lambda g, out, x, indices: sparse(g, indices, x.shape), linear=True, name="SparseMask")
derivative(to_dense, lambda g, out, x: _only_at(g, x))
derivative(to_sparse, lambda g, out, x, sparse_dim=None: to_dense(g), linear=True)
derivative(coalesce, lambda g, out, x: g, linear=True)
derivative(values, lambda g, out, x: sparse(g, array_of(x).indices, x.shape, True))


# -- making -------------------------------------------------------------------------------------


def sparse_coo_tensor(
    indices: Any,
    values: Any = None,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    check_invariants: bool = True,
    is_coalesced: bool | None = None,
) -> Tensor:
    """A sparse tensor with ``values[k]`` at ``indices[:, k]``; where an index occurs again, the values add up.

    Parameters
    ----------
    indices : shape (sparse_dim, nnz)
        whole numbers, not negative
    values : shape (nnz, *dense sizes)
        numbers, or, if some dimensions are to be dense, parts of that shape; a Tensor keeps its history
    size : sequence of int, optional
        the shape; default: just large enough. Alone, ``sparse_coo_tensor(size)`` has no entries
    check_invariants : bool
        whether to look if the indices lie within ``size``
    is_coalesced : bool, optional
        the caller knows that each index occurs once, in order

    >>> sparse_coo_tensor([[0, 2, 0]], [1.0, 2.0, 3.0], (4,)).to_dense()
    tensor([4., 0., 2., 0.])
    """
    check_device(device)
    if values is None:
        return _made(_empty(shape_of((indices,), what="sparse_coo_tensor"), dtype), requires_grad)
    places, entries = _index_array(indices), values_of(values, dtype)
    shape = _shape(places, entries) if size is None else shape_of((), size, "sparse_coo_tensor")
    _check(places, entries, shape, check_invariants)
    if isinstance(values, Tensor) and values.requires_grad and not requires_grad:
        return apply(sparse, values if dtype is None else values.to(dtype), places, shape, bool(is_coalesced))
    return _made(COO(places, np.array(entries), shape, bool(is_coalesced)), requires_grad)


def _made(array: COO, requires_grad: bool) -> Tensor:
    return new_tensor(array).requires_grad_(requires_grad)


def _empty(shape: tuple[int, ...], dtype: Any) -> COO:
    return COO(np.empty((len(shape), 0)), np.empty(0, dtype_of(dtype)), shape)


def _index_array(indices: Any) -> Array:
    array = values_of(indices)
    if array.ndim != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(array.shape)}")
    return array.astype(np.int64)


def _shape(indices: Array, values: Array) -> tuple[int, ...]:
    lengths = (indices.max(1) + 1).tolist() if indices.shape[1] else [0] * len(indices)
    return (*lengths, *values.shape[1:])


def _check(indices: Array, values: Array, shape: tuple[int, ...], bounds: bool) -> None:
    sparse_dim, nnz = indices.shape
    if sparse_dim + values.ndim - 1 != len(shape):
        raise RuntimeError(
            f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(shape)}, sparse_dim = "
            f"{sparse_dim}, dense_dim = {values.ndim - 1}"
        )
    if len(values) != nnz:
        raise RuntimeError(
            f"indices and values must have same nnz, but got nnz from indices: {nnz}, nnz from values: {len(values)}"
        )
    if values.shape[1:] != shape[sparse_dim:]:
        raise RuntimeError(
            f"values has incorrect size, expected {[nnz, *shape[sparse_dim:]]}, got {list(values.shape)}"
        )
    for dim in range(sparse_dim if bounds and nnz else 0):
        low, high = int(indices[dim].min()), int(indices[dim].max())
        if low < 0:
            raise RuntimeError(f"found negative index {low} for dim {dim}")
        if high >= shape[dim]:
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {dim}, size is {shape[dim]} but found index {high}"
            )


# -- methods ------------------------------------------------------------------------------------


def _sparse_array(self: Tensor, what: str) -> COO:
    if not self.is_sparse:
        raise RuntimeError(f"{what} expected sparse coordinate tensor layout but got Strided: use to_sparse() first")
    array: COO = self._array
    return array


def _coalesced_array(self: Tensor, what: str) -> COO:
    array = _sparse_array(self, what)
    if not array.coalesced:
        raise RuntimeError(f"Cannot get {what} on an uncoalesced tensor, please call .coalesce() first")
    return array


@method("to_dense")
def _to_dense(self: Tensor, dtype: Any = None) -> Tensor:
    """This tensor as an ordinary one; the tensor itself if it is."""
    result = apply(to_dense, self) if self.is_sparse else self
    return result if dtype is None else result.to(dtype)


@method("to_sparse")
def _to_sparse(self: Tensor, sparse_dim: int | None = None) -> Tensor:
    """The elements that are not zero, as a sparse tensor; with ``sparse_dim`` only so many dimensions are sparse.

    >>> tensor([[0.0, 1.0], [0.0, 0.0]]).to_sparse()
    tensor(indices=tensor([[0],
                           [1]]),
           values=tensor([1.]),
           size=(2, 2), nnz=1, layout=torch.sparse_coo)
    """
    return self if self.is_sparse else apply(to_sparse, self, sparse_dim)


@method("coalesce")
def _coalesce(self: Tensor) -> Tensor:
    """This sparse tensor with each index once, in order, and the values of equal indices added up."""
    return self if _sparse_array(self, "coalesce").coalesced else apply(coalesce, self)


@method("is_coalesced")
def _is_coalesced(self: Tensor) -> bool:
    """Whether each index is known to occur once, in order."""
    return _sparse_array(self, "is_coalesced").coalesced


@method("indices")
def _indices_of(self: Tensor) -> Tensor:
    """Where the values of a coalesced sparse tensor belong. Shape (sparse_dim, nnz), int64."""
    return new_tensor(_coalesced_array(self, "indices").indices)


@method("values")
def _values_of(self: Tensor) -> Tensor:
    """The values of a coalesced sparse tensor. Shape (nnz, *dense sizes)."""
    _coalesced_array(self, "values")
    return apply(values, self)


@method("_indices")
def _raw_indices(self: Tensor) -> Tensor:
    """The indices as they are, coalesced or not."""
    return new_tensor(_sparse_array(self, "_indices").indices)


@method("_values")
def _raw_values(self: Tensor) -> Tensor:
    """The values as they are, coalesced or not, without history."""
    return new_tensor(_sparse_array(self, "_values").values)


@method("_nnz")
def _nnz(self: Tensor) -> int:
    """How many entries a sparse tensor stores."""
    return int(_sparse_array(self, "_nnz").indices.shape[1])


@method("sparse_dim")
def _sparse_dim(self: Tensor) -> int:
    """How many leading dimensions are sparse: 0 for an ordinary tensor."""
    return int(self._array.sparse_dim) if self.is_sparse else 0


@method("dense_dim")
def _dense_dim(self: Tensor) -> int:
    """How many dimensions are not sparse."""
    return self.ndim - _sparse_dim(self)


def spmm(mat1: Tensor, mat2: Tensor) -> Tensor:
    """A sparse matrix times a dense one: shapes (n, m) and (m, p) to (n, p), dense.

    >>> spmm(sparse_coo_tensor([[0], [1]], [2.0], (1, 2)), tensor([[1.0], [5.0]]))
    tensor([[10.]])
    """
    return matmul(mat1, mat2)
