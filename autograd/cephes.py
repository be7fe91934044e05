"""Logarithm, sine and cosine in single precision, step by step as PyTorch's vectorised normal deviates take them.

The polynomials are those of the Cephes library (S. L. Moshier, netlib.org/cephes, single/logf.c and single/sinf.c),
good to about 1e-7. NumPy's own functions are as good, but differ from them in the last place; with these, ``randn``
gives the same bits as PyTorch.

Every multiplication that is followed by an addition is fused there: rounded once, not twice. Here the product is taken
in double precision, where it is exact, and the sum is rounded to single.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_LOG = (7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
        2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)  # fmt: skip
_SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_LN2 = (0.693359375, -2.12194440e-4)  # log 2 in two parts: e times the first is exact
_PI_4 = (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)  # pi/4 in three parts, likewise


def single(x: Any) -> Any:
    """``x`` rounded to float32, held in float64."""
    # Not np.float64(x): before NumPy 2.3 that makes a number of an array with one element.
    return np.asarray(x).astype(np.float32).astype(np.float64)[()]


def fused(a: Any, b: Any, c: Any) -> Any:
    """a b + c, rounded once to float32. Arguments and result hold float32 values in float64."""
    return single(a * b + c)


def fused_double(a: Any, b: Any, c: Any) -> Any:
    """a b + c in float64, rounded once: what a product and a sum lose is computed apart (Dekker, 1971; Knuth).

    >>> fused_double(0.1, 10.0, -1.0), 0.1 * 10.0 - 1.0
    (5.551115123125783e-17, 0.0)
    """
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    lost_by_product = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    total = product + c
    rest = total - product
    lost_by_sum = (product - (total - rest)) + (c - rest)
    return total + (lost_by_sum + lost_by_product)


def _halves(x: Any) -> tuple[Any, Any]:
    """x as a sum of two numbers of 26 bits, whose products are exact."""
    shifted = x * (2.0**27 + 1)
    high = shifted - (shifted - x)
    return high, x - high


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """By Horner's rule, the highest power first."""
    y = single(coefficients[0])
    for c in coefficients[1:]:
        y = fused(y, x, single(c))
    return y


def log(x: Any) -> Any:
    """log x for normal positive float32 values, held in float64."""
    mantissa, e = np.frexp(x)  # x = mantissa 2^e, with the mantissa in [0.5, 1)
    small = mantissa < single(0.5**0.5)
    e = e - small
    x = np.where(small, 2 * mantissa, mantissa) - 1  # x = (1 + x) 2^e, with 1 + x in [sqrt(1/2), sqrt(2))
    z = single(x * x)
    y = single(_polynomial(_LOG, x) * x)
    y = fused(y, z, single(e * single(_LN2[1])))
    y = fused(z, -0.5, y)
    return fused(e, _LN2[0], single(x + y))


def sine_and_cosine(x: Any) -> tuple[Any, Any]:
    """sin x and cos x for float32 values of no great size and not negative, held in float64."""
    octant = (single(x * single(4 / np.pi)).astype(np.int64) + 1) & ~1
    for part in _PI_4:
        x = fused(octant, -single(part), x)
    z = single(x * x)
    cosine = single(_polynomial(_COS, z) * z)
    cosine = single(fused(cosine, z, -0.5 * z) + 1)
    sine = fused(single(_polynomial(_SIN, z) * z), x, x)
    swap = octant & 2 != 0
    sine_sign = np.where(octant & 4, -1.0, 1.0)
    cosine_sign = np.where((octant + 2) & 4, -1.0, 1.0)
    return np.where(swap, cosine, sine) * sine_sign, np.where(swap, sine, cosine) * cosine_sign
