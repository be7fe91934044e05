"""The process of one peer: it answers requests, one JSON line each, until its input ends.

python _worker.py PEER CLOCK
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import traceback
import tracemalloc
from collections.abc import Callable
from importlib import metadata
from typing import Any

from _problems import Problem, Step, unpacked
from peers import PEERS, NotOffered

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
WARM_UP = 0.2  # share of a round's time


class Desk:
    """One peer and the problem that it has at hand. Each public method is a request."""

    def __init__(self, name: str, clock: str) -> None:
        self.clock = CLOCKS[clock]
        self.peer = PEERS[name]
        self.module = importlib.import_module(f"peers.{self.peer.module}")
        self.finish: Callable[[Any], None] = getattr(self.module, "finish", lambda result: None)
        self.forget()

    def versions(self) -> dict[str, str]:
        return {name: metadata.version(name) for name in self.module.PACKAGES}

    def prepare(self, problem: list[Any]) -> list[float] | None:
        """Take this problem to hand; the outcome of its first steps, None if the peer does not offer it."""
        self.forget()
        given = unpacked(problem)
        try:
            step = self._new_step(given)
            outcome = given.outcome(step)
        except (NotOffered, RecursionError):  # the latter: a graph that is too long for this peer
            return None
        self.step = step
        return outcome

    def warm_up(self, seconds: float) -> None:
        """Find the number of steps that fill a round of so many seconds."""
        spent = self.round() / 1e6
        while spent < WARM_UP * seconds:
            self.number *= 2
            spent = self.round() * self.number / 1e6
        self.number = max(1, round(self.number * seconds / spent))

    def round(self) -> float:
        """Microseconds that one step takes."""
        step, steps = self.step, range(self.number)
        start = self.clock()
        for _ in steps:
            result = step()
        self.finish(result)
        return (self.clock() - start) / self.number * 1e6

    def memory(self, problem: list[Any]) -> int | None:
        """Bytes at the peak of a step, with all that was allocated since the model was made.

        Not of one of the first steps: some are written down after a while, which takes memory of its own.
        """
        given = unpacked(problem)
        try:
            self._new_step(given)()  # whatever is loaded and kept at the first use is not the step's
        except NotOffered:
            return None
        tracemalloc.start()
        step = self._new_step(given)
        for _ in range(10):
            step()
        gc.collect()  # Python keeps the memory of small objects that are gone, for the next ones of their kind
        tracemalloc.reset_peak()
        step()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    def forget(self) -> None:
        """Let the arrays of the problem at hand go."""
        self.step: Step = lambda: None
        self.number = 1

    def _new_step(self, problem: Problem) -> Step:
        make = getattr(self.module, type(problem).__name__.lower(), None)
        if make is None:
            raise NotOffered
        return make(problem, **self.peer.variant)


def main(name: str, clock: str) -> None:
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        desk = Desk(name, clock)
    except ImportError as error:
        return answer(missing=str(error))
    answer(value=desk.versions())
    for line in sys.stdin:
        request = json.loads(line)
        try:
            value = getattr(desk, request.pop("do"))(**request)
        except Exception:  # whatever it is, the harness shall show it and end
            answer(error=traceback.format_exc())
        else:
            answer(value=value)


if __name__ == "__main__":
    main(*sys.argv[1:])
