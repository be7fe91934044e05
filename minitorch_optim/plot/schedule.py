"""The learning rates that a schedule will give."""

from __future__ import annotations

from typing import Any

from ..optim.lr_scheduler import LRScheduler
from ..optim.lr_scheduler.groups import has_momentum, lrs_of, momentum_of
from .canvas import canvas, over_steps

__all__ = ["schedule"]


def schedule(scheduler: LRScheduler, n: int, ax: Any = None) -> Any:
    """Draw the learning rate of each group, now and after each of ``n - 1`` steps; and the momentum, if it changes.

    The steps are taken on a copy: neither the scheduler nor its optimizer is touched.

    Parameters
    ----------
    scheduler : LRScheduler
        which schedule; of a ``ReduceLROnPlateau`` there is no picture before the metrics are there
    n : int
        the number of points
    ax : matplotlib Axes, optional
        where to draw (default: a new figure)

    Returns
    -------
    matplotlib Axes
        with the learning rates; the momentum has axes of its own on the right

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> from minitorch_optim.optim.lr_scheduler import StepLR
    >>> axes = schedule(StepLR(SGD([tensor([1.0])], lr=0.5), step_size=2, gamma=0.5), 5)
    >>> [float(lr) for lr in axes.lines[0].get_ydata()]
    [0.5, 0.5, 0.25, 0.25, 0.125]
    """
    if not isinstance(scheduler, LRScheduler):
        raise TypeError(
            f"schedule() draws a schedule, and was given {type(scheduler).__name__}: make one first, as in "
            f"StepLR(optimizer, step_size=10)"
        )
    cycles = has_momentum(scheduler.optimizer)
    lrs, momentums = [], []
    for optimizer in scheduler._ahead(n):
        lrs.append(lrs_of(optimizer))
        momentums.append([momentum_of(group) if cycles else 0.0 for group in optimizer.param_groups])
    ax = canvas(ax, 5, 2.5)
    steps = range(scheduler.last_epoch, scheduler.last_epoch + len(lrs))
    for i, values in enumerate(zip(*lrs)):
        ax.plot(steps, values, color=f"C{i}", marker="o" if n == 1 else None, label=f"group {i}")
    if lrs and len(lrs[0]) > 1:
        ax.legend(frameon=False)
    over_steps(ax, "learning rate")
    if any(momentum != momentums[0] for momentum in momentums):
        right = ax.twinx()
        right.plot(steps, momentums, color="0.6", linestyle="--")
        right.set_ylabel("momentum (dashed)")
        right.spines["top"].set_visible(False)
    return ax
