"""Every schedule, alone and in pairs, against PyTorch over many steps; and the right value where PyTorch's is not."""

from __future__ import annotations

import itertools
import math
import random
import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest

from minitorch_optim.autograd import tensor
from minitorch_optim.optim import SGD, Adam
from minitorch_optim.optim import lr_scheduler as L

torch = pytest.importorskip("torch")
from torch.optim import lr_scheduler as T  # noqa: E402

CASES = runpy.run_path(str(Path(__file__).with_name("cases.py")))
SCHEDULES, COMPOSITES = CASES["SCHEDULES"], CASES["COMPOSITES"]
pytestmark = pytest.mark.filterwarnings("ignore")


def ours(lr: Any = 0.1, kind: str = "SGD") -> Any:
    make = {"SGD": SGD, "Adam": Adam}[kind]
    return make([tensor([1.0], requires_grad=True)], lr=lr, **({"momentum": 0.9} if kind == "SGD" else {}))


def theirs(lr: Any = 0.1, kind: str = "SGD") -> Any:
    make = getattr(torch.optim, kind)
    return make([torch.ones(1, requires_grad=True)], lr=lr, **({"momentum": 0.9} if kind == "SGD" else {}))


def close(a: float, b: float) -> bool:
    """Within 1e-12 relative; where values cancel to nothing, within 1e-17."""
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-17)


def compare(makes: list[Any], steps: int, kind: str = "SGD", disturb: Any = None, only_lr: bool = False) -> None:
    a, b = ours(kind=kind), theirs(kind=kind)
    mine, others = [make(L, a) for make in makes], [make(T, b) for make in makes]
    for t in range(steps):
        x, y = a.param_groups[0], b.param_groups[0]
        assert close(x["lr"], y["lr"]), (t, x["lr"], y["lr"])
        x, y = (g["momentum"] if kind == "SGD" else g["betas"][0] for g in (x, y))
        assert close(x, y) or only_lr, (t, x, y)
        if t < steps - 1:
            if disturb is not None:
                disturb(t, a.param_groups[0])
                disturb(t, b.param_groups[0])
            for scheduler in (*mine, *others):
                scheduler.step()
    assert [float(lr) for lr in mine[-1].get_last_lr()] == [group["lr"] for group in a.param_groups]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_thousand_steps(name: str) -> None:
    compare([SCHEDULES[name]], 1000)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name.startswith(("CyclicLR", "OneCycleLR"))])
def test_the_momentum_of_adam_is_cycled(name: str) -> None:
    compare([SCHEDULES[name]], 100, "Adam")


# One or two of each kind; CyclicLR only as the first: as the second, PyTorch takes the optimizer's lr for its base.
REPRESENTATIVES = [
    next(name for name in SCHEDULES if name.startswith(start))
    for start in (
        "StepLR(step_size=3", "MultiStepLR(milestones=[0", "ExponentialLR", "ConstantLR", "LinearLR(start_factor=0.1",
        "PolynomialLR(total_iters=40", "CosineAnnealingLR(T_max=7", "CosineAnnealingLR(T_max=50", "MultiplicativeLR",
        "LambdaLR", "CosineAnnealingWarmRestarts(T_0=5", "CyclicLR", "OneCycleLR",
    )
]  # fmt: skip


@pytest.mark.parametrize("first", REPRESENTATIVES)
def test_pairs(first: str) -> None:
    for second in REPRESENTATIVES:
        if second != first and not second.startswith("CyclicLR"):
            compare([SCHEDULES[first], SCHEDULES[second]], 200)


def test_a_pair_over_a_thousand_steps() -> None:
    chainable = [name for name in REPRESENTATIVES if name in CASES["CHAINABLE"]]
    for first, second in itertools.combinations(chainable, 2):
        compare([SCHEDULES[first], SCHEDULES[second]], 1000)


@pytest.mark.parametrize("name", SCHEDULES)
def test_changes_of_the_lr_by_hand(name: str) -> None:
    def disturb(t: int, group: dict[str, Any]) -> None:
        if t % 17 == 5:
            group["lr"] *= random.Random(t).uniform(0.5, 1.5)

    compare([SCHEDULES[name]], 200, disturb=disturb)


@pytest.mark.parametrize("name", ["warmup_then_decay", "together"])
def test_composites(name: str) -> None:
    compare([COMPOSITES[name]], 300)


@pytest.mark.parametrize("second", REPRESENTATIVES)
def test_one_after_the_other(second: str) -> None:
    for first in REPRESENTATIVES:
        # OneCycleLR as the second would, in PyTorch, change the base of the first.
        if "OneCycleLR" not in second:
            # Its constructors leave their momentum behind, too.
            compare([lambda M, o, a=first: M.SequentialLR(o, [SCHEDULES[a](M, o), SCHEDULES[second](M, o)], [9])], 60,
                    only_lr=True)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in SCHEDULES if not name.startswith("OneCycleLR(max_lr=0.5, total")])
def test_named_epochs(name: str) -> None:
    a, b = ours(), theirs()
    mine, other = SCHEDULES[name](L, a), SCHEDULES[name](T, b)
    for epoch in (3, 0, 17, 18, 5, 60, 59, 1, 201):
        mine.step(epoch)
        other.step(epoch)
        assert close(a.param_groups[0]["lr"], b.param_groups[0]["lr"]), epoch
        assert mine.last_epoch == other.last_epoch
        mine.step()
        other.step()
        if (
            "Cosine" not in name
        ):  # from a named epoch PyTorch's recursion goes on where the closed form is at its bottom
            assert close(a.param_groups[0]["lr"], b.param_groups[0]["lr"]), epoch


def test_warm_restarts_at_fractions_of_an_epoch() -> None:
    a, b = ours(), theirs()
    mine, other = (M.CosineAnnealingWarmRestarts(o, 3, 2, 0.001) for M, o in ((L, a), (T, b)))
    rng = random.Random(0)
    for _ in range(300):
        epoch = rng.choice([None, rng.uniform(0, 100), rng.randrange(100)])
        mine.step(epoch)
        other.step(epoch)
        assert math.isclose(a.param_groups[0]["lr"], b.param_groups[0]["lr"], rel_tol=1e-9), epoch
        assert mine.last_epoch == other.last_epoch and mine.T_i == other.T_i


def test_a_tensor_is_filled_in_place_and_rounds_nothing_twice() -> None:
    for name, make in SCHEDULES.items():
        lr = tensor(0.1)
        o = SGD([tensor([1.0], requires_grad=True)], lr=lr, momentum=0.9)
        s = make(L, o)
        for t in range(1, 120):
            s.step()
            assert o.param_groups[0]["lr"] is lr
            if not name.startswith("MultiplicativeLR"):  # which has no closed form to come back to
                assert lr.item() == tensor(s.at(t)[0]).item() == s.get_last_lr()[0]
        assert float(o.param_groups[0]["initial_lr"]) == s.base_lrs[0]


# -- where PyTorch is wrong -----------------------------------------------------------------------


def run(s: Any, n: int) -> list[float]:
    return [lr[0] for lr in s.preview(n)]


def test_a_ramp_of_no_steps_is_over_at_once() -> None:
    assert run(L.ConstantLR(ours(), 0.5, 0), 3) == [0.1] * 3
    assert run(L.LinearLR(ours(), 0.5, 0.25, 0), 3) == [0.025] * 3


def test_a_constant_of_zero_ends() -> None:
    assert run(L.ConstantLR(ours(), 0.0, 2), 4) == [0.0, 0.0, 0.1, 0.1]


@pytest.mark.parametrize(("T_0", "T_mult", "epoch"), [(5, 3, 605), (4, 10, 444)])
def test_warm_restarts_are_counted_exactly(T_0: int, T_mult: int, epoch: int) -> None:
    s = L.CosineAnnealingWarmRestarts(ours(), T_0, T_mult)
    assert s.at(epoch) == [0.1] and s.at(epoch - 1)[0] < 0.001
    s.step(epoch)
    assert s.get_last_lr() == [0.1] and s.T_cur == 0
    stepped = L.CosineAnnealingWarmRestarts(ours(), T_0, T_mult)
    for _ in range(epoch):
        stepped.step()
    assert stepped.get_last_lr() == [0.1] and stepped.T_i == s.T_i


def test_cyclic_lr_has_its_own_base_after_other_schedules() -> None:
    o = ours()
    L.ExponentialLR(o, 0.9)
    s = L.CyclicLR(o, base_lr=0.02, max_lr=0.5, step_size_up=4)
    assert s.base_lrs == [0.02] and run(s, 9)[::4] == [0.02, 0.5, 0.02]
    o = ours()
    parts = [L.ConstantLR(o, 0.5, 2), L.OneCycleLR(o, 0.3, 10)]
    assert run(L.SequentialLR(o, parts, [4]), 5) == [0.05, 0.05, 0.1, 0.1, 0.3 / 25]


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("three_phase", [False, True])
def test_one_cycle_ends_at_its_last_step(strategy: str, three_phase: bool) -> None:
    o = ours()
    s = L.OneCycleLR(o, 1.0, 10, anneal_strategy=strategy, three_phase=three_phase)
    trace = run(s, 11)
    assert trace[9] == pytest.approx(1 / 25 / 1e4, rel=1e-9) and trace[10] == trace[9]
    for _ in range(10):
        s.step()
    assert s.get_last_lr() == [trace[9]] and o.param_groups[0]["momentum"] == pytest.approx(0.95)
    with pytest.raises(ValueError, match="Tried to step 11 times. The specified number of total steps is 10"):
        s.step()
    assert s.last_epoch == 10 and s.get_last_lr() == [trace[9]]


def test_one_cycle_with_a_phase_of_no_steps() -> None:
    assert run(L.OneCycleLR(ours(), 1.0, 10, pct_start=0.1), 2)[0] == 1.0
    for pct_start in (0, 0.01, 0.09, 0.1, 0.11, 1):
        values = run(L.OneCycleLR(ours(), 1.0, 10, pct_start=pct_start, anneal_strategy="linear"), 10)
        assert all(0 < value <= 1 for value in values)


def test_a_momentum_that_is_off_stays_off() -> None:
    for make in (lambda o, **k: L.CyclicLR(o, 0.1, 1.0, 3, **k), lambda o, **k: L.OneCycleLR(o, 1.0, 10, **k)):
        o = SGD([{"params": [tensor([1.0])]}, {"params": [tensor([1.0])], "momentum": 0.5}], lr=0.1)
        s = make(o)
        for _ in range(6):
            s.step()
        assert o.param_groups[0]["momentum"] == 0 and o.param_groups[1]["momentum"] > 0.5
        o.param_groups[0]["momentum"] = 0.3  # switched on by hand: not the schedule's business either
        s.step()
        assert o.param_groups[0]["momentum"] == 0.3
        o = SGD([tensor([1.0])], lr=0.1)
        make(o, base_momentum=0.2, max_momentum=0.6)  # asked for
        assert o.param_groups[0]["momentum"] == 0.6
        adam = Adam([tensor([1.0])], betas=(0.0, 0.9))
        make(adam)
        assert adam.param_groups[0]["betas"] == (0.0, 0.9)


def test_a_later_schedule_starts_from_the_lr_of_its_time() -> None:
    o = ours(lr=1.0)
    first = L.StepLR(o, 1, 0.1)
    for _ in range(2):
        o.step()
        first.step()
    second = L.LambdaLR(o, lambda t: 1 / (1 + t))
    assert o.param_groups[0]["lr"] == pytest.approx(0.01) and second.base_lrs == [o.param_groups[0]["initial_lr"]]
    assert run(second, 2) == pytest.approx([0.01, 0.005])
    o.param_groups[0]["lr"] = 0.5
    assert L.ExponentialLR(o, 0.9).base_lrs == [0.5]


def test_schedules_constructed_together_share_their_base() -> None:
    o = ours()
    schedules = [L.ConstantLR(o, 0.5, 3), L.LinearLR(o, 0.25, total_iters=3), L.CosineAnnealingLR(o, 5)]
    assert [s.base_lrs for s in schedules] == [[0.1]] * 3 and o.param_groups[0]["lr"] == pytest.approx(0.1 / 8)
    for _ in range(3):
        for s in schedules:
            s.step()
    assert o.param_groups[0]["lr"] == pytest.approx(0.1 * (1 + math.cos(math.pi * 3 / 5)) / 2, rel=1e-14)


@pytest.mark.parametrize("name", [*CASES["CHAINABLE"], *CASES["ABSOLUTE"], *CASES["BEYOND"]])
def test_left_alone_a_schedule_is_on_its_curve_to_the_bit(name: str) -> None:
    o = ours()
    s = {**SCHEDULES, **CASES["BEYOND"]}[name](L, o)
    curve = [s.at(t) for t in range(200)]
    assert s.preview(200) == curve
    for t in range(200):
        assert s.get_last_lr() == curve[t] == [s.value(t, s.base_lrs[0])] == [o.param_groups[0]["lr"]]
        s.step()


def test_nested_composites_take_local_steps() -> None:
    o = ours(lr=1.0)
    inner = L.SequentialLR(o, [L.ConstantLR(o, 0.25, 10), L.ExponentialLR(o, 0.5)], [2])
    assert o.param_groups[0]["lr"] == 0.25
    s = L.SequentialLR(o, [L.ConstantLR(o, 0.5, 10), inner], [3])
    assert run(s, 8) == [0.5] * 3 + [0.25] * 2 + [1.0, 0.5, 0.25]
    o = ours(lr=1.0)
    chain = L.ChainedScheduler([L.ConstantLR(o, 0.5, 2), L.ExponentialLR(o, 0.5)])
    s = L.SequentialLR(o, [L.LinearLR(o, 0.5, total_iters=2), chain], [3])
    assert run(s, 7) == [0.5, 0.75, 1.0, 0.5, 0.25, 0.25, 0.125]
    assert run(s, 7) == [lr for t in range(7) for lr in s.at(t)]
    o = ours(lr=1.0)
    first = L.ExponentialLR(o, 0.5)
    second = L.ConstantLR(o, 0.5, 2)
    s = L.SequentialLR(o, [L.ConstantLR(o, 0.25, 2), L.StepLR(o, 2)], [3])  # undoes its own parts, not the others
    assert o.param_groups[0]["lr"] == 0.125
    assert run(L.ChainedScheduler([first, second, s]), 3) == [0.125, 0.0625, 0.25]


def test_constructors_have_no_side_effects() -> None:
    o = ours()
    parts = [L.LinearLR(o, 0.5, total_iters=2), L.CyclicLR(o, 0.01, 0.02, 3), L.OneCycleLR(o, 0.3, 10)]
    L.SequentialLR(o, parts, [3, 9])
    assert o.param_groups[0]["lr"] == 0.05 and o.param_groups[0]["momentum"] == 0.9
    adam = ours(kind="Adam")
    L.SequentialLR(adam, [L.ConstantLR(adam, 1.0), L.OneCycleLR(adam, 0.3, 10)], [3])
    assert adam.param_groups[0]["betas"] == (0.9, 0.999)


def test_stepping_in_pytorch_and_here_warns_alike() -> None:
    for M, o in ((L, ours()), (T, theirs())):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            s = M.SequentialLR(o, [M.LinearLR(o), M.ExponentialLR(o, 0.9)], [2])
            o.step()
            for _ in range(6):
                s.step()
        assert [w for w in caught if "how-to-adjust" in str(w.message)] == []
