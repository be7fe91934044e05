"""Schedule-Free SGD and AdamW: averaging of the iterates in the place of a decreasing learning rate.

Three sequences: ``z`` takes the steps, ``x`` is their running average, and the gradient is taken at ``y`` between the
two. While training, the parameters hold y; ``optimizer.eval()`` puts x in their place (evaluate and save then),
``optimizer.train()`` y.

In code order, t counting from 1 (y is the parameter)::

    lr_t = lr min(1, t / warmup_steps)
    d = g + weight_decay y                                               SGD
    d = g / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay y             AdamW; v = beta2 v + (1 - beta2) g^2
    z = z - lr_t d
    w = t^r max(lr_1 .. lr_t)^2;    c = w / sum of all w
    x = (1 - c) x + c z
    y = (1 - beta) z + beta x

With warmup_steps = 0 and r = 0 this is the plain average, c = 1/t, of the paper's equations 3 to 5.

Where others differ: the authors' package, and Optax, keep z alone and compute x from y and z, which saves a copy of
the parameters and needs beta > 0; here x is kept too. In both the exponent of max(lr) in w is an option
(``weight_lr_power``); here it is 2, their default.

References
----------
Defazio et al., "The Road Less Scheduled" (2024), algorithm 1. https://arxiv.org/abs/2405.15682
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .checks import at_least_zero, betas, between, learning_rate
from .optimizer import Optimizer

__all__ = ["ScheduleFreeAdamW", "ScheduleFreeSGD"]


def averaged(
    d: Any, z: Any, x: Any, weight_sum: Any, lr_max: Any, t: float, lr: float, beta: float, warmup_steps: int, r: float
) -> tuple[Any, ...]:
    """The step along ``d`` and the averages: y, z, x and the two numbers. The same for SGD and AdamW."""
    lr = lr * min(1.0, t / warmup_steps) if warmup_steps else lr
    lr_max = max(float(lr_max), lr)
    weight = t**r * lr_max**2
    weight_sum = float(weight_sum) + weight
    c = weight / weight_sum if weight_sum > 0 else 0.0
    z = z - lr * d
    x = (1 - c) * x + c * z
    return (1 - beta) * z + beta * x, z, x, weight_sum, lr_max


def schedule_free_sgd(
    p: Any,
    g: Any,
    z: Any,
    x: Any,
    weight_sum: Any,
    lr_max: Any,
    *,
    t: float,
    lr: float,
    momentum: float,
    weight_decay: float,
    warmup_steps: int,
    r: float,
    maximize: bool,
) -> tuple[Any, ...]:
    """One step of Schedule-Free SGD, elementwise."""
    if maximize:
        g = -g
    d = g + weight_decay * p if weight_decay != 0 else g
    return averaged(d, z, x, weight_sum, lr_max, t, lr, momentum, warmup_steps, r)


def schedule_free_adamw(
    p: Any,
    g: Any,
    z: Any,
    x: Any,
    weight_sum: Any,
    lr_max: Any,
    exp_avg_sq: Any,
    *,
    t: float,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    warmup_steps: int,
    r: float,
    maximize: bool,
) -> tuple[Any, ...]:
    """One step of Schedule-Free AdamW, elementwise."""
    beta1, beta2 = betas
    if maximize:
        g = -g
    exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
    d = g / (np.sqrt(exp_avg_sq) / (1 - beta2**t) ** 0.5 + eps)
    if weight_decay != 0:
        d = d + weight_decay * p
    return (*averaged(d, z, x, weight_sum, lr_max, t, lr, beta1, warmup_steps, r), exp_avg_sq)


class _ScheduleFree(Optimizer):
    """What both have: the state of the averages, and the two modes."""

    scalars = ("weight_sum", "lr_max")

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"z": p._array.copy(), "x": p._array.copy(), "weight_sum": 0.0, "lr_max": 0.0}

    def _beta(self, group: dict[str, Any]) -> float:
        raise NotImplementedError

    def train(self) -> None:
        """Put y, where gradients are to be taken, into the parameters."""
        self._put(True)

    def eval(self) -> None:
        """Put the average x into the parameters: evaluate and save in this mode."""
        self._put(False)

    def _put(self, training: bool) -> None:
        for group in self.param_groups:
            if group["train_mode"] is training:
                continue
            group["train_mode"] = training
            for p in group["params"]:
                state = self.state.get(p)
                if state:
                    x, z = state["x"], state["z"]
                    p.detach().copy_((1 - self._beta(group)) * z + self._beta(group) * x if training else x)

    def step(self, closure: Any = None) -> Any:
        """As :meth:`Optimizer.step`, in training mode only."""
        if not all(group["train_mode"] for group in self.param_groups):
            raise RuntimeError(
                f"{type(self).__name__}.step() in evaluation mode: the parameters hold the average, not the point "
                f"where gradients are to be taken. Call optimizer.train() first"
            )
        return super().step(closure)


COMMON_CHECKS = {
    "lr": learning_rate,
    "weight_decay": at_least_zero("weight_decay value"),
    "warmup_steps": at_least_zero("warmup_steps value"),
    "r": at_least_zero("r value"),
}


class ScheduleFreeSGD(_ScheduleFree):
    """SGD without a learning rate schedule; see the module's docstring for the two modes.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 1.0; try 10 times that of SGD with momentum)
    momentum : float
        how near to the average gradients are taken, in [0, 1] (default 0.9)
    weight_decay : float
        L2 penalty, at the point where the gradient is taken (default 0)
    warmup_steps : int
        steps over which the learning rate grows linearly (default 0)
    r : float
        later iterates count t^r times in the average (default 0)
    maximize : bool
        go up instead of down (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> optimizer = ScheduleFreeSGD([p], lr=0.4)
    >>> for _ in range(50):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> optimizer.eval()
    >>> abs(p.item()) < 0.05
    True
    """

    rule = staticmethod(schedule_free_sgd)
    checks = {**COMMON_CHECKS, "momentum": between(0, 1, "momentum value")}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        momentum: float = 0.9,
        weight_decay: float = 0,
        warmup_steps: int = 0,
        r: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "warmup_steps": warmup_steps,
            "r": r,
            "maximize": maximize,
            "train_mode": True,
        }
        super().__init__(params, defaults)

    def _beta(self, group: dict[str, Any]) -> float:
        return float(group["momentum"])


class ScheduleFreeAdamW(_ScheduleFree):
    """AdamW without a learning rate schedule; see the module's docstring for the two modes.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (default 2.5e-3)
    betas : (float, float)
        how near to the average gradients are taken, and how much of the running mean of the squared gradient is kept,
        each in [0, 1) (default (0.9, 0.999))
    eps : float
        added to the denominator (default 1e-8)
    weight_decay : float
        how fast parameters shrink, in units of lr (default 0)
    warmup_steps : int
        steps over which the learning rate grows linearly (default 0)
    r : float
        later iterates count t^r times in the average (default 0)
    maximize : bool
        go up instead of down (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> optimizer = ScheduleFreeAdamW([p], lr=0.1)
    >>> for _ in range(100):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> optimizer.eval()
    >>> abs(p.item()) < 0.05
    True
    """

    rule = staticmethod(schedule_free_adamw)
    checks = {**COMMON_CHECKS, "betas": betas, "eps": at_least_zero("epsilon value")}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2.5e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        warmup_steps: int = 0,
        r: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "warmup_steps": warmup_steps,
            "r": r,
            "maximize": maximize,
            "train_mode": True,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {**super().initial(group, p), "exp_avg_sq": 0}

    def _beta(self, group: dict[str, Any]) -> float:
        return float(group["betas"][0])
