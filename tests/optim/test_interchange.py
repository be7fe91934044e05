"""A ``state_dict`` goes from PyTorch to us and back, and training continues as if nothing had happened."""

from __future__ import annotations

import runpy
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_optim.autograd import dtypes
from minitorch_optim.autograd.tensor import Tensor

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
KIT = runpy.run_path(str(Path(__file__).with_name("kit.py")))
Given, Run, TorchRun, deviation = (KIT[name] for name in ("Given", "Run", "TorchRun", "deviation"))
cases_that, shapes_of, with_lr = KIT["cases_that"], KIT["shapes_of"], KIT["with_lr"]

known_to_torch = cases_that(lambda case: case.torch and not case.needs_closure)


@pytest.fixture(params=["float32", "float64"])
def dtype(request: Any) -> Any:
    """Of the parameters, and of the numbers beside them, which PyTorch would otherwise round when it loads."""
    dtypes.set_default_dtype(request.param)
    torch.set_default_dtype(getattr(torch, request.param))
    yield request.param
    dtypes.set_default_dtype("float32")
    torch.set_default_dtype(torch.float32)


def to_torch(value: Any) -> Any:
    """The same with PyTorch's tensors in the place of ours."""
    if isinstance(value, Tensor):
        return torch.from_numpy(value._array.copy())
    if isinstance(value, dict):
        return {k: to_torch(v) for k, v in value.items()}
    return [to_torch(v) for v in value] if isinstance(value, list) else value


def limit(case: Any, dtype: str) -> float:
    return 2e-3 if case.name == "Muon" else {"float32": 2e-6, "float64": 1e-13}[dtype]


@known_to_torch
def test_the_layout_is_the_same(case: Any, dtype: str) -> None:
    for options in case.samples:
        options = with_lr(case, options)
        given = Given(shapes_of(case), dtype, 10)
        here = Run(case, options, given).step(3).optimizer.state_dict()
        there = TorchRun(case, options, given).step(3).optimizer.state_dict()
        assert list(here) == list(there)
        assert list(here["state"]) == list(there["state"])
        (ours,), (theirs,) = here["param_groups"], there["param_groups"]
        assert ours["params"] == theirs["params"]
        assert list(theirs) == [name for name in ours if name in theirs]
        for i, state in there["state"].items():
            assert list(here["state"][i]) == list(state)
            for name, value in state.items():
                own = here["state"][i][name]
                if isinstance(value, torch.Tensor):
                    assert own.dtype == value.numpy().dtype and own.shape == tuple(value.shape), name
                else:
                    assert type(own) is type(value)


@known_to_torch
def test_from_pytorch_to_us(case: Any, dtype: str) -> None:
    for options in case.samples:
        options = with_lr(case, options)
        given = Given(shapes_of(case), dtype, 10)
        theirs = TorchRun(case, options, given).step(5)
        for convert in (lambda state_dict: state_dict, as_it_was_saved_long_ago):
            ours = Run(case, with_lr(case, {}), given)
            for p, array in zip(ours.params, theirs.arrays, strict=True):
                p._array[...] = array
            ours.optimizer.load_state_dict(convert(theirs.optimizer.state_dict()))
            assert {k: ours.optimizer.param_groups[0][k] for k in options} == options
            ours.t, ours.sign = theirs.t, theirs.sign
            further = continued(theirs, case, options, given)
            ours.step(5)
            assert deviation(ours.arrays, further.step(5).arrays) <= limit(case, dtype), options


def continued(run: Any, case: Any, options: Any, given: Any) -> Any:
    """A copy of a run of PyTorch's, to be continued by itself."""
    copy = TorchRun(case, options, given)
    with torch.no_grad():
        for p, q in zip(copy.params, run.params, strict=True):
            p.copy_(q)
    copy.optimizer.load_state_dict(deepcopy(run.optimizer.state_dict()))
    copy.t = run.t
    return copy


def as_it_was_saved_long_ago(state_dict: Any) -> Any:
    """Without the options that came later, and with step counters that are Python numbers."""
    later = {"maximize", "foreach", "differentiable", "capturable", "fused"}
    groups = [{k: v for k, v in group.items() if k not in later or v} for group in state_dict["param_groups"]]
    state = {
        key: {k: v.item() if k == "step" and hasattr(v, "item") else v for k, v in values.items()}
        for key, values in state_dict["state"].items()
    }
    return {"state": state, "param_groups": groups}


@known_to_torch
def test_from_us_to_pytorch(case: Any, dtype: str) -> None:
    for options in case.samples:
        options = with_lr(case, options)
        given = Given(shapes_of(case), dtype, 10)
        ours = Run(case, options, given).step(5)
        theirs = TorchRun(case, with_lr(case, {}), given)
        with torch.no_grad():
            for p, array in zip(theirs.params, ours.arrays, strict=True):
                p.copy_(torch.from_numpy(array))
        theirs.optimizer.load_state_dict(to_torch(ours.optimizer.state_dict()))
        theirs.t, theirs.sign = ours.t, ours.sign
        assert deviation(theirs.step(5).arrays, ours.step(5).arrays) <= limit(case, dtype), options


@known_to_torch
def test_there_and_back_changes_nothing(case: Any, dtype: str) -> None:
    given = Given(shapes_of(case), dtype, 10)
    ours = Run(case, case.samples[-1], given).step(4)
    theirs = TorchRun(case, with_lr(case, {}), given)
    theirs.optimizer.load_state_dict(to_torch(ours.optimizer.state_dict()))
    back = Run(case, {}, given)
    back.optimizer.load_state_dict(theirs.optimizer.state_dict())
    for p, q in zip(ours.params, back.params, strict=True):
        before, after = ours.optimizer.state.get(p, {}), back.optimizer.state.get(q, {})
        assert list(before) == list(after)
        for name in before:
            np.testing.assert_array_equal(before[name]._array, getattr(after[name], "_array", after[name]))
