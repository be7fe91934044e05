"""How long `import` takes, in a fresh interpreter that has started already. Modules have been compiled before."""

from __future__ import annotations

import subprocess
from typing import Any

from _harness import WORKER, Settings, summary
from _tables import Table, digits

TITLE = "Import"
MODULES = {  # of each peer; NumPy first, which the others are compared with
    "numpy": "numpy",
    "ours": "minitorch_optim",
    "pytorch": "torch",
    "jax": "jax",
    "hips": "autograd",
    "mygrad": "mygrad",
}
PROGRAM = """
import time
start = time.{clock}()
import {module}
print((time.{clock}() - start) * 1e6)
"""


def measure(settings: Settings) -> dict[str, Any]:
    modules = {peer: module for peer, module in MODULES.items() if peer in {"numpy", *settings.peers}}
    # The first import of each compiles its modules, and is not counted.
    installed = [peer for peer, module in modules.items() if _microseconds(module, peer, settings) is not None]
    times: dict[str, list[float]] = {modules[peer]: [] for peer in installed}
    for _ in range(3 if settings.quick else 21):
        for peer in installed:
            times[modules[peer]].append(_microseconds(modules[peer], peer, settings))
    return summary(times)


def _microseconds(module: str, peer: str, settings: Settings) -> float | None:
    """How long one import takes, None if the module is not installed."""
    clock = {"wall": "perf_counter", "cpu": "process_time"}[settings.clock]
    done = subprocess.run(
        [settings.python(peer), "-c", PROGRAM.format(clock=clock, module=module)],
        capture_output=True,
        text=True,
        env=settings.environment(),
        cwd=WORKER.parent,  # the first entry of the path: a folder without modules of these names
    )
    if done.returncode == 0:
        return float(done.stdout)
    if f"No module named '{module}'" in done.stderr:
        return None
    raise RuntimeError(f"import {module} failed:\n{done.stderr}")


def tables(figures: dict[str, Any]) -> list[Table]:
    rows = [
        [f"import {module}", digits(median / 1000), f"{ratio:.2f}"] for module, (median, _, ratio) in figures.items()
    ]
    return [Table("", ["", "ms", "times import numpy"], rows)]


def draw(figures: dict[str, Any], path: str) -> None:
    from _pictures import bars

    bars({module: median / 1000 for module, (median, _, _) in figures.items()}, "milliseconds to import", path)
