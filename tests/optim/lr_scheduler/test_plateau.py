"""ReduceLROnPlateau against PyTorch where PyTorch is right, and against its definition elsewhere."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from minitorch_optim.autograd import tensor
from minitorch_optim.optim import SGD
from minitorch_optim.optim.lr_scheduler import EPOCH_DEPRECATION_WARNING, LRScheduler, ReduceLROnPlateau


def optimizer(lr: float = 1.0) -> Any:
    return SGD([tensor([1.0], requires_grad=True)], lr=lr)


def reductions(metrics: Any, **options: Any) -> list[float]:
    s = ReduceLROnPlateau(optimizer(), **options)
    trace = []
    for metric in metrics:
        s.step(metric)
        trace.append(s.get_last_lr()[0])
        assert s.get_last_lr() == [s.optimizer.param_groups[0]["lr"]]
    return trace


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_against_pytorch(mode: str, threshold_mode: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    grid = itertools.product((0, 1, 3), (0, 2), (1e-4, 0.3), (0, 0.01), (0.1, 0.5), (1e-8, 0.02))
    for patience, cooldown, threshold, min_lr, factor, eps in grid:
        options = {
            "mode": mode, "threshold_mode": threshold_mode, "patience": patience, "cooldown": cooldown,
            "threshold": threshold, "min_lr": min_lr, "factor": factor, "eps": eps,
        }  # fmt: skip
        metrics = rng.normal(3, 1, 60).round(1).clip(0.1).tolist()
        metrics[20] = math.nan
        theirs = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0)
        other = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
        expected = []
        for metric in metrics:
            other.step(metric)
            expected.append(theirs.param_groups[0]["lr"])
        assert reductions(metrics, **options) == expected, options


def test_patience() -> None:
    assert reductions([1.0] * 8, patience=2) == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_negative_metrics() -> None:
    """A log-likelihood that gets worse by less than the threshold is not better."""
    assert reductions([-1.0, -0.99, -0.98, -0.97], patience=1, threshold=0.1)[-1] < 1
    assert reductions([-1.0, -1.2, -1.5, -2.0], patience=0, threshold=0.1)[-1] == 1
    assert reductions([-1.0, -1.05, -1.09], patience=0, threshold=0.1)[-1] < 1
    assert reductions([-1.0, -0.8, -0.5], patience=0, threshold=0.1, mode="max")[-1] == 1
    assert reductions([-1.0, -1.05, -1.1], patience=1, threshold=0.1, mode="max")[-1] < 1


def test_nan_is_bad_and_never_the_best() -> None:
    nan = math.nan
    assert reductions([nan, nan, nan], patience=1) == [1, 0.1, 0.1]
    assert reductions([nan, 5.0, 4.0, nan, 3.0], patience=1) == [1] * 5
    assert reductions([math.inf, math.inf, 1.0], patience=1) == [1, 0.1, 0.1]


def test_a_metric_may_be_a_tensor_that_requires_grad() -> None:
    x = tensor(2.0, requires_grad=True)
    assert reductions([x * 1, x * 1, x * 1], patience=1) == pytest.approx([1, 1, 0.1])


def test_min_lr_by_group_and_for_groups_added_later() -> None:
    two = [{"params": [tensor([1.0])]}, {"params": [tensor([1.0])], "lr": 0.5}]
    o = SGD(two, lr=1.0)
    s = ReduceLROnPlateau(o, patience=0, min_lr=[0.3, 0.1], factor=0.5)
    for _ in range(6):
        s.step(1.0)
    assert s.get_last_lr() == [0.3, 0.1]
    o.add_param_group({"params": [tensor([1.0])], "lr": 1.0})
    with pytest.raises(RuntimeError, match="differs from when `ReduceLROnPlateau` was initialized"):
        s.step(1.0)
    s.min_lrs.append(0.9)
    s.step(1.0)
    assert s.get_last_lr() == [0.3, 0.1, 0.9]

    o = optimizer()
    s = ReduceLROnPlateau(o, patience=0, factor=0.5, min_lr=0.4)
    s.step(1.0)
    o.add_param_group({"params": [tensor([1.0])], "lr": 2.0})
    s.step(1.0)
    assert s.get_last_lr() == [0.5, 1.0]


def test_interface() -> None:
    lr = tensor(1.0)
    o = SGD([tensor([1.0])], lr=lr)
    s = ReduceLROnPlateau(o, patience=0)
    assert isinstance(s, LRScheduler) and s.get_last_lr() == [1.0] and s.last_epoch == 0
    s.step(1.0)
    with pytest.warns(UserWarning) as caught:
        s.step(1.0, 7)
    assert [str(w.message) for w in caught] == [EPOCH_DEPRECATION_WARNING]
    assert s.last_epoch == 7 and o.param_groups[0]["lr"] is lr and lr.item() == pytest.approx(0.1)
    for question in (lambda: s.at(3), lambda: s.preview(3)):
        with pytest.raises(RuntimeError, match="metrics"):
            question()


def test_verbose(capsys: Any) -> None:
    reductions([1.0, 1.0], patience=0, verbose=True)
    assert capsys.readouterr().out == "Epoch     2: reducing learning rate of group 0 to 1.0000e-01.\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factor": 1.0}, "Factor should be < 1.0"),
        ({"factor": -0.1}, "Expected non-negative factor, but got -0.1"),
        ({"mode": "up"}, "mode up is unknown!"),
        ({"threshold_mode": "x"}, "threshold mode x is unknown!"),
        ({"min_lr": [1, 2]}, "expected 1 min_lrs, got 2"),
        ({"min_lr": -1}, "Expected non-negative min_lr, but got -1"),
        ({"patience": -1}, "Expected integer patience >= 0, but got -1"),
        ({"cooldown": 0.5}, "Expected integer cooldown >= 0, but got 0.5"),
        ({"eps": -1}, "Expected non-negative eps, but got -1"),
        ({"threshold": math.nan}, "Expected non-negative threshold, but got nan"),
    ],
)
def test_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ReduceLROnPlateau(optimizer(), **options)
