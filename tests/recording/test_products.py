"""Which form of a product a program takes: it may be the quicker one only where the bits are the same."""

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim.recording import products


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_are_the_same_wherever_a_copy_is_taken(dtype):
    rng = np.random.default_rng(1)
    chosen = 0
    for n, k, m in rng.integers(1, 140, (60, 3)):
        a, b = rng.standard_normal((n, k)).astype(dtype), rng.standard_normal((m, k)).astype(dtype).T
        if products.better_copied(a, b):
            chosen += 1
            assert a.dot(b).tobytes() == a.dot(b.copy()).tobytes()
    assert chosen <= 60


def test_only_transposed_matrices_of_one_real_dtype_are_measured(monkeypatch):
    monkeypatch.setattr(products, "_measured", lambda *shapes: True)
    a, b = np.ones((4, 5), np.float32), np.ones((3, 5), np.float32)
    assert products.better_copied(a, b.T)
    assert not products.better_copied(a, b.T.copy())
    assert not products.better_copied(a, b[:, ::2].T)
    assert not products.better_copied(a[0], b.T)
    assert not products.better_copied(a.astype(np.float64), b.T)
    assert not products.better_copied(a.astype(int), b.astype(int).T)
    assert not products.better_copied(np.ones((10**4, 5), np.float32), np.ones((50, 5), np.float32).T)


@pytest.mark.parametrize("copied", [True, False])
def test_either_form_is_replayed_to_the_bit(copied, monkeypatch):
    monkeypatch.setattr(products, "_measured", lambda *shapes: copied)
    w = torch.randint(-4, 5, (32, 16)).float()  # whole numbers: every order of sums gives the same
    step = torch.replay(lambda x: torch.nn.functional.linear(x, w))
    inputs = [torch.randint(-4, 5, (16, 16)).float() for _ in range(6)]
    given = [step(x) for x in inputs]
    assert step.replays and ("[...] = " in step.source) == copied
    for x, out in zip(inputs, given, strict=True):
        np.testing.assert_array_equal(out, torch.nn.functional.linear(x, w))
