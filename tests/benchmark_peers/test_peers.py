"""What `make bench` times is right: every peer that is installed computes the same as minitorch_optim. No timings here.

Peers run in processes of their own, as they do there, so that none of them is imported into this one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
try:
    import _goals
    import _harness
    import _page
    import _problems
    import _tables
    from peers import PEERS
    from sections import optimizers, scaling, training
finally:
    sys.path.remove(str(BENCHMARKS))

TRAINING = [_problems.Training(8, (6, 5, 4, 3), optimizer) for optimizer in ("Adam", "SGD", "none")]
STEPPING = {name: optimizers.problem(name, ((17, 3), (5,))) for name in optimizers.OPTIMIZERS}


@pytest.fixture(scope="module")
def ours() -> Iterator[_harness.Worker]:
    with _harness.workers_for(["ours"], _harness.Settings()) as workers:
        yield workers[0]


@pytest.fixture(scope="module", params=[name for name in PEERS if name != "ours"])
def peer(request: pytest.FixtureRequest) -> Iterator[_harness.Worker]:
    with _harness.workers_for([request.param], _harness.Settings()) as workers:
        if not workers:
            pytest.skip(f"{PEERS[request.param].title} is not installed")
        yield workers[0]


def test_peers_compute_the_same(ours: _harness.Worker, peer: _harness.Worker) -> None:
    offered = set()
    for problem in [*TRAINING, *STEPPING.values(), _problems.Chain(20)]:
        if peer in _harness.prepare([ours, peer], problem):
            offered.add(type(problem))
    assert _problems.Training in offered or peer.name == "replay"


def test_losses_fall_and_parameters_move(ours: _harness.Worker) -> None:
    """Steps that did nothing would agree with each other too."""
    for problem in TRAINING[:2]:
        losses = ours.ask("prepare", problem=_problems.packed(replace(problem, batches=1)))
        assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]
    for name, problem in STEPPING.items():
        assert min(ours.ask("prepare", problem=_problems.packed(problem))) > 0, name


class Wrong:
    """Answers like a worker whose third loss is off by half a per cent."""

    name = "wrong"

    def __init__(self, worker: _harness.Worker) -> None:
        self.worker = worker

    def ask(self, request: str, **fields: Any) -> Any:
        outcome = self.worker.ask(request, **fields)
        outcome[2] *= 1.005
        return outcome


def test_a_wrong_peer_is_refused(ours: _harness.Worker) -> None:
    with pytest.raises(RuntimeError, match="wrong and ours do not compute the same"):
        _harness.prepare([ours, Wrong(ours)], TRAINING[0])


def test_rounds_and_memory(ours: _harness.Worker) -> None:
    timings = _harness.measure([ours], TRAINING[0], _harness.Pace(3, 0.001))
    assert timings["ours"].median >= timings["ours"].minimum > 0 and timings["ours"].ratio == 1
    rows = (replace(row, batches=1) for row in (training.ROWS[0], training.ROWS[5]))
    small, large = (ours.ask("memory", problem=_problems.packed(row)) for row in rows)
    # Weights, gradients and two means of Adam, and nothing that is kept twice.
    weights = 4 * sum(m * n for m, n in zip(training.ROWS[5].sizes, training.ROWS[5].sizes[1:]))
    assert small < weights and 4 * weights < large < 8 * weights


def test_errors_of_a_worker_are_shown(ours: _harness.Worker) -> None:
    with pytest.raises(RuntimeError, match="ours failed:\n(.|\n)*has no attribute 'NoSuchOptimizer'"):
        ours.ask("prepare", problem=_problems.packed(_problems.Stepping("NoSuchOptimizer", ((2,),))))
    assert ours.ask("versions")  # and it goes on


def test_problems_survive_their_way_to_a_worker() -> None:
    for problem in [*training.ROWS, *STEPPING.values(), _problems.Chain(3)]:
        assert _problems.unpacked(json.loads(json.dumps(_problems.packed(problem)))) == problem


def test_ratios_are_of_rounds_that_followed_each_other() -> None:
    found = _harness.summary({"a": [1.0, 10.0, 2.0], "b": [2.0, 20.0, 8.0]})
    assert found["a"] == (2.0, 1.0, 1.0)
    assert found["b"] == (8.0, 2.0, 2.0)


def test_goals_are_told_from_figures() -> None:
    row = training.ROWS[0].name
    figures = {"training": {row: {"ours": [10, 9, 1.0], "pytorch": [29, 28, 2.9], "numpy": [9, 9, 0.9]}}}
    figures["memory"] = {row: {"ours": 140, "numpy": 100}}
    met = {goal.aim: goal.met for goal in _goals.goals(figures)}
    assert met == {
        "Training step: times as fast as PyTorch eager": False,
        "Training step: times as fast as NumPy by hand": True,
        "Training step: times the memory of NumPy by hand": True,
    }


def test_tables() -> None:
    timings = {"small": {"ours": _harness.Timing(12.34, 12.0, 1.0), "numpy": _harness.Timing(12345.0, 12.0, 1000.4)}}
    table = _tables.of_timings("", "row", {**timings, "large": {"ours": _harness.Timing(123.4, 1.0, 1.0)}})
    assert table.markdown().splitlines()[2:] == ["| small | 12.3 | 12,300 (1000.40) |", "| large | 123 | – |"]
    assert len({len(line) for line in table.text().splitlines()}) == 1


def test_the_page_is_made_from_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(BENCHMARKS))  # the page imports its sections by name
    monkeypatch.setattr(_page, "KEPT", tmp_path / "figures.json")
    monkeypatch.setattr(_page, "DOCS", tmp_path / "docs")
    timings = {"ours": _harness.Timing(10.0, 9.0, 1.0), "pytorch": _harness.Timing(43.21, 28.0, 4.3)}
    figures: dict[str, Any] = {
        "training": {training.ROWS[0].name: timings},
        "optimizers": {optimizers.SMALL[0]: {"Adam": timings}},
        "importing": {
            "numpy": _harness.Timing(50000.0, 1.0, 1.0),
            "minitorch_optim": _harness.Timing(60000.0, 1.0, 1.2),
        },
        "memory": {training.ROWS[0].name: {"numpy": 1024, "ours": 2048}},
        "scaling": {"elements": dict.fromkeys(("1000", "1000000"), timings)},
    }
    assert set(figures) == set(_page.SECTIONS)
    for name in figures:
        _page.record(name, figures[name], _harness.Settings(versions={"torch": "1.2.3"}))
    _page.record("training", figures["training"], _harness.Settings(versions={"torch": "4.5.6"}))  # measured again
    assert _page.read()["memory"]["figures"] == figures["memory"]
    written = _page.write()
    page = written[0].read_text(encoding="utf-8")
    assert all(path.stat().st_size > 0 for path in written) and len(written) == 1 + len(figures)
    assert page.count("torch 1.2.3") == len(figures) - 1 and page.count("torch 4.5.6") == 1
    for name in figures:
        assert f"(pictures/benchmarks_{name}.png)" in page
    for row in (
        "| 32, 64-32-10, Adam | 10.0 | 43.2 (4.30) |",
        "| import minitorch_optim | 60.0 | 1.20 |",
        "| 32, 64-32-10, Adam | 1 (1.00) | 2 (2.00) |",
        "| Training step: times as fast as PyTorch eager | at least 3.00 | 4.30 | 1 of 1 |",
        "| Training step: times the memory of NumPy by hand | at most 1.50 | 2.00 | 0 of 1 |",
    ):
        assert row in page


def test_growth() -> None:
    numbers = [10, 100, 1000]
    fixed, each, off = scaling.line(numbers, [5 + 0.25 * n for n in numbers])
    assert (fixed, each, off) == pytest.approx((5, 0.25, 0), abs=1e-9)
    assert scaling.exponent(numbers, [3 * n**1.5 for n in numbers]) == pytest.approx(1.5)
