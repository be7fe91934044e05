"""Order and membership: sorting, the largest few, distinct values, counting, where things are.

The values that are picked carry gradients back to where they came from; indices are int64 and carry none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives.indexing import gather
from ..tape import apply
from ..tensor import Tensor, array_of, new_tensor
from ..watch import beside, read
from . import return_types
from .creation import tensor  # noqa: F401  for the examples
from .dims import axis_of
from .naming import op, with_dims
from .return_types import Picked
from .shapes import reshape, squeeze

__all__ = [
    "argsort", "argwhere", "bincount", "bucketize", "histc", "histogram", "isin", "kthvalue", "msort", "nonzero",
    "searchsorted", "sort", "topk", "unique", "unique_consecutive",
]  # fmt: skip


# -- order


@beside
def _order(array: Any, axis: int, descending: bool) -> Any:
    """The places of the elements in order; equal ones stay in the order in which they stand."""
    if not descending:
        return np.argsort(array, axis=axis, kind="stable")
    backwards = np.argsort(np.flip(array, axis), axis=axis, kind="stable")
    return array.shape[axis] - 1 - np.flip(backwards, axis)


def _picked(kind: type[Picked], input: Tensor, places: Any, axis: int) -> Picked:
    return kind(apply(gather, input, places, axis), new_tensor(places))


def _only(kind: type[Picked], input: Tensor) -> Picked:
    """Of a 0-d tensor."""
    return kind(reshape(input, ()), new_tensor(np.zeros((), np.int64)))


@op
@with_dims
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The places of the elements along ``dim`` in order; equal ones keep their order, whatever ``stable`` says.

    >>> argsort(tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    return sort(input, dim, descending, stable).indices


@op
@with_dims
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> Picked:
    """The elements along ``dim`` in order, with their places: ``(values, indices)``.

    Equal elements keep their order, whatever ``stable`` says; NaN counts as the largest.

    >>> values, indices = sort(tensor([3.0, 1.0, 2.0]), descending=True)
    >>> values, indices
    (tensor([3., 2., 1.]), tensor([0, 2, 1]))
    """
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return _only(return_types.sort, input)
    return _picked(return_types.sort, input, _order(input._array, axis, descending), axis)


@op
def msort(input: Tensor) -> Tensor:
    """The values of :func:`sort` along dimension 0."""
    return sort(input, 0).values


@op
@with_dims
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Picked:
    """The ``k`` largest (or smallest) elements along ``dim`` with their places, always in order: ``(values, indices)``.

    >>> topk(tensor([3.0, 1.0, 2.0]), 2)
    torch.return_types.topk(
    values=tensor([3., 2.]),
    indices=tensor([0, 2]))
    """
    axis = axis_of(dim, input.ndim)
    n = input.shape[axis] if input.ndim else 1
    if not 0 <= k <= n:
        raise RuntimeError(f"selected index k out of range: k is {k}, and dimension {axis} has {n} elements")
    if not input.ndim:
        return _only(return_types.topk, input)
    return _picked(return_types.topk, input, _best(input._array, k, axis, largest), axis)


@beside
def _best(array: Any, k: int, axis: int, largest: bool) -> Any:
    """The places of the ``k`` largest or smallest elements, in order: sorted are only these."""
    n = array.shape[axis]
    if not 0 < k < n:
        return _order(array, axis, largest)[(*(slice(None),) * axis, slice(k))]
    parted = np.argpartition(array, n - k if largest else k - 1, axis=axis)
    wanted = slice(n - k, n) if largest else slice(k)
    places = np.sort(parted[(*(slice(None),) * axis, wanted)], axis=axis)  # of equal ones the first comes first
    order = _order(np.take_along_axis(array, places, axis), axis, largest)
    return np.take_along_axis(places, order, axis)


@op
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Picked:
    """The ``k``-th smallest element along ``dim``, counted from 1, with its place: ``(values, indices)``."""
    axis = axis_of(dim, input.ndim)
    if not 1 <= k <= input.shape[axis]:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}: k is {k}")
    values, indices = sort(input, axis)
    found = [x.narrow(axis, k - 1, 1) for x in (values, indices)]
    return return_types.kthvalue(*found if keepdim else [squeeze(x, axis) for x in found])


# -- distinct values and counts


@op
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct values, in order in any case, without a gradient.

    Returns
    -------
    Tensor, or a tuple of
        values : shape (n,), or distinct slices along ``dim``
        inverse : where in ``values`` each element is, in the shape of ``input``; if ``return_inverse``
        counts : shape (n,), how often each occurs; if ``return_counts``

    >>> unique(tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    axis = None if dim is None else axis_of(dim, input.ndim)
    read("unique()")
    values, inverse, counts = np.unique(input._array, return_inverse=True, return_counts=True, axis=axis)
    inverse = inverse.reshape(input.shape if axis is None else -1)
    return _chosen((values, True), (inverse, return_inverse), (counts, return_counts))


@op
def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False) -> Any:
    """The values of the flattened tensor without immediate repetitions. Returns what :func:`unique` does.

    >>> unique_consecutive(tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    read("unique_consecutive()")
    flat = input._array.reshape(-1)
    new = np.ones(flat.size, bool)
    new[1:] = flat[1:] != flat[:-1]
    starts = np.flatnonzero(new)
    inverse = (np.cumsum(new) - 1).reshape(input.shape)
    counts = np.diff(np.append(starts, flat.size))
    return _chosen((flat[starts], True), (inverse, return_inverse), (counts, return_counts))


def _chosen(*results: tuple[Any, bool]) -> Any:
    wanted = tuple([new_tensor(array) for array, is_wanted in results if is_wanted])
    return wanted if len(wanted) > 1 else wanted[0]


@op
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, 2 ... occurs in a vector of whole numbers, or the sums of their ``weights``.

    >>> bincount(tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    read("bincount()")
    if input.ndim != 1 or input.dtype.kind not in "iu" or (input._array < 0).any():
        raise RuntimeError(
            f"bincount only supports 1-d non-negative integral inputs, got {input.dtype} of shape {list(input.shape)}"
        )
    result = np.bincount(input._array, None if weights is None else array_of(weights), minlength)
    if weights is not None and weights.dtype == np.float32:
        result = result.astype(np.float32)
    return new_tensor(result)


@op
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements fall into each of ``bins`` equal intervals from ``min`` to ``max`` (both 0: of the data).

    >>> histc(tensor([1.0, 2.0, 1.0]), bins=3, min=0, max=3)
    tensor([0., 2., 1.])
    """
    array = input._array
    if min == max == 0 and array.size:
        min, max = array.min(), array.max()
    if min > max:
        raise RuntimeError(f"histc: max must be larger than min, got min={min} and max={max}")
    inside = array[(array >= min) & (array <= max)]
    return new_tensor(np.histogram(inside, bins, (min, max))[0].astype(array.dtype))


@op
def histogram(
    input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> return_types.histogram:
    """How many elements (or what ``weight``) fall between each two edges: ``(hist, bin_edges)``.

    ``bins`` is the number of equal intervals in ``range`` (default: of the data), or a tensor of edges.

    >>> histogram(tensor([1.0, 2.0, 1.0]), bins=2, range=(0.0, 3.0)).hist
    tensor([2., 1.])
    """
    array = input._array
    weights = None if weight is None else array_of(weight)
    counts, edges = np.histogram(array, array_of(bins), range, density, weights)
    return return_types.histogram(new_tensor(counts.astype(array.dtype)), new_tensor(edges.astype(array.dtype)))


# -- where


@op
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Where the elements are not 0: shape (how many, ndim), or a tuple of one vector for each dimension, as an index.

    >>> nonzero(tensor([[1, 0], [0, 5]]))
    tensor([[0, 0],
            [1, 1]])
    """
    read("nonzero()")
    if not as_tuple:
        return new_tensor(np.argwhere(input._array))
    return tuple([new_tensor(places) for places in np.nonzero(np.atleast_1d(input._array))])


@op
def argwhere(input: Tensor) -> Tensor:
    """:func:`nonzero` as a matrix."""
    result: Tensor = nonzero(input)
    return result


def searchsorted(
    sorted_sequence: Tensor, values: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None
) -> Tensor:
    """At which places ``values`` would go into ``sorted_sequence`` (along its last dimension) to keep it sorted.

    ``right=True`` (or ``side="right"``): behind equal elements; default: before them.

    >>> searchsorted(tensor([1, 3, 5]), tensor([3, 4]))
    tensor([1, 2])
    """
    if side not in (None, "left", "right") or (side == "left" and right):
        raise RuntimeError(f"searchsorted: side must be 'left' or 'right' and agree with right, got {side!r}, {right=}")
    sequence, wanted = array_of(sorted_sequence), np.asarray(array_of(values))
    which: Any = "right" if right or side == "right" else "left"
    if sequence.ndim == 1:
        places = np.asarray(np.searchsorted(sequence, wanted, which))
    else:
        if sequence.shape[:-1] != wanted.shape[:-1]:
            raise RuntimeError(
                f"searchsorted: boundaries of shape {list(sequence.shape)} and values of shape {list(wanted.shape)} "
                f"must agree in all but the last dimension"
            )
        rows = [np.searchsorted(sequence[i], wanted[i], which) for i in np.ndindex(sequence.shape[:-1])]
        places = np.reshape(rows, wanted.shape)
    return new_tensor(places.astype(np.int32 if out_int32 else np.int64))


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Between which of ``boundaries`` each element lies: :func:`searchsorted` with the arguments exchanged.

    >>> bucketize(tensor([0.5, 2.0]), tensor([1.0, 2.0, 3.0]))
    tensor([0, 1])
    """
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def isin(elements: Any, test_elements: Any, *, invert: bool = False) -> Tensor:
    """Whether each of ``elements`` is one of ``test_elements``.

    >>> isin(tensor([1, 2, 3]), tensor([2, 5]))
    tensor([False,  True, False])
    """
    return new_tensor(_isin(array_of(elements), array_of(test_elements), invert=invert))


@beside
def _isin(elements: Any, test_elements: Any, invert: bool) -> Any:
    return np.asarray(np.isin(elements, test_elements, invert=invert))
