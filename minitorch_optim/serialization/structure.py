"""Nested data as a flat table of JSON, and back: what a file of our own says about the things in it.

Each container, tensor and array has a line in the table, and refers to the lines above it by number. So a thing that
occurs twice is one thing again after reading, nothing needs recursion to be read, and nothing can contain itself. A
number stands in a list of its own, ``[7]``; everything else in the place of a value is that value:

    ["list", [1.5, "a", null]]
    ["dict", [["w", [0]], ["b", [0]]]]

What is read is built from these few kinds alone: no name in a file is ever looked up anywhere.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.dtypes import Size, device
from ..autograd.ops.values import dtype_of
from ..autograd.sparse import COO
from ..autograd.tensor import Array, Tensor, new_tensor
from ..nn import Parameter
from .memory import dtype_from, is_plain

__all__ = ["Writer", "key_from", "not_data", "read", "simple_key"]

_LARGEST = 2**63  # whole numbers from here on are written in hexadecimal


def not_data(value: Any, where: str) -> TypeError:
    """The error for something that cannot be saved, at the place ``where``."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if hasattr(value, "state_dict"):
        advice = (
            "a file holds data and no code, so that loading it runs nothing. Save its state_dict() and, to load, build "
            "the object anew and call load_state_dict() on it"
        )
    else:
        advice = (
            "a file holds tensors, NumPy arrays, numbers, strings, bytes, None, and dicts, lists, tuples and sets of "
            "them. Convert it, as with dict(...), float(...) or str(...)"
        )
    return TypeError(f"save: {where} is a {kind}, which cannot be saved: {advice}")


def simple_key(key: Any) -> bool:
    """Whether ``key`` may be a key of a dict in a file, or a member of a set.

    Not so nested tuples or huge numbers: somebody could make a file in which hashing them takes the whole stack, or
    years.
    """
    if type(key) is tuple:
        return len(key) <= 64 and all(type(part) is not tuple and simple_key(part) for part in key)
    if isinstance(key, int):
        return abs(key) <= 2 * _LARGEST
    return key is None or isinstance(key, str | bytes | float | complex | np.dtype | np.number | np.bool_)


def key_from(key: Any) -> Any:
    """``key`` as it comes from a file; ValueError if it is none."""
    if not simple_key(key):
        raise ValueError(f"a {type(key).__name__} as a key")
    return key


class Writer:
    """The table of a value.

    Attributes
    ----------
    root
        the value, or its number in a list
    lines : list
        the table
    arrays : list of ndarray
        those that the lines refer to by number, each once
    """

    def __init__(self, value: Any) -> None:
        self.lines: list[list[Any]] = []
        self.arrays: list[Array] = []
        self._known: dict[int, tuple[int, Any]] = {}  # id of a thing: its line, and the thing, to keep the id its own
        self._known_arrays: dict[int, int] = {}
        self.root = self._value(value, "the object")

    def _value(self, value: Any, where: str) -> Any:
        """``value`` as it stands in another's line."""
        kind = type(value)
        if value is None or kind in (bool, str, float) or (kind is int and -_LARGEST < value < _LARGEST):
            return value
        known = self._known.get(id(value))
        if known is None:
            line = self._line(value, kind, where)
            known = self._known[id(value)] = len(self.lines), value
            self.lines.append(line)
        return [known[0]]

    def _line(self, value: Any, kind: Any, where: str) -> list[Any]:
        if isinstance(value, Tensor):
            return self._tensor(value, where)
        if kind in _DICTS:
            return [_DICTS[kind], [self._item(k, v, where) for k, v in value.items()]]
        if kind in _LISTS:
            members = sorted(value, key=repr) if kind in (set, frozenset) else value
            return [_LISTS[kind], [self._value(v, f"{where}[{i}]") for i, v in enumerate(members)]]
        if kind is int:
            return ["int", hex(value)]
        if kind is complex:
            return ["complex", [value.real, value.imag]]
        if kind is bytes:
            return ["bytes", self._array(np.frombuffer(value, np.uint8))]
        if kind is np.ndarray or isinstance(value, np.generic):
            array = np.asarray(value)
            if not is_plain(array.dtype):
                raise TypeError(f"save: {where} is an array of {array.dtype}: only numbers, text, times can be saved")
            return ["array" if kind is np.ndarray else "number", self._array(array)]
        if isinstance(value, np.dtype) and is_plain(value):
            return ["dtype", value.str]
        if kind is device:
            return ["device", str(value)]
        raise not_data(value, where)

    def _item(self, key: Any, value: Any, where: str) -> list[Any]:
        if not simple_key(key):
            raise TypeError(f"save: {where} has the key {key!r}: keys are strings, numbers, or tuples of them")
        return [self._value(key, f"a key of {where}"), self._value(value, f"{where}[{key!r}]")]

    def _tensor(self, value: Tensor, where: str) -> list[Any]:
        array = value._array
        if isinstance(array, COO):
            parts = [self._array(array.indices), self._array(array.values)]
            return ["sparse", parts, list(array.shape), array.coalesced, value.requires_grad]
        return ["parameter" if isinstance(value, Parameter) else "tensor", self._array(array), value.requires_grad]

    def _array(self, array: Array) -> int:
        number = self._known_arrays.setdefault(id(array), len(self.arrays))
        if number == len(self.arrays):
            self.arrays.append(array)
        return number


_DICTS: dict[Any, str] = {dict: "dict", OrderedDict: "OrderedDict", Counter: "Counter"}
_LISTS: dict[Any, str] = {list: "list", tuple: "tuple", Size: "Size", set: "set", frozenset: "frozenset"}


def read(root: Any, lines: Any, arrays: list[Array]) -> Any:
    """The value that a :class:`Writer` made this table of; ValueError, TypeError or the like if it is none."""
    things: list[Any] = []

    def value(entry: Any) -> Any:
        if not isinstance(entry, list):
            if isinstance(entry, dict):
                raise ValueError("a JSON object where a value should be")
            return entry
        (number,) = entry
        return pick(things, number)

    def pick(of: list[Any], number: Any) -> Any:
        if type(number) is not int or not 0 <= number < len(of):
            raise ValueError(f"line {len(things)} refers to number {number!r} of {len(of)}")
        return of[number]

    def key(entry: Any) -> Any:
        return key_from(value(entry))

    def tensor(number: Any, requires_grad: Any) -> Tensor:
        array = pick(arrays, number)
        dtype_of(array.dtype)  # refuses text and times
        if not array.dtype.isnative:
            raise ValueError("a tensor from a machine with the other order of bytes")
        result = new_tensor(array)
        result.requires_grad = requires_grad
        return result

    def parameter(number: Any, requires_grad: Any) -> Tensor:
        return Parameter(tensor(number, False), requires_grad)

    def sparse(parts: Any, shape: Any, coalesced: Any, requires_grad: Any) -> Tensor:
        indices, values = (tensor(number, False)._array for number in parts)
        return sparse_tensor(indices, values, tuple(shape), coalesced, requires_grad)

    def bytes_of(number: Any) -> bytes:
        array = pick(arrays, number)
        if array.dtype != np.uint8 or array.ndim != 1 or not array.flags.c_contiguous:
            raise ValueError("bytes that do not lie in a row")  # an expanded array of them could be endless
        return array.tobytes()  # type: ignore[no-any-return]

    build: dict[str, Callable[..., Any]] = {
        "tensor": tensor,
        "parameter": parameter,
        "sparse": sparse,
        "array": lambda number: pick(arrays, number),
        "number": lambda number: pick(arrays, number)[()],
        "bytes": bytes_of,
        "dtype": dtype_from,
        "device": device,
        "int": lambda text: int(text, 16),
        "complex": lambda parts: complex(*parts),
    }
    for kind, name in _DICTS.items():
        build[name] = lambda items, kind=kind: kind({key(k): value(v) for k, v in items})
    for kind, name in _LISTS.items():
        entry = key if kind in (set, frozenset) else value
        build[name] = lambda members, kind=kind, entry=entry: kind([entry(v) for v in members])

    for kind, *parts in lines:
        things.append(build[kind](*parts))
    return value(root)


def sparse_tensor(
    indices: Array, values: Array, shape: tuple[int, ...], coalesced: bool, requires_grad: bool
) -> Tensor:
    """A sparse tensor from parts that a file gives; ValueError unless they fit together."""
    if indices.ndim != 2 or indices.dtype != np.int64 or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"a sparse tensor with indices of shape {indices.shape}, {indices.dtype}, in shape {shape}")
    if any(np.subtract(*np.lib.array_utils.byte_bounds(a)[::-1]) < a.nbytes for a in (indices, values)):
        raise ValueError("a sparse tensor of expanded parts")  # they could be endless in a short file
    count, entries = indices.shape
    if values.shape != (entries, *shape[count:]) or count > len(shape):
        raise ValueError(f"a sparse tensor of shape {shape} with {entries} indices and values of shape {values.shape}")
    if entries and (indices.min() < 0 or (indices.max(1) >= shape[:count]).any()):
        raise ValueError(f"a sparse tensor of shape {shape} with indices outside of it")
    # What a file says of the order of its indices is believed only where it is true.
    order = np.lexsort(indices[::-1]) if count else np.arange(entries)
    distinct = entries < 2 or (count > 0 and bool((np.diff(indices, axis=1) != 0).any(0).all()))
    is_sorted = distinct and bool((order == np.arange(entries)).all())
    return new_tensor(COO(indices, values, shape, bool(coalesced) and is_sorted), bool(requires_grad))
