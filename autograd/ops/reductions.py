"""Reductions: many elements become one, along one dimension, several, or all.

``dim`` is a number, a tuple of numbers, or None for all; NumPy's words ``axis`` and ``keepdims`` are understood too.
With ``keepdim=True`` the reduced dimensions stay, with length 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..derivatives import reductions as primitives
from ..derivatives.indexing import gather
from ..tape import apply, cast
from ..tensor import Tensor, array_of, new_tensor
from .creation import arange, tensor  # noqa: F401  for the examples
from .dims import axes_of, axis_of
from .naming import op, with_dims

__all__ = [
    "all", "amax", "amin", "aminmax", "any", "argmax", "argmin", "count_nonzero", "max", "mean",
    "median", "min", "nansum", "prod", "quantile", "std", "std_mean", "sum", "var", "var_mean",
]  # fmt: skip

INT64 = np.dtype(np.int64)


class Picked(NamedTuple):
    """Elements that were picked along a dimension, and where they were."""

    values: Tensor
    indices: Tensor


class MinMax(NamedTuple):
    """The result of :func:`aminmax`."""

    min: Tensor
    max: Tensor


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
    result: Tensor = sum(apply(np.where, ~np.isnan(input._array), input, 0), dim, keepdim, dtype=dtype)
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


# -- extremes


def along_dim(input: Tensor, indices: Any, axis: int, keepdim: bool) -> Picked:
    """The elements at ``indices``, whose dimension ``axis`` has length 1: the gradient goes to these and no others."""
    if not input.ndim:
        return Picked(input.reshape(()), new_tensor(indices.reshape(()).astype(np.int64, copy=False)))
    values, found = apply(gather, input, indices, axis), new_tensor(indices)
    return Picked(values, found) if keepdim else Picked(values.squeeze(axis), found.squeeze(axis))


def _nonempty(input: Tensor, name: str, axis: int | None) -> None:
    shape = input._array.shape
    if axis is not None and shape and not shape[axis]:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size, got shape {list(shape)}")
    if axis is None and 0 in shape:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            f"the 'dim' argument: the tensor has shape {list(shape)}"
        )


def _extreme(name: str, whole: Any, where: Any, pairwise: Any, input: Tensor, dim: Any, keepdim: bool) -> Any:
    if isinstance(dim, Tensor | np.ndarray) and dim.ndim | input.ndim:
        return apply(pairwise, input, dim)
    if dim is None:
        _nonempty(input, name, None)
        return apply(whole, input)
    axis = axis_of(dim, input.ndim)
    _nonempty(input, name, axis)
    array = input._array if input.ndim else input._array.reshape(1)
    return along_dim(input, where(array, axis=axis, keepdims=True), axis, keepdim)


@op
@with_dims
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element; with ``dim``, the largest along it and where; of two tensors, the larger of each pair.

    Returns
    -------
    Tensor
        without ``dim``; where several are the largest, they share the gradient
    (values, indices)
        with ``dim``; the gradient goes to the element at the index
    Tensor
        for ``max(input, other)``: :func:`maximum`

    >>> x = tensor([[1.0, 5.0], [7.0, 2.0]])
    >>> max(x)
    tensor(7.)
    >>> values, indices = x.max(dim=1)
    >>> values, indices
    (tensor([5., 7.]), tensor([1, 0]))
    """
    return _extreme("max", np.max, np.argmax, np.maximum, input, dim if other is None else other, keepdim)


@op
@with_dims
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element; with ``dim``, the smallest along it and their places. As :func:`max`.

    >>> tensor([[1.0, 5.0], [7.0, 2.0]]).min(0).indices
    tensor([0, 1])
    """
    return _extreme("min", np.min, np.argmin, np.minimum, input, dim if other is None else other, keepdim)


@op
@with_dims
def amax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The largest elements along ``dim``, one or several; where several are the largest, they share the gradient."""
    return apply(np.max, input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@op
@with_dims
def amin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The smallest elements along ``dim``, one or several; where several are the smallest, they share the gradient."""
    return apply(np.min, input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@op
@with_dims
def aminmax(input: Tensor, *, dim: Any = None, keepdim: bool = False) -> MinMax:
    """:func:`amin` and :func:`amax`, as ``(min, max)``."""
    return MinMax(amin(input, dim, keepdim), amax(input, dim, keepdim))


def _place(name: str, where: Any, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    axis = None if dim is None or not input.ndim else axis_of(dim, input.ndim)
    _nonempty(input, name, axis)
    return apply(where, input, axis=axis, keepdims=keepdim)


@op
@with_dims
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest element along ``dim``, or of the flattened tensor, is: int64; the first if there are several.

    >>> argmax(tensor([[1.0, 5.0], [7.0, 2.0]])), argmax(tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
    (tensor(2), tensor([1, 0]))
    """
    return _place("argmax", np.argmax, input, dim, keepdim)


@op
@with_dims
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The place of the smallest element along ``dim``, or in the flattened tensor. As :func:`argmax`."""
    return _place("argmin", np.argmin, input, dim, keepdim)


# -- the middle


@op
@with_dims
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The element in the middle, the lower one of two; with ``dim``, ``(values, indices)``.

    >>> median(tensor([3.0, 1.0, 2.0, 9.0]))
    tensor(2.)
    """
    axis = 0 if dim is None else axis_of(dim, input.ndim)
    if dim is None or not input.ndim:
        input = input.reshape(-1)
    _nonempty(input, "median", axis)
    array = np.moveaxis(input._array, axis, -1)
    order = np.argsort(array, axis=-1, kind="stable")
    place = order[..., (array.shape[-1] - 1) // 2, None]
    if array.dtype.kind == "f":  # a NaN is the median of whatever holds it
        place = np.where(np.isnan(array).any(-1, keepdims=True), np.argmax(array, axis=-1, keepdims=True), place)
    result = along_dim(input, np.moveaxis(place, -1, axis), axis, keepdim)
    return result if dim is not None else result.values.reshape(())


@op
@with_dims
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The value below which the fraction ``q`` (one or several, each from 0 to 1) of the elements along ``dim`` lies.

    Several ``q`` come as a first dimension of the result. ``interpolation`` says what to take between two elements:
    "linear", "lower", "higher", "midpoint" or "nearest".

    >>> quantile(arange(5.0), 0.6)
    tensor(2.4000)
    """
    fractions = np.asarray(array_of(q), np.float64)
    if not np.all((fractions >= 0) & (fractions <= 1)):
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {fractions.tolist()}")
    if interpolation not in BETWEEN:
        raise RuntimeError(f"quantile() interpolation must be one of {', '.join(BETWEEN)}, got {interpolation!r}")
    ndim = input.ndim
    flat = input.reshape(-1) if dim is None else input
    axis = 0 if dim is None else axis_of(dim, ndim)
    ordered = flat.sort(axis).values.movedim(axis, 0)
    places = fractions.reshape(-1) * (len(ordered) - 1)
    low = np.floor(places).astype(np.int64)
    high = np.ceil(places).astype(np.int64)
    weight = BETWEEN[interpolation](places - low).reshape(-1, *[1] * (ordered.ndim - 1))
    below, above = ordered[low], ordered[high]
    result: Tensor = below + (above - below) * new_tensor(weight.astype(below.dtype))
    if keepdim:
        result = result.reshape(len(places), *[1] * ndim) if dim is None else result.unsqueeze(axis + 1)
    return result if fractions.ndim else result[0]


BETWEEN: dict[str, Callable[[Any], Any]] = {  # how far from the lower of two elements, for a place between them
    "linear": lambda place: place,
    "lower": np.floor,
    "higher": np.ceil,
    "nearest": np.round,
    "midpoint": lambda place: np.where(place > 0, 0.5, 0.0),
}


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
    return bool(np.any(input._array == array_of(element)))
