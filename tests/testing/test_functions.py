"""The standard test functions: values that others have published, minima, and gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

from minitorch_optim.autograd import float32
from minitorch_optim.testing import functions
from minitorch_optim.testing.functions import Problem, all_problems, more_garbow_hillstrom

PROBLEMS = [pytest.param(problem, id=problem.name) for problem in all_problems()]


def value(problem: Problem, x) -> float:
    return problem.value_and_gradient(x)[0]


# The root of the value at the start, to the seven digits that MINPACK's own test program prints.
MINPACK = {
    "rosenbrock": (2, 4.919350),
    "freudenstein_roth": (None, 20.01250),
    "jennrich_sampson": (None, 64.58565),
    "helical_valley": (None, 50.0),
    "bard": (None, 6.456136),
    "meyer": (None, 41153.47),
    "box": (None, 32.11158),
    "powell_singular": (None, 14.66288),
    "kowalik_osborne": (None, 0.07289151),
    "brown_dennis": (None, 2815.438),
    "osborne_1": (None, 0.9375640),
    "osborne_2": (None, 1.446865),
    "watson": (6, 5.477226),
    "chebyquad": (8, 0.1965139),
    "brown_almost_linear": (10, 16.53022),
}


@pytest.mark.parametrize("name", MINPACK)
def test_the_start_has_the_value_that_minpack_prints(name):
    n, norm = MINPACK[name]
    make = getattr(functions, name)
    problem = make() if n is None else make(n)
    assert value(problem, problem.start) ** 0.5 == pytest.approx(norm, rel=5e-7)


@pytest.mark.parametrize(
    ("name", "at_start", "at_minimum"),
    [
        ("linear_full_rank", 5.0, 2.236068),
        ("linear_rank_1", 291.5219, 1.463850),
        ("linear_rank_1_zeros", 126.0397, 1.909727),
    ],
)
def test_linear_problems_have_minpacks_values_for_5_variables_and_10_equations(name, at_start, at_minimum):
    problem = getattr(functions, name)(5, 10)
    assert value(problem, problem.start) ** 0.5 == pytest.approx(at_start, rel=5e-7)
    assert problem.minimum**0.5 == pytest.approx(at_minimum, rel=5e-7)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_gradient_is_that_of_differences(problem):
    for point in (np.array(problem.start), np.array(problem.start) * 0.9 + 0.05):
        gradient = problem.value_and_gradient(point)[1]
        steps = 1e-5 * np.maximum(np.abs(point), 0.1)
        for i, h in enumerate(steps):
            e = np.zeros_like(point)
            e[i] = h
            # Richardson's: the error of h^2 cancels between two steps
            wide, narrow = (
                (value(problem, point + k * e) - value(problem, point - k * e)) / (2 * k * h) for k in (2, 1)
            )
            rounding = 4e-16 * abs(value(problem, point)) / h
            assert (4 * narrow - wide) / 3 == pytest.approx(gradient[i], rel=1e-6, abs=10 * rounding)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_minimizers_attain_the_minimum(problem):
    for x in problem.minimizers:
        assert len(x) == problem.dimension
        with np.errstate(all="ignore"):  # Ackley's function has a kink there, and no gradient
            found, gradient = problem.value_and_gradient(x)
        assert found == pytest.approx(problem.minimum, rel=1e-10, abs=1e-14)
        if problem.name != "Ackley":
            there, scale = np.array(x), np.abs(problem.value_and_gradient(problem.start)[1]).max()
            assert np.abs(gradient * np.maximum(np.abs(there), 1)).max() < 1e-6 * max(1, scale)
            rng = np.random.default_rng(0)
            for _ in range(20):
                nearby = there + 1e-2 * np.maximum(np.abs(there), 1) * rng.standard_normal(len(x))
                assert value(problem, nearby) >= found


@pytest.mark.parametrize("problem", [p for p in PROBLEMS if p.values[0].residuals is not None])
def test_least_squares_from_the_start_ends_in_a_minimum_that_is_listed(problem):
    def residuals(x):
        return problem.residuals(problem.at_start().new_tensor(x)).numpy()

    result = scipy.optimize.least_squares(residuals, problem.start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=2000)
    known = (problem.minimum, *problem.local_minima)
    assert any(2 * result.cost == pytest.approx(end, rel=1e-5, abs=1e-15) for end in known)
    assert 2 * result.cost > problem.minimum * (1 - 1e-5) - 1e-300


OTHERS = [("watson", 9), ("watson", 12), ("penalty_1", 10), ("penalty_2", 10), ("chebyquad", 9), ("chebyquad", 10)]


@pytest.mark.parametrize(("name", "n"), OTHERS)
def test_minima_in_other_dimensions(name, n):
    problem = getattr(functions, name)(n)
    result = scipy.optimize.least_squares(
        lambda x: problem.residuals(problem.at_start().new_tensor(x)).numpy(),
        problem.start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=2000,
    )  # fmt: skip
    assert problem.dimension == n
    assert 2 * result.cost == pytest.approx(problem.minimum, rel=1e-4, abs=1e-20)


def test_a_dimension_without_a_published_minimum_says_so():
    assert functions.penalty_2(7).minimum is None
    assert functions.chebyquad(11).minimum is None


@pytest.mark.parametrize("problem", PROBLEMS)
def test_float32_stays_float32(problem):
    x = problem.at_start(float32)
    loss = problem(x)
    loss.backward()
    assert loss.shape == ()
    assert loss.dtype == x.grad.dtype == float32
    assert float(loss.detach()) == pytest.approx(value(problem, problem.start), rel=2e-3)


def test_the_spectrum_of_a_quadratic_is_the_one_asked_for():
    spectrum = [1e-3, 1.0, 30.0, 1e4]
    for seed in (None, 3):
        problem = functions.quadratic(spectrum, seed)
        zero = np.ones(4)
        rows = [problem.value_and_gradient(zero + row)[1] for row in np.eye(4)]
        assert np.linalg.eigvalsh(rows) == pytest.approx(spectrum, rel=1e-9, abs=1e-11)
    assert value(functions.quadratic(spectrum, 3), np.zeros(4)) != value(functions.quadratic(spectrum, 4), np.zeros(4))


def test_himmelblau_has_four_minima_and_rastrigin_many():
    assert len({tuple(np.round(x, 3)) for x in functions.himmelblau().minimizers}) == 4
    rastrigin = functions.rastrigin(3)
    bottom = value(rastrigin, [0.99496, 0, 0])
    assert bottom == pytest.approx(0.99496, abs=1e-4)
    assert bottom < value(rastrigin, [0.9, 0, 0]) and bottom < value(rastrigin, [1.1, 0, 0])


def test_rosenbrock_has_the_local_minimum_that_is_described():
    problem = functions.rosenbrock(4)
    result = scipy.optimize.minimize(problem.value_and_gradient, [-1, 1, 1, 1], jac=True, method="BFGS")
    assert result.fun == pytest.approx(3.7014, abs=1e-4)


def test_the_collection_is_whole():
    problems = all_problems()
    assert len({p.name for p in problems}) == len(problems)
    assert all(p.reference or p.name == "Quadratic" for p in problems)
    collection = more_garbow_hillstrom()
    assert len(collection) == 35
    assert [f"problem {i}." in p.reference for i, p in enumerate(collection, 1)] == [True] * 35


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: functions.rosenbrock(1), "n must be at least 2, got 1"),
        (lambda: functions.extended_rosenbrock(5), "n must be a multiple of 2, got 5"),
        (lambda: functions.extended_powell_singular(0), "n must be a multiple of 4, got 0"),
        (lambda: functions.quadratic([1.0, -1.0]), "eigenvalues must be at least 0"),
    ],
)
def test_what_cannot_be_made_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
