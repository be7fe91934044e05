"""What the papers promise: rates on quadratics, closed forms, and limits, measured."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from minitorch_optim import optim
from minitorch_optim.autograd.tensor import new_tensor


def spectrum(smallest: float, largest: float) -> tuple[Any, Any]:
    """The matrix of a quadratic with eigenvalues spread between two ends in random directions, and where to start."""
    random = np.random.default_rng(0)
    basis, _ = np.linalg.qr(random.normal(size=(12, 12)))
    eigenvalues = np.geomspace(smallest, largest, 12)
    return basis * eigenvalues @ basis.T, basis.sum(1)  # a start with the same part in every direction


def contraction(optimizer: Any, options: Any, smallest: float, largest: float, first: int, last: int) -> float:
    """By what factor a step shrinks the distance to the minimum, in the mean of steps ``first`` to ``last``."""
    matrix, start = spectrum(smallest, largest)
    p = new_tensor(start.copy(), True)
    made, lengths = optimizer([p], **options), []
    for _ in range(last):
        p.grad = new_tensor(matrix @ p._array)
        made.step()
        lengths.append(float(np.max(np.abs(p._array))))
    return (lengths[-1] / lengths[first - 1]) ** (1 / (last - first))


@pytest.mark.parametrize(("smallest", "largest"), [(1.0, 10.0), (0.01, 1.0), (0.5, 40.0)])
def test_gradient_descent(smallest: float, largest: float) -> None:
    """With the best lr, 2 / (L + mu), the rate is (kappa - 1) / (kappa + 1) (Nesterov 2004, theorem 2.1.15)."""
    kappa = largest / smallest
    rate = contraction(optim.SGD, {"lr": 2 / (largest + smallest)}, smallest, largest, 100, 400)
    assert rate == pytest.approx((kappa - 1) / (kappa + 1), rel=0.02)
    assert abs((1 - rate) / (1 - (kappa - 1) / (kappa + 1)) - 1) < 0.02, "and so is the distance from 1"


@pytest.mark.parametrize(("smallest", "largest"), [(1.0, 10.0), (0.01, 1.0), (0.5, 40.0)])
def test_heavy_ball(smallest: float, largest: float) -> None:
    """With Polyak's lr and momentum the rate is (sqrt kappa - 1) / (sqrt kappa + 1) (Polyak 1964, theorem 9)."""
    roots = math.sqrt(largest) + math.sqrt(smallest)
    best = (math.sqrt(largest) - math.sqrt(smallest)) / roots
    options = {"lr": 4 / roots**2, "momentum": best**2}
    last = int(math.log(1e-250) / math.log(best))  # far enough for the factor t of a double eigenvalue to fade
    rate = contraction(optim.SGD, options, smallest, largest, last // 2, last)
    assert rate == pytest.approx(best, rel=0.02)
    assert abs(math.log(rate) / math.log(best) - 1) < 0.02


@pytest.mark.parametrize(("smallest", "largest"), [(1.0, 10.0), (0.01, 1.0), (0.5, 40.0)])
def test_nesterov(smallest: float, largest: float) -> None:
    """With lr 1 / L and momentum (sqrt kappa - 1) / (sqrt kappa + 1) the rate on a quadratic is 1 - 1 / sqrt kappa.

    (Lessard, Recht, Packard 2016, proposition 1; Nesterov's own bound for all convex functions is its root.)
    """
    root = math.sqrt(largest / smallest)
    options = {"lr": 1 / largest, "momentum": (root - 1) / (root + 1), "nesterov": True}
    last = int(math.log(1e-250) / math.log(1 - 1 / root))
    rate = contraction(optim.SGD, options, smallest, largest, last // 2, last)
    assert rate == pytest.approx(1 - 1 / root, rel=0.02)
    assert abs(math.log(rate) / math.log(1 - 1 / root) - 1) < 0.02


def test_gradient_descent_beyond_two_over_l_diverges() -> None:
    assert contraction(optim.SGD, {"lr": 1.99}, 0.1, 1.0, 100, 300) < 1
    assert contraction(optim.SGD, {"lr": 2.01}, 0.1, 1.0, 500, 1000) > 1


def steps(optimizer: Any, gradients: Any, start: float = 0.0, **options: Any) -> list[float]:
    """Where one parameter is after each of the given gradients, in float64."""
    p = new_tensor(np.array([start]), True)
    made, places = optimizer([p], **options), []
    for g in gradients:
        p.grad = new_tensor(np.array([float(g)]))
        made.step()
        places.append(float(p._array[0]))
    return places


def test_momentum_of_a_constant_gradient_is_a_geometric_series() -> None:
    places = steps(optim.SGD, [1.0] * 200, lr=0.1, momentum=0.9)
    velocity = [(1 - 0.9**t) / 0.1 for t in range(1, 201)]
    np.testing.assert_allclose(places, -0.1 * np.cumsum(velocity), rtol=1e-12)


@pytest.mark.parametrize("optimizer", [optim.Adam, optim.AdamW, optim.Adamax])
def test_steps_of_a_constant_gradient_are_lr_long(optimizer: Any) -> None:
    """Bias correction makes them so from the first one on, whatever the gradient (Kingma, Ba 2014, section 2.1)."""
    for g in (1e-3, 1.0, -1e3):
        places = steps(optimizer, [g] * 50, lr=0.01, eps=0, weight_decay=0)
        np.testing.assert_allclose(np.diff([0.0, *places]), -0.01 * np.sign(g), rtol=1e-9)


def test_adagrad_of_a_constant_gradient_falls_as_one_over_the_root() -> None:
    places = steps(optim.Adagrad, [3.0] * 100, lr=0.5, eps=0)
    np.testing.assert_allclose(np.diff([0.0, *places]), -0.5 / np.sqrt(np.arange(1, 101)), rtol=1e-9)


def test_rmsprop_ends_at_lr_and_centered_has_a_variance() -> None:
    assert np.diff(steps(optim.RMSprop, [2.0] * 2000, lr=0.01, alpha=0.9))[-1] == pytest.approx(-0.01, rel=1e-6)
    alternating = [1.0, 3.0] * 1000  # mean 2, standard deviation 1
    places = steps(optim.RMSprop, alternating, lr=1e-3, alpha=0.995, centered=True)
    assert (places[-1] - places[-3]) / 2 == pytest.approx(-1e-3 * 2 / 1, rel=5e-3)


def test_adadelta_does_not_care_for_the_scale_of_the_gradient() -> None:
    """Where eps is small against squares (Zeiler 2012, section 3.2)."""
    random = np.random.default_rng(0).normal(size=50) + 2
    places = steps(optim.Adadelta, random, eps=1e-12)
    np.testing.assert_allclose(steps(optim.Adadelta, 1e3 * random, eps=1e-12), places, rtol=1e-6)


def test_rprop_does_not_care_for_the_size_of_the_gradient() -> None:
    signs = [1, 1, 1, -1, -1, 1, 1, 1, 1, -1, 1]
    places = steps(optim.Rprop, signs, lr=0.1)
    assert steps(optim.Rprop, [1e3 * s * (i + 1) for i, s in enumerate(signs)], lr=0.1) == places
    np.testing.assert_allclose(places[:4], [-0.1, -0.22, -0.364, -0.364], rtol=1e-12)  # the fourth waits


def test_asgd_averages_from_t0_on() -> None:
    p = new_tensor(np.array([0.0]), True)
    optimizer, places = optim.ASGD([p], lr=0.1, lambd=0, t0=10), []
    for t in range(40):
        p.grad = new_tensor(np.array([math.cos(t)]))
        optimizer.step()
        places.append(float(p._array[0]))
    assert optimizer.state[p]["ax"].item() == pytest.approx(np.mean(places[11:]), rel=1e-6)


def test_radam_is_adam_when_its_variance_is_known() -> None:
    """The rectification goes to 1, so late steps are those of Adam."""
    gradients, options = np.random.default_rng(0).normal(size=4000) * 0.1 + 1, {"lr": 1e-3, "betas": (0.9, 0.99)}
    late, adam = (np.diff(steps(kind, gradients, **options))[-100:] for kind in (optim.RAdam, optim.Adam))
    np.testing.assert_allclose(late, adam, rtol=1e-3)


def test_amsgrad_never_takes_a_longer_step_for_a_smaller_second_moment() -> None:
    """After a large gradient Adam's steps grow again as it forgets; AMSGrad's do not (Reddi et al. 2018)."""
    gradients = [1.0] * 20 + [100.0] + [1.0] * 400
    adam, amsgrad = (
        np.abs(np.diff(steps(optim.Adam, gradients, lr=0.1, betas=(0.0, 0.9), amsgrad=flag))) for flag in (False, True)
    )
    assert adam[-1] > 2 * adam[30]
    assert amsgrad[-1] < amsgrad[30] * 1.2


def test_adafactor_steps_are_relative_to_the_parameter() -> None:
    lengths = {}
    for scale in (1.0, 100.0):
        p = new_tensor(scale * np.ones((4, 5)), True)
        p.grad = new_tensor(np.random.default_rng(0).normal(size=(4, 5)))
        optim.Adafactor([p], lr=0.01).step()
        lengths[scale] = np.sqrt(np.mean((p._array - scale) ** 2))
    assert lengths[100.0] == pytest.approx(100 * lengths[1.0], rel=1e-9)
    assert lengths[1.0] <= 0.01 * (1 + 1e-9)


def test_muon_steps_have_singular_values_near_one() -> None:
    """Whatever those of the gradient: over four orders of magnitude (Jordan 2024)."""
    random = np.random.default_rng(0)
    for shape in ((20, 30), (30, 20)):
        left, _ = np.linalg.qr(random.normal(size=(shape[0], 20)))
        right, _ = np.linalg.qr(random.normal(size=(shape[1], 20)))
        p = new_tensor(np.zeros(shape), True)
        p.grad = new_tensor(left * np.geomspace(1, 100, 20) @ right.T)
        optim.Muon([p], lr=1.0).step()
        values = np.linalg.svd(p._array / max(1, shape[0] / shape[1]) ** 0.5, compute_uv=False)
        assert np.all((values > 0.6) & (values < 1.3)), values
