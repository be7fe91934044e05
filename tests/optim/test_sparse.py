"""Sparse gradients: the rows that they name, repeated ones summed first, come out as with dense gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minitorch_optim import optim
from minitorch_optim.autograd.sparse import COO
from minitorch_optim.autograd.tensor import Tensor, new_tensor
from minitorch_optim.optim.program import SIZES


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


def test_rows_of_many_parameters_share_blocks() -> None:
    """Parameters that fit into a block together, one that takes several, and one whose rows are longer than a block."""
    shapes = [(5,), (6, 3), (900, 100), (3, 4, 2), (4, 200_000), (0, 3), (7, 0), (9, 5)]
    rng = np.random.default_rng(0)
    params, references = ([new_tensor(np.ones(shape), True) for shape in shapes] for _ in range(2))
    sparse, plain = optim.Adagrad(params, lr=0.1), optim.Adagrad(references, lr=0.1)
    for t in range(4):
        for p, q in zip(params, references, strict=True):
            count = int(rng.integers(0, 2 * len(p._array) + 1))
            rows = rng.integers(0, max(len(p._array), 1), (1, count)) if t % 2 else np.arange(len(p._array))[None, ::2]
            g = COO(rows, rng.normal(size=(rows.shape[1], *p.shape[1:])), tuple(p.shape))
            p.grad, q.grad = new_tensor(g), new_tensor(g.to_dense())  # type: ignore[arg-type]
        sparse.step(), plain.step()
    for p, q in zip(params, references, strict=True):
        np.testing.assert_array_equal(p._array, q._array)
        np.testing.assert_array_equal(sparse.state[p]["sum"]._array, plain.state[q]["sum"]._array)


def test_parameters_that_do_not_lie_in_c_order() -> None:
    p, q = (new_tensor(np.asfortranarray(np.ones((6, 5))), True) for _ in range(2))
    assert not p._array.flags.c_contiguous
    sparse, plain = optim.Adagrad([p], lr=0.1), optim.Adagrad([q], lr=0.1)
    g = COO([[4, 1, 4]], np.arange(15.0).reshape(3, 5), (6, 5))
    p.grad, q.grad = new_tensor(g), new_tensor(g.to_dense())  # type: ignore[arg-type]
    sparse.step(), plain.step()
    np.testing.assert_array_equal(p._array, q._array)


def test_scratch_does_not_pile_up_where_each_step_has_another_number_of_rows() -> None:
    p = new_tensor(np.ones((500, 128), np.float32), True)
    made = optim.SparseAdam([p])
    for count in reversed(range(130, 300)):
        g = COO(np.arange(count)[None], np.ones((count, 128), np.float32), (500, 128))
        p.grad = new_tensor(g)  # type: ignore[arg-type]
        made.step()
    (job,) = made._plans[0].jobs
    assert 1 < len(job.recorded.program.memory[0]) <= SIZES


def test_where_a_step_raises_nothing_has_changed() -> None:
    params = [new_tensor(np.ones((3, 2), np.float32), True) for _ in range(2)]
    made = optim.SparseAdam(params)
    for value in (1.0, 1e30):  # whose square is infinite
        before = [array.copy() for p in params for array in (p._array, *(s._array for s in made.state[p].values()))]
        for p in params:
            p.grad = new_tensor(COO([[0, 2]], np.full((2, 2), value, np.float32), (3, 2)))  # type: ignore[arg-type]
        if value == 1.0:
            made.step()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        made.step()
    after = [array for p in params for array in (p._array, *(s._array for s in made.state[p].values()))]
    for a, b in zip(after, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_rule_for_whole_parameters_sees_the_rows_without_a_gradient_too() -> None:
    class Shrinking(optim.Optimizer):
        sparse = whole = True

        @staticmethod
        def rule(p: Any, g: Any) -> Any:
            assert g.shape == p.shape
            return p - g / np.sqrt((p * p).sum())

    p = new_tensor(np.full((4, 1), 2.0), True)
    p.grad = new_tensor(COO([[1, 1]], np.ones((2, 1)), (4, 1)))  # type: ignore[arg-type]
    Shrinking([p], {}).step()
    np.testing.assert_array_equal(p._array, [[2], [1.5], [2], [2]])


def test_a_state_of_another_shape_is_refused() -> None:
    p = new_tensor(np.ones((4, 2)), True)
    made = optim.Adagrad([p])
    made.state[p]["sum"] = new_tensor(np.ones(2))
    p.grad = new_tensor(COO([[1]], np.ones((1, 2)), (4, 2)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"state 'sum' of a parameter of shape \(4, 2\) has shape \(2,\)"):
        made.step()
