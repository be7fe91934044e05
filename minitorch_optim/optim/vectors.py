"""Long vectors, block by block: what several operations need is read from memory once, and then from the cache."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.tensor import Array

BLOCK = 32768  # elements: some such blocks fit into a second-level cache


@functools.lru_cache(maxsize=8)
def blocks(size: int) -> list[slice]:
    """The parts of a vector, one after the other."""
    return [slice(start, start + BLOCK) for start in range(0, size, BLOCK)]


@functools.cache
def axpy(dtype: np.dtype[Any]) -> Callable[..., Array]:
    """BLAS' ``y += a x``, for float32 or float64: it goes through memory once, where NumPy's two calls go twice."""
    from scipy.linalg import get_blas_funcs

    function: Callable[..., Array] = get_blas_funcs("axpy", dtype=dtype)
    return function


def add_scaled(target: Array, factor: float, vector: Array) -> None:
    """``target += factor * vector``, for vectors of the same dtype, without gaps.

    >>> x = np.ones(3)
    >>> add_scaled(x, 2.0, np.arange(3.0))
    >>> x
    array([1., 3., 5.])
    """
    if target.size:  # BLAS refuses vectors of no length
        axpy(target.dtype)(vector, target, a=factor)


def largest(vector: Array) -> float:
    """The largest entry by absolute value; 0 if there is none, NaN if one is NaN.

    >>> largest(np.array([1.0, -3.0, 2.0]))
    3.0
    """
    result = 0.0
    for part in blocks(vector.size):
        end = max(float(np.maximum.reduce(vector[part])), -float(np.minimum.reduce(vector[part])))
        if math.isnan(end):
            return end
        result = max(result, end)
    return result


def all_within(bound: float, vector: Array, times: float = 1.0) -> bool:
    """Whether no entry of ``times * vector`` is larger than ``bound`` by absolute value.

    Most often the first entry is, and the others need no look.

    >>> all_within(2.0, np.array([1.0, -3.0, 2.0])), all_within(2.0, np.array([1.0, -3.0, 2.0]), times=0.5)
    (False, True)
    """
    if vector.size and abs(times * vector.item(0)) > bound:
        return False
    return abs(times) * largest(vector) <= bound
