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
