"""Rprop: each element has a step size of its own, which grows while the sign of its gradient stays and shrinks when it
changes.

In code order::

    g = -g                                  if maximize
    s = sign(g prev)                        prev is the gradient of the step before, 0 at first
    d = d etaplus                           where s > 0
    d = d etaminus;  g = 0                  where s < 0: the minimum was passed, so wait for a step
    d = clip(d, smallest, largest)          d starts at lr
    p = p - sign(g) d
    prev = g

Only the sign of the gradient counts, so it is for whole batches: in a mini-batch signs change by chance.

Where others differ: this is the variant that its authors call iRprop-, which does not take back the step that went too
far. lr is where step sizes begin, and is clipped into step_sizes at once; changing it later has no effect.

References
----------
Riedmiller, Braun, "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm" (1993).
Igel, Hüsken, "Improving the Rprop Learning Algorithm" (2000), algorithm 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .checks import learning_rate, number, pair, real
from .optimizer import Optimizer

__all__ = ["Rprop"]


def rprop(
    p: Any,
    g: Any,
    prev: Any,
    step_size: Any,
    *,
    etas: tuple[float, float],
    step_sizes: tuple[float, float],
    maximize: bool,
) -> tuple[Any, Any, Any]:
    """One step of Rprop, elementwise."""
    etaminus, etaplus = etas
    smallest, largest = step_sizes
    if maximize:
        g = -g
    trend = np.sign(g * prev)  # 1 where the gradient has kept its sign, -1 where the sign changed
    step_size = np.where(trend > 0, step_size * etaplus, np.where(trend < 0, step_size * etaminus, step_size))
    step_size = np.clip(step_size, smallest, largest)
    g = np.where(trend < 0, 0, g)
    return p - np.sign(g) * step_size, g, step_size


def etas(value: Any) -> None:
    """0 < etaminus < 1 < etaplus."""
    etaminus, etaplus = (real(eta, "eta value") for eta in pair(value, "eta values", "(0.5, 1.2)"))
    if not 0 < etaminus < 1 < etaplus:
        raise ValueError(f"Invalid eta values: {etaminus}, {etaplus}: they must be 0 < etaminus < 1 < etaplus")


def step_sizes(value: Any) -> None:
    """0 <= smallest <= largest."""
    smallest, largest = (real(size, "step size") for size in pair(value, "step sizes", "(1e-6, 50)"))
    if not 0 <= smallest <= largest:
        raise ValueError(f"Invalid step sizes: {smallest}, {largest}: expected 0 <= smallest <= largest")


class Rprop(Optimizer):
    """Resilient backpropagation.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        the first step size of every element, clipped into ``step_sizes`` (default 1e-2)
    etas : (float, float)
        by what step sizes shrink and grow, etaminus in (0, 1) and etaplus above 1 (default (0.5, 1.2))
    step_sizes : (float, float)
        the smallest and the largest step (default (1e-6, 50))
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)
    foreach, capturable : bool, optional
        accepted for PyTorch's sake, without effect

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = Rprop([p], lr=0.1)
    >>> for _ in range(2):                   # two steps in the same direction: 0.1 and 0.12
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> p
    tensor([ 0.7800, -1.7800], requires_grad=True)
    """

    rule = staticmethod(rprop)
    counts = True
    checks = {"lr": learning_rate, "etas": etas, "step_sizes": step_sizes}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"prev": 0, "step_size": number(group["lr"])}
