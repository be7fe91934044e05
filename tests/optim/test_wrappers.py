"""Lookahead and SAM against their definitions, and what they share with the optimizer inside."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from minitorch_optim import optim, tensor
from minitorch_optim.optim.lr_scheduler import StepLR


def made(values=(3.0, -4.0)):
    return tensor(list(values), dtype=np.dtype("float64"), requires_grad=True)


def closure_of(optimizer, p):
    def closure():
        optimizer.zero_grad()
        loss = (p * p * tensor([1.0, 3.0], dtype=np.dtype("float64"))).sum()
        loss.backward()
        return loss

    return closure


def gradient(p):
    return 2 * p * np.array([1.0, 3.0])


def test_lookahead_goes_back_part_of_the_way():
    p = made()
    optimizer = optim.Lookahead(optim.SGD([p], lr=0.1), k=3, alpha=0.4)
    fast = slow = np.array([3.0, -4.0])
    for step in range(1, 11):
        optimizer.step(closure_of(optimizer, p))
        fast = fast - 0.1 * gradient(fast)
        if step % 3 == 0:
            fast = slow = slow + 0.4 * (fast - slow)
        np.testing.assert_allclose(p.detach().numpy(), fast, rtol=1e-14)


def test_lookahead_resumes_exactly_at_every_step():
    for stop in range(8):
        p = made()
        optimizer = optim.Lookahead(optim.Adam([p], lr=0.1), k=3)
        for _ in range(stop):
            optimizer.step(closure_of(optimizer, p))
        q = made(p.tolist())
        other = optim.Lookahead(optim.Adam([q], lr=0.7), k=3)
        other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        for _ in range(5):
            optimizer.step(closure_of(optimizer, p))
            other.step(closure_of(other, q))
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


def test_lookahead_refuses_slow_weights_of_other_shapes_and_stays_as_it_was():
    optimizer = optim.Lookahead(optim.SGD([made()], lr=0.1))
    state = optimizer.state_dict()
    state["slow"] = [tensor([1.0])]
    before = [slow.copy() for slow in optimizer.slow]
    with pytest.raises(ValueError, match=r"slow weights of shapes \[\(1,\)\], and the parameters have \[\(2,\)\]"):
        optimizer.load_state_dict(state)
    np.testing.assert_array_equal(optimizer.slow, before)


@pytest.mark.parametrize("adaptive", [False, True])
def test_sam_steps_with_the_gradient_of_the_worst_point_nearby(adaptive):
    p = made()
    optimizer = optim.SAM(optim.SGD([p], lr=0.05), rho=0.3, adaptive=adaptive)
    expected = np.array([3.0, -4.0])
    for _ in range(5):
        loss = optimizer.step(closure_of(optimizer, p))
        assert loss.item() == pytest.approx(expected[0] ** 2 + 3 * expected[1] ** 2)
        g, scale = gradient(expected), np.abs(expected) if adaptive else 1.0
        worst = expected + 0.3 * scale * scale * g / np.linalg.norm(scale * g)
        expected = expected - 0.05 * gradient(worst)
        np.testing.assert_allclose(p.detach().numpy(), expected, rtol=1e-13)


def test_sam_leaves_parameters_where_they_were_if_the_closure_fails():
    p = made()
    optimizer = optim.SAM(optim.SGD([p], lr=0.05))
    calls = []

    def closure():
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the data ran out")
        return closure_of(optimizer, p)()

    with pytest.raises(RuntimeError, match="the data ran out"):
        optimizer.step(closure)
    assert p.tolist() == [3.0, -4.0]


def test_sam_needs_a_closure():
    with pytest.raises(TypeError, match="SAM needs a closure"):
        optim.SAM(optim.SGD([made()], lr=0.1)).step()


@pytest.mark.parametrize("around", [optim.Lookahead, optim.SAM])
def test_groups_state_and_schedules_are_those_inside(around):
    p = made()
    inner = optim.SGD([p], lr=0.1, momentum=0.9)
    outer = around(inner)
    assert outer.param_groups is inner.param_groups and outer.state is inner.state
    schedule = StepLR(outer, step_size=1, gamma=0.5)
    outer.step(closure_of(outer, p))
    schedule.step()
    assert inner.param_groups[0]["lr"] == 0.05
    outer.add_param_group({"params": [made()]})
    assert len(inner.param_groups) == 2
    assert pickle.loads(pickle.dumps(outer)).param_groups[0]["lr"] == 0.05


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: optim.Lookahead(o, k=0), "Invalid k value: 0"),
        (lambda o: optim.Lookahead(o, alpha=1.5), "Invalid alpha value: 1.5"),
        (lambda o: optim.SAM(o, rho=float("nan")), "Invalid rho value: nan"),
    ],
)
def test_options_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make(optim.SGD([made()], lr=0.1))


@pytest.mark.parametrize("around", [optim.Lookahead, optim.SAM])
def test_only_optimizers_go_inside(around):
    with pytest.raises(TypeError, match=r"goes around an Optimizer, got list: make one first, as in \w+\(SGD"):
        around([made()])
