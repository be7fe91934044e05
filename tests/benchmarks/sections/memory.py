"""Memory at the peak of a training step: parameters, state of the optimizer, gradients and what the tape keeps.

It is counted by tracemalloc, which sees what Python and NumPy allocate, and so only peers that compute with NumPy. The
inputs of one step are counted too. Figures are in KiB; in parentheses is the ratio to NumPy by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from _harness import Settings, workers_for
from _problems import packed
from _tables import Table
from peers import PEERS

from .training import ROWS

TITLE = "Memory"

COUNTED = ("numpy", "ours", "replay", "hips", "mygrad")  # NumPy first, which the others are compared with


def measure(settings: Settings) -> dict[str, Any]:
    peers = [peer for peer in COUNTED if peer in {"numpy", *settings.peers}]
    figures: dict[str, Any] = {}
    with workers_for(peers, settings) as workers:
        for row in ROWS:
            if row.optimizer != "none" and settings.match in row.name:
                problem = packed(replace(row, batches=1))
                peaks = {worker.name: worker.ask("memory", problem=problem) for worker in workers}
                figures[row.name] = {name: peak for name, peak in peaks.items() if peak is not None}
    return figures


def tables(figures: dict[str, Any]) -> list[Table]:
    peers = [name for name in COUNTED if any(name in row for row in figures.values())]
    rows = [
        [name, *(_cell(peaks[peer], peaks["numpy"]) if peer in peaks else "–" for peer in peers)]
        for name, peaks in figures.items()
    ]
    columns = ["batch, layers, optimizer", *(PEERS[peer].title for peer in peers)]
    return [Table("", columns, rows)]


def _cell(peak: int, standard: int) -> str:
    return f"{peak / 1024:,.0f} ({peak / standard:.2f})"


def draw(figures: dict[str, Any], path: str) -> None:
    from _pictures import dots

    dots({"": {row: {p: peak / 1024 for p, peak in peaks.items()} for row, peaks in figures.items()}}, "KiB", path)
