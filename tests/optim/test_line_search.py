"""The strong Wolfe line search: its two conditions, SciPy's search, and points where the loss is not finite."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import scipy.interpolate
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from minitorch_optim.optim.line_search import Point, cubic_minimum, strong_wolfe
from minitorch_optim.testing.functions import more_garbow_hillstrom, quadratic

PROBLEMS = [pytest.param(problem, id=problem.name) for problem in more_garbow_hillstrom()]


def along(problem, x, d):
    """phi(t) = f(x + t d) as the search asks for it."""

    def phi(t: float) -> Point:
        f, g = problem.value_and_gradient(x + t * d)
        return Point(t, f, g, float(g @ d))

    return phi


def of_one_number(f, slope):
    return lambda t: Point(t, float(f(t)), np.array([slope(t)]), float(slope(t)))


def satisfies(point, start, c1, c2, slack=0.0):
    down = point.f <= start.f + c1 * point.t * start.slope + slack
    return down and abs(point.slope) <= -c2 * start.slope + slack


# Moré, Thuente, "Line search algorithms with guaranteed sufficient decrease" (1994), section 5: functions that are hard
# to search, each from far too short to far too long a first step.


def more_thuente_1(beta=2.0):
    return of_one_number(lambda t: -t / (t**2 + beta), lambda t: (t**2 - beta) / (t**2 + beta) ** 2)


def more_thuente_2(beta=0.004):
    return of_one_number(
        lambda t: (t + beta) ** 5 - 2 * (t + beta) ** 4, lambda t: 5 * (t + beta) ** 4 - 8 * (t + beta) ** 3
    )


def yanai(beta1, beta2):
    a, b = math.sqrt(1 + beta1**2) - beta1, math.sqrt(1 + beta2**2) - beta2
    return of_one_number(
        lambda t: a * math.sqrt((1 - t) ** 2 + beta2**2) + b * math.sqrt(t**2 + beta1**2),
        lambda t: a * (t - 1) / math.sqrt((1 - t) ** 2 + beta2**2) + b * t / math.sqrt(t**2 + beta1**2),
    )


ONE_NUMBER = {
    "1": more_thuente_1(),
    "2": more_thuente_2(),
    "4": yanai(0.001, 0.001),
    "5": yanai(0.01, 0.001),
    "6": yanai(0.001, 0.01),
}


@pytest.mark.parametrize("first", [1e-3, 1e-1, 1e1, 1e3])
@pytest.mark.parametrize(("c1", "c2"), [(1e-4, 0.9), (1e-3, 0.1)])
@pytest.mark.parametrize("name", ONE_NUMBER)
def test_functions_that_are_hard_to_search(name, c1, c2, first):
    phi = ONE_NUMBER[name]
    search = strong_wolfe(phi, phi(0.0), first, c1=c1, c2=c2, tolerance_change=1e-12, max_steps=60)
    assert search.accepted == ((name, first) != ("1", 1e3))  # there it closes in on a point too high, as minFunc does
    assert satisfies(search.point, phi(0.0), c1, c2) or not search.accepted
    assert search.point.f < phi(0.0).f


def rough(seed):
    """A wave on a slope: whatever the first step, much of the search happens in its second phase."""
    a, b, c = np.random.default_rng(seed).uniform([0.3, 1.0, 0.0], [1.5, 9.0, 6.0])
    return of_one_number(
        lambda t: 0.05 * (t - 2) ** 2 + a * math.sin(b * t + c),
        lambda t: 0.1 * (t - 2) + a * b * math.cos(b * t + c),
    )


def falling(t):
    return Point(t, -t - math.sqrt(t), np.array([-1 - 0.5 / math.sqrt(t + 1e-9)]), -1 - 0.5 / math.sqrt(t + 1e-9))


# Steep at 1, and flat where the first search beyond it looks: lower than the start, higher than at 1.
basin = scipy.interpolate.CubicHermiteSpline([0, 1, 5.505, 20], [0, -1, -0.5, -0.5], [-1, -2, 0, 0])
stairs = of_one_number(basin, basin.derivative())

SEARCHED = [*ONE_NUMBER.values(), *(phi for phi in map(rough, range(24)) if phi(0.0).slope < 0), falling, stairs]


@pytest.mark.parametrize(("c2", "tolerance"), [(0.9, 1e-9), (0.1, 1e-9), (1e-3, 1e-9), (1e-3, 1e-2)])
def test_each_evaluation_is_where_pytorchs_search_makes_it(c2, tolerance):
    torch = pytest.importorskip("torch")
    search = pytest.importorskip("torch.optim.lbfgs")._strong_wolfe
    longest = 3.0
    for phi in SEARCHED:
        start = phi(0.0)
        for first in (1e-3, 0.1, 1.0, 1e3):
            for max_steps in (0, 2, 4, 25):
                mine, theirs = [], []

                def looked_at(t, phi=phi, seen=mine):
                    seen.append(t)
                    return phi(t)

                def objective(x, t, d, phi=phi, seen=theirs):
                    seen.append(float(t))
                    point = phi(float(t))
                    return point.f, torch.tensor([point.slope / longest], dtype=torch.float64)

                found = strong_wolfe(
                    looked_at, start, first, longest=longest, c2=c2, tolerance_change=tolerance, max_steps=max_steps
                )
                d = torch.tensor([longest], dtype=torch.float64)
                g, slope = torch.tensor([start.slope / longest, start.slope], dtype=torch.float64).split(1)
                *_, t, evaluations = search(
                    objective, None, first, d, start.f, g, slope[0], c2=c2, tolerance_change=tolerance, max_ls=max_steps
                )
                assert len(mine) == found.evaluations == evaluations
                np.testing.assert_allclose(mine, theirs, rtol=1e-4)  # rounding grows where a cubic is nearly a line
                assert found.point.t == pytest.approx(float(t), rel=1e-4)


def direction_at(problem, rng):
    """A start near the problem's own, and a descent direction from it that is not the gradient's alone."""
    x = np.array(problem.start) + 0.05 * rng.standard_normal(problem.dimension)
    g = problem.value_and_gradient(x)[1]
    scales = np.exp(rng.uniform(-1, 1, problem.dimension))
    return x, -scales * g / np.linalg.norm(g)


def scipys_search(problem, x, d, c2):
    """The step that SciPy finds, or None."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return scipy.optimize.line_search(
            lambda x: problem.value_and_gradient(x)[0],
            lambda x: problem.value_and_gradient(x)[1],
            x, d, c1=1e-4, c2=c2, maxiter=100,
        )[0]  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS)
def test_it_accepts_what_scipys_search_accepts(problem):
    rng = np.random.default_rng(1)
    found = 0
    for c2 in (0.9, 0.1):
        for _ in range(3):
            x, d = direction_at(problem, rng)
            phi = along(problem, x, d)
            start = phi(0.0)
            search = strong_wolfe(phi, start, 1.0, c2=c2, tolerance_change=1e-14, max_steps=60)
            theirs = scipys_search(problem, x, d, c2)
            rounding = 1e-13 * abs(start.f)
            assert search.accepted
            assert satisfies(search.point, start, 1e-4, c2, rounding)
            if theirs is not None:
                assert satisfies(phi(theirs), start, 1e-4, c2, rounding)
                found += 1
    assert found >= 3  # SciPy's search gives up at some


@pytest.mark.parametrize("problem", PROBLEMS)
def test_with_a_tight_condition_both_searches_go_down_equally_far(problem):
    """With c2 near 0 both must stand at the minimum along the line."""
    x, d = direction_at(problem, np.random.default_rng(2))
    phi = along(problem, x, d)
    start = phi(0.0)
    search = strong_wolfe(phi, start, 1.0, c2=2e-4, tolerance_change=0.0, max_steps=100)
    theirs = scipys_search(problem, x, d, 2e-4)
    assert search.accepted and theirs is not None
    assert start.f - search.point.f == pytest.approx(start.f - phi(theirs).f, rel=2e-5)


def test_on_a_quadratic_the_cubic_finds_the_minimum_at_once():
    problem = quadratic([1.0, 7.0, 50.0])
    x = np.zeros(3)
    g = problem.value_and_gradient(x)[1]
    phi = along(problem, x, -g)
    curvature = g @ (problem.value_and_gradient(x + g)[1] - g)
    search = strong_wolfe(phi, phi(0.0), 1e-2, c2=1e-3)
    assert search.point.t == pytest.approx(float(g @ g / curvature), rel=1e-9)
    assert search.evaluations == 2


# ---------------------------------------------------------------------------------------------- the cubic

number = st.floats(-100, 100, allow_subnormal=False)


@given(number, number, number, number, st.floats(0.1, 10), st.floats(-5, 5))
def test_the_minimum_of_a_cubic_is_found(a3, a2, a1, a0, width, left):
    f = np.polynomial.Polynomial([a0, a1, a2, a3])
    slope = f.deriv()
    right = left + width
    points = [Point(t, f(t), np.zeros(1), slope(t)) for t in (left, right)]
    t = cubic_minimum(points[0], points[1], left, right)
    assert left <= t <= right
    assert t == cubic_minimum(points[1], points[0], left, right)
    if points[0].slope < -1e-3 and points[1].slope > 1e-3:  # the minimum is between, and the only one
        scale = abs(slope(np.linspace(left, right, 50))).max()
        assert abs(slope(t)) < 1e-6 * scale
        assert f(t) <= min(f(left), f(right)) + 1e-9 * max(1, abs(f(left)))


def test_a_straight_line_has_its_minimum_at_the_bound():
    down = [Point(t, -2.0 * t, np.zeros(1), -2.0) for t in (0.0, 1.0)]
    assert cubic_minimum(down[0], down[1], 1.01, 10.0) == 10.0


def test_a_point_that_is_not_finite_is_met_halfway():
    here, wall = Point(0.0, 1.0, np.zeros(1), -1.0), Point(4.0, math.inf, np.zeros(1), math.nan)
    assert cubic_minimum(here, wall, 0.0, 4.0) == cubic_minimum(wall, here, 0.0, 4.0) == 2.0


# ---------------------------------------------------------------------------------------------- walls


def with_a_wall(edge, beyond, slope=math.nan):
    """(t - 3)^2 up to the edge, and something that is not finite from there."""

    def phi(t):
        if t < edge:
            return Point(t, (t - 3) ** 2, np.array([2 * (t - 3)]), 2 * (t - 3))
        return Point(t, beyond, np.array([slope]), slope)

    return phi


@pytest.mark.parametrize("beyond", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("edge", [1e-2, 0.7, 2.9, 3.1, 40.0])
@pytest.mark.parametrize("first", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("c2", [0.9, 0.1])
def test_a_wall_is_never_the_result(beyond, edge, first, c2):
    phi = with_a_wall(edge, beyond)
    start = phi(0.0)
    search = strong_wolfe(phi, start, first, c2=c2)
    assert search.point.finite and search.point.t < edge
    assert search.point.f < start.f
    if edge > 3:
        assert search.accepted and satisfies(search.point, start, 1e-4, c2)
    if first >= edge:
        assert search.not_finite >= 1


def test_a_slope_that_is_not_finite_is_a_wall_too():
    search = strong_wolfe(with_a_wall(2.0, 0.0, math.inf), Point(0.0, 9.0, np.array([-6.0]), -6.0), 5.0)
    assert search.point.t < 2.0 and search.not_finite >= 1


def test_where_all_ahead_is_a_wall_the_start_is_kept():
    def phi(t):
        return Point(t, math.nan, np.array([math.nan]), math.nan)

    start = Point(0.0, 1.0, np.array([-1.0]), -1.0)
    search = strong_wolfe(phi, start, 1.0, max_steps=7)
    assert search.point is start and not search.accepted
    assert (search.evaluations, search.not_finite) == (8, 8)


def test_when_the_budget_ends_at_a_wall_the_best_finite_point_is_kept():
    seen = []

    def phi(t):  # goes down for ever, and ends at 50
        point = Point(t, -t, np.array([-1.0]), -1.0) if t < 50 else Point(t, math.nan, np.array([math.nan]), math.nan)
        seen.append(point)
        return point

    search = strong_wolfe(phi, phi(0.0), 1.0, max_steps=2)  # 1, 10 and 100: all there is time for
    assert [p.t for p in seen] == [0.0, 1.0, 10.0, 100.0]
    assert search.point.t == 10.0 and search.not_finite == 1


def test_the_budget_is_the_number_of_evaluations_after_the_first():
    def phi(t):
        return Point(t, -t, np.array([-1.0]), -1.0)

    for steps in (0, 1, 4):
        assert strong_wolfe(phi, phi(0.0), 1.0, max_steps=steps).evaluations == steps + 1
