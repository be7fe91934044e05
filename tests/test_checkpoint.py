"""Checkpoints: a run that is killed and begun again is the run that was not, and what is no checkpoint is refused."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn, optim
from minitorch_optim.optim import lr_scheduler
from minitorch_optim.serialization import SerializationError
from minitorch_optim.testing import assert_resumes_bitwise
from minitorch_optim.utils.data import DataLoader, RandomSampler, TensorDataset, WeightedRandomSampler

data = TensorDataset(mt.arange(26).float().view(13, 2) / 26, mt.arange(13))


def loader_of(kind: str) -> DataLoader:
    """Loaders of every kind of order, each pass of which has several batches."""
    generator = mt.Generator().manual_seed(3)
    made: dict[str, Callable[[], DataLoader]] = {
        "in order": lambda: DataLoader(data, batch_size=4),
        "shuffled": lambda: DataLoader(data, batch_size=4, shuffle=True),
        "own generator": lambda: DataLoader(data, batch_size=4, shuffle=True, generator=generator),
        "without batches": lambda: DataLoader(data, batch_size=None, shuffle=True),
        "threads": lambda: DataLoader(data, batch_size=2, shuffle=True, num_workers=2),
        "drawn in blocks": lambda: DataLoader(
            data, batch_size=8, sampler=RandomSampler(data, replacement=True, num_samples=80, generator=generator)
        ),
        "drawn in blocks, threads": lambda: DataLoader(
            data,
            batch_size=8,
            num_workers=2,
            sampler=RandomSampler(data, replacement=True, num_samples=80, generator=generator),
        ),
        "weighted": lambda: DataLoader(
            data, batch_size=4, sampler=WeightedRandomSampler([1.0 + i for i in range(13)], 12)
        ),
    }
    return made[kind]()


KINDS = (
    "in order", "shuffled", "own generator", "without batches", "threads", "drawn in blocks",
    "drawn in blocks, threads", "weighted",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_position_in_the_data(kind: str) -> None:
    def train(path: Path) -> Iterator[Any]:
        mt.manual_seed(1)
        loader = loader_of(kind)
        checkpoint = mt.Checkpoint(loader=loader)
        first = checkpoint.load(path)["epoch"] if path.exists() else 0
        for epoch in range(first, 3):
            for batch in loader:
                noise = mt.rand(1)  # the model draws between the batches
                others = random.random(), np.random.rand()
                checkpoint.save(path, epoch=epoch)
                yield batch, noise, others
            checkpoint.save(path, epoch=epoch + 1)

    mt.manual_seed(0)
    steps = sum(1 for _ in loader_of(kind)) * 3
    assert_resumes_bitwise(train, {1, 2, steps // 3 - 1, steps // 3, steps // 3 + 1, steps // 2, steps - 1})


def test_a_pass_that_was_left_is_over() -> None:
    loader = DataLoader(range(10), shuffle=True)
    for _ in loader:
        break
    assert loader.state_dict()["taken"] is None
    batches = iter(loader)
    next(batches)
    assert loader.state_dict()["taken"] == 1
    assert len(list(batches)) == 9 and loader.state_dict()["taken"] is None


def test_a_state_that_was_loaded_can_be_saved_again_before_it_is_used() -> None:
    loader = DataLoader(range(10), shuffle=True)
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()
    other = DataLoader(range(10), shuffle=True)
    other.load_state_dict(state)
    again = other.state_dict()
    assert again["taken"] == 1 and (again["start"][0] == state["start"][0]).all()


def test_loaders_that_do_not_fit() -> None:
    long, short = DataLoader(range(10)), DataLoader(range(3))
    batches = iter(long)
    for _ in range(5):
        next(batches)
    short.load_state_dict(long.state_dict())
    with pytest.raises(ValueError, match="to go on after 5 batches, and a pass has only 3"):
        iter(short)
    with pytest.raises(ValueError, match=r"0 generators of its own, and this one has 1: give the same generator="):
        DataLoader(range(10), shuffle=True, generator=mt.Generator()).load_state_dict(long.state_dict())


# -- whole runs ---------------------------------------------------------------------------------

OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "NAdam": lambda p: optim.NAdam(p),
    "RMSprop": lambda p: optim.RMSprop(p, momentum=0.5, centered=True),
    "Rprop": lambda p: optim.Rprop(p),
    "ASGD": lambda p: optim.ASGD(p),
    "Adadelta": lambda p: optim.Adadelta(p),
    "Adafactor": lambda p: optim.Adafactor(p),
    "LBFGS": lambda p: optim.LBFGS(p, max_iter=2, line_search_fn="strong_wolfe"),
}
SCHEDULERS: dict[str, Callable[..., Any]] = {
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=12),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, milestones=[3, 5, 5]),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o), lr_scheduler.CosineAnnealingLR(o, T_max=6)], milestones=[3]
    ),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda step: 0.9**step),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=3, cycle_momentum=False),
}


def training(optimizer_name: str, scheduler_name: str, with_swa: bool = False) -> Callable[[Path], Iterator[Any]]:
    def train(path: Path) -> Iterator[Any]:
        mt.manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3), nn.Linear(6, 13))
        optimizer = OPTIMIZERS[optimizer_name](model.parameters())
        scheduler = SCHEDULERS[scheduler_name](optimizer)
        swa = optim.swa_utils.AveragedModel(model) if with_swa else None
        loader = DataLoader(data, batch_size=4, shuffle=True, drop_last=True)
        losses: list[float] = []
        checkpoint = mt.Checkpoint(
            model=model, optimizer=optimizer, scheduler=scheduler, swa=swa, loader=loader, losses=losses
        )
        first = checkpoint.load(path)["epoch"] if path.exists() else 0
        for epoch in range(first, 3):
            for inputs, targets in loader:

                def closure(inputs: Any = inputs, targets: Any = targets) -> Any:
                    optimizer.zero_grad()
                    loss = nn.functional.cross_entropy(model(inputs), targets)
                    loss.backward()
                    return loss

                losses.append(optimizer.step(closure).item())
                scheduler.step()
                if swa is not None:
                    swa.update_parameters(model)
                checkpoint.save(path, epoch=epoch)
                yield losses, model.state_dict(), scheduler.get_last_lr(), swa and swa.state_dict()

    return train


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_resumes_to_the_bit(optimizer: str) -> None:
    assert_resumes_bitwise(training(optimizer, "LambdaLR"), range(1, 9))


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_with_every_kind_of_schedule(scheduler: str) -> None:
    assert_resumes_bitwise(training("Adam", scheduler), range(1, 9, 2))


def test_with_averaged_weights() -> None:
    assert_resumes_bitwise(training("SGD", "OneCycleLR", with_swa=True), range(1, 9))


# -- the pieces ---------------------------------------------------------------------------------


def test_every_kind_of_part(tmp_path: Path) -> None:
    def parts(seed: int) -> dict[str, Any]:
        mt.manual_seed(seed)
        return {
            "model": nn.Sequential(nn.Linear(1, 1), nn.Dropout()), "noise": mt.Generator().manual_seed(seed),
            "table": mt.rand(2), "log": [seed], "best": {"loss": seed}, "pair": (nn.Linear(1, 1), mt.rand(1)),
        }  # fmt: skip

    here, there = parts(1), parts(2)
    here["model"][1].eval()
    mt.Checkpoint(**here).save(tmp_path / "c", epoch=7, text="x")
    assert mt.Checkpoint(**there).load(tmp_path / "c") == {"epoch": 7, "text": "x"}
    assert not there["model"][1].training and there["model"][0].training
    for a, b in (
        (here["model"][0].weight, there["model"][0].weight), (here["table"], there["table"]),
        (here["pair"][0].bias, there["pair"][0].bias), (here["pair"][1], there["pair"][1]),
        (mt.rand(1, generator=here["noise"]), mt.rand(1, generator=there["noise"])),
    ):  # fmt: skip
        assert (a == b).all()
    assert there["log"] == [1] and there["best"] == {"loss": 1}


def test_what_cannot_be_restored_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Checkpoint: epoch is a int.*give numbers .* to save\(path, epoch=...\)"):
        mt.Checkpoint(epoch=3)
    with pytest.raises(TypeError, match=r"pair\[1\] is a str"):
        mt.Checkpoint(pair=(mt.ones(1), "x"))


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with pytest.raises(FileNotFoundError):
        mt.Checkpoint().load(path)
    mt.save({"w": 1}, path)
    with pytest.raises(SerializationError, match=r"no file of Checkpoint.save\(\)"):
        mt.Checkpoint().load(path)
    mt.Checkpoint(model=nn.Linear(1, 1)).save(path)
    with pytest.raises(ValueError, match=r"has the parts \['model'\], and this one is of \['table'\]"):
        mt.Checkpoint(table=mt.ones(1)).load(path)
    mt.Checkpoint(table=mt.ones(2)).save(path)
    with pytest.raises(ValueError, match=r"has table in shape \[2\], and it is \[3\]"):
        mt.Checkpoint(table=mt.ones(3)).load(path)
    mt.Checkpoint(pair=(mt.ones(2),)).save(path)
    with pytest.raises(ValueError, match="has 1 things in pair, and 2 are given"):
        mt.Checkpoint(pair=(mt.ones(2), mt.ones(2))).load(path)


# -- the test itself ----------------------------------------------------------------------------


def run_that(forgets: str) -> Callable[[Path], Iterator[Any]]:
    """A run of which one thing is not as it should be."""

    def train(path: Path) -> Iterator[Any]:
        random.seed(0)
        if forgets != "to seed":
            mt.manual_seed(0)
        x = mt.zeros(1)
        steps = [0]
        checkpoint = mt.Checkpoint(**({} if forgets == "x" else {"x": x}), steps=steps)
        if path.exists() and forgets != "to load":
            checkpoint.load(path)
        if forgets == "steps" and steps[0]:
            steps[0] += 1
        while steps[0] < 6:
            x += mt.rand(1)
            steps[0] += 1
            if forgets != "to save":
                if forgets == "random numbers":
                    mt.save({"x": x, "steps": steps}, path)
                else:
                    checkpoint.save(path)
            yield {"x": x, "steps": steps[0]}
        if forgets == "the end":
            yield {}

    if forgets != "random numbers":
        return train

    def without(path: Path) -> Iterator[Any]:
        x = mt.zeros(1)
        first = 0
        if path.exists():
            state = mt.load(path)
            x, first = state["x"], state["steps"][0]
        for step in range(first, 6):
            x += mt.rand(1)
            mt.save({"x": x, "steps": [step + 1]}, path)
            yield {"x": x, "steps": step + 1}

    return without


def test_the_tester_accepts_what_is_right() -> None:
    before = mt.get_rng_state(), random.getstate()
    assert_resumes_bitwise(run_that("nothing"), range(1, 6))
    assert_resumes_bitwise(run_that("to seed"), 3)
    assert (mt.get_rng_state() == before[0]).all() and random.getstate() == before[1]


@pytest.mark.parametrize(
    "forgets, message",
    [
        (
            "x",
            r"killed after 2 of 6 steps, the resumed run differs in step 3, value\['x'\]: \[.*\] \(float32\) instead",
        ),
        ("random numbers", r"differs in step 3, value\['x'\]"),
        ("to load", "begins anew, as it yields 6 times"),
        ("to save", "nothing was saved in the first 2 steps"),
        ("steps", "yields 3 times instead of 4: steps are left out"),
    ],
)
def test_the_tester_finds_what_is_wrong(forgets: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        assert_resumes_bitwise(run_that(forgets), 2)


def test_the_tester_needs_a_step_within_the_run() -> None:
    with pytest.raises(ValueError, match="between 0 and the 6 yields"):
        assert_resumes_bitwise(run_that("nothing"), 6)


def test_the_tester_sees_the_sign_of_zero_and_takes_nan_for_nan(tmp_path: Path) -> None:
    def train(values: Any) -> Callable[[Path], Iterator[Any]]:
        def run(path: Path) -> Iterator[Any]:
            if path.exists():
                yield values
                return
            for _ in range(2):
                path.touch()
                yield float("nan"), 0.0, None

        return run

    assert_resumes_bitwise(train((float("nan"), 0.0, None)), 1)
    for wrong in ((float("nan"), -0.0, None), (float("nan"), 0.0, 0), (float("nan"), 0.0)):
        with pytest.raises(AssertionError, match=r"differs in step 2, value\[[12]\]"):
            assert_resumes_bitwise(train(wrong), 1)


@pytest.mark.skipif(not hasattr(os, "fork") or not hasattr(signal, "SIGKILL"), reason="needs fork and SIGKILL")
def test_a_run_that_is_killed_again_and_again_ends_in_the_same_file(tmp_path: Path) -> None:
    script = Path(__file__).with_name("resuming.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, cwd=script.parents[1], timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
