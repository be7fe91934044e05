"""Standard functions to test minimizers on, with their starts and minima.

Each is made by a function of its own, which takes what may vary; :func:`all_problems` makes one of each.

>>> problem = rosenbrock(4)
>>> problem.start, problem.minimum, problem.minimizers
((-1.2, 1.0, -1.2, 1.0), 0.0, ((1.0, 1.0, 1.0, 1.0),))
>>> x = problem.at_start()
>>> problem(x)
tensor(532.4000, dtype=torch.float64, grad_fn=<SumBackward>)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.ops.joining import cat, stack
from ..autograd.ops.pointwise import cos, exp, sqrt
from . import mgh_fixed, mgh_variable
from .mgh_fixed import *  # noqa: F403  all of its problems
from .mgh_variable import *  # noqa: F403
from .problem import MORE_GARBOW_HILLSTROM, Problem, least_squares

__all__ = [
    "Problem", "ackley", "all_problems", "booth", "himmelblau", "least_squares", "more_garbow_hillstrom", "quadratic",
    "rastrigin", "rosenbrock",
]  # fmt: skip
__all__ += mgh_fixed.__all__
__all__ += mgh_variable.__all__


def rosenbrock(n: int = 2) -> Problem:
    """Rosenbrock's valley: ``sum of 100 (x_(i+1) - x_i^2)^2 + (1 - x_i)^2``.

    Easy to enter and hard to follow. With n = 2 it is problem 1 of Moré, Garbow and Hillstrom; from n = 4 on there is a
    second, local minimum near (-1, 1, ..., 1), of the value 3.70 for n = 4 that grows to 3.99.
    """
    if n < 2:
        raise ValueError(f"rosenbrock: n must be at least 2, got {n}")

    def residuals(x: Tensor) -> Any:
        return cat([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])

    start = [-1.2 if i % 2 == 0 else 1.0 for i in range(n)]
    return least_squares("Rosenbrock", residuals, start, 0.0, ((1.0,) * n,), reference=1)


def himmelblau() -> Problem:
    """``(x^2 + y - 11)^2 + (x + y^2 - 7)^2``: four minima, each of 0.

    >>> problem = himmelblau()
    >>> problem(problem.at_start()).item()
    170.0
    """

    def residuals(x: Tensor) -> Any:
        x1, x2 = x
        return stack([x1**2 + x2 - 11, x1 + x2**2 - 7])

    minimizers = (
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286170),
        (3.584428340330492, -1.848126526964404),
    )
    reference = 'Himmelblau, "Applied Nonlinear Programming" (1972)'
    return least_squares("Himmelblau", residuals, (0, 0), 0.0, minimizers, reference=reference)


def booth() -> Problem:
    """``(x + 2 y - 7)^2 + (2 x + y - 5)^2``: a quadratic bowl."""

    def residuals(x: Tensor) -> Any:
        x1, x2 = x
        return stack([x1 + 2 * x2 - 7, 2 * x1 + x2 - 5])

    reference = 'Jamil, Yang, "A literature survey of benchmark functions" (2013), function 17'
    return least_squares("Booth", residuals, (0, 0), 0.0, ((1.0, 3.0),), reference=reference)


def rastrigin(n: int = 2) -> Problem:
    """``10 n + sum of x_i^2 - 10 cos(2 pi x_i)``: a bowl full of dents, one near every whole-number point."""

    def function(x: Tensor) -> Any:
        return 10 * n + (x**2 - 10 * cos(2 * math.pi * x)).sum()

    reference = 'Rastrigin, "Systems of Extremal Control" (1974)'
    return Problem("Rastrigin", function, (0.3,) * n, 0.0, ((0.0,) * n,), reference=reference)


def ackley(n: int = 2) -> Problem:
    """An almost flat plain of dents, and one deep hole at the origin, where the gradient does not exist."""

    def function(x: Tensor) -> Any:
        bowl = -20 * exp(-0.2 * sqrt((x**2).mean()))
        return bowl - exp(cos(2 * math.pi * x).mean()) + 20 + math.e

    reference = 'Ackley, "A Connectionist Machine for Genetic Hillclimbing" (1987)'
    return Problem("Ackley", function, (0.3,) * n, 0.0, ((0.0,) * n,), reference=reference)


def quadratic(spectrum: Sequence[float] = (1.0, 10.0, 100.0), seed: int | None = 0) -> Problem:
    """``(x - 1)' A (x - 1) / 2`` where A has the given eigenvalues: theory says how fast methods get down.

    Parameters
    ----------
    spectrum : sequence of n floats
        the eigenvalues of the Hessian A, none negative; the condition number is the largest by the smallest
    seed : int, optional
        draws the eigenvectors; None takes the coordinate axes

    >>> problem = quadratic([1.0, 4.0], seed=None)
    >>> problem(problem.at_start())                     # from the origin
    tensor(2.5000, dtype=torch.float64, grad_fn=<MulBackward>)
    """
    if not spectrum or not all(value >= 0 for value in spectrum):
        raise ValueError(f"quadratic: the eigenvalues must be at least 0, got {list(spectrum)}")
    n = len(spectrum)
    axes = np.eye(n) if seed is None else np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]
    hessian = (axes * np.asarray(spectrum, float)) @ axes.T
    hessian = (hessian + hessian.T) / 2

    def function(x: Tensor) -> Any:
        away = x - 1
        return 0.5 * (away @ (x.new_tensor(hessian) @ away))

    return Problem("Quadratic", function, (0.0,) * n, 0.0, ((1.0,) * n,), reference="")


FACTORIES: tuple[Callable[[], Problem], ...] = (
    rosenbrock,
    himmelblau,
    booth,
    rastrigin,
    ackley,
    quadratic,
    *(getattr(mgh_fixed, name) for name in mgh_fixed.__all__),
    *(getattr(mgh_variable, name) for name in mgh_variable.__all__),
)


def all_problems() -> list[Problem]:
    """One problem from each function here, in its usual dimension.

    >>> len(all_problems())
    40
    """
    return [make() for make in FACTORIES]


def more_garbow_hillstrom() -> list[Problem]:
    """The 35 problems of Moré, Garbow and Hillstrom, in their order."""
    problems = {problem.reference: problem for problem in all_problems()}
    return [problems[MORE_GARBOW_HILLSTROM.format(number)] for number in range(1, 36)]
