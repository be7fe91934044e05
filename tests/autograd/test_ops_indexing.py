"""Square brackets and their relatives, sorting and counting: against PyTorch; what is shared, copied and refused."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim.autograd import arange, tensor, zeros

oracle = runpy.run_path(str(Path(__file__).with_name("oracle.py")))
agree, refused = oracle["agree"], oracle["refused"]

rng = np.random.default_rng(2)
ARRAYS = {
    "x": rng.normal(size=(4, 5)).astype(np.float32),
    "c": rng.normal(size=(2, 3, 4)),
    "v": rng.normal(size=6).astype(np.float32),
    "r": rng.normal(size=5).astype(np.float32),
    "col": rng.normal(size=(4, 1)).astype(np.float32),
    "p": np.array(2.5, np.float32),
    "n": rng.integers(0, 5, (3, 4)),
    "i": np.array([2, 0, 2]),
    "j": np.array([1, 4, 1]),
    "at": np.array([[0, 3, 1], [2, 2, 0]]),
    "mask": np.array([True, False, True, True]),
    "mask2": rng.random((4, 5)) > 0.5,
    "byte": np.array([1, 0, 1, 1], np.uint8),
    "ties": np.array([[2.0, 1.0, 2.0, 1.0], [0.0, 0.0, 5.0, 0.0]]),
    "nan": np.array([2.0, np.nan, 1.0]),
    "edges": np.array([-1.0, 0.0, 0.5, 2.0]),
}

INDICES = [
    "0", "-1", "1:3", "::2", "1:", ":-1", ":, 1", ":, -2:", "1, 2", "..., 0", "0, ...", "...", ":, None", "None",
    "None, ..., None", "2, 1:4:2", "torch.tensor(1)", "torch.tensor(1), torch.tensor(2)", ":, torch.tensor(1)",
    "np.int64(2)", "torch.tensor(1):torch.tensor(3)", "i", "i, :", ":, i", "i, j", "[0, 2]", "[0, 2], [1, 1]",
    "[True, False, True, True]", "mask", "mask, 1", "mask2", "x > 0", "mask, :2", "i[:, None], j[None]", "None, i",
    "..., i", "1, j", "i, 2:4", "at[:, 1:] % 4", "torch.tensor([], dtype=torch.int64)", "[]", "range(2)", "True",
    "None, mask2", "np.array([1, 3])", "np.array([True, False, True, False])", "(1, 2)", "-i - 1", "x.argmax(0)[:1]",
]  # fmt: skip
PICKED = [f"x[{index}]" for index in INDICES if "range" not in index and index != "np.int64(2)"]
PICKED += [
    "c[0, :, 1]", "c[..., 1, None]", "c[1, i]", "c[:, i, 1:]", "c[:, [0, 1], [2, 3]]", "c[[0, 1], :, [2, 3]]",
    "c[1:, ..., ::3]", "c[0][1][2]", "v[0]", "v[-1]", "v[2:3]", "p[()]", "p[...]", "p[None]", "v[v > 0]", "v[i]",
    "list(v)", "[float(a) for a in v]", "x[0][0] * x[1][1]", "x[i].sum(0) @ r", "x[byte.bool()]", "x.select(0, 1)",
    "x.select(1, -1)", "x.narrow(1, 1, 3)", "x.index_select(0, i)", "torch.index_select(x, 1, j)", "torch.take(x, at)",
    "x.take(i)", "torch.masked_select(x, mask2)", "x.masked_select(col > 0)", "v.masked_select(v > 9)",
    "x.gather(1, at)", "torch.gather(x, 0, at)", "x.gather(-1, at % 4)", "v.gather(0, i)",
    "torch.gather(x, dim=1, index=at)", "torch.take_along_dim(x, at[:1], dim=1)", "torch.take_along_dim(x, at)",
    "x.take_along_dim(x.argsort(1), 1)", "torch.take_along_dim(x, x.argmax(1, keepdim=True), dim=1)",
    "p.gather(0, torch.tensor(0))",
]  # fmt: skip
CHANGED = [
    f"x[{index}] = {value}; x"
    for index, value in [
        ("0", "r"), ("0", "1"), ("0", "2.5"), (":, 1", "v[:4]"), ("1, 2", "p"), ("1:3", "r * 2"), (":, None", "r"),
        ("...", "col"), ("i", "0"), ("[0, 2]", "r"), ("mask", "r"), ("mask2", "0.0"), ("mask2", "p"),
        ("x > 0", "p * p"), ("torch.tensor([0, 1]), torch.tensor([2, 3])", "v[:2]"), (":, [1, 3]", "col"),
        ("mask, 1", "v[:3]"), ("0", "x[1]"), ("torch.tensor(1)", "r"), ("1", "r[None]"),
        ("2", "torch.ones(5, dtype=torch.int64)"), ("1:3, ::2", "p.double()"), ("..., 0", "True"), ("True", "r"),
        ("False", "r"), ("0", "torch.tensor([1, 2, 3, 4, 5])"),
    ]
]  # fmt: skip
CHANGED += [
    "n[0] = 7; n", "n[0, 0] = torch.tensor(3.7); n", "n[n > 2] = -1; n", "p[()] = 5.0; p", "p[...] = v[0]; p",
    "w = torch.zeros(3, 5); w[0] = r; w[1] = w[0] * 2; w[2] = w[0].clone() * w[1].clone(); w",
    "w = torch.zeros(4, 5); w[:, 1:3] = x[:, 1:3]; w[0] = 0; w * x", "y = x[1:]; y[0] = r; x[1, 2] = p; [x, y]",
    "y = x.t()[2]; y[1:] = 0; x * 2", "x[0] += r; x", "x[:, 1] *= 3; x", "x[mask] += 1; x", "x[0][1] = p; x",
    "x[0, 1] -= p; x", "x.scatter(1, at, 1.5)", "x.scatter_(1, at, 0); x", "x.scatter(0, at % 4, torch.ones(2, 3))",
    "x.scatter(dim=1, index=at[:1], src=c[0, :1, :3].float())", "x.scatter(1, at[:, :2], v[:4].view(2, 2))",
    "torch.scatter(x, 1, at, value=2)", "x.scatter_add(1, at, v.view(2, 3))",
    "x.scatter_add_(0, at, c[0, :2, :3].float())", "torch.zeros(3, 4).scatter_(1, torch.tensor([[1], [0], [3]]), 1)",
    "v.scatter_add(0, i, r[:3])", "torch.scatter_add(v, 0, i % 2, torch.ones(3))",
    "x.index_add(0, i, c[0, :, :1].float().expand(3, 5))", "x.index_add_(1, i, c[0].t().float(), alpha=2); x",
    "x.index_fill(0, i, 3.0)", "x.index_fill_(1, j, 0); x", "x.index_copy(0, i[:2], torch.ones(2, 5) * r)",
    "torch.index_add(v, 0, i, r[:3])",
]  # fmt: skip
SORTED = [
    "x.sort()", "x.msort()", "x.sort(axis=0)", "x.sort(0)", "torch.sort(x, dim=1, descending=True)",
    "torch.sort(x, -1, True).values", "nan.sort()", "nan.sort(descending=True)",
    "torch.sort(ties, dim=1, stable=True, descending=True)", "torch.sort(ties, stable=True)", "n.sort(0).values",
    "p.sort()", "torch.msort(x)", "x.argsort()", "torch.argsort(x, dim=0, descending=True)",
    "v.argsort(descending=True)", "x.topk(2)", "x.topk(3, dim=0)", "torch.topk(x, 2, largest=False)",
    "x.topk(k=1, dim=-1).indices", "v.topk(6)", "p.topk(1)", "v.topk(0)", "x.kthvalue(2)", "x.kthvalue(3, 0, True)",
    "n.unique()", "torch.unique(n, return_counts=True)", "torch.unique(n, return_inverse=True)",
    "torch.unique(ties.detach())", "torch.unique(n % 2, return_inverse=True, return_counts=True)",
    "torch.unique(n[[0, 1, 0]], dim=0)", "torch.unique(n, sorted=True)",
    "torch.unique(n[[0, 1, 0]], dim=0, return_inverse=True, return_counts=True)",
    "torch.unique_consecutive(torch.tensor([1, 1, 2, 2, 1]), return_counts=True, return_inverse=True)", "n.nonzero()",
    "torch.nonzero(n > 2)", "torch.nonzero(n > 2, as_tuple=True)", "n.nonzero(as_tuple=True)", "p.nonzero()",
    "torch.argwhere(n == 0)", "torch.bincount(i)", "torch.bincount(i, minlength=6)",
    "torch.bincount(j, weights=r.detach()[:3])", "torch.bincount(n.flatten(), minlength=3)",
    "i.bincount(c.detach()[0, 0, :3])", "torch.histc(v, bins=4, min=-1, max=1)", "torch.histc(v)",
    "torch.histc(v.detach(), 3)", "v.detach().histogram(4)", "torch.histogram(v.detach(), 3, range=(-1.0, 1.0))",
    "torch.histogram(v.detach(), torch.tensor([-1.0, 0.0, 2.0]))",
    "torch.histogram(v.detach(), 3, weight=torch.ones(6) * 2, density=True)", "torch.searchsorted(edges, c)",
    "torch.searchsorted(edges, torch.tensor([0.0, 0.5], dtype=torch.float64), right=True)",
    "torch.searchsorted(torch.tensor([[1, 3, 5], [2, 4, 6]]), torch.tensor([[3, 6], [3, 6]]))",
    "torch.searchsorted(edges, 0.7)",
    "torch.searchsorted(edges, torch.tensor([0.5], dtype=torch.float64), side='right')", "torch.bucketize(c, edges)",
    "torch.bucketize(n, i.sort().values, right=True)", "torch.searchsorted(edges, c, out_int32=True)",
    "torch.isin(n, i)", "torch.isin(n, i, invert=True)", "torch.isin(n, 2)",
]  # fmt: skip


@pytest.mark.parametrize("expression", PICKED + CHANGED + SORTED)
def test_as_in_pytorch(expression: str) -> None:
    agree(expression, ARRAYS)


ERRORS = [
    ("x[4]", IndexError, "index 4 is out of bounds for dimension 0 with size 4"),
    ("x[0, 5]", IndexError, "index 5 is out of bounds for dimension 1 with size 5"),
    ("x[0, 0, 0]", IndexError, "too many indices for tensor of dimension 2"),
    ("p[0]", IndexError, "invalid index of a 0-dim tensor. Use `tensor.item()` in Python"),
    ("x[x]", IndexError, "tensors used as indices must be long, int, byte or bool tensors"),
    ("x[0] = torch.ones(3)", RuntimeError, ""),
    ("torch.ones(3, requires_grad=True)[0] = 1.0", RuntimeError,
     "a view of a leaf Variable that requires grad is being used in an in-place"),
    ("torch.ones(3, requires_grad=True)[torch.tensor([0])] = 1.0", RuntimeError,
     "a leaf Variable that requires grad is being used in an in-place"),
    ("x.gather(1, at.float())", RuntimeError, "gather(): Expected dtype int"),
    ("x.gather(1, i)", RuntimeError, "Index tensor must have the same number of dimensions as input tensor"),
    ("x.gather(1, at + 9)", RuntimeError, "index "),
    ("v[:2].view(1, 2).gather(1, at)", RuntimeError,
     "Size does not match at dimension 0 expected index [2, 3] to be no larger than self [1, 2] apart from"),
    ("x.scatter(1, at, torch.ones(2, 3).double())", RuntimeError,
     "scatter(): Expected self.dtype to be equal to src.dtype"),
    ("x.topk(6)", RuntimeError, "selected index k out of range"),
    ("x.sort(2)", IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    ("torch.bincount(v)", RuntimeError, ""),
    ("x.index_select(0, at)", IndexError, "index_select(): Index is supposed to be a vector"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind", "message"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors(expression: str, kind: type[Exception], message: str) -> None:
    expression = expression if " = " not in expression else expression + "; 0"
    refused(expression, ARRAYS, kind, message)


def test_an_element_is_a_tensor_that_shares_memory() -> None:
    x = arange(3.0)
    first = x[0]
    assert isinstance(first, torch.Tensor) and first.shape == ()
    first.fill_(9)
    assert x.tolist() == [9.0, 1.0, 2.0]


def test_writing_into_a_leaf_without_recording() -> None:
    w = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        w[0] = 5.0
        w[:, 1] -= 1.0
        w[w > 4] = 4.0
    assert w.tolist() == [[4.0, 4.0, 4.0], [1.0, 0.0, 1.0]] and w.is_leaf and w.requires_grad


def test_writing_is_noticed_by_a_node_that_saved_the_values() -> None:
    x = tensor([1.0, 2.0], requires_grad=True) * 1
    y = x * x
    x[0] = 3.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_an_index_that_changes_later_does_not_change_the_gradient() -> None:
    x, at = torch.ones(3, requires_grad=True), tensor([0, 0, 1])
    y = x[at]
    at.fill_(2)
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 1.0, 0.0]


def test_value_of_another_dtype_is_converted() -> None:
    x = torch.zeros(3, dtype=torch.int64)
    x[0] = 2.7
    x[1:] = tensor([True, False])
    assert x.tolist() == [2, 1, 0] and x.dtype == torch.int64


def test_whole_numbers_take_values_and_no_history() -> None:
    x = torch.zeros(3, dtype=torch.int64)
    x[0] = tensor(2.7, requires_grad=True)
    assert x.tolist() == [2, 0, 0] and not x.requires_grad


def test_a_loop_of_assignments_carries_gradients() -> None:
    """h[t + 1] = h[t] w: the gradient of h[T] = w^T is T w^(T - 1)."""
    w = tensor(0.9, dtype=torch.float64, requires_grad=True)
    h = zeros(11, dtype=torch.float64)
    h[0] = 1.0
    for t in range(10):
        h[t + 1] = h[t].clone() * w
    h[10].backward()
    np.testing.assert_allclose(w.grad, 10 * 0.9**9)


def test_a_row_that_was_saved_cannot_be_protected_from_writing_into_another() -> None:
    """Views share one count of changes: as in PyTorch, h[t] must be cloned before h[t + 1] is written."""
    w = tensor(0.9, requires_grad=True)
    h = torch.ones(3)
    h[1] = h[0] * w
    h[2] = h[1] * w
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        h[2].backward()


def test_second_derivatives_through_picking_and_putting() -> None:
    x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x[[0, 0, 2]] ** 3
    z = zeros(4)
    z[1:] = y
    (first,) = torch.autograd.grad(z.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert first.tolist() == [6.0, 0.0, 27.0] and second.tolist() == [12.0, 0.0, 18.0]
