"""Side-by-side timing: one process for each peer, rounds in turn, medians and ratios."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from _problems import Problem, packed
from peers import PEERS

WORKER = Path(__file__).with_name("_worker.py")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")  # the last is JAX's
TOLERANCE = 2e-3  # relative, between the outcomes of peers: float32, and Adam divides by small numbers


@dataclass
class Settings:
    """What was asked for on the command line."""

    peers: Sequence[str] = tuple(PEERS)
    threads: int = 1
    clock: str = "wall"  # or "cpu": the time of the process, for machines on which something else runs
    quick: bool = False
    match: str = ""  # measure only rows that have this in their name
    pythons: Mapping[str, str] = field(default_factory=dict)  # interpreters for peers that need another
    versions: dict[str, str] = field(default_factory=dict)  # of the packages that were measured, as workers tell them

    def python(self, peer: str) -> str:
        return self.pythons.get(peer, sys.executable)

    def environment(self) -> dict[str, str]:
        """Of the processes: so many threads, and compiled modules are kept, as they are in daily use."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, **dict.fromkeys(THREADS, str(self.threads))}


class Pace(NamedTuple):
    """How long to measure."""

    rounds: int
    seconds: float  # that a round should take: long enough for caches to be warm again after the other peers


class Timing(NamedTuple):
    """Of one peer and one problem; in microseconds."""

    median: float
    minimum: float
    ratio: float  # to the first peer: the median of the ratios of rounds that followed each other


class Missing(Exception):
    """A peer whose package is not installed."""


class Worker:
    """The process of one peer."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [settings.python(name), str(WORKER), name, settings.clock],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=settings.environment(),
        )
        try:
            self.versions: dict[str, str] = self._answer()
        except BaseException:
            self.stop()
            raise

    def ask(self, request: str, **fields: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": request, **fields}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self.name} ended, with exit code {self.process.wait()}")
        answer = json.loads(line)
        if "missing" in answer:
            raise Missing(answer["missing"])
        if "error" in answer:
            raise RuntimeError(f"{self.name} failed:\n{answer['error']}")
        return answer["value"]

    def stop(self) -> None:
        self.process.communicate()  # its input ends, and so does it


@contextmanager
def workers_for(names: Sequence[str], settings: Settings) -> Iterator[list[Worker]]:
    """A worker for each of these peers that is installed; the others are left out, and named."""
    workers: list[Worker] = []
    try:
        for name in names:
            try:
                workers.append(Worker(name, settings))
                settings.versions.update(workers[-1].versions)
            except Missing as reason:
                print(f"{PEERS[name].title} is left out: {reason}")
        yield workers
    finally:
        for worker in workers:
            worker.stop()


def prepare(workers: Sequence[Worker], problem: Problem) -> list[Worker]:
    """Those workers that offer this problem and have it at hand now. An error unless all come to the same outcome."""
    outcomes = {worker: worker.ask("prepare", problem=packed(problem)) for worker in workers}
    ready = [worker for worker in workers if outcomes[worker] is not None]
    for worker in ready[1:]:
        first, other = outcomes[ready[0]], outcomes[worker]
        if len(first) != len(other) or not all(abs(a - b) <= TOLERANCE * abs(a) for a, b in zip(first, other)):
            raise RuntimeError(
                f"{worker.name} and {ready[0].name} do not compute the same on {problem}: {other} instead of {first}"
            )
    return ready


def measure(workers: Sequence[Worker], problem: Problem, pace: Pace) -> dict[str, Timing]:
    """Time the workers that offer this problem, round by round in turn."""
    ready = prepare(workers, problem)
    for worker in ready:
        worker.ask("warm_up", seconds=pace.seconds)
    times: dict[str, list[float]] = {worker.name: [] for worker in ready}
    for i in range(pace.rounds):
        first = i % max(len(ready), 1)  # nobody always follows the same one, whose threads may still be busy
        for worker in (*ready[first:], *ready[:first]):
            times[worker.name].append(worker.ask("round"))
    for worker in ready:
        worker.ask("forget")
    return summary(times)


def summary(times: Mapping[str, Sequence[float]]) -> dict[str, Timing]:
    first = next(iter(times.values()), ())
    return {
        name: Timing(
            statistics.median(values), min(values), statistics.median(a / b for a, b in zip(values, first, strict=True))
        )
        for name, values in times.items()
    }
