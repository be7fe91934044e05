"""Files that are written whole or not at all: whoever opens the path finds the old file or the new one, never a half.

The new file grows under another name, in the same folder. Once it is on the disk it takes the old one's name, which
the operating system does in one act (POSIX ``rename``). A crash before that leaves the old file as it was, and beside
it the unfinished one, called ``.NAME.XXXXXXXX.unfinished``, which may be deleted.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from typing import Any, BinaryIO

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: Any) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``path`` when the ``with`` block ends without an error.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "numbers")
    ...     _ = path.write_bytes(b"old")
    ...     try:
    ...         with replacing(path) as file:
    ...             _ = file.write(b"ne")
    ...             raise RuntimeError("in the middle of it")
    ...     except RuntimeError:
    ...         print(path.read_bytes())
    b'old'
    """
    target = os.path.realpath(os.fspath(path))  # a link stays a link, and what it points to is replaced
    if isinstance(target, bytes):
        target = os.fsdecode(target)
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"Parent directory {folder} does not exist: make it first, as with os.makedirs()")
    mode = os.stat(target).st_mode if os.path.exists(target) else None
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as file:  # a device or a pipe is written to; a folder gives its error
            yield file
        return
    unfinished = os.path.join(folder, f".{name[:50]}.{secrets.token_hex(4)}.unfinished")
    try:
        with open(unfinished, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(unfinished, stat.S_IMODE(mode))
        os.replace(unfinished, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(unfinished)
        raise
    _keep_entry(folder)


def _keep_entry(folder: str) -> None:
    """Bring the folder's list of names to the disk too, where the system allows that (Windows does not)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
