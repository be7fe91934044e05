"""Samples for the rows of linear, embedding, activation and recurrent layers: see ``tests/autograd/kit.py``."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_optim.nn.functional import pointwise, recurrent
from minitorch_optim.nn.functional.embedding import lookup
from minitorch_optim.nn.functional.linear import affine, affine_rows

kit = runpy.run_path(str(Path(__file__).parents[1] / "autograd" / "kit.py"))
sample, real, imaginary, broadcast = kit["sample"], kit["real"], kit["imaginary"], kit["broadcast"]
ANY, BROAD, SMALL, UNIT = kit["ANY"], kit["BROAD"], kit["SMALL"], kit["UNIT"]

SAMPLES: dict[Any, list[Any]] = {
    affine: [
        sample(real(4, 3), real(2, 3), real(2)),
        sample(real(4, 3), real(2, 3)),
        sample(real(0, 3), real(2, 3), real(2)),
        sample(real(2, 0), real(3, 0), real(3)),
        sample(imaginary(2, 3), imaginary(2, 3), imaginary(2)),
    ],
    affine_rows: [
        sample(real(3), real(2, 3), real(2)),
        sample(real(2, 2, 3), real(1, 3), real(1)),
        sample(real(1, 2, 2, 1), real(2, 1), real(2)),
        sample(real(2, 2, 3), real(2, 3)),
        sample(real(2, 0, 3), real(2, 3), real(2)),
        sample(real(2, 1, 0), real(3, 0), real(3)),
        sample(imaginary(1, 2, 3), imaginary(2, 3), imaginary(2)),
    ],
    lookup: [  # padding_idx and by_count change the gradient on purpose: test_embedding.py compares them with PyTorch
        sample(real(4, 3), np.array([0, 2, 2, 3])),
        sample(real(4, 2), np.array([[0, 2], [2, 1]])),
        sample(real(4, 2), np.array(1)),
        sample(real(4, 2), np.zeros((0, 3), int)),
    ],
    pointwise.prelu: broadcast(pointwise.prelu, ANY, UNIT),
}

# -- activations: on both sides of each kink, away from it

ACTIVATIONS: dict[Any, tuple[Any, dict[str, float]]] = {
    pointwise.leaky_relu: (ANY, {"slope": 0.1}),
    pointwise.elu: (ANY, {"alpha": 1.5, "scale": 0.9, "rate": 0.7}),
    pointwise.hardtanh: (ANY, {"low": -1.03, "high": 0.97}),
    pointwise.hardsigmoid: (BROAD, {}),
    pointwise.hardswish: (BROAD, {}),
    pointwise.softshrink: (ANY, {"lambd": 0.513}),
    pointwise.hardshrink: (ANY, {"lambd": 0.513}),
    pointwise.threshold: (ANY, {"level": 0.117, "value": 3.0}),
    pointwise.normal_cdf: (ANY, {}),
    pointwise.gelu: (ANY, {}),
    pointwise.gelu_tanh: (ANY, {}),
    pointwise.silu: (ANY, {}),
    pointwise.mish: (ANY, {}),
    pointwise.softsign: (ANY, {}),
    pointwise.logsigmoid: (BROAD, {}),
    pointwise.tanhshrink: (ANY, {}),
}
for primitive, (domain, constants) in ACTIVATIONS.items():
    SAMPLES[primitive] = broadcast(primitive, domain, **constants)

# -- recurrences: T, N, H = 3, 2, 2


def _recurrence(gates: int, states: int, **options: Any) -> list[Any]:
    first = [real(2, 2, domain=UNIT) for _ in range(states)]
    inputs, weight, bias = real(3, 2, 2 * gates), real(2 * gates, 2, domain=SMALL), real(2 * gates, domain=SMALL)
    return [
        sample(inputs, *first, weight, bias, **options),
        sample(inputs, *first, weight, None, **options),
        sample(inputs[:1, :1], *[s[:1] for s in first], weight, bias, **options),
    ]


SAMPLES[recurrent.rnn] = [*_recurrence(1, 1, relu=True), *_recurrence(1, 1)]
SAMPLES[recurrent.lstm] = _recurrence(4, 2)
SAMPLES[recurrent.gru] = _recurrence(3, 1)
