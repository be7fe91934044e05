"""A plan written down as one function does what the plan does, whatever happens between two steps."""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim.autograd.tensor import new_tensor
from minitorch_optim.optim import driver, formula
from minitorch_optim.optim.straight import WORTH_WRITING, Writer

SHAPES = [(40, 50), (3,), (), (7, 2)]  # the first is stepped by itself, the others are gathered
KINDS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda params: torch.optim.SGD(params, lr=0.1),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda params: torch.optim.Adam(params, lr=0.01, amsgrad=True),
    "adamw": lambda params: torch.optim.AdamW(params, lr=0.01, weight_decay=0.1),
    "nadam": lambda params: torch.optim.NAdam(params, lr=0.01),
    "radam": lambda params: torch.optim.RAdam(params, lr=0.01),
    "rprop": lambda params: torch.optim.Rprop(params, lr=0.01),
    "rmsprop": lambda params: torch.optim.RMSprop(params, lr=0.01, centered=True, momentum=0.5),
    "asgd": lambda params: torch.optim.ASGD(params, lr=0.01),
    "adadelta": lambda params: torch.optim.Adadelta(params),
    "groups": lambda params: torch.optim.Adam([{"params": params[:2], "lr": 0.1}, {"params": params[2:]}], lr=0.01),
}
STEPS = 2 * WORTH_WRITING + 2  # RAdam does something else from the sixth step on, and is written after some more


class Side:
    """An optimizer with its parameters; its gradients are the same as those of another side."""

    def __init__(self, kind: str) -> None:
        rng = np.random.default_rng(0)
        self.params = [new_tensor(rng.standard_normal(shape).astype(np.float32), True) for shape in SHAPES]
        self.optimizer = KINDS[kind](self.params)
        self.rng = np.random.default_rng(1)
        self.clear = False

    def step(self, **options: Any) -> None:
        for p in self.params:
            g = self.rng.standard_normal(p.shape).astype(np.float32)
            p.grad = new_tensor(g) if p.requires_grad else None
        self.optimizer.step(**options)

    def numbers(self) -> list[Any]:
        state = self.optimizer.state_dict()["state"]
        held = [value for entry in state.values() for value in entry.values() if isinstance(value, torch.Tensor)]
        return [t.detach().numpy().copy() for t in (*self.params, *held)] + [p._version[0] for p in self.params]


def set_lr(side: Side) -> None:
    side.optimizer.param_groups[0]["lr"] = 0.5


def set_lr_to_a_tensor(side: Side) -> None:
    side.optimizer.param_groups[0]["lr"] = torch.tensor(0.25)


def other_memory(side: Side) -> None:
    side.params[1].data = torch.tensor([1.0, 2.0, 3.0])


def values_in_place(side: Side) -> None:
    with torch.no_grad():
        side.params[0].fill_(0.5)


def other_state(side: Side) -> None:
    for entry in side.optimizer.state.values():
        for name, value in entry.items():
            if isinstance(value, torch.Tensor) and value.ndim:
                entry[name] = value * 2


def other_entry(side: Side) -> None:
    for p, entry in list(side.optimizer.state.items()):
        side.optimizer.state[p] = {name: torch.zeros_like(value) if isinstance(value, torch.Tensor) and value.ndim
                                   else value for name, value in entry.items()}  # fmt: skip


def no_entry(side: Side) -> None:
    side.optimizer.state.pop(side.params[1], None)


def without_a_state(side: Side) -> None:
    for entry in side.optimizer.state.values():
        for name in [name for name, value in entry.items() if isinstance(value, torch.Tensor) and value.ndim][:1]:
            del entry[name]


def other_count(side: Side) -> None:
    for entry in side.optimizer.state.values():
        if isinstance(entry.get("step"), torch.Tensor):
            entry["step"].fill_(100.0)


def loaded(side: Side) -> None:
    side.optimizer.load_state_dict(copy.deepcopy(side.optimizer.state_dict()))


def one_more(side: Side) -> None:
    p = new_tensor(np.ones(5, np.float32), True)
    side.params.append(p)
    side.optimizer.param_groups[0]["params"].append(p)


def one_less(side: Side) -> None:
    side.optimizer.param_groups[0]["params"].pop()


def another_group(side: Side) -> None:
    p = new_tensor(np.ones(5, np.float32), True)
    side.params.append(p)
    side.optimizer.add_param_group({"params": [p], "lr": 0.125})


def frozen(side: Side) -> None:
    side.params[1].requires_grad_(False)


def maximized(side: Side) -> None:
    side.optimizer.param_groups[0]["maximize"] = True


def hooked(side: Side) -> None:
    def halve(optimizer: Any, args: Any, kwargs: Any) -> None:
        for p in side.params:
            p.grad._array *= 0.5  # type: ignore[union-attr]

    side.optimizer.register_step_pre_hook(halve)


def nothing(side: Side) -> None:
    pass


HAPPENINGS = [
    nothing, set_lr, set_lr_to_a_tensor, other_memory, values_in_place, other_state, other_entry, no_entry,
    without_a_state, other_count, loaded, one_more, one_less, another_group, frozen, maximized, hooked,
]  # fmt: skip


@pytest.fixture
def sides(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], tuple[Side, Side]]]:
    """Two of a kind after some steps; plans of the first are written down, those of the second are not."""

    def make(kind: str) -> tuple[Side, Side]:
        written, loose = Side(kind), Side(kind)
        for _ in range(STEPS):
            written.step()
        assert all(plan.straight is not None for plan in written.optimizer._plans.values())
        monkeypatch.setattr(driver, "WORTH_WRITING", -1)
        for _ in range(STEPS):
            loose.step()
        assert all(plan.straight is None for plan in loose.optimizer._plans.values())
        same(written, loose)
        return written, loose

    yield make


def same(a: Side, b: Side) -> None:
    for mine, its in zip(a.numbers(), b.numbers(), strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt")  # RMSprop with half of its state
@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_happens_between_two_steps(kind: str, happening: Callable[[Side], None], sides: Any) -> None:
    written, loose = sides(kind)
    for side in (written, loose):
        happening(side)
        for _ in range(3):
            side.step()
    same(written, loose)


def test_it_is_written_again_for_other_options() -> None:
    side = Side("adam")
    for lr in (0.1, 0.2):
        side.optimizer.param_groups[0]["lr"] = lr
        for _ in range(WORTH_WRITING + 1):
            side.step()
        (plan,) = side.optimizer._plans.values()
        assert plan.straight is not None
        assert ("lr_now" in plan.straight.__code__.co_varnames) is (lr == 0.2)  # it has changed once, and may again
        assert ("lr_now = group['lr']" in Writer(plan, side.optimizer).source()) is (lr == 0.2)


def schedule(side: Side, kind: str, t: int) -> None:
    """Change options in every step, as schedules do; now and then by a value of another kind."""
    for group in side.optimizer.param_groups:
        for name in {"lr", "momentum", "betas", "weight_decay", "alpha", "rho"} & group.keys():
            value = group[name]
            if type(value) is tuple:
                group[name] = tuple(0.5 + (beta - 0.5) * 0.99 for beta in value)
            elif value and type(value) is float:
                group[name] = value * (0.9 + 0.01 * (t % 7))
        if t == 11:
            group["lr"] = np.float64(0.03)
        if t == 13:
            group["lr"] = 1
        if t == 15:
            group["lr"] = 0.0
        if t == 16:
            group["lr"] = 0.02
        if "betas" in group and t == 18:
            group["betas"] = [0.8, 0.9]
        if "momentum" in group and t == 20:
            group["momentum"] = 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_options_that_change_in_every_step(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By formulas, as numbers that are recorded anew, and by the rule itself: all the same, to the bit."""
    sides = followed, recorded, called = Side(kind), Side(kind), Side(kind)
    for t in range(24):
        for side in sides:
            schedule(side, kind, t)
        followed.step()
        with monkeypatch.context() as patch:
            patch.setattr(formula, "_can_move", lambda value: False)
            patch.setattr(driver, "WORTH_WRITING", -1)
            recorded.step()
        before = sys.gettrace()
        sys.settrace(lambda *_: None)
        try:
            called.step()
        finally:
            sys.settrace(before)
        same(followed, recorded)
        same(followed, called)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"rprop"}))  # whose sizes of steps are its state
def test_a_schedule_is_followed_without_writing_anew(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(kind)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        side.optimizer, max_lr=0.1, total_steps=100, cycle_momentum=kind not in ("rmsprop", "adadelta", "sgd", "asgd")
    )
    for _ in range(STEPS):
        side.step(), scheduler.step()
    before = [plan.straight for plan in side.optimizer._plans.values()]
    side.step(), scheduler.step()
    side.step()
    assert None not in before and [plan.straight for plan in side.optimizer._plans.values()] == before


class Deciding(torch.optim.Optimizer):
    """Large learning rates are halved, small ones rooted: the one is a question, the other no formula can say."""

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, {"lr": lr, "asked": True})

    @staticmethod
    def rule(p: Any, g: Any, *, lr: float, asked: bool) -> tuple[Any, ...]:
        if asked:
            return (p - (lr / 2 if lr > 0.5 else lr) * g,)
        return (p - math.sqrt(lr) * g,)


@pytest.mark.parametrize("asked", [True, False])
def test_rules_that_decide_by_the_learning_rate(asked: bool) -> None:
    p = new_tensor(np.zeros(3, np.float32), True)
    optimizer = Deciding([p], lr=0.25)
    optimizer.param_groups[0]["asked"] = asked
    expected = np.zeros(3, np.float32)
    for t in range(60):
        lr = (1.0 if t // 10 % 2 else 0.25) * 1.01**t
        optimizer.param_groups[0]["lr"] = lr
        p.grad = new_tensor(np.array([1.0, 2.0, t], np.float32))
        optimizer.step()
        expected = expected - ((lr / 2 if lr > 0.5 else lr) if asked else math.sqrt(lr)) * p.grad.numpy()
        np.testing.assert_array_equal(p.detach().numpy(), expected)
        if t % 10 in (0, 9):  # it has just been recorded anew, or has held for a while
            assert (optimizer._plans[0].straight is not None) is (asked and t % 10 == 9)


def test_parameters_that_are_at_different_steps_decide_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last began later, so it is asked about another number; where it decides anew, the others have not stepped."""
    sides = Side("radam"), Side("radam")
    for t in range(30):
        for side, written in zip(sides, (True, False)):
            monkeypatch.setattr(driver, "WORTH_WRITING", 2 if written else -1)
            side.params[3].requires_grad_(t >= 4)
            side.step()
        same(*sides)
    assert sides[0].optimizer._plans[0].straight is not None and len(sides[0].optimizer._plans[0].jobs) == 2


def test_a_tracer_sees_the_rule(sides: Any) -> None:
    written, loose = sides("sgd")
    seen = set()

    def tracer(frame: Any, event: str, arg: Any) -> None:
        seen.add(frame.f_code.co_name)

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        written.step()
    finally:
        sys.settrace(before)
    loose.step()
    assert "sgd" in seen
    same(written, loose)


def test_where_an_error_is_raised_all_stays_as_it_was(sides: Any) -> None:
    side, _ = sides("adam")
    before = side.numbers()
    for p in side.params:
        p.grad = new_tensor(np.full(p.shape, 1e30, np.float32))
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        side.optimizer.step()
    for mine, its in zip(side.numbers(), before, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_gradients_of_other_kinds(sides: Any) -> None:
    """Sparse for once, or missing for once."""
    written, loose = sides("sgd")
    for side in (written, loose):
        rows = torch.sparse_coo_tensor([[0, 2]], torch.ones(2, 50), (40, 50))
        side.params[0].grad = rows
        side.params[1].grad = None
        side.optimizer.step()
    same(written, loose)


def test_parameters_too_large_to_be_gathered_at_once_are_not_written() -> None:
    p = new_tensor(np.zeros(10**6, np.float32), True)
    optimizer = torch.optim.Adam([p])
    p.grad = new_tensor(np.ones(10**6, np.float32))
    for _ in range(WORTH_WRITING + 1):
        optimizer.step()
    assert optimizer._plans[0].straight is None
