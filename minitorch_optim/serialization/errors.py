"""The one error of reading: what is wrong with a file, and what to do about it."""

from __future__ import annotations

from typing import Any

__all__ = ["SerializationError"]


class SerializationError(RuntimeError):
    """A file that :func:`~minitorch_optim.load` cannot read: damaged, foreign, or of things that are not data.

    The message names the file, says what is wrong with it and what to do.
    """


def name_of(file: Any) -> str:
    """How an error calls a path or a file object."""
    name = getattr(file, "name", None) if hasattr(file, "read") else file
    return "the file object" if name is None or isinstance(name, int) else repr(str(name))
