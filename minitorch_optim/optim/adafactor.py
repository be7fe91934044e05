"""Adafactor: Adam's second moment of a matrix from its row and column means alone, and steps relative to the
parameter's size.

In code order, t counting from 1, RMS(x) = sqrt(mean(x^2)) over the whole tensor::

    g = -g                                          if maximize
    w = t^beta2_decay                               what Adam calls 1 - beta2, falling
    alpha = max(eps2, RMS(p)) min(lr, 1 / sqrt(t))
    p = p (1 - lr weight_decay)                     if weight_decay
    r = r + w (row means of g^2 - r)                two dimensions or more: r has shape (..., N, 1),
    c = c + w (column means of g^2 - c)             c has shape (..., 1, M)
    v = r c / max(mean(r), eps1)                    the outer product
    v = v + w (g^2 - v)                             fewer dimensions
    u = g / sqrt(max(v, eps1^2))
    p = p - alpha u / max(1, RMS(u) / d)

Where others differ: the authors' code adds eps1 to g^2 and multiplies by relative step sizes that a flag can switch
off; fairseq and Transformers follow it. Here, as in PyTorch, eps1 is a floor and lr the largest relative step. PyTorch
takes eps1, where it is None, from the first parameter of a group for all of them; here each parameter has that of its
own dtype.

References
----------
Shazeer, Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost" (2018), algorithms 4 and 5.
https://arxiv.org/abs/1804.04235
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .arithmetic import lerp
from .checks import pair, relative_learning_rate, should_be
from .optimizer import Optimizer

__all__ = ["Adafactor"]


def rms(x: Any) -> float:
    """The root of the mean square of all elements, as a Python number."""
    return math.sqrt(float(np.sum(x * x)) / max(x.size, 1))


def adafactor(
    p: Any,
    g: Any,
    row_var: Any,
    col_var: Any,
    variance: Any,
    *,
    t: float,
    lr: float,
    beta2_decay: float,
    eps: tuple[float | None, float],
    d: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, ...]:
    """One step of Adafactor on a whole tensor."""
    eps1, eps2 = eps
    if eps1 is None:
        eps1 = float(np.finfo(p.dtype).eps)
    if maximize:
        g = -g
    weight = t**beta2_decay
    step_size = max(eps2, rms(p)) * min(lr, 1 / t**0.5)
    if weight_decay != 0:
        p = p * (1 - lr * weight_decay)
    if p.ndim > 1:
        square = g * g
        row_var = lerp(row_var, np.mean(square, axis=-1, keepdims=True), weight)
        col_var = lerp(col_var, np.mean(square, axis=-2, keepdims=True), weight)
        second = row_var * col_var / np.maximum(np.mean(row_var, axis=-2, keepdims=True), eps1)
    else:
        second = variance = lerp(variance, g * g, weight)
    update = g / np.sqrt(np.maximum(second, eps1 * eps1))
    return p - step_size / max(1.0, rms(update) / d) * update, row_var, col_var, variance


def pair_of_eps(value: Any) -> None:
    """None or a number from 0, and a number from 0."""
    eps1, eps2 = pair(value, "eps", "(None, 0.001)")
    if eps1 is not None:
        should_be("epsilon1", ">= 0", lambda eps: eps >= 0)(eps1)
    should_be("epsilon2", ">= 0", lambda eps: eps >= 0)(eps2)


class Adafactor(Optimizer):
    """Adafactor, for large models: its state for an N x M matrix is N + M numbers.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups: real parameters
    lr : float or Tensor
        the largest step, relative to the root mean square of the parameter (default 1e-2)
    beta2_decay : float
        how fast the running mean of the squared gradient gets longer, at most 0 (default -0.8)
    eps : (float or None, float)
        floor of the mean squares (default: the machine epsilon of the parameter's dtype), and of the parameter's size
        (default (None, 1e-3))
    d : float
        updates with a larger root mean square are scaled down to it, from 1 (default 1.0)
    weight_decay : float
        how fast parameters shrink, in units of lr (default 0)
    foreach : bool, optional
        accepted for PyTorch's sake, without effect
    maximize : bool
        go up instead of down (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    >>> optimizer = Adafactor([p], lr=0.1)
    >>> p.grad = tensor([[1.0, 2.0], [2.0, 4.0]])
    >>> optimizer.step()                     # g^2 is an outer product: every element takes the same step
    >>> p
    tensor([[0.7500, 1.7500],
            [1.7500, 3.7500]], requires_grad=True)
    >>> {name: tuple(state.shape) for name, state in optimizer.state[p].items()}
    {'step': (), 'row_var': (2, 1), 'col_var': (1, 2)}
    """

    rule = staticmethod(adafactor)
    whole = True
    checks = {
        "lr": relative_learning_rate,
        "beta2_decay": should_be("beta2_decay", "<= 0", lambda decay: decay <= 0),
        "eps": pair_of_eps,
        "d": should_be("Clipping threshold d", ">= 1", lambda d: d >= 1),
        "weight_decay": should_be("weight_decay", ">= 0", lambda decay: decay >= 0),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check_gradient(self, group: dict[str, Any], p: Tensor) -> None:
        super().check_gradient(group, p)
        if p.dtype.kind == "c":
            raise RuntimeError("Adafactor does not support complex parameters: optimize view_as_real(p)")

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        names = ("row_var", "col_var") if p.ndim > 1 else ("variance",)
        starts: dict[str, Any] = dict.fromkeys(("row_var", "col_var", "variance"))
        return {**starts, **{name: np.zeros(self.shape_of(name, p), p.dtype) for name in names}}

    def shape_of(self, name: str, p: Tensor) -> tuple[int, ...]:
        shapes = {"step": (), "row_var": (*p.shape[:-1], 1), "col_var": (*p.shape[:-2], 1, *p.shape[-1:])}
        return shapes.get(name, tuple(p.shape))
