"""Side-by-side timing: one process for each peer, one BLAS thread each, rounds in turn, medians and ratios.

A benchmark file has functions that prepare one peer and return what is to be timed::

    def ours(): ...; return step
    def numpy_by_hand(): ...; return step

and ends with ``main(ours, numpy_by_hand, ...)``. The first is the one that the others are compared with. A peer whose
package is not installed is left out. """

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

ROUNDS = 25
SECONDS = 0.1  # that a round should take: long enough for caches to be warm again after the other peer

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main(*peers: Callable[[], Callable[[], object]], title: str = "") -> dict[str, float]:
    """Time the peers against each other; print and return the median of each, in microseconds."""
    if len(sys.argv) == 3 and sys.argv[1] == "--peer":
        _serve(next(peer for peer in peers if peer.__name__ == sys.argv[2]))
        return {}
    processes = {}
    for peer in peers:
        process = subprocess.Popen(
            [sys.executable, sys.argv[0], "--peer", peer.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        assert process.stdout is not None
        answer = process.stdout.readline().strip()
        if answer == "ready":
            processes[peer.__name__] = process
        elif process.wait() != 0:
            raise RuntimeError(f"{peer.__name__} failed: its error is above")
        else:
            print(f"{peer.__name__} is left out: {answer}")
    times: dict[str, list[float]] = {name: [] for name in processes}
    for _ in range(ROUNDS):
        for name, process in processes.items():
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            times[name].append(float(process.stdout.readline()))
    for process in processes.values():
        process.communicate("stop\n")

    medians = {name: statistics.median(values) for name, values in times.items()}
    first = next(iter(medians))
    print(f"{title or os.path.basename(sys.argv[0])}: medians of {ROUNDS} rounds in turn, one thread each")
    for name, median in medians.items():
        ratios = [a / b for a, b in zip(times[first], times[name], strict=True)]
        print(f"  {name:<24} {median:10.1f} us    {first} / it = {statistics.median(ratios):.2f}")
    return medians


def _serve(peer: Callable[[], Callable[[], object]]) -> None:
    try:
        step = peer()
    except ImportError as error:
        print(error, flush=True)
        return
    for _ in range(20):
        step()
    start = time.perf_counter()
    step()
    number = max(1, int(SECONDS / max(time.perf_counter() - start, 1e-7)))
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            return
        start = time.perf_counter()
        for _ in range(number):
            step()
        print((time.perf_counter() - start) / number * 1e6, flush=True)
