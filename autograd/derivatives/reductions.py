"""Sums, products, extremes, running sums: many elements become one, so the gradient is spread over them again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..table import TABLE, derivative
from ..tape import primitive


def spread(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """``g``, which has lost ``axis``, repeated to the shape of ``x``."""
    return np.broadcast_to(restored(g, x, axis, keepdims), x.shape)


def restored(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """``g`` with the reduced ``axis`` put back as dimensions of length 1."""
    if keepdims:
        return g
    if axis is None:
        return np.reshape(g, (1,) * x.ndim)
    return np.expand_dims(g, axis)


def count(x: Any, axis: Any) -> int:
    """How many elements of ``x`` go into one element of the result."""
    if axis is None:
        return math.prod(x.shape)
    return math.prod([x.shape[a] for a in axis]) if isinstance(axis, tuple) else int(x.shape[axis])


derivative(
    np.sum,
    lambda g, out, x, axis=None, keepdims=False: spread(g, x, axis, keepdims),
    linear=True,
)
derivative(
    np.mean,
    lambda g, out, x, axis=None, keepdims=False: spread(g / max(count(x, axis), 1), x, axis, keepdims),
    linear=True,
)


_add_up: Any = np.add.reduce


def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _add_up(x, axis, keepdims=keepdims)


def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if x.dtype == np.float16:  # adds up in float32, as NumPy does
        return np.mean(x, axis, keepdims=keepdims)
    return _add_up(x, axis, keepdims=keepdims) / count(x, axis)


# The same bits as NumPy's own without its checks of arguments, which take longer than a small sum.
TABLE[np.sum].call, TABLE[np.mean].call = _sum, _mean



@primitive
def variance(x: Any, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    """The squared distances from the mean along ``axis``, summed and divided by ``n - correction``."""
    return np.var(x, axis=axis, ddof=correction, keepdims=keepdims)


@primitive
def deviation(x: Any, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    """The square root of :func:`variance`."""
    return np.std(x, axis=axis, ddof=correction, keepdims=keepdims)


def _from_mean(x: Any, axis: Any, correction: float) -> Any:
    """(x - mean) / (n - correction)."""
    freedom = count(x, axis) - correction
    return (x - np.mean(x, axis=axis, keepdims=True)) / (freedom if freedom > 0 else math.nan)


derivative(
    variance,
    lambda g, out, x, axis=None, correction=1, keepdims=False: (
        restored(g, x, axis, keepdims) * 2 * _from_mean(x, axis, correction)
    ),
    holomorphic=False,
    name="Var",
)
derivative(
    deviation,
    lambda g, out, x, axis=None, correction=1, keepdims=False: (
        restored(g / np.where(out == 0, 1, out), x, axis, keepdims) * _from_mean(x, axis, correction)
    ),
    holomorphic=False,
    name="Std",
)


def _without_one(x: Any, axis: Any) -> Any:
    """At each place the product of all the others along ``axis``: right also where an element is 0."""
    moved = np.reshape(x, (-1,)) if axis is None else np.moveaxis(x, axis, -1)
    ones = np.ones_like(moved[..., :1])
    before = np.cumprod(np.concatenate((ones, moved[..., :-1]), axis=-1), axis=-1)
    after = np.flip(np.cumprod(np.concatenate((ones, np.flip(moved[..., 1:], -1)), axis=-1), axis=-1), -1)
    others = before * after
    return np.reshape(others, x.shape) if axis is None else np.moveaxis(others, -1, axis)


derivative(
    np.prod,
    lambda g, out, x, axis=None, keepdims=False: restored(g, x, axis, keepdims) * _without_one(x, axis),
)


def _shared_by_winners(g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Where several elements are the extreme, each gets an equal share."""
    extreme = restored(out, x, axis, keepdims)
    winners = x == extreme
    if np.isnan(out).any():  # NaN is the extreme of whatever holds it
        winners = winners | (np.isnan(x) & np.isnan(extreme))
    return restored(g, x, axis, keepdims) * winners / np.sum(winners, axis=axis, keepdims=True, dtype=g.dtype)


for extreme in (np.max, np.min):
    derivative(
        extreme,
        lambda g, out, x, axis=None, keepdims=False: _shared_by_winners(g, out, x, axis, keepdims),
    )


@primitive
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) along ``axis``, without overflow."""
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0).astype(x.dtype, copy=False)
    result = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return result if keepdims else np.squeeze(result, axis)


derivative(
    logsumexp,
    lambda g, out, x, axis=None, keepdims=False: (
        restored(g, x, axis, keepdims) * np.exp(x - restored(out, x, axis, keepdims))
    ),
    promotes=True,
    whole_to_real=True,
)


@primitive
def softmax(x: Any, axis: int) -> Any:
    """exp(x) / sum(exp(x)) along ``axis``."""
    result = np.exp(x - np.max(x, axis=axis, keepdims=True))
    result /= np.sum(result, axis=axis, keepdims=True)
    return result


@primitive
def log_softmax(x: Any, axis: int) -> Any:
    """x - logsumexp(x) along ``axis``."""
    result = x - np.max(x, axis=axis, keepdims=True)
    result -= np.log(np.sum(np.exp(result), axis=axis, keepdims=True))
    return result


derivative(
    softmax,
    lambda g, out, x, axis: out * (g - np.sum(g * out, axis=axis, keepdims=True)),
    promotes=True,
    whole_to_real=True,
)
derivative(
    log_softmax,
    lambda g, out, x, axis: g - np.exp(out) * np.sum(g, axis=axis, keepdims=True),
    promotes=True,
    whole_to_real=True,
)


def _backwards(x: Any, axis: int) -> Any:
    return np.flip(np.cumsum(np.flip(x, axis), axis=axis), axis)


derivative(np.cumsum, lambda g, out, x, axis: _backwards(g, axis), linear=True)


def _cumprod_rule(g: Any, out: Any, x: Any, axis: int) -> Any:
    """d out_j / d x_i is the product of x_0 .. x_j without x_i: a lower triangle of products, right also at zeros."""
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    n = x.shape[-1]
    without_i = np.where(np.eye(n, dtype=bool), 1, np.expand_dims(x, -2))  # row i: x with a 1 at i
    products = np.cumprod(without_i, axis=-1)
    return np.moveaxis(np.sum(np.expand_dims(g, -2) * np.triu(products), axis=-1), -1, axis)


derivative(np.cumprod, _cumprod_rule)

for question in (np.all, np.any, np.argmax, np.argmin, np.count_nonzero):
    derivative(question)
