"""Tensors made from values, from other tensors' shapes, or from nothing.

Every function here also takes, by keyword,

requires_grad : bool
    record what is computed from the new tensor (default False); real and complex dtypes only
device : device or str
    ``"cpu"``, the only one
layout : str
    ``strided`` (default), or ``sparse_coo`` for a tensor that stores its nonzero elements only

A ``size`` is given as separate whole numbers, as one tuple, or as ``size=``. ``dtype`` defaults to
:func:`get_default_dtype`, float32, unless the function says otherwise.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..dtypes import DType, is_differentiable, sparse_coo, strided
from ..tensor import Array, Tensor, legacy_constructor, new_tensor
from ..watch import beside
from .naming import method
from .values import check_device, checked_array, dtype_of, shape_of, shares, values_of

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor",
    "ShortTensor", "arange", "as_tensor", "asarray", "empty", "empty_like", "eye", "from_numpy", "full", "full_like",
    "linspace", "logspace", "ones", "ones_like", "range", "scalar_tensor", "tensor", "zeros", "zeros_like",
]  # fmt: skip


# -- what all of them share ---------------------------------------------------------------------


def leaf(array: Array, requires_grad: bool = False, device: Any = None, layout: str | None = None) -> Tensor:
    """A new tensor around ``array``, with the keywords that every creating function takes."""
    check_device(device)
    result = new_tensor(array)
    if requires_grad:
        if not is_differentiable(array.dtype):
            raise RuntimeError(
                f"Only Tensors of floating point and complex dtype can require gradients, and this one would be "
                f"{array.dtype}: give dtype=float32"
            )
        result._requires_grad = True
    if layout == sparse_coo:
        from ..sparse import COO

        result._array = COO.from_dense(array)
    elif layout not in (None, strided):
        raise ValueError(f"layout must be strided or sparse_coo, got {layout!r}")
    return result


# -- from values --------------------------------------------------------------------------------


def tensor(data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of these values.

    Parameters
    ----------
    data : number, nested list or tuple, ndarray, Tensor
        lists may hold numbers, one-element tensors (their values count, not their history) and arrays
    dtype : optional
        default: an array keeps its own; Python floats become float32 (:func:`set_default_dtype`), ints int64

    Raises
    ------
    ValueError
        if the nested lists are not rectangular

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    >>> tensor([1, 2.5])
    tensor([1.0000, 2.5000])
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than tensor(sourceTensor).",
            stacklevel=2,
        )
    copied = _copied_anew if isinstance(data, np.ndarray) else _copied
    return leaf(copied(data, dtype), requires_grad, device)


def _copied(data: Any, dtype: Any) -> Array:
    array = values_of(data, dtype)
    return array.copy() if shares(array, data) else array


_copied_anew = beside(_copied)  # the values of an array may change: each replay of a step takes those of its time


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """``data`` as a tensor, without a copy if it is a Tensor or an array of the right dtype.

    A Tensor keeps its history.

    >>> import numpy as np
    >>> a = np.zeros(2)
    >>> as_tensor(a)[0] = 5.0
    >>> a
    array([5., 0.])
    """
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    return new_tensor(values_of(data, dtype))


def asarray(
    obj: Any, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """As :func:`as_tensor`; ``copy=True`` never shares memory, ``copy=False`` fails rather than not share.

    >>> asarray([1.0, 2.0], requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    """
    array = values_of(obj, dtype)
    shared = shares(array, obj)
    if copy is False and not shared:
        raise ValueError(f"asarray: copy=False, but a {type(obj).__name__} cannot become {array.dtype} without a copy")
    if isinstance(obj, Tensor) and shared and not copy:
        if requires_grad and not obj.requires_grad:
            return obj.detach().requires_grad_()
        return obj if requires_grad or not obj.requires_grad else obj.detach()
    return leaf(array.copy() if copy and shared else array, requires_grad, device)


def from_numpy(ndarray: Any) -> Tensor:
    """The tensor that shares the memory of a NumPy array, with its dtype.

    >>> import numpy as np
    >>> a = np.arange(3.0)
    >>> t = from_numpy(a)
    >>> a[0] = 7.0
    >>> t
    tensor([7., 1., 2.], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__}): use tensor(data) for other values")
    return new_tensor(checked_array(ndarray))


# -- of one value -------------------------------------------------------------------------------


def zeros(*sizes: Any, size: Any = None, dtype: Any = None, **options: Any) -> Tensor:
    """Zeros of this shape.

    >>> zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return leaf(np.zeros(shape_of(sizes, size, "zeros"), dtype_of(dtype)), **options)


def ones(*sizes: Any, size: Any = None, dtype: Any = None, **options: Any) -> Tensor:
    """Ones of this shape.

    >>> ones(2, dtype=int, requires_grad=False)
    tensor([1, 1])
    """
    return leaf(np.ones(shape_of(sizes, size, "ones"), dtype_of(dtype)), **options)


def empty(*sizes: Any, size: Any = None, dtype: Any = None, **options: Any) -> Tensor:
    """A tensor of this shape whose values are whatever the memory held.

    >>> empty(2, 0).shape
    torch.Size([2, 0])
    """
    kind = np.zeros if options.get("layout") == sparse_coo else np.empty
    return leaf(kind(shape_of(sizes, size, "empty"), dtype_of(dtype)), **options)


def full(size: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Tensor:
    """A tensor of this shape filled with one value, whose kind decides the dtype.

    >>> full((2,), 3), full((2,), 3.0)
    (tensor([3, 3]), tensor([3., 3.]))
    """
    value = values_of(fill_value, dtype)
    return leaf(np.full(shape_of((), size, "full"), value, value.dtype), **options)


def scalar_tensor(value: Any, dtype: Any = None, **options: Any) -> Tensor:
    """A 0-d tensor, of the default float dtype whatever the value is.

    >>> scalar_tensor(3)
    tensor(3.)
    """
    return full((), value, dtype_of(dtype), **options)


def zeros_like(input: Tensor, dtype: Any = None, **options: Any) -> Tensor:
    """Zeros in the shape and dtype of ``input``, sparse if it is.

    >>> zeros_like(tensor([1, 2]))
    tensor([0, 0])
    """
    if isinstance(input, Tensor) and input.is_sparse:
        options.setdefault("layout", sparse_coo)
    return zeros(input.shape, dtype=dtype_of(dtype, input.dtype), **options)


def ones_like(input: Tensor, dtype: Any = None, **options: Any) -> Tensor:
    """Ones in the shape and dtype of ``input``.

    >>> ones_like(tensor([1, 2]), dtype=np.float32)
    tensor([1., 1.])
    """
    return ones(input.shape, dtype=dtype_of(dtype, input.dtype), **options)


def empty_like(input: Tensor, dtype: Any = None, **options: Any) -> Tensor:
    """An uninitialised tensor in the shape and dtype of ``input``, sparse and without entries if it is sparse.

    >>> empty_like(tensor([1, 2])).dtype
    dtype('int64')
    """
    if isinstance(input, Tensor) and input.is_sparse:
        options.setdefault("layout", sparse_coo)
    return empty(input.shape, dtype=dtype_of(dtype, input.dtype), **options)


def full_like(input: Tensor, fill_value: Any, dtype: Any = None, **options: Any) -> Tensor:
    """One value in the shape and dtype of ``input``.

    >>> full_like(tensor([1, 2]), 7.9)
    tensor([7, 7])
    """
    return full(tuple(input.shape), fill_value, dtype_of(dtype, input.dtype), **options)


# -- sequences and the identity -----------------------------------------------------------------


def arange(start: Any = None, end: Any = None, step: Any = 1, dtype: Any = None, **options: Any) -> Tensor:
    """The numbers from ``start`` up to but not including ``end``; ``arange(end)`` begins at 0.

    Shape (ceil((end - start) / step),); int64 if all three are whole, otherwise the default float. Element i is
    ``start + i * step``, computed in double precision.

    Raises
    ------
    RuntimeError
        if ``step`` is zero or leads away from ``end``

    >>> arange(3)
    tensor([0, 1, 2])
    >>> arange(1, 2, 0.25)
    tensor([1.0000, 1.2500, 1.5000, 1.7500])
    """
    start, end, step, kind = _limits("arange", dtype, start, end, step)
    count = -((start - end) // step) if kind.kind in "iu" else math.ceil((end - start) / step)
    return leaf(_progression(start, step, count, kind), **options)


def range(start: Any = None, end: Any = None, step: Any = 1, dtype: Any = None, **options: Any) -> Tensor:
    """The numbers from ``start`` to ``end``, which is included: torch's old form of :func:`arange`, always float.

    >>> range(1, 2, 0.5, dtype=np.float64)
    tensor([1.0000, 1.5000, 2.0000], dtype=torch.float64)
    """
    start, end, step, kind = _limits("range", dtype_of(dtype), start, end, step)
    return leaf(_progression(start, step, math.floor((end - start) / step) + 1, kind), **options)


def _limits(what: str, dtype: Any, *numbers: Any) -> tuple[Any, Any, Any, DType]:
    """Start, end and step as Python numbers, whole ones for a whole dtype, and the dtype of the result."""
    start, end, step = (n.item() if hasattr(n, "item") else n for n in numbers)
    if end is None:  # the only bound given is the end
        start, end = 0, start
    if end is None:
        raise TypeError(f"{what}() missing 1 required positional argument: 'end'")
    start = 0 if start is None else start
    if not all(map(math.isfinite, (start, end))):
        raise RuntimeError(f"unsupported range: {what} from {start} to {end} has no end")
    whole = all(isinstance(n, int) for n in (start, end, step))
    kind = dtype_of(dtype, np.dtype(np.int64) if whole else None)
    if kind.kind in "iu":
        start, end, step = int(start), int(end), int(step)
    if step == 0:
        raise RuntimeError(f"step must be nonzero, and {what} got {step}")
    if (end - start) * step < 0:
        raise RuntimeError(
            f"upper bound and lower bound inconsistent with step sign: {what} from {start} to {end} by {step}"
        )
    return start, end, step, kind


def _progression(start: Any, step: Any, count: int, dtype: DType) -> Array:
    if dtype.kind in "iu":
        return (start + np.arange(count, dtype=np.int64) * step).astype(dtype, copy=False)
    return (start + np.arange(count, dtype=np.float64) * step).astype(dtype)


def linspace(start: Any, end: Any, steps: int, dtype: Any = None, **options: Any) -> Tensor:
    """``steps`` numbers at equal distances, the first ``start``, the last ``end``. Shape (steps,).

    >>> linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    return leaf(_spaced("linspace", start, end, steps, dtype), **options)


def logspace(start: Any, end: Any, steps: int, base: float = 10.0, dtype: Any = None, **options: Any) -> Tensor:
    """``base`` to the power of :func:`linspace`. Shape (steps,).

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    kind = dtype_of(dtype)
    exponents = _spaced("logspace", start, end, steps, np.float64)
    return leaf(np.power(float(base), exponents).astype(kind), **options)


def eye(n: int, m: int | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """Ones on the diagonal, zeros elsewhere. Shape (n, m); m defaults to n.

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    rows, columns = shape_of((n, n if m is None else m), what="eye")
    return leaf(np.eye(rows, columns, dtype=dtype_of(dtype)), **options)


def _spaced(what: str, start: Any, end: Any, steps: int, dtype: Any) -> Array:
    """From both ends towards the middle, so that the first and the last are exact."""
    (count,) = shape_of((steps,), what=what)
    kind = dtype_of(dtype)
    start, end = (n.item() if hasattr(n, "item") else n for n in (start, end))
    if count == 1:
        return np.full(1, start, kind)
    exact = kind.type if kind.kind in "fc" else np.float64
    start, end = exact(kind.type(start)), exact(kind.type(end))
    step = (end - start) / exact(max(count - 1, 1))
    index = np.arange(count)
    wide = np.result_type(exact, np.float64)  # a float32 product is exact there: rounded once, after the sum
    start, end, step = wide.type(start), wide.type(end), wide.type(step)
    values = np.where(index < count // 2, start + step * index, end - step * (count - 1 - index))
    return values.astype(exact).astype(kind)


# -- beside another tensor: methods only --------------------------------------------------------


@method("new_tensor")
def _new_tensor(self: Tensor, data: Any, dtype: Any = None, **options: Any) -> Tensor:
    """:func:`tensor` with the dtype of this one."""
    return leaf(np.array(values_of(data, dtype_of(dtype, self.dtype))), **options)


@method("new_zeros")
def _new_zeros(self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, **options: Any) -> Tensor:
    """:func:`zeros` with the dtype of this tensor."""
    return zeros(*sizes, size=size, dtype=dtype_of(dtype, self.dtype), **options)


@method("new_ones")
def _new_ones(self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, **options: Any) -> Tensor:
    """:func:`ones` with the dtype of this tensor."""
    return ones(*sizes, size=size, dtype=dtype_of(dtype, self.dtype), **options)


@method("new_empty")
def _new_empty(self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, **options: Any) -> Tensor:
    """:func:`empty` with the dtype of this tensor."""
    return empty(*sizes, size=size, dtype=dtype_of(dtype, self.dtype), **options)


@method("new_full")
def _new_full(self: Tensor, size: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Tensor:
    """:func:`full` with the dtype of this tensor."""
    return full(size, fill_value, dtype_of(dtype, self.dtype), **options)


@method("new")
def _new(self: Tensor, *data: Any) -> Tensor:
    """The legacy constructor with the dtype of this tensor: of sizes, or of one sequence of values."""
    return legacy_constructor(Tensor, data, {}, self.dtype)


# -- torch's legacy types, as functions ---------------------------------------------------------


def _legacy(name: str, dtype: str) -> Any:
    def constructor(*data: Any) -> Tensor:
        return legacy_constructor(Tensor, data, {}, np.dtype(dtype))

    constructor.__name__ = constructor.__qualname__ = name
    constructor.dtype = np.dtype(dtype)  # type: ignore[attr-defined]  # what `x.type(LongTensor)` asks for
    constructor.__doc__ = f"""Legacy: ``{name}(2, 3)`` is uninitialised, ``{name}([1, 0])`` holds these as {dtype}.

    >>> {name}([1, 0]).dtype
    dtype('{dtype}')
    """
    return constructor


FloatTensor = _legacy("FloatTensor", "float32")
DoubleTensor = _legacy("DoubleTensor", "float64")
HalfTensor = _legacy("HalfTensor", "float16")
LongTensor = _legacy("LongTensor", "int64")
IntTensor = _legacy("IntTensor", "int32")
ShortTensor = _legacy("ShortTensor", "int16")
CharTensor = _legacy("CharTensor", "int8")
ByteTensor = _legacy("ByteTensor", "uint8")
BoolTensor = _legacy("BoolTensor", "bool")
