"""Clipping of gradients, and parameters as a vector."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn import utils


def parameters(library: Any, *gradients: Any, dtype: str = "float32") -> list[Any]:
    result = []
    for g in gradients:
        g = None if g is None else np.asarray(g, dtype)
        p = library.zeros((2,) if g is None else g.shape, dtype=getattr(library, dtype), requires_grad=True)
        p.grad = None if g is None else library.from_numpy(g)
        result.append(p)
    return result


GRADIENTS = [
    [[3.0, 4.0], None, [[0.5], [-12.0]]], [[0.003, 0.004]], [[math.nan, 1.0], [2.0]], [[math.inf, 1.0], [2.0]],
    [[0.0, 0.0]], [None], [],
]  # fmt: skip


@pytest.mark.parametrize("gradients", GRADIENTS, ids=str)
@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.5, math.inf, -math.inf, 0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clipping_by_norm_is_pytorchs(gradients: Any, norm_type: float, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for library in (mt, torch):
        given = parameters(library, *gradients, dtype=dtype)
        total = library.nn.utils.clip_grad_norm_(iter(given), 1.5, norm_type)
        assert total.ndim == 0
        found.append([total.numpy()] + [p.grad.numpy() for p in given if p.grad is not None])
    for a, b in zip(*found, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_norm_that_is_not_finite_raises_if_asked() -> None:
    given = parameters(mt, [math.nan, 1.0])
    with pytest.raises(RuntimeError, match="The total norm of order 2.0 for gradients from `parameters` is non-finite"):
        utils.clip_grad_norm_(given, 1.0, error_if_nonfinite=True)
    assert given[0].grad.tolist()[1] == 1.0


def test_a_single_parameter_and_the_norm_alone() -> None:
    (p,) = parameters(mt, [3.0, 4.0])
    assert utils.clip_grad_norm_(p, 10.0).item() == 5.0 and p.grad.tolist() == [3.0, 4.0]
    assert utils.get_total_norm(p.grad).item() == 5.0 and utils.get_total_norm([]).item() == 0.0
    utils.clip_grads_with_norm_(p, 2.5, mt.tensor(5.0))
    np.testing.assert_allclose(p.grad.numpy(), [1.5, 2.0], rtol=1e-6)
    with pytest.warns(FutureWarning, match="clip_grad_norm` is now deprecated in favor of"):
        utils.clip_grad_norm(p, 1.0)


def sparse(values: Any) -> Any:
    p = mt.zeros(3, 2, requires_grad=True)
    p.grad = mt.sparse_coo_tensor([[0, 0]], values, (3, 2))
    return p


def test_sparse_gradients_are_clipped_as_what_they_mean() -> None:
    """Rows that occur twice count together."""
    p = sparse([[1.0, 2.0], [2.0, 2.0]])
    assert utils.clip_grad_norm_([p, *parameters(mt, [12.0])], 1.3).item() == 13.0
    assert p.grad.is_sparse
    np.testing.assert_allclose(p.grad.to_dense().numpy()[0], [0.3, 0.4], rtol=1e-6)
    p = sparse([[1.0, -2.0], [2.0, -2.0]])
    utils.clip_grad_value_(p, 3.5)
    assert p.grad.to_dense().tolist() == [[3.0, -3.5], [0.0, 0.0], [0.0, 0.0]]


def test_clipping_by_value() -> None:
    first, second, third = parameters(mt, [3.0, -4.0, 0.1], None, [[-0.2]])
    held = first.grad
    utils.clip_grad_value_([first, second, third], 0.15)
    assert first.grad is held and second.grad is None
    np.testing.assert_allclose(first.grad.numpy(), [0.15, -0.15, 0.1], rtol=1e-6)
    np.testing.assert_allclose(third.grad.numpy(), [[-0.15]], rtol=1e-6)


def test_parameters_as_a_vector_and_back() -> None:
    model = nn.Linear(2, 3)
    vector = utils.parameters_to_vector(model.parameters())
    assert vector.shape == (9,) and vector.requires_grad
    (vector * vector).sum().backward()
    np.testing.assert_allclose(model.bias.grad.numpy(), 2 * model.bias.detach().numpy(), rtol=1e-6)
    weight = model.weight
    utils.vector_to_parameters(mt.arange(9.0), model.parameters())
    assert model.weight is weight and weight.requires_grad and weight.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert model.bias.tolist() == [6, 7, 8]
    with pytest.raises(TypeError, match="expected torch.Tensor, but got: list"):
        utils.vector_to_parameters([1.0], model.parameters())
    for n in (8, 10):
        with pytest.raises(RuntimeError, match=f"vec has {n} elements, and the parameters have 9 together"):
            utils.vector_to_parameters(mt.zeros(n), model.parameters())
    assert model.bias.tolist() == [6, 7, 8]
