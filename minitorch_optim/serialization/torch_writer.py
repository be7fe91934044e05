"""Pickles of tensors, state dicts and plain containers, as ``torch.load(weights_only=True)`` reads them.

Written instruction by instruction, in protocol 2; the standard library's pickletools describes the instructions.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.dtypes import DType, Size, device
from ..autograd.sparse import COO
from ..autograd.tensor import Array, Tensor
from ..nn import Parameter
from .memory import Pieces
from .structure import not_data, simple_key
from .torch_names import DTYPES, STORAGES

__all__ = ["Pickler"]

_PUT, _LONG_PUT, _GET, _LONG_GET = b"q", b"r", b"h", b"j"
_NAME_OF_DTYPE = {dtype: name for name, dtype in DTYPES.items()}
_STORAGE_OF = {dtype: name for name, dtype in STORAGES.items()}


def _name(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def _whole(number: int, where: str = "a size") -> bytes:
    if 0 <= number < 256:
        return b"K" + struct.pack("<B", number)
    if -(2**31) <= number < 2**31:
        return b"J" + struct.pack("<i", number)
    size = number.bit_length() // 8 + 1
    if size > 255:
        raise TypeError(f"save: {where} has {size} bytes, and PyTorch's files hold whole numbers of 255 at most")
    return b"\x8a" + struct.pack("<B", size) + number.to_bytes(size, "little", signed=True)


def _tuple(parts: Iterable[bytes]) -> bytes:
    return b"(" + b"".join(parts) + b"t"


_EMPTY_DICT = _name("collections", "OrderedDict") + b")R"
_TRUTH = {False: b"\x89", True: b"\x88"}


class Pickler:
    """The pickle of a value, and the storages that it names.

    Attributes
    ----------
    pickled : bytes
    buffers : list of ndarray
        the bytes of storage 0, 1 ...
    """

    def __init__(self, value: Any) -> None:
        # Where an array comes the number of it is written down, as its storage is known when all arrays are.
        self._code: list[bytes | int] = [b"\x80\x02"]
        self._arrays: list[Array] = []
        self._known: dict[int, tuple[int, Any]] = {}  # id of a thing: its number in the memo, and the thing
        self._value(value, "the object")
        self._code.append(b".")
        pieces = Pieces(self._arrays)
        self.buffers = pieces.buffers
        self._dtypes: dict[int, DType] = {}
        self.pickled = b"".join(
            self._array(self._arrays[c], *pieces.places[c]) if isinstance(c, int) else c for c in self._code
        )

    def _value(self, value: Any, where: str) -> None:
        """Append the code that makes ``value``."""
        code = _scalar(value, where)
        if code is not None:
            self._code.append(code)
            return
        if id(value) in self._known:
            number = self._known[id(value)][0]
            self._code.append(_GET + bytes([number]) if number < 256 else _LONG_GET + struct.pack("<I", number))
            return
        self._compound(value, type(value), where)
        number = len(self._known)
        self._known[id(value)] = number, value
        self._code.append(_PUT + bytes([number]) if number < 256 else _LONG_PUT + struct.pack("<I", number))

    def _compound(self, value: Any, kind: Any, where: str) -> None:
        add = self._code.append
        if isinstance(value, Tensor):
            self._tensor(value)
        elif kind is dict or kind is OrderedDict:
            add(b"}" if kind is dict else _EMPTY_DICT)
            self._items(value, where)
        elif kind is Counter:
            add(_name("collections", "Counter") + b"}")
            self._items(value, where)
            add(b"\x85R")
        elif kind is list:
            add(b"](")
            self._members(value, where)
            add(b"e")
        elif kind is tuple or kind is Size:
            add(b"(" if kind is tuple else _name("torch", "Size") + b"(")
            self._members(value, where)
            add(b"t" if kind is tuple else b"t\x85R")
        elif kind is set:
            add(_name("__builtin__", "set") + b"](")
            self._members(sorted(value, key=repr), where)
            add(b"e\x85R")
        elif isinstance(value, np.ndarray | np.generic | frozenset):
            raise TypeError(
                f"save: {where} is a {kind.__name__}, which torch.load(weights_only=True) does not take: convert it, "
                f"with from_numpy(), .item() or set(), or save without format='torch'"
            )
        else:
            raise not_data(value, where)

    def _members(self, values: Iterable[Any], where: str) -> None:
        for i, v in enumerate(values):
            self._value(v, f"{where}[{i}]")

    def _items(self, value: Any, where: str) -> None:
        self._code.append(b"(")
        for k, v in value.items():
            if not simple_key(k):
                raise TypeError(f"save: {where} has the key {k!r}: keys are strings, numbers, or tuples of them")
            self._value(k, f"a key of {where}")
            self._value(v, f"{where}[{k!r}]")
        self._code.append(b"u")

    # -- tensors ---------------------------------------------------------------------------------

    def _tensor(self, value: Tensor) -> None:
        add, array = self._code.append, value._array
        if isinstance(array, COO):
            add(_name("torch._utils", "_rebuild_sparse_tensor") + _name("torch.serialization", "_get_layout"))
            add(_text("torch.sparse_coo") + b"\x85R(")
            self._strided(array.indices, False)
            self._strided(array.values, value.requires_grad)
            add(_name("torch", "Size") + _tuple(map(_whole, array.shape)) + b"\x85R")
            add(_TRUTH[array.coalesced] + b"t\x86R")
        elif isinstance(value, Parameter):
            add(_name("torch._utils", "_rebuild_parameter"))
            self._strided(array, False)
            add(_TRUTH[value.requires_grad] + _EMPTY_DICT + b"\x87R")
        else:
            self._strided(array, value.requires_grad)

    def _strided(self, array: Array, requires_grad: bool) -> None:
        known_dtype = array.dtype in _NAME_OF_DTYPE
        if not known_dtype:
            raise TypeError(f"save: PyTorch has no tensors of {array.dtype}")
        version = "_rebuild_tensor_v2" if array.dtype in _STORAGE_OF else "_rebuild_tensor_v3"
        self._code.append(_name("torch._utils", version) + b"(")
        self._code.append(len(self._arrays))
        self._arrays.append(array)
        self._code.append(_TRUTH[requires_grad] + _EMPTY_DICT)
        if version.endswith("v3"):
            self._code.append(_name("torch", _NAME_OF_DTYPE[array.dtype]))
        self._code.append(b"tR")

    def _array(self, array: Array, piece: int, offset: int, strides: tuple[int, ...]) -> bytes:
        """Storage, offset, size and strides, counted in elements."""
        dtype, size = array.dtype, array.dtype.itemsize
        bytes_of_storage = self.buffers[piece].nbytes
        if self._dtypes.setdefault(piece, dtype) != dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different types: save a clone() "
                "of one of them, or save without format='torch'"
            )
        if offset % size or any(stride % size for stride in strides) or min(strides, default=0) < 0:
            raise TypeError(f"save: PyTorch has no tensors with strides of {strides} bytes: save a copy, x.clone()")
        typed = dtype in _STORAGE_OF
        kind = _name("torch", _STORAGE_OF[dtype]) if typed else _name("torch.storage", "UntypedStorage")
        count = bytes_of_storage // size if typed else bytes_of_storage
        storage = _tuple([_text("storage"), kind, _text(str(piece)), _text("cpu"), _whole(count)])
        steps = [stride // size for stride in strides]
        return storage + b"Q" + _whole(offset // size) + _tuple(map(_whole, array.shape)) + _tuple(map(_whole, steps))


def _scalar(value: Any, where: str) -> bytes | None:
    """The code of what is no container and no tensor, else None."""
    kind = type(value)
    if value is None:
        return b"N"
    if kind is bool:
        return _TRUTH[value]
    if kind is int:
        return _whole(value, where)
    if kind is float:
        return b"G" + struct.pack(">d", value)
    if kind is str:
        return _text(value)
    if kind is complex:
        return _name("__builtin__", "complex") + struct.pack(">cdcd", b"G", value.real, b"G", value.imag) + b"\x86R"
    if kind is bytes:
        return _name("_codecs", "encode") + _text(value.decode("latin1")) + _text("latin1") + b"\x86R"
    if isinstance(value, np.dtype) and value in _NAME_OF_DTYPE:
        return _name("torch", _NAME_OF_DTYPE[value])
    if kind is device:
        return _name("torch", "device") + _text("cpu") + b"\x85R"
    return None
