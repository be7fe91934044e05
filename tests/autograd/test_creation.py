"""Making tensors: values, dtypes, shapes and errors, compared with PyTorch where it is installed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours

Make = Callable[[Any], Any]  # of our package or torch

# Each is made twice, and must have the same values, dtype and shape.
SAME: list[str] = """
T(3); T(3.0); T(True); T(1j); T([]); T([[]]); T([[], []]); T(range(4)); T((1, 2.5)); T([True, 2]); T([True, 2.0])
T([1j, 2]); T([[1, 2], [3, 4]]); T(((1,), (2,)))
T(np.float64(3)); T([np.float64(3)]); T([np.float32(3), 1]); T([np.float32(3), 1.5]); T([np.float16(3), 1.5])
T([np.int8(3)]); T([np.int32(3), np.int8(1)]); T([np.int64(3), np.float16(1)]); T([np.uint8(3), np.int8(1)])
T(np.bool_(True)); T([np.bool_(True)]); T([np.zeros(2)]); T([np.zeros(2, np.float32), np.ones(2)])
T([np.zeros(2, np.float32), [1, 2]]); T(np.zeros(2)); T(np.arange(3)); T(np.zeros((0, 3), np.float32))
T([T(1.0), T(2)]); T([T(1), 2.5]); T([T(1.0, dtype=D.float64), 2]); T((T(1.0), 2, True)); T([[T(1.0)], [T([2.0])]])
T([T([1.0]), 3]); T(3.7, dtype=D.int64); T([1.5, 0.0], dtype=D.bool); T([1, 2], dtype=D.complex64); T(3, device="cpu")
T([-1], dtype=D.uint8); T([300.0], dtype=D.float16)
D.as_tensor([1, 2.5]); D.as_tensor(np.arange(3)); D.as_tensor(np.arange(3), dtype=D.float32); D.as_tensor(T([1.0]))
D.asarray([1.0]); D.asarray(np.float64(3)); D.asarray(np.arange(2), dtype=D.float64)
D.zeros(2); D.zeros(2, 3); D.zeros((2, 3)); D.zeros([2, 3]); D.zeros(size=(2, 3)); D.zeros(()); D.zeros(T(2), 3)
D.zeros(D.Size([2])); D.zeros(np.int64(2)); D.zeros(0, 3); D.zeros(2, dtype=D.bool); D.zeros(2, dtype=float)
D.zeros(2, dtype=int); D.ones(2, 3, dtype=D.int32); D.ones(2, dtype=D.complex64)
D.full((2,), 3); D.full((2,), 3.0); D.full((2,), True); D.full((2,), 1j); D.full((2, 3), 2, dtype=D.float64)
D.full((), 2); D.full((2,), T(5)); D.scalar_tensor(3)
D.zeros_like(T([1, 2])); D.ones_like(T([1, 2]), dtype=D.float32); D.full_like(T([1, 2]), 3.7); D.zeros_like(T(1.0))
D.arange(5); D.arange(5.0); D.arange(1, 4); D.arange(1, 2, 0.25); D.arange(3, 0, -1); D.arange(0); D.arange(2, 2)
D.arange(5, dtype=D.float64); D.arange(T(5)); D.arange(T(5.0)); D.arange(0, 5, 2); D.arange(5, 0, -2)
D.arange(0.5, 3); D.arange(3, dtype=D.uint8); D.arange(0, 1, 0.1).shape; D.arange(0.1, 30, 0.1).shape
D.arange(-2.5, 2.5, dtype=D.int64); D.arange(end=4); D.arange(start=1, end=7, step=3)
D.range(1, 3); D.range(1, 2, 0.5); D.range(3, 1, -1)
D.linspace(0, 1, 5); D.linspace(0, 1, 1); D.linspace(0, 1, 0); D.linspace(-0.3, 0.7, 37); D.linspace(3, -3, 11)
D.linspace(0, 10, 5, dtype=D.int64); D.linspace(T(0.0), 1, steps=3); D.logspace(0, 2, 3); D.logspace(0, 3, 4, base=2)
D.eye(3); D.eye(2, 4); D.eye(4, 2, dtype=D.int64); D.eye(0)
T([1.0]).new_tensor([1, 2]); T([1]).new_tensor([1.5]); T([1]).new_zeros(2, 3); T([1]).new_ones((2,))
T([1]).new_full((2,), 3.7); T([1.0]).new_full((2,), 3); T([1]).new_zeros(2, dtype=D.float64)
T([1]).new([1, 2]); T([1.0], dtype=D.float64).new(2, 3).shape; T([1]).new_empty(3).dtype
D.FloatTensor([1, 2]); D.DoubleTensor([1, 2]); D.LongTensor([[0, 0]]); D.LongTensor([1.5]); D.IntTensor([1])
D.BoolTensor([True, 0]); D.ByteTensor([1, 2]); D.FloatTensor(np.zeros(2, np.float32)); D.FloatTensor(2, 3).shape
D.Tensor([1, 2]); D.Tensor(10).shape; D.Tensor(2, 3).dtype; D.Tensor((T(1.0), T(2.0))); D.Tensor(T([1.0, 2.0]))
D.empty(2, 3).shape; D.empty(2, dtype=D.int16).dtype; D.empty_like(T([1])).dtype
D.zeros(3, layout=D.sparse_coo).to_dense(); D.empty(2, 3, layout=D.sparse_coo).to_dense()
D.zeros_like(T([1.0]).to_sparse()).is_sparse; D.empty(2, requires_grad=True).requires_grad
""".replace("\n", ";").split(";")


def made(text: str, library: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(text.strip(), {"D": library, "T": library.tensor, "np": np})


def name_of(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


@pytest.mark.parametrize("text", [text for text in SAME if text.strip()])
def test_as_torch(text: str) -> None:
    torch = pytest.importorskip("torch")
    mine, theirs = made(text, ours), made(text, torch)
    if isinstance(mine, ours.Tensor):
        assert name_of(mine.dtype) == name_of(theirs.dtype)
        mine, theirs = mine.numpy(), theirs.numpy()
        np.testing.assert_array_equal(mine, theirs, strict=True)
    else:
        assert name_of(mine) == name_of(theirs)


def test_linspace_and_arange_at_random() -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    for _ in range(200):
        a, b = (random.normal(size=2) * 10).tolist()
        n, step = int(random.integers(1, 60)), abs(float(random.normal())) * (1 if b > a else -1)
        np.testing.assert_array_equal(ours.linspace(a, b, n).numpy(), torch.linspace(a, b, n).numpy())
        np.testing.assert_allclose(
            ours.arange(a, b, step).numpy(), torch.arange(a, b, step).numpy(), rtol=3e-7, atol=2e-6
        )


def test_default_dtype_decides() -> None:
    ours.set_default_dtype(ours.float64)
    try:
        assert {x.dtype for x in (ours.tensor(1.0), ours.zeros(1), ours.arange(1.0), ours.rand(1))} == {ours.float64}
        assert ours.tensor([1j]).dtype == ours.complex128
        assert ours.tensor([1]).dtype == ours.int64
    finally:
        ours.set_default_dtype(ours.float32)


# -- memory and history -------------------------------------------------------------------------


def test_tensor_copies_and_from_numpy_shares() -> None:
    array = np.zeros(3)
    copy, shared, also = ours.tensor(array), ours.from_numpy(array), ours.as_tensor(array)
    array[0] = 5
    assert copy[0].item() == 0 and shared[0].item() == 5 and also[0].item() == 5
    shared[1] = 7
    assert array[1] == 7
    assert not np.shares_memory(ours.as_tensor(array, dtype=ours.float32).numpy(), array)
    x = ours.tensor([1.0], requires_grad=True)
    assert ours.as_tensor(x) is x
    assert ours.as_tensor(x, dtype=ours.float64).requires_grad


def test_asarray_copy() -> None:
    array = np.zeros(2)
    assert np.shares_memory(ours.asarray(array).numpy(), array)
    assert not np.shares_memory(ours.asarray(array, copy=True).numpy(), array)
    with pytest.raises(ValueError, match="without a copy"):
        ours.asarray([1.0], copy=False)
    with pytest.raises(ValueError, match="without a copy"):
        ours.asarray(array, dtype=ours.float32, copy=False)
    x = ours.ones(2, requires_grad=True) * 2
    assert not ours.asarray(x).requires_grad and np.shares_memory(ours.asarray(x).numpy(), x.detach().numpy())
    assert ours.asarray(x.detach(), requires_grad=True).is_leaf


def test_values_only_without_history() -> None:
    w = ours.ones((), requires_grad=True)
    x = ours.tensor([w * 2, 3, ours.tensor(4)])
    assert x.tolist() == [2.0, 3.0, 4.0] and not x.requires_grad and x.is_leaf
    with pytest.warns(UserWarning, match="To copy construct from a tensor, it is recommended"):
        copy = ours.tensor(w)
    assert copy.item() == 1 and not copy.requires_grad


def test_requires_grad() -> None:
    for make in (ours.zeros, ours.ones, ours.rand, ours.randn, ours.empty):
        assert make(2, requires_grad=True).requires_grad and not make(2).requires_grad
    assert ours.tensor([1j], requires_grad=True).requires_grad
    assert ours.full((2,), 1.0, requires_grad=True).is_leaf


def test_aliases_of_devices() -> None:
    assert ours.zeros(2, device=ours.device("cpu")).device == ours.zeros(2, device="cpu").device
    assert ours.zeros(2, layout=ours.strided).layout == ours.strided


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: ours.tensor([[1, 2], [3]]), ValueError, r"expected sequence of length 2 at dim 1 \(got 1\)"),
        (lambda: ours.tensor([[1, 2], 3]), ValueError, r"length 2 at dim 1 \(got a number\)"),
        (lambda: ours.tensor([1, [2]]), ValueError, r"length a number at dim 1 \(got 1\)"),
        (lambda: ours.tensor([[[1], [2]], [[3], [4, 5]]]), ValueError, r"length 1 at dim 2 \(got 2\)"),
        (lambda: ours.tensor([ours.ones(2)]), ValueError, r"only one element tensors can be converted.*\[2\].*stack"),
        (lambda: ours.tensor("a"), TypeError, "new.*invalid data type 'str'"),
        (lambda: ours.tensor([None]), RuntimeError, "Could not infer dtype of NoneType"),
        (lambda: ours.tensor({1: 2}), RuntimeError, "Could not infer dtype of dict"),
        (lambda: ours.tensor(2**63), ValueError, "Overflow when unpacking long long"),
        (lambda: ours.tensor(2**70), ValueError, "Overflow when unpacking long long"),
        (lambda: ours.tensor([300], dtype=ours.uint8), RuntimeError, "uint8 without overflow: 300"),
        (lambda: ours.tensor(3, requires_grad=True), RuntimeError, "Only Tensors of floating point and complex"),
        (lambda: ours.tensor(np.arange(3)[::-1]), ValueError, r"stride.*negative.*array.copy\(\)"),
        (lambda: ours.from_numpy([1]), TypeError, r"expected np.ndarray \(got list\)"),
        (lambda: ours.from_numpy(np.arange(3)[::-1]), ValueError, "negative"),
        (lambda: ours.from_numpy(np.arange(3, dtype=">i4")), ValueError, "byte order"),
        (lambda: ours.from_numpy(np.array(["a"])), TypeError, "can't convert np.ndarray of type <U1"),
        (lambda: ours.zeros(), TypeError, r"zeros\(\) missing 1 required positional arguments: \"size\""),
        (lambda: ours.zeros(2.0), TypeError, "must be tuple of ints, not float: 2.0"),
        (lambda: ours.zeros((2,), (3,)), TypeError, "must be tuple of ints, not tuple"),
        (lambda: ours.zeros(2, -1), RuntimeError, r"zeros: Dimension size must be non-negative, got \[2, -1\]"),
        (lambda: ours.zeros(2, dtype=str), TypeError, "dtype must be one of"),
        (lambda: ours.zeros(2, layout="csr"), ValueError, "layout must be"),
        (lambda: ours.zeros(2, requires_grd=True), TypeError, "requires_grd"),
        (lambda: ours.zeros(2, device="cuda"), RuntimeError, "is not available"),
        (lambda: ours.tensor([1.0], device="cuda"), RuntimeError, "is not available"),
        (lambda: ours.arange(3, 1), RuntimeError, "inconsistent with step sign: arange from 3 to 1 by 1"),
        (lambda: ours.arange(), TypeError, "missing 1 required positional argument: 'end'"),
        (lambda: ours.arange(1, 3, 0), RuntimeError, "step must be nonzero"),
        (lambda: ours.arange(float("inf")), RuntimeError, "has no end"),
        (lambda: ours.linspace(0, 1, -1), RuntimeError, "non-negative"),
        (lambda: ours.eye(-1), RuntimeError, "non-negative"),
        (lambda: ours.FloatTensor([1], dtype=ours.float32), TypeError, "FloatTensor|constructor"),
    ],
)
def test_errors(make: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        make()
