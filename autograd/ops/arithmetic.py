"""Arithmetic: sums, products, quotients, powers, and the operators that stand for them.

``input`` and ``other`` are tensors, arrays or Python numbers that broadcast against each other; the result has their
common shape (...). Whole numbers become the default float where the result is not whole. """

from __future__ import annotations

from typing import Any

import numpy as np

from ..tape import apply
from ..tensor import Tensor, array_of
from .choices import where
from .creation import tensor  # noqa: F401  for the examples
from .naming import alias, in_place, op
from .pointwise import square, trunc

__all__ = [
    "add", "addcdiv", "addcmul", "atan2", "div", "divide", "floor_divide", "fmod", "hypot", "lerp", "logaddexp",
    "mul", "multiply", "pow", "remainder", "sub", "subtract", "true_divide",
]  # fmt: skip


@op(inplace=True)
def add(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """input + alpha * other.

    >>> add(tensor([1.0, 2.0]), tensor([10.0, 20.0]), alpha=2)
    tensor([21., 42.])
    """
    return apply(np.add, input, other if alpha == 1 else other * alpha)


@op(inplace=True)
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Tensor:
    """input - alpha * other.

    >>> sub(tensor([1.0, 2.0]), 1)
    tensor([0., 1.])
    """
    return apply(np.subtract, input, other if alpha == 1 else other * alpha)


@op(inplace=True)
def mul(input: Any, other: Any) -> Tensor:
    """input * other.

    >>> mul(tensor([1.0, 2.0]), 3)
    tensor([3., 6.])
    """
    return apply(np.multiply, input, other)


@op(inplace=True)
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other; ``rounding_mode`` None, ``"trunc"`` (towards 0) or ``"floor"``.

    >>> div(tensor([7.0, -7.0]), 2, rounding_mode="floor")
    tensor([ 3., -4.])
    """
    if rounding_mode is None:
        return apply(np.divide, input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode == "trunc":
        whole = not any(np.asarray(array_of(x)).dtype.kind in "fc" for x in (input, other))
        quotient = trunc(apply(np.divide, input, other))
        return quotient.long() if whole else quotient
    raise RuntimeError(
        f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found {rounding_mode!r}"
    )


@op(inplace=True)
def floor_divide(input: Any, other: Any) -> Tensor:
    """The largest whole number that is not above input / other.

    >>> floor_divide(tensor([7.0, -7.0]), 2)
    tensor([ 3., -4.])
    """
    return apply(np.floor_divide, input, other)


@op(inplace=True)
def remainder(input: Any, other: Any) -> Tensor:
    """What is left of input / other; it has the sign of ``other``.

    >>> remainder(tensor([7.0, -7.0]), 4)
    tensor([3., 1.])
    """
    return apply(np.remainder, input, other)


@op(inplace=True)
def fmod(input: Any, other: Any) -> Tensor:
    """What is left of input / other; it has the sign of ``input``.

    >>> fmod(tensor([7.0, -7.0]), 4)
    tensor([ 3., -3.])
    """
    return apply(np.fmod, input, other)


@op(inplace=True)
def pow(input: Any, exponent: Any) -> Tensor:
    """input to the power of exponent, either of them a tensor.

    >>> pow(tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if type(exponent) in (int, float) and isinstance(input, Tensor):
        if exponent == 2:
            return square(input)
        if exponent == 0.5:
            return apply(np.sqrt, input)
    return apply(np.power, input, exponent)


@op(inplace=True)
def addcmul(input: Tensor, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Tensor:
    """input + value * tensor1 * tensor2.

    >>> addcmul(tensor(1.0), tensor(2.0), tensor(3.0), value=0.5)
    tensor(4.)
    """
    return add(input, (value * tensor1) * tensor2)


@op(inplace=True)
def addcdiv(input: Tensor, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Tensor:
    """input + value * tensor1 / tensor2.

    >>> addcdiv(tensor(1.0), tensor(6.0), tensor(3.0), value=0.5)
    tensor(2.)
    """
    return add(input, (value * tensor1) / tensor2)


@op(inplace=True)
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight * (end - input): the point that lies ``weight`` of the way from ``input`` to ``end``.

    >>> lerp(tensor(1.0), tensor(3.0), 0.25)
    tensor(1.5000)
    """
    from_start, from_end = add(input, weight * (end - input)), sub(end, (end - input) * (1 - weight))
    if isinstance(weight, Tensor):
        nearer: Tensor = where(weight < 0.5, from_start, from_end)
        return nearer
    return from_start if weight < 0.5 else from_end


@op
def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """log(exp(input) + exp(other)), without overflow.

    >>> logaddexp(tensor(0.0), tensor(0.0))
    tensor(0.6931)
    """
    return apply(np.logaddexp, input, other)


@op(inplace=True)
def atan2(input: Tensor, other: Tensor) -> Tensor:
    """The angle in radians, from -pi to pi, of the point at height ``input`` and width ``other``.

    >>> atan2(tensor(1.0), tensor(-1.0))
    tensor(2.3562)
    """
    return apply(np.arctan2, input, other)


@op(inplace=True)
def hypot(input: Tensor, other: Tensor) -> Tensor:
    """sqrt(input^2 + other^2).

    >>> hypot(tensor(3.0), tensor(4.0))
    tensor(5.)
    """
    return apply(np.hypot, input, other)


subtract = alias(sub, "subtract")
multiply = alias(mul, "multiply")
divide = alias(div, "divide")
true_divide = alias(div, "true_divide")


# -- the operators that a number on the left reflects, and those that assign


def _reflected(primitive: Any) -> Any:
    def method(self: Tensor, other: Any) -> Tensor:
        return apply(primitive, other, self)

    return method


_OPERATORS = {
    "add": (add, np.add),
    "sub": (sub, np.subtract),
    "mul": (mul, np.multiply),
    "truediv": (div, np.divide),
    "floordiv": (floor_divide, np.floor_divide),
    "mod": (remainder, np.remainder),
    "pow": (pow, np.power),
}
for _name, (_function, _primitive) in _OPERATORS.items():
    setattr(Tensor, f"__{_name}__", _function)
    setattr(Tensor, f"__r{_name}__", _reflected(_primitive))
    setattr(Tensor, f"__i{_name}__", in_place(_function))
