"""SciPy's minimizers as optimizers: every method, every kind of derivative, bounds, and what happens when it fails."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import scipy.optimize

from minitorch_optim.autograd import complex128, float32, float64, from_numpy, no_grad, tensor
from minitorch_optim.optim import LBFGS, ScipyMinimize
from minitorch_optim.optim.scipy_minimize import ASKS_FOR, BOUNDED, Differentiated
from minitorch_optim.testing import functions

METHODS = list(ASKS_FOR)
SECOND_ORDER = [method for method in METHODS if ASKS_FOR[method] in ("products", "hessian")]
FIRST_ORDER = [method for method in METHODS if ASKS_FOR[method] == "gradient"]
OPTIONS = {"COBYLA": {"tol": 1e-8, "maxiter": 3000}, "Nelder-Mead": {"xatol": 1e-9, "fatol": 1e-14}}
# Where its Hessian is not positive definite, dogleg gives up: these start where it is.
CONVEX = ["booth", "quadratic", "rosenbrock", "brown_dennis"]
PROBLEMS = ["booth", "quadratic", "himmelblau", "beale", "bard"]


def minimized(problem, method, **options):
    x = problem.at_start()
    optimizer = ScipyMinimize([x], method=method, **options)
    value = optimizer.step(lambda: problem(x))
    return x, optimizer, value


@pytest.mark.parametrize("method", METHODS)
def test_every_method_reaches_the_minimum(method):
    for name in CONVEX if method == "dogleg" else PROBLEMS[: 3 if method == "COBYLA" else 5]:
        problem = getattr(functions, name)()
        start = problem(problem.at_start()).item()
        x, optimizer, value = minimized(problem, method, options=OPTIONS.get(method))
        assert value.item() == start
        assert problem(x).item() == pytest.approx(problem.minimum, rel=1e-5, abs=1e-6), name
        assert isinstance(optimizer.result, scipy.optimize.OptimizeResult)
        assert optimizer.result.success, name
        assert optimizer.result.fun == pytest.approx(problem(x).item(), rel=1e-12)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("COBYLA", "Powell")])
def test_it_goes_scipys_way(method):
    """The same points as SciPy by itself, fed with derivatives by hand."""
    rosen, rosen_der, rosen_hess, rosen_hess_prod = (
        getattr(scipy.optimize, name) for name in ("rosen", "rosen_der", "rosen_hess", "rosen_hess_prod")
    )
    asks_for = ASKS_FOR[method]
    start, options = [0.9, 0.8, 0.7, 0.6], {"maxfun" if method == "TNC" else "maxiter": 12}
    theirs = scipy.optimize.minimize(
        rosen, start, method=method, options=options,
        jac=None if asks_for == "value" else rosen_der,
        hess=rosen_hess if asks_for == "hessian" else None,
        hessp=rosen_hess_prod if asks_for == "products" else None,
    )  # fmt: skip
    x = tensor(start, dtype=float64, requires_grad=True)
    optimizer = ScipyMinimize([x], method=method, options=options)
    optimizer.step(lambda: functions.rosenbrock(4)(x))
    rounding = 1e-5 if method == "TNC" else 1e-8  # TNC takes differences of gradients
    np.testing.assert_allclose(optimizer.result.x, theirs.x, rtol=rounding)
    assert optimizer.result.nfev == theirs.nfev


@pytest.mark.parametrize("method", ["BFGS", "CG", "trust-exact", "Newton-CG"])
def test_several_parameters_of_several_shapes_and_dtypes(method):
    rng = np.random.default_rng(0)
    a = tensor(rng.standard_normal((2, 3)), dtype=float32, requires_grad=True)
    b = tensor(0.5, dtype=float64, requires_grad=True)
    memory = rng.standard_normal((3, 2))
    c = from_numpy(memory).t().requires_grad_()  # not contiguous
    frozen = tensor([5.0])
    goal = tensor(rng.standard_normal((2, 3)), dtype=float64)
    optimizer = ScipyMinimize([a, b, frozen, c], method=method)

    def closure():
        sharp = ((a.double() - goal) ** 2).sum() * 3 + (b - 2).exp() - b
        return sharp + ((c + a.double() - goal * b) ** 2).sum() + frozen.sum().double()

    optimizer.step(closure)
    assert (a.dtype, b.dtype, c.dtype) == (float32, float64, float64)
    np.testing.assert_allclose(a.detach().numpy(), goal.numpy(), atol=2e-4)
    assert b.item() == pytest.approx(2.0, abs=2e-4)
    np.testing.assert_allclose(memory.T, goal.numpy(), atol=6e-4)
    assert frozen.item() == 5.0 and frozen.grad is None


def test_a_complex_parameter_is_a_pair_of_reals():
    goal = tensor([0.5 - 2j, 1j], dtype=complex128)
    weights = tensor([1.0, 5.0], dtype=float64)
    for method in ("BFGS", "trust-ncg", "trust-exact"):
        z = tensor([1 + 1j, 2 - 1j], dtype=complex128, requires_grad=True)
        ScipyMinimize([z], method=method).step(lambda z=z: (weights * (z - goal).abs() ** 2).sum() + (z.real**4).sum())
        np.testing.assert_allclose(z.detach().numpy().imag, [-2, 1], atol=1e-5)
        x = z.detach().numpy().real
        np.testing.assert_allclose(2 * np.array([1, 5]) * (x - [0.5, 0]) + 4 * x**3, 0, atol=1e-4)


# ---------------------------------------------------------------------------------------------- derivatives


@pytest.mark.parametrize("method", FIRST_ORDER)
def test_a_closure_may_call_backward_itself(method):
    problem = functions.beale()
    plain, *_ = minimized(problem, method)
    x = problem.at_start()
    optimizer = ScipyMinimize([x], method=method)

    def closure():
        optimizer.zero_grad()
        loss = problem(x)
        loss.backward()
        return loss.item()

    value = optimizer.step(closure)
    assert type(value) is float and value == problem(problem.at_start()).item()
    assert x.tolist() == plain.tolist()


def test_a_closure_for_lbfgs_is_one_for_this():
    problem = functions.rosenbrock(4)
    ends = []
    for make, options in (LBFGS, {"max_iter": 200, "line_search_fn": "strong_wolfe"}), (ScipyMinimize, {}):
        x = problem.at_start()
        optimizer = make([x], **options)

        def closure(x=x, optimizer=optimizer):
            optimizer.zero_grad()
            loss = problem(x)
            loss.backward()
            return loss

        optimizer.step(closure)
        ends.append(problem(x).item())
    assert ends == pytest.approx([0, 0], abs=1e-8)


@pytest.mark.parametrize("method", SECOND_ORDER)
def test_second_order_methods_want_backward_for_themselves(method):
    x = tensor([1.0], requires_grad=True)

    def closure():
        loss = (x * x).sum()
        loss.backward()
        return loss

    with pytest.raises(RuntimeError, match=f"method '{method}' differentiates the loss twice"):
        ScipyMinimize([x], method=method).step(closure)
    assert x.item() == 1.0


def test_a_closure_that_gives_no_gradient_is_told_so():
    x = tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="method 'CG' needs gradients, and the closure gave none"):
        ScipyMinimize([x], "CG").step(lambda: 3.0)
    assert ScipyMinimize([x], "Nelder-Mead").step(lambda: x.item() ** 2) == 1.0  # here a number is enough
    assert abs(x.item()) < 1e-3


@pytest.mark.parametrize("method", SECOND_ORDER)
def test_products_with_the_hessian_also_where_part_of_it_is_zero(method):
    """The loss does not depend on w, which no method may move."""
    u, v, w = (tensor([2.0], dtype=float64, requires_grad=True) for _ in range(3))
    optimizer = ScipyMinimize([u, v, w], method=method)
    optimizer.step(lambda: ((u - 1) ** 2).sum() + v.exp().sum() - v.sum())
    assert (u.item(), v.item()) == pytest.approx((1.0, 0.0), abs=1e-4)
    assert w.item() == 2.0


def test_what_is_known_of_a_point_is_void_when_the_parameters_change():
    problem = functions.wood()
    x = problem.at_start()
    objective = Differentiated(lambda: problem(x), [x], "trust-ncg")
    point, v = np.array(problem.start), np.eye(4)[0]
    product = objective.products(point, v)
    assert np.array_equal(objective.products(point, v), product) and objective.evaluations == 1
    with no_grad():
        x += 1  # as a callback may
    assert np.array_equal(objective.products(point, v), product) and objective.evaluations == 2
    assert x.tolist() == list(problem.start)


def test_the_best_point_is_one_within_the_bounds():
    x = tensor([3.0], dtype=float64, requires_grad=True)
    objective = Differentiated(lambda: (x**2).sum(), [x], "trust-constr")
    objective.bounds = scipy.optimize.Bounds([1.0], [5.0])
    for point in (2.0, 0.5, 4.0):
        objective.values(np.array([point]))
    assert (objective.best.tolist(), objective.best_value) == ([2.0], 4.0)


def test_the_hessian_is_that_of_differences():
    problem = functions.wood()
    x = problem.at_start()
    objective = Differentiated(lambda: problem(x), [x], "trust-exact")
    point = np.array([0.3, -1.0, 0.7, 2.0])
    hessian = objective.hessian(point)
    columns = [
        (problem.value_and_gradient(point + e)[1] - problem.value_and_gradient(point - e)[1]) / 2e-5
        for e in 1e-5 * np.eye(4)
    ]
    np.testing.assert_allclose(hessian, np.array(columns).T, rtol=1e-6, atol=1e-5)
    assert objective.evaluations == 1  # one graph serves all its rows
    np.testing.assert_allclose(objective.products(point + 1, np.eye(4)[2]), objective.hessian(point + 1)[2])
    assert objective.evaluations == 2


# ---------------------------------------------------------------------------------------------- bounds, options


@pytest.mark.parametrize("method", BOUNDED)
def test_bounds_hold(method):
    x = tensor([0.0, 0.0], dtype=float64, requires_grad=True)
    goal = tensor([1.8, 3.0], dtype=float64)
    seen = []

    def closure():
        seen.append(x.tolist())
        return ((x - goal) ** 2).sum()

    ScipyMinimize([x], method, bounds=(-1.0, 2.0), options=OPTIONS.get(method)).step(closure)
    assert x.tolist() == pytest.approx([1.8, 2.0], abs=2e-3)
    assert x.detach().numpy().max() <= 2.0 + 1e-6
    if method not in ("COBYLA", "trust-constr"):  # these may look beyond
        assert np.array(seen).max() <= 2.0 and np.array(seen).min() >= -1.0


def test_bounds_for_each_parameter():
    a, b, c = (tensor([0.5, 0.5], dtype=float64, requires_grad=True) for _ in range(3))
    bounds = [(0, None), (np.array([-1.0, 0.25]), tensor([9.0, 9.0])), (None, None)]
    optimizer = ScipyMinimize([a, b, c], "L-BFGS-B", bounds)
    optimizer.step(lambda: ((a + 1) ** 2 + (b + 2) ** 2 + (c + 3) ** 2).sum())
    assert a.tolist() == [0.0, 0.0] and b.tolist() == [-1.0, 0.25]
    assert c.tolist() == pytest.approx([-3, -3], abs=1e-5)


def test_float32_stays_inside_bounds_that_it_cannot_hold_exactly():
    x = tensor([0.5], requires_grad=True)
    ScipyMinimize([x], "L-BFGS-B", bounds=(0.1, 1)).step(lambda: (x**2).sum())
    assert x.detach().numpy()[0] == np.float32(0.1)


def test_options_and_tol_reach_scipy():
    x, optimizer, _ = minimized(functions.rosenbrock(6), "BFGS", options={"maxiter": 3})
    assert optimizer.result.nit == 3 and not optimizer.result.success
    *_, loose, _ = minimized(functions.rosenbrock(), "BFGS", tol=1.0)
    *_, tight, _ = minimized(functions.rosenbrock(), "BFGS", tol=1e-8)
    assert loose.result.nit < tight.result.nit


def test_a_second_step_goes_on_where_the_first_ended():
    problem = functions.rosenbrock()
    x = problem.at_start()
    optimizer = ScipyMinimize([x], "BFGS", options={"maxiter": 5})
    losses = [optimizer.step(lambda: problem(x)).item() for _ in range(12)]
    assert losses == sorted(losses, reverse=True) and losses[-1] < 1e-9
    optimizer.param_groups[0].update(method="nelder-mead", options=None)
    optimizer.step(lambda: problem(x))
    assert "nit" in optimizer.result and "jac" not in optimizer.result


# ---------------------------------------------------------------------------------------------- callbacks, failures


@pytest.mark.parametrize("method", METHODS)
def test_the_callback_sees_each_iterate_and_may_stop(method):
    problem = functions.rosenbrock()
    x = problem.at_start()
    seen = []

    def after(optimizer):
        assert optimizer.param_groups[0]["params"][0] is x
        with no_grad():
            seen.append(problem(x).item())
        if len(seen) == 4:
            raise StopIteration

    optimizer = ScipyMinimize([x], method, callback=after)
    optimizer.step(lambda: problem(x))
    assert len(seen) == 4
    assert problem(x).item() <= min(seen)
    assert optimizer.result.success is False or method == "COBYQA"
    assert "callback" in optimizer.result.message


@pytest.mark.parametrize("method", METHODS)
def test_an_exception_of_the_closure_leaves_the_best_point(method):
    problem = functions.rosenbrock()
    for broken in (1, 2, 6):
        x = problem.at_start()
        values = []

        def closure(x=x, values=values, broken=broken):
            if len(values) == broken - 1:
                raise KeyError("no data")
            loss = problem(x)
            values.append(loss.item())
            return loss

        with pytest.raises(KeyError, match="no data"):
            ScipyMinimize([x], method).step(closure)
        assert problem(x).item() == min(values, default=problem(problem.at_start()).item())


def test_a_stop_iteration_of_the_closure_is_an_error_like_any_other():
    x = tensor([1.0], requires_grad=True)
    batches = iter([1.0])
    with pytest.raises(StopIteration):
        ScipyMinimize([x], "CG").step(lambda: next(batches) * (x**2).sum())


def test_on_failure_the_best_point_is_kept():
    """A loss that is NaN beyond a wall: SciPy reports failure, and may return a point there."""
    for method in ("BFGS", "CG", "Newton-CG", "Nelder-Mead", "SLSQP"):
        x = tensor([5.0], dtype=float64, requires_grad=True)
        values = []

        def closure(x=x, values=values):
            loss = (x - x.log()).sum()
            values.append(loss.item())
            return loss

        with np.errstate(all="ignore"):
            optimizer = ScipyMinimize([x], method)
            optimizer.step(closure)
        assert math.isfinite(x.item()) and x.item() > 0
        if not optimizer.result.success:
            assert (x - x.log()).sum().item() == min(v for v in values if math.isfinite(v))


# ---------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("method", "nearest"),
    [("BFSG", "BFGS"), ("lbfgsb", "L-BFGS-B"), ("newton", "Newton-CG"), ("trust_exact", "trust-exact")],
)
def test_an_unknown_method_names_the_nearest(method, nearest):
    with pytest.raises(ValueError, match=f"Unknown method '{method}': did you mean '{nearest}'"):
        ScipyMinimize([tensor([1.0], requires_grad=True)], method)


def test_names_may_be_spelled_in_any_case():
    assert minimized(functions.booth(), "l-bfgs-b")[1].result.success


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "BFGS", "bounds": (0, 1)}, "method 'BFGS' takes no bounds; these do: Nelder-Mead"),
        ({"method": 3}, "Unknown method 3"),
        ({"tol": -1.0}, "Invalid tol: -1.0"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ScipyMinimize([tensor([1.0], requires_grad=True)], **options)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([(0, 1)], "expected one pair for each of the 2 parameters, got 1"),
        ([(0, 1), 3], r"expected a pair \(low, high\) for all parameters or a list of pairs, got 3"),
        ((2, 1), "a lower bound is above its upper bound, or NaN"),
        ((math.nan, 1), "a lower bound is above its upper bound, or NaN"),
    ],
)
def test_wrong_bounds_are_refused_at_the_step(bounds, message):
    x, y = (tensor([0.5], requires_grad=True) for _ in range(2))
    with pytest.raises(ValueError, match=message):
        ScipyMinimize([x, y], "L-BFGS-B", bounds=bounds).step(lambda: (x * y).sum())


def test_what_is_needed():
    x = tensor([0.5], requires_grad=True)
    with pytest.raises(TypeError, match=r"ScipyMinimize.step\(\) evaluates the loss several times: give it a closure"):
        ScipyMinimize([x]).step()
    with pytest.raises(ValueError, match="no parameter requires grad"):
        ScipyMinimize([tensor([0.5])]).step(lambda: 1.0)
    with pytest.raises(ValueError, match="ScipyMinimize doesn't support per-parameter options"):
        ScipyMinimize([{"params": [x]}, {"params": [tensor([1.0], requires_grad=True)]}])
    z = tensor([1j], requires_grad=True)
    with pytest.raises(ValueError, match="complex numbers have no order"):
        ScipyMinimize([z], "L-BFGS-B", bounds=(0, 1)).step(lambda: z.abs().sum())


def test_scipy_is_loaded_by_the_first_step_only():
    code = "import sys, minitorch_optim.optim; assert not [m for m in sys.modules if m.startswith('scipy')]"
    subprocess.run([sys.executable, "-c", code], check=True)
