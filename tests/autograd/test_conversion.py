"""From tensors to Python, between dtypes, into a tensor in place; hooks; copies and pickles."""

from __future__ import annotations

import copy
import itertools
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours
from minitorch_optim import Tensor, tensor

DTYPES = "bool uint8 int8 int16 int32 int64 float16 float32 float64 complex64 complex128".split()


# -- to Python ----------------------------------------------------------------------------------


def test_numbers() -> None:
    assert tensor([[2.5]]).item() == 2.5 and isinstance(tensor(2).item(), int) and tensor(True).item() is True
    assert (float(tensor([2.5])), int(tensor(3.7)), complex(tensor(2.0)), bool(tensor(0.0))) == (2.5, 3, 2 + 0j, False)
    assert tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]] and tensor(1.5).tolist() == 1.5
    assert [10, 20, 30][tensor(1)] == 20 and [10, 20, 30][tensor([2])] == 30 and list(range(tensor(3))) == [0, 1, 2]
    assert tensor(1 + 2j).item() == 1 + 2j
    assert tensor([[0.0, 2.0]]).to_sparse().sum is not None and float(tensor([2.0]).to_sparse()) == 2.0


def test_formats() -> None:
    x = tensor(3.14159, requires_grad=True)
    assert f"{x:.2f}" == "3.14" and f"{tensor(7):04d}" == "0007" and f"{x}".startswith("3.1415")
    assert f"{tensor([3.14159])}" == "tensor([3.1416])"
    with pytest.raises(TypeError):
        f"{tensor([1.0, 2.0]):.2f}"


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: ours.zeros(2).item(), RuntimeError, r"a Tensor with 2 elements cannot be converted to Scalar"),
        (lambda: bool(ours.zeros(2)), RuntimeError, "Boolean value of Tensor with more than one value is ambiguous"),
        (lambda: bool(ours.zeros(0)), RuntimeError, "Boolean value of Tensor with no values is ambiguous"),
        (lambda: float(ours.zeros(2)), ValueError, "only one element tensors can be converted to Python scalars"),
        (lambda: [1, 2][tensor(1.0)], TypeError, "only integer tensors of a single element can be converted"),
        (lambda: [1, 2][tensor([0, 1])], TypeError, "only integer tensors of a single element can be converted"),
        (lambda: int(tensor(float("nan"))), ValueError, "NaN"),
        (lambda: ours.zeros(2).type("torch.foo"), ValueError, "invalid type: 'torch.foo'"),
        (lambda: ours.zeros(2).to("cuda"), RuntimeError, "is not available"),
        (lambda: ours.zeros(2).to(ours.float64, nonblocking=True), TypeError, "nonblocking"),
        (lambda: ours.zeros(2).to(str), TypeError, "dtype must be"),
        (lambda: ours.zeros(2).copy_(ours.zeros(3)), RuntimeError, r"\[2\] doesn't match.*\[3\]"),
        (lambda: ours.zeros(2).copy_(ours.zeros(1, 2)), RuntimeError, r"\[2\] doesn't match.*\[1, 2\]"),
        (lambda: ours.zeros(2).fill_(ours.zeros(2)), RuntimeError, "fill_ only supports 0-dimension value tensor"),
        (lambda: ours.ones(2, requires_grad=True).fill_(1), RuntimeError, "a leaf Variable that requires grad"),
        (lambda: ours.zeros(2).retain_grad(), RuntimeError, "can't retain_grad on Tensor that has requires_grad=False"),
        (lambda: ours.zeros(2).register_hook(print), RuntimeError, "cannot register a hook on a tensor that doesn't"),
        (lambda: ours.ones(2, 2)[0].detach_(), RuntimeError, "Can't detach views in-place"),
        (lambda: ours.zeros(1).backward(), RuntimeError, "does not require grad and does not have a grad_fn"),
    ],
)
def test_errors(call: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()


# -- dtypes -------------------------------------------------------------------------------------


def test_to_in_all_its_forms() -> None:
    x = ours.ones(2)
    assert x.to(ours.float32) is x and x.to("cpu") is x and x.to(ours.device("cpu")) is x and x.float() is x
    assert x.cpu() is x and x.pin_memory() is x and x.share_memory_() is x
    for y in (
        x.to(ours.float64), x.to(dtype=ours.float64), x.to("cpu", ours.float64), x.to("cpu", dtype=ours.float64),
        x.to(device="cpu", dtype=ours.float64), x.to(tensor(1.0, dtype=ours.float64)), x.to(ours.float64, True),
        x.double(), x.type(ours.float64), x.type("torch.DoubleTensor"), x.type_as(tensor(1.0, dtype=ours.float64)),
        x.to("cpu", ours.float64, non_blocking=True), x.to(float),
    ):  # fmt: skip
        assert y.dtype == ours.float64 and y.tolist() == [1.0, 1.0]
    copied = x.to(ours.float32, copy=True)
    assert copied is not x and not np.shares_memory(copied.numpy(), x.numpy())
    assert x.to(ours.float32, False, True) is not x


def test_methods_named_after_dtypes() -> None:
    x = tensor([1.7, 0.0])
    pairs = {
        "half": "float16", "float": "float32", "double": "float64", "byte": "uint8", "char": "int8", "short": "int16",
        "int": "int32", "long": "int64", "bool": "bool", "cfloat": "complex64", "cdouble": "complex128",
    }  # fmt: skip
    for name, dtype in pairs.items():
        assert getattr(x, name)().dtype == np.dtype(dtype)
    assert x.long().tolist() == [1, 0] and x.bool().tolist() == [True, False]
    assert x.type() == "torch.FloatTensor" and x.long().type() == "torch.LongTensor"


def test_gradient_goes_back_in_the_old_dtype() -> None:
    x = ours.ones(2, requires_grad=True)
    (x.double() * tensor([2.0, 3.0], dtype=ours.float64)).sum().backward()
    assert x.grad.dtype == ours.float32 and x.grad.tolist() == [2.0, 3.0]
    x.grad = None
    (x.to(ours.complex64) * 1j).imag.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    assert not x.long().requires_grad


def test_about_the_memory() -> None:
    x = ours.zeros(2, 3, dtype=ours.float64)
    assert (x.element_size(), x.itemsize, x.nbytes, x.get_device()) == (8, 8, 48, -1)
    assert x.data_ptr() == x.numpy().ctypes.data == x.view(6).data_ptr()
    assert not x.is_pinned() and not x.is_shared()
    assert x.is_floating_point() and not x.is_complex() and x.is_signed() and not x.bool().is_signed()
    assert ours.is_floating_point(x) and ours.is_complex(tensor(1j)) and ours.is_nonzero(tensor([3.0]))


@pytest.mark.parametrize("a", DTYPES)
def test_promotion_is_torchs(a: str) -> None:
    torch = pytest.importorskip("torch")
    for b, m, n in itertools.product(DTYPES, ((), (2,)), ((), (2,))):
        x, y = np.ones(m, a), np.ones(n, b)
        expected = str(torch.result_type(torch.from_numpy(x), torch.from_numpy(y))).removeprefix("torch.")
        if expected != "complex32":  # which NumPy does not have
            p, q = ours.from_numpy(x), ours.from_numpy(y)
            assert ours.result_type(p, q) == (p * q).dtype == np.dtype(expected), (b, m, n)
        theirs = torch.from_numpy(x).dtype, torch.from_numpy(y).dtype
        assert ours.can_cast(p.dtype, q.dtype) == torch.can_cast(*theirs), b
        assert ours.promote_types(p.dtype, q.dtype).name == str(torch.promote_types(*theirs)).removeprefix("torch.")
    for shape, number in itertools.product(((), (2,)), (True, 2, 2.5, 1j)):
        x = np.ones(shape, a)
        expected = str(torch.result_type(torch.from_numpy(x), number)).removeprefix("torch.")
        if expected != "complex32":
            assert (ours.from_numpy(x) * number).dtype == np.dtype(expected), (shape, number)


# -- copies -------------------------------------------------------------------------------------


def test_clone_is_recorded() -> None:
    x = ours.ones(2, requires_grad=True)
    y = x.clone()
    assert repr(y) == "tensor([1., 1.], grad_fn=<CloneBackward>)"
    with ours.no_grad():
        y.mul_(3)
    assert x.tolist() == [1.0, 1.0]
    (x.clone() * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    assert ours.clone(x.detach()).is_leaf


def test_copy_fill_zero() -> None:
    x = ours.zeros(2, 2, dtype=ours.int64)
    version = x._version[0]
    assert x.copy_(tensor([1.7, 2.0])) is x and x.tolist() == [[1, 2], [1, 2]]
    assert x._version[0] > version
    assert x.copy_(3).tolist() == [[3, 3], [3, 3]] and x.copy_([4, 5]).tolist() == [[4, 5], [4, 5]]
    assert x.fill_(7).tolist() == [[7, 7], [7, 7]] and x.fill_(tensor(8.9)).tolist() == [[8, 8], [8, 8]]
    assert x.zero_() is x and not x.any()
    x[0].fill_(1)
    assert x.tolist() == [[1, 1], [0, 0]]
    y = ours.arange(5)
    assert y.copy_(y.flip(0)).tolist() == [4, 3, 2, 1, 0]


def test_gradient_flows_to_the_source_of_copy_() -> None:
    source = tensor([1.0, 2.0], requires_grad=True)
    value = tensor(3.0, requires_grad=True)
    y = ours.ones(3, 2, dtype=ours.float64)
    y.copy_(source)
    y[2].fill_(value)
    (y * y).sum().backward()
    assert source.grad.tolist() == [4.0, 8.0] and source.grad.dtype == ours.float32 and value.grad.item() == 12.0
    w = ours.ones(2, requires_grad=True)
    z = w * 2
    z.zero_()
    assert z.requires_grad
    z.sum().backward()
    assert w.grad.tolist() == [0.0, 0.0]
    with ours.no_grad():
        w.zero_()
    assert w.is_leaf and w.requires_grad and w.tolist() == [0.0, 0.0]


def test_deepcopy() -> None:
    x = ours.ones(2, requires_grad=True)
    (x * 3).sum().backward()
    x.note = ["kept"]
    both = copy.deepcopy({"a": x, "b": x})
    y = both["a"]
    assert both["b"] is y and y is not x and y.requires_grad and y.grad.tolist() == [3.0, 3.0]
    assert y.note == ["kept"] and y.note is not x.note
    with ours.no_grad():
        y.zero_()
        y.grad.zero_()
    assert x.tolist() == [1.0, 1.0] and x.grad.tolist() == [3.0, 3.0]
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(x * 2)
    assert copy.copy(x).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "x",
    [ours.ones(2, 3, requires_grad=True), tensor([1, 2]), tensor(1j), ours.zeros(0, 2), ours.eye(3).to_sparse()],
    ids=["leaf", "whole", "complex", "empty", "sparse"],
)
def test_pickle(x: Tensor) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        y = pickle.loads(pickle.dumps(x, protocol))
        assert (y.shape, y.dtype, y.requires_grad, y.layout) == (x.shape, x.dtype, x.requires_grad, x.layout)
        assert y.detach().to_dense().tolist() == x.detach().to_dense().tolist()
    for thing in (x.dtype, x.shape, x.device, ours.Generator()):
        pickle.loads(pickle.dumps(thing))
    with pytest.raises(RuntimeError, match=r"cannot be pickled, .* give it tensor.detach\(\)"):
        pickle.dumps(ours.ones(1, requires_grad=True) * 2)


# -- hooks --------------------------------------------------------------------------------------


def test_hook_on_a_leaf_and_on_a_computed_tensor() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    seen: list[Any] = []
    handle = y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y.sum().backward()
    assert seen == [[1.0, 1.0]] and x.grad.tolist() == [31.0, 31.0]
    handle.remove()
    handle.remove()
    y = x * 3
    y.sum().backward()
    assert len(seen) == 1 and x.grad.tolist() == [35.0, 35.0]
    with x.register_hook(lambda g: g * 0):
        (x * 1).sum().backward()
    assert x.grad.tolist() == [35.0, 35.0]
    (x * 1).sum().backward()
    assert x.grad.tolist() == [37.0, 37.0]


def test_retain_grad() -> None:
    x = tensor(2.0, requires_grad=True)
    y = x * x
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad and not x.retains_grad
    x.retain_grad()  # nothing to do for a leaf
    (y * 3).backward()
    assert y.grad.item() == 3 and x.grad.item() == 12
    z = x * x
    assert not z.retains_grad
    z.backward()
    assert z.grad is None


def test_post_accumulate_grad_hook() -> None:
    x = ours.ones(2, requires_grad=True)
    seen = []
    handle = x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.tolist()))
    (x * 2).sum().backward()
    (x * 3).sum().backward()
    handle.remove()
    x.sum().backward()
    assert seen == [[2.0, 2.0], [5.0, 5.0]]
    with pytest.raises(RuntimeError, match="non-leaf"):
        (x * 1).register_post_accumulate_grad_hook(print)
    with pytest.raises(RuntimeError, match="doesn't require gradient"):
        ours.ones(1).register_post_accumulate_grad_hook(print)


def test_detach_() -> None:
    x = ours.ones(2, requires_grad=True)
    y = x * 2
    assert y.detach_() is y and y.is_leaf and not y.requires_grad
    assert x.detach_() is x and not x.requires_grad


def test_backward_by_method() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    y.backward(tensor([1.0, 10.0]), retain_graph=True)
    y.backward(gradient=ours.ones(2), inputs=[x])
    assert x.grad.tolist() == [4.0, 44.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x.grad = None
        (x**3).sum().backward(create_graph=True)
    x.grad.sum().backward()
    assert x.grad.tolist() == [9.0, 24.0]
