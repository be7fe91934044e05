"""The pictures of the site, drawn from the code each time the site is built."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from minitorch_optim import optim, plot
from minitorch_optim.testing import functions

from . import reference

DOCS = Path(__file__).resolve().parents[1]
BEGIN = "lambda params: "

# What is drawn beside plain gradient descent, and what the page prints: the text is the code.
RACES = {
    "ASGD": "ASGD(params, lr=1e-3)",
    "Adadelta": "Adadelta(params, lr=30)",
    "Adafactor": "Adafactor(params, lr=0.1)",
    "Adagrad": "Adagrad(params, lr=0.5)",
    "Adam": "Adam(params, lr=0.1)",
    "AdaBelief": "AdaBelief(params, lr=0.1)",
    "AdamW": "AdamW(params, lr=0.1)",
    "Adamax": "Adamax(params, lr=0.1)",
    "LAMB": "LAMB(params, lr=0.05)",
    "LARS": "LARS(params, lr=2, momentum=0.9)",
    "LBFGS": 'LBFGS(params, max_iter=1, line_search_fn="strong_wolfe")',
    "Lion": "Lion(params, lr=0.02)",
    "Lookahead": "Lookahead(Adam(params, lr=0.1), k=5)",
    "Muon": "Muon(params, lr=0.05)",
    "NAdam": "NAdam(params, lr=0.1)",
    "Prodigy": "Prodigy(params, lr=1)",
    "RAdam": "RAdam(params, lr=0.1)",
    "RMSprop": "RMSprop(params, lr=0.01)",
    "Rprop": "Rprop(params, lr=0.05)",
    "SAM": "SAM(SGD(params, lr=1e-3, momentum=0.9), rho=0.05)",
    "SGD": "SGD(params, lr=1e-3, momentum=0.9)",
    "ScheduleFreeAdamW": "ScheduleFreeAdamW(params, lr=0.1)",
    "ScheduleFreeSGD": "ScheduleFreeSGD(params, lr=1e-3)",
    "ScipyMinimize": 'ScipyMinimize(params, method="Newton-CG")',
    "SparseAdam": "SparseAdam(params, lr=0.1)",
    "Yogi": "Yogi(params, lr=0.1)",
}
OPPONENT = "SGD(params, lr=1e-3)"


class WithSparseGradient:
    """SparseAdam takes no other gradient: each is made sparse before the step."""

    def __init__(self, optimizer: optim.SparseAdam) -> None:
        self.optimizer = optimizer

    def step(self) -> None:
        for group in self.optimizer.param_groups:
            for p in group["params"]:
                p.grad = p.grad.to_sparse()
        self.optimizer.step()


def factory(text: str) -> Any:
    make = eval(BEGIN + text, vars(optim))  # the text is one of those above
    if text.startswith("SparseAdam"):
        return lambda params: WithSparseGradient(make(params))
    return make


def draw_optimizers(folder: Path) -> None:
    """One picture for each optimizer, on Rosenbrock's valley, and the text that goes below it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in [n.name for n in reference.optimizers()]:
        text = RACES[name]
        racers = {text.replace("params, ", ""): factory(text), OPPONENT.replace("params, ", ""): factory(OPPONENT)}
        figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
        shape = (1, 2) if name == "Muon" else (2,)
        plot.trajectories(racers, functions.rosenbrock(), steps=200, ax=ax, shape=shape)
        save(figure, folder / f"{name}.png")
        caption = f"200 steps in Rosenbrock's valley: ``{text}`` beside plain gradient descent."
        figure_with_caption(folder, name, name, caption)


def draw_schedules(folder: Path) -> None:
    """One picture for each schedule, with the examples of make_schedule_pictures.py."""
    folder.mkdir(parents=True, exist_ok=True)
    script = runpy.run_path(str(DOCS / "make_schedule_pictures.py"))
    for text in script["EXAMPLES"]:
        scheduler = script["constructed"](text)
        name = type(scheduler).__name__
        if (folder / f"{name}.txt").exists():
            continue  # the first example of each
        figure, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
        if isinstance(scheduler, optim.lr_scheduler.ReduceLROnPlateau):
            script["draw_plateau"](scheduler, ax)
        else:
            plot.schedule(scheduler, script["STEPS"], ax=ax)
        ax.set_ylim(bottom=0)
        save(figure, folder / f"{name}.png")
        caption = f"``{text}``, where ``optimizer`` is ``SGD(params, lr=0.1, momentum=0.9)``."
        figure_with_caption(folder, name, name, caption)


def save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def figure_with_caption(folder: Path, file: str, alt: str, caption: str) -> None:
    lines = [f".. figure:: /pictures/{folder.name}/{file}.png", f"   :alt: {alt}", "", f"   {caption}", ""]
    (folder / f"{file}.txt").write_text("\n".join(lines), encoding="utf-8")


def draw_all(folder: Path) -> None:
    draw_optimizers(folder / "optimizers")
    draw_schedules(folder / "schedules")
