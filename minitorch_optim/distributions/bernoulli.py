"""Yes or no."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from ..autograd import Tensor, no_grad
from ..autograd import bernoulli as draw
from ..nn.functional import binary_cross_entropy_with_logits
from . import constraints
from .constraints import Constraint
from .distribution import Distribution, one_of, to_logits, to_probs, together

__all__ = ["Bernoulli"]


class Bernoulli(Distribution):
    """1 with probability ``probs``, otherwise 0; ``logits``, log(p / (1 - p)), may be given in place of it.

    >>> Bernoulli(0.25).variance
    tensor(0.1875)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        if one_of(probs, logits) == "probs":
            (self.probs,) = together(probs)
            shape = self.probs.shape
        else:
            (self.logits,) = together(logits)
            shape = self.logits.shape
        super().__init__(shape, (), validate_args)

    @functools.cached_property
    def probs(self) -> Tensor:
        """The probability of 1."""
        return to_probs(self.logits, binary=True)

    @functools.cached_property
    def logits(self) -> Tensor:
        """The logarithm of the odds."""
        return to_logits(self.probs, binary=True)

    @property
    def support(self) -> Constraint:
        """0 and 1."""
        return constraints.boolean

    @property
    def mean(self) -> Tensor:
        """p."""
        return self.probs

    @property
    def variance(self) -> Tensor:
        """p (1 - p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """0 or 1, in the dtype of the parameter. Shape S + B."""
        with no_grad():
            return draw(self.probs.expand(self._extended(sample_shape)))

    def log_prob(self, value: Any) -> Tensor:
        """x log p + (1 - x) log(1 - p)."""
        (value,) = together(value)
        self._validate_sample(value)
        shape = (value + self.logits).shape
        return -binary_cross_entropy_with_logits(self.logits.expand(shape), value.expand(shape), reduction="none")

    def entropy(self) -> Tensor:
        """-p log p - (1 - p) log(1 - p)."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
