"""Every schedule with a grid of options, as data: the same constructors work on this library and on PyTorch.

``SCHEDULES[name](L, optimizer, **more)`` builds a schedule of the module ``L`` on an optimizer, whose lr is 0.1.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

# Functions that pickle can name.
wave = partial(math.pow, 0.99)
slowly = partial(math.pow, 0.9999)
rising = partial(math.pow, 0.8)


def kind(name: str, **options: Any) -> Any:
    def make(L: Any, optimizer: Any, **more: Any) -> Any:
        return getattr(L, name)(optimizer, **options, **more)

    make.kind = name  # type: ignore[attr-defined]
    make.options = options  # type: ignore[attr-defined]
    return make


def grid(name: str, *choices: dict[str, Any]) -> dict[str, Any]:
    shown = [
        ", ".join(f"{k}={v.args[0]}^t" if callable(v) else f"{k}={v}" for k, v in options.items())
        for options in choices
    ]
    return {f"{name}({text})": kind(name, **options) for text, options in zip(shown, choices)}


CHAINABLE = {
    **grid("StepLR", {"step_size": 1}, {"step_size": 3, "gamma": 0.9}, {"step_size": 30, "gamma": 1.01}),
    **grid(
        "MultiStepLR",
        {"milestones": [2, 5, 9]},
        {"milestones": [0, 4, 4, 100, 700], "gamma": 0.5},
        {"milestones": [], "gamma": 0.5},
    ),
    **grid("ExponentialLR", {"gamma": 0.99}, {"gamma": 1.002}, {"gamma": 0.9}),
    **grid("ConstantLR", {}, {"factor": 0.25, "total_iters": 1}, {"factor": 1.0}, {"factor": 0.5, "total_iters": 100}),
    **grid(
        "LinearLR",
        {},
        {"start_factor": 0.1, "end_factor": 0.6, "total_iters": 40},
        {"start_factor": 1.0, "end_factor": 0.01, "total_iters": 1000},
        {"start_factor": 0.5, "total_iters": 1},
    ),
    **grid(
        "PolynomialLR",
        {},
        {"total_iters": 40, "power": 2.0},
        {"total_iters": 1000, "power": 0.5},
        {"total_iters": 999, "power": 0.0},
    ),
    **grid(
        "CosineAnnealingLR",
        {"T_max": 1},
        {"T_max": 7, "eta_min": 0.01},
        {"T_max": 50},
        {"T_max": 300, "eta_min": 1e-4},
        {"T_max": 1000},
        {"T_max": 30, "eta_min": 0.3},
    ),
    **grid("MultiplicativeLR", {"lr_lambda": slowly}),
}

ABSOLUTE = {
    **grid("LambdaLR", {"lr_lambda": wave}),
    **grid(
        "CosineAnnealingWarmRestarts",
        {"T_0": 1},
        {"T_0": 10},
        {"T_0": 5, "T_mult": 3, "eta_min": 0.01},
        {"T_0": 4, "T_mult": 10},
        {"T_0": 2, "T_mult": 2},
    ),
    **grid(
        "CyclicLR",
        {"base_lr": 0.02, "max_lr": 0.5, "step_size_up": 10},
        {"base_lr": 0.0, "max_lr": 0.5, "step_size_up": 7, "step_size_down": 13, "mode": "triangular2"},
        {"base_lr": 0.02, "max_lr": 0.5, "step_size_up": 8, "mode": "exp_range", "gamma": 0.99},
        {"base_lr": 0.02, "max_lr": 0.5, "step_size_up": 8, "scale_fn": rising, "cycle_momentum": False},
        {"base_lr": 0.02, "max_lr": 0.5, "step_size_up": 8, "scale_fn": rising, "scale_mode": "iterations"},
        {"base_lr": 0.1, "max_lr": 0.1, "step_size_up": 8, "base_momentum": 0.5, "max_momentum": 0.99},
    ),
    **grid(
        "OneCycleLR",
        {"max_lr": 0.5, "total_steps": 1000},
        {"max_lr": 0.5, "epochs": 10, "steps_per_epoch": 100, "anneal_strategy": "linear"},
        {"max_lr": 0.5, "total_steps": 1000, "three_phase": True},
        {"max_lr": 0.5, "total_steps": 1000, "three_phase": True, "pct_start": 0.5, "anneal_strategy": "linear"},
        {"max_lr": 0.5, "total_steps": 1000, "pct_start": 0.05, "div_factor": 2, "final_div_factor": 3},
        {"max_lr": 0.5, "total_steps": 1000, "pct_start": 1.0, "cycle_momentum": False},
        {"max_lr": 0.5, "total_steps": 1000, "pct_start": 0.0, "base_momentum": 0.1, "max_momentum": 0.2},
    ),
}

SCHEDULES = {**CHAINABLE, **ABSOLUTE}

# Those of this library alone.
BEYOND = {
    **grid(
        "WarmupStableDecayLR",
        {"warmup_steps": 5, "stable_steps": 20, "decay_steps": 10},
        {"warmup_steps": 0, "stable_steps": 0, "decay_steps": 40, "end_factor": 0.1, "decay_strategy": "linear"},
        {"warmup_steps": 8, "stable_steps": 1, "decay_steps": 9, "start_factor": 0.2, "decay_strategy": "cos"},
    ),
    **grid(
        "CosineWarmupLR",
        {"warmup_steps": 5, "total_steps": 50},
        {"warmup_steps": 0, "total_steps": 30, "end_factor": 0.1},
    ),
}

# -- composites: built by a function of the module, an optimizer, and last_epoch ------------------


def warmup_then_decay(L: Any, o: Any, last_epoch: int = -1) -> Any:
    parts = [L.LinearLR(o, 0.1, total_iters=7), L.ExponentialLR(o, 0.9)]
    return L.SequentialLR(o, parts, [8], last_epoch=last_epoch)


def one_after_the_other(L: Any, o: Any, last_epoch: int = -1) -> Any:
    parts = [
        L.ConstantLR(o, 0.5, 3),
        L.CosineAnnealingWarmRestarts(o, 3, 2),
        L.MultiStepLR(o, [2, 5]),
        L.CyclicLR(o, 0.01, 0.2, 5),
        L.StepLR(o, 4, 0.5),
    ]
    return L.SequentialLR(o, parts, [5, 17, 30, 44], last_epoch=last_epoch)


def together(L: Any, o: Any, last_epoch: int = -1) -> Any:
    parts = [
        L.ConstantLR(o, 0.5, 6, last_epoch=last_epoch),
        L.ExponentialLR(o, 0.97, last_epoch=last_epoch),
        L.CosineAnnealingLR(o, 11, 0.003, last_epoch=last_epoch),
        L.StepLR(o, 9, 0.5, last_epoch=last_epoch),
    ]
    return L.ChainedScheduler(parts)


def together_in_sequence(L: Any, o: Any, last_epoch: int = -1) -> Any:
    parts = [
        L.ChainedScheduler([L.LinearLR(o, 0.25, total_iters=4), L.ExponentialLR(o, 0.95)]),
        L.ChainedScheduler([L.StepLR(o, 5), L.CosineAnnealingLR(o, 9)]),
        L.MultiplicativeLR(o, slowly),
    ]
    return L.SequentialLR(o, parts, [12, 40], last_epoch=last_epoch)


def sequence_together(L: Any, o: Any, last_epoch: int = -1) -> Any:
    sequence = L.SequentialLR(o, [L.ConstantLR(o, 0.5, 2), L.ExponentialLR(o, 0.9)], [20], last_epoch=last_epoch)
    return L.ChainedScheduler([sequence, L.StepLR(o, 7, 0.5, last_epoch=last_epoch)])


def sequence_in_sequence(L: Any, o: Any, last_epoch: int = -1) -> Any:
    inner = L.SequentialLR(o, [L.ConstantLR(o, 0.25, 2), L.ExponentialLR(o, 0.9)], [4])
    middle = L.SequentialLR(o, [L.LinearLR(o), inner, L.OneCycleLR(o, 0.3, 50)], [10, 21])
    return L.SequentialLR(o, [L.ConstantLR(o, 0.5, 2), middle], [3], last_epoch=last_epoch)


COMPOSITES = {
    make.__name__: make
    for make in (
        warmup_then_decay,
        one_after_the_other,
        together,
        together_in_sequence,
        sequence_together,
        sequence_in_sequence,
    )
}
