"""What the names in PyTorch's files mean here: the whole list of what such a file may ask for."""

from __future__ import annotations

import operator
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..autograd.dtypes import DType, Size, device, sparse_coo
from ..autograd.tensor import Array, Tensor, new_tensor
from ..nn import Parameter
from .memory import view_of
from .structure import key_from, sparse_tensor

__all__ = ["DTYPES", "NAMES", "STORAGES", "Builder", "Storage", "StorageKind"]


class StorageKind(NamedTuple):
    """A class of storages: the dtype of its elements, and whether these are bfloat16."""

    dtype: DType
    brain: bool = False


class Storage(NamedTuple):
    """The bytes of a storage, in this machine's order, and what its class says of them; bfloat16 is float32 by now."""

    bytes: Array
    kind: StorageKind


class Builder(NamedTuple):
    """A function that a file may call. Nothing else that is on the stack can be called."""

    build: Callable[..., Any]


STORAGES: dict[str, DType] = {
    "FloatStorage": np.dtype("f4"),
    "DoubleStorage": np.dtype("f8"),
    "HalfStorage": np.dtype("f2"),
    "LongStorage": np.dtype("i8"),
    "IntStorage": np.dtype("i4"),
    "ShortStorage": np.dtype("i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
    "ComplexFloatStorage": np.dtype("c8"),
    "ComplexDoubleStorage": np.dtype("c16"),
}

DTYPES: dict[str, DType] = {
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
    "float16": np.dtype(np.float16),
    "int64": np.dtype(np.int64),
    "int32": np.dtype(np.int32),
    "int16": np.dtype(np.int16),
    "int8": np.dtype(np.int8),
    "uint8": np.dtype(np.uint8),
    "uint16": np.dtype(np.uint16),
    "uint32": np.dtype(np.uint32),
    "uint64": np.dtype(np.uint64),
    "bool": np.dtype(np.bool_),
    "complex64": np.dtype(np.complex64),
    "complex128": np.dtype(np.complex128),
}


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, *_: Any) -> Tensor:
    if not isinstance(storage, Storage):
        raise ValueError("a tensor without a storage")
    dtype = np.dtype(np.float32) if storage.kind.brain else storage.kind.dtype
    bytes_of = dtype.itemsize
    strides = tuple(operator.index(s) * bytes_of for s in stride)
    array = view_of(storage.bytes, dtype, operator.index(offset) * bytes_of, tuple(size), strides)
    result = new_tensor(array)
    result.requires_grad = bool(requires_grad)
    return result


def _tensor_of_dtype(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, hooks: Any, dtype: Any, *_: Any
) -> Tensor:
    if not isinstance(dtype, np.dtype) or not isinstance(storage, Storage):
        raise ValueError("a tensor without a dtype or a storage")
    return _tensor(Storage(storage.bytes, StorageKind(dtype)), offset, size, stride, requires_grad)


def _parameter(data: Any, requires_grad: Any, *_: Any) -> Parameter:
    return Parameter(data.detach(), bool(requires_grad))


def _sparse(layout: Any, parts: Any) -> Tensor:
    indices, values, size, *coalesced = parts
    if layout != sparse_coo:
        raise ValueError(f"a tensor of layout {layout!r}: only sparse_coo is known")
    arrays = indices._array, values._array
    return sparse_tensor(*arrays, tuple(size), bool(coalesced and coalesced[0]), values.requires_grad)


def _layout(name: Any) -> str:
    if not isinstance(name, str):
        raise ValueError("a layout without a name")
    return name.removeprefix("torch.")


def _size(numbers: Any) -> Size:
    if not isinstance(numbers, tuple | list) or not all(type(n) is int for n in numbers):
        raise ValueError(f"a Size of {type(numbers).__name__}")
    return Size(numbers)


def _bytes(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise ValueError("_codecs.encode is called with something else than text and 'latin1'")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


def _set(kind: Any) -> Callable[..., Any]:
    def build(members: Any = ()) -> Any:
        return kind(map(key_from, members))

    return build


def _counter(counts: Any = ()) -> Counter[Any]:
    if counts and type(counts) is not dict:
        raise ValueError("a Counter of something else than a dict")
    return Counter(counts)


def _empty(*arguments: Any) -> OrderedDict[Any, Any]:
    if arguments:
        raise ValueError("an OrderedDict with arguments")
    return OrderedDict()


def _complex(*parts: Any) -> complex:
    return complex(*parts)


NAMES: dict[str, Any] = {
    "collections.OrderedDict": Builder(_empty),
    "collections.Counter": Builder(_counter),
    "_codecs.encode": Builder(_bytes),
    "torch.Size": Builder(_size),
    "torch.device": Builder(lambda *place: device("cpu")),  # wherever the tensor was, it is here now
    "torch._utils._rebuild_tensor_v2": Builder(_tensor),
    "torch._utils._rebuild_tensor_v3": Builder(_tensor_of_dtype),
    "torch._utils._rebuild_parameter": Builder(_parameter),
    "torch._utils._rebuild_sparse_tensor": Builder(_sparse),
    "torch.serialization._get_layout": Builder(_layout),
    "torch.storage.UntypedStorage": StorageKind(np.dtype("u1")),
    "torch.BFloat16Storage": StorageKind(np.dtype("u2"), brain=True),
}
for _module in ("builtins", "__builtin__"):
    NAMES[f"{_module}.bytes"] = Builder(_no_bytes)
    NAMES[f"{_module}.complex"] = Builder(_complex)
    NAMES[f"{_module}.set"] = Builder(_set(set))
    NAMES[f"{_module}.frozenset"] = Builder(_set(frozenset))
NAMES |= {f"torch.{name}": StorageKind(dtype) for name, dtype in STORAGES.items()}
NAMES |= {f"torch.{name}": dtype for name, dtype in DTYPES.items()}
