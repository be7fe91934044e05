"""What a hyperparameter may be. Each check takes a value and raises ValueError with PyTorch's wording if it is out of
range.

Conditions are written so that NaN fails: ``not value >= 0``, never ``value < 0``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Tensor

Check = Callable[[Any], None]


def number(value: Any) -> Any:
    """The Python number in a tensor of one element, or in a NumPy number; anything else as it is.

    Hyperparameters enter the rules as Python numbers: a ``np.float64`` would make float64 of float32.
    """
    return value.item() if isinstance(value, Tensor | np.generic | np.ndarray) else value


def real(value: Any, what: str) -> Any:
    """The Python number, or TypeError: ``what`` must be one."""
    value = number(value)
    if not isinstance(value, int | float):
        raise TypeError(f"{what} must be a number, but got {value!r} of type {type(value).__name__}")
    return value


def requirement(what: str, rule: str, holds: Callable[[float], bool], message: str = "") -> Check:
    """A check that raises ``message``, or ``Invalid <what>: <value>`` and the rule, unless it ``holds``."""
    message = message or f"Invalid {what}: {{value}}: it must be {rule}"

    def check(value: Any) -> None:
        value = real(value, what)
        if not holds(value):
            raise ValueError(message.format(value=value))

    return check


def at_least_zero(what: str) -> Check:
    """``Invalid <what>: <value>`` unless value >= 0."""
    return requirement(what, "at least 0", lambda value: value >= 0)


def above_zero(what: str) -> Check:
    """``Invalid <what>: <value>`` unless value > 0."""
    return requirement(what, "above 0", lambda value: value > 0)


def between(low: float, high: float, what: str) -> Check:
    """``Invalid <what>: <value>`` unless low <= value <= high."""
    return requirement(what, f"from {low:g} to {high:g}", lambda value: low <= value <= high)


def not_nan(what: str) -> Check:
    """``Invalid <what>: nan``: every other number is allowed."""
    return requirement(what, "a number", lambda value: value == value)


def should_be(what: str, rule: str, holds: Callable[[float], bool]) -> Check:
    """``<what> should be <rule> but is: <value>``: how Adafactor and Muon put it."""
    return requirement(what, rule, holds, f"{what} should be {rule} but is: {{value}}")


def one_element(value: Any) -> None:
    """A learning rate may be a tensor, of one element."""
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ValueError(f"Tensor lr must be 1-element, but its shape is {tuple(value.shape)}")


def learning_rate(value: Any) -> None:
    """A number from 0, or a tensor that holds one."""
    one_element(value)
    at_least_zero("learning rate")(value)


def relative_learning_rate(value: Any) -> None:
    """As :func:`learning_rate`, in the words of Adafactor and Muon."""
    one_element(value)
    should_be("Learning rate", ">= 0", lambda lr: lr >= 0)(value)


def pair(value: Any, what: str, example: str) -> tuple[Any, Any]:
    """The two values of ``value``, or ValueError, which shows the ``example``."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError(f"Invalid {what}: {value}: expected a pair of numbers, as in {example}")
    return value[0], value[1]


def betas(value: Any) -> None:
    """A pair of numbers in [0, 1)."""
    for i, beta in enumerate(pair(value, "betas", "(0.9, 0.999)")):
        if not 0 <= real(beta, f"beta parameter at index {i}") < 1:
            raise ValueError(
                f"Invalid beta parameter at index {i}: {number(beta)}: it must be at least 0 and less than 1"
            )


def same_kind_of_betas(value: Any) -> None:
    """Both floats or both tensors."""
    if isinstance(value[0], Tensor) != isinstance(value[1], Tensor):
        raise ValueError("betas must be either both floats or both Tensors")


def implementation_flags(group: dict[str, Any]) -> None:
    """``foreach``, ``fused`` and ``differentiable`` exclude one another in PyTorch's way.

    The first two (and ``capturable``) choose among PyTorch's implementations. Here there is one, so they are kept in
    the group, for programs that pass them, and change nothing.
    """
    if group.get("fused") and group.get("foreach"):
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if group.get("fused") and group.get("differentiable"):
        raise RuntimeError("`fused` does not support `differentiable`")


def refuse_sparse_with_weight_decay(group: dict[str, Any], p: Tensor) -> None:
    """Raise RuntimeError if the gradient is sparse and weight decay would change rows that it does not name."""
    if p.grad is not None and p.grad.is_sparse and group["weight_decay"] != 0:
        raise RuntimeError(
            "weight_decay option is not compatible with sparse gradients: it would change every row. Use "
            "weight_decay=0 in the group of these parameters"
        )
