"""Races of optimizers: paths are those of the optimizers, the picture says what happened, nothing is touched."""

from __future__ import annotations

import importlib
import inspect
import math
from typing import Any

import numpy as np
import pytest

from minitorch_optim import optim
from minitorch_optim.autograd import get_rng_state, log, manual_seed, no_grad, randn, tensor
from minitorch_optim.optim import (
    LBFGS,
    SAM,
    SGD,
    Adam,
    Lookahead,
    Muon,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
    ScipyMinimize,
)
from minitorch_optim.testing import functions

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from minitorch_optim import plot  # noqa: E402


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fewer points on the map: the paths are the same. And no figure is left open."""
    module = importlib.import_module("minitorch_optim.plot.trajectories")
    monkeypatch.setattr(module, "COLUMNS", 21)
    monkeypatch.setattr(module, "ROWS", 17)
    yield
    matplotlib.pyplot.close("all")


def bowl(x: Any, y: Any) -> Any:
    return x**2 + 3 * y**2


def paths(axes: Any) -> list[Any]:
    """The points of the lines that have a place in the legend."""
    return [line.get_xydata() for line in axes.lines if not line.get_label().startswith("_")]


def labels(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def marked(axes: Any, label: str) -> list[Any]:
    return [line for line in axes.lines if line.get_label() == label]


def test_paths_are_those_of_the_optimizers() -> None:
    problem = functions.rosenbrock()
    axes = plot.trajectories(
        {"plain": lambda p: SGD(p, lr=0.001), "Adam": lambda p: Adam(p, lr=0.1)}, problem, steps=30
    )
    for i, make in enumerate((lambda p: SGD(p, lr=0.001), lambda p: Adam(p, lr=0.1))):
        x = problem.at_start()
        optimizer, points = make([x]), [x.tolist()]
        for _ in range(30):
            optimizer.zero_grad()
            problem(x).backward()
            optimizer.step()
            points.append(x.tolist())
        assert paths(axes)[i].tolist() == points
        assert labels(axes)[i] == f"{('plain', 'Adam')[i]}: {problem(x).item():.3g}"
    assert axes.lines[0].get_label().startswith("plain") and axes.lines[1].get_label().startswith("Adam")
    assert axes.get_title() == "Rosenbrock, 30 steps"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")


def test_start_ends_and_minima_are_marked() -> None:
    axes = plot.trajectories([lambda p: SGD(p, lr=0.01)], functions.himmelblau(), steps=5)
    (start,), (minima,), (end,) = (marked(axes, label) for label in ("_start", "_minima", "_end"))
    assert start.get_xydata().tolist() == [[0.0, 0.0]] and [text.get_text() for text in axes.texts] == ["start"]
    assert minima.get_xydata().tolist() == [list(m) for m in functions.himmelblau().minimizers]
    assert minima.get_marker() == "*"
    assert end.get_xydata().tolist() == [paths(axes)[0][-1].tolist()] and end.get_marker() == "o"
    for (x, y), low_x, high_x, low_y, high_y in [(m, *axes.get_xlim(), *axes.get_ylim()) for m in minima.get_xydata()]:
        assert low_x < x < high_x and low_y < y < high_y


def test_levels_are_in_equal_ratios_above_the_minimum() -> None:
    axes = plot.trajectories(
        [lambda p: SGD(p, lr=0.01)], lambda x, y: 5 + bowl(x, y), (3, 1), 5, minima=[(0, 0)], levels=9
    )
    for contours in axes.collections:
        above = np.asarray(contours.levels) - 5
        ratios = above[1:] / above[:-1]
        assert len(above) == 9 and ratios == pytest.approx([ratios[0]] * 8) and ratios[0] > 1
    axes = plot.trajectories([lambda p: SGD(p, lr=0.01)], bowl, (3, 1), 5, levels=[1.0, 2.0, 5.0])
    assert [list(contours.levels) for contours in axes.collections] == [[1.0, 2.0, 5.0]] * 2


def test_contours_are_those_of_the_function() -> None:
    axes = plot.trajectories(
        [lambda p: SGD(p, lr=0.01)], bowl, (3, 1), 5, xlim=(-4, 4), ylim=(-2, 2), levels=[1.0, 4.0]
    )
    assert axes.get_xlim() == (-4, 4) and axes.get_ylim() == (-2, 2)
    lines = axes.collections[1].get_paths()
    for line, level in zip(lines, (1.0, 4.0), strict=True):
        points = np.array([vertex for vertex, _ in line.iter_segments()])
        assert bowl(*points[:, -2:].T) == pytest.approx(np.full(len(points), level), rel=0.02)


def test_equal_calls_give_equal_pictures() -> None:
    def noisy(x: Any, y: Any) -> Any:
        return bowl(x, y) + (randn(2, dtype=x.dtype)[0] * x if x.requires_grad else 0)

    manual_seed(1)
    before = get_rng_state().tolist()
    first = plot.trajectories({"a": lambda p: SGD(p, lr=0.05), "b": lambda p: SGD(p, lr=0.05)}, noisy, (2, 1), 20)
    assert get_rng_state().tolist() == before, "the generator is left as it was"
    manual_seed(2)
    second = plot.trajectories({"a": lambda p: SGD(p, lr=0.05)}, noisy, (2, 1), 20)
    assert np.array_equal(paths(first)[0], paths(first)[1]), "all meet the same noise"
    assert np.array_equal(paths(first)[0], paths(second)[0])
    assert not np.array_equal(
        paths(first)[0], paths(plot.trajectories([lambda p: SGD(p, lr=0.05)], bowl, (2, 1), 20))[0]
    )


def test_inside_no_grad_too() -> None:
    with no_grad():
        axes = plot.trajectories([lambda p: SGD(p, lr=0.25)], lambda x, y: x**2 + y**2, (4, 2), 2)
    assert paths(axes)[0].tolist() == [[4.0, 2.0], [2.0, 1.0], [1.0, 0.5]]


OPTIMIZERS = [
    cls
    for cls in (getattr(optim, name) for name in optim.__all__)
    if inspect.isclass(cls) and issubclass(cls, optim.Optimizer) and cls not in (optim.Optimizer, optim.SparseAdam)
]


@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_every_optimizer_can_race(cls: Any) -> None:
    def make(params: Any) -> Any:
        if cls in (Lookahead, SAM):
            return cls(SGD(params, lr=0.05))
        return cls(params) if cls in (LBFGS, ScipyMinimize) else cls(params, lr=0.05)

    axes = plot.trajectories([make], bowl, (2.0, 1.0), 25, shape=(1, 2) if cls is Muon else (2,))
    (points,) = paths(axes)
    assert points[0].tolist() == [2.0, 1.0] and np.isfinite(points).all() and bowl(*points[-1]) < bowl(2.0, 1.0)
    assert labels(axes)[0].startswith(cls.__name__ + "(")


def test_iterations_inside_a_step_are_seen() -> None:
    makers = {
        "L-BFGS": lambda p: LBFGS(p, line_search_fn="strong_wolfe"),
        "CG": lambda p: ScipyMinimize(p, method="CG"),
        "Newton": lambda p: ScipyMinimize(p, method="trust-ncg"),
        "simplex": lambda p: ScipyMinimize(p, method="Nelder-Mead"),
    }
    axes = plot.trajectories(makers, steps=60)
    for points, label in zip(paths(axes), labels(axes), strict=True):
        assert 15 < len(points) <= 61, label
        assert functions.rosenbrock().value_and_gradient(points[-1])[0] < 1e-2, label
    (four,) = paths(plot.trajectories([makers["CG"]], steps=4))
    assert four.tolist() == paths(axes)[1][:5].tolist()
    x = functions.rosenbrock().at_start()  # as when all iterations are made in one step
    optimizer = LBFGS([x], max_iter=4, max_eval=100, line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = functions.rosenbrock()(x)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert paths(axes)[0][4].tolist() == x.tolist()


def test_a_callback_of_ones_own_is_called() -> None:
    seen = []
    factory = lambda p: ScipyMinimize(p, callback=lambda optimizer: seen.append(optimizer))
    axes = plot.trajectories([factory], bowl, (2, 1), 10)
    assert len(seen) == len(paths(axes)[0]) - 1 > 0


@pytest.mark.parametrize("cls", [ScheduleFreeSGD, ScheduleFreeAdamW])
def test_schedule_free_answers_with_the_average(cls: Any) -> None:
    (points,) = paths(plot.trajectories([lambda p: cls(p, lr=0.05)], bowl, (2, 1), 10))
    x = tensor([2.0, 1.0], dtype=np.float64, requires_grad=True)
    optimizer = cls([x], lr=0.05)
    for _ in range(10):
        optimizer.zero_grad()
        bowl(*x).backward()
        optimizer.step()
    optimizer.eval()
    assert points[-1] == pytest.approx(x.tolist(), rel=1e-12)


def test_optimizers_of_ones_own() -> None:
    class Bare:  # neither zero_grad nor a closure
        def __init__(self, params: Any) -> None:
            self.params = params

        def step(self) -> None:
            with no_grad():
                for p in self.params:
                    p -= 0.25 * p.grad

    class Ignores(optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {})

        @no_grad()
        def step(self, closure: Any = None) -> None:
            for p in self.param_groups[0]["params"]:
                p -= 0.25 * p.grad

    axes = plot.trajectories([Bare, Ignores], lambda x, y: x**2 + y**2, (4, 2), 2)
    assert [points.tolist() for points in paths(axes)] == [[[4.0, 2.0], [2.0, 1.0], [1.0, 0.5]]] * 2
    assert labels(axes) == ["Bare: 1.25", "Ignores: 1.25"]


def test_one_evaluation_for_a_step_and_two_for_sam() -> None:
    calls = []

    def counted(x: Any, y: Any) -> Any:
        calls.extend([1] if x.requires_grad else [])
        return bowl(x, y)

    plot.trajectories([lambda p: SGD(p, lr=0.1)], counted, (2, 1), 10)
    assert len(calls) == 10
    plot.trajectories([lambda p: SAM(SGD(p, lr=0.1))], counted, (2, 1), 10)
    assert len(calls) == 30


def test_names_of_those_without() -> None:
    makers = [
        lambda p: SGD(p, lr=0.001),
        lambda p: Lookahead(SGD(p, lr=tensor(0.01), momentum=0.5)),
        lambda p: ScipyMinimize(p, method="CG"),
    ]
    names = [label.rpartition(":")[0] for label in labels(plot.trajectories(makers, steps=1))]
    assert names == ["SGD(lr=0.001)", "Lookahead(SGD(lr=0.01, momentum=0.5))", "ScipyMinimize(CG)"]


def test_a_path_that_leaves_is_cut_at_the_edge() -> None:
    axes = plot.trajectories(
        [lambda p: SGD(p, lr=0.6)], lambda x, y: -(x**2) - 0 * y, (1, 0.5), 30, xlim=(0, 3), ylim=(0, 1)
    )
    (points,) = paths(axes)
    assert points[-1].tolist() == [3.0, 0.5] and points[0].tolist() == [1.0, 0.5] and len(points) == 3
    (end,) = marked(axes, "_end")
    assert end.get_marker() == "X" and labels(axes)[0].endswith("(outside the picture)")


def test_a_path_to_infinity_is_said_to_diverge() -> None:
    with np.errstate(all="raise"):
        axes = plot.trajectories([lambda p: SGD(p, lr=1.0), lambda p: Adam(p, lr=0.1)], steps=50)
    assert labels(axes)[0].startswith("SGD(lr=1): diverged at step ") and labels(axes)[1].startswith("Adam(lr=0.1): ")
    assert int(labels(axes)[0].rpartition(" ")[2]) < 20
    alone = plot.trajectories([lambda p: Adam(p, lr=0.1)], steps=50)
    assert axes.get_xlim() == alone.get_xlim() and axes.get_ylim() == alone.get_ylim()
    assert all(np.isfinite(points).all() for points in paths(axes))
    axes.figure.canvas.draw()


def test_where_the_function_is_not_finite_there_is_no_contour() -> None:
    axes = plot.trajectories(
        [lambda p: SGD(p, lr=0.01)], lambda x, y: x - log(x) + y**2, (2, 1), 40, xlim=(-1, 3), ylim=(-1, 1)
    )
    for contours in axes.collections:
        assert all(path.vertices[:, 0].min() > 0 for path in contours.get_paths() if len(path.vertices))
    axes.figure.canvas.draw()


@pytest.mark.parametrize("function", [lambda x, y: 0 * x * y + 2, lambda x, y: x * math.nan + y])
def test_no_contours_of_what_has_none(function: Any) -> None:
    axes = plot.trajectories([lambda p: SGD(p, lr=0.1)], function, (1, 1), 3)
    assert not axes.collections and len(paths(axes)) == 1
    axes.figure.canvas.draw()


def test_into_given_axes_without_optimizers_or_steps() -> None:
    _, (first, second) = matplotlib.pyplot.subplots(1, 2)
    assert plot.trajectories([], ax=second) is second and not first.lines and second.get_legend() is None
    assert plot.trajectories([lambda p: SGD(p, lr=0.1)], bowl, (1, 1), 0, ax=first) is first
    assert paths(first)[0].tolist() == [[1.0, 1.0]]
    low, high = first.get_xlim()
    assert low < 1 < high


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"optimizers": [Adam([tensor([1.0])])]}, TypeError, r"lambda params: Adam\(params, lr=0.1\); got Adam"),
        ({"optimizers": {"a": 3}}, TypeError, "got int for 'a'"),
        ({"optimizers": [lambda p: None]}, TypeError, r"must return an optimizer, which has step\(\), got None"),
        ({"function": bowl}, ValueError, r"start: expected .* a pair \(x, y\), got None"),
        ({"start": (1, 2, 3)}, ValueError, "start: expected"),
        ({"steps": -1}, ValueError, "steps must be at least 0, got -1"),
        ({"levels": 1}, ValueError, "levels must be at least 2, got 1"),
        ({"xlim": (1, 0)}, ValueError, r"xlim: expected a pair \(low, high\) with low < high, got \(1, 0\)"),
        ({"function": functions.rosenbrock(4)}, ValueError, "Rosenbrock has 4 variables"),
        ({"optimizers": lambda p: SGD(p, lr=0.1)}, TypeError, "a single one goes into a list"),
        ({"function": lambda x, y: 3.0, "start": (1, 1)}, TypeError, "function must give a tensor .*gave float"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        plot.trajectories(**{"optimizers": [lambda p: SGD(p, lr=0.1)], **arguments})
    assert not matplotlib.pyplot.get_fignums(), "no empty figure is left"
