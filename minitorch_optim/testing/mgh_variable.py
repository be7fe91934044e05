"""The problems of Moré, Garbow and Hillstrom with any number n of variables: their numbers 20 to 35.

Each is a sum of squares; the formulas of the residuals are the paper's. Here i and j count from 1, as there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.ops.creation import ones_like, zeros_like
from ..autograd.ops.joining import cat, stack
from ..autograd.ops.pointwise import cos, exp, sin
from .problem import Problem, count, least_squares

__all__ = [
    "brown_almost_linear", "broyden_banded", "broyden_tridiagonal", "chebyquad", "discrete_boundary_value",
    "discrete_integral_equation", "extended_powell_singular", "extended_rosenbrock", "linear_full_rank",
    "linear_rank_1", "linear_rank_1_zeros", "penalty_1", "penalty_2", "trigonometric", "variably_dimensioned", "watson",
]  # fmt: skip


def multiple_of(k: int, n: int, name: str) -> None:
    """Raise ValueError unless n is a multiple of k."""
    if n < k or n % k:
        raise ValueError(f"{name}: n must be a multiple of {k}, got {n}")


def watson(n: int = 6) -> Problem:
    """``sum (j - 1) x_j t^(j - 2) - (sum x_j t^(j - 1))^2 - 1``, t = 1/29..1: a polynomial solves an equation."""
    t, j = count(29)[:, None] / 29, count(n)
    powers = t ** (j - 1)
    derivatives = np.concatenate([np.zeros((29, 1)), (j[1:] - 1) * t ** (j[1:] - 2)], axis=1)

    def residuals(x: Tensor) -> Any:
        equation = x.new_tensor(derivatives) @ x - (x.new_tensor(powers) @ x) ** 2 - 1
        return cat([equation, stack([x[0], x[1] - x[0] ** 2 - 1])])

    minimum = {6: 2.28767005355e-3, 9: 1.399760138e-6, 12: 4.72238e-10}.get(n)
    return least_squares("Watson", residuals, [0] * n, minimum, reference=20)


def extended_rosenbrock(n: int = 10) -> Problem:
    """n/2 Rosenbrock valleys side by side, not coupled: ``10 (x_2i - x_(2i-1)^2)``, ``1 - x_(2i-1)``."""
    multiple_of(2, n, "extended_rosenbrock")

    def residuals(x: Tensor) -> Any:
        odd, even = x[0::2], x[1::2]
        return cat([10 * (even - odd**2), 1 - odd])

    return least_squares("Extended Rosenbrock", residuals, [-1.2, 1] * (n // 2), 0.0, ((1.0,) * n,), reference=21)


def extended_powell_singular(n: int = 12) -> Problem:
    """n/4 functions of Powell side by side, not coupled; the Hessian is singular at the solution."""
    multiple_of(4, n, "extended_powell_singular")

    def residuals(x: Tensor) -> Any:
        a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
        return cat([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])

    start = [3, -1, 0, 1] * (n // 4)
    return least_squares("Extended Powell singular", residuals, start, 0.0, ((0.0,) * n,), reference=22)


def penalty_1(n: int = 4) -> Problem:
    """``sqrt(1e-5) (x_i - 1)``, and ``sum x_j^2 - 1/4``."""

    def residuals(x: Tensor) -> Any:
        return cat([1e-5**0.5 * (x - 1), ((x**2).sum() - 0.25).reshape(1)])

    minimum = {4: 2.24997750e-5, 10: 7.08765146e-5}.get(n)
    return least_squares("Penalty I", residuals, count(n), minimum, reference=23)


def penalty_2(n: int = 4) -> Problem:
    """Exponentials of neighbours, and ``sum (n - j + 1) x_j^2 - 1``."""
    i = count(n, 2)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)

    def residuals(x: Tensor) -> Any:
        a, e = 1e-5**0.5, exp(x / 10)
        neighbours = a * (e[1:] + e[:-1] - x.new_tensor(y))
        weights = x.new_tensor(count(n)[::-1].copy())
        ends = stack([x[0] - 0.2, (weights * x**2).sum() - 1])
        return cat([neighbours, a * (e[1:] - float(np.exp(-0.1))), ends])

    minimum = {4: 9.37629e-6, 10: 2.93660e-4}.get(n)
    return least_squares("Penalty II", residuals, [0.5] * n, minimum, reference=24)


def variably_dimensioned(n: int = 10) -> Problem:
    """``x_i - 1``, their weighted sum ``s = sum j (x_j - 1)``, and ``s^2``."""

    def residuals(x: Tensor) -> Any:
        s = (x.new_tensor(count(n)) * (x - 1)).sum()
        return cat([x - 1, stack([s, s**2])])

    return least_squares("Variably dimensioned", residuals, 1 - count(n) / n, 0.0, ((1.0,) * n,), reference=25)


def trigonometric(n: int = 10) -> Problem:
    """``n - sum cos(x_j) + i (1 - cos(x_i)) - sin(x_i)``: a local minimum at 2.79506e-5 for n = 10."""

    def residuals(x: Tensor) -> Any:
        c = cos(x)
        return n - c.sum() + x.new_tensor(count(n)) * (1 - c) - sin(x)

    local = {10: (2.79506e-5,)}.get(n, ())
    return least_squares("Trigonometric", residuals, [1 / n] * n, 0.0, ((0.0,) * n,), local, reference=26)


def brown_almost_linear(n: int = 10) -> Problem:
    """``x_i + sum x_j - (n + 1)`` for i < n, and ``prod x_j - 1``; a local minimum of 1 at (0, ..., 0, n + 1)."""

    def residuals(x: Tensor) -> Any:
        return cat([x[:-1] + x.sum() - (n + 1), (x.prod() - 1).reshape(1)])

    return least_squares("Brown almost-linear", residuals, [0.5] * n, 0.0, ((1.0,) * n,), (1.0,), reference=27)


def discrete_boundary_value(n: int = 10) -> Problem:
    """``2 x_i - x_(i-1) - x_(i+1) + h^2 (x_i + t_i + 1)^3 / 2``: u'' = (u + t + 1)^3 / 2 with u(0) = u(1) = 0."""
    h = 1 / (n + 1)
    t = count(n) * h

    def residuals(x: Tensor) -> Any:
        zero = zeros_like(x[:1])
        left, right = cat([zero, x[:-1]]), cat([x[1:], zero])
        return 2 * x - left - right + h**2 / 2 * (x + x.new_tensor(t) + 1) ** 3

    return least_squares("Discrete boundary value", residuals, t * (t - 1), 0.0, reference=28)


def discrete_integral_equation(n: int = 10) -> Problem:
    """The same boundary value problem as an integral equation."""
    h = 1 / (n + 1)
    t = count(n) * h

    def residuals(x: Tensor) -> Any:
        s = x.new_tensor(t)
        cube = (x + s + 1) ** 3
        below, above = (s * cube).cumsum(0), ((1 - s) * cube).cumsum(0)  # sums over j <= i
        return x + h / 2 * ((1 - s) * below + s * (above[-1] - above))

    return least_squares("Discrete integral equation", residuals, t * (t - 1), 0.0, reference=29)


def broyden_tridiagonal(n: int = 10) -> Problem:
    """``(3 - 2 x_i) x_i - x_(i-1) - 2 x_(i+1) + 1``."""

    def residuals(x: Tensor) -> Any:
        zero = zeros_like(x[:1])
        return (3 - 2 * x) * x - cat([zero, x[:-1]]) - 2 * cat([x[1:], zero]) + 1

    return least_squares("Broyden tridiagonal", residuals, [-1] * n, 0.0, reference=30)


def broyden_banded(n: int = 10) -> Problem:
    """``x_i (2 + 5 x_i^2) + 1 - sum x_j (1 + x_j)`` over the five j before i and the one after."""
    i = np.arange(n)
    band = (i[:, None] - 5 <= i) & (i <= i[:, None] + 1) & (i != i[:, None])

    def residuals(x: Tensor) -> Any:
        return x * (2 + 5 * x**2) + 1 - x.new_tensor(band.astype(float)) @ (x * (1 + x))

    return least_squares("Broyden banded", residuals, [-1] * n, 0.0, reference=31)


def linear_full_rank(n: int = 10, m: int = 20) -> Problem:
    """``x_i - 2/m sum x_j - 1`` for i <= n, ``-2/m sum x_j - 1`` beyond."""

    def residuals(x: Tensor) -> Any:
        common = -2 / m * x.sum() - 1
        return cat([x + common, common * ones_like(x.new_zeros(m - n))])

    return least_squares("Linear full rank", residuals, [1] * n, float(m - n), ((-1.0,) * n,), reference=32)


def linear_rank_1(n: int = 10, m: int = 20) -> Problem:
    """``i sum j x_j - 1``: every x with ``sum j x_j = 3 / (2 m + 1)`` is a minimum."""

    def residuals(x: Tensor) -> Any:
        return x.new_tensor(count(m)) * (x.new_tensor(count(n)) @ x) - 1

    minimum = m * (m - 1) / (2 * (2 * m + 1))
    return least_squares("Linear rank 1", residuals, [1] * n, minimum, reference=33)


def linear_rank_1_zeros(n: int = 10, m: int = 20) -> Problem:
    """As :func:`linear_rank_1` with zeros in the first and last column and row."""
    columns = np.where((count(n) == 1) | (count(n) == n), 0, count(n))
    rows = np.where(count(m) == m, 0, count(m) - 1)

    def residuals(x: Tensor) -> Any:
        return x.new_tensor(rows) * (x.new_tensor(columns) @ x) - 1

    minimum = (m**2 + 3 * m - 6) / (2 * (2 * m - 3))
    return least_squares("Linear rank 1 with zeros", residuals, [1] * n, minimum, reference=34)


def chebyquad(n: int = 8) -> Problem:
    """``1/n sum T_i(x_j) - integral of T_i`` with Chebyshev's polynomials on [0, 1]: n points to integrate with."""
    i = count(n)
    integrals = np.where(i % 2 == 1, 0, -1 / np.where(i == 1, 1, i**2 - 1))

    def residuals(x: Tensor) -> Any:
        u = 2 * x - 1
        polynomials = [ones_like(u), u]
        while len(polynomials) <= n:
            polynomials.append(2 * u * polynomials[-1] - polynomials[-2])
        return stack(polynomials[1:]).mean(1) - x.new_tensor(integrals)

    minimum = {8: 3.51687372568e-3, 10: 6.50395e-3}.get(n, 0.0 if n in (1, 2, 3, 4, 5, 6, 7, 9) else None)
    return least_squares("Chebyquad", residuals, i / (n + 1), minimum, reference=35)
