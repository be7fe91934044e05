"""Counts of what happens at a constant rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd import Tensor, no_grad
from ..autograd import poisson as draw
from ..autograd.ops.special import xlogy
from . import constraints
from .constraints import Constraint
from .distribution import Distribution, together

__all__ = ["Poisson"]


class Poisson(Distribution):
    """The count k with probability rate^k exp(-rate) / k!.

    >>> Poisson(4.0).stddev
    tensor(2.)
    """

    arg_constraints = {"rate": constraints.nonnegative}

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = together(rate)
        super().__init__(self.rate.shape, (), validate_args)

    @property
    def support(self) -> Constraint:
        """0, 1, 2 ..."""
        return constraints.integers(0)

    @property
    def mean(self) -> Tensor:
        """The rate."""
        return self.rate

    variance = mean

    @property
    def mode(self) -> Tensor:
        """The rate rounded down."""
        return self.rate.floor()  # type: ignore[no-any-return]

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """Counts in the dtype of the rate. Shape S + B."""
        with no_grad():
            return draw(self.rate.expand(self._extended(sample_shape)))

    def log_prob(self, value: Any) -> Tensor:
        """k log(rate) - rate - log(k!)."""
        (value,) = together(value)
        self._validate_sample(value)
        return xlogy(value, self.rate) - self.rate - (value + 1).lgamma()  # type: ignore[no-any-return]
