"""Optimizers racing down a valley: their paths over the contours of a function of two variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..testing.functions import Problem, rosenbrock
from .canvas import canvas, pyplot
from .race import Factory, Path, Surface, race

COLUMNS, ROWS = 81, 65  # where the function is evaluated
FINER = 4  # so many times finer is the grid that contours are drawn from
DEEP_TO_HIGH = ("#2f4858", "#4f7486", "#82a5ad", "#b7cdca", "#dfe6da", "#f6f2e4")  # from the valley to the hills
RACERS = ("#ff7a1a", "#d81b60", "#6a3df5", "#00a86b", "#00aeef", "#8d5524", "#b5d600", "#20262b")
INK = "#22313a"

Window = tuple[float, float, float, float]


def trajectories(
    optimizers: Mapping[str, Factory] | Sequence[Factory],
    function: Any = None,
    start: Sequence[float] | None = None,
    steps: int = 100,
    ax: Any = None,
    *,
    minima: Sequence[Sequence[float]] | None = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    levels: int | Sequence[float] = 18,
    shape: tuple[int, ...] = (2,),
) -> Any:
    """Let optimizers race from one start, and draw their paths over the contours of the function.

    The legend tells the value that each reached. A path that leaves the picture is cut at its edge and ends in a cross,
    and the legend says so. Equal calls give equal pictures: if the function draws random numbers from the library, each
    optimizer meets the same ones, and the generator is left as it was.

    Parameters
    ----------
    optimizers : dict of name -> factory, or sequence of factories
        a factory makes an optimizer for a list of one parameter, as ``lambda params: Adam(params, lr=0.1)`` does.
        Without names they are called by class, learning rate and momentum
    function : Problem, or callable f(x, y), optional
        what to minimize: a problem of two variables from ``minitorch_optim.testing.functions``, or a function of two
        tensors of one element (default: ``rosenbrock()``)
    start : (x, y), optional
        where all begin (default: the problem's own start; for a function it must be given)
    steps : int
        how many each takes (default 100)
    ax : matplotlib Axes, optional
        where to draw (default: a new figure)
    minima : sequence of (x, y), optional
        what to mark with stars (default: the problem's minimizers, if they are known)
    xlim, ylim : (low, high), optional
        what to show (default: start, minima and paths, as far as these stay near)
    levels : int or increasing sequence of floats
        how many contours, in equal ratios of the height above the minimum (default 18); or at which values
    shape : tuple of int
        of the parameter: (1, 2) is a matrix, for :class:`~minitorch_optim.optim.Muon` (default (2,))

    Returns
    -------
    matplotlib Axes
        with one line for each optimizer, in their order: its points are the start and those after each step

    Of ``LBFGS`` and ``ScipyMinimize``, whose ``step`` makes many iterations, each iteration is a step here. Of the
    schedule-free optimizers the average is drawn, which is what they answer with.

    >>> from minitorch_optim.optim import SGD
    >>> axes = trajectories([lambda params: SGD(params, lr=0.25)], lambda x, y: x**2 + y**2, start=(4, 2), steps=2)
    >>> axes.lines[0].get_xydata().tolist()
    [[4.0, 2.0], [2.0, 1.0], [1.0, 0.5]]
    >>> axes.get_legend().get_texts()[0].get_text()
    'SGD(lr=0.25): 1.25'
    """
    pyplot()
    function = rosenbrock() if function is None else function
    surface = Surface(function)
    known = function if isinstance(function, Problem) else None
    start = known.start if start is None and known is not None else start
    if start is None or len(start) != 2:
        raise ValueError(f"start: expected where the optimizers begin, a pair (x, y), got {start}")
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}")
    if isinstance(levels, int) and levels < 2:
        raise ValueError(f"levels must be at least 2, got {levels}")
    for name, limits in (("xlim", xlim), ("ylim", ylim)):
        if limits is not None and not limits[0] < limits[1]:
            raise ValueError(f"{name}: expected a pair (low, high) with low < high, got {limits}")
    if minima is None:
        minima = known.minimizers if known is not None else ()
    paths = race(optimizers, surface, (float(start[0]), float(start[1])), steps, shape)

    marked = np.array([start, *minima], float)
    window = _window(marked if len(marked) > 1 else _with_the_best(marked, paths), paths, xlim, ylim)
    values = [surface.at(*point) for point in marked[1:]] + [path.value for path in paths]
    least = min([value for value in values if np.isfinite(value)], default=np.inf)

    ax = canvas(ax, 7, 5)
    _draw_surface(ax, surface, window, least, levels)
    _draw_paths(ax, paths, window)
    _draw_marks(ax, marked, paths)

    ax.set(xlim=window[:2], ylim=window[2:], xlabel="x", ylabel="y")
    ax.set_title(f"{_title(function)}{steps} steps", fontsize="medium")
    if paths:
        width = ax.get_window_extent().width / ax.figure.dpi
        size = min(8.5, 3 + width)  # points: in narrow axes a small legend hides less
        ax.legend(loc="best", fontsize=size, framealpha=0.85, edgecolor="none", borderpad=0.8).set_zorder(10)
    return ax


def _title(function: Any) -> str:
    name = function.name if isinstance(function, Problem) else getattr(function, "__name__", "<lambda>")
    return "" if name == "<lambda>" else f"{name}, "


# -- what to show -------------------------------------------------------------------------------


def _with_the_best(marked: Any, paths: list[Path]) -> Any:
    """Where no minimum is known, the point of the least value stands for it."""
    ends = [path for path in paths if not path.diverged]
    best = [min(ends, key=lambda path: path.value).points[-1]] if ends else []
    return np.array([*marked, *best])


def _window(
    marked: Any, paths: list[Path], xlim: tuple[float, float] | None, ylim: tuple[float, float] | None
) -> Window:
    """The rectangle that holds the marked points and, within its size of it, the paths that do not diverge."""
    low, high = marked.min(axis=0), marked.max(axis=0)
    size = float((high - low).max()) or 1.0
    reach = np.maximum(high - low, 0.5 * size)
    points = np.concatenate([marked, *(path.points for path in paths if not path.diverged)])
    near = points[((points >= low - reach) & (points <= high + reach)).all(axis=1)]
    low, high = near.min(axis=0), near.max(axis=0)
    sides = np.maximum(high - low, 0.5 * (float((high - low).max()) or 1.0))
    low, high = (low + high - 1.25 * sides) / 2, (low + high + 1.25 * sides) / 2
    x = (float(low[0]), float(high[0])) if xlim is None else xlim
    y = (float(low[1]), float(high[1])) if ylim is None else ylim
    return (*x, *y)


# -- drawing ------------------------------------------------------------------------------------


def _draw_surface(ax: Any, surface: Surface, window: Window, least: float, levels: int | Sequence[float]) -> None:
    from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap

    x, y = np.linspace(*window[:2], COLUMNS), np.linspace(*window[2:], ROWS)
    heights = np.array([[surface.at(column, row) for column in x] for row in y])
    values = _levels(heights, least, levels) if isinstance(levels, int) else list(levels)
    if len(values) < 2:  # the function is constant here, or nowhere finite
        return
    x, y, heights = _finer(x, y, heights)
    colors = LinearSegmentedColormap.from_list("deep_to_high", DEEP_TO_HIGH, N=256)
    norm = BoundaryNorm(values, colors.N, extend="both")
    masked = np.ma.masked_invalid(heights)
    ax.contourf(x, y, masked, levels=values, cmap=colors, norm=norm, extend="both")
    ax.contour(x, y, masked, levels=values, colors="white", linewidths=0.5, alpha=0.45)


def _finer(x: Any, y: Any, heights: Any) -> tuple[Any, Any, Any]:
    """The heights on a finer grid, by cubic splines: narrow valleys are smooth then. As they are where some are NaN."""
    from scipy.interpolate import RectBivariateSpline

    if not np.isfinite(heights).all():
        return x, y, heights
    fine_x, fine_y = (np.linspace(axis[0], axis[-1], FINER * (len(axis) - 1) + 1) for axis in (x, y))
    return fine_x, fine_y, RectBivariateSpline(y, x, heights)(fine_y, fine_x)


def _levels(heights: Any, least: float, count: int) -> list[float]:
    """Values whose heights above the least are in equal ratios, from the lowest hundredth of the picture to its top."""
    finite = heights[np.isfinite(heights)]
    least = min([least, *finite.tolist()])
    above = np.sort(finite - least)
    above = above[above > 0]
    if not above.size:
        return []
    low, high = max(above[len(above) // 100], above[-1] * 1e-6), above[-1]
    values = least + np.geomspace(low, high, count) if low < high else np.array([])
    return [float(value) for value in np.unique(values)]


def _draw_paths(ax: Any, paths: list[Path], window: Window) -> None:
    ends = []
    for i, path in enumerate(paths):
        color = RACERS[i % len(RACERS)]
        points, leaves = _cut(path.points, window)
        dots = {"marker": "o", "markersize": 2.4, "markevery": max(1, len(points) // 50)}
        (line,) = ax.plot(*points.T, color=color, linewidth=1.7, zorder=4, label=_label(path, leaves), **dots)
        line.set_path_effects(_halo(3.0))
        ends.append((points[-1], color, "X" if leaves or path.diverged else "o"))
    for end, color, marker in ends:
        style = {"markersize": 9, "markeredgecolor": "white", "markeredgewidth": 1.2, "zorder": 6, "clip_on": False}
        ax.plot(*end, color=color, marker=marker, linestyle="none", label="_end", **style)


def _halo(width: float) -> list[Any]:
    """A white rim, which sets a line or a text off from the contours."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=width, foreground="white", alpha=0.75), Normal()]


def _label(path: Path, leaves: bool) -> str:
    if path.diverged:
        return f"{path.name}: diverged at step {len(path.points)}"
    return f"{path.name}: {path.value:.3g}" + (" (outside the picture)" if leaves else "")


def _cut(points: Any, window: Window) -> tuple[Any, bool]:
    """The points up to where the path leaves the picture for good, and whether it does."""
    low, high = np.array(window[::2]), np.array(window[1::2])
    inside = ((points >= low) & (points <= high)).all(axis=1)
    if inside[-1] or not inside.any():
        return np.clip(points, low - 100 * (high - low), high + 100 * (high - low)), not inside[-1]
    last = int(np.flatnonzero(inside)[-1])
    here, there = points[last], points[last + 1]
    ways = np.where(there > here, high - here, low - here) / np.where(there == here, 1.0, there - here)
    part = min(way for way, moves in zip(ways, there != here) if moves)
    return np.concatenate([points[: last + 1], [here + part * (there - here)]]), True


def _draw_marks(ax: Any, marked: Any, paths: list[Path]) -> None:
    """A ring at the start; stars at the minima, over the ends of the paths that reached them."""
    start, minima = marked[0], marked[1:]
    common = {"linestyle": "none", "markeredgecolor": INK}
    ring = {"marker": "o", "markersize": 9, "color": "white", "markeredgewidth": 1.6, "zorder": 7, "label": "_start"}
    ax.plot(*start, **ring, **common)
    if len(minima):
        ax.plot(*minima.T, marker="*", markersize=15, color="#ffe45c", zorder=8, label="_minima", **common)
    ways = [path.points[min(3, len(path.points) - 1)] - start for path in paths]
    up = sum(way[1] for way in ways) <= 0  # the word goes where the paths do not
    where = {"xytext": (0, 8 if up else -8), "textcoords": "offset points", "annotation_clip": True}
    aligned = {"ha": "center", "va": "bottom" if up else "top"}
    text = ax.annotate("start", start, fontsize="small", color=INK, zorder=9, **where, **aligned)
    text.set_path_effects(_halo(2.5))
