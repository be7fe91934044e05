"""Which of our operations stands for which of NumPy's functions, where NumPy's arguments differ from torch's.

A NumPy function that has a row in the table of derivatives needs an entry only where its options are to be understood.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .ops import (
    choices,
    cumulative,
    extremes,
    indexing,
    joining,
    linalg,
    pointwise,
    products,
    reductions,
    repeating,
    shapes,
    sorting,
)
from .ops.contraction import einsum
from .ops.conversion import clone
from .ops.creation import empty_like, full_like, ones_like, zeros_like
from .tape import apply
from .tensor import Tensor, new_tensor


class Refused(Exception):
    """Options of NumPy that the recorded function does not have."""


def refuse(options: dict[str, Any]) -> None:
    given = [f"{name}=" for name, value in options.items() if value is not None and value is not np._NoValue]
    if given:
        raise Refused(", ".join(given))


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else new_tensor(np.asarray(value))


def _with(ours: Callable[..., Any], *names: str, **translated: str) -> Callable[..., Any]:
    """``ours`` behind NumPy's signature: the first argument as a tensor, the others by NumPy's ``names``, in order.

    ``translated`` gives our name where it differs. An argument that is None or not given is left out; one that is not
    among ``names`` is refused, and ``out`` in any case.
    """

    def called(first: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) > len(names):
            raise Refused("more arguments")
        named = dict(zip(names, args, strict=False), **kwargs)
        refuse({name: value for name, value in named.items() if name not in names or name == "out"})
        options = {translated.get(k, k): v for k, v in named.items() if v is not None and v is not np._NoValue}
        return ours(_tensor(first), **options)

    return called


def _joined(ours: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`_with`, for functions of a list of tensors and an axis."""

    def called(arrays: Any, axis: Any = 0, **options: Any) -> Any:
        refuse(options)
        tensors = [_tensor(a) for a in arrays]
        if axis is None:
            return ours([t.reshape(-1) for t in tensors])
        return ours(tensors, axis) if axis else ours(tensors)

    return called


def _pair(ours: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`_with`, for functions of two tensors."""

    def called(a: Any, b: Any, **options: Any) -> Any:
        refuse(options)
        return ours(_tensor(a), _tensor(b))

    return called


def _dot(a: Tensor, b: Tensor) -> Tensor:
    if not a.ndim or not b.ndim:
        return apply(np.multiply, a, b)
    return products.tensordot(a, b, ([a.ndim - 1], [0 if b.ndim == 1 else b.ndim - 2]))


def _outer(a: Tensor, b: Tensor) -> Tensor:
    return products.outer(shapes.ravel(a), shapes.ravel(b))


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Tensor:
    if not isinstance(axes, int):
        axes = [[d] if isinstance(d, int) else d for d in axes]
    return products.tensordot(_tensor(a), _tensor(b), axes)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None, **options: Any) -> Tensor:
    refuse(options)
    return choices.clamp(_tensor(a), a_min if min is None else min, a_max if max is None else max)


def _einsum(spec: Any, *operands: Any, optimize: Any = True, **options: Any) -> Tensor:
    refuse(options)
    return einsum(spec, *[_tensor(x) for x in operands])


def _sorted(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None, **options: Any) -> Tensor:
    refuse(options)
    a = _tensor(a)
    return sorting.sort(a.reshape(-1) if axis is None else a, -1 if axis is None else axis).values


def _take(a: Any, indices: Any, axis: Any = None, **options: Any) -> Tensor:
    refuse(options)
    a = shapes.ravel(_tensor(a)) if axis is None else _tensor(a)
    result: Tensor = a[(*(slice(None),) * ((axis or 0) % a.ndim), indices)]
    return result


def _take_along(arr: Any, indices: Any, axis: Any = -1) -> Tensor:
    return indexing.take_along_dim(_tensor(arr), _tensor(indices), axis)


def _each(ours: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`_with`, for functions of any number of tensors, each on its own."""

    def called(*arrays: Any) -> Any:
        results = tuple([ours(_tensor(a)) for a in arrays])
        return results if len(results) > 1 else results[0]

    return called


def _meshgrid(*axes: Any, indexing: str = "xy", **options: Any) -> Any:
    refuse(options)
    return repeating.meshgrid(*[_tensor(a) for a in axes], indexing=indexing)


def _spread(ours: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy divides by n where PyTorch divides by n - 1."""
    inner = _with(ours, "axis", "dtype", "out", "correction", "keepdims", ddof="correction")

    def called(a: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) < 4 and "ddof" not in kwargs and "correction" not in kwargs:
            kwargs["correction"] = 0
        elif "ddof" in kwargs:
            kwargs["correction"] = kwargs.pop("ddof")
        return inner(a, *args, **kwargs)

    return called


_REDUCED = ("axis", "dtype", "out", "keepdims")  # the order of NumPy's arguments
_EXTREME = ("axis", "out", "keepdims")

OURS: dict[Any, Callable[..., Any]] = {
    np.sum: _with(reductions.sum, *_REDUCED),
    np.mean: _with(reductions.mean, *_REDUCED),
    np.prod: _with(reductions.prod, *_REDUCED),
    np.nansum: _with(reductions.nansum, *_REDUCED),
    np.max: _with(extremes.amax, *_EXTREME),
    np.min: _with(extremes.amin, *_EXTREME),
    np.all: _with(reductions.all, *_EXTREME),
    np.any: _with(reductions.any, *_EXTREME),
    np.argmax: _with(extremes.argmax, *_EXTREME),
    np.argmin: _with(extremes.argmin, *_EXTREME),
    np.count_nonzero: _with(reductions.count_nonzero, "axis"),
    np.var: _spread(reductions.var),
    np.std: _spread(reductions.std),
    np.where: choices.where,
    np.clip: _clip,
    np.round: _with(pointwise.round, "decimals"),
    np.nan_to_num: _with(choices.nan_to_num, "copy", "nan", "posinf", "neginf"),
    np.zeros_like: _with(zeros_like, "dtype"),
    np.ones_like: _with(ones_like, "dtype"),
    np.empty_like: _with(empty_like, "dtype"),
    np.full_like: _with(full_like, "fill_value", "dtype"),
    np.copy: _with(clone),
    np.concatenate: _joined(joining.cat),
    np.stack: _joined(joining.stack),
    np.hstack: _joined(joining.hstack),
    np.vstack: _joined(joining.vstack),
    np.diff: _with(cumulative.diff, "n", "axis"),
    np.ravel: _with(shapes.ravel),
    np.atleast_1d: _each(shapes.atleast_1d),
    np.atleast_2d: _each(shapes.atleast_2d),
    np.split: _with(joining.tensor_split, "indices_or_sections", "axis", axis="dim"),
    np.array_split: _with(joining.tensor_split, "indices_or_sections", "axis", axis="dim"),
    np.repeat: _with(repeating.repeat_interleave, "repeats", "axis", axis="dim"),
    np.meshgrid: _meshgrid,
    np.fliplr: _with(joining.fliplr),
    np.flipud: _with(joining.flipud),
    np.rot90: _with(joining.rot90, "k", "axes", axes="dims"),
    np.diag: _with(joining.diag, "k", k="diagonal"),
    np.diagonal: _with(joining.diagonal, "offset", "axis1", "axis2", axis1="dim1", axis2="dim2"),
    np.trace: _with(products.trace),
    np.sort: _sorted,
    np.take: _take,
    np.take_along_axis: _take_along,
    np.dot: _pair(_dot),
    np.inner: _pair(products.inner),
    np.outer: _pair(_outer),
    np.vdot: _pair(products.vdot),
    np.kron: _pair(products.kron),
    np.tensordot: _tensordot,
    np.cross: _pair(linalg.cross),
    np.einsum: _einsum,
    np.linalg.norm: _with(linalg.norm, "ord", "axis", "keepdims", axis="dim", keepdims="keepdim"),
    np.linalg.slogdet: _with(linalg.slogdet),
    np.linalg.pinv: _with(linalg.pinv, "rcond"),
    np.linalg.matrix_power: _with(linalg.matrix_power, "n"),
    np.linalg.cholesky: _with(linalg.cholesky),
    np.linalg.eigh: _with(linalg.eigh),
}

# Questions whose answers carry no gradient anyway.
WITHOUT_GRADIENT = {
    np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.result_type, np.shares_memory, np.may_share_memory,
    np.allclose, np.isclose, np.array_equal, np.array_equiv, np.argsort, np.argwhere, np.flatnonzero, np.nonzero,
    np.searchsorted, np.digitize, np.isin, np.unique, np.bincount, np.histogram, np.array_repr, np.array_str,
    np.array2string, np.linalg.matrix_rank,
}  # fmt: skip
