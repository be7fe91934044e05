"""Files of our own: a description in JSON, then the bytes of the arrays.

    bytes        what
    8            ``\\x89MTO\\r\\n\\x1a\\n``: not text, and spoilt by whatever changes line ends
    4, 4         version of the format; CRC-32 of the description
    8, 8         length of the description; length of the whole
    ...          the description: ``root`` and ``lines`` (see structure.py), ``arrays``: [piece, dtype, offset, shape,
                 strides], and ``pieces``: [length, CRC-32]
    ...          the pieces, each at a multiple of 64 bytes

All numbers are little-endian. The places of the pieces follow from their lengths, so none can overlap another, and the
length of the whole is compared with the file's before memory is taken: reading takes no more than the file is long.
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any, BinaryIO

import numpy as np

from . import structure
from .errors import SerializationError
from .memory import Pieces, dtype_from, view_of

__all__ = ["MAGIC", "read", "write"]

MAGIC = b"\x89MTO\r\n\x1a\n"
VERSION = 1
_NUMBERS = struct.Struct("<IIQQ")
_ALIGNMENT = 64
# A description of n bytes may become 30 n bytes of Python objects; a file that has more to say is not ours.
LARGEST_DESCRIPTION = 2**26


def _padding(length: int) -> int:
    return -length % _ALIGNMENT


def write(value: Any, file: BinaryIO) -> None:
    """Write ``value`` at the current position of ``file``."""
    table = structure.Writer(value)
    pieces = Pieces(table.arrays)
    description = json.dumps(
        {
            "root": table.root,
            "lines": table.lines,
            "arrays": [
                [place.piece, array.dtype.str, place.offset, list(array.shape), list(place.strides)]
                for array, place in zip(table.arrays, pieces.places, strict=True)
            ],
            "pieces": [[buffer.nbytes, zlib.crc32(buffer)] for buffer in pieces.buffers],
        },
        separators=(",", ":"),
    ).encode("ascii")
    if len(description) > LARGEST_DESCRIPTION:
        raise ValueError(
            f"save: the object has too many single values: their description takes {len(description)} bytes, and "
            f"{LARGEST_DESCRIPTION} are allowed. Put long lists of numbers into tensors"
        )
    lengths = [len(MAGIC) + _NUMBERS.size + len(description), *(buffer.nbytes for buffer in pieces.buffers)]
    total = sum(n + _padding(n) for n in lengths)
    file.write(MAGIC + _NUMBERS.pack(VERSION, zlib.crc32(description), len(description), total) + description)
    for length, buffer in zip(lengths, [*pieces.buffers, None], strict=True):
        file.write(bytes(_padding(length)))
        if buffer is not None:
            file.write(buffer.data)


def read(file: BinaryIO, size: int, alone: bool, name: str) -> Any:
    """The value at the current position of ``file``, of which ``size`` bytes are left, for it ``alone`` or not."""

    def damaged(what: str) -> SerializationError:
        return SerializationError(
            f"{name} is damaged: {what}. Take another copy of it, or the checkpoint before this one"
        )

    start = file.read(len(MAGIC) + _NUMBERS.size)
    if len(start) < len(MAGIC) + _NUMBERS.size:
        raise damaged(f"it ends after {size} bytes")
    version, checksum, length, total = _NUMBERS.unpack(start[len(MAGIC) :])
    if version != VERSION:
        raise SerializationError(
            f"{name} is in version {version} of the format, and this is version {VERSION}: if it was saved by a newer "
            f"minitorch_optim, update this one; otherwise the file is damaged"
        )
    if total > size:
        raise damaged(f"it should have {total} bytes and has {size}: it was cut off")
    if total < size and alone:
        raise damaged(f"it should have {total} bytes and has {size}: something was appended to it")
    if length > min(total, LARGEST_DESCRIPTION):
        raise damaged(f"its description claims {length} bytes")
    description = file.read(length)
    if zlib.crc32(description) != checksum:
        raise damaged("the checksum of its description is wrong")
    # Chance cannot have damaged what comes now, but somebody may have made it.
    try:
        content = json.loads(description.decode("ascii"))
        lengths = [len(start) + length, *(int(n) for n, _ in content["pieces"])]
        if min(lengths) < 0 or sum(n + _padding(n) for n in lengths) != total:
            raise ValueError(f"pieces of {sum(lengths)} bytes in a file of {total}")
        pieces = []
        for before, (n, checksum) in zip(lengths, content["pieces"], strict=False):
            file.read(_padding(before))
            pieces.append(_piece(file, n))
            if zlib.crc32(pieces[-1]) != checksum:
                raise damaged(f"the checksum of piece {len(pieces)} of {len(content['pieces'])} is wrong")
        file.read(_padding(lengths[-1]))
        arrays = []
        for number, dtype, offset, shape, strides in content["arrays"]:
            if not 0 <= number < len(pieces):
                raise ValueError(f"an array in piece {number} of {len(pieces)}")
            arrays.append(view_of(pieces[number], dtype_from(dtype), offset, shape, strides))
        return structure.read(content["root"], content["lines"], arrays)
    except SerializationError:
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RuntimeError) as error:
        raise damaged(f"its description makes no sense ({error})") from error


def _piece(file: BinaryIO, length: int) -> Any:
    """The next ``length`` bytes, in memory of their own."""
    buffer = np.empty(length, np.uint8)
    got = file.readinto(buffer.data) if length else 0  # type: ignore[attr-defined]
    if got != length:
        raise ValueError(f"it ends {length - got} bytes too early")
    return buffer
