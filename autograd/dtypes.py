"""Element types, shapes and the one device: the words in which a tensor describes itself.

A dtype here *is* a NumPy dtype under torch's name, so ``np.zeros(3, dtype=float32)`` and
``tensor.dtype == np.float32`` both work.

>>> from minitorch_optim.autograd import tensor, float64
>>> (tensor([1.0]) * tensor([2], dtype=float64)).dtype    # the wider one of the same kind wins
dtype('float64')
>>> (tensor([1, 2]) / 2).dtype                            # whole numbers become the default float
dtype('float32')
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .watch import changes

__all__ = [
    "Size",
    "bool_",
    "cdouble",
    "cfloat",
    "complex64",
    "complex128",
    "device",
    "double",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "half",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "set_default_dtype",
    "short",
    "sparse_coo",
    "strided",
    "uint8",
]  # fmt: skip

DType = np.dtype[Any]

float16 = half = np.dtype(np.float16)
float32 = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
complex64 = cfloat = np.dtype(np.complex64)
complex128 = cdouble = np.dtype(np.complex128)
# torch.float, torch.int and torch.bool are named in the package's face: here they would hide Python's own.
uint8 = np.dtype(np.uint8)
int8 = np.dtype(np.int8)
int16 = short = np.dtype(np.int16)
int32 = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
bool_ = np.dtype(np.bool_)

strided = "strided"
sparse_coo = "sparse_coo"

_COMPLEX_OF: dict[DType, DType] = {float16: complex64, float32: complex64, float64: complex128}
_RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}  # bool < whole < real < complex

_default = float32


def get_default_dtype() -> DType:
    """The dtype that Python floats become: float32 unless :func:`set_default_dtype` changed it.

    >>> get_default_dtype()
    dtype('float32')
    """
    return _default


def set_default_dtype(d: Any) -> None:
    """Make ``d``, float32 or float64, the dtype that Python floats become.

    >>> set_default_dtype(float64)
    >>> get_default_dtype()
    dtype('float64')
    >>> set_default_dtype(float32)
    """
    global _default
    dtype = np.dtype(d)
    if dtype.kind != "f":
        raise TypeError(f"only floating-point types are supported as the default type, got {dtype}")
    _default = dtype
    changes.note()


def is_differentiable(dtype: DType) -> bool:
    """Whether a tensor of this dtype can carry a gradient: real or complex, not whole or bool."""
    return dtype.kind in "fc"


def common_dtype(dtypes: Iterable[DType]) -> DType:
    """The dtype that holds them all, by PyTorch's rule: whole numbers do not widen a real type.

    >>> common_dtype([float32, int64]), common_dtype([complex64, float64]), common_dtype([uint8, int8])
    (dtype('float32'), dtype('complex128'), dtype('int16'))
    """
    dtypes = list(dtypes)
    if any(d.kind in "fc" for d in dtypes):
        dtypes = [d for d in dtypes if d.kind in "fc"]
    result = dtypes[0]
    for other in dtypes[1:]:
        result = np.promote_types(result, other)
    return result


def takes(target: DType, source: DType) -> bool:
    """Whether values of dtype ``source`` may be written into ``target``: those of its own kind, or of a lower one."""
    return _RANK[source.kind] <= _RANK[target.kind]


def promoted(tensors: Iterable[np.ndarray[Any, Any]], numbers: Iterable[Any]) -> DType:
    """The dtype in which an operation on these arrays and Python numbers is carried out.

    PyTorch's rule: arrays with dimensions decide; a 0-d array, and after it a Python number,
    only counts if it is of a higher kind (bool < whole < real < complex), so that
    ``float32_tensor * 2.5`` stays float32.
    """
    dimensioned = [a.dtype for a in tensors if a.ndim]
    single = [a.dtype for a in tensors if not a.ndim]
    default_of: dict[int, DType] = {2: _default, 3: _COMPLEX_OF[_default], 1: int64, 0: bool_}
    python = [default_of[_RANK[np.asarray(n).dtype.kind]] for n in numbers]
    result: DType | None = None
    for level in (dimensioned, single, python):
        if not level:
            continue
        this = common_dtype(level)
        if result is not None and this.kind == "c" and result.kind == "f":
            this = _COMPLEX_OF[result]  # a complex number keeps the precision of a real tensor
        if result is None or _RANK[this.kind] > _RANK[result.kind]:
            result = this
    if result is None:
        raise TypeError("expected a tensor, an array or a number")
    return result


class Size(tuple):  # type: ignore[type-arg]
    """The shape of a tensor: a tuple of whole numbers.

    >>> Size([2, 3]), Size([2, 3]).numel(), Size([2, 3]) == (2, 3)
    (torch.Size([2, 3]), 6, True)
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, key: Any) -> Any:
        picked = tuple.__getitem__(self, key)
        return Size(picked) if isinstance(key, slice) else picked

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, tuple(other)))


class device:
    """Where a tensor lives. There is one place, the CPU.

    >>> device("cpu"), device("cpu") == device("cpu", 0).type
    (device(type='cpu'), False)

    Raises
    ------
    RuntimeError
        for every other kind of device.
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any = "cpu", index: Any = None) -> None:
        name = type.type if isinstance(type, device) else str(type)
        name, _, number = name.partition(":")
        if name != "cpu":
            raise RuntimeError(
                f"device {name!r} is not available: minitorch_optim computes on the CPU with NumPy. "
                f"Use device('cpu'), or guard the call with cuda.is_available(), which is False here."
            )
        self.type = name
        self.index = index if not number else int(number)

    def __repr__(self) -> str:
        place = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{place})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))


CPU = device("cpu")
