"""The rows of the activations: primitives of each element with their derivatives. Their names are in
``activations.py``.

Beside the input x they take constants by keyword. The rules hold at every x, kinks included, as PyTorch has them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd.derivatives.elementwise import sigmoid, softplus
from ...autograd.table import Rule, derivative
from ...autograd.tape import primitive


def pointwise(rule: Rule, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of arrays an elementwise primitive whose derivative is ``rule``."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        result = primitive(function)
        derivative(result, rule, elementwise=True, whole_to_real=True, name=name)
        return result

    return enter


# -- with a kink: ReLU and its kin --------------------------------------------------------------


@pointwise(lambda g, out, x, slope: np.where(x > 0, g, g * slope), "LeakyRelu")
def leaky_relu(x: Any, slope: float) -> Any:
    """x where it is positive, ``slope`` x elsewhere."""
    return np.where(x > 0, x, x * slope)


@primitive
def prelu(x: Any, slope: Any) -> Any:
    """:func:`leaky_relu` whose slope is an argument too; the two broadcast."""
    return np.where(x > 0, x, x * slope)


derivative(
    prelu,
    lambda g, out, x, slope: np.where(x > 0, g, g * slope),
    lambda g, out, x, slope: np.where(x > 0, 0, g * x),
    elementwise=True,
)


def _elu_rule(g: Any, out: Any, x: Any, alpha: float, scale: float, rate: float) -> Any:
    return np.where(x > 0, g * scale, g * np.exp(np.minimum(x, 0) * rate) * (scale * alpha * rate))


@pointwise(_elu_rule, "Elu")
def elu(x: Any, alpha: float, scale: float, rate: float) -> Any:
    """``scale`` x where it is positive, ``scale alpha (exp(rate x) - 1)`` elsewhere: ELU, SELU and CELU in one."""
    return np.where(x > 0, x * scale, np.expm1(np.minimum(x, 0) * rate) * (scale * alpha))


@pointwise(lambda g, out, x, low, high: np.where((x > low) & (x < high), g, 0), "Hardtanh")
def hardtanh(x: Any, low: float, high: float) -> Any:
    """x, moved to the nearer end where it is outside [low, high]."""
    return np.clip(x, low, high)


@pointwise(lambda g, out, x: np.where((x > -3) & (x < 3), g * (1 / 6), 0), "Hardsigmoid")
def hardsigmoid(x: Any) -> Any:
    """x / 6 + 1/2, between 0 and 1."""
    return np.clip(x * (1 / 6) + 0.5, 0, 1)


def _hardswish_rule(g: Any, out: Any, x: Any) -> Any:
    return np.where(x >= 3, g, np.where(x <= -3, 0, g * (x * (1 / 3) + 0.5)))


@pointwise(_hardswish_rule, "Hardswish")
def hardswish(x: Any) -> Any:
    """x hardsigmoid(x)."""
    return x * np.clip(x * (1 / 6) + 0.5, 0, 1)


@pointwise(lambda g, out, x, lambd: np.where(np.absolute(x) <= lambd, 0, g), "Softshrink")
def softshrink(x: Any, lambd: float) -> Any:
    """x, moved towards 0 by ``lambd``."""
    return np.sign(x) * np.maximum(np.absolute(x) - lambd, 0)


@pointwise(lambda g, out, x, lambd: np.where(np.absolute(x) <= lambd, 0, g), "Hardshrink")
def hardshrink(x: Any, lambd: float) -> Any:
    """x, and 0 where it is no farther than ``lambd`` from 0."""
    return np.where(np.absolute(x) <= lambd, 0, x)


@pointwise(lambda g, out, x, level, value: np.where(x <= level, 0, g), "Threshold")
def threshold(x: Any, level: float, value: float) -> Any:
    """x where it is greater than ``level``, ``value`` elsewhere."""
    return np.where(x <= level, value, x)


# -- smooth -------------------------------------------------------------------------------------


@pointwise(lambda g, out, x: g * np.exp(x * x * -0.5) * 0.3989422804014327, "NormalCdf")
def normal_cdf(x: Any) -> Any:
    """The probability that a standard normal variable is at most x."""
    from scipy.special import ndtr

    return ndtr(x)


@pointwise(lambda g, out, x: g * (normal_cdf(x) + x * np.exp(x * x * -0.5) * 0.3989422804014327), "Gelu")
def gelu(x: Any) -> Any:
    """x times the probability that a standard normal variable is at most x."""
    return x * normal_cdf(x)


_A, _B = 0.7978845608028654, 0.044715  # sqrt(2 / pi), and the coefficient of x^3 that fits the exact function best


def _gelu_tanh_rule(g: Any, out: Any, x: Any) -> Any:
    t = np.tanh((x + x * x * x * _B) * _A)
    return g * (0.5 * (1 + t) + x * (1 - t * t) * (1 + x * x * (3 * _B)) * (0.5 * _A))


@pointwise(_gelu_tanh_rule, "Gelu")
def gelu_tanh(x: Any) -> Any:
    """:func:`gelu` by a formula with tanh, which is quicker."""
    return 0.5 * x * (1 + np.tanh((x + x * x * x * _B) * _A))


def _silu_rule(g: Any, out: Any, x: Any) -> Any:
    s = sigmoid(x)
    return g * (s * (1 + x * (1 - s)))


@pointwise(_silu_rule, "Silu")
def silu(x: Any) -> Any:
    """x sigmoid(x)."""
    return x * sigmoid(x)


def _mish_rule(g: Any, out: Any, x: Any) -> Any:
    t = np.tanh(softplus(x))
    return g * (t + x * (1 - t * t) * sigmoid(x))


@pointwise(_mish_rule, "Mish")
def mish(x: Any) -> Any:
    """x tanh(softplus(x))."""
    return x * np.tanh(softplus(x))


def _softsign_rule(g: Any, out: Any, x: Any) -> Any:
    size = 1 + np.absolute(x)
    return g / size / size  # its square could overflow


@pointwise(_softsign_rule, "Softsign")
def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return x / (1 + np.absolute(x))


@pointwise(lambda g, out, x: g * sigmoid(-x), "LogSigmoid")
def logsigmoid(x: Any) -> Any:
    """log(sigmoid(x)), without overflow."""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.absolute(x)))


@pointwise(lambda g, out, x: g * np.square(np.tanh(x)), "Tanhshrink")
def tanhshrink(x: Any) -> Any:
    """x - tanh(x)."""
    return x - np.tanh(x)
