"""Along one dimension, without reducing it: running sums and products, and the softmax family."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import reductions as primitives
from ..tape import apply, cast
from ..tensor import Tensor
from .creation import tensor  # noqa: F401  for the examples
from .dims import axes_of, axis_of
from .joining import cat
from .naming import op, with_dims
from .reductions import summable
from .shapes import reshape

__all__ = ["cumprod", "cumsum", "diff", "log_softmax", "logsumexp", "softmax"]


def _running(primitive: Any, input: Tensor, dim: int, dtype: Any) -> Tensor:
    input, axis = summable(input, dtype), axis_of(dim, input.ndim)
    return apply(primitive, input, axis=axis) if input.ndim else input.clone()


@op(inplace=True)
@with_dims
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The sum of the elements up to each place along ``dim``; whole numbers and bools are summed as int64.

    >>> cumsum(tensor([1, 2, 3]), dim=0)
    tensor([1, 3, 6])
    """
    return _running(np.cumsum, input, dim, dtype)


@op(inplace=True)
@with_dims
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The product of the elements up to each place along ``dim``; whole numbers are multiplied as int64."""
    return _running(np.cumprod, input, dim, dtype)


@op
@with_dims
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """The differences of neighbours along ``dim``, taken ``n`` times, after joining ``prepend`` and ``append``.

    >>> diff(tensor([1, 4, 9, 16]))
    tensor([3, 5, 7])
    """
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    axis = axis_of(dim, input.ndim)
    parts = [part for part in (prepend, input, append) if part is not None]
    result = cat(parts, axis) if len(parts) > 1 else input
    for _ in range(n):
        length = result.shape[axis]
        result = apply(np.subtract, result.narrow(axis, 1, length - 1), result.narrow(axis, 0, length - 1))
    return result


@op
@with_dims
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(exp(x))) along ``dim``, one or several, without overflow.

    >>> logsumexp(tensor([1000.0, 1000.0]), dim=0)
    tensor(1000.6932)
    """
    return apply(primitives.logsumexp, input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


def _normalized(primitive: Any, input: Tensor, dim: int, dtype: Any) -> Tensor:
    if dtype is not None:
        input = apply(cast, input, np.dtype(dtype))
    if not input.ndim:  # alone along its one dimension
        return reshape(apply(primitive, reshape(input, 1), axis=axis_of(dim, 0)), ())
    return apply(primitive, input, axis=axis_of(dim, input.ndim))


@op
@with_dims
def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """exp(x) / sum(exp(x)) along ``dim``: positive, with sum 1. Computed in ``dtype``, if given.

    >>> softmax(tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return _normalized(primitives.softmax, input, dim, dtype)


@op
@with_dims
def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """The logarithm of :func:`softmax`, computed without overflow: x - logsumexp(x)."""
    return _normalized(primitives.log_softmax, input, dim, dtype)
