"""Products of small matrices: which form is the quicker one on this machine.

``x @ w.T``, the product of every linear layer, reads ``w`` along the other dimension than ``x @ w``. For small matrices
some BLAS libraries take twice as long for it (OpenBLAS on processors with AVX-512: 13 us instead of 7 for float32 of
64x64 times 64x128), so that a copy of ``w.T`` in C order first is a gain. It depends on the library, the processor and
the shapes; a program that will run a hundred thousand times is worth a few measurements.
"""

from __future__ import annotations

import functools
import timeit
from typing import Any

import numpy as np

SMALL = 1 << 21  # products of numbers, beyond which BLAS copies by itself
ROUNDS, CALLS = 5, 20


def better_copied(a: Any, b: Any) -> bool:
    """Whether ``a.dot(b.copy())`` takes less time than ``a.dot(b)`` for a transposed ``b``, and gives the same bits."""
    if a.ndim != 2 or b.ndim != 2 or not a.flags.c_contiguous or b.flags.c_contiguous or not b.flags.f_contiguous:
        return False
    if a.dtype != b.dtype or a.dtype.kind != "f" or a.shape[0] * b.size > SMALL:
        return False
    return _measured(a.shape, b.shape, a.dtype)


@functools.lru_cache(maxsize=256)
def _measured(shape: tuple[int, int], transposed: tuple[int, int], dtype: Any) -> bool:
    """On random numbers; once, so that two recordings of the same step come out the same."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal(shape).astype(dtype)
    b = rng.standard_normal(transposed[::-1]).astype(dtype).T
    out, copy = np.empty((shape[0], transposed[1]), dtype), np.empty(transposed, dtype)

    def copied() -> None:
        copy[...] = b
        a.dot(copy, out)

    copied()
    if out.tobytes() != a.dot(b).tobytes():  # the sums are taken in another order
        return False
    times: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        times[0].append(timeit.timeit(copied, number=CALLS))
        times[1].append(timeit.timeit(lambda: a.dot(b, out), number=CALLS))
    return min(times[0]) < min(times[1])
