"""From what a user gives to an array: values, dtypes, shapes and devices as PyTorch understands them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType, common_dtype, device, get_default_dtype
from ..tensor import Array, Tensor, array_of


def check_device(place: Any) -> None:
    """Raise the error of :class:`device` unless ``place`` is None or the CPU."""
    if place is not None and not isinstance(place, device):
        device(place)


def dtype_of(dtype: Any, default: Any = None) -> DType:
    """``dtype`` as a NumPy dtype that a tensor can hold; for None the ``default``, by default the default dtype."""
    if dtype is None:
        dtype = default
    if dtype is None:
        return get_default_dtype()
    result = dtype if isinstance(dtype, np.dtype) else np.dtype(dtype)
    if result.kind not in "biufc":
        raise TypeError(f"dtype must be one of float32, float64, int64, bool, complex64 and their like, got {dtype!r}")
    return result


def shape_of(sizes: tuple[Any, ...], size: Any = None, what: str = "zeros") -> tuple[int, ...]:
    """The shape that is meant by ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``."""
    if size is not None:
        sizes = (size,)
    elif not sizes:
        raise TypeError(f'{what}() missing 1 required positional arguments: "size", as in {what}(2, 3)')
    if len(sizes) == 1 and isinstance(sizes[0], list | tuple):
        sizes = tuple(sizes[0])
    shape = []
    for n in sizes:
        if isinstance(n, float) or not hasattr(n, "__index__"):
            raise TypeError(f"{what}(): argument 'size' must be tuple of ints, not {type(n).__name__}: {n!r}")
        shape.append(n.__index__())
    if any(n < 0 for n in shape):
        raise RuntimeError(f"{what}: Dimension size must be non-negative, got {shape}")
    return tuple(shape)


def checked_array(array: Array) -> Array:
    """``array`` itself, if a tensor can share its memory."""
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}. The only supported types are: float64, float32, "
            f"float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
        )
    if not array.dtype.isnative:
        raise ValueError(
            f"given numpy array has byte order different from the native byte order ({array.dtype}). Convert it "
            f"first: array.astype(array.dtype.newbyteorder('='))"
        )
    if any(stride < 0 for stride in array.strides):
        raise ValueError(
            f"At least one stride in the given numpy array is negative ({array.strides}), and tensors with negative "
            f"strides are not currently supported. (Make a copy of your array with array.copy().)"
        )
    return np.asarray(array)


def values_of(data: Any, dtype: Any = None) -> Array:
    """The values in ``data`` as an array of the dtype that torch would choose; may share memory with ``data``."""
    wanted = None if dtype is None else dtype_of(dtype)
    data = array_of(data)
    if not isinstance(data, np.ndarray) and hasattr(data, "__array__") and not isinstance(data, np.generic):
        data = np.asarray(data)
    if isinstance(data, np.ndarray):
        array = checked_array(data)
    elif hasattr(data, "coalesced"):
        array = data
    else:
        found: set[DType] = set()
        array = _stacked(_unwrapped(data, found))
        if wanted is None:
            wanted = common_dtype(found) if found else get_default_dtype()
        _check_range(array, wanted)
    return array if wanted is None else array.astype(wanted, copy=False)


def shares(array: Array, data: Any) -> bool:
    """Whether ``values_of(data)`` gave memory that belongs to ``data``."""
    data = array_of(data)
    return array is data or (isinstance(data, np.ndarray) and np.may_share_memory(array, data))


def _unwrapped(data: Any, found: set[DType]) -> Any:
    """Nested lists with the tensors in them replaced by their values; the dtypes met are added to ``found``."""
    kind = type(data)
    if kind in _PYTHON:
        found.add(_python_dtype(kind))
        return data
    if isinstance(data, list | tuple | range):
        kinds = set(map(type, data))
        if kinds <= _PYTHON:
            found.update(map(_python_dtype, kinds))
            return data
        return [_unwrapped(value, found) for value in data]
    if isinstance(data, Tensor):
        if data._array.size != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars, and one in the list has shape "
                f"{list(data.shape)}: use stack(list) to join tensors"
            )
        data = data._array.reshape(())[()]
    if isinstance(data, np.ndarray | np.generic) and data.dtype.kind in "biufc":
        found.add(data.dtype)
        return data
    if isinstance(data, str):
        raise TypeError(f"new(): invalid data type 'str': {data!r}")
    if hasattr(data, "__array__"):
        return _unwrapped(np.asarray(data), found)
    raise RuntimeError(f"Could not infer dtype of {kind.__name__}: a tensor holds numbers and truth values: {data!r}")


_PYTHON = {float, int, bool, complex}


def _python_dtype(kind: type) -> DType:
    """The dtype that a Python number of this type becomes."""
    if kind is complex:
        return common_dtype((get_default_dtype(), np.dtype(np.complex64)))
    return get_default_dtype() if kind is float else np.dtype(kind)


def _stacked(data: Any) -> Array:
    try:
        return np.array(data)
    except ValueError:
        raise ValueError(_misfit(data)) from None


def _misfit(data: Any) -> str:
    """What is wrong with nested lists that are not rectangular."""
    level, dim = [data], 0
    while True:
        lengths = [len(v) if hasattr(v, "__len__") else "a number" for v in level]
        for n in lengths:
            if n != lengths[0]:
                return f"expected sequence of length {lengths[0]} at dim {dim} (got {n}): the lists are not rectangular"
        level, dim = [value for values in level for value in values], dim + 1


def _check_range(array: Array, dtype: DType) -> None:
    """Whole numbers that do not fit are an error, not a wrapped value."""
    if array.dtype.kind == "O" or (array.dtype == np.uint64 and dtype == np.int64):
        raise ValueError("Overflow when unpacking long long: a whole number given does not fit into int64")
    if dtype.kind in "iu" and array.dtype.kind in "iu" and array.size and not np.can_cast(array.dtype, dtype):
        limits = np.iinfo(dtype)
        lowest = limits.min or -limits.max  # as in torch, -1 becomes the largest unsigned number
        for value in (array.min(), array.max()):
            if not lowest <= int(value) <= limits.max:
                raise RuntimeError(f"value cannot be converted to type {dtype} without overflow: {value}")
