"""Sparse gradients: the rows that they name, repeated ones summed first, come out as with dense gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minitorch_optim import optim
from minitorch_optim.autograd.sparse import COO
from minitorch_optim.autograd.tensor import Tensor, new_tensor


def slope(p: Any) -> Any:
    """The gradient of Rosenbrock's function, in the dtype of ``p``."""
    x, y = p
    return np.array([-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)], p.dtype)


def repeated(row: int, value: Any, size: int) -> COO:
    """A gradient of one row, in two parts."""
    return COO([[row, row]], np.array([value / 4, value - value / 4], value.dtype), (size,))


def valley(optimizer: Any, options: Any, gradient: Any) -> Any:
    """Follow Rosenbrock's valley for 2000 steps, one coordinate at a time; where it was after each."""
    p = new_tensor(np.array([1.5, 1.5], np.float32), True)
    made, places = optimizer([p], **options), []
    for t in range(2000):
        row = t % 2
        p.grad = new_tensor(gradient(row, slope(p._array)[row], 2))
        made.step()
        places.append(p._array.copy())
    return np.array(places)


def dense(row: int, value: Any, size: int) -> Any:
    g = np.zeros(size, value.dtype)
    g[row] = value
    return g


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (optim.SGD, {"lr": 4.8e-3}),
        (optim.SGD, {"lr": 5e-4, "momentum": 0.8}),
        (optim.SGD, {"lr": 5e-4, "momentum": 0.8, "nesterov": True}),
        (optim.Adagrad, {"lr": 0.1}),
        (optim.Adagrad, {"lr": 0.5, "lr_decay": 0.01, "initial_accumulator_value": 1.0}),
        (optim.SparseAdam, {"lr": 4e-2}),
        (optim.SparseAdam, {"lr": 1e-2, "betas": (0.5, 0.9)}),
    ],
)
def test_two_thousand_unstable_steps(optimizer: Any, options: Any) -> None:
    """Against a dense gradient; SparseAdam, which takes none, against a sparse one without repetitions."""
    takes_dense = optimizer is not optim.SparseAdam
    reference = dense if takes_dense else lambda row, value, size: COO([[row]], np.array([value]), (size,))
    found = valley(optimizer, options, repeated)
    expected = valley(optimizer, options, reference)
    np.testing.assert_allclose(found, expected, rtol=1.3e-6, atol=1e-5)
    assert np.linalg.norm(found[-1] - 1) < np.linalg.norm([0.5, 0.5])


def test_rows_that_are_not_named_stay_as_they_are() -> None:
    for optimizer in (optim.SGD, optim.Adagrad, optim.SparseAdam):
        p = new_tensor(np.ones((5, 3), np.float32), True)
        made = optimizer([p], lr=0.1)
        for rows in ([1, 3, 1], [3], []):
            p.grad = new_tensor(COO([rows], np.ones((len(rows), 3), np.float32), (5, 3)))  # type: ignore[arg-type]
            made.step()
        assert np.all(p._array[[0, 2, 4]] == 1) and np.all(p._array[[1, 3]] < 1)
        for state in made.state[p].values():
            if state.ndim:
                assert np.all(state._array[[0, 2, 4]] == 0) and np.all(state._array[[1, 3]] > 0)


def test_an_empty_gradient_counts_as_a_step() -> None:
    p = new_tensor(np.ones((5, 1), np.float32), True)
    made = optim.SparseAdam([p])
    p.grad = new_tensor(COO(np.zeros((1, 0)), np.zeros((0, 1), np.float32), (5, 1)))  # type: ignore[arg-type]
    for count in (1, 2):
        made.step()
        assert made.state[p]["step"].item() == count
    assert np.all(p._array == 1)
    saved = made.state_dict()["state"][0]["step"]
    assert saved == 2 and type(saved) is int, "as PyTorch keeps it"


def test_momentum_carries_on_rows_without_a_gradient() -> None:
    p = new_tensor(np.ones(3), True)
    made = optim.SGD([p], lr=0.5, momentum=0.5)
    p.grad = new_tensor(COO([[1]], np.ones(1), (3,)))  # type: ignore[arg-type]
    made.step()
    p.grad = new_tensor(COO([[2]], np.ones(1), (3,)))  # type: ignore[arg-type]
    made.step()
    np.testing.assert_array_equal(p._array, [1, 0.25, 0.5])


def test_sparse_and_dense_in_turn() -> None:
    """A parameter may get a sparse gradient now and a dense one then."""
    for optimizer in (optim.SGD, optim.Adagrad):
        p, q = (new_tensor(np.ones(4), True) for _ in range(2))
        turns, always_dense = optimizer([p], lr=0.1), optimizer([q], lr=0.1)
        for t in range(6):
            g = COO([[t % 4, 0]], np.array([1.0, 2.0]), (4,))
            p.grad = new_tensor(g if t % 2 else g.to_dense())  # type: ignore[arg-type]
            q.grad = new_tensor(g.to_dense())
            turns.step(), always_dense.step()
        np.testing.assert_array_equal(p._array, q._array)


def test_complex_rows() -> None:
    for optimizer in (optim.SGD, optim.Adagrad):
        p, q = (new_tensor(np.ones((4, 2), np.complex128), True) for _ in range(2))
        sparse, plain = optimizer([p], lr=0.1), optimizer([q], lr=0.1)
        for t in range(3):
            g = COO([[t, 3, t]], (np.arange(6.0) + 1j).reshape(3, 2), (4, 2))
            p.grad, q.grad = new_tensor(g), new_tensor(g.to_dense())  # type: ignore[arg-type]
            sparse.step(), plain.step()
        np.testing.assert_array_equal(p._array, q._array)


def test_several_sparse_dimensions() -> None:
    p, q = (new_tensor(np.ones((3, 4, 2)), True) for _ in range(2))
    sparse, plain = optim.Adagrad([p], lr=0.1), optim.Adagrad([q], lr=0.1)
    g = COO([[0, 2, 0], [1, 3, 1]], np.arange(6.0).reshape(3, 2), (3, 4, 2))
    p.grad, q.grad = new_tensor(g), new_tensor(g.to_dense())  # type: ignore[arg-type]
    sparse.step(), plain.step()
    np.testing.assert_array_equal(p._array, q._array)


def test_from_an_embedding() -> None:
    from minitorch_optim import nn

    embedding = nn.Embedding(6, 2, sparse=True)
    before = embedding.weight._array.copy()
    optimizer = optim.SparseAdam(embedding.parameters(), lr=0.1)
    loss: Tensor = embedding(new_tensor(np.array([4, 1, 4]))).sum()
    loss.backward()
    optimizer.step()
    np.testing.assert_allclose(before - embedding.weight._array, 0.1 * np.isin(np.arange(6), [1, 4])[:, None] * [1, 1],
                               rtol=1e-5)  # fmt: skip
