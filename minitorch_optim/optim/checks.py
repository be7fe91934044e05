"""What a hyperparameter may be. Each check takes a value and raises ValueError with PyTorch's wording if it is out of range.

Conditions are written so that NaN fails: ``not value >= 0``, never ``value < 0``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import Tensor

Check = Callable[[Any], None]


def at_least_zero(what: str) -> Check:
    """``Invalid <what>: <value>`` unless value >= 0."""

    def check(value: Any) -> None:
        if not number(value) >= 0:
            raise ValueError(f"Invalid {what}: {number(value)}")

    return check


def above_zero(what: str) -> Check:
    """``Invalid <what>: <value>`` unless value > 0."""

    def check(value: Any) -> None:
        if not number(value) > 0:
            raise ValueError(f"Invalid {what}: {number(value)}")

    return check


def between(low: float, high: float, what: str) -> Check:
    """``Invalid <what>: <value>`` unless low <= value <= high."""

    def check(value: Any) -> None:
        if not low <= number(value) <= high:
            raise ValueError(f"Invalid {what}: {number(value)}")

    return check


def learning_rate(value: Any) -> None:
    """A number from 0, or a tensor that holds one."""
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    at_least_zero("learning rate")(value)


def betas(value: Any) -> None:
    """A pair of numbers in [0, 1)."""
    if len(value) != 2:
        raise ValueError(f"Invalid betas: {value}: expected a pair of numbers in [0, 1)")
    for i, beta in enumerate(value):
        if not 0 <= number(beta) < 1:
            raise ValueError(f"Invalid beta parameter at index {i}: {number(beta)}")


def same_kind_of_betas(value: Any) -> None:
    """Both floats or both tensors."""
    if isinstance(value[0], Tensor) != isinstance(value[1], Tensor):
        raise ValueError("betas must be either both floats or both Tensors")


def number(value: Any) -> Any:
    """The Python number in a tensor of one element; anything else as it is."""
    return value.item() if isinstance(value, Tensor) else value


def implementation_flags(group: dict[str, Any]) -> None:
    """``foreach``, ``fused`` and ``differentiable`` exclude one another in PyTorch's way.

    The first two (and ``capturable``) choose among PyTorch's implementations. Here there is one, so they are kept in the group,
    for programs that pass them, and change nothing.
    """
    if group.get("fused") and group.get("foreach"):
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if group.get("fused") and group.get("differentiable"):
        raise RuntimeError("`fused` does not support `differentiable`")
