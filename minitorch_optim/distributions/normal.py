"""The normal distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..autograd import Tensor, randn
from . import constraints
from .constraints import Constraint
from .distribution import Distribution, together

__all__ = ["Normal"]


class Normal(Distribution):
    """Normal with mean ``loc`` and standard deviation ``scale``.

    >>> Normal(0.0, 1.0).cdf(0.0)
    tensor(0.5000)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = together(loc, scale)
        super().__init__(self.loc.shape, (), validate_args)

    @property
    def support(self) -> Constraint:
        """All real numbers."""
        return constraints.real

    @property
    def mean(self) -> Tensor:
        """``loc``."""
        return self.loc

    mode = mean

    @property
    def variance(self) -> Tensor:
        """``scale`` squared."""
        return self.scale**2

    def rsample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """loc + scale * epsilon, the gradient flowing to both (Kingma and Welling, 2013)."""
        return self.loc + randn(self._extended(sample_shape), dtype=self.loc.dtype) * self.scale

    def log_prob(self, value: Any) -> Tensor:
        """-(x - loc)^2 / (2 scale^2) - log(scale) - log(sqrt(2 pi))."""
        (value,) = together(value)
        self._validate_sample(value)
        return -((value - self.loc) ** 2) / (2 * self.variance) - self.scale.log() - math.log(math.sqrt(2 * math.pi))  # type: ignore[no-any-return]

    def cdf(self, value: Any) -> Tensor:
        """The probability of a number up to ``value``."""
        return 0.5 * (1 + ((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)).erf())  # type: ignore[no-any-return]

    def icdf(self, value: Any) -> Tensor:
        """The number up to which the probability is ``value``."""
        return self.loc + self.scale * (2 * together(value)[0] - 1).erfinv() * math.sqrt(2)  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """1/2 + log(2 pi)/2 + log(scale)."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()  # type: ignore[no-any-return]
