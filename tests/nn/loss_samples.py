"""Samples for the rows of the losses: see ``tests/autograd/kit.py``."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_optim.nn.functional import classification_losses as classes
from minitorch_optim.nn.functional import regression_losses as regression

kit = runpy.run_path(str(Path(__file__).parents[1] / "autograd" / "kit.py"))
sample, real, broadcast, Within = kit["sample"], kit["real"], kit["broadcast"], kit["Within"]
ANY, UNIT, POSITIVE = kit["ANY"], kit["UNIT"], kit["POSITIVE"]
PROBABILITY = Within(0.1, 0.9)
TARGET = np.array([2, 0, 2])
SHARE = np.array([0.5, 0.0, 2.1])
REDUCTIONS = ("none", "mean", "sum")


def far(*shape: int) -> Any:
    """Differences on both sides of the kink of Huber's loss, and away from it and from 0."""
    small = Within(0.1, 0.4, signed=True).draw(np.random.default_rng(1), shape)
    return small * np.where(np.arange(shape[-1]) % 2, 1, 9)


SAMPLES: dict[Any, list[Any]] = {
    regression.squared_error: [sample(real(2, 3), real(2, 3), reduction=r) for r in REDUCTIONS],
    regression.absolute_error: [sample(far(2, 4), np.zeros((2, 4)), reduction=r) for r in REDUCTIONS],
    regression.huber_error: [sample(far(2, 4), np.zeros((2, 4)), reduction=r, delta=0.6) for r in REDUCTIONS],
    classes.softmax_nll: [
        sample(real(3, 4), TARGET, share, reduction=r) for r in REDUCTIONS for share in (None, SHARE)
    ],
    classes.pick_class: [sample(real(3, 4), TARGET)],
    classes.place_class: [sample(real(3), TARGET, 4)],
    classes.bernoulli_nll: broadcast(classes.bernoulli_nll, PROBABILITY, PROBABILITY),
    classes.logistic_nll: [
        *broadcast(classes.logistic_nll, ANY, PROBABILITY),
        *broadcast(classes.logistic_nll, ANY, PROBABILITY, POSITIVE),
    ],
}
