"""How many of n trials succeed."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from ..autograd import Tensor, no_grad
from ..autograd import binomial as draw
from . import constraints
from .constraints import Constraint
from .distribution import Distribution, one_of, to_logits, to_probs, together

__all__ = ["Binomial"]


class Binomial(Distribution):
    """The number of successes in ``total_count`` trials (default 1), each with probability ``probs``.

    ``logits``, log(p / (1 - p)), may be given in place of ``probs``.

    >>> Binomial(10, 0.5).mean
    tensor(5.)
    """

    arg_constraints = {
        "total_count": constraints.integers(0), "probs": constraints.unit_interval, "logits": constraints.real,
    }  # fmt: skip

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if one_of(probs, logits) == "probs":
            count, self.probs = together(total_count, probs)
            self.total_count = count.to(self.probs.dtype)
        else:
            count, self.logits = together(total_count, logits)
            self.total_count = count.to(self.logits.dtype)
        super().__init__(self.total_count.shape, (), validate_args)

    @functools.cached_property
    def probs(self) -> Tensor:
        """The probability of a success."""
        return to_probs(self.logits, binary=True)

    @functools.cached_property
    def logits(self) -> Tensor:
        """The logarithm of its odds."""
        return to_logits(self.probs, binary=True)

    @property
    def support(self) -> Constraint:
        """The whole numbers from 0 to ``total_count``."""
        return constraints.integers(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        """n p."""
        return self.total_count * self.probs  # type: ignore[no-any-return]

    @property
    def variance(self) -> Tensor:
        """n p (1 - p)."""
        return self.total_count * self.probs * (1 - self.probs)  # type: ignore[no-any-return]

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """Counts in the dtype of the parameter. Shape S + B."""
        shape = self._extended(sample_shape)
        with no_grad():
            return draw(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Any) -> Tensor:
        """log(n! / (k! (n - k)!)) + k log p + (n - k) log(1 - p)."""
        (value,) = together(value)
        self._validate_sample(value)
        n, x = self.total_count, self.logits
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        # log(1 - p) = -log(1 + e^x), computed so that e^x cannot overflow
        return ways + value * x - n * (x.clamp(min=0) + (-x.abs()).exp().log1p())  # type: ignore[no-any-return]
