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
from .numpy_names import OURS, WITHOUT_GRADIENT, Refused, refuse
from .ops.products import matmul
from .table import TABLE
from .tape import apply, cast
from .tensor import Tensor, array_of, new_tensor
from .watch import computed

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
        result = matmul(*inputs)
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
    arrays, options = _unwrapped(args), {key: _unwrapped(value) for key, value in kwargs.items()}
    if function in TABLE:
        return _wrapped(computed(function, arrays, options), arrays)
    return _wrapped(function(*arrays, **options), arrays)


def _requires_grad(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.requires_grad
    return isinstance(value, tuple | list) and any(map(_requires_grad, value))


def _unwrapped(value: Any) -> Any:
    if isinstance(value, tuple | list):
        kind: Any = type(value) if type(value) in (tuple, list) else tuple
        return kind(_unwrapped(v) for v in value)
    return array_of(value)


def _wrapped(value: Any, given: Any) -> Any:
    """NumPy's result in Tensors, with memory of their own: a view of ``given`` would not be known as one."""
    if isinstance(value, tuple | list):
        parts = [_wrapped(v, given) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, np.ndarray | np.generic) and np.asarray(value).dtype.kind in "fciub":
        array = np.asarray(value)
        return new_tensor(array.copy() if _shares_memory(array, given) else array)
    return value


def _shares_memory(array: Any, given: Any) -> bool:
    if isinstance(given, tuple | list):
        return any(_shares_memory(array, part) for part in given)
    return isinstance(given, np.ndarray) and np.may_share_memory(array, given)


# -- NumPy's other functions


def _function(self: Tensor, function: Callable[..., Any], types: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """``np.sum(t)``, ``np.concatenate([t, u])``: where a gradient is wanted, ours of that name, or the row it has.

    Otherwise NumPy's own on the values, with all its options; but a view is made by its row, to be known as one.
    """
    name, recorded = function.__name__, modes.grad and _requires_grad((args, tuple(kwargs.values())))
    if function in WITHOUT_GRADIENT:
        with no_grad():
            return _on_values(name, function, args, kwargs)
    try:
        if recorded and function in OURS:
            return OURS[function](*args, **kwargs)
        if function in TABLE and (recorded or TABLE[function].view):
            return _row(function, args, kwargs)
    except Refused as refused:
        name = f"{name} with {refused}"
    return _on_values(name, function, args, kwargs)


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
    refuse({name: named[name] for name in ("out", "where", "initial", "order", "subok", "copy") if name in named})
    return apply(function, *given, **named)


Tensor.__array_ufunc__ = _ufunc  # type: ignore[attr-defined]
Tensor.__array_function__ = _function  # type: ignore[attr-defined]
