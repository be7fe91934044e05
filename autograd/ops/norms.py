"""Lengths and distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..derivatives import linalg as primitives
from ..tape import apply, cast
from ..tensor import Tensor
from .creation import tensor  # noqa: F401  for the examples
from .dims import axes_of
from .naming import op, with_dims

__all__ = ["cdist", "dist", "norm", "renorm"]


@op
@with_dims
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The p-norm (sum |x|^p)^(1/p) along ``dim``, one or several (default: of all elements together).

    ``p`` may be any number, ``"fro"`` (the same as 2), ``inf`` (the largest |x|), ``-inf`` (the smallest), or 0 (how
    many are not 0). Where the norm is 0, its gradient is taken to be 0.

    >>> x = tensor([[3.0, -4.0], [0.0, 1.0]])
    >>> norm(x, dim=1), x.norm(p=1), x.norm(float("inf"))
    (tensor([5., 1.]), tensor(8.), tensor(4.))
    """
    if dtype is not None:
        input = apply(cast, input, np.dtype(dtype))
    if input.dtype.kind not in "fc":
        raise RuntimeError(
            f"norm(): Expected a floating point or complex tensor as input. Got {input.dtype}: use x.float()"
        )
    axis = axes_of(dim, input.ndim)
    if p == "fro" or p is None:
        p = 2
    if p == "nuc":
        raise RuntimeError("norm: p='nuc' is the sum of the singular values of a matrix: use linalg.svdvals(x).sum()")
    if p == 0:
        return apply(np.sum, apply(cast, apply(np.not_equal, input, 0), abs(input).dtype), axis=axis, keepdims=keepdim)
    if math.isinf(p):
        return apply(np.max if p > 0 else np.min, apply(np.absolute, input), axis=axis, keepdims=keepdim)
    return apply(primitives.norm, input, p=p, axis=axis, keepdims=keepdim)


@op
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of ``input - other``.

    >>> dist(tensor([1.0, 2.0]), tensor([4.0, 6.0]))
    tensor(5.)
    """
    return norm(input - other, p)


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm of ``x1[i] - x2[j]`` for all rows i and j: (..., n, m) and (..., k, m) to (..., n, k).

    >>> cdist(tensor([[0.0, 0.0], [3.0, 4.0]]), tensor([[0.0, 0.0]]))
    tensor([[0.],
            [5.]])
    """
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"cdist: X1 and X2 must be matrices with the same number of columns, or batches of these: got shapes "
            f"{list(x1.shape)} and {list(x2.shape)}"
        )
    return norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)


@op(inplace=True)
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Each slice along ``dim`` shortened to the p-norm ``maxnorm``, if it is longer.

    >>> renorm(tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    others = tuple([d for d in range(input.ndim) if d != dim % input.ndim])
    length = norm(input, p, others, keepdim=True)
    shorter = length > maxnorm
    return input * apply(np.where, shorter, maxnorm / (length + 1e-7), 1.0)
