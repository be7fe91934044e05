"""``OneCycleLR``: up once, down once.

References
----------
Smith, Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates" (2017).
https://arxiv.org/abs/1708.07120
"""

from __future__ import annotations

from typing import Any

from ..optimizer import Optimizer
from .arguments import one_of, positive, positive_integer
from .cosine import half_wave, mix
from .cycling import CyclingSchedule, Unasked
from .groups import fill, per_group

__all__ = ["OneCycleLR"]


_BASE_MOMENTUM, _MAX_MOMENTUM = Unasked(0.85), Unasked(0.95)


class OneCycleLR(CyclingSchedule):
    """Anneal the lr from ``initial_lr`` up to ``max_lr`` and down to ``min_lr``, one step for each batch::

        initial_lr = max_lr / div_factor,  min_lr = initial_lr / final_div_factor

        two phases:    initial_lr -> max_lr   until step pct_start N - 1,   -> min_lr until step N - 1
        three phases:  initial_lr -> max_lr   until step pct_start N - 1,
                       -> initial_lr          until step 2 pct_start N - 2, -> min_lr until step N - 1

    with N = ``total_steps``. The momentum goes from ``max_momentum`` to ``base_momentum`` and back in the meantime.
    The schedule ends with step N - 1. One more step leaves everything as it is; the step after that is an error.

    Not chainable: it sets the lr, whatever others did to it.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    max_lr : float or list
        the highest lr; in a list, one for each group
    total_steps : int, optional
        N, the number of steps; if not given it is ``epochs * steps_per_epoch``
    epochs, steps_per_epoch : int, optional
        give both, or ``total_steps``
    pct_start : float
        the part of the steps in which the lr goes up, in [0, 1]; not a percentage (default 0.3)
    anneal_strategy : str
        'cos' (the default) or 'linear'
    cycle_momentum : bool
        cycle the momentum (or Adam's beta1) the other way round (default True). A momentum of 0 stays 0 unless one of
        the next two is given
    base_momentum, max_momentum : float or list
        its bounds (default 0.85 and 0.95)
    div_factor : float
        ``max_lr / initial_lr`` (default 25)
    final_div_factor : float
        ``initial_lr / min_lr`` (default 1e4)
    last_epoch, verbose
        as in :class:`LRScheduler`; counted in batches
    three_phase : bool
        go down to ``initial_lr`` as long as it went up, and only then to ``min_lr`` (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> optimizer = SGD([tensor([1.0])], lr=1.0)
    >>> scheduler = OneCycleLR(optimizer, 1.0, total_steps=6, pct_start=0.5, div_factor=4, anneal_strategy="linear")
    >>> [round(lr, 3) for lr, in scheduler.preview(6)]
    [0.25, 0.625, 1.0, 0.667, 0.333, 0.0]
    """

    lists = ("base_lrs", "max_lrs", "min_lrs", "base_momentums", "max_momentums")

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = _BASE_MOMENTUM,
        max_momentum: Any = _MAX_MOMENTUM,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        last_epoch: int = -1,
        verbose: bool = False,
        *,
        three_phase: bool = False,
    ) -> None:
        origin = self._attach(optimizer, verbose)
        self.total_steps = _steps(total_steps, epochs, steps_per_epoch)
        if not (isinstance(pct_start, int | float) and 0 <= pct_start <= 1):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = one_of("anneal_strategy", anneal_strategy, ("cos", "linear"))
        self.max_lrs = per_group("max_lr", max_lr, optimizer)
        self.base_lrs = [positive("max_lr", lr) / positive("div_factor", div_factor) for lr in self.max_lrs]
        self.min_lrs = [lr / positive("final_div_factor", final_div_factor) for lr in self.base_lrs]
        self._take_momentum(optimizer, cycle_momentum, base_momentum, max_momentum)
        self._start(origin, last_epoch)

    def step(self, epoch: int | float | None = None) -> None:
        """As in :class:`LRScheduler`; ValueError for more than ``total_steps`` steps."""
        t = self.last_epoch + 1 if epoch is None else epoch
        if t > self.total_steps:
            raise ValueError(
                f"Tried to step {t} times. The specified number of total steps is {self.total_steps}: with a step for "
                f"each batch, that is epochs * len(loader)"
            )
        super().step(epoch)

    def value(self, t: Any, base: float, group: int = 0) -> float:
        """The lr of the phase that ``t`` is in."""
        levels = {"initial_lr": base, "max_lr": self.max_lrs[group], "min_lr": self.min_lrs[group]}
        return self._annealed(t, "lr", levels)

    def momentum(self, t: Any, group: int = 0) -> float:
        """The momentum of the phase that ``t`` is in."""
        levels = {"max_momentum": self.max_momentums[group], "base_momentum": self.base_momentums[group]}
        return self._annealed(t, "momentum", levels)

    def _annealed(self, t: Any, what: str, levels: dict[str, float]) -> float:
        t = min(t, self.total_steps - 1)
        start = 0.0
        for phase in self._schedule_phases:
            if t <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        done, length = t - start, phase["end_step"] - start
        if not length > 0:  # a phase without any steps is over at once
            done = length = 1
        first, last = float(levels[phase["start_" + what]]), float(levels[phase["end_" + what]])
        if self._anneal_func_type == "cos":
            return mix(first, last, half_wave(done / length, 1))
        return float((last - first) * (done / length) + first)

    def _publish(self) -> None:
        super()._publish()
        for i, group in enumerate(self.optimizer.param_groups):
            fill(group, "max_lr", self.max_lrs[i])
            fill(group, "min_lr", self.min_lrs[i])


def _steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    """How many steps the arguments give."""
    given = {"total_steps": total_steps}
    if total_steps is None:
        if epochs is None or steps_per_epoch is None:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    product = 1
    for name, value in given.items():
        product *= positive_integer(name, value)
    return product


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """Each phase: its last step (not always a whole number), and the names of the levels at both ends."""
    top = float(pct_start * total_steps) - 1
    up = {
        "end_step": top,
        "start_lr": "initial_lr",
        "end_lr": "max_lr",
        "start_momentum": "max_momentum",
        "end_momentum": "base_momentum",
    }
    down = {
        "end_step": total_steps - 1,
        "start_lr": "max_lr",
        "end_lr": "min_lr",
        "start_momentum": "base_momentum",
        "end_momentum": "max_momentum",
    }
    if not three_phase:
        return [up, down]
    if not pct_start <= 0.5:
        raise ValueError(
            f"Expected pct_start of at most one half with three_phase, as down takes as long as up, but got {pct_start}"
        )
    back = {**down, "end_step": 2 * top, "end_lr": "initial_lr"}
    out = {**down, "start_lr": "initial_lr", "start_momentum": "max_momentum"}
    return [up, back, out]
