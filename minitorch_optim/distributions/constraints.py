"""What parameters and values may be: a test of each, and the words for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Constraint", "boolean", "integers", "nonnegative", "positive", "real", "simplex", "unit_interval"]


class Constraint:
    """A condition on a tensor: ``check(value)`` is a bool Tensor, element by element (row by row for a simplex)."""

    def __init__(self, words: str, check: Callable[[Any], Any]) -> None:
        self.words, self.check = words, check

    def __repr__(self) -> str:
        return self.words


def integers(low: int, high: Any = None) -> Constraint:
    """The whole numbers from ``low`` to ``high``, which is included; without end if it is None."""
    if high is None:
        return Constraint(f"IntegerGreaterThan(lower_bound={low})", lambda x: (x % 1 == 0) & (x >= low))
    words = f"IntegerInterval(lower_bound={low}, upper_bound={high})"
    return Constraint(words, lambda x: (x % 1 == 0) & (x >= low) & (x <= high))


real = Constraint("Real()", lambda x: x == x)
positive = Constraint("GreaterThan(lower_bound=0.0)", lambda x: x > 0)
nonnegative = Constraint("GreaterThanEq(lower_bound=0.0)", lambda x: x >= 0)
unit_interval = Constraint("Interval(lower_bound=0.0, upper_bound=1.0)", lambda x: (x >= 0) & (x <= 1))
boolean = Constraint("Boolean()", lambda x: (x == 0) | (x == 1))
simplex = Constraint("Simplex()", lambda x: (x >= 0).all(-1) & ((x.sum(-1) - 1).abs() < 1e-6))
