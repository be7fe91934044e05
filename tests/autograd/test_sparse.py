"""Sparse arrays and tensors: against the dense ones, as gradients, and against PyTorch."""

from __future__ import annotations

import copy
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours
from minitorch_optim.autograd.sparse import COO
from minitorch_optim.autograd.tensor import new_tensor


def some(seed: int = 0, shape: tuple[int, ...] = (5, 4), sparse_dim: int = 1, nnz: int = 7, dtype: Any = "f8") -> COO:
    """A sparse array in which indices are repeated."""
    random = np.random.default_rng(seed)
    indices = np.stack([random.integers(0, n, nnz) for n in shape[:sparse_dim]])
    return COO(indices, random.normal(size=(nnz, *shape[sparse_dim:])).astype(dtype), shape)


SHAPES = [((5, 4), 1), ((5, 4), 2), ((6,), 1), ((3, 4, 2), 2), ((3, 2, 2), 1), ((2, 3, 2), 3)]
each_shape = pytest.mark.parametrize(("shape", "sparse_dim"), SHAPES)


def added_up(a: COO) -> np.ndarray:
    """The dense array, by the definition."""
    dense = np.zeros(a.shape, a.dtype)
    for k in range(a.indices.shape[1]):
        dense[tuple(a.indices[:, k])] += a.values[k]
    return dense


# -- the array ----------------------------------------------------------------------------------


@each_shape
def test_dense_and_coalesced(shape: tuple[int, ...], sparse_dim: int) -> None:
    a = some(shape=shape, sparse_dim=sparse_dim)
    assert (a.ndim, a.size, len(a), a.sparse_dim) == (len(shape), np.prod(shape), shape[0], sparse_dim)
    np.testing.assert_array_equal(a.to_dense(), added_up(a))
    once = a.coalesce()
    assert once.coalesced and not a.coalesced and once.coalesce() is once
    columns = once.indices.T.tolist()
    assert columns == sorted(columns) and len(set(map(tuple, columns))) == len(columns)
    np.testing.assert_array_equal(once.to_dense(), added_up(a))
    back = COO.from_dense(a.to_dense(), sparse_dim)
    np.testing.assert_array_equal(back.to_dense(), added_up(a))
    assert back.coalesced


def test_shapes_of_very_many_elements() -> None:
    shape = (10**6, 10**6, 10**6)
    values = np.arange(200.0)
    indices = np.stack([np.tile([999_999, 0], 100), np.repeat([999_999, 7], 100), np.full(200, 999_999)])
    once = COO(indices, values, shape).coalesce()
    assert once.indices.tolist() == [[0, 0, 999_999, 999_999], [7, 999_999] * 2, [999_999] * 4]
    parts = values[101::2], values[1:100:2], values[100::2], values[0:100:2]
    assert once.values.tolist() == [part.sum() for part in parts]


def test_what_is_in_order_is_not_summed_and_not_shared() -> None:
    a = COO([[0, 2, 3]], np.arange(6.0).reshape(3, 2), (4, 2))
    assert a.in_order() and not a.coalesced and a.coalesce().in_order()
    once = a.coalesce()
    np.testing.assert_array_equal(once.values, a.values)
    assert not np.shares_memory(once.values, a.values) and not np.shares_memory(once.indices, a.indices)
    for rows in ([0, 3, 2], [0, 2, 2]):
        assert not COO([rows], a.values, (4, 2)).in_order()
    assert COO([[0, 0, 1], [1, 2, 0]], np.ones(3), (2, 3)).in_order()
    assert not COO([[0, 1, 0], [1, 0, 2]], np.ones(3), (2, 3)).in_order()
    with pytest.raises(ValueError, match="invalid entry"):
        COO([[0, 2, 4]], a.values, (4, 2)).in_order()


def test_repeated_indices_are_added_in_order() -> None:
    values = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    total = np.zeros(3, np.float32)
    for value in values:
        total += value
    summed = COO(np.zeros((1, 1000)), values, (1, 3)).coalesce().values
    np.testing.assert_array_equal(summed[0], total)
    assert summed.dtype == np.float32


@each_shape
def test_arithmetic_is_that_of_the_dense_array(shape: tuple[int, ...], sparse_dim: int) -> None:
    a, b = (some(seed, shape, sparse_dim) for seed in (1, 2))
    x, y, d = added_up(a), added_up(b), np.random.default_rng(3).normal(size=shape)

    def same(found: Any, expected: np.ndarray, sparse: bool) -> None:
        assert isinstance(found, COO) == sparse
        np.testing.assert_allclose(found.to_dense() if sparse else found, expected, rtol=1e-14, atol=1e-14)

    same(a + b, x + y, True)
    same(a - b, x - y, True)
    same(-a, -x, True)
    same(a * b, x * y, True)
    same(a * 2.5, x * 2.5, True)
    same(2.5 * a, x * 2.5, True)
    same(a / 4, x / 4, True)
    same(a * d, x * d, True)
    same(d * a, x * d, True)
    same(a / d, x / d, True)
    same(a + d, x + d, False)
    same(d + a, x + d, False)
    same(d - a, d - x, False)
    same(a - d, x - d, False)
    assert (a * np.float64(2)).to_dense().tolist() == (2 * x).tolist()


def test_in_place() -> None:
    a, b = some(1), some(2)
    x, y = added_up(a), added_up(b)
    before = a
    a += b
    assert a is before
    np.testing.assert_allclose(a.to_dense(), x + y)
    a *= 2
    np.testing.assert_allclose(a.to_dense(), 2 * (x + y))
    dense = np.ones_like(x)
    dense += b
    np.testing.assert_allclose(dense, 1 + y)
    with pytest.raises(TypeError, match="dense array cannot be stored in a sparse one"):
        a += np.ones_like(x)


def test_matrix_products() -> None:
    a = some(sparse_dim=2)
    x, m, v = added_up(a), np.random.default_rng(1).normal(size=(4, 3)), np.arange(4.0)
    np.testing.assert_allclose(a @ m, x @ m)
    np.testing.assert_allclose(a @ v, x @ v)
    np.testing.assert_allclose(m.T @ a.permuted((1, 0)), m.T @ x.T)
    np.testing.assert_allclose(np.arange(5.0) @ a, np.arange(5.0) @ x)
    np.testing.assert_allclose(np.swapaxes(a, 0, 1).to_dense(), x.T)
    np.testing.assert_allclose(np.transpose(a).to_dense(), x.T)


def test_dtypes_and_copies() -> None:
    a = some(dtype="f4")
    assert (a * 2).dtype == (a / 3).dtype == (a + a).dtype == a.coalesce().dtype == a.to_dense().dtype == np.float32
    assert a.astype("f8").dtype == np.float64
    b = a.copy()
    b.values[:] = 0
    assert a.values.any()


@pytest.mark.parametrize(
    "call",
    [
        lambda a: np.exp(a), lambda a: a**2, lambda a: a == a, lambda a: np.sum(a), lambda a: np.concatenate([a, a]),
        lambda a: a[0], lambda a: np.add.reduce(a), lambda a: a / a, lambda a: 1 / a, lambda a: np.abs(a),
    ],
)  # fmt: skip
def test_what_is_not_there_names_the_way_out(call: Callable[[COO], Any]) -> None:
    with pytest.raises(TypeError, match=r"call to_dense\(\) on it first"):
        call(some())


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(RuntimeError, match="do not broadcast"):
        some() + np.ones(4)
    with pytest.raises(RuntimeError, match="do not broadcast"):
        some() + 1
    with pytest.raises(RuntimeError, match="sparse dimensions"):
        some() + some(sparse_dim=2)
    with pytest.raises(ValueError, match=r"\[5, 4\] and an array of shape \[3, 2\]"):
        some(sparse_dim=2) @ np.ones((3, 2))
    with pytest.raises(RuntimeError, match="only its 1 sparse dimensions"):
        some().permuted((1, 0))


# -- the tensor ---------------------------------------------------------------------------------


def test_tensor() -> None:
    t = ours.sparse_coo_tensor([[0, 2, 0]], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], (4, 2))
    assert t.is_sparse and t.layout == ours.sparse_coo and t.shape == (4, 2) and t.dtype == ours.float32
    assert (t._nnz(), t.sparse_dim(), t.dense_dim(), t.is_coalesced()) == (3, 1, 1, False)
    assert t._indices().tolist() == [[0, 2, 0]] and t._values().shape == (3, 2)
    c = t.coalesce()
    assert c.indices().tolist() == [[0, 2]] and c.values().tolist() == [[6.0, 8.0], [3.0, 4.0]] and c.coalesce() is c
    assert t.to(ours.float64).dtype == t.double().dtype == t.to(dtype=ours.float64).dtype == ours.float64
    assert t.to_dense().tolist() == [[6.0, 8.0], [0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]
    assert t.clone().to_dense().tolist() == t.detach().to_dense().tolist() == t.to_dense().tolist()
    assert (t * 2 - t).to_dense().tolist() == (t.neg() * -1).to_dense().tolist() == t.to_dense().tolist()
    assert (t + t).is_sparse and not (t + ours.ones(4, 2)).is_sparse and not (ours.ones(4, 2) + t).is_sparse
    assert copy.deepcopy(t).to_dense().tolist() == t.to_dense().tolist()
    assert not ours.zeros(2).is_sparse and ours.zeros(2).sparse_dim() == 0 and ours.zeros(2).dense_dim() == 1


def test_hybrid_without_entries() -> None:
    t = ours.sparse_coo_tensor(ours.empty(1, 0), ours.empty(0, 1), (5, 1))
    assert t._nnz() == 0 and t._indices().dtype == ours.int64 and t.to_dense().tolist() == [[0.0]] * 5
    assert t.is_coalesced() and t.coalesce().values().shape == (0, 1)
    assert (t + t).to_dense().sum() == 0


def test_sizes() -> None:
    assert ours.sparse_coo_tensor([[0, 2]], [1.0, 2.0]).shape == (3,)
    assert ours.sparse_coo_tensor([[1], [3]], [[1.0, 2.0]]).shape == (2, 4, 2)
    assert ours.sparse_coo_tensor((5, 1))._nnz() == 0
    assert ours.zeros(3, 2, layout=ours.sparse_coo).to_dense().tolist() == [[0.0, 0.0]] * 3
    assert ours.sparse_coo_tensor([[0]], [1], dtype=ours.float64).dtype == ours.float64
    assert ours.eye(3).to_sparse()._nnz() == 3 and ours.ones(2, 3).to_sparse(1).values().shape == (2, 3)
    assert ours.tensor(0.0).to_sparse().to_dense().item() == 0 and ours.tensor(2.0).to_sparse().to_dense().item() == 2


def test_in_place_on_tensors() -> None:
    t = ours.sparse_coo_tensor([[0, 2]], [1.0, 2.0], (3,))
    assert t.mul_(3) is t and t.to_dense().tolist() == [3.0, 0.0, 6.0]
    assert t.add_(t).to_dense().tolist() == [6.0, 0.0, 12.0]
    other = ours.zeros(3, layout=ours.sparse_coo)
    assert other.copy_(t).to_dense().tolist() == [6.0, 0.0, 12.0]
    assert t.zero_()._nnz() == 0 and t.shape == (3,) and other._nnz() > 0
    dense = ours.ones(3)
    assert dense.add_(other, alpha=2).tolist() == [13.0, 1.0, 25.0]
    dense -= other
    assert dense.tolist() == [7.0, 1.0, 13.0]
    with pytest.raises(RuntimeError, match="between dense and sparse"):
        dense.copy_(other)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: ours.sparse_coo_tensor([0, 1], [1.0, 2.0]), RuntimeError, r"sparse_dim x nnz, but got: \[2\]"),
        (lambda: ours.sparse_coo_tensor([[0, 1]], [1.0], (2,)), RuntimeError, "from indices: 2, nnz from values: 1"),
        (lambda: ours.sparse_coo_tensor([[0, 3]], [1.0, 2.0], (2,)), RuntimeError, "size is 2 but found index 3"),
        (lambda: ours.sparse_coo_tensor([[0, -1]], [1.0, 2.0], (2,)), RuntimeError, "negative index -1 for dim 0"),
        (lambda: ours.sparse_coo_tensor([[0]], [1.0], (2, 2)), RuntimeError, "len.size. = 2, sparse_dim = 1"),
        (lambda: ours.sparse_coo_tensor([[0]], [[1.0]], (2, 2)), RuntimeError, r"expected \[1, 2\], got \[1, 1\]"),
        (lambda: ours.sparse_coo_tensor([[0]], [1], requires_grad=True), RuntimeError, "can require gradients"),
        (lambda: ours.sparse_coo_tensor([[0, 0]], [1.0, 2.0]).indices(), RuntimeError, "get indices on an uncoalesced"),
        (lambda: ours.sparse_coo_tensor([[0, 0]], [1.0, 2.0]).values(), RuntimeError, "get values on an uncoalesced"),
        (lambda: ours.zeros(2).coalesce(), RuntimeError, "coalesce expected sparse coordinate tensor layout"),
        (lambda: ours.zeros(2).to_sparse().numpy(), TypeError, "can't convert a sparse tensor to numpy.*to_dense"),
        (lambda: ours.zeros(2).to_sparse().exp(), TypeError, "to_dense"),
        (lambda: ours.zeros(2).to_sparse()[0], TypeError, "to_dense"),
    ],
)
def test_errors(make: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        make()


# -- gradients ----------------------------------------------------------------------------------


def test_gradients_add_up() -> None:
    """Sparse and dense parts of one gradient, in every order, in one backward and over several."""
    weight = np.random.default_rng(0).normal(size=(5, 4))
    for parts in ("ss", "sd", "ds", "dd", "sds", "dss", "ssd"):
        for together in (True, False):
            p = ours.tensor(weight, requires_grad=True)
            loss, expected = ours.tensor(0.0, dtype=ours.float64), np.zeros((5, 4))
            for i, kind in enumerate(parts):
                part = some(i)
                expected += part.to_dense()
                term = p.clone()
                g = part if kind == "s" else part.to_dense()
                term.register_hook(lambda _, g=g: new_tensor(g.copy()))
                if together:
                    loss = loss + term.sum()
                else:
                    term.sum().backward()
            if together:
                loss.backward()
            assert p.grad.is_sparse == (parts == "ss")
            np.testing.assert_allclose(p.grad.to_dense().numpy(), expected)


def test_grad_can_be_set_to_a_sparse_tensor() -> None:
    p = ours.zeros(5, 4, dtype=ours.float64, requires_grad=True)
    p.grad = new_tensor(some())
    assert p.grad.is_sparse
    p.sum().backward()
    np.testing.assert_allclose(p.grad.to_dense().numpy(), 1 + some().to_dense())
    held = new_tensor(some())
    p.grad = held
    with ours.no_grad():
        p -= 0.5 * p.grad
    np.testing.assert_allclose(p.detach().numpy(), -0.5 * some().to_dense())


def test_gradients_through_sparse_tensors() -> None:
    v = ours.tensor([1.0, 2.0, 3.0], requires_grad=True)
    t = ours.sparse_coo_tensor([[0, 1, 0]], v, (2,))
    (t.to_dense() * ours.tensor([10.0, 20.0])).sum().backward()
    assert v.grad.tolist() == [10.0, 20.0, 10.0]
    v.grad = None
    (t.coalesce().values() * ours.tensor([10.0, 20.0])).sum().backward()
    assert v.grad.tolist() == [10.0, 20.0, 10.0]
    leaf = ours.sparse_coo_tensor([[0, 0]], [1.0, 2.0], (3,), requires_grad=True)
    (leaf.to_dense() * 5).sum().backward()
    assert leaf.grad.is_sparse and leaf.grad.to_dense().tolist() == [5.0, 0.0, 0.0]
    dense = ours.tensor([0.0, 2.0], requires_grad=True)
    (dense.to_sparse() * 3).to_dense().pow(2).sum().backward()
    assert dense.grad.tolist() == [0.0, 36.0]


def test_gradient_of_a_product_with_a_sparse_matrix() -> None:
    a = new_tensor(some(sparse_dim=2))
    w = ours.ones(4, 3, dtype=ours.float64, requires_grad=True)
    for product in (ours.spmm, ours.mm, operator.matmul):
        w.grad = None
        (product(a, w) ** 2).sum().backward()
        x = a.to_dense().numpy()
        np.testing.assert_allclose(w.grad.numpy(), 2 * x.T @ (x @ np.ones((4, 3))))
    values = ours.tensor(a._values().numpy(), requires_grad=True)
    s = ours.sparse_coo_tensor(a._indices(), values, (5, 4))
    (ours.mm(s, w.detach()) ** 2).sum().backward()
    g = 2 * (x @ np.ones((4, 3))) @ np.ones((3, 4))
    np.testing.assert_allclose(values.grad.numpy(), g[tuple(a._indices().numpy())])


# -- against torch ------------------------------------------------------------------------------


@each_shape
def test_as_torch(shape: tuple[int, ...], sparse_dim: int) -> None:
    torch = pytest.importorskip("torch")
    a = some(shape=shape, sparse_dim=sparse_dim, dtype="f4")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        s = torch.sparse_coo_tensor(torch.from_numpy(a.indices), torch.from_numpy(a.values), shape)
        t = ours.sparse_coo_tensor(ours.from_numpy(a.indices), ours.from_numpy(a.values), shape)
        for exact in (lambda x: x.to_dense(), lambda x: x.coalesce().indices()):
            np.testing.assert_array_equal(exact(t).numpy(), exact(s).numpy(), strict=True)
        for close in (
            lambda x: x.coalesce().values(), lambda x: (x + x).to_dense(), lambda x: (x * 3).coalesce().to_dense(),
            lambda x: (x - x * 0.5).to_dense(), lambda x: x.double().to_dense(), lambda x: (x / 3).to_dense(),
        ):  # fmt: skip
            np.testing.assert_allclose(close(t).numpy(), close(s).numpy(), rtol=1e-6, atol=1e-6)
