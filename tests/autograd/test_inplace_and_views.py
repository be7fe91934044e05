"""Views and changes in place behave as PyTorch's: values, gradients and errors of the same small programs.

In the programs ``x`` has shape (2, 3), ``y`` shape (3,), ``z`` is complex of shape (3,); all were computed from leaves
that require grad. What stands last is compared, and the gradients by the leaves.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_optim.autograd import Tensor, arange, no_grad, ones, tensor, zeros

oracle = runpy.run_path(str(Path(__file__).with_name("oracle.py")))

ARRAYS = {
    "x": np.array([[0.5, -1.2, 2.0], [1.5, 0.3, -0.7]]),
    "y": np.array([1.1, -0.4, 0.9]),
    "z": np.array([0.5 + 1.0j, -1.2 + 0.3j, 0.7 - 0.8j]),
    "i": np.array([1, 0]),
}

ASSIGNMENTS = [
    "x[0] = y; x",
    "x[0] = 2.0; x",
    "x[0, 1] = y.sum(); x",
    "x[:, 1:] = y[1:]; x",
    "x[:, ::2] = 0; x",
    "x[-1] = x[0]; x",
    "x[0] = x[0] * 2; x",
    "x[:, 1] = y[:2]; x",
    "x[...] = y; x",
    "x[None, 0] = y; x",
    "x[x > 0] = 0; x",
    "x[x > 1] = y[:2]; x",
    "x[i] = y; x",
    "x[i, 1] = y[:2]; x",
    "x[i] = x * 3; x",
    "x[1][0] = y[0]; x",
    "x[0][1:][0] = 5.0; x",
    "x.T[0] = y[:2]; x",
    "x[0], x[1] = x[1] * 1, x[0] * 1; x",
    "x[:, 0] += y[:2]; x",
    "x[0] *= y; x",
    "x[0] -= x[1]; x",
    "x[0, 0] /= 2; x",
    "x[i] += 1; x",
    "x[x > 0] *= 2; x",
    "a = torch.zeros(2, 3, dtype=torch.float64); a[0] = y; a[1, 1] = x[0, 0]; a",
    "a = torch.zeros(4, dtype=torch.float64); b = a[1:]; b[0] = y[0]; a * a, b",
    "z[0] = y[0]; z",
    "x[0] = y.float(); x",
]
IN_PLACE = [
    "x.mul_(2); x",
    "x.mul_(y); x",
    "x.add_(y, alpha=2); x",
    "x.sub_(y); x",
    "x.div_(y); x",
    "x.pow_(2); x",
    "x.exp_(); x",
    "x.sin_(); x",
    "x.tanh_(); x",
    "x.sigmoid_(); x",
    "x.relu_(); x",
    "x.neg_(); x",
    "x.clamp_(min=0.4); x",
    "x.zero_(); x",
    "x.fill_(3.0); x",
    "x.copy_(y); x",
    "x.masked_fill_(x > 1, 0.0); x",
    "x += y; x",
    "x -= 1; x",
    "x /= 2; x",
    "x **= 2; x",
    "x.add_(1).mul_(y).sin_(); x",
    "x.mul_(2); x.mul_(2); x * x",
    "a = x; a += y; x, a",
    "a = x + 1; a.mul_(2); x, a",
    "a = torch.zeros(3, dtype=torch.float64); a += y; a.mul_(y); a",
    "a = torch.ones(2, 3, dtype=torch.float64); a *= x; a += y; a",
    "y.requires_grad_(); y.mul_(2); y",
    "z.mul_(2j); z",
    "z.mul_(y); z",
    "z.add_(z.conj()); z",
]
VIEWS = [
    "v = x[0]; v.mul_(2); x",
    "v = x[0]; v.mul_(2); v",
    "v = x[0]; x.mul_(2); v",
    "v = x[0]; x.mul_(2); v.mul_(3); x.add_(v.sum()); x, v",
    "v = x[0]; w = v[1:]; w.mul_(y[1:]); x, v, w",
    "v = x[0]; w = v[1:]; v.mul_(2); x.add_(1); w",
    "v = x[0]; w = x[:, 1]; v.mul_(2); w.add_(1); x, v, w",
    "v = x[0]; w = x[0]; v.mul_(y); w",
    "v = x.view(-1); v[2] = y[0]; x",
    "v = x.view(3, 2); v[0].mul_(y[:2]); x",
    "v = x.reshape(6); v.mul_(2); x",
    "v = x.flatten(); v[1] = 3.0; x",
    "v = x.t(); v[0].mul_(2); x",
    "v = x.T; x.mul_(2); v",
    "v = x.transpose(0, 1)[1:]; v.sin_(); x",
    "v = x.permute(1, 0); v[1] = y[:2]; x",
    "v = x.unsqueeze(0); v.mul_(2); x",
    "v = x[:1].squeeze(0); v.mul_(y); x",
    "v = x.expand(2, 2, 3); x.mul_(2); v",
    "v = y.expand(2, 3); y.mul_(2); v * x",
    "v = x.diagonal(); v.mul_(2); x",
    "v = x.narrow(1, 1, 2); v.mul_(2); x",
    "v = x.select(0, 1); v.mul_(2); x",
    "v = x.swapaxes(0, 1); v.mul_(2); x",
    "v = x.view_as(x); v.mul_(2); x, v",
    "v = x[0, 1]; v.mul_(2); x",
    "v = x[0][1]; v.fill_(2.0); x",
    "v = x.detach(); w = x * 1; v.mul_(2); x + w",
    "v = x.data; v.mul_(2); x * 1",
    "v = x.clone(); v.mul_(2); x, v",
    "v = x[i]; v.mul_(2); x, v",
    "v = x[x > 0]; v.mul_(2); x, v",
    "v = x.contiguous(); v.mul_(2); x",
    "v = x.t().contiguous(); v.mul_(2); x",
    "v = x.flip(0); v.mul_(2); x, v",
    "v = x.float(); v.mul_(2); x, v",
    "v = x.double(); v.mul_(2); x",
    "v = x.to(torch.float64); v.mul_(2); x",
    "v = z.real; v.mul_(2); z",
    "v = z.imag; v.add_(y); z",
    "v = torch.view_as_real(z); v[:, 0] = y; z",
    "v = torch.view_as_complex(x[:, :2].contiguous()); v.mul_(2j); x, v",
    "v = z[1:]; v.mul_(1j); z",
    "v = x[0]; x[1] = v; v.mul_(2); x",
    "v = x[0]; x[0] = y; v * 2",
    "a = torch.zeros(2, 3, dtype=torch.float64); v = a[0]; v.add_(y); a.mul_(x); v, a",
    "a = torch.zeros(2, 3, dtype=torch.float64); v = a[0]; a.add_(x); v * v",
    "v = x[0]; u = v * v; u",
    "v = x[0]; w = x[1]; u = v * v; v.sum() + u.sum() + w.sum()",
    "v = x.sum(0); v.mul_(2); x, v",
]
NOT_RECORDED = [
    "with torch.no_grad(): x.mul_(2)",
    "with torch.no_grad(): x[0] = y",
    "with torch.no_grad(): x[0].mul_(y)",
]


@pytest.mark.parametrize("program", ASSIGNMENTS + IN_PLACE + VIEWS)
def test_as_in_pytorch(program: str) -> None:
    oracle["agree"](program, ARRAYS)


@pytest.mark.parametrize("change", NOT_RECORDED)
def test_unrecorded_changes_as_in_pytorch(change: str) -> None:
    oracle["agree"](change + "; x + 1", ARRAYS)


# -- what the tape saved must not change

SAVED = {
    "a = x.exp(); a.add_(1); a": "Exp",
    "a = x * x; x.add_(1); a": "Mul",
    "a = x * y; y.add_(1); a": "Mul",
    "a = x.sin(); x.mul_(2); a": "Sin",
    "a = x @ y; x[0].mul_(2); a": "Mm",
    "a = x.sigmoid(); a[0] = 0; a": "Sigmoid",
    "v = x[0]; a = v * v; x.add_(1); a": "Mul",
    "a = x * x; x.detach().add_(1); a": "Mul",
    "a = x.log_softmax(1); a.mul_(2); a": "LogSoftmax",
    "a = x / y; y.zero_(); a": "Div",
}
NOT_SAVED = [
    "a = x + y; x.add_(1); a",
    "a = x * 2; x.mul_(3); a",
    "a = x.sum(); x.zero_(); a",
    "a = x.exp(); x.add_(1); a",
    "a = x.sigmoid(); x.add_(1); a",
    "a = x.relu(); x.add_(1); a",
    "a = x[0]; b = x.t() * 2; x.mul_(2); a, b",
    "a = x * x; x.data.add_(1); a",
]


@pytest.mark.parametrize("program", SAVED)
def test_a_saved_array_that_changed_is_an_error_that_names_the_operation(program: str) -> None:
    leaves = {}
    with pytest.raises(RuntimeError, match=f"modified by an inplace operation: {SAVED[program]}Backward"):
        results, leaves = oracle["evaluated"](program, oracle["ours"], ARRAYS)
        oracle["gradients"](results, leaves, oracle["ours"])
    assert all(leaf.grad is None for leaf in leaves.values())
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        results, leaves = oracle["evaluated"](program, torch, ARRAYS)
        oracle["gradients"](results, leaves, torch)


@pytest.mark.parametrize("program", NOT_SAVED)
def test_what_was_not_saved_may_change(program: str) -> None:
    oracle["agree"](program, ARRAYS)


# -- memory


def test_views_share_memory_and_version() -> None:
    x = arange(6.0).reshape(2, 3)
    for view in (x[0], x[0, 1], x.t(), x.view(3, 2), x.unsqueeze(0), x.detach(), x[..., 1:]):
        before = x._version[0]
        view.add_(1.0)
        assert np.shares_memory(view.numpy(), x.numpy())
        assert x._version[0] == before + 1


@pytest.mark.parametrize("requires_grad", [False, True])
def test_what_numpy_gives_is_a_known_view_or_has_memory_of_its_own(requires_grad: bool) -> None:
    x = arange(6.0).reshape(2, 3).requires_grad_(requires_grad) * 1
    functions = [
        np.transpose, np.ravel, np.squeeze, np.flip, np.fliplr, np.diagonal, np.atleast_1d, np.real, np.rot90,
        lambda t: np.split(t, 2)[0], lambda t: np.reshape(t, 6), lambda t: np.swapaxes(t, 0, 1),
        lambda t: np.expand_dims(t, 0), lambda t: np.broadcast_to(t, (2, 2, 3)),
    ]  # fmt: skip
    for function in functions:
        result = function(x)
        assert np.shares_memory(result.detach().numpy(), x.detach().numpy()) == (result._version is x._version)


def test_data_shares_memory_but_no_version() -> None:
    x = ones(3)
    x.data.add_(1.0)
    assert x.tolist() == [2.0, 2.0, 2.0]
    assert x._version[0] == 0


def test_an_array_taken_earlier_sees_changes() -> None:
    x = ones(3, requires_grad=True)
    memory = x.detach().numpy()
    with no_grad():
        x -= 0.5
    assert memory.tolist() == [0.5, 0.5, 0.5]


def test_augmented_assignment_keeps_the_tensor() -> None:
    for change in (Tensor.__iadd__, Tensor.__isub__, Tensor.__imul__, Tensor.__itruediv__, Tensor.__ipow__):
        x = ones(3) * 2
        assert change(x, 2.0) is x


# -- what is refused


def leaf(lib: Any) -> Any:
    return lib.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)


REFUSED = {
    "leaf": lambda lib: leaf(lib).mul_(2),
    "+=": lambda lib: leaf(lib).__iadd__(1),
    "assignment into a leaf": lambda lib: leaf(lib).__setitem__(0, 1.0),
    "view of a leaf": lambda lib: leaf(lib)[0].mul_(2),
    "view of a view of a leaf": lambda lib: leaf(lib).t()[0].mul_(2),
    "zero_": lambda lib: leaf(lib).zero_(),
    "a leaf that takes in another's history": lambda lib: leaf(lib).copy_(leaf(lib) * 2),
    "shape": lambda lib: lib.ones(3).add_(lib.ones(2, 3)),
    "assigned shape": lambda lib: lib.ones(2, 3).__setitem__(0, lib.ones(2)),
    "dtype": lambda lib: lib.tensor([1, 2]).mul_(0.5),
    "float into int": lambda lib: lib.tensor([1, 2]).add_(lib.tensor([0.5, 0.5])),
    "complex into real": lambda lib: lib.ones(2).mul_(2j),
    "expanded memory": lambda lib: lib.ones(3).expand(2, 3).add_(1),
    "requires_grad of a result": lambda lib: (leaf(lib) * 2).requires_grad_(False),
    "requires_grad of whole numbers": lambda lib: lib.tensor([1, 2]).requires_grad_(),
    "detach_ of a view": lambda lib: (leaf(lib) * 1)[0].detach_(),
}


@pytest.mark.parametrize("program", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_refused_in_pytorch_too(program: Any) -> None:
    with pytest.raises(RuntimeError):
        program(oracle["ours"])
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError):
        program(torch)


def test_a_refused_change_leaves_the_tensor_alone() -> None:
    x = ones(2, requires_grad=True)
    for change in (lambda: x.mul_(2), lambda: x.__setitem__(0, 5.0), lambda: x[1:].zero_()):
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            change()
        assert x.tolist() == [1.0, 1.0]
    y = zeros(3)
    with pytest.raises(RuntimeError, match="output with shape"):
        y.add_(ones(2, 3))
    assert y.tolist() == [0.0, 0.0, 0.0]


def test_the_message_says_what_to_do() -> None:
    with pytest.raises(RuntimeError) as error:
        ones(2, requires_grad=True).mul_(2)
    assert str(error.value).startswith("a leaf Variable that requires grad is being used in an in-place operation")
    assert "mul_" in str(error.value) and "no_grad" in str(error.value)


# -- what is an error in PyTorch and has a clear meaning here


def test_a_row_met_in_a_loop_can_be_changed() -> None:
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x * 1
    for row in y:
        row.mul_(2)
    y.sum().backward()
    assert x.grad.tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_a_tensor_can_be_multiplied_by_itself_in_place() -> None:
    x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    y *= y
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0, 6.0]


def test_overlapping_memory_is_read_before_it_is_written() -> None:
    x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    y[1:] = y[:2]
    y[0].add_(y[2] * 10)
    assert y.tolist() == [21.0, 1.0, 2.0]
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 11.0, 0.0]


def test_a_view_taken_before_its_base_had_a_history_can_be_changed() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    a = zeros(2, 2)
    v = a[0]
    a.add_(x)
    v.mul_(x)
    assert a.tolist() == [[1.0, 4.0], [1.0, 2.0]]
    (a.sum() + v.sum() * 10).backward()
    assert x.grad.tolist() == [23.0, 45.0]
