"""How far apart two floating-point numbers are, counted in floating-point numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Tensor

__all__ = ["ulp_distance"]

FURTHEST = np.iinfo(np.int64).max


def ulp_distance(a: Any, b: Any) -> Any:
    """The number of steps from one representable number to the next that lead from ``a`` to ``b``.

    0 means equal, 1 means neighbours: the least that two numbers can differ by. Unlike a relative error it needs no
    tolerance for numbers near 0, and says what rounding can explain: one operation that is rounded rightly is within 1
    of any that is rounded almost rightly.

    Parameters
    ----------
    a, b : Tensors, arrays or Python floats
        of one dtype: float16, float32, float64, or complex. A Python float takes the dtype of the other

    Returns
    -------
    numpy.ndarray of int64, in the shape that ``a`` and ``b`` broadcast to
        0 between -0.0 and 0.0 and between NaN and NaN; the largest int64 between NaN and a number. The distance of two
        complex numbers is the larger one of their parts

    Raises
    ------
    TypeError
        if the dtypes differ, or are not floating-point

    >>> ulp_distance(1.0, 1.0 + 2**-52)
    array(1)
    >>> ulp_distance(np.float32([0.1, -0.0, 1e-45]), np.float32([0.10000001, 0.0, -1e-45]))
    array([1, 0, 2])
    """
    x, y = _arrays(a, b)
    if x.dtype != y.dtype or x.dtype.kind not in "fc":
        raise TypeError(
            f"ulp_distance compares floating-point numbers of one dtype, got {x.dtype} and {y.dtype}: convert one of "
            f"them first, as in x.astype({x.dtype})"
        )
    if x.dtype.kind == "c":
        return np.maximum(ulp_distance(x.real, y.real), ulp_distance(x.imag, y.imag))
    i, j = np.broadcast_arrays(_ordinal(x), _ordinal(y))
    with np.errstate(over="ignore"):  # across 0 the numbers of float64 are too many for an int64
        apart = np.maximum(i, j) - np.minimum(i, j)
    result = np.where(apart < 0, FURTHEST, apart)
    x_nan, y_nan = np.isnan(x), np.isnan(y)
    return np.where(x_nan & y_nan, 0, np.where(x_nan | y_nan, FURTHEST, result))


def _arrays(a: Any, b: Any) -> tuple[Any, Any]:
    a, b = (v._array if isinstance(v, Tensor) else v for v in (a, b))
    if type(a) is float and type(b) is not float:
        a = np.asarray(a, np.asarray(b).dtype)
    if type(b) is float and type(a) is not float:
        b = np.asarray(b, np.asarray(a).dtype)
    return np.asarray(a), np.asarray(b)


def _ordinal(x: Any) -> Any:
    """The place of each number in the order of all: 0 for both zeros, 1 for the smallest above, -1 for that below."""
    bits = np.ascontiguousarray(x).view(f"i{x.dtype.itemsize}").reshape(x.shape).astype(np.int64)
    largest = np.iinfo(f"i{x.dtype.itemsize}").max  # all bits but the sign
    return np.where(bits < 0, -(bits & largest), bits)
