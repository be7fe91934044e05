"""How cost grows: with the number of elements, with the number of tensors, with the length of the graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from _harness import Pace, Settings, Timing, workers_for
from _harness import measure as time_of
from _problems import Chain, Problem, Stepping
from _tables import Table, digits, of_timings
from peers import PEERS

TITLE = "Growth of the cost"


def elements(n: int) -> Problem:
    return Stepping("Adam", ((n // 8,),) * 8)


def tensors(n: int) -> Problem:
    return Stepping("Adam", ((65536 // n,),) * n)


CURVES: dict[str, tuple[str, Callable[[int], Problem], list[int]]] = {
    "elements": ("Adam step of 8 tensors", elements, [2**k for k in (10, 12, 14, 16, 18, 20, 22, 23)]),
    "tensors": ("Adam step of 65,536 elements", tensors, [4**k for k in range(6)]),
    "operations": ("Forward and backward of a chain", Chain, [10, 100, 1000, 10_000, 100_000]),
}
LARGE = 2**18  # elements from which on the fixed cost of a step no longer counts


def measure(settings: Settings) -> dict[str, Any]:
    pace = Pace(3, 0.01) if settings.quick else Pace(15, 0.05)
    figures: dict[str, Any] = {}
    with workers_for(settings.peers, settings) as workers:
        for unit, (title, problem, numbers) in CURVES.items():
            for n in numbers[:-1] if settings.quick else numbers:
                if settings.match in f"{title}: {n} {unit}":
                    figures.setdefault(unit, {})[str(n)] = time_of(workers, problem(n), pace)
    return figures


def tables(figures: dict[str, Any]) -> list[Table]:
    found = []
    for unit, timings in figures.items():
        title = f"{CURVES[unit][0]}, against the number of {unit}"
        rows = {f"{int(n):,}": row for n, row in timings.items()}
        found.append(of_timings(title, unit, rows, notes=_fits(unit, timings)))
    return found


def _fits(unit: str, timings: dict[str, Any]) -> list[str]:
    lines = []
    for peer, (numbers, times) in curves(timings).items():
        if len(numbers) > 2:
            fixed, each, off = line(numbers, times)
            lines.append(
                f"{PEERS[peer].title}: {digits(max(fixed, 0.0))} µs, and {_short(each)} for each of the {unit}; "
                f"off by at most {off:.0%}."
            )
    return lines


def _short(microseconds: float) -> str:
    return f"{digits(microseconds * 1000)} ns" if microseconds < 1 else f"{digits(microseconds)} µs"


def curves(timings: dict[str, Any]) -> dict[str, tuple[list[int], list[float]]]:
    """For each peer the numbers and the medians."""
    peers = [name for name in PEERS if any(name in row for row in timings.values())]
    points = {
        peer: [(int(n), Timing(*row[peer]).median) for n, row in timings.items() if peer in row] for peer in peers
    }
    return {peer: tuple(map(list, zip(*found))) for peer, found in points.items()}


def line(numbers: list[int], times: list[float]) -> tuple[float, float, float]:
    """The line fixed + each n with the least squares of relative errors, and the largest of them."""
    t = np.array(times)
    weighted = np.stack([1 / t, np.array(numbers) / t], axis=1)
    (fixed, each), *_ = np.linalg.lstsq(weighted, np.ones(len(t)), rcond=None)
    return float(fixed), float(each), float(np.abs(weighted @ [fixed, each] - 1).max())


def exponent(numbers: list[int], times: list[float]) -> float:
    """The slope of log(time) over log(n): 1 where the cost is proportional to n."""
    return float(np.polyfit([math.log(n) for n in numbers], [math.log(t) for t in times], 1)[0])


def draw(figures: dict[str, Any], path: str) -> None:
    from _pictures import lines

    lines({(CURVES[unit][0], unit): curves(timings) for unit, timings in figures.items()}, path)
