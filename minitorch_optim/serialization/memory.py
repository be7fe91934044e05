"""Arrays as views of pieces of memory, so that arrays that share memory still share it when they are read again.

Saving: :class:`Pieces` finds which arrays overlap in memory; each connected stretch is one piece, saved once. An array
alone is a piece of its own, without the rest of whatever it may be a view of. Reading: :func:`view_of` lays an array
into a piece, after checking that it fits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd.dtypes import DType
from ..autograd.tensor import Array

__all__ = ["Pieces", "Place", "dtype_from", "is_plain", "view_of"]

_PLAIN = re.compile(r"[<>|]([biufcSU][1-9]\d{0,8}|[mM]8(\[\d{0,9}[a-zA-Z]{1,2}\])?)")


class Place(NamedTuple):
    """Where an array lies: the number of its piece, and offset and strides there, in bytes."""

    piece: int
    offset: int
    strides: tuple[int, ...]


class Pieces:
    """The memory of ``arrays``, each stretch once.

    Attributes
    ----------
    places : list of Place
        where each array lies
    buffers : list of ndarray
        the bytes of each piece, contiguous

    >>> x = np.arange(6, dtype=np.int64)
    >>> pieces = Pieces([x[:4], x[2:], np.zeros(1)])
    >>> [(place.piece, place.offset) for place in pieces.places], [buffer.size for buffer in pieces.buffers]
    ([(0, 0), (0, 16), (1, 0)], [48, 8])
    """

    def __init__(self, arrays: Sequence[Array]) -> None:
        self.places: list[Place] = [Place(0, 0, ())] * len(arrays)
        self.buffers: list[Array] = []
        bounds = [np.lib.array_utils.byte_bounds(a) for a in arrays]
        stretches: list[tuple[list[int], int, int]] = []  # which arrays lie there, start, end
        for i in sorted(range(len(arrays)), key=bounds.__getitem__):
            start, stop = bounds[i]
            if not arrays[i].size:
                stretches.insert(0, ([i], 0, 0))
            elif stretches and start < stretches[-1][2]:
                members, first, last = stretches[-1]
                stretches[-1] = [*members, i], first, max(last, stop)
            else:
                stretches.append(([i], start, stop))
        for stretch in sorted(stretches, key=lambda stretch: min(stretch[0])):  # the same data gives the same file
            self._add(arrays, *stretch)

    def _add(self, arrays: Sequence[Array], members: list[int], start: int, end: int) -> None:
        number = len(self.buffers)
        if len(members) == 1:
            a = arrays[members[0]]
            if a.nbytes < end - start:
                a = a.copy(order="K")  # without the gaps between its elements
            if a.flags.forc:
                self.places[members[0]] = Place(number, 0, a.strides)
                self.buffers.append(a.ravel(order="K").view(np.uint8))
                return
        # Written through views of the same form, so that gaps between the elements are zeros.
        buffer = np.zeros(end - start, np.uint8)
        for i in members:
            a = arrays[i]
            offset = a.__array_interface__["data"][0] - start
            np.ndarray(a.shape, a.dtype, buffer, offset, a.strides)[...] = a
            self.places[i] = Place(number, offset, a.strides)
        self.buffers.append(buffer)


def view_of(piece: Array, dtype: DType, offset: int, shape: Sequence[int], strides: Sequence[int]) -> Array:
    """The array of this form in the bytes of ``piece``; ValueError unless it lies within."""
    numbers = (offset, *shape, *strides)
    if not all(type(n) is int for n in numbers) or len(shape) != len(strides) or min(offset, *shape, 0) < 0:
        raise ValueError(f"offset {offset}, shape {shape} and strides {strides} describe no array")
    if 0 in shape:
        return np.empty(tuple(shape), dtype)
    reach = [(n - 1) * stride for n, stride in zip(shape, strides, strict=True)]
    start, end = offset + sum(r for r in reach if r < 0), offset + sum(r for r in reach if r > 0) + dtype.itemsize
    if start < 0 or end > piece.nbytes:
        raise ValueError(f"an array takes the bytes {start} to {end} of a piece of {piece.nbytes}")
    return np.ndarray(tuple(shape), dtype, piece, offset, tuple(strides))


def dtype_from(text: Any) -> DType:
    """The plain dtype that ``dtype.str`` gave; ValueError for everything else that NumPy would take."""
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        raise ValueError(f"{text!r} is no dtype of plain values")
    dtype = np.dtype(text)
    if dtype.str != text:  # NumPy 2.0 makes a negative size of a length that is too large
        raise ValueError(f"{text!r} is not what NumPy calls {dtype}")
    return dtype


def is_plain(dtype: DType) -> bool:
    """Whether values of this dtype are nothing but bytes: no objects, no records."""
    return _PLAIN.fullmatch(dtype.str) is not None
