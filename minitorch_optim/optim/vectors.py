"""Long vectors, block by block: what several operations need is read from memory once, and then from the cache."""

from __future__ import annotations

import functools
import math

import numpy as np

from ..autograd.tensor import Array

BLOCK = 32768  # elements: some such blocks fit into a second-level cache


@functools.lru_cache(maxsize=8)
def blocks(size: int) -> list[slice]:
    """The parts of a vector, one after the other."""
    return [slice(start, start + BLOCK) for start in range(0, size, BLOCK)]


def add_scaled(target: Array, factor: float, vector: Array) -> None:
    """``target += factor * vector``.

    >>> x = np.ones(3)
    >>> add_scaled(x, 2.0, np.arange(3.0))
    >>> x
    array([1., 3., 5.])
    """
    for part in blocks(target.size):
        target[part] += factor * vector[part]


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
