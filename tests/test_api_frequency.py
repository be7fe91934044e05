"""The names that courses use, the most used first, under torch's names: there, and with PyTorch's results.

``course_names.txt`` lists them, with an expression for each that both libraries evaluate on the same values.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours

LINES = (Path(__file__).parent / "course_names.txt").read_text().splitlines()
ROWS = [[*line.split(" ", 2), ""][:3] for line in LINES if not line.startswith("#")]
EXPRESSIONS = {name: expression for name, _, expression in ROWS if expression}

# What makes no sense without a GPU, and what is said about it.
NOT_HERE = {"torch.cuda.FloatTensor": "torch.cuda.FloatTensor is a name of PyTorch that this library does not have"}


def look_up(name: str) -> Any:
    """What stands under a dotted name; a method, of one of the objects that may have it."""
    first, *rest = name.split(".")
    if first == "object":
        (method,) = rest
        loader, weight = ours.utils.data.DataLoader([1]), ours.ones(1, requires_grad=True)
        optimizer = ours.optim.SGD([weight], lr=1.0)
        scheduler = ours.optim.lr_scheduler.StepLR(optimizer, 1)
        owners = ours.nn.Linear(1, 1), ours.nn.BatchNorm1d(1), loader, optimizer, scheduler
        return next(getattr(owner, method) for owner in owners if hasattr(owner, method))
    found: Any = ours.ones(1, 1) if first == "Tensor" else ours
    for part in rest:
        found = getattr(found, part)
    return found


def test_the_list_is_the_one_that_was_counted() -> None:
    counts = [int(count) for _, count, _ in ROWS]
    assert len(ROWS) == len({name for name, _, _ in ROWS}) == 398 and counts[0] == 249
    assert len(EXPRESSIONS) > 350


@pytest.mark.parametrize("name", [name for name, _, _ in ROWS if name not in NOT_HERE])
def test_is_there(name: str) -> None:
    look_up(name)


@pytest.mark.parametrize("name", NOT_HERE)
def test_is_not_there_and_says_so(name: str) -> None:
    with pytest.raises(AttributeError, match=NOT_HERE[name]):
        look_up(name)


def evaluate(library: Any, expression: str) -> Any:
    library.manual_seed(0)
    x = library.tensor([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]])
    w = library.tensor([1.0, -2.0], requires_grad=True)
    data = library.utils.data.TensorDataset(library.arange(5.0), library.arange(5))

    def sgd(weight: Any) -> Any:
        return library.optim.SGD([weight], lr=0.5)

    def step(optimizer: Any) -> Any:
        (w**2).sum().backward()
        optimizer.step()
        return w

    there = {
        "t": library, "nn": library.nn, "F": library.nn.functional, "np": np, "x": x, "w": w, "data": data, "sgd": sgd,
        "step": step, "n": library.tensor([2, 0, 1]), "p": library.tensor([0.5, 0.25, 0.75]),
        "image": library.randn(2, 2, 4, 4),
    }  # fmt: skip
    try:
        return eval(expression, there)
    finally:
        library.set_grad_enabled(True)


def compare(mine: Any, theirs: Any) -> None:
    if isinstance(theirs, np.ndarray):
        assert mine.dtype == theirs.dtype and mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=2e-6)
    elif hasattr(theirs, "detach"):
        compare(mine.detach().numpy(), theirs.detach().numpy())
    elif isinstance(theirs, list | tuple):
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs, strict=True):
            compare(a, b)
    else:
        assert mine == pytest.approx(theirs) if isinstance(theirs, float) else mine == theirs


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_does_what_pytorch_does(name: str) -> None:
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare(evaluate(ours, EXPRESSIONS[name]), evaluate(torch, EXPRESSIONS[name]))


def test_imports_as_courses_write_them() -> None:
    code = """
import minitorch_optim as torch
import minitorch_optim.nn as nn
import minitorch_optim.nn.functional as F
import minitorch_optim.nn.init as init
import minitorch_optim.optim as optim
from minitorch_optim import Tensor
from minitorch_optim.autograd import Variable
from minitorch_optim.distributions import Categorical
from minitorch_optim.distributions.multinomial import Multinomial
from minitorch_optim.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from minitorch_optim.optim.lr_scheduler import StepLR
from minitorch_optim.utils.data import DataLoader, Dataset, TensorDataset, random_split
from minitorch_optim.utils.data.dataset import Subset
from minitorch_optim.utils.data.sampler import SubsetRandomSampler
print(torch.nn is nn, nn.functional is F, Tensor is Variable)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True True True", done.stderr
    assert importlib.import_module("minitorch_optim.nn.functional") is ours.nn.functional
