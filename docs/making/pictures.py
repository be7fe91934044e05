"""The pictures of the site, drawn from the code each time the site is built."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import minitorch_optim as torch
from minitorch_optim import nn, optim, plot
from minitorch_optim.datasets import load_digits
from minitorch_optim.testing import functions
from minitorch_optim.utils.data import DataLoader, TensorDataset

from . import reference

DOCS = Path(__file__).resolve().parents[1]
BEGIN = "lambda params: "

# What is drawn beside plain gradient descent, and what the page prints: the text is the code.
RACES = {
    "ASGD": "ASGD(params, lr=2e-3)",
    "Adadelta": "Adadelta(params, lr=10)",
    "Adafactor": "Adafactor(params, lr=1)",
    "Adagrad": "Adagrad(params, lr=1)",
    "Adam": "Adam(params, lr=0.2)",
    "AdaBelief": "AdaBelief(params, lr=0.2)",
    "AdamW": "AdamW(params, lr=0.2)",
    "Adamax": "Adamax(params, lr=0.5)",
    "LAMB": "LAMB(params, lr=0.02)",
    "LARS": "LARS(params, lr=2, momentum=0.9)",
    "LBFGS": 'LBFGS(params, max_iter=1, line_search_fn="strong_wolfe")',
    "Lion": "Lion(params, lr=0.02)",
    "Lookahead": "Lookahead(Adam(params, lr=0.5), k=5)",
    "Muon": "Muon(params, lr=0.05)",
    "NAdam": "NAdam(params, lr=0.2)",
    "Prodigy": "Prodigy(params, lr=1)",
    "RAdam": "RAdam(params, lr=2e-3)",
    "RMSprop": "RMSprop(params, lr=0.2)",
    "Rprop": "Rprop(params, lr=0.05)",
    "SAM": "SAM(SGD(params, lr=1e-3, momentum=0.9), rho=0.05)",
    "SGD": "SGD(params, lr=1e-3, momentum=0.9)",
    "ScheduleFreeAdamW": "ScheduleFreeAdamW(params, lr=0.5)",
    "ScheduleFreeSGD": "ScheduleFreeSGD(params, lr=2e-3)",
    "ScipyMinimize": 'ScipyMinimize(params, method="Newton-CG")',
    "SparseAdam": "SparseAdam(params, lr=0.2)",
    "Yogi": "Yogi(params, lr=0.1)",
}
OPPONENT = "SGD(params, lr=2e-3)"


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


# The learning curves of the guide.
LEARNERS = {
    "SGD": "SGD(params, lr=0.1)",
    "SGD with momentum": "SGD(params, lr=0.1, momentum=0.9, nesterov=True)",
    "Adam": "Adam(params, lr=1e-3)",
    "Adam, 10 times the lr": "Adam(params, lr=1e-2)",
    "Adam, a tenth of the lr": "Adam(params, lr=1e-4)",
    "RMSprop": "RMSprop(params, lr=1e-3)",
    "Lion": "Lion(params, lr=1e-4)",
}
EPOCHS, BATCH = 15, 64


def draw_learning_curves(folder: Path) -> None:
    """Several optimizers learn the digits, from the same weights and in the same order of batches."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = {name: learning_curve(text) for name, text in LEARNERS.items()}
    figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
    for name, losses in curves.items():
        ax.plot(range(1, EPOCHS + 1), losses, label=name)
    ax.set(yscale="log", xlabel="epoch", ylabel="cross-entropy on digits not seen in training")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    save(figure, folder / "learning_curves.png")


def learning_curve(text: str) -> list[float]:
    """The loss on the last 300 digits after each epoch."""
    torch.manual_seed(0)
    images, labels = load_digits()
    order = torch.randperm(len(images))
    images, labels = images[order] / 16, labels[order]
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = factory(text)(model.parameters())
    data = TensorDataset(images[:-300], labels[:-300])
    losses = []
    for _ in range(EPOCHS):
        for x, y in DataLoader(data, batch_size=BATCH, shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        with torch.no_grad():
            losses.append(nn.functional.cross_entropy(model(images[-300:]), labels[-300:]).item())
    return losses


START = {
    "SGD with momentum": RACES["SGD"],
    "Adam": RACES["Adam"],
    "RMSprop": "RMSprop(params, lr=0.1)",
    "L-BFGS": RACES["LBFGS"],
}


def draw_start(folder: Path) -> None:
    """The pictures of the start page."""
    racers = {name: factory(text) for name, text in START.items()}
    figure, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
    plot.trajectories(racers, functions.rosenbrock(), steps=200, ax=ax)
    save(figure, folder / "race.png")
    figure, ax = plt.subplots(figsize=(6, 2.4), layout="constrained")
    optimizer = optim.SGD([torch.ones(1)], lr=0.1, momentum=0.9)
    plot.schedule(optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=100), 100, ax=ax)
    save(figure, folder / "schedule.png")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    x = torch.linspace(-3, 3, 200).reshape(-1, 1)
    ax = plot.graph(nn.functional.mse_loss(model(x), torch.sin(x)), model)
    save(ax.figure, folder / "graph.png")


FLOORS = [
    [("utils · recording · plot · teaching · testing · serialization · datasets · …", "what surrounds training")],
    [("nn", "modules, layers, losses"), ("optim", "a rule for each algorithm, one driver; schedules")],
    [("autograd", "Tensor, the table of derivatives, the tape")],
    [("NumPy, SciPy", "arrays")],
]
SHADES = ("#dfe6da", "#b7cdca", "#82a5ad", "#f0f0f0")


def draw_floors(folder: Path) -> None:
    """The floors of the house; imports go down only."""
    figure, ax = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
    for height, (floor, shade) in enumerate(zip(reversed(FLOORS), reversed(SHADES))):
        width = 10 / len(floor)
        for i, (name, what) in enumerate(floor):
            corner = (i * width, height)
            ax.add_patch(plt.Rectangle(corner, width, 0.92, facecolor=shade, edgecolor="white", linewidth=3))
            ax.text((i + 0.5) * width, height + 0.6, name, ha="center", va="center", weight="bold", size=10)
            ax.text((i + 0.5) * width, height + 0.27, what, ha="center", va="center", size=9)
    ax.annotate(
        "imports", (10.35, 0.1), (10.35, 3.7), ha="center", size=9, arrowprops={"arrowstyle": "->", "color": "0.3"}
    )
    ax.set(xlim=(0, 10.8), ylim=(0, 4))
    ax.axis("off")
    save(figure, folder / "floors.png")


def save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def figure_with_caption(folder: Path, file: str, alt: str, caption: str) -> None:
    lines = [f".. figure:: /pictures/{folder.name}/{file}.png", f"   :alt: {alt}", "", f"   {caption}", ""]
    (folder / f"{file}.txt").write_text("\n".join(lines), encoding="utf-8")


def draw_all(folder: Path) -> None:
    draw_optimizers(folder / "optimizers")
    draw_schedules(folder / "schedules")
    draw_learning_curves(folder / "guides")
    draw_floors(folder / "guides")
    draw_start(folder / "guides")
