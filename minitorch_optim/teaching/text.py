"""How numbers and arrays are written in the tables of this package: short, and wrapped to the width of a page."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from ..autograd.tensor import Array

WIDTH = 100  # columns
NAME = 27  # characters of a name in a table
FEW = 6  # that many values are written out
_NO_BREAK = "\N{NO-BREAK SPACE}"


def number(value: Any) -> str:
    """Six digits of an element of an array.

    >>> number(np.float32(0.1)), number(1e-9), number(2.0)
    ('0.1', '1e-09', '2')
    """
    return f"{value:.6g}"


def array(values: Array, few: int = FEW) -> str:
    """The values of a small array; of others the smallest, mean and largest, and the norm.

    >>> array(np.array([[1.0, 2.0], [0.5, 0.25]]))
    '[[1, 2], [0.5, 0.25]]'
    >>> array(np.arange(10.0))
    'min 0  mean 4.5  max 9  norm 16.8819'
    >>> array(np.sign(np.arange(10.0) - 2))
    '-1 at 2, 0 at 1, 1 at 7 of 10 elements'
    >>> array(np.zeros((10, 10)))
    '0 in all 100 elements'
    """
    if values.size <= few:
        return _listed(values.tolist())
    if values.dtype.kind == "b":
        return f"true at {np.count_nonzero(values)} of {values.size} elements"
    if values.dtype.kind == "c":
        return f"largest |x| {number(np.max(np.abs(values)))}  norm {number(norm(values))}"
    finite = np.isfinite(values)
    if not finite.all():
        return f"{values.size - np.count_nonzero(finite)} of {values.size} elements are not finite"
    if (values == values.flat[0]).all():
        return f"{number(values.flat[0])} in all {values.size} elements"
    if np.isin(values, (-1, 0, 1)).all():
        counts = {sign: np.count_nonzero(values == sign) for sign in (-1, 0, 1)}
        return ", ".join(f"{sign} at {n}" for sign, n in counts.items() if n) + f" of {values.size} elements"
    return f"{spread(values)}  norm {number(norm(values))}"


def spread(values: Array) -> str:
    """The smallest, the mean and the largest of some numbers.

    >>> spread(np.array([3.0, 1.0, 2.0]))
    'min 1  mean 2  max 3'
    """
    mean = np.mean(values, dtype=np.result_type(values.dtype, np.float64))
    return f"min {number(values.min())}  mean {number(mean)}  max {number(values.max())}"


def norm(values: Array) -> float:
    """The root of the sum of squares, as a Python number; infinite squares do not spoil it."""
    largest = float(np.max(np.abs(values), initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm(np.ravel(values).astype(np.result_type(values.dtype, float)) / largest))


def _listed(values: Any) -> str:
    if isinstance(values, list):
        return "[" + ", ".join(map(_listed, values)) + "]"
    return str(values) if isinstance(values, bool) else number(values)


def shape(of: tuple[int, ...] | None) -> str:
    """A shape in the short form: ``(4, 3)``; ``?`` for an unknown one."""
    return "?" if of is None else str(tuple(of))


def value(of: Any) -> str:
    """A Python number exactly, text quoted, an array in short, a list of arrays as one."""
    if isinstance(of, np.ndarray):
        return array(of)
    if isinstance(of, list):
        arrays = [item for item in of if isinstance(item, np.ndarray)]
        if arrays and len(arrays) == len(of):
            together = array(np.concatenate([np.ravel(item) for item in arrays]))
            return together if len(arrays) == 1 else f"{len(arrays)} arrays: {together}"
        return "(" + ", ".join(map(value, of)) + ("," if len(of) == 1 else "") + ")"
    return str(of) if isinstance(of, np.generic) else repr(of)


def values(named: dict[str, Any]) -> str:
    """``a = 1, b = 2``, for :func:`wrapped`."""
    return ", ".join(unbroken(f"{name} = {value(each)}") for name, each in named.items())


def steps(sizes: Array) -> str:
    """How far elements go."""
    if not sizes.any():
        return "stays where it is"
    return array(sizes) if sizes.size <= 3 else spread(sizes)


def short(name: str) -> str:
    """The end of a long name."""
    return name if len(name) <= NAME else "..." + name[3 - NAME :]


def unbroken(words: str) -> str:
    """``words`` for :func:`wrapped`, to be kept on one line."""
    return words.replace(" ", _NO_BREAK)


def wrapped(text: str, indent: str, hanging: str = "") -> list[str]:
    """``text`` in lines of at most the page's width, the first after ``indent``, others after ``hanging`` as well."""
    width = max(WIDTH, len(hanging) + 20)
    lines = textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=hanging or indent, break_on_hyphens=False
    )
    return [line.replace(_NO_BREAK, " ") for line in lines] or [indent.rstrip()]


def table(rows: list[list[str]]) -> list[str]:
    """Rows of cells under each other; the last cell is wrapped, and no line is longer than the page's width.

    >>> for line in table([["a", "first"], ["bcd", "second"]]):
    ...     print(line)
    a    first
    bcd  second
    """
    widths = [max(map(len, column)) for column in zip(*rows)][:-1]
    lines = []
    for *cells, last in rows:
        start = "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths))
        lines += [line.rstrip() for line in wrapped(last, start, " " * len(start))]
    return lines
