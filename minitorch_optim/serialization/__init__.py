"""Saving and loading, without running what is in a file.

``files.py`` has :func:`save` and :func:`load`. Our own format: ``structure.py`` turns nested data into a table,
``memory.py`` its arrays into pieces, ``container.py`` writes both. PyTorch's: ``torch_zip.py`` is the archive,
``torch_writer.py`` and ``torch_reader.py`` the pickle in it, ``torch_names.py`` what that may name.
``atomic.py`` puts new files in the place of old ones.
"""

from .errors import SerializationError
from .files import load, save

__all__ = ["SerializationError", "load", "save"]
