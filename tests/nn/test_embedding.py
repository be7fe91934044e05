"""Embedding and one_hot."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn import functional as F

oracle = runpy.run_path(str(Path(__file__).with_name("layer_oracle.py")))
compare, both = oracle["compare"], oracle["both"]

SYMBOLS = np.array([[1, 2, 1], [0, 0, 4]])


@pytest.mark.parametrize(
    "options",
    [
        {}, {"padding_idx": 1}, {"padding_idx": -1}, {"scale_grad_by_freq": True}, {"max_norm": 0.5},
        {"max_norm": 1.0, "norm_type": 1.0}, {"padding_idx": 0, "scale_grad_by_freq": True},
    ],
)  # fmt: skip
@pytest.mark.parametrize("index", [SYMBOLS, SYMBOLS.astype(np.int32), SYMBOLS[0, 0], SYMBOLS[:0]])
def test_embedding_is_pytorchs(options: Any, index: Any) -> None:
    compare(lambda nn: nn.Embedding(5, 3, **options), np.asarray(index))


@pytest.mark.parametrize("options", [{}, {"padding_idx": 1}])
def test_a_sparse_gradient_is_pytorchs(options: Any) -> None:
    mine, theirs = both(lambda nn: nn.Embedding(6, 3, sparse=True, **options))
    import torch

    for layer, library in ((mine, mt), (theirs, torch)):
        out = layer(library.from_numpy(SYMBOLS))
        (out * out).sum().backward()
        assert layer.weight.grad.is_sparse
    found, expected = mine.weight.grad.coalesce(), theirs.weight.grad.coalesce()
    assert found.indices().tolist() == expected.indices().tolist()
    np.testing.assert_allclose(found.values().numpy(), expected.values().numpy(), rtol=1e-6)


def test_sparse_gradients_add_up_to_the_dense_one() -> None:
    mt.manual_seed(0)
    dense = nn.Embedding(6, 3)
    sparse = nn.Embedding(6, 3, sparse=True)
    sparse.load_state_dict(dense.state_dict())
    for layer in (dense, sparse):
        for _ in range(2):
            layer(mt.from_numpy(SYMBOLS)).exp().sum().backward()
    np.testing.assert_allclose(sparse.weight.grad.to_dense().numpy(), dense.weight.grad.numpy(), rtol=1e-6)


def test_a_sparse_gradient_is_of_first_order_only() -> None:
    layer = nn.Embedding(6, 3, sparse=True)
    with pytest.raises(RuntimeError, match="use sparse=False for create_graph=True"):
        layer(mt.tensor([1])).exp().sum().backward(create_graph=True)


def test_second_order() -> None:
    layer = nn.Embedding(4, 2, padding_idx=0)
    out = (layer(mt.tensor([1, 1, 0])) ** 3).sum()
    (g,) = mt.autograd.grad(out, layer.weight, create_graph=True)
    (h,) = mt.autograd.grad(g.sum(), layer.weight)
    expected = 12 * layer.weight.detach().numpy()
    expected[[0, 2, 3]] = 0
    np.testing.assert_allclose(h.numpy(), expected, rtol=1e-5)


def test_from_pretrained() -> None:
    vectors = mt.tensor([[1.0, 2.0], [3.0, 4.0]])
    layer = nn.Embedding.from_pretrained(vectors)
    assert not layer.weight.requires_grad
    vectors[1] = 5.0
    assert layer(mt.tensor(1)).tolist() == [5.0, 5.0]
    assert nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=0).weight.requires_grad
    assert vectors[0].tolist() == [1.0, 2.0], "what was pretrained keeps the vector of its padding"


def test_errors() -> None:
    layer = nn.Embedding(3, 4)
    for wrong in ([3], [-1], [0, 7]):
        with pytest.raises(IndexError, match=f"index out of range in self: .*rows 0 to 2, .*asked for {wrong[-1]}\\."):
            layer(mt.tensor(wrong))
    with pytest.raises(RuntimeError, match=r"Long, Int; but got torch.FloatTensor instead.*\.long\(\)"):
        layer(mt.tensor([1.0]))
    with pytest.raises(TypeError, match="'indices'.*must be Tensor, not list"):
        layer([1])
    with pytest.raises(AssertionError, match="Padding_idx must be within num_embeddings"):
        nn.Embedding(3, 4, padding_idx=3)
    with pytest.raises(AssertionError, match="expected to be 2-dimensional"):
        nn.Embedding.from_pretrained(mt.zeros(3))


def test_one_hot() -> None:
    assert F.one_hot(mt.tensor([[0, 2]])).tolist() == [[[1, 0, 0], [0, 0, 1]]]
    assert F.one_hot(mt.tensor(1), 3).tolist() == [0, 1, 0]
    assert F.one_hot(mt.tensor([1]), 3).dtype == mt.int64
    for wrong, options, message in (
        (mt.tensor([1.0]), {}, "only applicable to index tensor of type LongTensor"),
        (mt.tensor([-1]), {}, "must be non-negative"),
        (mt.tensor([3]), {"num_classes": 3}, "must be smaller than num_classes"),
        (mt.empty(0, dtype=mt.int64), {}, "Can not infer total number of classes"),
    ):
        with pytest.raises(RuntimeError, match=message):
            F.one_hot(wrong, **options)
