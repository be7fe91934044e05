"""An array that writes down what NumPy is asked to do with it.

The primitives of the tape and the rules of their derivatives are written in NumPy. Called with :class:`Traced` arrays
they run as ever, and each call of NumPy in them becomes a line of a :class:`~.program.Program`, with the array that
this first time came out as the place for the result: ``t5 = np.add(t3, t4)`` is kept as ``add(t3, t4, t5)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .products import better_copied

if TYPE_CHECKING:
    from .program import Program


class Untraceable(Exception):
    """Something is asked of a traced array that no line can say: then the whole function is called in the replay."""


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """One array in a program. Whatever an array can do is done with it, and written down."""

    __slots__ = ("array", "name", "program")
    __array_priority__ = 2000

    def __init__(self, program: Program, array: Any, name: str) -> None:
        self.program = program
        self.array = array
        self.name = name

    # -- functions of NumPy ----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        program = self.program
        if np.geterr() != program.errors:
            raise Untraceable("other settings for errors of NumPy")
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}_{method}"
        if method == "at":
            program.will_write(inputs[0])
            function(*map(raw, inputs))
            program.say(name, function, inputs)
            return None
        if out is not None:
            (target,) = out
            program.will_write(target)
            function(*map(raw, inputs), out=target.array, **raw(kwargs))
        else:
            result = function(*map(raw, inputs), **raw(kwargs))
            if isinstance(result, tuple):
                raise Untraceable(f"{name} has more than one result")
            target = program.fresh(np.asarray(result))
        constant = out is None and program.is_constant(inputs, kwargs)
        if method == "__call__" and not constant:
            inputs = _with_floats_for_truth(program, inputs)
            inputs, kwargs = _with_arrays_for_numbers(program, ufunc, inputs, kwargs)
        if constant:
            target.array.flags.writeable = False
        elif method == "__call__" and name not in ("maximum", "minimum"):  # these want it by name
            program.say(name, function, (*inputs, target), kwargs)
        else:
            program.say(name, function, inputs, {**kwargs, "out": target})
        return target

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        lowered = _LOWERED.get(function)
        if lowered is not None:
            try:
                result = lowered(*args, **kwargs)
            except TypeError:  # with options that it has not
                result = NotImplemented
            if result is not NotImplemented:
                return result
        result = function(*raw(args), **raw(kwargs))
        return self.program.result_of(function.__name__, function, args, kwargs, result, function in _WITH_OUT)

    # -- methods and attributes ------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name in _LEAVING or name.startswith("__"):
            raise Untraceable(name)
        value = getattr(self.array, name)
        if callable(value):
            return lambda *args, **kwargs: self._method(name, value, args, kwargs)
        if isinstance(value, np.ndarray):  # T, real, imag
            return self.program.view(value, self, f"{self.name}.{name}")
        return value  # shape, dtype ...

    def _method(self, name: str, bound: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if name in _METHODS:
            return _METHODS[name](self, *args, **kwargs)
        if name == "fill":
            self.program.will_write(self)
            bound(*raw(args), **raw(kwargs))
            self.program.say_method(self, name, args, kwargs, None)
            return None
        result = bound(*raw(args), **raw(kwargs))
        return self.program.result_of_method(self, name, args, kwargs, result)

    def __getitem__(self, index: Any) -> Any:
        if any(getattr(part, "dtype", None) == np.bool_ for part in (index if type(index) is tuple else (index,))):
            self.program.refused = "how many elements a mask picks may differ (use torch.where instead)"
        result = self.array[raw(index)]
        return self.program.result_of_index(self, index, result)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.program.will_write(self)
        self.array[raw(index)] = raw(value)
        self.program.say_item(self, index, value)

    def __len__(self) -> int:
        return len(self.array)

    def _leave(self, *args: Any, **kwargs: Any) -> Any:
        raise Untraceable("its values are read")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __iter__ = __complex__ = _leave


_LEAVING = frozenset(("item", "tolist", "tobytes", "sort", "partition", "resize", "put", "setflags", "data", "flat"))


def raw(value: Any) -> Any:
    """``value`` with arrays in the place of traced ones."""
    if type(value) is Traced:
        return value.array
    if type(value) in (tuple, list):
        return type(value)(map(raw, value))
    if type(value) is dict:
        return {k: raw(v) for k, v in value.items()}
    return value


class Number:
    """A Python number in a line: the name of an array that holds it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def _with_floats_for_truth(program: Program, inputs: Any) -> Any:
    """The arguments of a ufunc with boolean arrays as real ones, if others are real: NumPy itself casts more slowly."""
    real = {array.dtype for array in map(raw, inputs) if isinstance(array, np.ndarray) and array.dtype.kind == "f"}
    if len(real) != 1:
        return inputs
    (dtype,) = real
    return tuple([program.cast(i, dtype) if type(i) is Traced and i.array.dtype == bool else i for i in inputs])


def _with_arrays_for_numbers(program: Program, ufunc: Any, inputs: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments of a ufunc with Python numbers as arrays of the dtype that they would be taken as."""
    dtypes = {array.dtype for array in map(raw, inputs) if isinstance(array, np.ndarray)}
    if len(dtypes) != 1:
        return inputs, kwargs
    (dtype,) = dtypes
    if dtype.kind not in "fi" or kwargs not in ({}, {"dtype": dtype}):
        return inputs, kwargs
    if not any(types.startswith(dtype.char * ufunc.nin + "->") for types in ufunc.types):
        return inputs, kwargs
    kinds = (float, int) if dtype.kind == "f" else (int,)
    limit = min(2.0**53, np.finfo(dtype).max) if dtype.kind == "f" else np.iinfo(dtype).max
    taken = [Number(program.number(i, dtype)) if type(i) in kinds and abs(i) <= limit else i for i in inputs]
    return tuple(taken), {}


# -- functions that are said by a quicker one that does the same ----------------------------------


def _reduction(ufunc: Any) -> Callable[..., Any]:
    def reduced(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False, **more: Any) -> Any:
        if more or not isinstance(a, Traced) or a.array.dtype.kind not in "fc":
            return NotImplemented
        return ufunc.reduce(a, axis=axis, dtype=dtype, keepdims=bool(keepdims))

    return reduced


def _extreme(ufunc: Any) -> Callable[..., Any]:
    def extreme(a: Any, axis: Any = None, keepdims: Any = False, **more: Any) -> Any:
        if more or not isinstance(a, Traced):
            return NotImplemented
        return ufunc.reduce(a, axis=axis, keepdims=bool(keepdims))

    return extreme


def _mean(a: Any, axis: Any = None, keepdims: Any = False, **more: Any) -> Any:
    if more or not isinstance(a, Traced):
        return NotImplemented
    if a.array.dtype not in (np.float32, np.float64) or not a.array.size:
        return NotImplemented
    total: Any = np.add.reduce(a, axis=axis, keepdims=bool(keepdims))  # type: ignore[call-overload]
    total /= a.array.size // max(total.array.size, 1)
    return total


def _copyto(target: Any, source: Any, casting: str = "same_kind", where: Any = True) -> None:
    if type(target) is not Traced:
        raise Untraceable("an array made on the way is changed in place")
    program = target.program
    program.will_write(target)
    np.copyto(target.array, raw(source), casting=casting, where=raw(where))  # type: ignore[arg-type]
    options = {"casting": casting} if casting != "same_kind" else {}
    program.say("copyto", np.copyto, (target, source), options if where is True else {**options, "where": where})


def _dot(a: Any, b: Any) -> Any:
    """By the method, which does not ask first who is to answer."""
    result = raw(a).dot(raw(b))
    if not isinstance(result, np.ndarray) or not result.ndim:
        return NotImplemented
    program = (a if type(a) is Traced else b).program
    if type(b) is Traced and better_copied(raw(a), b.array):
        b = program.cast(b, b.array.dtype)
    target = program.fresh(result)
    program.line(f"{program.text(a)}.dot({program.text(b)}, {target.name})")
    return target


def _in_place(*args: Any, **kwargs: Any) -> Any:
    raise Untraceable("an array is changed in place")


_LOWERED: dict[Any, Callable[..., Any]] = {
    np.copyto: _copyto, np.put: _in_place, np.putmask: _in_place, np.place: _in_place, np.fill_diagonal: _in_place,
    np.put_along_axis: _in_place, np.dot: _dot,
    np.sum: _reduction(np.add), np.prod: _reduction(np.multiply), np.mean: _mean,
    np.max: _extreme(np.maximum), np.min: _extreme(np.minimum),
}  # fmt: skip
_WITH_OUT = frozenset((np.cumsum, np.cumprod, np.take, np.concatenate, np.stack, np.argmax, np.argmin))
_METHODS: dict[str, Callable[..., Any]] = {
    "dot": np.dot, "sum": np.sum, "prod": np.prod, "mean": np.mean, "max": np.max, "min": np.min,
    "cumsum": np.cumsum, "argmax": np.argmax, "argmin": np.argmin, "take": np.take,
}  # fmt: skip
