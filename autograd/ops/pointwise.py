"""Functions of each element: exponentials, angles, the S-shaped and the hinge, signs and rounding.

Shape (...) to shape (...). Whole numbers become the default float where the result is not whole.
"""

from __future__ import annotations

import numpy as np

from ..derivatives import elementwise
from ..tape import apply
from ..tensor import Tensor
from .creation import tensor  # noqa: F401  for the examples
from .naming import alias, op

__all__ = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "arccos",
    "arcsin",
    "arctan",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "exp",
    "exp2",
    "expm1",
    "fix",
    "floor",
    "log",
    "log1p",
    "log2",
    "log10",
    "neg",
    "negative",
    "positive",
    "reciprocal",
    "relu",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "trunc",
]  # fmt: skip

# -- exponentials, logarithms, roots


@op(inplace=True)
def exp(input: Tensor) -> Tensor:
    """e to the power of each element.

    >>> exp(tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    return apply(np.exp, input)


@op(inplace=True)
def exp2(input: Tensor) -> Tensor:
    """2 to the power of each element.

    >>> exp2(tensor([0.0, 3.0]))
    tensor([1., 8.])
    """
    return apply(np.exp2, input)


@op(inplace=True)
def expm1(input: Tensor) -> Tensor:
    """e to the power of each element, minus 1: exact near 0.

    >>> expm1(tensor([0.0, 1.0]))
    tensor([0.0000, 1.7183])
    """
    return apply(np.expm1, input)


@op(inplace=True)
def log(input: Tensor) -> Tensor:
    """The natural logarithm of each element.

    >>> log(tensor([1.0, 10.0]))
    tensor([0.0000, 2.3026])
    """
    return apply(np.log, input)


@op(inplace=True)
def log1p(input: Tensor) -> Tensor:
    """The natural logarithm of 1 + each element: exact near 0.

    >>> log1p(tensor([0.0, 1.0]))
    tensor([0.0000, 0.6931])
    """
    return apply(np.log1p, input)


@op(inplace=True)
def log2(input: Tensor) -> Tensor:
    """The logarithm of each element to base 2.

    >>> log2(tensor([1.0, 8.0]))
    tensor([0., 3.])
    """
    return apply(np.log2, input)


@op(inplace=True)
def log10(input: Tensor) -> Tensor:
    """The logarithm of each element to base 10.

    >>> log10(tensor([1.0, 2.0]))
    tensor([0.0000, 0.3010])
    """
    return apply(np.log10, input)


@op(inplace=True)
def sqrt(input: Tensor) -> Tensor:
    """The square root of each element; the gradient at 0 is infinite.

    >>> sqrt(tensor([4.0, 9.0]))
    tensor([2., 3.])
    """
    return apply(np.sqrt, input)


@op(inplace=True)
def rsqrt(input: Tensor) -> Tensor:
    """1 / the square root of each element.

    >>> rsqrt(tensor([4.0, 16.0]))
    tensor([0.5000, 0.2500])
    """
    return apply(elementwise.rsqrt, input)


@op(inplace=True)
def square(input: Tensor) -> Tensor:
    """Each element times itself.

    >>> square(tensor([-2.0, 3.0]))
    tensor([4., 9.])
    """
    return apply(np.square, input.long() if input.dtype.kind == "b" else input)


@op(inplace=True)
def reciprocal(input: Tensor) -> Tensor:
    """1 / each element.

    >>> reciprocal(tensor([2.0, 4.0]))
    tensor([0.5000, 0.2500])
    """
    return apply(np.reciprocal, input)


# -- angles


@op(inplace=True)
def sin(input: Tensor) -> Tensor:
    """The sine of each element, in radians.

    >>> sin(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8415])
    """
    return apply(np.sin, input)


@op(inplace=True)
def cos(input: Tensor) -> Tensor:
    """The cosine of each element, in radians.

    >>> cos(tensor([0.0, 1.0]))
    tensor([1.0000, 0.5403])
    """
    return apply(np.cos, input)


@op(inplace=True)
def tan(input: Tensor) -> Tensor:
    """The tangent of each element, in radians.

    >>> tan(tensor([0.0, 1.0]))
    tensor([0.0000, 1.5574])
    """
    return apply(np.tan, input)


@op(inplace=True)
def asin(input: Tensor) -> Tensor:
    """The angle in radians, from -pi/2 to pi/2, with this sine.

    >>> asin(tensor([0.0, 1.0]))
    tensor([0.0000, 1.5708])
    """
    return apply(np.arcsin, input)


@op(inplace=True)
def acos(input: Tensor) -> Tensor:
    """The angle in radians, from 0 to pi, with this cosine.

    >>> acos(tensor([0.0, 1.0]))
    tensor([1.5708, 0.0000])
    """
    return apply(np.arccos, input)


@op(inplace=True)
def atan(input: Tensor) -> Tensor:
    """The angle in radians, from -pi/2 to pi/2, with this tangent.

    >>> atan(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7854])
    """
    return apply(np.arctan, input)


@op(inplace=True)
def sinh(input: Tensor) -> Tensor:
    """The hyperbolic sine of each element.

    >>> sinh(tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """
    return apply(np.sinh, input)


@op(inplace=True)
def cosh(input: Tensor) -> Tensor:
    """The hyperbolic cosine of each element.

    >>> cosh(tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """
    return apply(np.cosh, input)


@op(inplace=True)
def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent of each element.

    >>> tanh(tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """
    return apply(np.tanh, input)


@op(inplace=True)
def asinh(input: Tensor) -> Tensor:
    """The inverse of :func:`sinh`.

    >>> asinh(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8814])
    """
    return apply(np.arcsinh, input)


@op(inplace=True)
def acosh(input: Tensor) -> Tensor:
    """The inverse of :func:`cosh`, for elements from 1.

    >>> acosh(tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """
    return apply(np.arccosh, input)


@op(inplace=True)
def atanh(input: Tensor) -> Tensor:
    """The inverse of :func:`tanh`, for elements in (-1, 1).

    >>> atanh(tensor([0.0, 0.5]))
    tensor([0.0000, 0.5493])
    """
    return apply(np.arctanh, input)


# -- the S-shaped and the hinge


@op(inplace=True)
def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x)) of each element.

    >>> sigmoid(tensor([0.0, 1.0]))
    tensor([0.5000, 0.7311])
    """
    return apply(elementwise.sigmoid, input)


@op(inplace=True)
def relu(input: Tensor) -> Tensor:
    """max(x, 0) of each element; the gradient at 0 is 0.

    >>> relu(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return apply(elementwise.relu, input)


@op
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta x)) / beta; x itself where beta x is above ``threshold``.

    >>> softplus(tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """
    return apply(elementwise.softplus, input, beta=beta, threshold=threshold)


# -- signs and rounding: the gradient of the last five is 0


@op(inplace=True, names=("__abs__",))
def abs(input: Tensor) -> Tensor:
    """The absolute value of each element; the gradient at 0 is 0. Of a complex number, its modulus.

    >>> abs(tensor([-1.0, 2.0]))
    tensor([1., 2.])
    """
    return apply(np.absolute, input)


@op(inplace=True, names=("__neg__",))
def neg(input: Tensor) -> Tensor:
    """Each element with the other sign.

    >>> neg(tensor([-1.0, 2.0]))
    tensor([ 1., -2.])
    """
    return apply(np.negative, input)


@op(inplace=True, names=("__pos__",))
def positive(input: Tensor) -> Tensor:
    """Each element as it is.

    >>> positive(tensor([-1.0, 2.0]))
    tensor([-1.,  2.])
    """
    return apply(np.positive, input)


@op(inplace=True)
def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1, as each element is negative, zero or positive.

    >>> sign(tensor([-3.0, 0.0, 2.0]))
    tensor([-1.,  0.,  1.])
    """
    return apply(np.sign, input)


@op(inplace=True)
def floor(input: Tensor) -> Tensor:
    """The largest whole number that is not above each element.

    >>> floor(tensor([-1.5, 1.5]))
    tensor([-2.,  1.])
    """
    return apply(np.floor, input)


@op(inplace=True)
def ceil(input: Tensor) -> Tensor:
    """The smallest whole number that is not below each element.

    >>> ceil(tensor([-1.5, 1.5]))
    tensor([-1.,  2.])
    """
    return apply(np.ceil, input)


@op(inplace=True)
def trunc(input: Tensor) -> Tensor:
    """Each element without its fraction.

    >>> trunc(tensor([-1.5, 1.5]))
    tensor([-1.,  1.])
    """
    return apply(np.trunc, input)


@op(inplace=True)
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Rounded to ``decimals`` places, halves to the even neighbour; the gradient is 0.

    >>> round(tensor([0.5, 1.5, 2.4]))
    tensor([0., 2., 2.])
    """
    return apply(elementwise.round_to, input, decimals=decimals)


absolute = alias(abs, "absolute")
negative = alias(neg, "negative")
arcsin = alias(asin, "arcsin")
arccos = alias(acos, "arccos")
arctan = alias(atan, "arctan")
fix = alias(trunc, "fix")
