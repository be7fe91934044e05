"""The engine: what is recorded and in what order it is read, where gradients go, hooks, modes, Functions, own rows."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import minitorch_optim.autograd as ours
from minitorch_optim.autograd import (
    TABLE,
    Function,
    Tensor,
    apply,
    backward,
    derivative,
    enable_grad,
    grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    ones,
    primitive,
    set_grad_enabled,
    tensor,
)
from minitorch_optim.autograd.function import once_differentiable


def leaf(*values: float) -> Tensor:
    return tensor(list(values), dtype=np.float64, requires_grad=True)


# -- what is recorded


def test_leaves_and_results() -> None:
    x, c = leaf(1, 2), tensor([1.0, 2.0])
    y = x * c
    assert x.is_leaf and c.is_leaf and not y.is_leaf
    assert x.grad_fn is None and y.grad_fn.name() == "MulBackward"
    assert y.requires_grad and not (c * 2).requires_grad and (c * 2).is_leaf
    assert y.grad is None and c.grad is None
    y.sum().backward()
    assert y.grad is None and c.grad is None and x.grad is not None


def test_the_graph_can_be_walked() -> None:
    x, w = leaf(1, 2), leaf(3, 4)
    y = (x * w).sum() + 1
    assert repr(y.grad_fn) == "<AddBackward>"
    assert [n for n, _ in y.grad_fn.next_functions][1] is None
    product = y.grad_fn.next_functions[0][0].next_functions[0][0]
    assert product.name() == "MulBackward"
    assert [n.name() for n, _ in product.next_functions] == ["AccumulateGrad", "AccumulateGrad"]
    assert [n.variable is t for (n, _), t in zip(product.next_functions, (x, w), strict=True)] == [True, True]


def test_whole_numbers_and_comparisons_carry_no_gradient() -> None:
    x = leaf(1, 2)
    for result in (x > 1, x.argmax(), x.long(), x.isnan()):
        assert not result.requires_grad


def test_what_no_rule_reads_is_not_kept() -> None:
    x, c = leaf(1, 2), tensor([3.0, 4.0], dtype=np.float64)
    y = x * c
    assert y.grad_fn.args[0] is None and y.grad_fn.args[1] is c._array  # only the other factor
    assert x.exp().grad_fn.args == [None]
    assert x.sin().grad_fn.out is None
    both = x * x.detach().requires_grad_()
    assert all(a is not None for a in both.grad_fn.args)


# -- backward and grad


def test_gradients_add_up_over_uses_and_calls() -> None:
    x = leaf(1, 2)
    (x * 3 + x * x + x).sum().backward()
    assert x.grad.tolist() == [6.0, 8.0]
    (x * 10).sum().backward()
    assert x.grad.tolist() == [16.0, 18.0]
    x.grad = None
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_grad_leaves_grad_alone() -> None:
    x, w = leaf(1, 2), leaf(3, 4)
    found = grad((x * w).sum(), [x, w])
    assert [g.tolist() for g in found] == [[3.0, 4.0], [1.0, 2.0]]
    assert x.grad is None and w.grad is None


def test_grad_by_a_result() -> None:
    x = leaf(1, 2)
    y = x * 2
    z = (y * y).sum()
    dy, dx = grad(z, (y, x))
    assert dy.tolist() == [4.0, 8.0] and dx.tolist() == [8.0, 16.0]


def test_a_gradient_may_be_given() -> None:
    x = leaf(1, 2)
    (x * 3).backward(tensor([1.0, 10.0]))
    assert x.grad.tolist() == [3.0, 30.0]
    (found,) = grad(x * 3, x, tensor([2.0, 0.0], dtype=np.float64))
    assert found.tolist() == [6.0, 0.0]
    assert found.dtype == np.float64


def test_several_roots() -> None:
    x = leaf(1, 2)
    y, z = x * 2, x * x
    backward([y.sum(), z], [None, tensor([1.0, 10.0])])
    assert x.grad.tolist() == [4.0, 42.0]
    y, z = x * 2, x * x
    found = grad([y, z, y], x, [ones(2), ones(2), ones(2)])
    assert found[0].tolist() == [6.0, 8.0]


def test_a_leaf_is_its_own_gradient() -> None:
    x = leaf(3)
    x.backward()
    assert x.grad.tolist() == [1.0]
    assert grad(x.sum(), x)[0].tolist() == [1.0]


def test_inputs_of_backward() -> None:
    x, w = leaf(1, 2), leaf(3, 4)
    y = x * w
    y.sum().backward(inputs=[x])
    assert x.grad.tolist() == [3.0, 4.0] and w.grad is None
    y = x * w
    (y * y).sum().backward(inputs=[y])
    assert y.grad.tolist() == [6.0, 16.0] and w.grad is None


def test_unused_inputs() -> None:
    x, w = leaf(1, 2), leaf(3, 4)
    assert grad(x.sum(), (x, w), allow_unused=True)[1] is None
    assert grad(x.sum(), (x, w), materialize_grads=True)[1].tolist() == [0.0, 0.0]
    (x.detach() * w).sum().backward()
    assert x.grad is None


def test_the_graph_is_kept_when_asked() -> None:
    x = leaf(1, 2)
    y = x.exp().sum()
    y.backward(retain_graph=True)
    first = x.grad.clone()
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), 2 * first.numpy())
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_what_saved_nothing_can_go_backward_again() -> None:
    x = leaf(1, 2)
    y = (x + x).sum() * 3
    y.backward()
    y.backward()
    assert x.grad.tolist() == [12.0, 12.0]


def test_part_of_a_freed_graph_is_an_error_elsewhere_too() -> None:
    x = leaf(1, 2)
    shared = x.exp()
    (shared * 2).sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        (shared + 1).sum().backward()


def test_only_the_way_to_the_inputs_is_taken() -> None:
    calls: list[str] = []

    @primitive
    def double(x: Any, name: str) -> Any:
        return x * 2

    def rule(g: Any, out: Any, x: Any, name: str) -> Any:
        calls.append(name)
        return g * 2

    derivative(double, rule)
    try:
        x, w = leaf(1), leaf(2)
        y = apply(double, x, "x") + apply(double, w, "w")
        grad(y, x, retain_graph=True)
        assert calls == ["x"]
        y.backward()
        assert calls[1:] == ["w", "x"]  # the newest node first
    finally:
        del TABLE[double]


def test_a_diamond_is_visited_once() -> None:
    """Without order each node would be visited as often as there are paths to it: 2 to the power of 60."""
    x = leaf(1)
    y = x
    for _ in range(60):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad.tolist() == [1.0]


def test_broadcasting_is_undone() -> None:
    x, row, number = ones(2, 3, requires_grad=True), ones(3, requires_grad=True), ones((), requires_grad=True)
    column = ones(2, 1, requires_grad=True)
    (x * row + column * number).sum().backward()
    for t, expected in ((x, 1.0), (row, 2.0), (column, 3.0), (number, 6.0)):
        assert t.grad.shape == t.shape
        assert (t.grad == expected).all()


def test_empty_tensors_go_backward() -> None:
    x = ones(0, 3, requires_grad=True)
    ((x * 2).exp().sum() + x.sum(0).sum()).backward()
    assert x.grad.shape == (0, 3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
def test_gradients_have_the_dtype_of_their_tensor(dtype: Any) -> None:
    x = tensor([1.0, 2.0]).to(dtype).requires_grad_()
    y = (x * 2.5 + 1) * tensor([1.0, 2.0], dtype=np.float64)
    y.abs().sum().backward()
    assert x.grad.dtype == dtype


def test_the_upstream_gradient_is_not_changed() -> None:
    x = leaf(1, 2)
    g = tensor([1.0, 10.0], dtype=np.float64)
    y = x + 0
    z = y + y
    backward([z, y], [g, g])
    assert g.tolist() == [1.0, 10.0]
    assert x.grad.tolist() == [3.0, 30.0]
    x.grad += 1
    assert g.tolist() == [1.0, 10.0]


def test_gradients_of_two_tensors_do_not_share_memory() -> None:
    x, w = leaf(1, 2), leaf(3, 4)
    (x + w).sum().backward()
    x.grad += 5
    assert w.grad.tolist() == [1.0, 1.0]
    y = x + w
    y.retain_grad()
    y.backward(ones(2, dtype=np.float64))
    y.grad += 5
    assert w.grad.tolist() == [2.0, 2.0]


# -- higher orders


def test_derivatives_of_every_order() -> None:
    x = tensor(0.7, dtype=np.float64, requires_grad=True)
    y = x.sin()
    for expected in (np.cos(0.7), -np.sin(0.7), -np.cos(0.7), np.sin(0.7), np.cos(0.7)):
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected, abs=1e-14)


def test_backward_with_create_graph() -> None:
    x = leaf(1, 2)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    penalty = (x.grad**2).sum()
    x.grad = None  # as PyTorch advises: tensor and gradient hold each other
    penalty.backward()
    np.testing.assert_allclose(x.grad.numpy(), 36 * np.array([1.0, 2.0]) ** 3)


def test_a_change_in_place_between_two_orders_is_noticed() -> None:
    for function in (lambda y: y**3, lambda y: y.sin(), lambda y: y * y * y):
        x = leaf(1, 2)
        y = x * 1
        (g,) = grad(function(y).sum(), x, create_graph=True)
        y.add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            g.sum().backward()


def test_the_gradient_of_a_gradient_reaches_the_upstream_gradient() -> None:
    x, v = leaf(1, 2), leaf(3, 4)
    (g,) = grad(x**2, x, v, create_graph=True)
    dx, dv = grad(g.sum(), (x, v))
    assert dx.tolist() == [6.0, 8.0] and dv.tolist() == [2.0, 4.0]


# -- hooks and retained gradients


def test_retained_gradients() -> None:
    x = leaf(1, 2)
    y = x * 2
    assert not y.retains_grad
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad and not x.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [4.0, 8.0]
    x.retain_grad()  # nothing to do for a leaf


def test_a_retained_gradient_is_the_one_by_the_last_values() -> None:
    x = leaf(1, 2)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y[0].mul_(5)
    (y * y).sum().backward()
    assert y.grad.tolist() == [60.0, 24.0]
    assert x.grad.tolist() == [1800.0, 144.0]


def test_hooks_see_and_replace_gradients() -> None:
    x = leaf(1, 2)
    y = x * 2
    seen: list[Any] = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(g.tolist()))
    handle = x.register_hook(lambda g: g + 1)
    y.sum().backward()
    assert seen == [[1.0, 1.0], [10.0, 10.0]]
    assert x.grad.tolist() == [21.0, 21.0]
    handle.remove()
    (x * 1).sum().backward()
    assert x.grad.tolist() == [22.0, 22.0]


def test_a_hook_sees_the_whole_gradient_once() -> None:
    x = leaf(1)
    seen: list[Any] = []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * 2 + x * 3).backward()
    assert seen == [5.0]


def test_a_hook_may_be_recorded() -> None:
    x = leaf(2)
    y = x * x
    y.register_hook(lambda g: g * x)
    (g,) = grad(y, x, create_graph=True)
    assert g.tolist() == [8.0]  # 2 x * x
    assert grad(g, x)[0].tolist() == [8.0]  # 4 x


def test_a_hook_after_accumulation() -> None:
    x = leaf(1, 2)
    seen: list[Any] = []
    handle = x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.tolist()))
    for _ in range(2):
        (x * 3).sum().backward()
    handle.remove()
    (x * 3).sum().backward()
    assert seen == [[3.0, 3.0], [6.0, 6.0]]


# -- modes


def test_nothing_is_recorded_inside_no_grad() -> None:
    x = leaf(1, 2)
    with no_grad():
        y = x * 2
        assert not is_grad_enabled() and not y.requires_grad and y.grad_fn is None
        with enable_grad():
            assert (x * 2).requires_grad
        assert not is_grad_enabled()
    assert is_grad_enabled() and (x * 2).requires_grad


def test_modes_as_decorators_and_switches() -> None:
    x = leaf(1, 2)

    @no_grad()
    def quiet() -> bool:
        return (x * 2).requires_grad

    @no_grad
    def quiet_too() -> bool:
        return (x * 2).requires_grad

    @inference_mode()
    def inferring() -> bool:
        return (x * 2).requires_grad

    assert [quiet(), quiet_too(), inferring(), (x * 2).requires_grad] == [False, False, False, True]
    set_grad_enabled(False)
    assert not (x * 2).requires_grad
    set_grad_enabled(True)
    with set_grad_enabled(False):
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_a_mode_ends_with_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0
    assert is_grad_enabled()


def test_backward_works_inside_no_grad() -> None:
    x = leaf(1, 2)
    y = (x * x).sum()
    with no_grad():
        y.backward()
    assert x.grad.tolist() == [2.0, 4.0]
    assert not x.grad.requires_grad


# -- copies of tensors


def test_copies_keep_what_belongs_to_a_leaf() -> None:
    x = leaf(1, 2)
    x.sum().backward()
    x.note = "kept"
    twin = copy.deepcopy(x)
    assert twin is not x and twin.tolist() == x.tolist() and twin.requires_grad
    assert twin.grad.tolist() == [1.0, 1.0] and twin.grad is not x.grad
    assert twin.note == "kept"
    assert not np.shares_memory(twin.detach().numpy(), x.detach().numpy())
    again = pickle.loads(pickle.dumps(x))
    assert again.tolist() == x.tolist() and again.requires_grad


# -- Functions


class Scale(Function):
    """x * factor, for a number."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x * factor

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        assert ctx.needs_input_grad == (True, False)
        return g * ctx.factor, None


class Both(Function):
    """Sum and product, two results."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x, y)
        return x + y, x * y

    @staticmethod
    def backward(ctx: Any, g: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        x, y = ctx.saved_tensors
        return g + h * y, g + h * x


class NewStyle(Function):
    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.exp()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Tensor) -> None:
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return g * y


def test_a_function_with_a_constant() -> None:
    x = leaf(1, 2)
    y = Scale.apply(x, 3.0)
    y.sum().backward()
    assert y.grad_fn.name() == "ScaleBackward" and x.grad.tolist() == [3.0, 3.0]
    assert not Scale.apply(tensor([1.0]), 3.0).requires_grad


def test_a_function_with_two_results() -> None:
    x, y = leaf(1, 2), leaf(3, 4)
    total, product = Both.apply(x, y)
    (total * 10 + product).sum().backward()
    assert x.grad.tolist() == [13.0, 14.0] and y.grad.tolist() == [11.0, 12.0]
    x.grad = None
    Both.apply(x, y)[1].sum().backward()  # the other result gets a gradient of zeros
    assert x.grad.tolist() == [3.0, 4.0]


def test_a_function_in_higher_order() -> None:
    x = leaf(0.5)
    (g,) = grad(NewStyle.apply(x), x, create_graph=True)
    (h,) = grad(g, x, create_graph=True)
    assert h.item() == pytest.approx(np.exp(0.5))
    assert grad(h, x)[0].item() == pytest.approx(np.exp(0.5))


def test_a_function_that_is_differentiable_once() -> None:
    class Once(Scale):
        backward = staticmethod(once_differentiable(Scale.backward))

    x = leaf(1)
    (g,) = grad(Once.apply(x, 2.0), x, create_graph=True)
    assert not g.requires_grad


def test_what_a_function_saved_must_not_change() -> None:
    x, y = leaf(1, 2), leaf(3, 4)
    a = x * 1
    product = Both.apply(a, y)[1]
    a.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation: BothBackward"):
        product.sum().backward()


def test_a_function_may_change_its_argument_and_keep_gradients_back() -> None:
    class Clip(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
            ctx.mark_dirty(x)
            x.clamp_(max=1.0)
            cut = x == 1.0
            ctx.mark_non_differentiable(cut)
            ctx.save_for_backward(cut)
            return x, cut

        @staticmethod
        def backward(ctx: Any, g: Tensor, _: Tensor) -> Tensor:
            (cut,) = ctx.saved_tensors
            return g * (~cut)

    x = leaf(0.5, 2.0)
    a = x * 1
    b, cut = Clip.apply(a)
    assert b is a and b.tolist() == [0.5, 1.0] and not cut.requires_grad
    (b * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 0.0]


# -- rows of one's own


def test_a_row_of_ones_own_serves_every_order() -> None:
    @primitive
    def cube(x: Any) -> Any:
        return x * x * x

    derivative(cube, lambda g, out, x: g * 3 * x * x, elementwise=True)
    try:
        x = leaf(2)
        y = cube(x)
        assert y.grad_fn.name() == "CubeBackward"
        for expected in (12.0, 12.0, 6.0):
            (y,) = grad(y, x, create_graph=True)
            assert y.tolist() == [expected]
        assert cube(np.array(2.0)) == 8.0
    finally:
        del TABLE[cube]


def test_numpy_on_the_left_reaches_the_tape() -> None:
    x = leaf(1, 2)
    (np.array([3.0, 4.0]) * x + np.exp(x) + np.float64(2.0) * x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.array([5.0, 6.0]) + np.exp([1.0, 2.0]))


# -- beside PyTorch


def test_a_training_loop_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    data, target = random.normal(size=(20, 4)).astype(np.float32), random.normal(size=(20, 2)).astype(np.float32)
    start = random.normal(size=(4, 2)).astype(np.float32)
    ends = []
    for lib in (ours, torch):
        x, y = lib.tensor(data), lib.tensor(target)
        w = lib.tensor(start, requires_grad=True)
        b = lib.zeros(2, requires_grad=True)
        for _ in range(50):
            loss = (((x @ w + b).tanh() - y) ** 2).mean()
            loss.backward()
            with lib.no_grad():
                for p in (w, b):
                    p -= 0.1 * p.grad
                    p.grad.zero_()
        ends.append((w.detach().numpy(), b.detach().numpy()))
    for mine, theirs in zip(*ends, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
