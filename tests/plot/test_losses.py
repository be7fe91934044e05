"""Curves of losses: what is drawn, on which axis, and what becomes of losses that are not finite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minitorch_optim.autograd import tensor

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from minitorch_optim import plot  # noqa: E402


@pytest.fixture(autouse=True)
def closed() -> Any:
    yield
    matplotlib.pyplot.close("all")


def labels(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_short_run_is_drawn_as_it_is() -> None:
    axes = plot.losses([3.0, 2.0, 2.5])
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[0, 3.0], [1, 2.0], [2, 2.5]]
    assert axes.get_legend() is None and axes.get_yscale() == "linear"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss")


def test_a_long_run_is_pale_under_its_mean() -> None:
    losses = np.random.default_rng(0).random(400) + 1
    raw, smooth = plot.losses(losses).lines
    assert raw.get_ydata().tolist() == losses.tolist() and raw.get_alpha() < 0.5 and smooth.get_alpha() is None
    assert raw.get_color() == smooth.get_color()
    kept = 1 - 40 / 400
    weights = kept ** np.arange(400)[::-1]
    assert smooth.get_ydata()[-1] == pytest.approx((weights * losses).sum() / weights.sum())
    assert smooth.get_ydata()[0] == pytest.approx(losses[0])
    assert np.std(smooth.get_ydata()[50:]) < np.std(losses) / 2


def test_smoothing_is_an_option() -> None:
    assert len(plot.losses([1.0] * 400, smoothing=0).lines) == 1
    raw, smooth = plot.losses([4.0, 2.0, 2.0], smoothing=0.5).lines
    assert smooth.get_ydata().tolist() == pytest.approx([4.0, (4 / 4 + 2 / 2) / 0.75, (4 / 8 + 2 / 4 + 2 / 2) / 0.875])
    for wrong in (1.0, -0.1, math.nan):
        with pytest.raises(ValueError, match=r"smoothing must be in \[0, 1\), got"):
            plot.losses([1.0], smoothing=wrong)


def test_several_runs_by_name_and_tensors() -> None:
    w = tensor(1.0, requires_grad=True)
    axes = plot.losses({"Adam": [w * 2, tensor([1.0])], "SGD": (3, np.float32(2))})
    assert [line.get_ydata().tolist() for line in axes.lines] == [[2.0, 1.0], [3.0, 2.0]]
    assert labels(axes) == ["Adam", "SGD"] and len({line.get_color() for line in axes.lines}) == 2
    assert w.grad is None


def test_losses_measured_now_and_then() -> None:
    axes = plot.losses({"training": [4.0, 3.0, 2.0, 1.0], "held out": {1: 3.5, 3: 1.5}})
    assert axes.lines[1].get_xydata().tolist() == [[1, 3.5], [3, 1.5]]
    assert axes.lines[0].get_marker() == "None" and axes.lines[1].get_marker() == "o"


@pytest.mark.parametrize(
    ("losses", "log", "scale"),
    [
        ([100.0, 1.0], None, "log"),
        ([99.0, 1.0], None, "linear"),
        ([100.0, 0.0], None, "linear"),
        ([100.0, -1.0], None, "linear"),
        ([100.0, math.nan, 1.0], None, "log"),
        ([100.0, 1.0], False, "linear"),
        ([2.0, 1.0], True, "log"),
    ],
)
def test_the_axis_is_logarithmic_over_decades(losses: list[float], log: bool | None, scale: str) -> None:
    assert plot.losses(losses, log=log).get_yscale() == scale


def test_the_first_loss_that_is_not_finite_is_marked() -> None:
    axes = plot.losses({"a": [3.0, 2.0, math.nan, 1.0, math.inf], "b": [1.0, math.inf], "c": [math.nan], "d": [1.0]})
    assert labels(axes) == ["a: NaN at step 2", "b: infinite at step 1", "c: NaN at step 0", "d"]
    crosses = [line for line in axes.lines if line.get_marker() == "X"]
    assert [line.get_xydata().tolist() for line in crosses[:2]] == [[[1, 2.0]], [[0, 1.0]]]
    assert len(crosses) == 3 and crosses[2].get_xdata()[0] == 0
    assert labels(plot.losses([1.0, math.nan])) == ["NaN at step 1"]


def test_means_go_on_after_what_is_not_finite() -> None:
    _, smooth, *_ = plot.losses([2.0, math.nan, 2.0, math.inf, 2.0], smoothing=0.9).lines
    assert smooth.get_ydata().tolist() == pytest.approx([2.0, math.nan, 2.0, math.nan, 2.0], nan_ok=True)


def test_a_run_that_exploded_leaves_the_others_in_sight() -> None:
    exploded = [10.0**i for i in range(30)] + [math.inf]
    axes = plot.losses({"well": [1.0, 0.1], "exploded": exploded})
    assert axes.get_ylim()[1] == 100 and axes.get_ylim()[0] > 1e-3
    (cross,) = [line for line in axes.lines if line.get_marker() == "X"]
    assert cross.get_xydata().tolist() == [[29, 100.0]]
    assert plot.losses({"well": [1.0, 0.1], "up": exploded[:-1]}).get_ylim()[1] > 1e29  # it did not: all of it is shown


def test_into_given_axes_and_of_nothing() -> None:
    _, (first, second) = matplotlib.pyplot.subplots(1, 2)
    assert plot.losses([1.0, 2.0], ax=second) is second and not first.lines
    assert plot.losses({}, ax=first) is first and not first.lines
    assert len(plot.losses([]).lines[0].get_xdata()) == 0


@pytest.mark.parametrize("wrong", [[[1.0], [2.0]], {"a": [1.0, tensor([1.0, 2.0])]}, {"a": 3.0}, "ab", {"a": "bc"}])
def test_what_is_no_sequence_of_losses(wrong: Any) -> None:
    with pytest.raises(TypeError, match="losses: expected"):
        plot.losses(wrong)
    assert not matplotlib.pyplot.get_fignums(), "no empty figure is left"


def test_steps_are_whole_numbers() -> None:
    for n in (2, 3, 4, 5, 30, 1000):
        ticks = plot.losses([1.0] * n).get_xticks()
        assert len(ticks) > 1 and all(float(tick).is_integer() for tick in ticks), n


@pytest.mark.parametrize("nothing", [[], {}, {"a": [], "b": []}])
def test_no_losses_yet(nothing: Any) -> None:
    axes = plot.losses(nothing)
    assert "no loss yet" in [text.get_text() for text in axes.texts]
    assert not list(axes.get_xticks()) and not list(axes.get_yticks())


def test_no_finite_loss_has_no_scale() -> None:
    axes = plot.losses([float("nan")] * 3)
    assert not list(axes.get_yticks()) and list(axes.get_xticks())
