"""Filling a tensor with random numbers, in place: ``uniform_``, ``normal_`` and their like, methods only.

Each draws from ``generator`` (default: the default generator) in the order in which the elements lie in memory, as
PyTorch does, and returns the tensor itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import cephes
from ..generator import Generator
from ..inplace import overwrite
from ..random import along_memory, bernoulli_array, drawing, normal_array, real_of, uniform_array, whole_array
from ..tensor import Array, Tensor, new_tensor
from .naming import method

__all__: list[str] = []


def _filled(self: Tensor, what: str, draw: Callable[[tuple[int, ...]], Array]) -> Tensor:
    """Give ``self`` the values of ``draw(shape)``, laid out along its memory."""
    array = self._array
    if 0 in array.strides and array.size > 1 and any(n > 1 and s == 0 for n, s in zip(array.shape, array.strides)):
        raise RuntimeError(
            f"unsupported operation: {what} on an expanded tensor: more than one element of the written-to tensor "
            f"refers to a single memory location. Please clone() the tensor before performing the operation."
        )
    values = along_memory(array, lambda shape: draw(shape).astype(array.dtype, copy=False))
    return overwrite(self, new_tensor(values), what)


@method("uniform_")
def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Uniform on [from, to).

    >>> from minitorch_optim.autograd import manual_seed, zeros
    >>> _ = manual_seed(0)
    >>> zeros(3).uniform_(-1, 1)
    tensor([-0.0075,  0.5364, -0.8230])
    """
    if not from_ <= to:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={from_} > to={to}")
    kind = self.dtype if self.dtype == np.float64 else np.dtype(np.float32)
    low, width = kind.type(from_), kind.type(to) - kind.type(from_)

    def draw(shape: tuple[int, ...]) -> Array:
        fused = cephes.fused_double if kind == np.float64 else cephes.fused  # as the processor does it
        uniform = uniform_array(shape, kind, generator).astype(np.float64, copy=False)
        values = fused(uniform, np.float64(width), np.float64(low)).astype(self.dtype, copy=False)
        return values if self.dtype == kind else np.where(values == to, from_, values)  # rounded up to the end

    real_of(self.dtype, "uniform_")
    return _filled(self, "uniform_", draw)


@method("normal_")
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Normal with this mean and standard deviation.

    >>> from minitorch_optim.autograd import manual_seed, zeros
    >>> _ = manual_seed(0)
    >>> zeros(3).normal_(10, 0.1)
    tensor([10.1541,  9.9707,  9.7821])
    """
    singly = not self._array.flags.c_contiguous
    return _filled(
        self, "normal_", lambda shape: normal_array(shape, self.dtype, generator, float(mean), float(std), singly)
    )


@method("log_normal_")
def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """e to the power of a normal deviate with this mean and standard deviation.

    >>> from minitorch_optim.autograd import manual_seed, zeros
    >>> _ = manual_seed(0)
    >>> zeros(2).log_normal_(0, 0.1)
    tensor([1.1666, 0.9711])
    """

    def draw(shape: tuple[int, ...]) -> Array:
        return np.exp(normal_array(shape, np.dtype(np.float64), generator, mean, std, singly=True))

    return _filled(self, "log_normal_", draw)


@method("exponential_")
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Exponential with mean 1 / lambd.

    >>> from minitorch_optim.autograd import manual_seed, zeros
    >>> _ = manual_seed(0)
    >>> zeros(3).exponential_()
    tensor([3.5083, 1.2304, 0.6150])
    """
    real_of(self.dtype, "exponential_")
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")

    def draw(shape: tuple[int, ...]) -> Array:
        return drawing(generator).exponential(math.prod(shape)).reshape(shape) * (1 / lambd)

    return _filled(self, "exponential_", draw)


@method("cauchy_")
def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Cauchy: median + sigma tan(pi (u - 1/2)) for u uniform.

    >>> from minitorch_optim.autograd import manual_seed, zeros
    >>> _ = manual_seed(0)
    >>> zeros(3).cauchy_()
    tensor([10.5977,  0.7648, -0.1283])
    """
    real_of(self.dtype, "cauchy_")
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")

    def draw(shape: tuple[int, ...]) -> Array:
        return median + sigma * np.tan(np.pi * (uniform_array(shape, np.dtype(np.float64), generator) - 0.5))

    return _filled(self, "cauchy_", draw)


@method("geometric_")
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """How many trials it takes until one succeeds, if each does with probability ``p``.

    >>> from minitorch_optim.autograd import manual_seed, zeros
    >>> _ = manual_seed(0)
    >>> zeros(3).geometric_(0.2)
    tensor([1., 2., 4.])
    """
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")

    def draw(shape: tuple[int, ...]) -> Array:
        return np.ceil(np.log(uniform_array(shape, np.dtype(np.float64), generator)) / math.log1p(-p))

    return _filled(self, "geometric_", draw)


@method("bernoulli_")
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """1 with probability ``p``, otherwise 0; a tensor gives each element its own, broadcast to this shape.

    >>> from minitorch_optim.autograd import manual_seed, zeros
    >>> _ = manual_seed(0)
    >>> zeros(5).bernoulli_(0.2)
    tensor([0., 0., 0., 0., 0.])
    """
    if not isinstance(p, Tensor):
        return _filled(self, "bernoulli_", lambda shape: bernoulli_array(float(p), shape, generator))
    drawn = bernoulli_array(p._array, self._array.shape, generator)
    return overwrite(self, new_tensor(drawn.astype(self.dtype)), "bernoulli_")


@method("random_")
def random_(self: Tensor, from_: int = 0, to: int | None = None, *, generator: Generator | None = None) -> Tensor:
    """Whole numbers from ``from`` to ``to - 1``; ``random_(to)`` begins at 0.

    Without bounds: from 0 to the largest number up to which the dtype holds every whole number.

    >>> from minitorch_optim.autograd import manual_seed, zeros
    >>> _ = manual_seed(0)
    >>> zeros(5).random_(10)
    tensor([4., 9., 3., 0., 3.])
    """
    if to is None and from_ != 0:
        from_, to = 0, from_
    double = None
    if to is None:
        double = self.dtype.itemsize == 8
        to = 2 ** (np.finfo(self.dtype).nmant + 1) + 1 if self.dtype.kind == "f" else 2
        if self.dtype.kind in "iu":
            to = int(np.iinfo(self.dtype).max) + 1
    low, high = int(from_), int(to)
    return _filled(self, "random_", lambda shape: whole_array(shape, low, high, self.dtype, generator, double))
