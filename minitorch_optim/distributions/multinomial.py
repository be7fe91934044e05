"""How often each category comes up in n draws."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..autograd import Tensor, zeros
from .categorical import Categorical
from .constraints import Constraint
from .distribution import Distribution

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """Counts of K categories in ``total_count`` draws (default 1): shape B + (K,), and their sum is ``total_count``.

    Parameters
    ----------
    total_count : int
    probs : Tensor, shape B + (K,)
        weights, which are divided by their sum
    logits : Tensor, shape B + (K,)
        in place of them: their logarithms, up to a constant

    >>> from minitorch_optim.autograd import tensor
    >>> Multinomial(8, tensor([1.0, 3.0])).mean
    tensor([2., 6.])
    """

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError(f"inhomogeneous total_count is not supported: give one int, not {total_count!r}")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, self.probs.shape[-1:], validate_args)

    @property
    def probs(self) -> Tensor:
        """The probability of each category, shape B + (K,)."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """Their logarithms, shape B + (K,)."""
        return self._categorical.logits

    @property
    def support(self) -> Constraint:
        """Counts whose sum is ``total_count``."""
        return Constraint(
            f"Multinomial(upper_bound={self.total_count})",
            lambda x: ((x >= 0) & (x % 1 == 0)).all(-1) & (x.sum(-1) == self.total_count),
        )

    @property
    def mean(self) -> Tensor:
        """n p."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        """n p (1 - p)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """Counts in the dtype of the parameter. Shape S + B + E."""
        draws = self._categorical.sample((self.total_count, *sample_shape))
        counts = zeros(self._extended(sample_shape), dtype=self.probs.dtype)
        for category in draws.unsqueeze(-1):  # draw by draw: shape S + B + (1,)
            counts.scatter_add_(-1, category, zeros(category.shape, dtype=counts.dtype) + 1)
        return counts

    def log_prob(self, value: Any) -> Tensor:
        """log(n! / (k_1! ... k_K!)) + sum of k log p. Shape S + B."""
        self._validate_sample(value)
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        logits = self.logits.masked_fill(value.eq(0) & self.logits.eq(-math.inf), 0.0)
        return ways + (logits * value).sum(-1)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"Multinomial(total_count: {self.total_count}, probs: {self.probs.size()})"
