"""PyTorch's files: zip archives with a pickle, ``data.pkl``, and one record for the bytes of each storage.

The archive is written and read with the standard library's zipfile, the pickle with ``torch_writer`` and
``torch_reader``. Records are stored, not compressed, so a record cannot be larger than the file, and together they must
not be either: before memory is taken.
"""

from __future__ import annotations

import struct
import sys
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np

from ..autograd.tensor import Array
from .container import LARGEST_DESCRIPTION
from .errors import SerializationError
from .torch_names import StorageKind
from .torch_reader import ForbiddenName, unpickle
from .torch_writer import Pickler

__all__ = ["read", "write"]

_ALIGNMENT = 64
_HEADER = 30  # bytes of a record's local header, before its name
_PADDING_ID = b"FB"  # of the extra field that moves the data to a multiple of 64 bytes


def write(value: Any, file: BinaryIO) -> None:
    """Write ``value`` at the start of ``file``."""
    pickler = Pickler(value)
    if sys.byteorder == "big":
        raise NotImplementedError("save: format='torch' is written on little-endian machines only")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "data.pkl", pickler.pickled)
        _add(archive, "byteorder", b"little")
        for number, buffer in enumerate(pickler.buffers):
            _add(archive, f"data/{number}", buffer.data)
        _add(archive, "version", b"3\n")


def _add(archive: zipfile.ZipFile, name: str, data: Any) -> None:
    record = zipfile.ZipInfo(f"archive/{name}")
    large = len(data) > zipfile.ZIP64_LIMIT // 2
    start = archive.fp.tell() + _HEADER + len(record.filename) + (20 if large else 0) + 4  # type: ignore[union-attr]
    padding = -start % _ALIGNMENT
    record.extra = _PADDING_ID + struct.pack("<H", padding) + b"\0" * padding
    record.file_size = len(data)
    with archive.open(record, "w", force_zip64=large) as place:
        place.write(data)


def read(file: BinaryIO, size: int, name: str) -> Any:
    """The value in the archive ``file`` of ``size`` bytes."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _Archive(archive, size).value()
    except ForbiddenName as error:
        raise SerializationError(
            f"{name} asks for {error}, which is not data, and nothing in a file is executed. It may hold a whole model "
            f"or another object: in PyTorch, torch.save(model.state_dict(), path) makes a file that can be read here"
        ) from error
    except SerializationError as error:
        raise SerializationError(f"{name} {error}") from None
    except (
        zipfile.BadZipFile, TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RuntimeError,
        EOFError, OSError, struct.error, zlib.error,
    ) as error:  # fmt: skip
        raise SerializationError(
            f"{name} is damaged, or no file of PyTorch: {error}. Take another copy of it, or save it again there"
        ) from error


class _Archive:
    """An archive whose records are what they say they are."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self.archive = archive
        self.records = {record.filename: record for record in archive.infolist()}
        if len(self.records) != len(archive.infolist()):
            raise ValueError("two of its records have the same name")
        for record in archive.infolist():
            if record.compress_type != zipfile.ZIP_STORED or record.file_size != record.compress_size:
                raise ValueError(f"record {record.filename!r} is compressed, which PyTorch's never are")
        if sum(record.file_size for record in archive.infolist()) > size:
            raise ValueError(f"its records claim more bytes than the {size} of the file")
        roots = [n.removesuffix("data.pkl") for n in self.records if n.count("/") == 1 and n.endswith("/data.pkl")]
        if not roots and any(n.endswith(".npy") for n in self.records):
            raise SerializationError("is a file of NumPy: read it with numpy.load()")
        if len(roots) != 1:
            raise SerializationError("is a zip archive without the data.pkl of PyTorch's files: is it the right file?")
        self.root = roots[0]
        if f"{self.root}constants.pkl" in self.records:
            raise SerializationError(
                "is a TorchScript program, and nothing in a file is executed: in PyTorch, save the state_dict() of the "
                "model instead"
            )

    def value(self) -> Any:
        """What the pickle makes."""
        record = self.records[f"{self.root}data.pkl"]
        if record.file_size > LARGEST_DESCRIPTION:
            raise ValueError(f"its pickle has {record.file_size} bytes, of at most {LARGEST_DESCRIPTION}")
        order = f"{self.root}byteorder"
        self.order = self.bytes(order).tobytes().decode() if order in self.records else "little"
        if self.order not in ("little", "big"):
            raise ValueError(f"bytes are in the order {self.order!r}")
        return unpickle(self.bytes(record.filename).tobytes(), self.storage)

    def bytes(self, name: str) -> Array:
        """A record, whose checksum zipfile compares."""
        record = self.records[name]
        buffer = np.empty(record.file_size, np.uint8)
        with self.archive.open(record) as file:
            position = 0
            while position < len(buffer):
                got = file.readinto(buffer.data[position:])  # type: ignore[attr-defined]
                if not got:
                    raise ValueError(f"record {name!r} ends too early")
                position += got
            if file.read(1):  # at the end the checksum is compared
                raise ValueError(f"record {name!r} is too long")
        return buffer

    def storage(self, kind: StorageKind, key: str, count: int) -> Array:
        """The bytes of a storage, in this machine's order, bfloat16 as float32."""
        name = f"{self.root}data/{key}"
        length = count * kind.dtype.itemsize
        if self.records[name].file_size != length:
            raise ValueError(f"storage {key} has {self.records[name].file_size} bytes instead of {length}")
        stored = self.bytes(name)
        if self.order != sys.byteorder:
            if kind.dtype.itemsize == 1 and kind.dtype.kind == "u":
                raise ValueError("untyped bytes from a machine with the other order of bytes")
            stored = stored.view(kind.dtype).byteswap().view(np.uint8)
        if kind.brain:  # the upper halves of float32 numbers, so this is exact
            stored = (stored.view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.uint8)
        return stored
