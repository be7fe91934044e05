"""The rows of the table of derivatives, family by family. Importing this package fills the table."""

from . import complex_numbers, elementwise, indexing, linalg, reductions, shapes

__all__ = ["complex_numbers", "elementwise", "indexing", "linalg", "reductions", "shapes"]
