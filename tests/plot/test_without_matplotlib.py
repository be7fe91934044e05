"""Without matplotlib every picture says which extra to install, and nothing else needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from minitorch_optim import plot
from minitorch_optim.autograd import tensor
from minitorch_optim.optim import SGD
from minitorch_optim.optim.lr_scheduler import StepLR

CALLS: dict[str, Callable[[], Any]] = {
    "graph": lambda: plot.graph((2 * tensor(1.0, requires_grad=True)).exp()),
    "losses": lambda: plot.losses([1.0, 0.5]),
    "schedule": lambda: plot.schedule(StepLR(SGD([tensor([1.0])], lr=0.1), 2), 5),
    "trajectories": lambda: plot.trajectories([lambda params: SGD(params, lr=0.001)], steps=2),
}


def test_there_is_a_call_for_each_picture() -> None:
    assert sorted(CALLS) == plot.__all__


@pytest.mark.parametrize("name", sorted(CALLS))
def test_the_extra_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [module for module in sys.modules if module.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'minitorch_optim\[plot\]'"):
        CALLS[name]()
