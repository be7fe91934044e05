"""Linear algebra, under the names of ``torch.linalg``: inverses, determinants, equations, decompositions.

A matrix is (n, m), and all functions take batches (..., n, m). ``inv``, ``pinv``, ``det``, ``slogdet``, ``solve``,
``norm``, ``cholesky``, ``eigh`` and what is made of them carry gradients; the other decompositions work on values, and
refuse a tensor that requires grad.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..derivatives import linalg as primitives
from ..modes import modes
from ..tape import apply
from ..tensor import Tensor, new_tensor
from ..watch import read
from . import norms, products, return_types
from .creation import eye, tensor  # noqa: F401  tensor is for the examples
from .joining import diagonal
from .naming import op
from .products import matmul
from .shapes import squeeze, unsqueeze

__all__ = [
    "LinAlgError", "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq",
    "matmul", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve",
    "svd", "svdvals", "vector_norm",
]  # fmt: skip


class LinAlgError(RuntimeError):
    """A matrix does not allow it: it is singular, or not positive definite."""


def _matrix(name: str, A: Tensor, square: bool = False) -> None:
    if A.ndim < 2:
        raise RuntimeError(f"linalg.{name}: The input tensor A must have at least 2 dimensions, got {list(A.shape)}.")
    if square and A.shape[-1] != A.shape[-2]:
        raise RuntimeError(
            f"linalg.{name}: A must be batches of square matrices, but they are {A.shape[-2]} by {A.shape[-1]} matrices"
        )


def _checked(message: str, primitive: Any, *args: Any) -> Tensor:
    """``apply``, with ``message`` for a matrix that does not allow it."""
    try:
        return apply(primitive, *args)
    except np.linalg.LinAlgError:
        raise LinAlgError(message) from None


# -- inverses and determinants


def inv(A: Tensor) -> Tensor:
    """The inverse of a square matrix.

    >>> inv(tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    _matrix("inv", A, square=True)
    message = "linalg.inv: the inversion could not be completed because the input matrix is singular"
    return _checked(message, np.linalg.inv, A)


@op
def inverse(input: Tensor) -> Tensor:
    """:func:`linalg.inv`."""
    return inv(input)


def pinv(A: Tensor, *, rcond: float | None = None) -> Tensor:
    """The pseudoinverse of a matrix; singular values below ``rcond`` times the largest count as 0.

    ``rcond`` is by default the larger length of the matrix times the machine epsilon of its dtype.
    """
    _matrix("pinv", A)
    if rcond is None:
        rcond = max(A.shape[-2:]) * float(np.finfo(A.dtype).eps)
    return apply(primitives.pinv, A, rcond=rcond)


@op
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """:func:`linalg.pinv`."""
    return pinv(input, rcond=rcond)


@op
def det(A: Tensor) -> Tensor:
    """The determinant of a square matrix.

    >>> det(tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor(6.)
    """
    _matrix("det", A, square=True)
    return apply(np.linalg.det, A)


@op
def slogdet(A: Tensor) -> return_types.linalg_slogdet:
    """The sign of the determinant and the logarithm of its absolute value, which does not overflow."""
    _matrix("slogdet", A, square=True)
    sign = np.asarray(np.linalg.slogdet(A._array)[0], A.dtype)
    return return_types.linalg_slogdet(new_tensor(sign), apply(primitives.log_abs_det, A))


@op
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant; NaN where that is negative.

    >>> logdet(tensor([[2.0, 0.0], [0.0, 0.5]]))
    tensor(0.)
    """
    sign, result = slogdet(input)
    read("logdet()")
    return result if (sign._array >= 0).all() else apply(np.where, sign._array < 0, float("nan"), result)


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The X with ``A @ X = B``, or with ``X @ A = B`` if not ``left``; B is a vector (..., n) or a matrix (..., n, k).

    >>> solve(tensor([[2.0, 0.0], [0.0, 4.0]]), tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    _matrix("solve", A, square=True)
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if not left:
        if vector:
            raise ValueError("linalg.solve: a vector B is a column, which X @ A = B cannot give: use left=True")
        result: Tensor = solve(A.mT, B.mT).mT
        return result
    if B.shape[-1 if vector else -2] != A.shape[-1]:
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation AX = B: {list(A.shape)} and {list(B.shape)}"
        )
    message = "torch.linalg.solve: The solver failed because the input matrix is singular."
    if not vector or B.ndim == 1:
        return _checked(message, np.linalg.solve, A, B)
    return squeeze(_checked(message, np.linalg.solve, A, unsqueeze(B, -1)), -1)


@op
def matrix_power(A: Tensor, n: int) -> Tensor:
    """A square matrix multiplied by itself; n may be 0 or negative.

    >>> matrix_power(tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    tensor([[1., 3.],
            [0., 1.]])
    """
    _matrix("matrix_power", A, square=True)
    if n < 0:
        return matrix_power(inv(A), -n)
    result, square = None, A
    while n:  # the binary digits of n: about log2(n) products
        if n & 1:
            result = square if result is None else matmul(result, square)
        n >>= 1
        if n:
            square = matmul(square, square)
    return result if result is not None else eye(A.shape[-1], dtype=A.dtype).expand(A.shape).clone()


def multi_dot(tensors: Any) -> Tensor:
    """The product of several matrices, from the left."""
    result, *others = tensors
    for other in others:
        result = matmul(result, other)
    product: Tensor = result
    return product


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector perpendicular to both, for vectors of length 3 along ``dim``."""
    return products.cross(input, other, dim)


# -- norms


def vector_norm(x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The norm of order ``ord`` along ``dim`` (default: of all elements). As :func:`norm`."""
    return norms.norm(x, ord, dim, keepdim)


def matrix_norm(A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """The norm of matrices.

    Parameters
    ----------
    ord : "fro", "nuc" or number
        the square root of the sum of squares; the sum of singular values; 1 and inf: the largest sum of a column, of a
        row; 2: the largest singular value; -1, -inf, -2: the smallest
    """
    if ord == "fro":
        return norms.norm(A, 2, dim, keepdim)
    result: Tensor
    moved = A.movedim(tuple(dim), (-2, -1))
    if ord in (1, -1, float("inf"), float("-inf")):
        sums = abs(moved).sum(-2 if abs(ord) == 1 else -1)
        result = sums.amax(-1) if ord > 0 else sums.amin(-1)
    elif ord in (2, -2, "nuc"):
        sizes = svdvals(moved)
        result = sizes.sum(-1) if ord == "nuc" else sizes.amax(-1) if ord > 0 else sizes.amin(-1)
    else:
        raise ValueError(f"linalg.matrix_norm: Order {ord} not supported: use 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2")
    if keepdim:
        for d in sorted(d % A.ndim for d in dim):
            result = result.unsqueeze(d)
    return result


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The norm of vectors if ``dim`` is one number or ``ord`` is None, of matrices if ``dim`` is two.

    >>> norm(tensor([3.0, 4.0]))
    tensor(5.)
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim)
    of_matrices = isinstance(dim, tuple | list) and len(dim) == 2
    if of_matrices or (dim is None and A.ndim == 2):
        return matrix_norm(A, ord, dim if of_matrices else (-2, -1), keepdim)
    return vector_norm(A, ord, dim, keepdim)


# -- decompositions


@op
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangular L with ``A = L @ L.mH`` (or its adjoint, if ``upper``), of a positive definite matrix.

    Of a matrix that is not symmetric the symmetric part is taken.

    >>> cholesky(tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    _matrix("cholesky", A, square=True)
    message = "linalg.cholesky: The factorization could not be completed because the input is not positive-definite"
    result = _checked(message, primitives.cholesky, A)
    return result.mT.conj() if upper else result


def eigh(A: Tensor) -> return_types.linalg_eigh:
    """The eigenvalues, in ascending order, and eigenvectors of a symmetric (Hermitian) matrix.

    Of a matrix that is not symmetric the symmetric part is taken. The gradient by the eigenvectors exists only where
    the eigenvalues are distinct, and where the quantity does not depend on the eigenvectors' signs.

    >>> eigh(tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    _matrix("eigh", A, square=True)
    both = apply(primitives.eigh, A)
    return return_types.linalg_eigh(both[..., 0].real, both[..., 1:])


def eigvalsh(A: Tensor) -> Tensor:
    """The eigenvalues of a symmetric (Hermitian) matrix, in ascending order."""
    return eigh(A).eigenvalues


def _values(name: str, A: Tensor, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """``function`` on the values of a tensor, with Tensors as results."""
    if modes.grad and A.requires_grad:
        raise RuntimeError(
            f"linalg.{name} has no derivative here, and A requires grad: pass A.detach() if no gradient is wanted"
        )
    found = function(A._array, *args, **options)
    return tuple([new_tensor(np.asarray(x)) for x in found]) if isinstance(found, tuple) else new_tensor(found)


def _as_complex(array: Any) -> Any:
    return array.astype(np.result_type(array.dtype, np.complex64), copy=False)


def eig(A: Tensor) -> return_types.linalg_eig:
    """The eigenvalues and eigenvectors of a square matrix: complex. Without a gradient."""
    _matrix("eig", A, square=True)
    return return_types.linalg_eig(*_values("eig", A, lambda a: tuple(map(_as_complex, np.linalg.eig(a)))))


def eigvals(A: Tensor) -> Tensor:
    """The eigenvalues of a square matrix: complex. Without a gradient."""
    return eig(A).eigenvalues


def svd(A: Tensor, full_matrices: bool = True) -> return_types.linalg_svd:
    """The singular value decomposition ``A = U @ diag(S) @ Vh``, S descending. Without a gradient."""
    _matrix("svd", A)
    return return_types.linalg_svd(*_values("svd", A, np.linalg.svd, full_matrices))


def svdvals(A: Tensor) -> Tensor:
    """The singular values of a matrix, descending. Without a gradient."""
    _matrix("svdvals", A)
    result: Tensor = _values("svdvals", A, np.linalg.svd, compute_uv=False)
    return result


def qr(A: Tensor, mode: str = "reduced") -> return_types.linalg_qr:
    """The decomposition ``A = Q @ R`` into orthonormal columns and an upper triangle. Without a gradient.

    ``mode``: "reduced", or "complete" for a square Q.
    """
    _matrix("qr", A)
    if mode not in ("reduced", "complete"):
        raise RuntimeError(f"linalg.qr: mode must be 'reduced' or 'complete', got {mode!r}")
    return return_types.linalg_qr(*_values("qr", A, np.linalg.qr, mode))


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None) -> return_types.linalg_lstsq:
    """The X with the least ``||A @ X - B||``: A of shape (n, m), B of shape (n,) or (n, k). Without a gradient."""
    if A.ndim != 2:
        raise RuntimeError(f"linalg.lstsq: A must be one matrix, got shape {list(A.shape)}")
    if modes.grad and B.requires_grad:
        raise RuntimeError("linalg.lstsq has no derivative here, and B requires grad: pass B.detach()")
    return return_types.linalg_lstsq(*_values("lstsq", A, np.linalg.lstsq, B._array, rcond))


def matrix_rank(A: Tensor, *, tol: float | None = None) -> Tensor:
    """How many singular values are above ``tol`` (default: the largest, times the larger length, times epsilon)."""
    _matrix("matrix_rank", A)
    return new_tensor(np.asarray(np.linalg.matrix_rank(A._array, tol), np.int64))
