"""The page of the docs: figures are kept in figures.json, and the page and its pictures are made from them."""

from __future__ import annotations

import datetime
import json
import os
import platform
from importlib import import_module
from pathlib import Path
from typing import Any

import _goals
import numpy as np
from _harness import Settings

KEPT = Path(__file__).with_name("figures.json")
DOCS = Path(__file__).resolve().parents[2] / "docs"
SECTIONS = ("training", "optimizers", "importing", "memory", "scaling")

OPENING = """\
# Benchmarks

minitorch_optim beside the same computation in plain NumPy, PyTorch, JAX, HIPS autograd and MyGrad. This page is
written by `make bench ARGS="--write"`; `make bench-peers` installs what it compares with, and what is not installed is
left out.

## How it is measured

Each peer runs in a process of its own. Rounds are taken in turn, one peer after the other, so that whatever disturbs
the machine disturbs all of them; a figure is the median of the rounds, in microseconds unless it says otherwise. In
parentheses is the ratio to minitorch_optim: the median of the ratios of rounds that followed each other, and above 1
where minitorch_optim is faster. Before it is timed, each peer has to come to the same losses over five steps, or move
the parameters as far, from the same initial values. All is in float32. A training step takes the next of 64 batches
of random numbers, whose labels are random too: a batch that comes again and again is soon known by heart, its gradients
vanish, and what is timed then is how processors treat numbers below 1e-38.

NumPy by hand is what a good student would write: gradients in closed form, updates of one tensor at a time, in place
where that is natural. HIPS autograd and MyGrad have no optimizers for single tensors and use the same updates. PyTorch
runs eagerly: its optimizers loop over tensors, or work on lists of tensors (foreach), or in one fused kernel (fused).
JAX compiles the whole step, with optax's update, and is given the memory of the old parameters for the new ones; its
loss is there when a step ends, as with the others, or, "not waiting", it begins the next step before. All have the same
number of threads.
"""


def record(name: str, figures: Any, settings: Settings) -> None:
    """Keep the figures of a section, in place of those that were there."""
    kept = read()
    kept[name] = {"conditions": conditions(settings), "figures": figures}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def read() -> dict[str, Any]:
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def conditions(settings: Settings) -> dict[str, str]:
    """Where and how the figures were taken, in general terms."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[call-overload]
    known = {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "system": f"{platform.system()}, {platform.machine()}",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version}" for name, version in sorted(settings.versions.items())),
        "BLAS": f"{blas['name']} {blas['version']}",
        "threads": str(settings.threads),
        "clock": {"wall": "wall", "cpu": "processor time"}[settings.clock],
        "rounds": "few and short" if settings.quick else "all",
    }
    return {name: value for name, value in known.items() if value}


def _processor() -> str:
    model, info = platform.processor(), Path("/proc/cpuinfo")
    if info.exists():
        models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = models[0] if models else model
    return f"{model or 'unknown'}, {os.cpu_count()} cores"


def write() -> list[Path]:
    """Write the page and its pictures, from the figures that were kept."""
    kept = {name: found for name, found in read().items() if found["figures"]}
    pictures = DOCS / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    parts, written = [OPENING], []
    for name in SECTIONS:
        if name not in kept:
            continue
        section, figures = import_module(f"sections.{name}"), kept[name]["figures"]
        taken = "; ".join(f"{key} {value}" for key, value in kept[name]["conditions"].items())
        picture = pictures / f"benchmarks_{name}.png"
        section.draw(figures, str(picture))
        written.append(picture)
        title, _, _ = section.__doc__.partition("\n")
        parts += [f"## {section.TITLE}\n", section.__doc__.strip() + "\n", f"![{title}](pictures/{picture.name})\n"]
        parts += [table.markdown() + "\n" for table in section.tables(figures)]
        parts.append(f"Taken with: {taken}.\n")
    goals = _goals.goals({name: found["figures"] for name, found in kept.items()})
    parts += ["## Goals\n", _goals.digest(goals).markdown() + "\n"]
    page = DOCS / "benchmarks.md"
    page.write_text("\n".join(parts), encoding="utf-8")
    return [page, *written]
