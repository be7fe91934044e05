"""A whole training step of an MLP: zero_grad, forward, cross-entropy, backward, step; float32."""

from __future__ import annotations

from typing import Any

from _harness import Pace, Settings, workers_for
from _harness import measure as time_of
from _problems import Training
from _tables import Table, of_timings

TITLE = "Training step"

GRADIENTS = Training(64, (64, 128, 10), "none")
ROWS = [
    Training(32, (64, 32, 10), "Adam"),
    Training(64, (64, 128, 10), "Adam"),
    Training(64, (64, 128, 10), "SGD"),
    Training(512, (64, 64, 64, 10), "Adam"),
    Training(64, (784, 128, 10), "Adam"),
    Training(64, (784, 256, 256, 256, 10), "Adam"),
    Training(128, (784, 1024, 1024, 10), "Adam"),
    GRADIENTS,
]


def measure(settings: Settings) -> dict[str, Any]:
    pace = Pace(5, 0.02) if settings.quick else Pace(25, 0.1)
    with workers_for(settings.peers, settings) as workers:
        return {row.name: time_of(workers, row, pace) for row in ROWS if settings.match in row.name}


def tables(figures: dict[str, Any]) -> list[Table]:
    return [of_timings("", "batch, layers, optimizer", figures)]


def draw(figures: dict[str, Any], path: str) -> None:
    from _pictures import dots, medians

    dots({"": medians(figures)}, "microseconds", path)
