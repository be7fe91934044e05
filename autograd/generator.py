"""The source of random numbers: PyTorch's stream on the CPU, so that the same seed gives the same numbers.

The bits come from the Mersenne twister mt19937 (Matsumoto and Nishimura, 1998), seeded with the lower 32 bits of the
seed. :class:`Generator` turns them into arrays of deviates; ``random.py`` makes tensors of these.

Equal to PyTorch's to the bit, in any order of draws, are

- uniform and whole numbers, permutations, Bernoulli and multinomial draws;
- normal deviates in float32 (PyTorch on a processor with AVX2, where it takes the road of ``cephes.py``), and in every
  dtype if fewer than 16 are drawn at once; exponential deviates in float32.

Equal but for the last places, because NumPy's logarithm, sine and cosine round some numbers otherwise: 16 and more
normal deviates in float64, and exponential, log-normal and Cauchy deviates in float64. The number of draws is the same,
so what follows is equal again. Only in float16 are normal deviates, 16 or more, others than PyTorch's: the last 16, if
their number is not a multiple of 16.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from . import cephes
from .dtypes import DType, device, float16, float64, uint8
from .tensor import Array, Tensor, new_tensor

__all__ = ["Generator", "default_generator"]

_DEFAULT_SEED = 67280421310721  # PyTorch's: the largest prime factor of 2**1093 - 3
_BLOCK = 1 << 14  # deviates that are worked on at once: they stay in the cache

# The state as PyTorch lays it out, 5056 bytes: it can be carried to PyTorch and back.
_STATE = np.dtype([
    ("seed", "u8"), ("left", "i4"), ("seeded", "i4"), ("next", "u8"), ("key", "u8", 624),
    ("normal_x", "f8"), ("normal_y", "f8"), ("normal_rho", "f8"), ("normal_is_valid", "i8"), ("unused", "i8"),
])  # fmt: skip


class Generator:
    """A stream of random numbers, to be passed as ``generator=`` where draws must not disturb others.

    >>> from minitorch_optim.autograd import rand
    >>> g = Generator().manual_seed(0)
    >>> rand(2, generator=g)
    tensor([0.4963, 0.7682])
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.device = _device(device)
        self.manual_seed(_DEFAULT_SEED)

    @functools.cached_property
    def _bits(self) -> Any:
        """The twister, made when the first number is drawn: ``numpy.random`` is slow to import."""
        twister = np.random.MT19937()
        twister._legacy_seeding(self._seed & 0xFFFFFFFF)
        return twister

    # -- seeds and states ------------------------------------------------------------------------

    def manual_seed(self, seed: int) -> Generator:
        """Begin the stream of ``seed``, from -2**63 to 2**64 - 1; the lower 32 bits decide. Returns the generator."""
        number = int(seed)
        if not -(2**63) <= number < 2**64:
            raise ValueError(f"Overflow when unpacking long long: a seed is from -2**63 to 2**64 - 1, got {seed}")
        self._seed = number % 2**64
        self.__dict__.pop("_bits", None)
        self._cached: float | None = None  # normal deviates come in pairs: the second one, until it is asked for
        return self

    def seed(self) -> int:
        """Begin the stream of a seed that the operating system chooses, and return that."""
        import secrets

        self.manual_seed(secrets.randbits(64))
        return self._seed

    def initial_seed(self) -> int:
        """The seed of the stream, from 0 to 2**64 - 1."""
        return self._seed

    def get_state(self) -> Tensor:
        """All there is to know, as a tensor of 5056 bytes: shape (5056,), uint8."""
        twister: Any = self._bits.state["state"]
        state = np.zeros(1, _STATE)
        state["seed"], state["seeded"], state["key"] = self._seed, 1, twister["key"]
        state["left"], state["next"] = 625 - max(twister["pos"], 1), twister["pos"]
        if twister["pos"] == 624:
            state["left"] = 1
            if np.array_equal(twister["key"], Generator().manual_seed(self._seed)._bits.state["state"]["key"]):
                state["next"] = 0  # nothing has been drawn
        if self._cached is not None:
            state["normal_y"], state["normal_is_valid"] = self._cached, 1
        return new_tensor(state.view(uint8))

    def set_state(self, new_state: Tensor) -> Generator:
        """Go on from what :meth:`get_state` gave."""
        array = np.ascontiguousarray(new_state._array)
        if array.dtype != uint8 or array.shape != (_STATE.itemsize,):
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the input RNG state size to be "
                f"{array.size} of {array.dtype}: give what get_state() returned"
            )
        state = array.view(_STATE)[0]
        position = 624 if state["left"] == 1 else int(state["next"])
        twister: Any = {"key": state["key"].astype(np.uint32), "pos": position}
        self._bits.state = {"bit_generator": "MT19937", "state": twister}
        self._seed = int(state["seed"])
        self._cached = float(state["normal_y"]) if state["normal_is_valid"] & 1 else None
        return self

    def clone_state(self) -> Generator:
        """Another generator that will give the same numbers from here on."""
        return Generator().set_state(self.get_state())

    clone = clone_state

    # -- words -----------------------------------------------------------------------------------

    def words(self, count: int) -> Array:
        """``count`` draws of 32 bits, as uint64."""
        return self._bits.random_raw(count)

    def double_words(self, count: int) -> Array:
        """``count`` draws of 64 bits, each from two of 32 bits, the high half first."""
        words = self.words(2 * count)
        return words[0::2] << np.uint64(32) | words[1::2]

    # -- deviates: arrays of shape (count,) ------------------------------------------------------

    def uniform(self, count: int, dtype: DType = float64) -> Array:
        """Uniform on [0, 1): 53 random bits in float64, 24 in the other dtypes."""
        if dtype == float64:
            return (self.double_words(count) & np.uint64(2**53 - 1)) * 2.0**-53
        values = (self.words(count) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)
        if dtype == float16:
            values = values.astype(float16)
            values[values == 1] = 0  # what was rounded up to the end that is excluded
        return values

    def normal(
        self, count: int, dtype: DType = float64, mean: float = 0.0, std: float = 1.0, singly: bool = False
    ) -> Array:
        """Normal, by the method of Box and Muller (1958): two uniform numbers make two deviates.

        Fewer than 16, or all of them if ``singly``, are made in double precision, pair by pair.
        """
        if count < 16 or singly:
            return np.array([self.one_normal() * std + mean for _ in range(count)], dtype)
        working = dtype if dtype == float64 else np.dtype(np.float32)
        values = self.uniform(count, working)
        whole = count - count % 16
        for i in range(0, whole, _BLOCK):
            block = values[i : min(i + _BLOCK, whole)]
            block[:] = _box_muller(block, mean, std)
        if count % 16:
            values[-16:] = _box_muller(self.uniform(16, working), mean, std)
        return values.astype(dtype, copy=False)

    def one_normal(self) -> float:
        """One standard normal deviate."""
        if self._cached is not None:
            value, self._cached = self._cached, None
            return value
        u = self.uniform(2).tolist()
        radius, angle = math.sqrt(-2.0 * math.log1p(-u[1])), 2.0 * math.pi * u[0]
        self._cached = radius * math.sin(angle)
        return radius * math.cos(angle)

    def exponential(self, count: int) -> Array:
        """Exponential with mean 1, in float64: -log(1 - u)."""
        return -np.log1p(-self.uniform(count))

    def whole(self, count: int, low: int, high: int, double: bool | None = None) -> Array:
        """Whole numbers from ``low`` to ``high - 1``, as int64: the rest of a draw divided by their number.

        The draw has 64 bits if it is to be ``double``; by default for 2**28 numbers and more, so that none is favoured
        noticeably.
        """
        number = high - low
        double = number >= 2**28 if double is None else double
        draws = self.double_words(count) if double else self.words(count)
        return (draws % np.uint64(number)).astype(np.int64) + low

    def permutation(self, count: int) -> Array:
        """The numbers from 0 to ``count - 1`` in random order, by the algorithm of Fisher and Yates."""
        values = list(range(count))
        jumps = self.words(max(count - 1, 0)) % np.arange(count, 1, -1, dtype=np.uint64)
        for i, jump in enumerate(jumps.tolist()):
            values[i], values[i + jump] = values[i + jump], values[i]
        return np.array(values, np.int64)


def _box_muller(uniform: Array, mean: float, std: float) -> Array:
    """Normal deviates from uniform ones, in groups of 16: the first 8 give radii, the last 8 angles."""
    groups = uniform.reshape(-1, 2, 8).astype(np.float64)
    if uniform.dtype == float64:
        radius, angle = np.sqrt(-2.0 * np.log(1.0 - groups[:, 0])), 2.0 * np.pi * groups[:, 1]
        sine, cosine = np.sin(angle), np.cos(angle)
        pairs = np.stack((radius * cosine, radius * sine), 1) * std + mean
    else:
        radius = cephes.single(np.sqrt(cephes.single(-2.0 * cephes.log(1.0 - groups[:, 0]))))
        sine, cosine = cephes.sine_and_cosine(cephes.single(cephes.single(2.0 * np.pi) * groups[:, 1]))
        pairs = cephes.single(np.stack((radius * cosine, radius * sine), 1))
        pairs = cephes.fused(pairs, cephes.single(std), cephes.single(mean))
    return pairs.reshape(-1)


def _device(place: Any) -> device:
    return place if isinstance(place, device) else device(place)


default_generator = Generator()
