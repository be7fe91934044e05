"""``differentiable=True``: gradients through the step to parameters, gradients, state and hyperparameters."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_optim import optim
from minitorch_optim.autograd import grad, no_grad
from minitorch_optim.autograd.gradcheck import gradcheck
from minitorch_optim.autograd.sparse import COO
from minitorch_optim.autograd.tensor import Tensor, new_tensor

KIT = runpy.run_path(str(Path(__file__).with_name("kit.py")))
Bowl, Run, cases_that, with_lr, pattern = (KIT[n] for n in ("Bowl", "Run", "cases_that", "with_lr", "pattern"))
differentiable = cases_that(lambda case: case.differentiable)
PRECISION = {"eps": 1e-4, "atol": 1e-8, "rtol": 1e-6}


def started(name: str, shape: Any, dtype: Any) -> Tensor:
    """A state in the middle of a run, away from kinks; it requires grad where it is no counter."""
    if name in ("step", "eta", "mu"):
        return new_tensor(np.array({"step": 10.0, "eta": 0.09, "mu": 0.25}[name]))
    if name == "mu_product":
        return new_tensor(np.array(0.4), True)
    values = np.random.default_rng(len(name)).uniform(0.5, 1.5, shape)
    if name in ("exp_avg", "prev", "ax", "momentum_buffer", "grad_avg"):
        values = (values - 1) * 0.5 if name == "grad_avg" else values - 1
    if name == "step_size":
        values = values * 0.05
    if np.dtype(dtype).kind == "c":
        values = values * (1 + 0.7j)
    return new_tensor(values.astype(dtype), True)


def a_step(case: Any, options: Any, names: list[str]) -> Any:
    """A step as a function of parameter, gradient and state: the way PyTorch's own tests check it."""

    def step(p: Tensor, g: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        p = p.clone()
        p.grad = g
        optimizer = case.optimizer([p], **options)
        optimizer.state[p].update({name: state.clone() for name, state in zip(names, states, strict=True)})
        optimizer.step()
        return (p, *[s for s in optimizer.state[p].values() if isinstance(s, Tensor) and s.requires_grad])

    return step


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@differentiable
def test_gradcheck(case: Any, dtype: str) -> None:
    for options in case.samples:
        options = {**with_lr(case, options), "differentiable": True}
        names = case.states(options)
        p, g = (new_tensor(pattern((4,), salt, dtype), True) for salt in (3, 4))
        states = [started(name, (4,), dtype) for name in names]
        assert gradcheck(a_step(case, options, names), (p, g, *states), **PRECISION)


@differentiable
def test_the_step_is_the_same(case: Any) -> None:
    """To the bit, as it is the same rule."""
    for options in case.samples:
        bowl = Bowl([(), (5,), (3, 4)], "float32")
        plain = Run(case, options, bowl).step(3)
        clones = [new_tensor(start.copy(), True).clone() for start in bowl.starts]
        lr = new_tensor(np.array([{**plain.optimizer.defaults, **options}["lr"]]))  # float64: the very same number
        recorded = Run(case, {**options, "lr": lr, "differentiable": True}, bowl, params=clones).step(3)
        KIT["same"](recorded.arrays, plain.arrays)
        KIT["same_states"](recorded.states(), plain.states())
        assert all(p.requires_grad and not p.is_leaf for p in recorded.params)


DIFFERENTIABLE_OPTIONS = {
    "SGD": {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.1},
    "Adam": {"lr": 0.1, "betas": (0.6, 0.9), "weight_decay": 0.1},
    "AdamW": {"lr": 0.1, "betas": (0.6, 0.9), "weight_decay": 0.1},
    "RMSprop": {"lr": 0.1, "alpha": 0.9, "momentum": 0.4},
    "Adagrad": {"lr": 0.1, "lr_decay": 0.1},
    "Adadelta": {"lr": 0.9, "rho": 0.8},
    "Adamax": {"lr": 0.1, "betas": (0.6, 0.9)},
    "ASGD": {"lambd": 0.1, "weight_decay": 0.1},  # lr becomes the state eta, without a history, as in PyTorch
    "NAdam": {"lr": 0.1, "betas": (0.6, 0.9), "momentum_decay": 0.1},
    "RAdam": {"lr": 0.1, "betas": (0.6, 0.9), "weight_decay": 0.1},
}


@pytest.mark.parametrize("name", DIFFERENTIABLE_OPTIONS)
def test_gradients_reach_the_hyperparameters(name: str) -> None:
    """Through three steps of training: the gradient of the last loss by lr, betas and so on."""
    options: dict[str, Any] = DIFFERENTIABLE_OPTIONS[name]
    numbers = [x for value in options.values() for x in (value if isinstance(value, tuple) else (value,))]

    def last_loss(start: Tensor, *tensors: Tensor) -> Tensor:
        left = iter(tensors)
        given = {k: (next(left), next(left)) if isinstance(v, tuple) else next(left) for k, v in options.items()}
        p = start.clone()
        optimizer = getattr(optim, name)([p], differentiable=True, **given)
        loss = (p * p).sum() * 3
        for _ in range(3):
            (p.grad,) = grad(loss, [p], create_graph=True)
            optimizer.step()
            loss = ((p - 0.3) ** 2).sum() * 3
        return loss

    inputs = (new_tensor(np.array([0.8, -1.1]), True), *[new_tensor(np.array(float(x)), True) for x in numbers])
    assert gradcheck(last_loss, inputs, eps=1e-5, atol=1e-6, rtol=1e-5)


def test_a_learning_rate_of_one_element_fits_any_parameter() -> None:
    for shape in ((), (3,), (2, 2)):
        p = new_tensor(np.ones(shape), True).clone()
        p.grad = new_tensor(np.ones(shape), True)
        lr = new_tensor(np.array([0.25]), True)
        optim.SGD([p], lr=lr, differentiable=True).step()
        np.testing.assert_array_equal(p._array, np.full(shape, 0.75))
        p.sum().backward()
        np.testing.assert_array_equal(lr.grad._array, [-p.numel()])  # type: ignore[union-attr]


def test_it_records_inside_no_grad_and_refuses_leaves() -> None:
    start = new_tensor(np.ones(2), True)
    p = start.clone()
    p.grad = new_tensor(np.ones(2), True)
    with no_grad():
        optim.SGD([p], lr=0.1, differentiable=True).step()
    assert p.requires_grad and p.grad_fn is not None
    p.sum().backward()
    np.testing.assert_array_equal(start.grad._array, [1, 1])  # type: ignore[union-attr]
    start.grad = new_tensor(np.ones(2))
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        optim.SGD([start], lr=0.1, differentiable=True).step()


def test_no_sparse_gradients() -> None:
    p = new_tensor(np.ones(2), True).clone()
    p.grad = new_tensor(COO([[0]], np.ones(1), (2,)))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="SGD with differentiable=True does not support sparse gradients"):
        optim.SGD([p], lr=0.1, differentiable=True).step()
