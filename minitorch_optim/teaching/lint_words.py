"""What the rules of ``lint_training`` share: how things are called, and what is asked of parameters and modules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..nn import Module
from .lint_run import Step

Seen = Iterator[tuple[str, str]]  # what was seen, and what to do
Names = Callable[[Tensor], str]  # what to call a parameter


def depends_on_mode(module: Module) -> bool:
    """Whether a module does something else in training than in evaluation."""
    statistics = getattr(module, "track_running_stats", False) and "running_mean" in module._buffer_names
    dropout = "Dropout" in type(module).__name__ and getattr(module, "p", 0.0) > 0
    return bool(statistics or dropout)


def frozen(module: Module) -> bool:
    """Whether it has parameters, and none requires grad."""
    parameters = [p for _, p in module.named_parameters()]
    return bool(parameters) and not any(p.requires_grad for p in parameters)


def trained(models: dict[str, Module]) -> list[Tensor]:
    """The parameters of these models that require grad."""
    found = dict.fromkeys(p for model in models.values() for _, p in model.named_parameters())
    return [p for p in found if p.requires_grad]


def path_of(models: dict[str, Module], wanted: Module) -> str:
    """What a module is called: the name of its model and the path in it."""
    for name, model in models.items():
        for path, module in model.named_modules():
            if module is wanted:
                return f"{name}.{path}" if path else name
    return type(wanted).__name__


def class_of(step: Step) -> str:
    """The name of the class of the optimizer that stepped."""
    return type(step.optimizer).__name__


def listed(names: Iterable[str], most: int = 6) -> str:
    """The names in order, the first few of many."""
    found = sorted(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def numbers(values: list[float]) -> str:
    """Numbers, each once."""
    return " and ".join(f"{value:g}" for value in dict.fromkeys(values))


def rms(array: Any) -> float:
    """The root mean square."""
    return float(np.linalg.norm(np.ravel(array).astype(np.complex128))) / math.sqrt(array.size) if array.size else 0.0
