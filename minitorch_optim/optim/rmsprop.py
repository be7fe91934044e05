"""RMSprop: the gradient divided by the root of a running mean of its square.

In code order::

    g = -g                                              if maximize
    g = g + weight_decay p                              if weight_decay
    v = alpha v + (1 - alpha) g^2
    w = v
    m = m + (1 - alpha) (g - m);  w = v - m^2           if centered: the variance
    w = max(w, 0)                                       if clamp_variance
    b = momentum b + g / (sqrt(w) + eps);  p = p - lr b     if momentum
    p = p - lr g / (sqrt(w) + eps)                      otherwise

Where others differ: eps is outside the root (TensorFlow has it inside), and v starts at 0 without a correction, so the
first step is lr / sqrt(1 - alpha) long: ten times lr by default. The variance v - m^2 is a difference of rounded
numbers: where gradients hardly change it can come out below zero, and its root is NaN (NumPy warns: invalid value
encountered in sqrt). PyTorch goes on so; ``clamp_variance=True`` takes 0 for it, so that the step is lr g / eps: choose
an eps that makes sense.

References
----------
Hinton, Srivastava, Swersky, "Neural Networks for Machine Learning", lecture 6e (2012).
Graves, "Generating Sequences With Recurrent Neural Networks" (2013), eqs. 38-41, for ``centered``.
https://arxiv.org/abs/1308.0850
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .arithmetic import lerp
from .checks import at_least_zero, between, learning_rate
from .optimizer import Optimizer

__all__ = ["RMSprop"]


def rmsprop(
    p: Any,
    g: Any,
    square_avg: Any,
    momentum_buffer: Any,
    grad_avg: Any,
    *,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    maximize: bool,
    clamp_variance: bool,
) -> tuple[Any, ...]:
    """One step of RMSprop, elementwise."""
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    square_avg = alpha * square_avg + (1 - alpha) * g * g
    second = square_avg
    if centered:
        grad_avg = lerp(grad_avg, g, 1 - alpha)
        second = square_avg - grad_avg * grad_avg
        if clamp_variance:
            second = np.maximum(second, 0)
    denom = np.sqrt(second) + eps
    if momentum != 0:
        momentum_buffer = momentum * momentum_buffer + g / denom
        p = p - lr * momentum_buffer
    else:
        p = p - lr * g / denom
    return p, square_avg, momentum_buffer, grad_avg


class RMSprop(Optimizer):
    """RMSprop, optionally centered (divided by the standard deviation) and with momentum.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 1e-2)
    alpha : float
        how much of the running mean of the squared gradient is kept, in [0, 1] (default 0.99). Above 1, which
        PyTorch accepts, that mean would be negative from the first step on, and its root NaN
    eps : float
        added to the denominator (default 1e-8)
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient (default 0)
    momentum : float
        how much of the last step is kept (default 0: none is)
    centered : bool
        subtract the square of the mean gradient from the mean of its square (default False)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)
    clamp_variance : bool
        with ``centered``, take a variance that rounding made negative for 0 (default False: it makes NaN)
    foreach, capturable : bool, optional
        accepted for PyTorch's sake, without effect

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = RMSprop([p], lr=0.1, alpha=0.75)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p                                    # 1 - 0.1 * 2 / sqrt(0.25 * 4)
    tensor([ 0.8000, -1.8000], requires_grad=True)
    """

    rule = staticmethod(rmsprop)
    counts = True
    checks = {
        "lr": learning_rate,
        "eps": at_least_zero("epsilon value"),
        "momentum": at_least_zero("momentum value"),
        "weight_decay": at_least_zero("weight_decay value"),
        "alpha": between(0, 1, "alpha value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        clamp_variance: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "clamp_variance": clamp_variance,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {
            "square_avg": 0,
            "momentum_buffer": 0 if group["momentum"] != 0 else None,
            "grad_avg": 0 if group["centered"] else None,
        }
