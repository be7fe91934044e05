"""Reductions: many elements become one, along one dimension, several, or all.

``dim`` is a number, a tuple of numbers, or None for all; NumPy's words ``axis`` and ``keepdims`` are understood too.
With ``keepdim=True`` the reduced dimensions stay, with length 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import reductions as primitives
from ..tape import apply, cast
from ..tensor import Tensor, array_of
from ..watch import read
from .creation import tensor  # noqa: F401  for the examples
from .dims import axes_of
from .naming import op, with_dims

__all__ = [
    "all", "any", "count_nonzero", "mean", "nansum", "prod", "std", "std_mean", "sum", "var", "var_mean",
]  # fmt: skip

INT64 = np.dtype(np.int64)


# -- sums and products


def summable(input: Tensor, dtype: Any) -> Tensor:
    """``input`` in the dtype in which it is summed: whole numbers and bools are summed as int64."""
    have = input._array.dtype
    wanted = np.dtype(dtype) if dtype is not None else INT64 if have.kind in "bui" else have
    return input if have == wanted else apply(cast, input, wanted)


@op
@with_dims
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum of the elements; whole numbers and bools are summed as int64.

    >>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> sum(x), x.sum(dim=0), x.sum(1, keepdim=True)
    (tensor(10.), tensor([4., 6.]), tensor([[3.],
            [7.]]))
    """
    axis = None if dim is None else axes_of(dim, input.ndim)
    return apply(np.sum, summable(input, dtype), axis=axis, keepdims=keepdim)


@op
@with_dims
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """:func:`sum` with every NaN counted as 0."""
    result: Tensor = sum(apply(np.where, np.isnan(input), 0, input), dim, keepdim, dtype=dtype)
    return result


@op
@with_dims
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of the elements.

    Raises
    ------
    RuntimeError
        for whole numbers, unless ``dtype`` says in which real dtype to compute

    >>> tensor([[1.0, 2.0], [3.0, 5.0]]).mean(dim=0)
    tensor([2.0000, 3.5000])
    """
    if dtype is not None:
        input = apply(cast, input, np.dtype(dtype))
    if input._array.dtype.kind not in "fc":
        raise RuntimeError(
            f"mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{input.dtype}. Use x.float().mean(), or mean(dtype=float32)"
        )
    axis = None if dim is None else axes_of(dim, input.ndim)
    return apply(np.mean, input, axis=axis, keepdims=keepdim)


@op
@with_dims
def prod(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product of the elements; whole numbers are multiplied as int64.

    >>> prod(tensor([[1, 2], [3, 4]]), dim=1)
    tensor([ 2, 12])
    """
    return apply(np.prod, summable(input, dtype), axis=axes_of(dim, input.ndim), keepdims=keepdim)


# -- spread


def _spread(
    primitive: Any, name: str, input: Tensor, dim: Any, unbiased: bool | None, keepdim: bool, correction: float | None
) -> Tensor:
    if isinstance(dim, bool):  # x.std(False)
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    elif unbiased is not None:
        raise TypeError(f"{name}() takes either unbiased or correction, and got both")
    if input._array.dtype.kind not in "fc":
        raise RuntimeError(f"{name}: only support floating point and complex dtypes, got {input.dtype}: use x.float()")
    return apply(primitive, input, axis=axes_of(dim, input.ndim), correction=correction, keepdims=keepdim)


@op
@with_dims
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The variance: the sum of squared distances from the mean, divided by ``n - correction``.

    ``correction`` is 1 by default, which makes it unbiased; ``unbiased=False`` is ``correction=0``.

    >>> var(tensor([1.0, 2.0, 3.0])), var(tensor([1.0, 2.0, 3.0]), unbiased=False)
    (tensor(1.), tensor(0.6667))
    """
    return _spread(primitives.variance, "var", input, dim, unbiased, keepdim, correction)


@op
@with_dims
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The standard deviation: the square root of :func:`var`. Where all elements are equal, its gradient is 0.

    >>> tensor([[1.0, 3.0], [5.0, 5.0]]).std(dim=1)
    tensor([1.4142, 0.0000])
    """
    return _spread(primitives.deviation, "std", input, dim, unbiased, keepdim, correction)


@with_dims
def var_mean(input: Tensor, dim: Any = None, *, correction: float = 1, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """:func:`var` and :func:`mean`."""
    return var(input, dim, keepdim=keepdim, correction=correction), mean(input, dim, keepdim)


@with_dims
def std_mean(input: Tensor, dim: Any = None, *, correction: float = 1, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """:func:`std` and :func:`mean`."""
    return std(input, dim, keepdim=keepdim, correction=correction), mean(input, dim, keepdim)


# -- questions and counts


@op
@with_dims
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether every element is true (not 0).

    >>> all(tensor([True, False])), all(tensor([[1, 0], [1, 1]]), dim=1)
    (tensor(False), tensor([False,  True]))
    """
    return apply(np.all, input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@op
@with_dims
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether some element is true (not 0)."""
    return apply(np.any, input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@op
@with_dims
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not 0: int64."""
    return apply(np.count_nonzero, input, axis=axes_of(dim, input.ndim))


@op(names=("__contains__",))
def _contains(input: Tensor, element: Any) -> bool:
    read("asking what a tensor contains")
    return bool(np.any(input._array == array_of(element)))
