"""``save`` and ``load``."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, BinaryIO

from ..autograd.ops.values import check_device
from . import container, safetensors_file, torch_zip
from .atomic import replacing
from .errors import SerializationError, name_of

__all__ = ["load", "save"]

_WRITERS: dict[str, Callable[[Any, BinaryIO], None]] = {
    "minitorch": container.write,
    "torch": torch_zip.write,
    "safetensors": safetensors_file.write,
}


def save(obj: Any, f: Any, *, format: str | None = None) -> None:
    """Write ``obj`` to a file.

    A file at a path is written whole or not at all: after a crash the old one is still there. What is shared in ``obj``
    is shared after loading: tensors that look into the same memory, containers that occur in several places.

    Parameters
    ----------
    obj
        a tensor, a state dict, or dicts, lists, tuples and sets of tensors, NumPy arrays and numbers, int, float, bool,
        complex, str, bytes, None, Size, dtype and device
    f : path or file object
        a file object must be opened for writing bytes; it is written to where it stands
    format : str, optional
        ``"minitorch"``: our own. ``"torch"``: read by ``torch.load(path, weights_only=True)`` in PyTorch.
        ``"safetensors"``: for a dict of tensors; needs the package of that name. Default: safetensors if the path ends
        in ``.safetensors``, otherwise our own

    Raises
    ------
    TypeError
        if there is something else in ``obj``. A whole model, ``save(model, path)``, is refused too: its class cannot be
        written to a file without code, which ``load`` would then have to run. Save ``model.state_dict()``.
    ValueError
        for an unknown format, and if ``obj`` contains itself or is nested too deeply

    >>> import tempfile, os
    >>> from minitorch_optim.autograd import tensor
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "weights.pt")
    ...     save({"w": tensor([1.0, 2.0]), "epoch": 3}, path)
    ...     load(path)
    {'w': tensor([1., 2.]), 'epoch': 3}
    """
    if not (hasattr(f, "write") or isinstance(f, str | bytes | os.PathLike)):
        swapped = " The object comes first" if isinstance(obj, str | bytes | os.PathLike) else ""
        raise TypeError(f"save: f is a path or a file that is open for writing, got {type(f).__name__}.{swapped}")
    path = None if hasattr(f, "write") else os.fspath(f)
    if format is None:
        format = "safetensors" if os.fsdecode(path or "").endswith(".safetensors") else "minitorch"
    if format not in _WRITERS:
        raise ValueError(f"save: format is one of {', '.join(map(repr, _WRITERS))}, got {format!r}")
    try:
        if path is None:
            _WRITERS[format](obj, f)
        else:
            with replacing(path) as file:
                _WRITERS[format](obj, file)
    except RecursionError as error:
        raise ValueError("save: the object contains itself, or is nested too deeply to be walked through") from error


def load(f: Any, map_location: Any = None, *, weights_only: bool = True, mmap: bool | None = None) -> Any:
    """Read what :func:`save` wrote, and PyTorch's files of tensors and state dicts, and safetensors.

    The format is seen from the file's first bytes. No file can run code, whoever made it; what a file says about its
    sizes is compared with its length before memory is taken.

    Parameters
    ----------
    f : path or file object
        a file object must be opened for reading bytes; it is read from where it stands
    map_location : optional
        where tensors shall live: ``"cpu"``, the only place there is, and where they come in any case. A function or a
        dict, as in PyTorch, has nothing to decide
    weights_only : bool
        for PyTorch's sake: whole objects are not read, whatever it says
    mmap : bool, optional
        for PyTorch's sake: the numbers are the same

    Returns
    -------
    what was saved. bfloat16 becomes float32, which holds the same numbers

    Raises
    ------
    SerializationError
        if the file is damaged, of another kind, or holds more than data
    """
    if not callable(map_location) and not isinstance(map_location, dict):
        check_device(map_location)
    if hasattr(f, "read"):
        return _load(f if _usable(f) else io.BytesIO(f.read()), False, name_of(f))
    with open(f, "rb") as file:
        return _load(file, True, name_of(f))


def _usable(file: Any) -> bool:
    """Whether a file object can tell its length, go back, and fill memory that it is given."""
    return hasattr(file, "readinto") and hasattr(file, "seekable") and bool(file.seekable())


def _load(file: Any, alone: bool, name: str) -> Any:
    start = file.tell()
    size = file.seek(0, os.SEEK_END) - start
    file.seek(start)
    first = file.read(16)
    file.seek(start)
    if not first:
        raise SerializationError(f"{name} is empty: nothing was saved to it, or it is read at its end (use seek(0))")
    if first.startswith(container.MAGIC):
        return container.read(file, size, alone, name)
    if first.startswith(b"PK\3\4"):
        return torch_zip.read(file if start == 0 else io.BytesIO(file.read()), size, name)
    if 0 < int.from_bytes(first[:8], "little") <= size - 8 and first[8:9] == b"{":
        return safetensors_file.read(file, name)
    for beginning, what in _FOREIGN:
        if first.startswith(beginning):
            raise SerializationError(f"{name} {what}")
    raise SerializationError(
        f"{name} is in no format that is known here: it begins with {first[:8]!r}. load() reads files of save(), of "
        f"torch.save() and of safetensors; if this was one of them, it is damaged: take another copy"
    )


_FOREIGN = (
    (
        b"\x80",
        "is a pickle, or was saved by PyTorch before version 1.6: such a file is a program, and is not executed. Where "
        "it can be trusted, load it in PyTorch and save it again with torch.save(state_dict, path)",
    ),
    (b"\x93NUMPY", "is a file of NumPy: read it with numpy.load()"),
    (b"\x1f\x8b", "is compressed: unpack it with gzip first"),
)
