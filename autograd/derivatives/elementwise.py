"""Functions of each element: arithmetic, powers, exponentials, angles, choices.

Broadcasting is not a rule's concern: it is undone around the rules (``backward.unbroadcast``).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy import add, divide, multiply, negative, positive, subtract

from ..table import derivative
from ..tape import primitive

# -- arithmetic

derivative(add, lambda g, out, x, y: g, lambda g, out, x, y: g, name="Add")
derivative(subtract, lambda g, out, x, y: g, lambda g, out, x, y: -g, name="Sub")
derivative(multiply, lambda g, out, x, y: g * y, lambda g, out, x, y: g * x, name="Mul")
derivative(
    divide, lambda g, out, x, y: g / y, lambda g, out, x, y: -g * out / y, name="Div", whole_to_real=True
)
derivative(negative, lambda g, out, x: -g, name="Neg")
derivative(positive, lambda g, out, x: g)
derivative(np.reciprocal, lambda g, out, x: -g * out * out, whole_to_real=True)
derivative(np.square, lambda g, out, x: g * 2 * x)
derivative(np.floor_divide, lambda g, out, x, y: None, lambda g, out, x, y: None)
derivative(np.remainder, lambda g, out, x, y: g, lambda g, out, x, y: -g * np.floor_divide(x, y))
derivative(np.fmod, lambda g, out, x, y: g, lambda g, out, x, y: -g * np.trunc(x / y))

# -- powers and roots


def _by_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    """y x**(y-1); where both are 0 it is 0, and not 0 times infinity."""
    if isinstance(y, int | float | complex):
        return g * (y * x ** (y - 1)) if y != 0 else np.zeros_like(g)
    return g * y * np.power(x, np.where((x == 0) & (y == 0), 1, y - 1))


def _by_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    """x**y log x, with the limit 0 where x is 0."""
    if isinstance(x, int | float | complex):
        return g * out * (np.log(x).item() if x != 0 else 0)
    return g * out * np.log(np.where(x == 0, 1, x))


derivative(np.power, _by_base, _by_exponent, name="Pow")
derivative(np.sqrt, lambda g, out, x: g * 0.5 / out, whole_to_real=True)
derivative(np.cbrt, lambda g, out, x: g / (3 * out * out), whole_to_real=True)


@primitive
def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)."""
    return 1 / np.sqrt(x)


derivative(
    rsqrt, lambda g, out, x: g * -0.5 * out * out * out, elementwise=True, whole_to_real=True
)

# -- exponentials and logarithms

derivative(np.exp, lambda g, out, x: g * out, whole_to_real=True)
derivative(np.exp2, lambda g, out, x: g * out * 0.6931471805599453, whole_to_real=True)
derivative(np.expm1, lambda g, out, x: g * (out + 1), whole_to_real=True)
derivative(np.log, lambda g, out, x: g / x, whole_to_real=True)
derivative(np.log1p, lambda g, out, x: g / (1 + x), whole_to_real=True)
derivative(np.log2, lambda g, out, x: g / (x * 0.6931471805599453), whole_to_real=True)
derivative(np.log10, lambda g, out, x: g / (x * 2.302585092994046), whole_to_real=True)
derivative(
    np.logaddexp,
    lambda g, out, x, y: g * np.exp(x - out),
    lambda g, out, x, y: g * np.exp(y - out),
    whole_to_real=True,
)

# -- angles

derivative(np.sin, lambda g, out, x: g * np.cos(x), whole_to_real=True)
derivative(np.cos, lambda g, out, x: -g * np.sin(x), whole_to_real=True)
derivative(np.tan, lambda g, out, x: g * (1 + out * out), whole_to_real=True)
derivative(np.arcsin, lambda g, out, x: g / np.sqrt(1 - x * x), name="Asin", whole_to_real=True)
derivative(np.arccos, lambda g, out, x: -g / np.sqrt(1 - x * x), name="Acos", whole_to_real=True)
derivative(np.arctan, lambda g, out, x: g / (1 + x * x), name="Atan", whole_to_real=True)
derivative(
    np.arctan2,
    lambda g, out, y, x: g * x / (x * x + y * y),
    lambda g, out, y, x: -g * y / (x * x + y * y),
    name="Atan2",
    whole_to_real=True,
)
derivative(np.sinh, lambda g, out, x: g * np.cosh(x), whole_to_real=True)
derivative(np.cosh, lambda g, out, x: g * np.sinh(x), whole_to_real=True)
derivative(np.tanh, lambda g, out, x: g * (1 - out * out), whole_to_real=True)
derivative(np.arcsinh, lambda g, out, x: g / np.sqrt(x * x + 1), name="Asinh", whole_to_real=True)
derivative(np.arccosh, lambda g, out, x: g / np.sqrt(x * x - 1), name="Acosh", whole_to_real=True)
derivative(np.arctanh, lambda g, out, x: g / (1 - x * x), name="Atanh", whole_to_real=True)
derivative(np.hypot, lambda g, out, x, y: g * x / out, lambda g, out, x, y: g * y / out, whole_to_real=True)

derivative(
    np.sinc,  # at 0 the derivative is 0, and the second is -pi^2 / 3
    lambda g, out, x: (
        g * np.where(x == 0, -(math.pi**2) / 3 * x, (np.cos(math.pi * x) - out) / np.where(x == 0, 1, x))
    ),
    elementwise=True,
    whole_to_real=True,
)

# -- the S-shaped and hinge-shaped


@primitive
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow: tanh saturates where exp would not."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


@primitive
def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(beta x)) / beta; x itself where beta x is above ``threshold``."""
    scaled = beta * x
    return np.where(scaled > threshold, x, np.logaddexp(0, scaled) / beta).astype(x.dtype, copy=False)


derivative(sigmoid, lambda g, out, x: g * (out * (1 - out)), elementwise=True, whole_to_real=True)
derivative(
    softplus,
    lambda g, out, x, beta=1.0, threshold=20.0: np.where(beta * x > threshold, g, g * sigmoid(beta * x)),
    elementwise=True,
    whole_to_real=True,
)


@primitive
def relu(x: Any) -> Any:
    """max(x, 0)."""
    return np.maximum(x, 0)


derivative(relu, lambda g, out, x: g * (out > 0), elementwise=True)

# -- choices: where two are equal, each gets half


def _of_winner(g: Any, mine: Any, other: Any) -> Any:
    """``g`` where ``mine`` is chosen, half of it where both are."""
    return np.where(mine, np.where(other, 0.5 * g, g), 0)


derivative(
    np.maximum,
    lambda g, out, x, y: _of_winner(g, x >= y, y >= x),
    lambda g, out, x, y: _of_winner(g, y >= x, x >= y),
)
derivative(
    np.minimum,
    lambda g, out, x, y: _of_winner(g, x <= y, y <= x),
    lambda g, out, x, y: _of_winner(g, y <= x, x <= y),
)
derivative(np.fmax, lambda g, out, x, y: g * (out == x), lambda g, out, x, y: g * (out != x))
derivative(np.fmin, lambda g, out, x, y: g * (out == x), lambda g, out, x, y: g * (out != x))
derivative(
    np.where,
    None,
    lambda g, out, choice, x, y: np.where(choice, g, 0),
    lambda g, out, choice, x, y: np.where(choice, 0, g),
    elementwise=True,
)


@primitive
def clamp(x: Any, low: Any, high: Any) -> Any:
    """x, moved to the nearer end where it is outside [low, high]; an end may be None."""
    return np.clip(x, low, high)


def _inside(x: Any, low: Any, high: Any) -> Any:
    inside = x == x
    if low is not None:
        inside = inside & (x >= low)
    return inside if high is None else inside & (x <= high)


derivative(
    clamp,
    lambda g, out, x, low, high: np.where(_inside(x, low, high), g, 0),
    lambda g, out, x, low, high: np.where((x < low) if high is None else (x < low) & (low <= high), g, 0),
    lambda g, out, x, low, high: np.where((x > high) if low is None else (x > high) | (low > high), g, 0),
    elementwise=True,
)


def _direction(x: Any, size: Any) -> Any:
    """x / |x|, and 0 at 0: the sign of a real number, the phase of a complex one."""
    return x / np.where(size == 0, 1, size)


derivative(np.absolute, lambda g, out, x: g * _direction(x, out), name="Abs", holomorphic=False)
derivative(np.fabs, lambda g, out, x: g * np.sign(x))
derivative(np.copysign, lambda g, out, x, y: g * np.sign(x) * np.sign(out), None)

# -- flat almost everywhere

for step in (np.floor, np.ceil, np.trunc, np.rint, np.sign):
    derivative(step, lambda g, out, x: np.zeros_like(g))


@primitive
def round_to(x: Any, decimals: int = 0) -> Any:
    """Rounded to ``decimals`` places, halves to the even neighbour."""
    return np.round(x, decimals)


derivative(round_to, lambda g, out, x, decimals=0: np.zeros_like(g), elementwise=True, name="Round")

# -- without a derivative

for comparison in (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
                   np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.isnan, np.isinf, np.isfinite,
                   np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift,
                   np.signbit):  # fmt: skip
    derivative(comparison)
