"""Files of Hugging Face's safetensors: names and tensors, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from ..autograd.sparse import COO
from ..autograd.tensor import Tensor, new_tensor
from .errors import SerializationError

__all__ = ["read", "write"]

# Its names of dtypes, when reading and when writing.
_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool", "C64": "complex64",
}  # fmt: skip


def _package(what: str) -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            f"{what} needs the package safetensors: pip install 'minitorch_optim[interop]' or pip install safetensors"
        ) from error
    return safetensors


def write(value: Any, file: BinaryIO) -> None:
    """Write a dict from names to tensors. Tensors that share memory are each written by themselves."""
    package = _package("save(..., format='safetensors')").numpy
    if not isinstance(value, Mapping) or not all(type(name) is str for name in value):
        raise TypeError(
            f"save: a file of safetensors holds a dict from names to tensors, such as model.state_dict(), and got a "
            f"{type(value).__name__}: leave out format='safetensors' for other things"
        )
    entries = {}
    for name, tensor in value.items():
        array = tensor._array if isinstance(tensor, Tensor) else tensor
        if not isinstance(array, np.ndarray) or isinstance(array, COO) or array.dtype.name not in _DTYPES.values():
            kind = f"tensor of {tensor.dtype}" if isinstance(tensor, Tensor) else type(tensor).__name__
            raise TypeError(
                f"save: {name!r} is a {kind}, and a file of safetensors holds dense tensors of its own dtypes only: "
                f"leave out format='safetensors', or convert it"
            )
        entries[name] = np.asarray(array, order="C")
    file.write(package.save(entries))


def read(file: BinaryIO, name: str) -> dict[str, Tensor]:
    """The tensors in ``file``, by name; bfloat16 becomes float32, which holds the same numbers."""
    package = _package(f"{name} is a file of safetensors, and to read it")
    try:
        entries = package.deserialize(file.read())
    except package.SafetensorError as error:
        raise SerializationError(
            f"{name} is damaged, or in no known format: read as a file of safetensors it gives {error}. Take another "
            f"copy of it"
        ) from error
    return {key: _tensor(entry, key, name) for key, entry in entries}


def _tensor(entry: Any, key: str, name: str) -> Tensor:
    brain = entry["dtype"] == "BF16"
    dtype = "uint16" if brain else _DTYPES.get(entry["dtype"])
    if dtype is None:
        raise SerializationError(
            f"{name} holds {key!r} in the dtype {entry['dtype']}, which NumPy does not have: convert it to F32 where "
            f"the file was made"
        )
    array = np.frombuffer(bytearray(entry["data"]), np.dtype(dtype).newbyteorder("<"))
    if brain:  # the upper halves of float32 numbers
        array = (array.astype(np.uint32) << np.uint32(16)).view(np.float32)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    return new_tensor(native.reshape(entry["shape"]))
