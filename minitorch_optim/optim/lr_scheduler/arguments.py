"""What the arguments of schedules may be. Each check returns the argument or raises ValueError (name, rule, value).

Conditions are written so that NaN fails: ``not value >= 0``, never ``value < 0``.
"""

from __future__ import annotations

from typing import Any

from ..checks import number

__all__ = ["at_least_zero", "integer", "one_of", "positive", "positive_integer"]


def positive_integer(name: str, value: Any) -> int:
    """An integer from 1; 10.0 is one."""
    if not (_is_integer(value) and value >= 1):
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return int(value)


def integer(name: str, value: Any, low: int) -> int:
    """An integer from ``low``."""
    if not (_is_integer(value) and value >= low):
        raise ValueError(f"Expected integer {name} >= {low}, but got {value}")
    return int(value)


def positive(name: str, value: Any) -> Any:
    """A number above 0, and finite."""
    if not 0 < number(value) < float("inf"):
        raise ValueError(f"Expected positive {name}, but got {value}")
    return number(value)


def at_least_zero(name: str, value: Any) -> Any:
    """A number from 0, and finite."""
    if not 0 <= number(value) < float("inf"):
        raise ValueError(f"Expected non-negative {name}, but got {value}")
    return number(value)


def one_of(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """One of some words."""
    if value not in choices:
        listed = " or ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {listed}, instead got {value}")
    return str(value)


def _is_integer(value: Any) -> bool:
    try:
        return bool(value == int(value))
    except (TypeError, ValueError, OverflowError):
        return False
