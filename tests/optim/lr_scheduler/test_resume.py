"""A run that is stopped at any step and resumed in any way goes on exactly as if it had not been stopped."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_optim.autograd import tensor
from minitorch_optim.optim import SGD, Adam
from minitorch_optim.optim import lr_scheduler as L

CASES = runpy.run_path(str(Path(__file__).with_name("cases.py")))
LAST, AFTER = 60, 9
ALL = {**CASES["SCHEDULES"], **CASES["BEYOND"], **CASES["COMPOSITES"]}
ALL["OneCycleLR(40)"] = CASES["kind"]("OneCycleLR", max_lr=0.5, total_steps=LAST + AFTER + 1)
ALL["OneCycleLR(40, three_phase)"] = CASES["kind"](
    "OneCycleLR", max_lr=0.5, total_steps=LAST + AFTER, three_phase=True, anneal_strategy="linear"
)
pytestmark = pytest.mark.filterwarnings("ignore:Detected call")


def optimizer(kind: Any = SGD, lr: Any = 0.1) -> Any:
    groups = [
        {"params": [tensor([1.0], requires_grad=True)]},
        {"params": [tensor([1.0], requires_grad=True)], "lr": 0.3},
    ]
    return kind(groups, lr=lr, **({"momentum": 0.9} if kind is SGD else {}))


def seen(o: Any) -> list[Any]:
    """What a schedule sets in an optimizer."""
    return [(g["lr"], g.get("momentum", g.get("betas"))) for g in o.param_groups]


def uninterrupted(make: Any, n: int, kind: Any = SGD) -> tuple[list[Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """For each step: what is set, and the states of optimizer and scheduler."""
    o = optimizer(kind)
    s = make(L, o)
    trace, states, scheduler_states = [seen(o)], [copy.deepcopy(o.state_dict())], [s.state_dict()]
    for _ in range(n):
        o.step()
        s.step()
        trace.append(seen(o))
        states.append(copy.deepcopy(o.state_dict()))
        scheduler_states.append(s.state_dict())
    return trace, states, scheduler_states


def continued(s: Any, n: int) -> list[Any]:
    trace = [seen(s.optimizer)]
    for _ in range(n):
        s.step()
        trace.append(seen(s.optimizer))
    return trace


def optimizer_then_scheduler(make: Any, state: Any, scheduler_state: Any) -> Any:
    o = optimizer()
    o.load_state_dict(state)
    s = make(L, o)
    s.load_state_dict(scheduler_state)
    return s


def both_constructed_first(make: Any, state: Any, scheduler_state: Any) -> Any:
    o = optimizer()
    s = make(L, o)
    o.load_state_dict(state)
    s.load_state_dict(scheduler_state)
    return s


def scheduler_loaded_first(make: Any, state: Any, scheduler_state: Any) -> Any:
    o = optimizer()
    s = make(L, o)
    s.load_state_dict(scheduler_state)
    o.load_state_dict(state)
    return s


def scheduler_alone_through_json(make: Any, state: Any, scheduler_state: Any) -> Any:
    s = make(L, optimizer(lr=0.7))
    s.load_state_dict(json.loads(json.dumps(scheduler_state)))
    return s


WAYS = (optimizer_then_scheduler, both_constructed_first, scheduler_loaded_first, scheduler_alone_through_json)


@pytest.mark.parametrize("name", ALL)
def test_states_loaded_in_any_order(name: str) -> None:
    make = ALL[name]
    trace, states, scheduler_states = uninterrupted(make, LAST + AFTER)
    for k, way in itertools.product(range(LAST + 1), WAYS):
        s = way(make, states[k], scheduler_states[k])
        assert continued(s, AFTER) == trace[k : k + AFTER + 1], (k, way.__name__)


@pytest.mark.parametrize("name", ALL)
def test_last_epoch(name: str) -> None:
    """With the optimizer's state of step k, with that of step k - 1, and with a fresh optimizer told its initial lr."""
    make = ALL[name]
    trace, states, _ = uninterrupted(make, LAST + AFTER)
    for k in range(1, LAST + 1):
        for state in (states[k], states[k - 1], None):
            o = optimizer()
            if state is not None:
                o.load_state_dict(state)
            else:
                for group in o.param_groups:
                    group["initial_lr"] = group["lr"]
            assert continued(make(L, o, last_epoch=k - 1), AFTER) == trace[k : k + AFTER + 1], (k, state is None)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_two_schedulers_that_do_not_know_of_each_other_and_a_change_by_hand(kind: Any) -> None:
    def run(o: Any, pair: Any, start: int) -> Iterator[Any]:
        for group in o.param_groups:
            group["params"][0].grad = tensor([1.0])
        for t in range(start, LAST):
            o.step()
            for s in pair:
                s.step()
            if t == 20:
                o.param_groups[0]["lr"] *= 0.7
            yield seen(o)

    def pair(o: Any, last_epoch: int = -1) -> list[Any]:
        return [L.CosineAnnealingLR(o, 9, 0.003, last_epoch), L.MultiStepLR(o, [4, 9, 30], 0.5, last_epoch)]

    o = optimizer(kind)
    both = pair(o)
    whole, states = [], []
    for found in run(o, both, 0):
        whole.append(found)
        states.append(copy.deepcopy((o.state_dict(), *(s.state_dict() for s in both))))
    for k, order in itertools.product(range(1, LAST), range(3)):
        state, first, second = copy.deepcopy(states[k - 1])
        again = optimizer(kind)
        if order == 0:
            again.load_state_dict(state)
            both = pair(again, last_epoch=k - 1)
        else:
            both = pair(again)
            for s, saved in (zip, lambda *a: reversed(list(zip(*a))))[order - 1](both, (first, second)):
                s.load_state_dict(saved)
        assert list(run(again, both, k)) == whole[k:], (k, order)


def test_plateau_resumes_from_its_state() -> None:
    metrics = [float(m) for m in np.random.default_rng(0).normal(size=LAST).round(1)]

    def make(o: Any) -> Any:
        return L.ReduceLROnPlateau(o, patience=2, cooldown=1, factor=0.7, min_lr=[0.01, 0.02])

    o = optimizer()
    s = make(o)
    trace, states = [], []
    for metric in metrics:
        states.append(s.state_dict())
        s.step(metric)
        trace.append(seen(o))
    assert len({str(t) for t in trace}) > 5
    for k, through in itertools.product(range(LAST), (copy.deepcopy, lambda x: json.loads(json.dumps(x)))):
        s = make(optimizer(lr=0.7))
        s.load_state_dict(through(states[k]))
        again = []
        for metric in metrics[k:]:
            s.step(metric)
            again.append(seen(s.optimizer))
        assert again == trace[k:]


def test_a_composite_with_plateau_resumes_from_its_state() -> None:
    def make(o: Any) -> Any:
        return L.SequentialLR(o, [L.LinearLR(o), L.ReduceLROnPlateau(o, patience=1, factor=0.5)], [6])

    o = optimizer()
    s = make(o)
    trace, states = [], []
    for _ in range(20):
        states.append(json.dumps(s.state_dict()))
        s.step(1.0)
        trace.append(seen(o))
    assert trace[4:7] == [trace[4]] * 3 and trace[-1] != trace[4]
    for k in range(20):
        s = make(optimizer())
        s.load_state_dict(json.loads(states[k]))
        for t in range(k, 20):
            s.step(1.0)
            assert seen(s.optimizer) == trace[t]
    with pytest.raises(ValueError, match=r"step\(metrics\)"):
        L.SequentialLR(o, [L.LinearLR(o), L.ReduceLROnPlateau(o)], [6], last_epoch=10)


@pytest.mark.parametrize("name", ALL)
def test_state_round_trips(name: str) -> None:
    """Every attribute, through a dict, JSON, pickle and a copy; and the dict shares nothing with the scheduler."""
    make = ALL[name]
    s = make(L, optimizer())
    for _ in range(13):
        s.step()
    state = s.state_dict()
    frozen = json.dumps(state)
    other = make(L, optimizer(lr=0.2))
    other.load_state_dict(json.loads(frozen))
    assert attributes(other) == attributes(s)
    assert json.dumps(other.state_dict()) == frozen
    assert seen(other.optimizer) == seen(s.optimizer)
    for twin in (pickle.loads(pickle.dumps(s)), copy.deepcopy(s)):
        assert repr(attributes(twin)) == repr(attributes(s))  # functions of C are not equal to their copies
        assert continued(twin, 5) == continued(make_at(make, 13), 5)
    s.step()
    assert json.dumps(state) == frozen
    other.load_state_dict(state)
    other.step()
    assert json.dumps(state) == frozen


def make_at(make: Any, t: int) -> Any:
    s = make(L, optimizer())
    for _ in range(t):
        s.step()
    return s


def attributes(s: Any) -> dict[str, Any]:
    return {k: [attributes(x) for x in v] if k == "_schedulers" else v for k, v in vars(s).items() if k != "optimizer"}
