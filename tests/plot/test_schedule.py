"""Pictures show the numbers that they are drawn from."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from minitorch_optim.autograd import tensor
from minitorch_optim.optim import SGD
from minitorch_optim.optim import lr_scheduler as L

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from minitorch_optim import plot  # noqa: E402


@pytest.fixture(autouse=True)
def closed() -> Any:
    yield
    matplotlib.pyplot.close("all")


def optimizer() -> Any:
    return SGD([{"params": [tensor([1.0])]}, {"params": [tensor([2.0])], "lr": 0.3}], lr=0.1, momentum=0.9)


def test_a_schedule_for_each_group() -> None:
    s = L.ExponentialLR(optimizer(), 0.9)
    s.optimizer.step()
    s.step()
    before = json.dumps(s.state_dict())
    axes = plot.schedule(s, 20)
    assert [list(line.get_xdata()) for line in axes.lines] == [list(range(1, 21))] * 2
    assert [list(line.get_ydata()) for line in axes.lines] == [list(lrs) for lrs in zip(*s.preview(20))]
    assert axes.get_xlabel() == "step" and axes.get_ylabel() == "learning rate"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["group 0", "group 1"]
    assert axes.figure.axes == [axes] and json.dumps(s.state_dict()) == before


def test_momentum_that_is_cycled() -> None:
    s = L.OneCycleLR(optimizer(), 1.0, 30)
    axes = plot.schedule(s, 30)
    left, right = axes.figure.axes
    assert left is axes and right.get_ylabel().startswith("momentum")
    assert list(right.lines[0].get_ydata()) == pytest.approx([s.momentum(t) for t in range(30)])


def test_into_given_axes_and_of_nothing() -> None:
    _, (first, second) = matplotlib.pyplot.subplots(1, 2)
    assert plot.schedule(L.StepLR(optimizer(), 3), 5, ax=second) is second and not first.lines
    assert plot.schedule(L.StepLR(optimizer(), 3), 0, ax=first) is first and not first.lines


def test_no_picture_of_what_depends_on_metrics() -> None:
    with pytest.raises(RuntimeError, match="metrics"):
        plot.schedule(L.ReduceLROnPlateau(optimizer()), 10)


def test_the_page_of_schedules_is_that_of_the_code(tmp_path: Path) -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    runpy.run_path(str(docs / "make_schedule_pictures.py"))["main"](tmp_path)
    page = (tmp_path / "schedules.md").read_text(encoding="utf-8")
    assert page == (docs / "schedules.md").read_text(encoding="utf-8"), "run docs/make_schedule_pictures.py"
    pictures = sorted(path.name for path in (docs / "pictures" / "schedules").iterdir())
    assert pictures == sorted(path.name for path in (tmp_path / "pictures" / "schedules").iterdir())
    assert all(f"pictures/schedules/{name}" in page for name in pictures)


def test_what_is_no_schedule_is_refused() -> None:
    with pytest.raises(TypeError, match=r"was given SGD: make one first, as in StepLR\(optimizer"):
        plot.schedule(optimizer(), 5)
    with pytest.raises(RuntimeError, match=r"follows from metrics.* scheduler.get_last_lr\(\)"):
        plot.schedule(L.ReduceLROnPlateau(optimizer()), 5)


def test_a_single_step_is_a_point_and_none_is_said() -> None:
    one = plot.schedule(L.StepLR(optimizer(), 3), 1)
    assert [line.get_marker() for line in one.lines] == ["o", "o"]
    assert [tick for tick in one.get_xticks() if -0.05 <= tick <= 0.05] == [0]
    none = plot.schedule(L.StepLR(optimizer(), 3), 0)
    assert [text.get_text() for text in none.texts] == ["no learning rate yet"]
    assert not none.lines
