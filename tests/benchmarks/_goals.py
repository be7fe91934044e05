"""What the library aims at, as ratios to its peers, and whether the figures at hand get there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from _harness import Timing
from _tables import Table
from peers import PEERS
from sections import optimizers, scaling, training

# How many times as fast as each peer a training step should be, row by row.
FASTER_THAN = {
    "pytorch": (3, 3, 3, 1.5, 1.5, 1, 1),
    "fused": (1,) * 7,
    "numpy": (1 / 1.2,) * 7,
    "jax": (1,) * 4,
}
GRADIENTS = 1.5  # times NumPy by hand: forward and backward alone
FASTER_STEPS = 2  # of any optimizer on small tensors, against PyTorch's loop
EXPONENT = 1.1  # of the growth of a step's cost with the number of elements
IMPORT = 1.5  # times import numpy
MEMORY = 1.5  # times NumPy by hand

REPLAYED = {"ours": "", "replay": ", replayed"}


class Goal(NamedTuple):
    aim: str
    row: str
    measured: float
    wanted: float
    at_least: bool

    @property
    def wants(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {self.wanted:.2f}"

    @property
    def met(self) -> bool:
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted


def goals(figures: dict[str, Any]) -> list[Goal]:
    """All goals that the sections at hand speak of."""
    sections = {"training": _training, "optimizers": _optimizers, "scaling": _scaling, "importing": _importing,
                "memory": _memory}  # fmt: skip
    return [goal for name, found in sections.items() if name in figures for goal in found(figures[name])]


def _training(figures: dict[str, Any]) -> Iterator[Goal]:
    for ours in REPLAYED:
        for peer, wanted in FASTER_THAN.items():
            for row, least in zip(training.ROWS, wanted):
                found = figures.get(row.name, {})
                if ours in found and peer in found:
                    yield _faster("Training step", found, ours, peer, row.name, least)
        found = figures.get(training.GRADIENTS.name, {})
        if ours in found and "numpy" in found:
            ratio = Timing(*found[ours]).ratio / Timing(*found["numpy"]).ratio
            aim = f"Forward and backward{REPLAYED[ours]}: times {PEERS['numpy'].title}"
            yield Goal(aim, training.GRADIENTS.name, ratio, GRADIENTS, False)


def _optimizers(figures: dict[str, Any]) -> Iterator[Goal]:
    for size, peers, least in (
        *((size, ["pytorch"], FASTER_STEPS) for size in optimizers.SMALL),
        (optimizers.LARGE, ["pytorch", "foreach"], 1),
    ):
        for name, found in figures.get(size, {}).items():
            for peer in peers:
                if "ours" in found and peer in found:
                    yield _faster("Optimizer", found, "ours", peer, f"{name}, {size}", least)


def _faster(what: str, found: dict[str, Any], ours: str, peer: str, row: str, least: float) -> Goal:
    ratio = Timing(*found[peer]).ratio / Timing(*found[ours]).ratio
    return Goal(f"{what}{REPLAYED[ours]}: times as fast as {PEERS[peer].title}", row, ratio, least, True)


def _scaling(figures: dict[str, Any]) -> Iterator[Goal]:
    large = {n: row for n, row in figures.get("elements", {}).items() if int(n) >= scaling.LARGE}
    numbers, times = scaling.curves(large).get("ours", ([], []))
    if len(numbers) > 1:
        exponent = scaling.exponent(numbers, times)
        yield Goal("Optimizer: exponent of the growth with the number of elements", "Adam", exponent, EXPONENT, False)


def _importing(figures: dict[str, Any]) -> Iterator[Goal]:
    if "minitorch_optim" in figures:
        ratio = Timing(*figures["minitorch_optim"]).ratio
        yield Goal("Import: times that of NumPy", "", ratio, IMPORT, False)


def _memory(figures: dict[str, Any]) -> Iterator[Goal]:
    for row, peaks in figures.items():
        for ours in REPLAYED:
            if ours in peaks:
                aim = f"Training step{REPLAYED[ours]}: times the memory of {PEERS['numpy'].title}"
                yield Goal(aim, row, peaks[ours] / peaks["numpy"], MEMORY, False)


def table(found: list[Goal]) -> Table:
    rows = [
        [goal.aim, goal.row, f"{goal.measured:.2f}", goal.wants,
         "met" if goal.met else "missed"]
        for goal in found
    ]  # fmt: skip
    met = sum(goal.met for goal in found)
    return Table("", ["goal", "", "measured", "wanted", ""], rows, [f"{met} of {len(found)} are met."])


def digest(found: list[Goal]) -> Table:
    """A row for all goals of the same aim."""
    alike: dict[tuple[str, str], list[Goal]] = {}
    for goal in found:
        alike.setdefault((goal.aim, goal.wants), []).append(goal)
    rows = []
    for (aim, wants), goals in alike.items():
        values = sorted(goal.measured for goal in goals)
        span = f"{values[0]:.2f}" + (f" to {values[-1]:.2f}" if len(values) > 1 else "")
        rows.append([aim, wants, span, f"{sum(goal.met for goal in goals)} of {len(goals)}"])
    return Table("", ["goal", "wanted", "measured", "met"], rows)
