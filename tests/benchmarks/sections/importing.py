"""How long `import` takes, in a fresh interpreter that has started already."""

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
    clock = {"wall": "perf_counter", "cpu": "process_time"}[settings.clock]
    times: dict[str, list[float]] = {MODULES[peer]: [] for peer in MODULES if peer in {"numpy", *settings.peers}}
    for _ in range(3 if settings.quick else 21):
        for peer, module in MODULES.items():
            if module in times:
                done = subprocess.run(
                    [settings.python(peer), "-c", PROGRAM.format(clock=clock, module=module)],
                    capture_output=True,
                    text=True,
                    env=settings.environment(),
                    cwd=WORKER.parent,  # the first entry of the path: a folder without modules of these names
                )
                if done.returncode == 0:
                    times[module].append(float(done.stdout))
                elif f"No module named '{module}'" in done.stderr:
                    del times[module]
                else:
                    raise RuntimeError(f"import {module} failed:\n{done.stderr}")
    return summary(times)


def tables(figures: dict[str, Any]) -> list[Table]:
    rows = [
        [f"import {module}", digits(median / 1000), f"{ratio:.2f}"] for module, (median, _, ratio) in figures.items()
    ]
    return [Table("", ["", "ms", "times import numpy"], rows)]


def draw(figures: dict[str, Any], path: str) -> None:
    from _pictures import bars

    bars({module: median / 1000 for module, (median, _, _) in figures.items()}, "milliseconds to import", path)
