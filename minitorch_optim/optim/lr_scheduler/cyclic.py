"""``CyclicLR``: up and down in a straight line, again and again.

References
----------
Smith, "Cyclical Learning Rates for Training Neural Networks" (2015), section 3. https://arxiv.org/abs/1506.01186
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..checks import number
from ..optimizer import Optimizer
from .arguments import one_of, positive
from .cycling import CyclingSchedule, Unasked
from .groups import per_group
from .lambdas import attributes_of

__all__ = ["CyclicLR"]


def _triangular(x: Any, gamma: float) -> float:
    return 1.0


def _triangular2(x: Any, gamma: float) -> float:
    return float(1 / (2.0 ** (x - 1)))


def _exp_range(x: Any, gamma: float) -> float:
    return float(gamma**x)


# For each mode, how the amplitude shrinks, and by what: the number of the cycle, from 1, or of the step.
_MODES: dict[str, tuple[Callable[[Any, float], float], str]] = {
    "triangular": (_triangular, "cycle"),
    "triangular2": (_triangular2, "cycle"),
    "exp_range": (_exp_range, "iterations"),
}


_BASE_MOMENTUM, _MAX_MOMENTUM = Unasked(0.8), Unasked(0.9)


class CyclicLR(CyclingSchedule):
    """Cycle the lr between two bounds, one step for each batch::

        cycle = floor(1 + t / (step_size_up + step_size_down))
        height = 0 at the ends of a cycle, 1 where step_size_up steps of it are done, straight between
        lr = base_lr + (max_lr - base_lr) height scale
        momentum = max_momentum - (max_momentum - base_momentum) height scale

    with ``scale`` = 1 for 'triangular', 1 / 2^(cycle - 1) for 'triangular2', gamma^t for 'exp_range'.

    Not chainable: it sets the lr, whatever others did to it.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    base_lr, max_lr : float or list
        the bounds; in a list, one for each group
    step_size_up : int
        the number of steps from base to max (default 2000)
    step_size_down : int, optional
        the number of steps back (default: ``step_size_up``)
    mode : str
        'triangular' (the default), 'triangular2' or 'exp_range'
    gamma : float
        for 'exp_range' (default 1)
    scale_fn : callable, optional
        a scale of your own, instead of ``mode``: a function of one number
    scale_mode : str
        what ``scale_fn`` is given: the number of the 'cycle' (the default), from 1, or of 'iterations', from 0
    cycle_momentum : bool
        cycle the momentum (or Adam's beta1) the other way round (default True). A momentum of 0 stays 0 unless one of
        the next two is given
    base_momentum, max_momentum : float or list
        its bounds (default 0.8 and 0.9)
    last_epoch, verbose
        as in :class:`LRScheduler`; counted in batches

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = CyclicLR(SGD([tensor([1.0])], lr=1.0), base_lr=0.25, max_lr=1.0, step_size_up=2, mode="triangular2")
    >>> [lr for lr, in scheduler.preview(9)]
    [0.25, 0.625, 1.0, 0.625, 0.25, 0.4375, 0.625, 0.4375, 0.25]
    """

    lists = ("base_lrs", "max_lrs", "base_momentums", "max_momentums")

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Any,
        max_lr: Any,
        step_size_up: float = 2000,
        step_size_down: float | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[Any], Any] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = _BASE_MOMENTUM,
        max_momentum: Any = _MAX_MOMENTUM,
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        origin = self._attach(optimizer, verbose)
        self.base_lrs = per_group("base_lr", base_lr, optimizer)
        self.max_lrs = per_group("max_lr", max_lr, optimizer)
        for low, high in zip(self.base_lrs, self.max_lrs):
            if not 0 <= low <= high:
                raise ValueError(f"Expected 0 <= base_lr <= max_lr, but got {low} and {high}")
        up = float(positive("step_size_up", step_size_up))
        down = up if step_size_down is None else float(positive("step_size_down", step_size_down))
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        if mode not in _MODES and scale_fn is None:
            raise ValueError(f"mode is invalid and scale_fn is None: mode must be one of {list(_MODES)}, got {mode!r}")
        self.mode = mode
        self.gamma = gamma
        self.scale_mode = one_of("scale_mode", scale_mode, ("cycle", "iterations"))
        self._scale_fn_custom = scale_fn
        self._choose_scale()
        self._take_momentum(optimizer, cycle_momentum, base_momentum, max_momentum)
        self._start(origin, last_epoch)

    def _choose_scale(self) -> None:
        self._scale_fn_ref = None
        if self._scale_fn_custom is None:
            self._scale_fn_ref, self.scale_mode = _MODES[self.mode]

    def scale_fn(self, x: Any) -> float:
        """How the amplitude is scaled in cycle, or at step, ``x``."""
        if self._scale_fn_custom is not None:
            return float(number(self._scale_fn_custom(x)))
        assert self._scale_fn_ref is not None
        return self._scale_fn_ref(x, self.gamma)

    def _height(self, t: Any) -> float:
        """How far up the cycle is at step ``t``, from 0 to 1, scaled."""
        cycle = math.floor(1 + t / self.total_size)
        x = 1.0 + t / self.total_size - cycle
        height: float = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        return height * self.scale_fn(cycle if self.scale_mode == "cycle" else t)

    def value(self, t: Any, base: float, group: int = 0) -> float:
        """``base + (max_lr - base) height scale``."""
        return base + (self.max_lrs[group] - base) * self._height(t)

    def momentum(self, t: Any, group: int = 0) -> float:
        """``max_momentum - (max_momentum - base_momentum) height scale``."""
        low, high = float(self.base_momentums[group]), float(self.max_momentums[group])
        return high - (high - low) * self._height(t)

    def _unsaved(self) -> tuple[str, ...]:
        return ("_scale_fn_ref", "_scale_fn_custom")

    def state_dict(self) -> dict[str, Any]:
        """As in :class:`LRScheduler`; of a ``scale_fn`` that is a callable object, it holds the attributes."""
        return {**super().state_dict(), "_scale_fn_custom": attributes_of(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As in :class:`LRScheduler`; a ``scale_fn`` that is a callable object gets the saved attributes."""
        super().load_state_dict(state_dict)
        attributes = state_dict.get("_scale_fn_custom")
        if attributes is not None:
            vars(self._scale_fn_custom).update(attributes)
        self._choose_scale()
