"""LARS and LAMB: each parameter tensor gets a step in proportion to its own norm, for training with very large batches.

LARS, SGD with momentum, in code order (||.|| is the Euclidean norm of the whole tensor)::

    g = -g                                                            if maximize
    trust = trust_coefficient ||p|| / (||g|| + weight_decay ||p||)    1 where ||p|| or ||g|| is 0
    b = momentum b + lr trust (g + weight_decay p)
    p = p - b

LAMB, Adam, t counting from 1::

    g = -g                                                            if maximize
    m = m + (1 - beta1) (g - m)
    v = beta2 v + (1 - beta2) g^2
    u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay p
    trust = min(||p||, max_norm) / ||u||                              1 where ||p|| or ||u|| is 0
    p = p - lr trust u

Where others differ: the paper leaves LAMB's scaling function of ||p|| open; here it is the identity up to
``max_norm``. Optax has no such bound, and takes the norm of g + weight_decay p in LARS's trust, where the paper adds
two norms. Biases and the weights of normalisation layers are often left out of layer-wise scaling: give them a group
of their own in another optimizer.

References
----------
You, Gitman, Ginsburg, "Large Batch Training of Convolutional Networks" (2017), algorithm 1. https://arxiv.org/abs/1708.03888
You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (2019), algorithm 2.
https://arxiv.org/abs/1904.00962
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .arithmetic import lerp
from .checks import above_zero, at_least_zero, betas, learning_rate
from .optimizer import Optimizer

__all__ = ["LAMB", "LARS"]


def norm(x: Any) -> float:
    """The Euclidean norm of all elements, as a Python number."""
    return float(np.sqrt(np.sum(np.square(np.abs(x)), dtype=np.float64)))


def lars(
    p: Any,
    g: Any,
    momentum_buffer: Any,
    *,
    lr: float,
    momentum: float,
    weight_decay: float,
    trust_coefficient: float,
    maximize: bool,
) -> tuple[Any, Any]:
    """One step of LARS on a whole tensor."""
    if maximize:
        g = -g
    size, slope = norm(p), norm(g)
    trust = trust_coefficient * size / (slope + weight_decay * size) if size > 0 and slope > 0 else 1.0
    momentum_buffer = momentum * momentum_buffer + (lr * trust) * (g + weight_decay * p)
    return p - momentum_buffer, momentum_buffer


class LARS(Optimizer):
    """Layer-wise adaptive rate scaling of SGD with momentum.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 1.0)
    momentum : float
        how much of the last velocity is kept (default 0.9)
    weight_decay : float
        L2 penalty (default 0)
    trust_coefficient : float
        the part of a tensor's norm that a step of lr 1 changes (default 1e-3)
    maximize : bool
        go up instead of down (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([3.0, 4.0], requires_grad=True)
    >>> p.grad = tensor([0.0, 100.0])
    >>> LARS([p], trust_coefficient=0.1).step()      # norm 5: a step of 0.5
    >>> p
    tensor([3.0000, 3.5000], requires_grad=True)
    """

    rule = staticmethod(lars)
    whole = True
    checks = {
        "lr": learning_rate,
        "momentum": at_least_zero("momentum value"),
        "weight_decay": at_least_zero("weight_decay value"),
        "trust_coefficient": above_zero("trust_coefficient value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        momentum: float = 0.9,
        weight_decay: float = 0,
        trust_coefficient: float = 1e-3,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "trust_coefficient": trust_coefficient,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"momentum_buffer": 0}


def lamb(
    p: Any,
    g: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    *,
    t: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    max_norm: float,
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of LAMB on a whole tensor."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    exp_avg = lerp(exp_avg, g, 1 - beta1)
    exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
    update = exp_avg / (1 - beta1**t) / (np.sqrt(exp_avg_sq) / (1 - beta2**t) ** 0.5 + eps) + weight_decay * p
    size, length = norm(p), norm(update)
    trust = min(size, max_norm) / length if size > 0 and length > 0 else 1.0
    return p - (lr * trust) * update, exp_avg, exp_avg_sq


class LAMB(Optimizer):
    """Layer-wise adaptive moments: LARS's idea on Adam.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 1e-3)
    betas : (float, float)
        how much of the running means of the gradient and of its square is kept, each in [0, 1) (default (0.9, 0.999))
    eps : float
        added to the denominator (default 1e-6)
    weight_decay : float
        this times the parameter is added to the update (default 0)
    max_norm : float
        norms of parameters above this count as this (default 10)
    maximize : bool
        go up instead of down (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([3.0, 4.0], requires_grad=True)
    >>> p.grad = tensor([0.0, 100.0])
    >>> LAMB([p], lr=0.1).step()                     # norm 5: a step of 0.5
    >>> p
    tensor([3.0000, 3.5000], requires_grad=True)
    """

    rule = staticmethod(lamb)
    whole = True
    checks = {
        "lr": learning_rate,
        "betas": betas,
        "eps": at_least_zero("epsilon value"),
        "weight_decay": at_least_zero("weight_decay value"),
        "max_norm": above_zero("max_norm value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0,
        max_norm: float = 10.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "max_norm": max_norm,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"exp_avg": 0, "exp_avg_sq": 0}
