"""Tables, as text for the terminal and as Markdown for the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from _harness import Timing
from peers import PEERS


class Table(NamedTuple):
    title: str  # empty where the section says enough
    columns: Sequence[str]  # the first names the row
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        lines = [list(self.columns), *map(list, self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines)]
        rule = "  ".join("-" * width for width in widths)
        body = ["  ".join(cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(line, widths)))
                for line in lines]  # fmt: skip
        return "\n".join(filter(None, [self.title, body[0], rule, *body[1:], *self.notes]))

    def markdown(self) -> str:
        rule = ["---"] + ["---:"] * (len(self.columns) - 1)
        lines = ["| " + " | ".join(line) + " |" for line in (self.columns, rule, *self.rows)]
        heading = [f"### {self.title}", ""] if self.title else []
        notes = ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join([*heading, *lines, *notes])


def of_timings(title: str, corner: str, timings: dict[str, dict[str, Timing]], notes: Sequence[str] = ()) -> Table:
    """A row for each problem and a column for each peer: microseconds, and the ratio to the first peer."""
    peers = [name for name in PEERS if any(name in row for row in timings.values())]
    rows = [[name, *(_cell(row.get(peer)) for peer in peers)] for name, row in timings.items()]
    return Table(title, [corner, *(PEERS[peer].title for peer in peers)], rows, notes)


def _cell(timing: Timing | None) -> str:
    if timing is None:
        return "–"
    median, ratio = timing[0], timing[2]
    return digits(median) if ratio == 1 else f"{digits(median)} ({ratio:.2f})"


def digits(value: float) -> str:
    """Three digits that count: 0.123, 12.3, 12,300."""
    if value >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:#.3g}"
