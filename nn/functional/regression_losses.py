"""Losses between numbers: squared, absolute and mixed errors, and likelihoods of counts and of normal variables.

The first four are functions of the difference of input and target alone. Each is one primitive, reduction included,
made by ``of_difference`` from its value and its slope.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd.derivatives.elementwise import clamp
from ...autograd.table import derivative
from ...autograd.tape import apply, primitive
from ...autograd.tensor import Tensor, new_tensor
from ...autograd.watch import beside
from .reduction import check_reduction, constant, matched, reduced

__all__ = ["gaussian_nll_loss", "huber_loss", "l1_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss"]


def of_difference(name: str, value: Callable[..., Any], slope: Callable[..., Any]) -> Callable[..., Any]:
    """The primitive ``value(x - y)``, reduced. ``slope(d, s)`` is ``s`` times the derivative of ``value`` at ``d``."""

    def loss(x: Any, y: Any, reduction: str, **constants: Any) -> Any:
        d = x - y
        each = value(d, **constants)
        if reduction == "none":
            return each, d
        total = np.add.reduce(each, axis=None)
        return (total if reduction == "sum" else total / (d.size or math.nan)), d

    def by_x(g: Any, out: Any, x: Any, y: Any, reduction: str, *, saved: Any, **constants: Any) -> Any:
        d = x - y if saved is None else saved
        return slope(d, g / math.prod(d.shape) if reduction == "mean" else g, **constants)

    def by_y(g: Any, out: Any, x: Any, y: Any, reduction: str, *, saved: Any, **constants: Any) -> Any:
        return -by_x(g, out, x, y, reduction, saved=saved, **constants)

    loss.__name__ = name
    result = primitive(loss)
    derivative(result, by_x, by_y, fused=True, promotes=True, whole_to_real=True)
    return result


def _huber(d: Any, delta: float) -> Any:
    size = np.absolute(d)
    return np.where(size <= delta, 0.5 * d * d, delta * (size - 0.5 * delta))


squared_error = of_difference("mse_loss", lambda d: d * d, lambda d, s: d * (s * 2))
absolute_error = of_difference("l1_loss", np.absolute, lambda d, s: np.sign(d) * s)
huber_error = of_difference("huber_loss", _huber, lambda d, s, delta: clamp(d, -delta, delta) * s)


def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """The squared error (input - target)^2.

    Parameters
    ----------
    input, target : Tensor, same shape (...)
        other shapes are broadcast, with a warning
    reduction : str
        ``"mean"`` (default) or ``"sum"`` of all elements, or ``"none"``

    Returns
    -------
    Tensor, shape () or (...)

    Raises
    ------
    ValueError
        for another reduction

    >>> from minitorch_optim.autograd import tensor
    >>> mse_loss(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(2.)
    """
    check_reduction(reduction)
    input, target = matched(input, target)
    return apply(squared_error, input, target, reduction=reduction)


def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """The absolute error |input - target|; shapes and reduction as in :func:`mse_loss`.

    >>> from minitorch_optim.autograd import tensor
    >>> l1_loss(tensor([1.0, 2.0]), tensor([1.0, 4.0]), reduction="none")
    tensor([0., 2.])
    """
    check_reduction(reduction)
    input, target = matched(input, target)
    return apply(absolute_error, input, target, reduction=reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Squared for small errors, absolute for large ones (Huber 1964); shapes and reduction as in :func:`mse_loss`.

    d^2 / 2 where |d| <= delta, delta (|d| - delta / 2) elsewhere, with d = input - target.

    Raises
    ------
    RuntimeError
        if delta is not positive

    >>> from minitorch_optim.autograd import tensor
    >>> huber_loss(tensor([0.5, 3.0]), tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    check_reduction(reduction)
    if not delta > 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got delta={delta}")
    input, target = matched(input, target)
    return apply(huber_error, input, target, reduction=reduction, delta=float(delta))


def smooth_l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """:func:`huber_loss` divided by its delta: the absolute error, but smooth at 0 (Girshick 2015).

    d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere; beta = 0 gives :func:`l1_loss`.

    Raises
    ------
    RuntimeError
        if beta is negative

    >>> from minitorch_optim.autograd import tensor
    >>> smooth_l1_loss(tensor([0.5, 3.0]), tensor([0.0, 0.0]), reduction="none", beta=2.0)
    tensor([0.0625, 2.0000])
    """
    check_reduction(reduction)
    if not beta >= 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got beta={beta}")
    input, target = matched(input, target)
    if beta == 0:
        return apply(absolute_error, input, target, reduction=reduction)
    return apply(huber_error, input, target, reduction=reduction, delta=float(beta)) / float(beta)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood of counts ``target`` whose mean is exp(input), or input if not ``log_input``.

    Parameters
    ----------
    input, target : Tensor, same shape
    log_input : bool
        exp(input) - target input (default), else input - target log(input + eps)
    full : bool
        also add Stirling's approximation of log(target!) where target > 1
    reduction : str
        as in :func:`mse_loss`

    >>> from minitorch_optim.autograd import tensor
    >>> poisson_nll_loss(tensor([0.0]), tensor([3.0]))
    tensor(1.)
    """
    check_reduction(reduction)
    if log_input:
        loss = apply(np.exp, input) - target * input
    else:
        loss = input - target * apply(np.log, input + eps)
    if full:
        counts = apply(clamp, target, 1.0, None)
        stirling = counts * apply(np.log, counts) - counts + 0.5 * apply(np.log, 2 * math.pi * counts)
        loss = loss + apply(np.where, constant(target) > 1, stirling, 0.0)
    return reduced(loss, reduction)


@beside
def _up_to(var: Any, eps: float) -> Any:
    """What is to be added to each variance so that it is at least ``eps``."""
    if not np.all(var >= 0):
        raise ValueError(f"var has negative entry/entries: the least is {var.min()}")
    return np.maximum(var, eps) - var


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    *,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """The negative log likelihood of ``target`` under normal distributions of mean ``input`` and variance ``var``.

    (log var + (input - target)^2 / var) / 2

    Parameters
    ----------
    input, target : Tensor, shape (...)
    var : Tensor, shape of input, or with a last dimension of length 1, or without it; or a number
    full : bool
        also add the constant log(2 pi) / 2
    eps : float
        the least variance; a smaller one counts as this, and its gradient is taken there (default 1e-6)
    reduction : str
        as in :func:`mse_loss`

    Raises
    ------
    ValueError
        if a variance is negative, or its shape does not fit

    >>> from minitorch_optim.autograd import tensor
    >>> gaussian_nll_loss(tensor([1.0]), tensor([3.0]), tensor([4.0]))
    tensor(1.1931)
    """
    check_reduction(reduction)
    if not isinstance(var, Tensor):
        var = new_tensor(np.full(input.shape, var, input.dtype))
    if var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = apply(np.expand_dims, var, -1)
        elif tuple(var.shape) != (*input.shape[:-1], 1):
            raise ValueError(f"var is of incorrect size: got {list(var.shape)} for an input of {list(input.shape)}")
    var = var + _up_to(var._array, eps)
    d = input - target
    loss = 0.5 * (apply(np.log, var) + d * d / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)
