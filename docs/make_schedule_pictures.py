"""Draw one picture for each schedule, and the page that shows them.

    python docs/make_schedule_pictures.py

The pictures go to docs/pictures/schedules/, the page is docs/schedules.md; both are drawn from the code as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from minitorch_optim import plot, tensor
from minitorch_optim.optim import SGD, lr_scheduler, swa_utils

DOCS = Path(__file__).resolve().parent
STEPS = 100

SCHEDULES = {
    name: getattr(module, name)
    for module in (lr_scheduler, swa_utils)
    for name in module.__all__
    if isinstance(getattr(module, name), type) and issubclass(getattr(module, name), lr_scheduler.LRScheduler)
}

# What is drawn, and what the page prints: the text is the code. `optimizer` is SGD(lr=0.1, momentum=0.9).
EXAMPLES = [
    "LambdaLR(optimizer, lr_lambda=lambda t: 1 / (1 + t / 10))",
    "MultiplicativeLR(optimizer, lr_lambda=lambda t: 0.95)",
    "StepLR(optimizer, step_size=30, gamma=0.3)",
    "MultiStepLR(optimizer, milestones=[20, 60, 80], gamma=0.3)",
    "ConstantLR(optimizer, factor=0.3, total_iters=20)",
    "LinearLR(optimizer, start_factor=0.1, total_iters=40)",
    "ExponentialLR(optimizer, gamma=0.95)",
    "PolynomialLR(optimizer, total_iters=80, power=2)",
    "CosineAnnealingLR(optimizer, T_max=60, eta_min=0.01)",
    "CosineAnnealingWarmRestarts(optimizer, T_0=15, T_mult=2)",
    'CyclicLR(optimizer, base_lr=0.01, max_lr=0.1, step_size_up=12, mode="triangular2")',
    "OneCycleLR(optimizer, max_lr=0.1, total_steps=100)",
    "OneCycleLR(optimizer, max_lr=0.1, total_steps=100, three_phase=True)",
    "WarmupStableDecayLR(optimizer, warmup_steps=10, stable_steps=60, decay_steps=30)",
    "CosineWarmupLR(optimizer, warmup_steps=10, total_steps=100)",
    "SequentialLR(optimizer, [LinearLR(optimizer, 0.1), ExponentialLR(optimizer, 0.95)], milestones=[5])",
    "ChainedScheduler([CosineAnnealingLR(optimizer, T_max=100), StepLR(optimizer, step_size=30, gamma=0.6)])",
    "SWALR(optimizer, swa_lr=0.05, anneal_epochs=40)",
    "ReduceLROnPlateau(optimizer, factor=0.3, patience=10)",
]


def constructed(text: str) -> Any:
    optimizer = SGD([tensor([1.0], requires_grad=True)], lr=0.1, momentum=0.9)
    return eval(text, {**SCHEDULES, "optimizer": optimizer})  # the text is one of those above


def draw_plateau(scheduler: lr_scheduler.ReduceLROnPlateau, ax: Any) -> None:
    """The metric decides, so here is one that stops improving twice."""
    metrics = [max(0.5, 2 - t / 20) if t < 60 else max(0.3, 0.5 - (t - 60) / 40) for t in range(STEPS)]
    lrs = []
    for metric in metrics:
        lrs.append(scheduler.get_last_lr()[0])
        scheduler.step(metric)
    ax.plot(lrs)
    ax.set(xlabel="step", ylabel="learning rate")
    right = ax.twinx()
    right.plot(metrics, color="0.6", linestyle="--")
    right.set_ylabel("metric (dashed)")


def main(docs: Path = DOCS) -> None:
    folder = docs / "pictures" / "schedules"
    folder.mkdir(parents=True, exist_ok=True)
    page = [
        "# Schedules, drawn",
        "",
        "`optimizer` is `SGD(params, lr=0.1, momentum=0.9)`. Where a schedule changes the momentum too, it is dashed.",
        "`plot.schedule(scheduler, n)` draws your own. `make_schedule_pictures.py` makes this page and its pictures.",
    ]
    drawn = set()
    for text in EXAMPLES:
        scheduler = constructed(text)
        name = type(scheduler).__name__
        file = f"{name}.png" if name not in drawn else f"{name}_{text.rpartition(', ')[2].partition('=')[0]}.png"
        figure, ax = plt.subplots(figsize=(5, 2.2), layout="constrained")
        if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
            draw_plateau(scheduler, ax)
        else:
            plot.schedule(scheduler, STEPS, ax=ax)
        ax.set_ylim(bottom=0)
        figure.savefig(folder / file, dpi=80, metadata={"Software": None})
        plt.close(figure)
        if name not in drawn:
            summary = (scheduler.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ").rstrip(":") + "."
            page += ["", f"## {name}", "", summary.replace("..", ".")]
            drawn.add(name)
        page += ["", "```python", text, "```", "", f"![{name}](pictures/schedules/{file})"]
    missing = set(SCHEDULES) - drawn - {"LRScheduler"}
    if missing:
        raise SystemExit(f"no example for {sorted(missing)}: add one to EXAMPLES")
    (docs / "schedules.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    print(f"{len(EXAMPLES)} pictures in {folder}")


if __name__ == "__main__":
    main()
