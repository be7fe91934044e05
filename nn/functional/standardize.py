"""The primitive of all normalisations, and its closed-form derivative."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.backward import unbroadcast
from ...autograd.derivatives.elementwise import rsqrt
from ...autograd.table import derivative
from ...autograd.tape import primitive
from ...autograd.tensor import Tensor
from .linear import _ones as ones


def _total(x: Any, axes: tuple[int, ...]) -> Any:
    """The sum over ``axes``, the first or the last ones or both, which stay as dimensions of length 1.

    As products with ones: BLAS is several times quicker than sum.
    """
    shape = x.shape
    if axes == (0,) and len(shape) == 2:
        return (ones(shape[0], x.dtype) @ x)[None]
    first = 1 if axes[0] == 0 else 0
    last = len(axes) - first
    kept = tuple([1 if a in axes else n for a, n in enumerate(shape)])
    if last:
        k = math.prod(shape[-last:])
        x = np.reshape(x, (-1, k)) @ ones(k, x.dtype)
    if first:
        x = ones(shape[0], x.dtype) @ np.reshape(x, (shape[0], -1))
    return np.reshape(x, kept)


@primitive
def standardize(x: Any, weight: Any, bias: Any, axes: tuple[int, ...], eps: float, running: Any = None) -> Any:
    """(x - mean) / sqrt(variance + eps) * weight + bias, with mean and variance over ``axes``.

    ``weight`` and ``bias`` broadcast against ``x``, or are None. ``running`` is None or (mean, variance, momentum): two
    tensors of shape (C,) that move towards those of ``x``.
    """
    n = math.prod([x.shape[a] for a in axes])
    mean = _total(x, axes) / n
    centred = x - mean
    variance = _total(centred * centred, axes) / n
    inverse = 1 / np.sqrt(variance + eps)
    if running is not None:
        _follow(running, mean, variance * (n / (n - 1)))
    out = centred * (inverse if weight is None else inverse * weight)
    if bias is not None:
        out += bias
    return out, (centred, inverse)


def _follow(running: tuple[Tensor, Tensor, float], mean: Any, variance: Any) -> None:
    """Move running statistics, shape (C,), towards those of a batch, of shape (1, C, 1 ...), or (N, C, 1 ...)."""
    momentum = running[2]
    for tensor, batch in ((running[0], mean), (running[1], variance)):
        array = tensor._array
        rows = batch.reshape(-1, len(array))
        array *= 1 - momentum
        array += momentum * (rows[0] if len(rows) == 1 else rows.mean(axis=0))
        tensor._version[0] += 1


def _standardize_rule(
    needs: Sequence[bool],
    g: Any,
    out: Any,
    x: Any,
    weight: Any,
    bias: Any,
    axes: tuple[int, ...],
    eps: float,
    running: Any = None,
    *,
    saved: Any,
) -> list[Any]:
    """dx = (dy - mean(dy) - y mean(dy y)) / sqrt(variance + eps), for y = (x - mean) / sqrt(variance + eps)."""
    n = math.prod([x.shape[a] for a in axes])
    if saved is not None:
        centred, inverse = saved
    else:
        centred = x - _total(x, axes) / n
        inverse = rsqrt(_total(centred * centred, axes) / n + eps)
    by_x = by_weight = by_bias = None
    if _is_constant(weight, axes, x.ndim) and _is_constant(bias, axes, x.ndim):
        # Weight and bias come out of the means, whose sums are then also the gradients of bias and weight.
        by_bias, by_weight = _total(g, axes), _total(g * centred, axes) * inverse
        if needs[0]:
            scale = inverse if weight is None else inverse * weight
            by_x = (g - by_bias / n - centred * (by_weight * inverse / n)) * scale
    else:
        y = centred * inverse
        by_bias, by_weight = g, g * y
        if needs[0]:
            h, hy = (by_bias, by_weight) if weight is None else (by_bias * weight, by_weight * weight)
            by_x = (h - _total(h, axes) / n - y * (_total(hy, axes) / n)) * inverse
    return [
        by_x,
        _of_shape(by_weight, weight.shape) if needs[1] else None,
        _of_shape(by_bias, bias.shape) if needs[2] else None,
    ]


def _of_shape(g: Any, shape: tuple[int, ...]) -> Any:
    return np.reshape(g, shape) if math.prod(g.shape) == math.prod(shape) else unbroadcast(g, shape)


def _is_constant(t: Any, axes: tuple[int, ...], ndim: int) -> bool:
    """Whether weight or bias ``t`` is the same all along ``axes`` of what it is broadcast to."""
    if t is None:
        return True
    shape = (1,) * (ndim - t.ndim) + t.shape
    return all(shape[a] == 1 for a in axes)


derivative(standardize, joint=_standardize_rule, name="Normalize", fused=True)
