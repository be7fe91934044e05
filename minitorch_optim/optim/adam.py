"""Adam and AdamW: a running mean of the gradient, divided by the root of a running mean of its square.

In code order, t counting from 1::

    g = -g                                    if maximize
    p = p (1 - lr weight_decay)               if decoupled (AdamW)
    g = g + weight_decay p                    otherwise (Adam: an L2 penalty)
    m = m + (1 - beta1) (g - m)
    v = beta2 v + (1 - beta2) g^2
    w = max(w, v) if amsgrad else v           the largest v so far
    p = p - lr / (1 - beta1^t) m / (sqrt(w) / sqrt(1 - beta2^t) + eps)

Where others differ: eps is outside the root and after the bias correction (Kingma & Ba's "epsilon", not their "epsilon
hat" of the reordered form, which TensorFlow uses); the maximum of amsgrad is taken of v before its bias correction;
AdamW's decay is multiplied by lr, while in Loshchilov & Hutter it is not, only by the schedule's multiplier.

References
----------
Kingma, Ba, "Adam: A Method for Stochastic Optimization" (2014), algorithm 1. https://arxiv.org/abs/1412.6980
Loshchilov, Hutter, "Decoupled Weight Decay Regularization" (2017), algorithm 2. https://arxiv.org/abs/1711.05101
Reddi, Kale, Kumar, "On the Convergence of Adam and Beyond" (2018), algorithm 2.
https://openreview.net/forum?id=ryQu7f-RZ
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .arithmetic import lerp
from .checks import at_least_zero, betas, implementation_flags, learning_rate, same_kind_of_betas
from .optimizer import Optimizer

__all__ = ["Adam", "AdamW"]


def adam(
    p: Any,
    g: Any,
    exp_avg: Any,
    exp_avg_sq: Any,
    max_exp_avg_sq: Any,
    *,
    t: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    amsgrad: bool,
    maximize: bool,
    decoupled_weight_decay: bool,
) -> tuple[Any, ...]:
    """One step of Adam or, with ``decoupled_weight_decay``, of AdamW, elementwise."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    if weight_decay != 0:
        if decoupled_weight_decay:
            p = p * (1 - lr * weight_decay)
        else:
            g = g + weight_decay * p
    exp_avg = lerp(exp_avg, g, 1 - beta1)
    exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
    second = exp_avg_sq
    if amsgrad:
        max_exp_avg_sq = second = np.maximum(max_exp_avg_sq, exp_avg_sq)
    step_size = lr / (1 - beta1**t)
    denom = np.sqrt(second) / (1 - beta2**t) ** 0.5 + eps
    return p - step_size * exp_avg / denom, exp_avg, exp_avg_sq, max_exp_avg_sq


class Adam(Optimizer):
    """Adam, optionally with the AMSGrad variant.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 1e-3)
    betas : (float, float)
        how much of the running means of the gradient and of its square is kept, each in [0, 1) (default (0.9, 0.999))
    eps : float
        added to the denominator (default 1e-8)
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient (default 0)
    amsgrad : bool
        divide by the largest running mean of the square so far (default False)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)
    decoupled_weight_decay : bool
        decay the parameter itself, as AdamW does (default False)
    foreach, fused, capturable : bool, optional
        accepted for PyTorch's sake, without effect

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = Adam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p                                    # the first step is lr long, whatever the gradient
    tensor([ 0.9000, -1.9000], requires_grad=True)
    """

    rule = staticmethod(adam)
    checks = {
        "lr": learning_rate,
        "eps": at_least_zero("epsilon value"),
        "betas": betas,
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _check_options(self, options: dict[str, Any]) -> None:
        super()._check_options(options)
        implementation_flags(options)
        same_kind_of_betas(options["betas"])
        if isinstance(options["lr"], Tensor) and options["foreach"] and not options["capturable"]:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"exp_avg": 0, "exp_avg_sq": 0, "max_exp_avg_sq": 0 if group["amsgrad"] else None}

    def check_gradient(self, group: dict[str, Any], p: Tensor) -> None:
        if p.grad is not None and p.grad.is_sparse:
            raise RuntimeError("Adam does not support sparse gradients, please consider SparseAdam instead")


class AdamW(Adam):
    """Adam whose weight decay acts on the parameter itself: ``p = p (1 - lr weight_decay)`` before each step.

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, maximize, differentiable, foreach, fused, capturable
        as in :class:`Adam`
    weight_decay : float
        how fast parameters shrink, in units of lr (default 1e-2)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> p.grad = tensor([0.0])
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> p
    tensor([0.9500], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def _check_options(self, options: dict[str, Any]) -> None:
        super()._check_options(options)
        if not options["decoupled_weight_decay"]:
            raise ValueError("AdamW has decoupled weight decay, not decoupled_weight_decay=False: use Adam for that")
