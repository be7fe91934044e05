"""A step of an optimizer alone: every optimizer, on few and many, small and large parameters."""

from __future__ import annotations

from typing import Any

from _harness import Pace, Settings, workers_for
from _harness import measure as time_of
from _problems import Stepping
from _tables import Table, of_timings

TITLE = "Step of an optimizer"

SIZES: dict[str, tuple[tuple[int, ...], ...]] = {
    "4 tensors, 9.6K elements": ((128, 64), (128,), (10, 128), (10,)),
    "200 tensors, 106K elements": ((32, 32), (32,)) * 100,
    "100 tensors, 1M elements": ((100, 100),) * 100,
    "8 tensors, 8.4M elements": ((1024, 1024),) * 8,
}
SMALL, LARGE = tuple(SIZES)[:2], tuple(SIZES)[3]  # the ones that the goals speak of

SCHEDULED = "Adam, another lr in each step"
RATES = (0.001, 0.002, 0.003)
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.01}),
    "SGD, momentum": ("SGD", {"lr": 0.01, "momentum": 0.9}),
    **{
        name: (name, {})
        for name in ("Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD", "NAdam", "RAdam", "RMSprop", "Rprop")
    },
    SCHEDULED: ("Adam", {}),
    "SparseAdam, 1 row in 8": ("SparseAdam", {}),
    "LBFGS, 4 iterations": ("LBFGS", {"max_iter": 4}),
}
QUICK_LARGE = ("SGD", "Adam", "Rprop")


def measure(settings: Settings) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with workers_for(settings.peers, settings) as workers:
        for size, shapes in SIZES.items():
            pace = Pace(3, 0.02) if settings.quick else Pace(15, 0.05)
            for name in OPTIMIZERS:
                if (
                    settings.match not in f"{size}: {name}"
                    or settings.quick
                    and size == LARGE
                    and name not in QUICK_LARGE
                ):
                    continue
                figures.setdefault(size, {})[name] = time_of(workers, problem(name, shapes), pace)
    return figures


def problem(name: str, shapes: tuple[tuple[int, ...], ...]) -> Stepping:
    optimizer, options = OPTIMIZERS[name]
    return Stepping(optimizer, shapes, tuple(options.items()), RATES if name == SCHEDULED else ())


def tables(figures: dict[str, Any]) -> list[Table]:
    return [of_timings(size, "optimizer", timings) for size, timings in figures.items()]


def draw(figures: dict[str, Any], path: str) -> None:
    from _pictures import dots, medians

    dots({size: medians(timings) for size, timings in figures.items()}, "microseconds", path)
