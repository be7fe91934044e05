"""NumPy as the interface: ``np.exp(t)``, ``np.where(c, t, 0)``, ``array * t``, ``scipy.special.erf(t)`` reach the tape.

NumPy asks its arguments first. A ufunc calls :func:`_ufunc`, every other NumPy function :func:`_function`; so what has
a row in the table is recorded, whatever name it was called by. It is also what lets a rule of derivation be written
once: the ``np.sum`` in it computes on arrays, and records on Tensors.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .inplace import before_change, overwrite
from .modes import modes, no_grad
from .ops import (
    choices,
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
from .table import TABLE
from .tape import apply, cast
from .tensor import Tensor, array_of, new_tensor

# -- ufuncs


def _ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
    """``np.add(a, t)``, ``array + t``, ``np.add.reduce(t)``; ``array += t`` comes with ``out=(array,)``."""
    if options.get("where", True) is True:
        options.pop("where", None)
    for target in out or ():
        if isinstance(target, Tensor):  # which may be one of the inputs, as in np.multiply(t, t, out=t)
            inputs = tuple([before_change(x, inputs) if x is target else x for x in inputs])
    if method == "__call__":
        result = _call(ufunc, inputs, options)
    elif method == "reduce" and ufunc in _REDUCTIONS:
        axis = options.pop("axis", 0)
        result = _function(self, _REDUCTIONS[ufunc], (), inputs, {"axis": axis, **options})
    else:
        result = _on_values(f"{ufunc.__name__}.{method}", getattr(ufunc, method), inputs, options)
    if out is None:
        return result
    written = [_written(*pair, ufunc) for pair in zip(out, result if isinstance(result, tuple) else (result,))]
    return tuple(written) if isinstance(result, tuple) else written[0]


_REDUCTIONS: dict[Any, Any] = {
    np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min, np.logical_and: np.all,
    np.logical_or: np.any,
}  # fmt: skip


def _call(ufunc: np.ufunc, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    if ufunc not in TABLE and _comes_from_scipy(ufunc):
        from .derivatives import special  # noqa: F401  its rows are entered when the first of them is wanted
    if ufunc not in TABLE:
        return _on_values(ufunc.__name__, ufunc, inputs, options)
    dtype = options.pop("dtype", None)
    if options:
        return _on_values(f"{ufunc.__name__} with {', '.join(options)}", ufunc, inputs, {**options, "dtype": dtype})
    if ufunc is np.matmul:  # for its messages
        result = products.matmul(*inputs)
    else:
        result = apply(ufunc, *inputs)
    return result if dtype is None else apply(cast, result, np.dtype(dtype))


def _comes_from_scipy(ufunc: np.ufunc) -> bool:
    import sys

    special = sys.modules.get("scipy.special")
    return special is not None and getattr(special, ufunc.__name__, None) is ufunc


def _written(target: Any, result: Tensor, ufunc: np.ufunc) -> Any:
    """``result`` where the caller wants it: in a Tensor, in place, or in an array, if that loses no gradient."""
    if target is None:
        return result
    if isinstance(target, Tensor):
        return overwrite(target, result, f"{ufunc.__name__}(..., out=...)")
    if result.requires_grad:
        raise TypeError(
            f"{ufunc.__name__}: the result requires grad, and an array cannot keep its history: make the array a "
            f"tensor (array = from_numpy(array)), or write the values of t.detach()"
        )
    np.copyto(target, result._array, casting="same_kind")
    return target


# -- what has no derivative


def _on_values(name: str, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """Computed by NumPy on the values, if no gradient is lost by that."""
    if modes.grad and _requires_grad((args, tuple(kwargs.values()))):
        raise TypeError(
            f"{name} has no derivative here, and an argument requires grad: pass t.detach() if none is wanted, or "
            f"enter a rule with autograd.derivative({name}, ...)"
        )
    return _wrapped(function(*_unwrapped(args), **{key: _unwrapped(value) for key, value in kwargs.items()}))


def _requires_grad(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.requires_grad
    return isinstance(value, tuple | list) and any(map(_requires_grad, value))


def _unwrapped(value: Any) -> Any:
    if isinstance(value, tuple | list):
        kind: Any = type(value) if type(value) in (tuple, list) else tuple
        return kind(_unwrapped(v) for v in value)
    return array_of(value)


def _wrapped(value: Any) -> Any:
    if isinstance(value, tuple | list):
        parts = [_wrapped(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, np.ndarray | np.generic) and np.asarray(value).dtype.kind in "fciub":
        return new_tensor(np.asarray(value))
    return value


# -- NumPy's other functions


def _function(self: Tensor, function: Callable[..., Any], types: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """``np.sum(t)``, ``np.concatenate([t, u])``: ours of that name, or its row, or NumPy's on the values."""
    ours = OURS.get(function)
    if ours is not None:
        return ours(*args, **kwargs)
    if function in TABLE:
        return _row(function, args, kwargs)
    if function in WITHOUT_GRADIENT:
        with no_grad():
            return _on_values(function.__name__, function, args, kwargs)
    return _on_values(function.__name__, function, args, kwargs)


def _row(function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a function that has a row as its rules expect it: what NumPy requires in its place, the rest by name."""
    signature = inspect.signature(function)
    given, named = [], {}
    for name, value in signature.bind(*args, **kwargs).arguments.items():
        default = signature.parameters[name].default
        if default is inspect.Parameter.empty:
            given.append(value)
        elif value is not default and value is not np._NoValue:
            named[name] = value
    for name in ("out", "where", "initial", "order", "subok", "copy"):
        if name in named:
            raise TypeError(f"np.{function.__name__} of a tensor takes no {name}=: use t.detach().numpy() for it")
    return apply(function, *given, **named)


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else new_tensor(np.asarray(value))


def _with(ours: Callable[..., Any], *names: str, **translated: str) -> Callable[..., Any]:
    """``ours`` behind NumPy's signature: the first argument as a tensor, the others by NumPy's ``names``, in order.

    ``translated`` gives our name where it differs. An argument that is None or not given is left out; one that is not
    among ``names`` is refused.
    """

    def called(first: Any, *args: Any, **kwargs: Any) -> Any:
        named = dict(zip(names, args, strict=False), **kwargs)
        unknown = [name for name, value in named.items() if name not in names and value is not None]
        if unknown or len(args) > len(names):
            raise TypeError(
                f"np.{ours.__name__} of a tensor takes {', '.join(names) or 'no options'}, and got "
                f"{', '.join(unknown) or 'more arguments'}: use t.detach().numpy() for it"
            )
        options = {translated.get(k, k): v for k, v in named.items() if v is not None and v is not np._NoValue}
        return ours(_tensor(first), **options)

    return called


def _joined(ours: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`_with`, for functions of a list of tensors and an axis."""

    def called(arrays: Any, axis: Any = 0) -> Any:
        tensors = [_tensor(a) for a in arrays]
        if axis is None:
            return ours([t.reshape(-1) for t in tensors])
        return ours(tensors, axis) if axis else ours(tensors)

    return called


def _pair(ours: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`_with`, for functions of two tensors."""

    def called(a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
        return ours(_tensor(a), _tensor(b), *args, **kwargs)

    return called


def _dot(a: Any, b: Any) -> Tensor:
    a, b = _tensor(a), _tensor(b)
    if not a.ndim or not b.ndim:
        return apply(np.multiply, a, b)
    return products.tensordot(a, b, ([a.ndim - 1], [0 if b.ndim == 1 else b.ndim - 2]))


def _outer(a: Any, b: Any) -> Tensor:
    return products.outer(shapes.ravel(_tensor(a)), shapes.ravel(_tensor(b)))


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Tensor:
    if not isinstance(axes, int):
        axes = [[d] if isinstance(d, int) else d for d in axes]
    return products.tensordot(_tensor(a), _tensor(b), axes)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Tensor:
    return choices.clamp(_tensor(a), a_min if min is None else min, a_max if max is None else max)


def _einsum(spec: Any, *operands: Any, optimize: Any = True) -> Tensor:
    return einsum(spec, *[_tensor(x) for x in operands])


def _sorted(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None) -> Tensor:
    a = _tensor(a)
    return sorting.sort(a.reshape(-1) if axis is None else a, -1 if axis is None else axis).values


def _take(a: Any, indices: Any, axis: Any = None) -> Tensor:
    a = shapes.ravel(_tensor(a)) if axis is None else _tensor(a)
    result: Tensor = a[(*(slice(None),) * ((axis or 0) % a.ndim), indices)]
    return result


def _take_along(arr: Any, indices: Any, axis: Any = -1) -> Tensor:
    return indexing.take_along_dim(_tensor(arr), _tensor(indices), axis)


def _nonzero(a: Tensor) -> Any:
    return sorting.nonzero(a, as_tuple=True)


def _meshgrid(*axes: Any, indexing: str = "xy") -> Any:
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
    # whole names: the rows of the table that PyTorch's rules of dtype and its messages should govern
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
    np.ravel: _with(shapes.ravel),
    np.atleast_1d: _with(shapes.atleast_1d),
    np.atleast_2d: _with(shapes.atleast_2d),
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
    np.nonzero: _nonzero,
    np.dot: _dot,
    np.inner: _pair(products.inner),
    np.outer: _outer,
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
    np.allclose, np.isclose, np.array_equal, np.array_equiv, np.argsort, np.argwhere, np.flatnonzero, np.searchsorted,
    np.digitize, np.isin, np.unique, np.bincount, np.histogram, np.array_repr, np.array_str, np.array2string,
    np.linalg.matrix_rank,
}  # fmt: skip

Tensor.__array_ufunc__ = _ufunc  # type: ignore[attr-defined]
Tensor.__array_function__ = _function  # type: ignore[attr-defined]
