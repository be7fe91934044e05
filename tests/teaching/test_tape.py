"""The table of the tape says what backward does, and leaves no trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim import nn
from minitorch_optim.autograd import Function, get_rng_state, manual_seed, tensor
from minitorch_optim.nn import functional as F
from minitorch_optim.teaching.recorded import recorded, with_gradients


@pytest.fixture
def model() -> Any:
    manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))


def loss_of(model: Any) -> Any:
    return F.cross_entropy(model(torch.randn(5, 4)), tensor([0, 1, 2, 0, 1]))


def test_the_order_is_that_of_backward_and_arguments_come_later() -> None:
    a = tensor([1.0, 2.0], requires_grad=True)
    b = a * 3
    c = b.exp() + b
    rows = list(torch.tape(c.sum(), {"a": a, "c": c}))
    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert [row.name for row in rows] == ["Sum", "Add", "Exp", "Mul"]
    assert [row.arguments for row in rows] == [("#2 (2,)",), ("#3 (2,)", "#4 (2,)"), ("#4 (2,)",), ("a (2,)", "3")]
    assert [row.result for row in rows] == ["", "c", "", ""]
    assert all(row.dtype == np.float32 for row in rows)


def test_gradients_are_those_of_backward_to_the_bit(model: Any) -> None:
    loss = loss_of(model)
    shown = torch.tape(loss, model)
    parameters = dict(model.named_parameters())
    loss.backward()
    assert {leaf.name for leaf in shown.leaves} == set(parameters)
    for leaf in shown.leaves:
        assert leaf.shape == parameters[leaf.name].shape
        np.testing.assert_array_equal(leaf.gradient, parameters[leaf.name].grad)


def test_gradients_of_results_are_what_they_would_retain() -> None:
    x = tensor([[1.0, -2.0], [3.0, 0.5]], requires_grad=True)
    y = x @ x
    z = y.tanh()
    rows = {row.result: row for row in torch.tape(z.sum(), locals())}
    y.retain_grad()
    z.retain_grad()
    z.sum().backward()
    for name, result in (("y", y), ("z", z)):
        np.testing.assert_array_equal(rows[name].gradient, result.grad)
        assert rows[name].shape == tuple(result.shape)


def test_it_leaves_no_trace(model: Any) -> None:
    loss = loss_of(model)
    hidden = model[0].weight * 2
    hidden.retain_grad()
    both = loss + hidden.sum()
    model[0].bias.grad = torch.ones(16)
    state, versions = get_rng_state(), [p._version[0] for p in model.parameters()]
    first = str(torch.tape(both, model))
    assert str(torch.tape(both, model)) == first
    assert hidden.grad is None and hidden.retains_grad
    assert [p.grad is None for p in model.parameters()] == [True, False, True, True, True, True]
    assert model[0].bias.grad.sum().item() == 16
    assert (get_rng_state() == state).all() and versions == [p._version[0] for p in model.parameters()]
    both.backward()
    np.testing.assert_array_equal(hidden.grad, torch.ones(16, 4))


def test_shapes_of_every_result_are_known(model: Any) -> None:
    """Most results of an MLP are not kept by any node."""
    shapes = [(row.name, row.shape) for row in torch.tape(loss_of(model))]
    assert shapes[0] == ("CrossEntropy", ()) and shapes[-1] == ("Linear", (5, 16))
    assert shapes[1] == ("Linear", (5, 3)) and all(shape is not None for _, shape in shapes)


def test_the_table_fits_a_page(model: Any) -> None:
    deep = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(120)], model)
    for loss in (loss_of(model), F.cross_entropy(deep(torch.randn(5, 4)), tensor([0, 1, 2, 0, 1])).double()):
        lines = str(torch.tape(loss, deep)).splitlines()
        assert max(map(len, lines)) <= 100 and len(lines) > 8


def test_dtypes_are_shown_where_they_differ() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    shown = str(torch.tape((x.double() * 2).sum()))
    assert "(2,) float64" in shown and "(2,) float32" in shown and "All are" not in shown


def test_a_tensor_that_is_no_scalar() -> None:
    x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * x
    assert "the sum of a tensor of shape (3,)" in str(torch.tape(y))
    np.testing.assert_array_equal(torch.tape(y).leaves[0].gradient, [2, 4, 6])
    np.testing.assert_array_equal(torch.tape(y, gradient=tensor([1.0, 0.0, -1.0])).leaves[0].gradient, [2, 0, -6])


def test_leaves_without_a_name_are_numbered_as_in_their_rows() -> None:
    a, b = tensor(2.0, requires_grad=True), tensor(3.0, requires_grad=True)
    shown = torch.tape(a * b)
    assert shown[0].arguments == ("leaf 1 ()", "leaf 2 ()")
    assert [(leaf.name, leaf.gradient.item()) for leaf in shown.leaves if leaf.gradient] == [
        ("leaf 1", 3.0),
        ("leaf 2", 2.0),
    ]


def test_a_function_with_two_results() -> None:
    class Both(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            return 2 * g + 3 * h

    x = tensor([1.0, 2.0], requires_grad=True)
    twice, thrice = Both.apply(x)
    shown = torch.tape((twice * thrice).sum(), {"x": x})
    assert shown[-1].name == "Both" and shown[-1].shape is None and shown[-1].gradient is None
    np.testing.assert_array_equal(shown.leaves[0].gradient, [12, 24])
    assert "none arrives" in str(shown)


def test_changes_in_place_and_views_are_followed() -> None:
    x = tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    y = x * 1
    y[:2].mul_(5)
    shown = torch.tape(y.sum(), {"x": x, "y": y})
    assert "CopySlices" in [row.name for row in shown]
    np.testing.assert_array_equal(shown.leaves[0].gradient, [5, 5, 1, 1])


def test_a_sparse_gradient_at_a_leaf() -> None:
    layer = nn.Embedding(5, 2, sparse=True)
    shown = torch.tape(layer(tensor([1, 3])).sum(), layer)
    assert shown.leaves[0].name == "weight" and "norm 2" in str(shown).splitlines()[-1]


def test_a_graph_of_any_depth() -> None:
    x = tensor(1.0, requires_grad=True)
    y = x
    for _ in range(5000):
        y = y + 0.0
    assert len(torch.tape(y)) == 5000


def test_why_there_is_nothing_to_show() -> None:
    with pytest.raises(TypeError, match="got float"):
        torch.tape(1.5)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="no grad_fn.*it is a leaf"):
        torch.tape(tensor(1.0, requires_grad=True))
    with pytest.raises(RuntimeError, match="no grad_fn.*nothing it was computed from requires grad"):
        torch.tape(tensor(1.0) * 2)
    x = tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match=r"freed by backward\(\).*retain_graph=True"):
        torch.tape(y)
    z = x * x
    with torch.no_grad():
        x += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.tape(z)
    with pytest.raises(TypeError, match="params: expected a Module or a dict"):
        torch.tape(x * x, [x])


def test_recorded_tells_constants() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    data = tensor([5.0, 6.0])
    (product,) = recorded(data * x)
    assert product.inputs[0].leaf is None and product.inputs[0].number is None and product.inputs[0].shape == (2,)
    assert product.inputs[1].leaf is x
    operations, leaves = with_gradients(3 * x)
    assert operations[0].inputs[0].value == 3 and list(leaves) == [x]
