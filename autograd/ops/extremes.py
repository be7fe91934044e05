"""The largest, the smallest and those in between: of all elements, along dimensions, or of two tensors.

``dim`` is as in ``reductions.py``; the words ``axis`` and ``keepdims`` are understood too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..derivatives.indexing import gather
from ..tape import apply
from ..tensor import Tensor, array_of, new_tensor
from ..watch import beside
from . import return_types
from .creation import arange, tensor  # noqa: F401  for the examples
from .dims import axes_of, axis_of
from .naming import op, with_dims
from .return_types import Picked
from .shapes import reshape, squeeze

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "median", "min", "quantile"]


def _picked(kind: type[Picked], input: Tensor, indices: Any, axis: int, keepdim: bool) -> Picked:
    """The elements at ``indices``, whose dimension ``axis`` has length 1: the gradient goes to these and no others."""
    if not input.ndim:
        return kind(reshape(input, ()), new_tensor(indices.reshape(())))
    values, found = apply(gather, input, indices, axis), new_tensor(indices)
    return kind(values, found) if keepdim else kind(squeeze(values, axis), squeeze(found, axis))


def _nonempty(input: Tensor, name: str, axis: int | None) -> None:
    shape = input._array.shape
    if axis is not None and shape and not shape[axis]:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size, got shape {list(shape)}")
    if axis is None and 0 in shape:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            f"the 'dim' argument: the tensor has shape {list(shape)}"
        )


def _extreme(kind: type[Picked], primitives: Any, input: Tensor, dim: Any, keepdim: bool) -> Any:
    whole, where, pairwise = primitives
    if isinstance(dim, Tensor | np.ndarray):
        return apply(pairwise, input, dim)
    if dim is None:
        _nonempty(input, kind.__name__, None)
        return apply(whole, input)
    axis = axis_of(dim, input.ndim)
    _nonempty(input, kind.__name__, axis)
    array = input._array if input.ndim else input._array.reshape(1)
    return _picked(kind, input, _places(where, array, axis), axis, keepdim)


@beside
def _places(where: Any, array: Any, axis: int) -> Any:
    return where(array, axis=axis, keepdims=True)


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
    >>> x.max(dim=1)
    torch.return_types.max(
    values=tensor([5., 7.]),
    indices=tensor([1, 0]))
    """
    primitives = np.max, np.argmax, np.maximum
    return _extreme(return_types.max, primitives, input, dim if other is None else other, keepdim)


@op
@with_dims
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element; with ``dim``, the smallest along it and their places. As :func:`max`.

    >>> tensor([[1.0, 5.0], [7.0, 2.0]]).min(0).indices
    tensor([0, 1])
    """
    primitives = np.min, np.argmin, np.minimum
    return _extreme(return_types.min, primitives, input, dim if other is None else other, keepdim)


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
def aminmax(input: Tensor, *, dim: Any = None, keepdim: bool = False) -> return_types.aminmax:
    """:func:`amin` and :func:`amax`, as ``(min, max)``."""
    return return_types.aminmax(amin(input, dim, keepdim), amax(input, dim, keepdim))


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
    result = _picked(return_types.median, input, _middle(input._array, axis), axis, keepdim)
    return result if dim is not None else reshape(result.values, ())


@beside
def _middle(array: Any, axis: int) -> Any:
    """Where the median is; a NaN is the median of whatever holds it."""
    array = np.moveaxis(array, axis, -1)
    order = np.argsort(array, axis=-1, kind="stable")
    place = order[..., (array.shape[-1] - 1) // 2, None]
    if array.dtype.kind == "f":
        place = np.where(np.isnan(array).any(-1, keepdims=True), np.argmax(array, axis=-1, keepdims=True), place)
    return np.moveaxis(place, -1, axis)


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
