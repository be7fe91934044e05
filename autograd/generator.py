"""The source of random numbers: the Mersenne twister, read as PyTorch reads it on the CPU.

After the same seed, the same draws in the same order give PyTorch's numbers. A :class:`Generator` gives arrays;
``random.py`` gives tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import DType, device
from .tensor import Array, Tensor, new_tensor

__all__ = ["Generator", "default_generator"]

_DEFAULT_SEED = 67280421310721


class Generator:
    """A stream of random numbers: mt19937, and the state of its normal deviates.

    >>> g = Generator().manual_seed(0)
    >>> g.initial_seed()
    0
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.device = _device(device)
        self._bits = np.random.MT19937()
        self.manual_seed(_DEFAULT_SEED)

    # -- seeds and states ------------------------------------------------------------------------

    def manual_seed(self, seed: int) -> Generator:
        """Begin the stream that belongs to ``seed``, a whole number of 64 bits, of which the lower 32 count."""
        seed = int(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"Overflow when unpacking long: a seed is in [-2**63, 2**64 - 1], got {seed}")
        self._seed = seed % 2**64
        self._bits._legacy_seeding(self._seed & 0xFFFFFFFF)
        self._float_normal: float | None = None  # the second of a pair of normal deviates, not yet given out
        self._double_normal: float | None = None
        return self

    # -- words -----------------------------------------------------------------------------------

    def words(self, count: int) -> Array:
        """``count`` draws of 32 bits, as uint64."""
        return self._bits.random_raw(count)

    def double_words(self, count: int) -> Array:
        """``count`` draws of 64 bits, each from two of 32 bits, the high half first."""
        words = self.words(2 * count)
        return words[0::2] << np.uint64(32) | words[1::2]

    # -- deviates --------------------------------------------------------------------------------

    def uniform(self, count: int, dtype: DType) -> Array:
        """Uniform on [0, 1): 24 random bits in float32, 53 in float64."""
        if dtype == np.float64:
            return (self.double_words(count) & np.uint64(2**53 - 1)) * 2.0**-53
        return (self.words(count) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)

    def normal(self, count: int, dtype: DType) -> Array:
        """Standard normal, by the method of Box and Muller (1958)."""
        if count < 16:
            return np.array([self._one_normal() for _ in range(count)], dtype)
        values = self.uniform(count, dtype)
        whole = count - count % 16
        values[:whole] = _box_muller(values[:whole])
        if count % 16:
            values[-16:] = _box_muller(self.uniform(16, dtype))
        return values

    def _one_normal(self) -> float:
        cached = self._double_normal
        if cached is not None:
            self._double_normal = None
            return cached
        u = self.uniform(2, np.dtype(np.float64))
        radius, angle = np.sqrt(-2.0 * np.log1p(-u[1])), 2.0 * np.pi * u[0]
        self._double_normal = float(radius * np.sin(angle))
        return float(radius * np.cos(angle))


def _device(place: Any) -> device:
    return place if isinstance(place, device) else device(place)


def _box_muller(uniform: Array) -> Array:
    """Normal deviates from uniform ones, in blocks of 16: the first 8 give radii, the last 8 angles."""
    dtype = uniform.dtype.type
    blocks = uniform.reshape(-1, 2, 8)
    radius = np.sqrt(dtype(-2) * np.log(1 - blocks[:, 0]))
    angle = dtype(2 * np.pi) * blocks[:, 1]
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), 1).reshape(-1)


default_generator = Generator()
