"""Where pictures are drawn: the only place that imports matplotlib."""

from __future__ import annotations

from typing import Any


def pyplot() -> Any:
    """``matplotlib.pyplot``, or an ImportError that says how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "minitorch_optim.plot draws with matplotlib, which is not installed here: "
            "pip install 'minitorch_optim[plot]'"
        ) from error
    return plt


def canvas(ax: Any, width: float, height: float) -> Any:
    """``ax`` as it is, or the axes of a new figure of so many inches."""
    plt = pyplot()
    return plt.subplots(figsize=(width, height), layout="constrained")[1] if ax is None else ax


def over_steps(ax: Any, ylabel: str) -> None:
    """The look of curves over steps, which are whole numbers."""
    from matplotlib.ticker import MaxNLocator

    ax.set(xlabel="step", ylabel=ylabel)
    if ax.get_xscale() == "linear":
        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1, steps=[1, 2, 2.5, 5, 10]))
    ax.grid(True, color="0.92", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    if not any(len(line.get_xdata()) for line in ax.lines):
        ax.set(xticks=[], yticks=[])
        ax.text(0.5, 0.5, f"no {ylabel} yet", color="0.5", ha="center", va="center", transform=ax.transAxes)
