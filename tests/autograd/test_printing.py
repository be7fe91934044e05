"""How tensors print: as PyTorch prints them, character by character."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours
from minitorch_optim import tensor

OPTIONS: list[dict[str, Any]] = [
    {"precision": 2}, {"precision": 0}, {"precision": 7}, {"threshold": 10, "edgeitems": 1}, {"linewidth": 40},
    {"linewidth": 10}, {"linewidth": 120}, {"profile": "short"}, {"profile": "full"}, {"sci_mode": True},
    {"sci_mode": False}, {"edgeitems": 5, "threshold": 20}, {"profile": "short", "precision": 6},
]  # fmt: skip


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    yield
    ours.set_printoptions(profile="default")


def text(x: Any) -> str:
    return re.sub(r"Backward\d", "Backward", repr(x))


# -- at random, against torch -------------------------------------------------------------------

SPECIAL = [np.nan, np.inf, -np.inf, 0.0]


def some_array(random: np.random.Generator) -> np.ndarray:
    """Of any shape, kind and size of numbers."""
    ndim = int(random.integers(0, 5))
    longest = 2000 if ndim == 1 and random.random() < 0.1 else 40 if ndim <= 2 else 7
    shape = tuple(int(random.integers(0 if random.random() < 0.05 else 1, longest)) for _ in range(ndim))
    x = random.normal(size=shape)
    some = random.random(shape) < 0.3
    kinds = (
        lambda: x, lambda: np.round(10 * x), lambda: x * 10.0 ** random.integers(-8, 9), lambda: np.exp(5 * x),
        lambda: np.where(some, random.choice(SPECIAL, size=shape), x),
        lambda: np.where(some, random.choice(SPECIAL, size=shape), np.round(100 * x)), lambda: np.zeros(shape),
        lambda: np.round(10 * x) * 10.0 ** random.integers(-6, 12),
        lambda: np.where(some, np.round(x), x * 10.0 ** random.integers(-3, 5)),
    )  # fmt: skip
    kind = int(random.integers(0, 13))
    with np.errstate(over="ignore"):
        if kind == 10:
            return np.asarray((1000 * x).astype(random.choice(["int64", "int32", "uint8", "int16", "int8"])))
        if kind == 11:
            return np.asarray(x > 0)
        if kind == 12:
            y = x + 1j * random.normal(size=shape) * 10.0 ** random.integers(-5, 5)
            return np.asarray(y.astype(random.choice(["complex64", "complex128"])))
        dtype = random.choice(["float32", "float32", "float64", "float16"])
        return np.asarray(kinds[kind % len(kinds)]()).astype(dtype)


def pair(torch: Any, random: np.random.Generator) -> tuple[Any, Any]:
    array = some_array(random)
    mine, theirs = ours.from_numpy(array.copy()), torch.from_numpy(array.copy())
    if array.dtype.kind in "fc" and random.random() < 0.4:
        mine.requires_grad_()
        theirs.requires_grad_()
    return mine, theirs


@pytest.mark.parametrize("seed", range(10))
def test_as_torch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(seed)
    for _ in range(60):
        mine, theirs = pair(torch, random)
        assert repr(mine) == str(mine) == repr(theirs)


@pytest.mark.parametrize("seed", range(3))
def test_computed_as_torch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(seed)
    for _ in range(40):
        mine, theirs = pair(torch, random)
        mine, theirs = text(mine * 1), text(theirs * 1)
        if mine != theirs:  # the digit that torch puts behind Backward can cost it a line
            assert mine.replace(", grad_fn", ",\n       grad_fn") == theirs


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_as_torch(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(7)
    torch.set_printoptions(profile="default")
    try:
        torch.set_printoptions(**options)
        ours.set_printoptions(**options)
        for _ in range(40):
            mine, theirs = pair(torch, random)
            assert repr(mine) == repr(theirs)
    finally:
        torch.set_printoptions(profile="default")


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
def test_sparse_as_torch() -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    for _ in range(100):
        sparse_dim, nnz = int(random.integers(1, 3)), int(random.choice([0, 1, 3, 30, 400]))
        shape = tuple(random.integers(1, 50, size=sparse_dim + int(random.integers(0, 2))).tolist())
        indices = np.stack([random.integers(0, n, size=nnz) for n in shape[:sparse_dim]])
        values = random.normal(size=(nnz, *shape[sparse_dim:]))
        values = values.astype(random.choice(["float32", "float64", "int64", "int32", "complex64"]))
        grad = bool(values.dtype.kind in "fc" and random.random() < 0.3)
        mine, theirs = (
            library.sparse_coo_tensor(
                library.from_numpy(indices), library.from_numpy(values), shape, requires_grad=grad
            )
            for library in (ours, torch)
        )
        assert repr(mine) == repr(theirs)


def test_default_dtype_is_not_shown() -> None:
    torch = pytest.importorskip("torch")
    for dtype in ("float64", "float32"):
        try:
            for library in (ours, torch):
                library.set_default_dtype(getattr(library, dtype))
            numbers = (np.float32(1), np.float64(1.5), np.complex64(1j), np.complex128(1j))
            for data in ([1.5], [1j], [1], [True], [], *numbers):
                assert repr(ours.tensor(data)) == repr(torch.tensor(data))
        finally:
            for library in (ours, torch):
                library.set_default_dtype(library.float32)


# -- fixed, without torch -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (tensor(3.0), "tensor(3.)"),
        (tensor([1.0, 2.5]), "tensor([1.0000, 2.5000])"),
        (tensor([1.0, float("nan"), -float("inf")]), "tensor([1., nan, -inf])"),
        (tensor([1e-5, 1.0]), "tensor([1.0000e-05, 1.0000e+00])"),
        (tensor([1e9]), "tensor([1.0000e+09])"),
        (tensor([True, False]), "tensor([ True, False])"),
        (tensor([[1, -20], [3, 4]]), "tensor([[  1, -20],\n        [  3,   4]])"),
        (tensor([0.5 - 1j]), "tensor([0.5000-1.j])"),
        (ours.zeros(0, 3), "tensor([], size=(0, 3))"),
        (ours.zeros(0), "tensor([])"),
        (tensor([1.0], dtype=ours.float64), "tensor([1.], dtype=torch.float64)"),
        (tensor([1.0], requires_grad=True), "tensor([1.], requires_grad=True)"),
        (tensor([1.0], requires_grad=True) * 2, "tensor([2.], grad_fn=<MulBackward>)"),
        (ours.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
        (
            ours.zeros(60, 60),
            "tensor([[0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        ...,\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "        [0., 0., 0.,  ..., 0., 0., 0.]])",
        ),
    ],
)
def test_text(x: Any, expected: str) -> None:
    assert repr(x) == expected


def test_options_last_until_changed() -> None:
    ours.set_printoptions(precision=1, linewidth=20)
    assert repr(tensor([0.25, 1.5, 2.75, 3.0])) == "tensor([0.2, 1.5,\n        2.8, 3.0])"
    ours.set_printoptions(threshold=3, edgeitems=1)
    assert repr(tensor([1, 2, 3, 4])) == "tensor([1,  ..., 4])"
    ours.set_printoptions(profile="default")
    assert repr(tensor([0.25])) == "tensor([0.2500])"
    with pytest.raises(ValueError, match="profile must be one of default, short, full, got 'long'"):
        ours.set_printoptions(profile="long")
