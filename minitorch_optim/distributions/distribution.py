"""What all distributions share: shapes, the check of arguments, and the words of their errors.

B is the batch shape, as many independent distributions; E the event shape, () unless one sample is a vector. A sample
of shape S has shape S + B + E, and its ``log_prob`` S + B.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Size, Tensor, broadcast_tensors, log, no_grad, sigmoid, softmax, tensor
from .constraints import Constraint

__all__ = ["Distribution"]


class Distribution:
    """The base of all distributions.

    Parameters
    ----------
    batch_shape, event_shape : Size
        B and E
    validate_args : bool, optional
        check parameters and values (default True)
    """

    arg_constraints: dict[str, Constraint] = {}
    has_rsample = False

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self.batch_shape, self.event_shape = Size(batch_shape), Size(event_shape)
        self._validates = validate_args is not False
        if self._validates:
            for name, constraint in self.arg_constraints.items():
                if name in self.__dict__:  # of probs and logits, the one that was given
                    rule = f"of distribution {self} to satisfy the constraint {constraint}"
                    self._check(getattr(self, name), constraint, f"parameter {name}", rule)

    @property
    def support(self) -> Constraint:
        """Where the probability is not zero."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its support is")

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError(f"{type(self).__name__} does not give its mean")

    @property
    def variance(self) -> Tensor:
        """The expected squared distance from the mean."""
        raise NotImplementedError(f"{type(self).__name__} does not give its variance")

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        result: Tensor = self.variance.sqrt()
        return result

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """A sample of shape S + B + E, without history."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        """A sample through which the gradient flows to the parameters."""
        raise NotImplementedError(f"{type(self).__name__} cannot be reparameterized: use sample() and log_prob()")

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the probability, or of its density, at ``value``. Shape S + B."""
        raise NotImplementedError(f"{type(self).__name__} does not give its log_prob")

    def entropy(self) -> Tensor:
        """The expected value of ``-log_prob``. Shape B."""
        raise NotImplementedError(f"{type(self).__name__} does not give its entropy")

    def perplexity(self) -> Tensor:
        """exp of the entropy: among how many equal outcomes there would be as much to choose."""
        result: Tensor = self.entropy().exp()
        return result

    def _extended(self, sample_shape: Iterable[int] = ()) -> tuple[int, ...]:
        return (*sample_shape, *self.batch_shape, *self.event_shape)

    def _validate_sample(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise ValueError(f"The value argument to log_prob must be a Tensor, got {type(value).__name__}")
        if self._validates:
            rule = f"to be within the support ({self.support}) of the distribution {self}"
            self._check(value, self.support, "value argument", rule)

    def _check(self, value: Tensor, constraint: Constraint, what: str, rule: str) -> None:
        if not bool(constraint.check(value).all()):
            raise ValueError(
                f"Expected {what} (Tensor of shape {tuple(value.shape)}) {rule}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        names = [name for name in self.arg_constraints if name in self.__dict__]
        values = ((name, getattr(self, name)) for name in names)
        return f"{type(self).__name__}({', '.join(f'{n}: {v if v.numel() == 1 else v.size()}' for n, v in values)})"


def together(*parameters: Any) -> list[Tensor]:
    """Numbers and tensors as tensors of one shape."""
    dtype = next((p.dtype for p in parameters if isinstance(p, Tensor)), None)
    return list(broadcast_tensors(*(p if isinstance(p, Tensor) else tensor(float(p), dtype=dtype) for p in parameters)))


def one_of(probs: Any, logits: Any) -> str:
    """The name of the one that was given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return "logits" if probs is None else "probs"


def to_probs(logits: Tensor, binary: bool) -> Tensor:
    """The probabilities of log-odds (``binary``), or of logarithms of probabilities along the last dimension."""
    return sigmoid(logits) if binary else softmax(logits, -1)


def to_logits(probs: Tensor, binary: bool) -> Tensor:
    """The inverse of :func:`to_probs`; 0 and 1 are moved inwards by the smallest step, so that it is finite."""
    eps = float(np.finfo(probs.dtype).eps)
    inside = probs.clamp(eps, 1 - eps)
    return log(inside) - (-inside).log1p() if binary else log(inside)
