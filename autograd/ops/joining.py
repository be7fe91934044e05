"""Joining tensors, cutting them up, and reordering their elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..derivatives import shapes as primitives
from ..tape import apply
from ..tensor import Tensor, new_tensor
from .creation import arange, tensor  # noqa: F401  for the examples
from .dims import axis_of, listed, whole
from .naming import method, op, with_dims
from .shapes import atleast_1d, atleast_2d, transpose

__all__ = [
    "block_diag", "cat", "chunk", "concat", "concatenate", "diag", "diag_embed", "diagonal", "flip", "fliplr", "flipud",
    "hstack", "roll", "rot90", "split", "stack", "tensor_split", "tril", "triu", "unbind", "vstack",
]  # fmt: skip

# -- joining


def _sequence(tensors: Any, name: str) -> list[Any]:
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor: use a list")
    found = list(tensors)
    if not found:
        raise RuntimeError(f"{name}(): expected a non-empty list of Tensors")
    return found


@with_dims
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along ``dim``; the other lengths must agree.

    >>> cat([tensor([[1, 2]]), tensor([[3, 4]])]), cat([tensor([[1, 2]]), tensor([[3, 4]])], dim=1)
    (tensor([[1, 2],
            [3, 4]]), tensor([[1, 2, 3, 4]]))
    """
    parts = _sequence(tensors, "cat")
    if len({len(t.shape) for t in parts}) > 1:  # an empty vector may stand for nothing, as in PyTorch
        parts = [t for t in parts if t.shape != (0,)]
    if not parts[0].ndim:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated: use stack")
    axis = axis_of(dim, parts[0].ndim)
    try:
        return apply(primitives.concatenate, *parts, axis=axis)
    except ValueError:
        raise _misfit(parts, axis) from None


def _misfit(parts: list[Any], axis: int) -> RuntimeError:
    first = parts[0].shape
    for i, t in enumerate(parts):
        if len(t.shape) != len(first):
            return RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(t.shape)}: shapes "
                f"{list(first)} and {list(t.shape)}"
            )
        for d, (n, m) in enumerate(zip(first, t.shape)):
            if d != axis and n != m:
                return RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {n} but got size {m} for "
                    f"tensor number {i} in the list: shapes {list(first)} and {list(t.shape)}."
                )
    return RuntimeError(f"cannot concatenate tensors of shapes {[list(t.shape) for t in parts]}")


concat = concatenate = cat


@with_dims
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, side by side along a new dimension ``dim``.

    >>> stack([tensor([1, 2]), tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    parts = _sequence(tensors, "stack")
    for i, t in enumerate(parts):
        if t.shape != parts[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(parts[0].shape)} at entry 0 and "
                f"{list(t.shape)} at entry {i}: make them equal first, as by padding, or keep them in a list"
            )
    return apply(primitives.stack, *parts, axis=axis_of(dim, parts[0].ndim + 1))


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors side by side: along dimension 1, vectors along their only one."""
    parts = [atleast_1d(t) for t in _sequence(tensors, "hstack")]
    return cat(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors one below the other; a vector is a row."""
    return cat([atleast_2d(t) for t in _sequence(tensors, "vstack")])


def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along the diagonal of a larger one, zeros elsewhere.

    >>> block_diag(tensor([[1, 2]]), tensor([[3]]))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    parts = [atleast_2d(t) for t in tensors]
    width = sum(t.shape[1] for t in parts)
    rows, before = [], 0
    for t in parts:
        n, m = t.shape
        left, right = np.zeros((n, before), t.dtype), np.zeros((n, width - before - m), t.dtype)
        rows.append(cat([new_tensor(left), t, new_tensor(right)], 1))
        before += m
    return cat(rows)


# -- cutting: every piece is a view


def _pieces(input: Tensor, axis: int, ends: Sequence[int]) -> tuple[Tensor, ...]:
    before = (slice(None),) * axis
    return tuple([input[(*before, slice(a, b))] for a, b in zip((0, *ends[:-1]), ends)])


@op
@with_dims
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:  # noqa: F811
    """Views of consecutive pieces along ``dim``: each of that size (the last may be smaller), or of these sizes.

    >>> arange(5).split(2), arange(5).split([1, 4])
    ((tensor([0, 1]), tensor([2, 3]), tensor([4])), (tensor([0]), tensor([1, 2, 3, 4])))
    """
    axis = axis_of(dim, tensor.ndim)
    n = len(tensor) if not axis else tensor.shape[axis]
    if isinstance(split_size_or_sections, tuple | list):
        sizes = [whole(s) for s in split_size_or_sections]
        if sum(sizes) != n or any(s < 0 for s in sizes):
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension "
                f"{axis}), but got split_sizes={sizes}"
            )
        return _pieces(tensor, axis, [int(end) for end in np.cumsum(sizes)])
    size = whole(split_size_or_sections)
    if size < 1 and not (n == 0 == size):
        raise RuntimeError(f"split expects split_size be positive, but got split_size={size}")
    return _pieces(tensor, axis, [min(start + size, n) for start in range(0, n, size or 1)] or [0])


@op
@with_dims
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of at most ``chunks`` consecutive pieces along ``dim``, equally long but for the last.

    >>> arange(5).chunk(3)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    if chunks < 1:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input.shape[axis_of(dim, input.ndim)]
    return split(input, max(-(-n // chunks), 1), dim)


@op
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of that many pieces along ``dim``, as equal as can be; or cut before each of these places."""
    axis = axis_of(dim, input.ndim)
    n = input.shape[axis]
    if isinstance(indices_or_sections, tuple | list):
        return _pieces(input, axis, [*indices_or_sections, n])
    base, longer = divmod(n, whole(indices_or_sections))
    return _pieces(input, axis, [(i + 1) * base + min(i + 1, longer) for i in range(whole(indices_or_sections))])


@op
@with_dims
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The views ``x[0]``, ``x[1]`` ... along ``dim``, which is gone in them.

    >>> unbind(tensor([[1, 2], [3, 4]]), 1)
    (tensor([1, 3]), tensor([2, 4]))
    """
    axis = axis_of(dim, input.ndim)
    before = (slice(None),) * axis
    return tuple([input[(*before, i)] for i in range(input.shape[axis])])


# -- another order of elements


@op
@listed
def flip(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    """The elements in reverse order along ``dims``.

    >>> flip(tensor([[1, 2], [3, 4]]), (0,))
    tensor([[3, 4],
            [1, 2]])
    """
    return apply(np.flip, input, axis=tuple([axis_of(d, input.ndim) for d in dims]))


@op
def fliplr(input: Tensor) -> Tensor:
    """:func:`flip` along dimension 1."""
    return flip(input, 1)


@op
def flipud(input: Tensor) -> Tensor:
    """:func:`flip` along dimension 0."""
    return flip(input, 0)


@op
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """The elements moved on by ``shifts`` along ``dims``; what leaves at the end comes back at the beginning.

    >>> roll(tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    shifts = tuple(shifts) if isinstance(shifts, tuple | list) else (shifts,)
    if dims is None:
        if len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        return apply(np.roll, input, shifts[0])
    dims = tuple(dims) if isinstance(dims, tuple | list) else (dims,)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    return apply(np.roll, input, shifts, tuple([axis_of(d, input.ndim) for d in dims]))


@op
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by ``k`` right angles in the plane of ``dims``, from the first towards the second.

    >>> rot90(tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    a, b = [axis_of(d, input.ndim) for d in dims]
    if a == b:
        raise RuntimeError(
            f"rot90: expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    k %= 4
    if not k % 2:
        return flip(input, (a, b) if k else ())
    return transpose(flip(input, b), a, b) if k == 1 else flip(transpose(input, a, b), b)


# -- triangles and diagonals


@op(inplace=True)
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of matrices: 0 above the given diagonal.

    >>> tril(tensor([[1, 2], [3, 4]]))
    tensor([[1, 0],
            [3, 4]])
    """
    return apply(np.tril, input, diagonal)


@op(inplace=True)
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of matrices: 0 below the given diagonal."""
    return apply(np.triu, input, diagonal)


@op
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of the matrices that ``dim1`` and ``dim2`` make, as last dimension: a view.

    >>> diagonal(tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    a, b = axis_of(dim1, input.ndim), axis_of(dim2, input.ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return apply(primitives.diagonal, input, offset, a, b)


@method("fill_diagonal_")
def _fill_diagonal(self: Tensor, fill_value: Any) -> Tensor:
    """Put one number onto the diagonal of a matrix, in place."""
    if self.ndim != 2:
        raise RuntimeError(f"fill_diagonal_: the tensor must be a matrix, got shape {list(self.shape)}")
    diagonal(self).fill_(fill_value)
    return self


@op
def diag_embed(input: Tensor, offset: int = 0) -> Tensor:
    """Square matrices with ``input``, shape (..., n), on a diagonal and 0 elsewhere: shape (..., n, n)."""
    n = input.shape[-1] + abs(offset)
    return apply(primitives.on_diagonal, input, (*input.shape[:-1], n, n), offset, input.ndim - 1, input.ndim)


@op
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Of a vector the matrix with it on the diagonal; of a matrix its diagonal.

    >>> diag(tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    result: Tensor = input.diagonal(diagonal).clone()
    return result
