"""Products of matrices and vectors, inverses, determinants, norms."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..backward import unbroadcast
from ..table import derivative
from ..tape import primitive


def transposed(x: Any) -> Any:
    """The last two dimensions exchanged."""
    return np.swapaxes(x, -1, -2)


def _matrices(g: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """A vector on the left stands for one row, on the right for one column."""
    if x.ndim == 1:
        x, g = np.expand_dims(x, 0), np.expand_dims(g, -1 if y.ndim == 1 else -2)
    if y.ndim == 1:
        y, g = np.expand_dims(y, 1), np.expand_dims(g, -1)
    return g, x, y


def _by_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    g, rows, columns = _matrices(g, x, y)
    return np.reshape(_fitted(g @ transposed(columns), rows.shape), x.shape)


def _by_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    g, rows, columns = _matrices(g, x, y)
    return np.reshape(_fitted(transposed(rows) @ g, columns.shape), y.shape)


def _fitted(g: Any, shape: tuple[int, ...]) -> Any:
    return g if g.shape == shape else unbroadcast(g, shape)


derivative(np.matmul, _by_left, _by_right, name="Mm")


@primitive
def einsum(*operands: Any, spec: str) -> Any:
    """``np.einsum`` of a full specification ("ij,jk->ik"), with the operands as arguments."""
    plan = _as_matrices(spec) if len(operands) == 2 else None
    if plan is not None and operands[0].dtype.kind in "fc":
        return _product(*operands, *plan)
    result = np.einsum(spec, *operands, optimize=len(operands) > 2)
    return result.copy() if len(operands) == 1 else result  # of one operand NumPy may give a view


@functools.lru_cache
def _as_matrices(spec: str) -> tuple[Any, ...] | None:
    """How the letters of two operands make a (batched) product of matrices, which is much faster; None if they do not.

    The orders of dimensions to (batch, rows, summed), to (batch, summed, columns), from (batch, rows, columns) to the
    result; and how many letters are batch, rows, columns.
    """
    terms, result = spec.split("->")
    a, b = terms.split(",")
    batch = [c for c in a if c in b and c in result]
    summed = [c for c in a if c in b and c not in result]
    rows, columns = [c for c in a if c not in b], [c for c in b if c not in a]
    order = batch + rows + columns
    once = len(set(a)) == len(a) and len(set(b)) == len(b) and sorted(order) == sorted(result)
    if not (once and rows and columns and summed):
        return None
    left, right = [a.index(c) for c in batch + rows + summed], [b.index(c) for c in batch + summed + columns]
    return left, right, [order.index(c) for c in result], len(batch), len(rows), len(columns)


def _product(x: Any, y: Any, left: Any, right: Any, back: Any, batch: int, rows: int, columns: int) -> Any:
    x, y = np.transpose(x, left), np.transpose(y, right)
    first, last = x.shape[: batch + rows], y.shape[y.ndim - columns :]
    n = math.prod(x.shape[batch + rows :])
    many = x.shape[:batch]
    product = np.reshape(x, (*many, math.prod(first[batch:]), n)) @ np.reshape(y, (*many, n, math.prod(last)))
    return np.transpose(np.reshape(product, (*first, *last)), back)


def _einsum_rule(i: int, g: Any, out: Any, *operands: Any, spec: str) -> Any:
    """The result and the other operands, contracted to the letters of operand i."""
    letters, result = spec.split("->")
    each = letters.split(",")
    mine, others = each[i], [o for j, o in enumerate(operands) if j != i]
    given = [result, *each[:i], *each[i + 1 :]]
    distinct = "".join(dict.fromkeys(mine))
    found = "".join(c for c in distinct if any(c in letters for letters in given))
    part = einsum(g, *others, spec=",".join(given) + "->" + found)
    # A letter that is nowhere else was summed over: its gradient is the same all along it.
    shape = dict(zip(mine, operands[i].shape, strict=True))
    part = np.reshape(part, [shape[c] if c in found else 1 for c in distinct])
    part = np.broadcast_to(part, [shape[c] for c in distinct])
    if distinct == mine:
        return part
    # A letter that occurs twice picked a diagonal: put the gradient back onto it.
    grid = dict(zip(distinct, np.ix_(*[np.arange(shape[c]) for c in distinct]), strict=True))
    return _put(part, tuple(grid[c] for c in mine), operands[i].shape)


def _put(values: Any, index: Any, shape: Any) -> Any:
    from .indexing import putitem

    return putitem(values, index, shape)


derivative(einsum, every=_einsum_rule, promotes=True)

derivative(np.linalg.inv, lambda g, out, x: -transposed(out) @ g @ transposed(out), name="Inverse")
derivative(
    np.linalg.det,
    lambda g, out, x: np.expand_dims(g * out, (-1, -2)) * transposed(np.linalg.inv(x)),
)


def _by_matrix(g: Any, out: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        g, out = np.expand_dims(g, -1), np.expand_dims(out, -1)
    return _fitted(-np.linalg.solve(transposed(a), g) @ transposed(out), a.shape)


def _by_right_side(g: Any, out: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return _fitted(np.linalg.solve(transposed(a), np.expand_dims(g, -1))[..., 0], b.shape)
    return _fitted(np.linalg.solve(transposed(a), g), b.shape)


derivative(np.linalg.solve, _by_matrix, _by_right_side)


@primitive
def norm(x: Any, p: float, axis: Any = None, keepdims: bool = False) -> Any:
    """(sum |x|^p)^(1/p) along ``axis``."""
    size = np.abs(x)
    if p == 2:
        return np.sqrt(np.sum(size * size, axis=axis, keepdims=keepdims))
    return np.power(np.sum(size**p, axis=axis, keepdims=keepdims), 1 / p)


def _norm_rule(g: Any, out: Any, x: Any, p: float, axis: Any = None, keepdims: bool = False) -> Any:
    from .reductions import restored

    g, out = restored(g, x, axis, keepdims), restored(out, x, axis, keepdims)
    safe = np.where(out == 0, 1, out)  # the gradient at 0 is taken to be 0
    if p == 2:
        return x * (g / safe)
    size = np.absolute(x)
    nonzero = np.where(size == 0, 1, size)
    return np.where(size == 0, 0, x * nonzero ** (p - 2)) * (g / safe ** (p - 1))


derivative(norm, _norm_rule, holomorphic=False, promotes=True, whole_to_real=True)


def adjoint(x: Any) -> Any:
    """The last two dimensions exchanged, and complex numbers conjugated."""
    return np.conjugate(transposed(x))


@primitive
def log_abs_det(x: Any) -> Any:
    """log |det x|, without overflow."""
    return np.linalg.slogdet(x)[1]


derivative(
    log_abs_det,
    lambda g, out, x: np.expand_dims(g, (-1, -2)) * adjoint(np.linalg.inv(x)),
    holomorphic=False,
    name="LogDet",
)


@primitive
def pinv(x: Any, rcond: float) -> Any:
    """The pseudoinverse; singular values below ``rcond`` times the largest count as 0."""
    return np.linalg.pinv(x, rcond)


def _pinv_rule(g: Any, out: Any, x: Any, rcond: float) -> Any:
    """G. H. Golub and V. Pereyra (1973), "The differentiation of pseudo-inverses and nonlinear least squares problems
    whose variables separate", SIAM J. Numer. Anal. 10(2), section 4. The rank is taken to stay as it is.
    """
    p, gh = adjoint(out), adjoint(g)
    outside_columns = gh - x @ (out @ gh)
    outside_rows = gh - (gh @ out) @ x
    return outside_columns @ (out @ p) + (p @ out) @ outside_rows - p @ g @ p


derivative(pinv, _pinv_rule, holomorphic=False, name="Pinverse")


def _symmetric(x: Any) -> Any:
    return (x + adjoint(x)) / 2


@primitive
def cholesky(x: Any) -> Any:
    """The lower triangular L with L L^H = x, for the symmetric part of x."""
    return np.linalg.cholesky(_symmetric(x))


def _cholesky_rule(g: Any, out: Any, x: Any) -> Any:
    """I. Murray (2016), "Differentiation of the Cholesky decomposition", arXiv:1602.07527."""
    lh = adjoint(out)
    lower = np.tril(lh @ g)
    lower = lower - lower * (0.5 * np.eye(out.shape[-1], dtype=out.dtype))
    return _symmetric(np.linalg.solve(lh, adjoint(np.linalg.solve(lh, adjoint(lower)))))


derivative(cholesky, _cholesky_rule, holomorphic=False)


@primitive
def eigh(x: Any) -> Any:
    """Of the symmetric part of x: its eigenvalues as first column, its eigenvectors as the others: (..., n, n + 1)."""
    values, vectors = np.linalg.eigh(_symmetric(x))
    return np.concatenate((values[..., None], vectors), axis=-1)


def _eigh_rule(g: Any, out: Any, x: Any) -> Any:
    """M. B. Giles (2008), "Collected matrix derivative results for forward and reverse mode algorithmic
    differentiation", section 3.1."""
    values, vectors = np.real(out[..., :1]), out[..., 1:]
    one = np.eye(x.shape[-1], dtype=x.dtype)
    gaps = transposed(values) - values
    inner = np.where(one != 0, 0, adjoint(vectors) @ g[..., 1:] / np.where(one != 0, 1, gaps))
    return _symmetric(vectors @ (inner + one * np.real(g[..., :1])) @ adjoint(vectors))


derivative(eigh, _eigh_rule, holomorphic=False)
