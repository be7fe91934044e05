"""What the tests of optimizers share: a bowl to roll down, and how to step an optimizer of ours, or of PyTorch's, in
it.

Tests read it with ``runpy.run_path``, since test folders are no packages.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_optim.autograd.sparse import COO
from minitorch_optim.autograd.tensor import Tensor, new_tensor

CASES = runpy.run_path(str(Path(__file__).with_name("cases.py")))["CASES"]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
DTYPES = ("float32", "float64")


def cases_that(condition: Any) -> Any:
    """Parametrize a test by the cases that fulfil a condition."""
    return pytest.mark.parametrize("case", [case for case in CASES if condition(case)], ids=lambda case: case.name)


steppable = cases_that(lambda case: not case.needs_closure)  # by gradients that the test makes up

each_sample = pytest.mark.parametrize(
    ("case", "options"),
    [(case, options) for case in CASES for options in case.samples if not case.needs_closure],
    ids=lambda x: x.name if hasattr(x, "samples") else ",".join(f"{k}={v}" for k, v in x.items()) or "-",
)

# ---------------------------------------------------------------------------------------------- the bowl


def shapes_of(case: Any) -> list[tuple[int, ...]]:
    """A few parameters of the kinds that the optimizer takes."""
    if case.matrices:
        return [(3, 4), (5, 2)]
    return [(5,), (3, 4)] if case.sparse == "needed" else [(), (5,), (3, 4)]


def pattern(shape: tuple[int, ...], salt: int, dtype: Any = "float64") -> Any:
    """Numbers between -1 and 1 without visible order. They are exact in float32, and the same on every machine."""
    i = np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.int64)
    numbers = ((i * 7919 + salt * 104729 + i * i * 31 + salt * i * 17) % 2003 - 1001) / 1024
    if np.dtype(dtype).kind == "c":
        numbers = numbers + 1j * pattern(shape, salt + 5000).reshape(-1)
    return numbers.reshape(shape).astype(dtype)


class Given:
    """Gradients that do not depend on where the parameters are, so that differences do not grow by way of the loss."""

    def __init__(self, shapes: list[tuple[int, ...]], dtype: Any, steps: int) -> None:
        random = np.random.default_rng(len(shapes))
        self.dtype = np.dtype(dtype)
        self.starts = [np.asarray(random.normal(size=shape), dtype) for shape in shapes]
        self.gradients = [[np.asarray(random.normal(size=s), dtype) for s in shapes] for _ in range(steps)]

    def gradient(self, i: int, p: Any, t: int) -> Any:
        """Of parameter ``i``, in step ``t``."""
        return self.gradients[t - 1][i]


class Bowl:
    """The quadratic ``sum of curvature |p - center|^2 / 2`` of several parameters, and noise in its gradient.

    Only additions and multiplications of arrays are needed, so that gradients are the same to the bit wherever they are
    computed.
    """

    def __init__(self, shapes: list[tuple[int, ...]], dtype: Any, noise: float = 0.25) -> None:
        self.dtype = np.dtype(dtype)
        self.noise = noise
        self.starts = [pattern(shape, i, dtype) for i, shape in enumerate(shapes)]
        self.centers = [pattern(shape, 100 + i, dtype) for i, shape in enumerate(shapes)]
        real = self.dtype.type(0).real.dtype
        self.curvatures = [np.abs(pattern(shape, 200 + i, real)) + 0.25 for i, shape in enumerate(shapes)]

    def gradient(self, i: int, p: Any, t: int) -> Any:
        """Of parameter ``i`` at ``p``, in step ``t``."""
        g = self.curvatures[i] * (p - self.centers[i])
        if self.noise:
            g = g + self.dtype.type(self.noise) * pattern(p.shape, 1000 + 10 * t + i, self.dtype)
        return np.asarray(g, self.dtype)

    def loss(self, params: list[Tensor]) -> Tensor:
        """The loss without the noise, for backward."""
        terms = [((p - new_tensor(c)).abs() ** 2 * new_tensor(h)).sum() / 2
                 for p, c, h in zip(params, self.centers, self.curvatures, strict=True)]  # fmt: skip
        return sum(terms[1:], terms[0])

    def distance(self, params: list[Tensor]) -> float:
        """How far the parameters are from the bottom, in any element."""
        return max(float(np.max(np.abs(p._array - c))) for p, c in zip(params, self.centers, strict=True))


# ---------------------------------------------------------------------------------------------- optimizers in it


def sparse_parts(g: Any, t: int) -> tuple[Any, Any]:
    """A sparse form of most rows of ``g``: some are left out, and one is there twice, with half of its values each."""
    rows = np.array([row for row in range(len(g))[::-1] if (row + t) % 3 or len(g) == 1])
    rows = np.concatenate([rows, rows[:1]])
    values = g[rows].copy()
    values[[0, -1]] /= 2
    return rows[None], values


class Run:
    """Parameters in a bowl with an optimizer of ours."""

    def __init__(self, case: Any, options: Any, bowl: Bowl, params: Any = None, groups: Any = None) -> None:
        self.case, self.bowl, self.t = case, bowl, 0
        self.sign = -1 if options.get("maximize") else 1
        self.params = [new_tensor(np.array(start), True) for start in bowl.starts] if params is None else params
        given = self.params if groups is None else groups(self.params)
        self.optimizer = case.optimizer(given, **with_lr(case, options))

    def give_gradients(self) -> None:
        """Set the gradient of every parameter for the next step: upwards, where the optimizer maximizes."""
        self.t += 1
        for i, p in enumerate(self.params):
            g = np.asarray(self.sign * self.bowl.gradient(i, p._array, self.t))
            if self.case.sparse == "needed":
                p.grad = new_tensor(COO(*sparse_parts(g, self.t), g.shape))  # type: ignore[arg-type]
            else:
                p.grad = new_tensor(g)

    def step(self, count: int = 1) -> Run:
        """Take steps."""
        for _ in range(count):
            self.give_gradients()
            self.optimizer.step()
        return self

    @property
    def arrays(self) -> list[Any]:
        """Copies of the values of the parameters."""
        return [p._array.copy() for p in self.params]

    def states(self) -> list[dict[str, Any]]:
        """Copies of the state of each parameter, as arrays."""
        return [{k: np.array(getattr(v, "_array", v)) for k, v in self.optimizer.state.get(p, {}).items()}
                for p in self.params]  # fmt: skip


class TorchRun:
    """The same with PyTorch's optimizer, single-tensor path."""

    def __init__(self, case: Any, options: Any, bowl: Bowl) -> None:
        import torch

        torch.sparse.check_sparse_tensor_invariants.enable()
        self.torch, self.case, self.bowl, self.t = torch, case, bowl, 0
        self.sign = -1 if options.get("maximize") else 1
        self.params = [torch.nn.Parameter(torch.from_numpy(np.array(start))) for start in bowl.starts]
        if "foreach" in case.optimizer([new_tensor(np.ones((2, 2)), True)], **with_lr(case, {})).defaults:
            options = {"foreach": False, **options}
        self.optimizer = getattr(torch.optim, case.name)(self.params, **options)

    def give_gradients(self) -> None:
        """As in :class:`Run`."""
        self.t += 1
        for i, p in enumerate(self.params):
            g = np.asarray(self.sign * self.bowl.gradient(i, p.detach().numpy(), self.t))
            if self.case.sparse == "needed":
                rows, values = sparse_parts(g, self.t)
                p.grad = self.torch.sparse_coo_tensor(rows, self.torch.from_numpy(values), g.shape)
            else:
                p.grad = self.torch.from_numpy(g)

    def step(self, count: int = 1) -> TorchRun:
        """As in :class:`Run`."""
        for _ in range(count):
            self.give_gradients()
            self.optimizer.step()
        return self

    @property
    def arrays(self) -> list[Any]:
        """As in :class:`Run`."""
        return [p.detach().numpy().copy() for p in self.params]

    def states(self) -> list[dict[str, Any]]:
        """As in :class:`Run`."""
        states = [self.optimizer.state.get(p, {}) for p in self.params]
        return [{k: np.array(v.numpy() if hasattr(v, "numpy") else v) for k, v in state.items() if v is not None}
                for state in states]  # fmt: skip


def with_lr(case: Any, options: Any) -> dict[str, Any]:
    """The options, with an lr where the optimizer must be given one."""
    return {"lr": 0.1, **options} if case.name == "SGD" else dict(options)


def same(xs: Any, ys: Any) -> None:
    """Assert that two lists of arrays are equal to the bit, dtypes and shapes too."""
    for x, y in zip(xs, ys, strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)


def same_states(xs: Any, ys: Any) -> None:
    """Assert that two lists of states, as ``Run.states`` gives them, are equal to the bit."""
    for x, y in zip(xs, ys, strict=True):
        assert x.keys() == y.keys()
        same(x.values(), y.values())


def deviation(xs: Any, ys: Any) -> float:
    """The largest difference of an element of ``xs``, relative to the largest element of its array in ``ys``."""
    pairs = [(float(np.max(np.abs(x - y))), float(np.max(np.abs(y)))) for x, y in zip(xs, ys, strict=True)]
    return max(difference / max(size, 1e-300) for difference, size in pairs)
