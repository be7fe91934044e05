"""The problems of Moré, Garbow and Hillstrom whose number of variables is fixed: their numbers 2 to 19.

Each is a sum of squares; the formulas of the residuals are the paper's, x1 to xn its variables. Several are fits to
data that were measured once, such as a thermistor's resistance (Meyer). Minima and minimizers are given to more digits
than the paper has: they were found by Newton's method.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.ops.joining import stack
from ..autograd.ops.pointwise import cos, exp, sin, sqrt
from .problem import Problem, count, least_squares

__all__ = [
    "bard", "beale", "biggs_exp6", "box", "brown_badly_scaled", "brown_dennis", "freudenstein_roth", "gaussian", "gulf",
    "helical_valley", "jennrich_sampson", "kowalik_osborne", "meyer", "osborne_1", "osborne_2", "powell_badly_scaled",
    "powell_singular", "wood",
]  # fmt: skip


def freudenstein_roth() -> Problem:
    """Two cubics; from the start most methods end in the local minimum 48.98 at (11.41, -0.8968)."""

    def residuals(x: Tensor) -> Any:
        x1, x2 = x
        return stack([-13 + x1 + ((5 - x2) * x2 - 2) * x2, -29 + x1 + ((x2 + 1) * x2 - 14) * x2])

    return least_squares(
        "Freudenstein and Roth", residuals, (0.5, -2), 0.0, ((5.0, 4.0),), local_minima=(48.9842536792,), reference=2
    )


def powell_badly_scaled() -> Problem:
    """The solution's entries differ by six orders of magnitude."""

    def residuals(x: Tensor) -> Any:
        x1, x2 = x
        return stack([1e4 * x1 * x2 - 1, exp(-x1) + exp(-x2) - 1.0001])

    solution = (1.09815932969982e-05, 9.10614673986652)
    return least_squares("Powell badly scaled", residuals, (0, 1), 0.0, (solution,), reference=3)


def brown_badly_scaled() -> Problem:
    """The solution's entries differ by twelve orders of magnitude."""

    def residuals(x: Tensor) -> Any:
        x1, x2 = x
        return stack([x1 - 1e6, x2 - 2e-6, x1 * x2 - 2])

    return least_squares("Brown badly scaled", residuals, (1, 1), 0.0, ((1e6, 2e-6),), reference=4)


def beale() -> Problem:
    """A flat valley that leads around a corner: ``y_i - x1 (1 - x2^i)``.

    >>> problem = beale()
    >>> problem(problem.at_start()).item(), problem.minimizers
    (14.203125, ((3.0, 0.5),))
    """

    def residuals(x: Tensor) -> Any:
        x1, x2 = x
        return x.new_tensor([1.5, 2.25, 2.625]) - x1 * (1 - stack([x2, x2**2, x2**3]))

    return least_squares("Beale", residuals, (1, 1), 0.0, ((3.0, 0.5),), reference=5)


def jennrich_sampson() -> Problem:
    """``2 + 2 i - (exp(i x1) + exp(i x2))``, i = 1..10."""

    def residuals(x: Tensor) -> Any:
        i = x.new_tensor(count(10))
        return 2 + 2 * i - (exp(i * x[0]) + exp(i * x[1]))

    where = (0.257825213670, 0.257825213670)
    return least_squares("Jennrich and Sampson", residuals, (0.3, 0.4), 124.362182356, (where,), reference=6)


def helical_valley() -> Problem:
    """A valley that winds around the third axis."""

    def residuals(x: Tensor) -> Any:
        x1, x2, x3 = x
        turns = x2.atan2(x1) / (2 * math.pi) + (1.0 if x1 < 0 and x2 < 0 else 0.0)  # from -1/4 to 3/4
        return stack([10 * (x3 - 10 * turns), 10 * (sqrt(x1**2 + x2**2) - 1), x3])

    return least_squares("Helical valley", residuals, (-1, 0, 0), 0.0, ((1.0, 0.0, 0.0),), reference=7)


def bard() -> Problem:
    """``y_i - (x1 + u_i / (v_i x2 + w_i x3))``; a second minimum, 17.4286, lies at infinity."""
    y = [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
    u = count(15)
    v = 16 - u
    w = np.minimum(u, v)

    def residuals(x: Tensor) -> Any:
        x1, x2, x3 = x
        return x.new_tensor(y) - (x1 + x.new_tensor(u) / (x.new_tensor(v) * x2 + x.new_tensor(w) * x3))

    where = (0.0824105597498, 1.13303609203, 2.34369517864)
    return least_squares("Bard", residuals, (1, 1, 1), 8.21487730658e-3, (where,), (17.4286,), reference=8)


def gaussian() -> Problem:
    """``x1 exp(-x2 (t_i - x3)^2 / 2) - y_i``: a bell through fifteen points."""
    half = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521]
    y = [*half, 0.3989, *reversed(half)]
    t = (8 - count(15)) / 2

    def residuals(x: Tensor) -> Any:
        x1, x2, x3 = x
        return x1 * exp(-x2 * (x.new_tensor(t) - x3) ** 2 / 2) - x.new_tensor(y)

    where = (0.398956137839, 1.00001908449, 0.0)
    return least_squares("Gaussian", residuals, (0.4, 1, 0), 1.12793276962e-8, (where,), reference=9)


def meyer() -> Problem:
    """``x1 exp(x2 / (t_i + x3)) - y_i``: the resistance of a thermistor; very badly scaled."""
    y = [34780.0, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]
    t = 45 + 5 * count(16)

    def residuals(x: Tensor) -> Any:
        x1, x2, x3 = x
        return x1 * exp(x2 / (x.new_tensor(t) + x3)) - x.new_tensor(y)

    where = (0.00560963647103, 6181.34634629, 345.223634624)
    return least_squares("Meyer", residuals, (0.02, 4000, 250), 87.9458551709, (where,), reference=10)


def gulf() -> Problem:
    """``exp(-|y_i - x2|^x3 / x1) - t_i``, i = 1..99: Gulf research and development."""
    t = count(99) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)

    def residuals(x: Tensor) -> Any:
        x1, x2, x3 = x
        return exp(-(abs(x.new_tensor(y) - x2) ** x3) / x1) - x.new_tensor(t)

    return least_squares("Gulf", residuals, (5, 2.5, 0.15), 0.0, ((50.0, 25.0, 1.5),), reference=11)


def box() -> Problem:
    """``exp(-t x1) - exp(-t x2) - x3 (exp(-t) - exp(-10 t))``, t = 0.1..1; also 0 wherever x1 = x2, x3 = 0."""
    t = count(10) / 10

    def residuals(x: Tensor) -> Any:
        x1, x2, x3 = x
        s = x.new_tensor(t)
        return exp(-s * x1) - exp(-s * x2) - x3 * (exp(-s) - exp(-10 * s))

    minimizers = ((1.0, 10.0, 1.0), (10.0, 1.0, -1.0))
    return least_squares("Box three-dimensional", residuals, (0, 10, 20), 0.0, minimizers, reference=12)


def powell_singular() -> Problem:
    """The Hessian is singular at the solution, so Newton's method is slow."""

    def residuals(x: Tensor) -> Any:
        x1, x2, x3, x4 = x
        return stack([x1 + 10 * x2, 5**0.5 * (x3 - x4), (x2 - 2 * x3) ** 2, 10**0.5 * (x1 - x4) ** 2])

    return least_squares("Powell singular", residuals, (3, -1, 0, 1), 0.0, ((0.0,) * 4,), reference=13)


def wood() -> Problem:
    """Two Rosenbrock valleys, coupled."""

    def residuals(x: Tensor) -> Any:
        x1, x2, x3, x4 = x
        coupling = [10**0.5 * (x2 + x4 - 2), (x2 - x4) / 10**0.5]
        return stack([10 * (x2 - x1**2), 1 - x1, 90**0.5 * (x4 - x3**2), 1 - x3, *coupling])

    return least_squares("Wood", residuals, (-3, -1, -3, -1), 0.0, ((1.0,) * 4,), reference=14)


def kowalik_osborne() -> Problem:
    """``y_i - x1 (u_i^2 + u_i x2) / (u_i^2 + u_i x3 + x4)``: the kinetics of an enzyme."""
    y = [0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
    u = np.array([4, 2, 1, 0.5, 0.25, 0.1670, 0.1250, 0.1, 0.0833, 0.0714, 0.0625])

    def residuals(x: Tensor) -> Any:
        x1, x2, x3, x4 = x
        v = x.new_tensor(u)
        return x.new_tensor(y) - x1 * (v**2 + v * x2) / (v**2 + v * x3 + x4)

    start = (0.25, 0.39, 0.415, 0.39)
    where = (0.192806934579, 0.191282328734, 0.123056506926, 0.136062330684)
    return least_squares(
        "Kowalik and Osborne", residuals, start, 3.07505603849e-4, (where,), (1.02734e-3,), reference=15
    )


def brown_dennis() -> Problem:
    """``(x1 + t x2 - exp(t))^2 + (x3 + x4 sin(t) - cos(t))^2``, t = 0.2..4."""
    t = count(20) / 5

    def residuals(x: Tensor) -> Any:
        x1, x2, x3, x4 = x
        s = x.new_tensor(t)
        return (x1 + s * x2 - exp(s)) ** 2 + (x3 + x4 * sin(s) - cos(s)) ** 2

    where = (-11.5944399048, 13.2036300512, -0.403439488177, 0.236778774456)
    return least_squares("Brown and Dennis", residuals, (25, 5, -5, -1), 85822.2016264, (where,), reference=16)


def osborne_1() -> Problem:
    """``y_i - (x1 + x2 exp(-t x4) + x3 exp(-t x5))``, t = 0, 10..320: two exponentials and a constant."""
    y = [
        0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
        0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
        0.406,
    ]  # fmt: skip
    t = 10 * (count(33) - 1)

    def residuals(x: Tensor) -> Any:
        x1, x2, x3, x4, x5 = x
        s = x.new_tensor(t)
        return x.new_tensor(y) - (x1 + x2 * exp(-s * x4) + x3 * exp(-s * x5))

    where = (0.375410052107, 1.93584691271, -1.46468713661, 0.0128675346401, 0.0221226996617)
    return least_squares("Osborne 1", residuals, (0.5, 1.5, -1, 0.01, 0.02), 5.46489469748e-5, (where,), reference=17)


def biggs_exp6() -> Problem:
    """``x3 exp(-t x1) - x4 exp(-t x2) + x6 exp(-t x5) - y``, t = 0.1..1.3; a local minimum at 5.65565e-3."""
    t = count(13) / 10
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)

    def residuals(x: Tensor) -> Any:
        x1, x2, x3, x4, x5, x6 = x
        s = x.new_tensor(t)
        return x3 * exp(-s * x1) - x4 * exp(-s * x2) + x6 * exp(-s * x5) - x.new_tensor(y)

    minimizers = ((1.0, 10.0, 1.0, 5.0, 4.0, 3.0),)
    return least_squares(
        "Biggs EXP6", residuals, (1, 2, 1, 1, 1, 1), 0.0, minimizers, local_minima=(5.65564996e-3,), reference=18
    )


def osborne_2() -> Problem:
    """``y_i - (x1 exp(-t x5) + x2 exp(-(t - x9)^2 x6) + ... + x4 exp(-(t - x11)^2 x8))``, t = 0..6.4: three bells."""
    y = [
        1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606,
        0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423,
        0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668,
        0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098,
        0.054,
    ]  # fmt: skip
    t = (count(65) - 1) / 10

    def residuals(x: Tensor) -> Any:
        x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 = x
        s = x.new_tensor(t)
        bells = x2 * exp(-((s - x9) ** 2) * x6) + x3 * exp(-((s - x10) ** 2) * x7) + x4 * exp(-((s - x11) ** 2) * x8)
        return x.new_tensor(y) - (x1 * exp(-s * x5) + bells)

    start = (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5)
    where = (
        1.30997715463, 0.431553794603, 0.633661698961, 0.599430534786, 0.754183226328, 0.90428857986, 1.36581183524,
        4.82369881723, 2.39868486613, 4.56887459767, 5.67534147058,
    )  # fmt: skip
    return least_squares("Osborne 2", residuals, start, 4.01377362935e-2, (where,), reference=19)
