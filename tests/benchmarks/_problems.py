"""What is timed: each problem is a few numbers, from which every peer draws the same arrays.

A problem also says what a right answer is: ``outcome(step)`` runs a few steps and gives numbers that all peers must
agree on before any of them is timed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Step = Callable[[], Any]
CHECKED_STEPS = 5


@dataclass(frozen=True)
class Training:
    """One step of training an MLP: zero_grad, forward (ReLU, cross-entropy), backward, step. A step gives its loss.

    Each step takes the next of many batches, in turn, with labels that cannot be learnt. One batch again and again
    would soon be known by heart: gradients vanish, and what is timed is how processors treat numbers below 1e-38.
    """

    batch: int
    sizes: tuple[int, ...]  # of the layers, the input's first
    optimizer: str  # "Adam", "SGD", or "none": gradients only
    batches: int = 64

    @property
    def name(self) -> str:
        update = "gradients only" if self.optimizer == "none" else self.optimizer
        return f"{self.batch}, {'-'.join(map(str, self.sizes))}, {update}"

    @property
    def lr(self) -> float:
        return 0.001 if self.optimizer == "Adam" else 0.05

    def data(self, prepare: Callable[[np.ndarray], Any] = lambda array: array) -> Iterator[tuple[Any, Any]]:
        """Inputs of shape (batch, sizes[0]), float32, and labels of shape (batch,), int64, as ``prepare`` makes them.

        After the last batch comes the first again.
        """
        rng = np.random.default_rng(0)
        batches = []
        for _ in range(self.batches):
            inputs = rng.standard_normal((self.batch, self.sizes[0]), dtype=np.float32)
            batches.append((prepare(inputs), prepare(rng.integers(0, self.sizes[-1], self.batch))))
        return itertools.cycle(batches)

    def weights(self) -> list[np.ndarray]:
        """One matrix of shape (outputs, inputs) for each layer; biases start at zero."""
        rng = np.random.default_rng(1)
        return [
            rng.standard_normal((n, m), dtype=np.float32) * np.float32(m**-0.5)
            for m, n in itertools.pairwise(self.sizes)
        ]

    def biases(self) -> list[np.ndarray]:
        return [np.zeros(n, np.float32) for n in self.sizes[1:]]

    def outcome(self, step: Step) -> list[float]:
        """The losses of the first steps."""
        return [step().item() for _ in range(CHECKED_STEPS)]


@dataclass(frozen=True)
class Stepping:
    """A step of an optimizer alone, with gradients that stay as they are. A step gives the parameters, as arrays."""

    optimizer: str
    shapes: tuple[tuple[int, ...], ...]
    options: tuple[tuple[str, Any], ...] = ()
    rates: tuple[float, ...] = ()  # if any, each step takes the next of these learning rates, in turn

    def parameters(self) -> list[np.ndarray]:
        return self._draw(2)

    def gradients(self) -> list[np.ndarray]:
        return self._draw(3)

    def sparse_gradients(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each parameter (indices, rows): every eighth row has a gradient."""
        indices = [np.arange(0, shape[0], 8) for shape in self.shapes]
        return [(rows, g[rows]) for rows, g in zip(indices, self.gradients(), strict=True)]

    def _draw(self, seed: int) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        return [rng.standard_normal(shape, dtype=np.float32) for shape in self.shapes]

    def outcome(self, step: Step) -> list[float]:
        """How far the steps moved the parameters, in two norms: taken together, and those of every parameter."""
        before = self.parameters()
        for _ in range(CHECKED_STEPS):
            after = step()
        moved = [a.astype(np.float64) - b for a, b in zip(after, before, strict=True)]
        return [float(sum(np.abs(m).sum() for m in moved)), *(float(np.sqrt(np.vdot(m, m))) for m in moved)]


@dataclass(frozen=True)
class Chain:
    """Forward and backward through a chain of ``length`` operations on 16 numbers. A step gives the gradient's sum."""

    length: int

    def start(self) -> np.ndarray:
        return np.linspace(-1, 1, 16, dtype=np.float32)

    def outcome(self, step: Step) -> list[float]:
        return [step().item()]


Problem = Training | Stepping | Chain
KINDS: dict[str, type[Problem]] = {kind.__name__: kind for kind in (Training, Stepping, Chain)}


def packed(problem: Problem) -> list[Any]:
    """The problem as JSON can hold it, on its way to a worker."""
    return [type(problem).__name__, asdict(problem)]


def unpacked(message: Sequence[Any]) -> Problem:
    kind, fields = message
    return KINDS[kind](**{name: _tuples(value) for name, value in fields.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
