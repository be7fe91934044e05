"""Curves of losses, as they were and smoothed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .canvas import canvas, over_steps

DECADES = 2.0  # from this many on, the axis of losses is logarithmic
ABOVE_THE_START = 100.0  # how many times the first loss is shown of a run that goes up until it is not finite


def losses(
    values: Mapping[str, Any] | Sequence[Any],
    ax: Any = None,
    *,
    smoothing: float | None = None,
    log: bool | None = None,
) -> Any:
    """Draw the losses of one run or of several: each pale as it was, and its running mean over it.

    A loss that is NaN or infinite leaves a gap in the line. The last loss before the first such is marked with a cross,
    and the legend names the step. A run that went up to infinity is shown to a hundred times the first losses.

    Parameters
    ----------
    values : dict of name -> losses, or one sequence of losses
        losses are numbers or tensors of one element, for the steps 0, 1, 2 ...; or a dict of step -> loss, where they
        were measured now and then, as at the end of each epoch
    ax : matplotlib Axes, optional
        where to draw (default: a new figure)
    smoothing : float, optional
        how much of the running mean stays at each step, in [0, 1); 0 draws the losses alone. By default a mean over
        about a fortieth of the run; a run of 40 losses or fewer is not smoothed
    log : bool, optional
        whether the axis of losses is logarithmic; by default where all are positive and they span two decades or more

    Returns
    -------
    matplotlib Axes
        two lines for each run that is smoothed, one for each that is not

    The running mean is Adam's: ``m = b m + (1 - b) loss``, divided by ``1 - b^t``, so that it does not begin at zero.

    >>> axes = losses({"SGD": [4.0, 2.0, 1.0], "Adam": [4.0, 1.0, float("nan")]})
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['SGD', 'Adam: NaN at step 2']
    >>> smoothed = losses([4.0, 0.0, 4.0], smoothing=0.5).lines[1]
    >>> smoothed.get_ydata().round(3).tolist()
    [4.0, 1.333, 2.857]
    """
    if smoothing is not None and not 0 <= smoothing < 1:
        raise ValueError(f"smoothing must be in [0, 1), got {smoothing}: 0 draws the losses alone, 0.9 is usual")
    runs = values if isinstance(values, Mapping) else {"": values}
    curves = {name: _curve(run) for name, run in runs.items()}
    top = _top([run for _, run in curves.values()])

    ax = canvas(ax, 6, 3.5)
    for i, (name, (steps, run)) in enumerate(curves.items()):
        color = f"C{i}"
        kept = 1 - 40 / max(40, len(run)) if smoothing is None else smoothing
        label = _label(name, steps, run)
        if kept == 0:
            seldom = len(run) == 1 or isinstance(runs[name], Mapping)
            ax.plot(steps, run, color=color, marker="o" if seldom else None, markersize=4, label=label)
        else:
            ax.plot(steps, run, color=color, alpha=0.25, linewidth=0.8)
            ax.plot(steps, running_mean(run, kept), color=color, linewidth=1.8, label=label)
        _mark_divergence(ax, steps, run, color, top)

    if _is_logarithmic([run for _, run in curves.values()]) if log is None else log:
        ax.set_yscale("log")
    if top is not None:
        ax.set_ylim(top=top)
    over_steps(ax, "loss")
    if not _finite([run for _, run in curves.values()]).size:
        ax.set(yticks=[])
    if any(_label(name, *curve) for name, curve in curves.items()):
        ax.legend(frameon=False)
    return ax


def running_mean(values: Any, kept: float) -> Any:
    """The mean that keeps the part ``kept`` of itself at each step. A value that is not finite is left out: NaN there.

    >>> running_mean(np.array([1.0, 1.0, np.nan, 1.0]), 0.9)
    array([ 1.,  1., nan,  1.])
    """
    mean, weight, result = 0.0, 0.0, []
    for value in values:
        if np.isfinite(value):
            mean = kept * mean + (1 - kept) * value
            weight = kept * weight + (1 - kept)
            result.append(mean / weight)
        else:
            result.append(np.nan)
    return np.array(result)


def _curve(run: Any) -> tuple[Any, Any]:
    """The steps and the losses."""
    if isinstance(run, str) or not isinstance(run, Iterable):
        raise TypeError(
            f"losses: expected a sequence of losses, or a dict from names to such, got {type(run).__name__}"
        )
    if not isinstance(run, Mapping):
        run = dict(enumerate(run))
    for step, loss in run.items():
        if np.size(loss) != 1 or np.ndim(loss) and not hasattr(loss, "item"):
            raise TypeError(
                f"losses: expected a number or a tensor of one element at step {step}, got {type(loss).__name__}. "
                f"Several runs are given as a dict, as in losses({{'Adam': ..., 'SGD': ...}})"
            )
    return np.array(list(run)), np.array([float(loss) for loss in run.values()], float)


def _first_not_finite(run: Any) -> int | None:
    wrong = np.flatnonzero(~np.isfinite(run))
    return int(wrong[0]) if wrong.size else None


def _label(name: str, steps: Any, run: Any) -> str:
    first = _first_not_finite(run)
    if first is None:
        return name
    kind = "NaN" if np.isnan(run[first]) else "infinite"
    return f"{name}: {kind} at step {steps[first]}".removeprefix(": ")


def _top(runs: list[Any]) -> float | None:
    """Where the picture ends, if a run went up to infinity: the others are to be seen too."""
    if all(_first_not_finite(run) is None for run in runs):
        return None
    every, firsts = _finite(runs), _finite([run[:1] for run in runs])
    top = ABOVE_THE_START * np.abs(firsts).max(initial=0.0)
    return float(top) if 0 < top < every.max(initial=0.0) else None


def _finite(runs: list[Any]) -> Any:
    return np.concatenate([run[np.isfinite(run)] for run in runs]) if runs else np.array([])


def _mark_divergence(ax: Any, steps: Any, run: Any, color: str, top: float | None) -> None:
    """A cross on the last loss before the first that is not finite; at the foot of the picture if there is none."""
    first = _first_not_finite(run)
    if first is None:
        return
    style = {"marker": "X", "markersize": 9, "markeredgecolor": "white", "linestyle": "none", "zorder": 4}
    if first:
        height = run[first - 1] if top is None else min(run[first - 1], top)
        ax.plot(steps[first - 1], height, color=color, clip_on=False, **style)
    else:
        ax.plot(steps[0], 0.03, color=color, transform=ax.get_xaxis_transform(), **style)


def _is_logarithmic(runs: list[Any]) -> bool:
    every = _finite(runs)
    return bool(every.size and every.min() > 0 and every.max() / every.min() >= 10**DECADES)
