"""How sizes and dimensions are given: ``x.view(2, 3)`` or ``x.view((2, 3))``, ``dim=-1``, one ``dim`` or several."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from ..tensor import Tensor


def whole(n: Any) -> int:
    """``n`` as a Python int; a tensor of one whole number counts as one.

    >>> import numpy as np
    >>> whole(np.int64(3))
    3
    """
    return operator.index(n.item() if isinstance(n, Tensor) else n)


def listed(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let ``function(input, sizes)`` be called with the sizes one by one as well: ``x.view(2, 3)``."""

    @functools.wraps(function)
    def either(input: Any, *sizes: Any, **named: Any) -> Tensor:
        if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
            sizes = tuple(sizes[0])
        if sizes or not named:
            return function(input, tuple(map(whole, sizes)), **named)
        return function(input, **named)

    return either


def axis_of(dim: Any, ndim: int) -> int:
    """``dim`` counted from the front.

    Raises
    ------
    IndexError
        if a tensor of ``ndim`` dimensions does not have it

    >>> axis_of(-1, 3)
    2
    """
    axis = dim if type(dim) is int else whole(dim)
    if axis < 0:
        axis += max(ndim, 1)
    if not 0 <= axis < max(ndim, 1):  # a 0-d tensor accepts 0 and -1, as in PyTorch
        raise out_of_range(dim, ndim)
    return axis


def axes_of(dim: Any, ndim: int) -> Any:
    """``dim`` as NumPy's ``axis``: None for all of them, a number, or a tuple of numbers."""
    if dim is None or (ndim == 0 and dim in (0, -1)):
        return None
    if not isinstance(dim, tuple | list):
        return axis_of(dim, ndim)
    axes = tuple([axis_of(d, ndim) for d in dim])
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"a dimension appears multiple times in dim={list(dim)} of a tensor with {ndim} dimensions")
    return axes if axes and ndim else None  # no dimension named: all of them


def out_of_range(dim: Any, ndim: int) -> IndexError:
    """The error for a dimension that is not there."""
    end = max(ndim, 1)
    return IndexError(f"Dimension out of range (expected to be in range of [{-end}, {end - 1}], but got {whole(dim)})")
