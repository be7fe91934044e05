"""One of several categories."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import Any

from ..autograd import Tensor, arange, broadcast_tensors, gather, log_softmax, multinomial, no_grad
from . import constraints
from .constraints import Constraint
from .distribution import Distribution, one_of, to_logits, to_probs

__all__ = ["Categorical"]


class Categorical(Distribution):
    """The index k, of K, with probability ``probs[..., k]``.

    Parameters
    ----------
    probs : Tensor, shape B + (K,)
        weights, which are divided by their sum
    logits : Tensor, shape B + (K,)
        in place of them: their logarithms, up to a constant

    >>> from minitorch_optim.autograd import tensor
    >>> Categorical(tensor([1.0, 3.0])).log_prob(tensor(1)).exp()
    tensor(0.7500)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real}

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        name = one_of(probs, logits)
        given = probs if name == "probs" else logits
        if given.ndim < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional, got shape ()")
        if logits is None:
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self.logits = log_softmax(logits, -1)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], (), validate_args)

    @functools.cached_property
    def probs(self) -> Tensor:
        """The probabilities, shape B + (K,)."""
        return to_probs(self.logits, binary=False)

    @functools.cached_property
    def logits(self) -> Tensor:
        """Their logarithms, shape B + (K,)."""
        return to_logits(self.probs, binary=False)

    @property
    def support(self) -> Constraint:
        """The whole numbers from 0 to K - 1."""
        return constraints.integers(0, self._num_events - 1)

    @property
    def mode(self) -> Tensor:
        """The most probable category."""
        return self.probs.argmax(-1)  # type: ignore[no-any-return]

    @property
    def mean(self) -> Tensor:
        """NaN: categories have no mean."""
        return self.probs.sum(-1) * math.nan  # type: ignore[no-any-return]

    variance = mean

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """Categories, int64, shape S + B."""
        shape = self._extended(sample_shape)
        rows = self.probs.detach().reshape(-1, self._num_events)
        with no_grad():
            drawn = multinomial(rows, math.prod(sample_shape), replacement=True)
        return drawn.T.reshape(shape)  # type: ignore[no-any-return]

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the probability of each category in ``value``. Shape S + B."""
        self._validate_sample(value)
        index, logits = broadcast_tensors(value.long().unsqueeze(-1), self.logits[..., :1])[0], self.logits
        return gather(logits.expand(*index.shape[:-1], self._num_events), -1, index).squeeze(-1)  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """- sum of p log p. Shape B."""
        return -(self.logits.clamp(min=-1e30) * self.probs).sum(-1)  # type: ignore[no-any-return]

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All categories, shape (K,) + B; (K, 1, ...) without ``expand``."""
        values = arange(self._num_events).reshape(-1, *[1] * len(self.batch_shape))
        return values.expand(-1, *self.batch_shape) if expand else values  # type: ignore[no-any-return]
