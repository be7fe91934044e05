"""Products of vectors and matrices.

Shapes: a vector is (n,), a matrix (n, m), a batch of matrices (..., n, m). Operands of different dtypes are brought to
one first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tape import apply
from ..tensor import Tensor, array_of
from .creation import eye, tensor  # noqa: F401  for the examples
from .naming import method, op
from .shapes import unsqueeze

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "cross", "dot", "ger", "inner", "kron", "matmul", "mm", "mv",
    "outer", "tensordot", "trace", "vdot",
]  # fmt: skip


@op(names=("__matmul__",))
def matmul(input: Any, other: Any) -> Tensor:
    """The matrix product; a vector counts as a row on the left and as a column on the right; batches broadcast.

    >>> matmul(tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    try:
        return apply(np.matmul, input, other)
    except ValueError:
        raise _misfit(np.shape(array_of(input)), np.shape(array_of(other))) from None


@method("__rmatmul__")
def _reflected(self: Tensor, other: Any) -> Tensor:
    return matmul(other, self)


def _misfit(a: tuple[int, ...], b: tuple[int, ...]) -> RuntimeError:
    """The error of a product of shapes that do not fit, in torch's words."""
    if not a or not b:
        which = "1st" if not a else "2nd"
        return RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {len(a)}D and {len(b)}D: the {which} is a "
            f"single number, multiply with *"
        )
    if len(a) == len(b) == 1:
        return RuntimeError(
            f"inconsistent tensor size, expected tensor [{a[0]}] and src [{b[0]}] to have the same number of elements, "
            f"but got {a[0]} and {b[0]} elements respectively"
        )
    if len(a) == 2 and len(b) == 1:
        return RuntimeError(f"size mismatch, got input ({a[0]}), mat ({a[0]}x{a[1]}), vec ({b[0]})")
    rows, columns = ((1, *a), b) if len(a) == 1 else (a, b)
    columns = columns if len(columns) > 1 else (*columns, 1)
    if rows[-1] == columns[-2]:
        return RuntimeError(
            f"the batch dimensions of shapes {list(a)} and {list(b)} must match, or be 1: they are {list(a[:-2])} and "
            f"{list(b[:-2])}"
        )
    if len(a) > 2 and len(b) > 2:
        return RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{b[0]}, {rows[-1]}] but got: "
            f"[{b[0]}, {columns[-2]}]. The shapes are {list(a)} and {list(b)}"
        )
    n = int(np.prod(rows[:-1]))  # torch multiplies a batch by one matrix as if it were one long matrix
    return RuntimeError(
        f"mat1 and mat2 shapes cannot be multiplied ({n}x{rows[-1]} and {columns[-2]}x{columns[-1]}): the last "
        f"dimension of the first, {rows[-1]}, must equal the last but one of the second, {columns[-2]}"
        f"{'. Transpose the second, as in a @ b.T' if rows[-1] == columns[-1] else ''}"
    )


def _need(name: str, *operands: tuple[str, Any, int]) -> None:
    for argument, value, ndim in operands:
        if value.ndim != ndim:
            raise RuntimeError(f"{argument} must be a {ndim}D tensor: {name}() got shape {list(value.shape)}")


@op
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices: (n, m) by (m, p) to (n, p), without broadcasting.

    >>> mm(tensor([[1.0, 2.0]]), tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    _need("mm", ("input", input, 2), ("mat2", mat2, 2))
    return matmul(input, mat2)


@op
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector: (n, m) by (m,) to (n,)."""
    _need("mv", ("input", input, 2), ("vec", vec, 1))
    return matmul(input, vec)


@op
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices, pair by pair: (b, n, m) by (b, m, p) to (b, n, p)."""
    _need("bmm", ("batch1", input, 3), ("batch2", mat2, 3))
    if mat2.shape[:2] != (input.shape[0], input.shape[2]):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{input.shape[0]}, {input.shape[2]}] but "
            f"got: [{mat2.shape[0]}, {mat2.shape[1]}]."
        )
    return matmul(input, mat2)


@op
def dot(input: Tensor, tensor: Tensor) -> Tensor:  # noqa: F811
    """The sum of the products of two vectors of the same length.

    >>> tensor([1.0, 2.0]).dot(tensor([3.0, 4.0]))
    tensor(11.)
    """
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors: use matmul, or flatten() them"
        )
    return matmul(input, tensor)


@op
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """:func:`dot` with the first vector conjugated."""
    return dot(input.conj(), other)


@op
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sum of products along the last dimension of both: (..., m) and (*, m) to (..., *)."""
    if not input.ndim or not other.ndim:
        return apply(np.multiply, input, other)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and "
            f"{list(other.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]))


@op(names=("ger",))
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Every product of an element of one vector by one of the other: (n,) and (m,) to (n, m).

    >>> outer(tensor([1.0, 2.0]), tensor([1.0, 10.0]))
    tensor([[ 1., 10.],
            [ 2., 20.]])
    """
    _need("outer", ("input", input, 1), ("vec2", vec2, 1))
    return apply(np.multiply, unsqueeze(input, 1), vec2)


ger = outer


@op
def kron(input: Tensor, other: Tensor) -> Tensor:
    """Kronecker's product: each element of ``input`` times the whole of ``other``; (n, m) and (p, q) to (n p, m q).

    >>> kron(eye(2), tensor([[1.0, 2.0]]))
    tensor([[1., 2., 0., 0.],
            [0., 0., 1., 2.]])
    """
    ndim = input.ndim if input.ndim > other.ndim else other.ndim
    a = (1,) * (ndim - input.ndim) + tuple(input.shape)
    b = (1,) * (ndim - other.ndim) + tuple(other.shape)
    left = input.reshape([s for n in a for s in (n, 1)])
    right = other.reshape([s for n in b for s in (1, n)])
    result: Tensor = (left * right).reshape([n * m for n, m in zip(a, b)])
    return result


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sum of products over several dimensions at once.

    Parameters
    ----------
    dims : int or (sequence of int, sequence of int)
        how many of the last dimensions of ``a`` meet the first of ``b``; or which of ``a`` meet which of ``b``

    >>> tensordot(tensor([[1.0, 2.0], [3.0, 4.0]]), eye(2), dims=2)
    tensor(5.)
    """
    if isinstance(dims, int):
        dims = (range(a.ndim - dims, a.ndim), range(dims))
    of_a, of_b = [[int(d) % x.ndim for d in ds] for ds, x in zip(dims, (a, b))]
    lengths = [a.shape[d] for d in of_a]
    if lengths != [b.shape[d] for d in of_b]:
        raise RuntimeError(
            f"contracted dimensions need to match, but first has sizes {lengths} in dims {of_a} and second has sizes "
            f"{[b.shape[d] for d in of_b]} in dims {of_b}"
        )
    rows = [d for d in range(a.ndim) if d not in of_a]
    columns = [d for d in range(b.ndim) if d not in of_b]
    n = int(np.prod(lengths, dtype=int))
    left = a.permute(*rows, *of_a).reshape(-1 if n else int(np.prod([a.shape[d] for d in rows])), n)
    right = b.permute(*of_b, *columns).reshape(n, -1 if n else int(np.prod([b.shape[d] for d in columns])))
    result: Tensor = matmul(left, right).reshape([a.shape[d] for d in rows] + [b.shape[d] for d in columns])
    return result


# -- a product and a sum


def _added(input: Any, product: Tensor, beta: float, alpha: float) -> Tensor:
    if alpha != 1:
        product = product * alpha
    if beta == 0:  # input is ignored then, a NaN in it too
        return product
    return apply(np.add, product, input if beta == 1 else input * beta)


@op(inplace=True)
def addmm(input: Any, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2)."""
    return _added(input, mm(mat1, mat2), beta, alpha)


@op(inplace=True)
def addmv(input: Any, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat @ vec)."""
    return _added(input, mv(mat, vec), beta, alpha)


@op(inplace=True)
def addr(input: Any, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2)."""
    return _added(input, outer(vec1, vec2), beta, alpha)


@op(inplace=True)
def baddbmm(input: Any, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2), for batches of matrices."""
    return _added(input, bmm(batch1, batch2), beta, alpha)


@op(inplace=True)
def addbmm(input: Any, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * the sum over the batch of batch1 @ batch2."""
    return _added(input, bmm(batch1, batch2).sum(0), beta, alpha)


# -- others


@op
def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal of a matrix.

    >>> trace(tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}: {list(input.shape)}")
    result: Tensor = input.diagonal().sum()
    return result


@op
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The vector perpendicular to both, for vectors of length 3 along ``dim`` (default: the first of length 3).

    >>> cross(tensor([1.0, 0.0, 0.0]), tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    if dim is None:
        if 3 not in input.shape:
            raise RuntimeError(f"no dimension of size 3 in input: its shape is {list(input.shape)}")
        dim = input.shape.index(3)
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}"
        )
    result: Tensor = input.roll(-1, dim) * other.roll(-2, dim) - input.roll(-2, dim) * other.roll(-1, dim)
    return result
