"""Saving and loading: a run that is stopped and resumed at any step is the run that was never stopped."""

from __future__ import annotations

import copy
import gc
import pickle
import runpy
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_optim import optim
from minitorch_optim.autograd.tensor import Tensor, new_tensor

KIT = runpy.run_path(str(Path(__file__).with_name("kit.py")))
CASES, Bowl, Run = KIT["CASES"], KIT["Bowl"], KIT["Run"]
each_case, each_sample, steppable = KIT["each_case"], KIT["each_sample"], KIT["steppable"]
with_lr, same, same_states, shapes_of = (KIT[name] for name in ("with_lr", "same", "same_states", "shapes_of"))

STEPS = 7


def resumed(run: Any, load: Any) -> Any:
    """A new run from where ``run`` is, with an optimizer made from scratch and given the state by ``load``."""
    fresh = Run(run.case, {}, run.bowl, params=[new_tensor(array, True) for array in run.arrays])
    load(fresh.optimizer, run.optimizer)
    fresh.t, fresh.sign = run.t, run.sign
    return fresh


WAYS = {
    "state_dict": lambda new, old: new.load_state_dict(old.state_dict()),
    "deepcopied": lambda new, old: new.load_state_dict(copy.deepcopy(old.state_dict())),
    "pickled": lambda new, old: new.load_state_dict(pickle.loads(pickle.dumps(old.state_dict()))),
}


@each_sample
def test_resuming_at_every_step(case: Any, options: Any) -> None:
    bowl = Bowl(shapes_of(case), "float32")
    whole = Run(case, options, bowl).step(STEPS)
    for k in range(STEPS):
        for load in WAYS.values():
            fresh = resumed(Run(case, options, bowl).step(k), load).step(STEPS - k)
            same(fresh.arrays, whole.arrays)
            same_states(fresh.states(), whole.states())


@each_case
def test_resuming_where_the_closure_is_called_many_times(case: Any) -> None:
    if not case.needs_closure:
        return
    for options in case.samples:
        finals = []
        for stops in (False, True):
            bowl = Bowl(shapes_of(case), "float64", noise=0)
            params = [new_tensor(start.copy(), True) for start in bowl.starts]
            optimizer = case.optimizer(params, **options)
            for _ in range(3):
                if stops:
                    state_dict, optimizer = optimizer.state_dict(), case.optimizer(params)
                    optimizer.load_state_dict(state_dict)

                def closure(params: Any = params, optimizer: Any = optimizer, bowl: Any = bowl) -> Any:
                    optimizer.zero_grad()
                    loss = bowl.loss(params)
                    loss.backward()
                    return loss

                optimizer.step(closure)
            finals.append([p._array for p in params])
        same(*finals)


@each_sample
def test_pickle_and_deepcopy_of_the_optimizer(case: Any, options: Any) -> None:
    """Both copy the parameters too: the copy steps its own."""
    bowl = Bowl(shapes_of(case), "float64")
    run = Run(case, options, bowl).step(3)
    for copied in (pickle.loads(pickle.dumps(run.optimizer)), copy.deepcopy(run.optimizer)):
        assert repr(copied) == repr(run.optimizer)
        other = Run(case, options, bowl, params=[p for group in copied.param_groups for p in group["params"]])
        other.optimizer, other.t = copied, run.t
        before = run.arrays
        expected = resumed(run, WAYS["deepcopied"]).step(2)
        same(other.step(2).arrays, expected.arrays)
        same(run.arrays, before)


@each_sample
def test_loading_shares_nothing(case: Any, options: Any) -> None:
    """Later steps change neither the dict that was loaded nor the optimizer that it came from."""
    bowl = Bowl(shapes_of(case), "float64")
    run = Run(case, options, bowl).step(2)
    state_dict = copy.deepcopy(run.optimizer.state_dict())
    kept = copy.deepcopy(state_dict)
    fresh = resumed(run, lambda new, old: new.load_state_dict(state_dict))
    other = resumed(run, WAYS["state_dict"])
    states = run.states()
    fresh.step(2)
    other.step(2)
    fresh.optimizer.param_groups[0]["lr"] = 123
    same_states(run.states(), states)
    assert repr(state_dict) == repr(kept)
    for number, state in kept["state"].items():
        for name, value in state.items():
            np.testing.assert_array_equal(getattr(state_dict["state"][number][name], "_array", value),
                                          getattr(value, "_array", value))  # fmt: skip


@steppable
def test_a_state_of_another_dtype_is_cast(case: Any) -> None:
    options = case.samples[-1]
    run = Run(case, options, Bowl(shapes_of(case), "float64")).step(2)
    narrow = Run(case, options, Bowl(shapes_of(case), "float32"))
    narrow.optimizer.load_state_dict(run.optimizer.state_dict())
    single = {"step", *case.optimizer.scalars}
    for state in narrow.states():
        assert {x.dtype.name for name, x in state.items() if name not in single} <= {"float32"}
    narrow.t = run.t
    narrow.step(2)
    assert all(array.dtype == np.float32 for array in narrow.arrays)


# ---------------------------------------------------------------------------------------------- layout


def params(*shapes: tuple[int, ...]) -> list[Tensor]:
    return [new_tensor(np.ones(shape, np.float32), True) for shape in shapes]


def stepped(optimizer: Any) -> Any:
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = new_tensor(np.ones_like(p._array))
    optimizer.step()
    return optimizer


def test_parameters_are_numbered_by_their_first_appearance() -> None:
    a, b, c = params((2,), (3,), (4,))
    optimizer = stepped(optim.Adam([{"params": [a, b]}, {"params": [c], "lr": 0.1}]))
    optimizer.param_groups.append(optimizer.param_groups[0])
    state_dict = optimizer.state_dict()
    assert [group["params"] for group in state_dict["param_groups"]] == [[0, 1], [2], [0, 1]]
    assert list(state_dict["state"]) == [0, 1, 2]
    assert set(state_dict) == {"state", "param_groups"}
    assert state_dict["state"][0]["exp_avg"] is optimizer.state[a]["exp_avg"], "the state itself, as in PyTorch"
    again = copy.deepcopy(optimizer)
    assert again.state_dict()["param_groups"] == state_dict["param_groups"]
    before = a._array.copy()
    optimizer.step()  # the first group is stepped twice
    assert optimizer.state[a]["step"].item() == 3 and optimizer.state[c]["step"].item() == 2
    assert np.all(a._array < before)


def test_what_needs_no_state_has_none() -> None:
    optimizer = stepped(optim.SGD(params((2,)), lr=0.1))
    assert optimizer.state_dict()["state"] == {} and len(optimizer.state) == 0
    assert len(stepped(optim.SGD(params((2,)), lr=0.1, momentum=0.5)).state) == 1


def test_keys_that_are_no_parameters_pass_through() -> None:
    optimizer = stepped(optim.Adam(params((2,))))
    optimizer.state["seen"] = {"batches": 12}
    optimizer.state["best"] = new_tensor(np.array([1.5]))
    state_dict = optimizer.state_dict()
    assert state_dict["state"]["seen"] == {"batches": 12}
    other = optim.Adam(params((2,)))
    other.load_state_dict(state_dict)
    assert other.state["seen"] == {"batches": 12} and other.state["seen"] is not optimizer.state["seen"]
    assert other.state["best"].item() == 1.5 and other.state["best"] is not optimizer.state["best"]
    assert other.state["nobody"] == {}, "the state is still a defaultdict"


def test_eager_state() -> None:
    (p,) = params((2,))
    optimizer = optim.Adagrad([{"params": [p], "initial_accumulator_value": 0.5}])
    assert optimizer.state[p]["step"].item() == 0
    np.testing.assert_array_equal(optimizer.state[p]["sum"]._array, np.float32([0.5, 0.5]))


# ---------------------------------------------------------------------------------------------- what does not fit


def refused(optimizer: Any, state_dict: Any, message: str) -> None:
    """Loading must raise with this message, and leave the optimizer as it was."""
    before = copy.deepcopy(optimizer.state_dict())
    with pytest.raises(ValueError) as raised:
        optimizer.load_state_dict(state_dict)
    assert str(raised.value) == message
    assert repr(optimizer.state_dict()) == repr(before)


def test_loading_says_what_does_not_fit() -> None:
    adam = stepped(optim.Adam(params((2,), (3,))))
    saved = adam.state_dict()
    refused(
        optim.Adam([{"params": params((2,))}, {"params": params((3,))}]), saved,
        "loaded state dict has a different number of parameter groups: 1, and Adam has 2",
    )  # fmt: skip
    refused(
        optim.Adam(params((2,))), saved,
        "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: group 0 has 2 "
        "parameters there and 1 in Adam",
    )  # fmt: skip
    refused(
        stepped(optim.Adam(params((3,), (2,)))), saved,
        "loaded state dict has 'exp_avg' of shape (2,) for parameter 0 of shape (3,): is the order of the parameters "
        "the same?",
    )  # fmt: skip
    refused(
        optim.SGD(params((2,), (3,)), lr=0.1), saved,
        "loaded state dict is not of SGD: its group 0 lacks the options ['dampening', 'momentum', 'nesterov'] and has "
        "['amsgrad', 'betas', 'capturable', 'decoupled_weight_decay', 'eps'], which SGD does not know",
    )  # fmt: skip
    refused(
        adam, {"state": {}},
        "loaded state dict for Adam needs the entries 'state' and 'param_groups', and has ['state']",
    )  # fmt: skip
    alien = {"state": {0: {"velocity": new_tensor(np.ones(2))}}, "param_groups": saved["param_groups"]}
    refused(
        adam, alien,
        "loaded state dict is not of Adam: parameter 0 has the state ['velocity'], and Adam knows ['exp_avg', "
        "'exp_avg_sq', 'max_exp_avg_sq', 'step']",
    )  # fmt: skip


def test_a_state_dict_of_another_class_is_refused() -> None:
    """All pairs. AdamW's is Adam's with the decay decoupled, so Adam takes it, but not the other way round."""
    made = {case.name: case.optimizer(params((2, 2)), **with_lr(case, {})) for case in CASES}
    for case in CASES:
        if not case.needs_closure:
            made[case.name] = Run(case, case.samples[-1], Bowl([(2, 2)], "float32")).step(1).optimizer
    for name, optimizer in made.items():
        for other, source in made.items():
            if name == other or (other, name) == ("AdamW", "Adam"):
                continue
            with pytest.raises(ValueError, match=f"{name}|decoupled_weight_decay"):
                optimizer.load_state_dict(source.state_dict())
    made["Adam"].load_state_dict(made["AdamW"].state_dict())
    assert made["Adam"].param_groups[0]["decoupled_weight_decay"] is True


def test_names_must_be_the_same() -> None:
    a, b = params((2,), (2,))
    saved = optim.SGD([("weight", a), ("bias", b)], lr=0.1).state_dict()
    assert saved["param_groups"][0]["param_names"] == ["weight", "bias"]
    refused(
        optim.SGD([("weight", a), ("scale", b)], lr=0.1), saved,
        "loaded state dict has other names in group 0: 'bias' where SGD has 'scale'",
    )  # fmt: skip
    nameless = optim.SGD([a, b], lr=0.2)
    nameless.load_state_dict(saved)
    assert nameless.param_groups[0]["param_names"] == ["weight", "bias"] and nameless.param_groups[0]["lr"] == 0.1
    named = optim.SGD([("weight", a), ("bias", b)], lr=0.3)
    named.load_state_dict(optim.SGD([a, b], lr=0.4).state_dict())
    assert named.param_groups[0]["param_names"] == ["weight", "bias"] and named.param_groups[0]["lr"] == 0.4


def test_options_that_came_later_may_be_missing() -> None:
    for case in CASES:
        if case.needs_closure:
            continue
        optimizer = case.optimizer(params((2, 2)), **with_lr(case, {}))
        state_dict = optimizer.state_dict()
        for name in ("maximize", "foreach", "differentiable", "capturable", "fused"):
            state_dict["param_groups"][0].pop(name, None)
        optimizer.load_state_dict(state_dict)
        assert optimizer.param_groups[0].keys() == {"params", *optimizer.defaults}
        (p,) = optimizer.param_groups[0]["params"]
        if case.sparse != "needed":
            p.grad = new_tensor(np.ones((2, 2), np.float32))
            optimizer.param_groups[0].pop("maximize", None)  # and a step works without it
            optimizer.step()


# ---------------------------------------------------------------------------------------------- hooks


def test_hooks_around_state_dict() -> None:
    optimizer = optim.SGD(params((2,)), lr=0.1)
    calls: list[str] = []
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("first"), prepend=True)
    changes = optimizer.register_state_dict_post_hook(lambda o, s: s.update(extra=1))
    replaces = optimizer.register_state_dict_post_hook(lambda o, s: {**s, "replaced": o is optimizer})
    assert optimizer.state_dict().keys() == {"state", "param_groups", "extra", "replaced"}
    assert calls == ["first", "second"]
    changes.remove()
    replaces.remove()
    replaces.remove()  # a second time does nothing
    assert optimizer.state_dict().keys() == {"state", "param_groups"}


def test_hooks_around_load_state_dict() -> None:
    optimizer = optim.SGD(params((2,)), lr=0.1)
    given = optimizer.state_dict()
    seen: list[Any] = []

    def replace(o: Any, state_dict: Any) -> Any:
        seen.append(state_dict["param_groups"][0]["lr"])
        state_dict = copy.deepcopy(state_dict)
        state_dict["param_groups"][0]["lr"] = 0.3
        return state_dict

    with optimizer.register_load_state_dict_pre_hook(replace):
        optimizer.register_load_state_dict_pre_hook(lambda o, s: seen.append("first"), prepend=True)
        optimizer.register_load_state_dict_post_hook(lambda o: o.state.update(loaded={}))
        optimizer.load_state_dict(given)
    assert seen == ["first", 0.1]
    assert optimizer.param_groups[0]["lr"] == 0.3 and "loaded" in optimizer.state
    assert given["param_groups"][0]["lr"] == 0.1
    optimizer.load_state_dict(given)
    assert optimizer.param_groups[0]["lr"] == 0.1 and seen == ["first", 0.1, "first"]


def test_hooks_are_not_copied() -> None:
    optimizer = optim.SGD(params((2,)), lr=0.1)
    calls: list[Any] = []
    optimizer.register_step_pre_hook(lambda *args: calls.append(args))
    stepped(copy.deepcopy(optimizer))
    stepped(pickle.loads(pickle.dumps(optim.SGD(params((2,)), lr=0.1))))
    assert not calls


# ---------------------------------------------------------------------------------------------- memory


@steppable
def test_no_reference_cycles(case: Any, no_collector: Any) -> None:
    run = Run(case, case.samples[-1], Bowl(shapes_of(case), "float32")).step(2)
    optimizer = run.optimizer
    optimizer.register_step_post_hook(lambda *args: None)
    optimizer.load_state_dict(optimizer.state_dict())
    run.step()
    no_collector()  # programs that are made once
    watched = weakref.ref(optimizer)
    del optimizer, run.optimizer
    assert watched() is None
    assert gc.collect() == 0
