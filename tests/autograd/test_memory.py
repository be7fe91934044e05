"""Memory: training leaves it flat, and nothing that is dropped waits for the garbage collector."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minitorch_optim.autograd import Function, Tensor, grad, no_grad, tensor
from minitorch_optim.autograd.functional import hessian, jvp
from minitorch_optim.autograd.gradcheck import gradcheck


def leaf(*shape: int) -> Tensor:
    return tensor(np.random.default_rng(0).normal(size=shape).astype(np.float32), requires_grad=True)


# -- training stays flat


def test_ten_thousand_steps_leave_memory_flat(no_collector: None) -> None:
    w1, b1, w2, x = leaf(4, 8), leaf(8), leaf(8, 1), leaf(16, 4).detach()
    parameters = [w1, b1, w2]

    def step() -> None:
        loss = (((x @ w1 + b1).relu() @ w2) ** 2).mean()
        loss.backward()
        with no_grad():
            for p in parameters:
                p -= 0.01 * p.grad
                p.grad = None

    def blocks_after(steps: int) -> int:
        """How many blocks of memory Python holds: an array that is not let go is at least one, its header."""
        for _ in range(steps):
            step()
        return sys.getallocatedblocks()

    before = blocks_after(1_000)  # Python keeps some blocks for tuples and the like that it will make again
    after = blocks_after(10_000)
    assert after - before < 1_000, f"{after - before} more blocks of memory after 10,000 steps"


def test_gradients_that_add_up_stay_in_one_array() -> None:
    w = leaf(1000)
    (w * 2.0).sum().backward()
    memory = w.grad.numpy()
    for _ in range(3):
        (w * 2.0).sum().backward()
    assert w.grad.numpy() is memory
    assert memory[0] == 8.0


def test_backward_frees_what_was_saved() -> None:
    x = leaf(100)
    y = x.exp()
    saved = weakref.ref(y.grad_fn.out)
    out = y.sum()
    del y
    assert saved() is not None
    out.backward()
    assert saved() is None
    assert out.grad_fn is not None


def test_linear_operations_save_no_values() -> None:
    x = leaf(100)
    big = x * 2.0
    memory = weakref.ref(big._array)
    out = (big + 1.0).reshape(10, 10).sum(dim=0)[3:]
    del big
    assert memory() is None
    out.sum().backward()
    assert x.grad is not None


# -- no reference cycles


class Cube(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x * x * x
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        x, _ = ctx.saved_tensors
        return g * 3 * x * x


def plain() -> None:
    x = leaf(3)
    (x * x).sum().backward()


def unused_graph() -> None:
    x = leaf(3)
    (x * x).sum().exp()


def twice() -> None:
    x = leaf(3)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()


def hooks() -> None:
    x = leaf(3)
    y = x * x
    x.register_hook(lambda g: g * 2)
    y.register_hook(lambda g: None)
    x.register_post_accumulate_grad_hook(lambda t: None)
    y.sum().backward()


def removed_hooks() -> None:
    x = leaf(3)
    y = x * x
    handles = [x.register_hook(lambda g: g * 2), y.register_hook(lambda g: None)]
    for handle in handles:
        handle.remove()
    y.sum().backward()


def retained() -> None:
    x = leaf(3)
    y = x * x
    y.retain_grad()
    y.sum().backward()
    assert y.grad is not None


def views() -> None:
    x = leaf(2, 3)
    y = x * 1.0
    v = y[0].view(3, 1).transpose(0, 1)
    (v * v).sum().backward()


def in_place() -> None:
    x = leaf(2, 3)
    y = x * 1.0
    y.mul_(x).add_(1.0)
    y += x
    y.sum().backward()


def views_changed_in_place() -> None:
    x = leaf(2, 3)
    y = x * 1.0
    v = y[0]
    w = v[1:]
    w.mul_(2.0)
    y.add_(1.0)
    v[0] = x.sum()
    y[1] = v * 1.0
    (y.sum() + v.sum() + w.sum()).backward()


def a_constant_changed_in_place() -> None:
    x = leaf(3)
    total = tensor([0.0, 0.0, 0.0])
    part = total[1:]
    total += x
    part *= 2.0
    total.sum().backward()


def create_graph() -> None:
    x = leaf(3)
    y = (x.exp() * x.sigmoid() / (x * x + 1.0)).sum()
    (g,) = grad(y, x, create_graph=True)
    (g * g).sum().backward()


def function() -> None:
    x = leaf(3)
    y = Cube.apply(x)
    (g,) = grad(y.sum(), x, create_graph=True)
    g.sum().backward()


def an_error_in_backward() -> None:
    x = leaf(3)
    y = x.exp()
    y.add_(1.0)
    z = y * y
    z.mul_(2.0)
    y.add_(1.0)
    with pytest.raises(RuntimeError, match="inplace"):
        z.sum().backward()


def an_error_in_forward() -> None:
    x = leaf(2, 3)
    with pytest.raises(RuntimeError):
        (x * 2.0) @ (x * 2.0)


def checks_and_functionals() -> None:
    x = tensor([0.5, 1.0], dtype=np.float64, requires_grad=True)
    gradcheck(lambda x: x * x, x)
    hessian(lambda x: (x * x * x).sum(), x)
    jvp(lambda x: x * x, x, x)


@pytest.mark.parametrize(
    "work",
    [
        plain, unused_graph, twice, hooks, removed_hooks, retained, views, in_place, views_changed_in_place,
        a_constant_changed_in_place, create_graph, function, an_error_in_backward, an_error_in_forward,
        checks_and_functionals,
    ],
)  # fmt: skip
def test_nothing_waits_for_the_garbage_collector(work: Callable[[], None], no_collector: Callable[[], None]) -> None:
    work()  # what is made once (caches of the table) is made here
    no_collector()
    work()
    assert gc.collect() == 0


def test_a_cycle_would_be_found(no_collector: None) -> None:
    node = (leaf(2) * 2.0).grad_fn
    node.hooks = {0: node}
    del node
    assert gc.collect() > 0


def test_a_hook_may_refer_to_its_tensor_by_a_weak_reference(no_collector: None) -> None:
    y = leaf(3) * 2.0
    y.retain_grad()
    reference = weakref.ref(y)
    del y
    assert reference() is None
