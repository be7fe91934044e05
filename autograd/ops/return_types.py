"""What an operation with several results returns: a named tuple, printed as PyTorch prints it.

The names are those of ``torch.return_types``; each is a tuple, so ``values, indices = x.max(dim=1)`` works too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..tensor import Tensor


def _printed(self: Any) -> str:
    fields = ",\n".join(f"{name}={value}" for name, value in zip(self._fields, self))
    return f"torch.return_types.{type(self).__name__}(\n{fields})"


class Picked(NamedTuple):
    """Elements that were picked along a dimension, and where they were: int64."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return _printed(self)


class max(Picked):
    """Of :func:`max` along a dimension."""

    __slots__ = ()


class min(Picked):
    """Of :func:`min` along a dimension."""

    __slots__ = ()


class median(Picked):
    """Of :func:`median` along a dimension."""

    __slots__ = ()


class sort(Picked):
    """Of :func:`sort`."""

    __slots__ = ()


class topk(Picked):
    """Of :func:`topk`."""

    __slots__ = ()


class kthvalue(Picked):
    """Of :func:`kthvalue`."""

    __slots__ = ()


class aminmax(NamedTuple):
    """The smallest and the largest elements."""

    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return _printed(self)


class histogram(NamedTuple):
    """Counts, and the ``len(hist) + 1`` edges between which was counted."""

    hist: Tensor
    bin_edges: Tensor

    def __repr__(self) -> str:
        return _printed(self)


class linalg_slogdet(NamedTuple):
    """The determinant is ``sign * exp(logabsdet)``."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return _printed(self)


class Eigen(NamedTuple):
    """Eigenvalues (..., n), and eigenvectors in the columns of (..., n, n)."""

    eigenvalues: Tensor
    eigenvectors: Tensor

    def __repr__(self) -> str:
        return _printed(self)


class linalg_eigh(Eigen):
    """Of a symmetric matrix."""

    __slots__ = ()


class linalg_eig(Eigen):
    """Of any square matrix: complex."""

    __slots__ = ()


class linalg_svd(NamedTuple):
    """The factors of ``A = U @ diag(S) @ Vh``."""

    U: Tensor
    S: Tensor
    Vh: Tensor

    def __repr__(self) -> str:
        return _printed(self)


class linalg_qr(NamedTuple):
    """The factors of ``A = Q @ R``."""

    Q: Tensor
    R: Tensor

    def __repr__(self) -> str:
        return _printed(self)


class linalg_lstsq(NamedTuple):
    """The solution of least squares, and what is known about it."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor

    def __repr__(self) -> str:
        return _printed(self)
