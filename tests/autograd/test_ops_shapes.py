"""Shapes, joining, cutting, reordering: against PyTorch, and what views share."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim.autograd import arange, tensor, zeros

oracle = runpy.run_path(str(Path(__file__).with_name("oracle.py")))
agree, refused = oracle["agree"], oracle["refused"]

rng = np.random.default_rng(0)
ARRAYS = {
    "x": rng.normal(size=(2, 3, 4)).astype(np.float32),
    "y": rng.normal(size=(2, 3, 4)).astype(np.float32),
    "m": rng.normal(size=(3, 4)),
    "s": rng.normal(size=(4, 4)),
    "v": rng.normal(size=5),
    "e": np.zeros((0, 3)),
    "one": rng.normal(size=(1, 3, 1)),
    "p": np.array(2.5),
    "k": np.arange(6).reshape(2, 3),
}

SAME = [
    "x.view(6, 4)", "torch.cat([x, y], axis=1)", "torch.stack([x, y], axis=1)", "one.squeeze(axis=0)",
    "x.unsqueeze(axis=1)", "x.mH", "m.ndimension()", "s.fill_diagonal_(2.0)", "x.view(-1)", "x.view((2, -1))",
    "x.view(size=(4, 6))", "x[:, 1:].view(2, 8)", "x.view(torch.Size([24]))", "p.view(1, 1)", "x.view_as(y)",
    "e.view(3, 0)", "x.transpose(1, 2).view(2, 2, 2, 3)", "x.reshape(4, 6)", "torch.reshape(x, (4, -1))",
    "torch.reshape(x, shape=(24,))", "x.transpose(0, 2).reshape(6, 4)", "x.reshape_as(y)", "x.reshape([2, 12])",
    "m.t().reshape(-1)", "k.reshape(3, 2)", "x.flatten()", "x.flatten(1)", "x.flatten(0, 1)",
    "torch.flatten(x, start_dim=1)", "p.flatten()", "x.ravel()", "x.unflatten(2, (2, 2))", "x.unflatten(-1, (-1, 2))",
    "torch.unflatten(x, 0, (1, 2))", "x.permute(2, 0, 1)", "x.permute((0, 2, 1))", "torch.permute(x, (1, 0, 2))",
    "torch.permute(x, dims=(-1, 0, 1))", "x.permute(-1, -2, -3)", "x.transpose(0, 1)", "torch.transpose(x, -1, 0)",
    "x.transpose(dim0=1, dim1=2)", "x.swapaxes(0, 2)", "x.swapdims(0, 1)", "torch.swapaxes(x, 0, 1)",
    "x.movedim(0, 2)", "x.movedim((0, 1), (-1, 0))", "torch.moveaxis(x, 0, 1)", "m.t()", "v.t()", "m.T", "x.mT",
    "m.mT", "m.H", "p.transpose(0, -1)", "one.squeeze()", "one.squeeze(0)", "one.squeeze(1)", "one.squeeze(-1)",
    "one.squeeze((0, 2))", "x.squeeze()", "p.squeeze(0)", "torch.squeeze(one, dim=2)", "v.unsqueeze(0)",
    "v.unsqueeze(-1)", "torch.unsqueeze(x, dim=1)", "p.unsqueeze(0)", "one.expand(2, 3, 5)", "one.expand(2, -1, -1)",
    "one.expand((4, 1, 3, 1))", "v.expand(3, 5)", "v.expand(3, -1)", "p.expand(2, 2)", "one.expand_as(x)",
    "torch.broadcast_to(one, (2, 3, 4))", "one.broadcast_to((1, 3, 4))", "torch.broadcast_tensors(one, x)",
    "v.repeat(2)", "v.repeat(2, 3)", "m.repeat(2, 1)", "one.repeat(2, 1, 3)", "m.repeat((1, 2, 2))", "p.repeat(3)",
    "m.tile(2)", "m.tile((2, 1))", "torch.tile(v, (2, 2))", "v.repeat_interleave(2)", "m.repeat_interleave(3, dim=1)",
    "torch.repeat_interleave(m, 2, 0)", "m.repeat_interleave(2)",
    "m.repeat_interleave(torch.tensor([1, 0, 2]), dim=0)", "torch.cat([x, y])", "torch.cat((x, y), dim=1)",
    "torch.cat([x, y], -1)", "torch.concat([m, m], 1)", "torch.concatenate([m, s], 0)", "torch.cat([v, v, v])",
    "torch.cat([k, k])", "torch.cat([e, torch.ones(1, 3)])", "torch.cat([torch.zeros(0), m.float()])",
    "torch.cat([v, torch.ones(2)])", "torch.stack([x, y])", "torch.stack((x, y), dim=1)", "torch.stack([v, v], -1)",
    "torch.stack([p, p])", "torch.hstack([v, v])", "torch.hstack([m, m])", "torch.vstack([v, v])",
    "torch.vstack([m, s])", "torch.hstack([p, v])", "torch.block_diag(m, s)", "torch.block_diag(p, m)",
    "x.split(2, dim=2)", "v.split(2)", "torch.split(v, [1, 4])", "torch.split(x, [1, 0, 2], dim=1)", "v.split(9)",
    "e.split(2)", "v.chunk(2)", "x.chunk(3, dim=-1)", "torch.chunk(v, 4)", "v.tensor_split(3)",
    "x.tensor_split((1, 3), dim=2)", "x.unbind()", "x.unbind(1)", "torch.unbind(v)", "[a for a in m]",
    "[row.sum() for row in m]", "x.flip(0)", "x.flip(0, 2)", "torch.flip(x, [1])", "torch.flip(v, dims=(0,))",
    "m.fliplr()", "m.flipud()", "v.roll(2)", "m.roll(1, 0)", "torch.roll(m, shifts=(1, -2), dims=(0, 1))",
    "m.roll(-1)", "m.rot90()", "torch.rot90(m, 2)", "m.rot90(3)", "x.rot90(1, [1, 2])", "m.rot90(-1, (1, 0))",
    "m.rot90(4)", "s.tril()", "s.triu(1)", "torch.tril(x, diagonal=-1)", "torch.triu(m, -1)", "k.triu()", "v.diag()",
    "s.diag()", "v.diag(1)", "m.diag(1)", "torch.diag(v, -2)", "m.diagonal()", "m.diagonal(1)", "m.diagonal(-2)",
    "x.diagonal(0, 1, 2)", "x.diagonal(offset=1, dim1=0, dim2=2)", "torch.diagonal(s)", "torch.diag_embed(m)",
    "torch.meshgrid(v, v, indexing='ij')", "torch.meshgrid([v, m[0]], indexing='xy')", "torch.atleast_1d(p)",
    "torch.atleast_1d(m)", "torch.atleast_2d(v)", "torch.atleast_2d(p)", "x.size()", "x.size(1)", "x.size(dim=-1)",
    "x.dim()", "x.ndim", "x.numel()", "x.nelement()", "torch.numel(x)", "len(x)", "x.stride()", "x.stride(0)",
    "x.transpose(0, 1).stride()", "x.is_contiguous()", "m.t().is_contiguous()", "m.t().contiguous()", "m.contiguous()",
    "m.t().contiguous().is_contiguous()", "m.t_()", "one.squeeze_()", "one.squeeze_(0)", "v.unsqueeze_(0)",
    "x.transpose_(0, 2)", "m.tril_()", "s.triu_(1)", "w = m * 2; w.t_(); w.mul_(3); w",
    "w = m * 1; r = w[0]; w.t_(); w.mul_(m.t()); [w, r]",
    "w = m * 1; r = w[0]; w.unsqueeze_(0); r.mul_(2); [w * w, r]", "k.clone().resize_(2, 2)",
]  # fmt: skip


@pytest.mark.parametrize("expression", SAME)
def test_as_in_pytorch(expression: str) -> None:
    agree(expression, ARRAYS)


ERRORS = [
    ("x.view(5, 5)", RuntimeError, "shape '[5, 5]' is invalid for input of size 24"),
    ("x.reshape(5, -1)", RuntimeError, "shape '[5, -1]' is invalid for input of size 24"),
    ("x.transpose(0, 1).view(-1)", RuntimeError,
     "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
     "contiguous subspaces)"),
    ("x.squeeze(3)", IndexError, "Dimension out of range (expected to be in range of [-3, 2], but got 3)"),
    ("x.unsqueeze(-5)", IndexError, "Dimension out of range (expected to be in range of [-4, 3], but got -5)"),
    ("p.transpose(0, 1)", IndexError, "Dimension out of range (expected to be in range of [-1, 0], but got 1)"),
    ("x.size(3)", IndexError, "Dimension out of range (expected to be in range of [-3, 2], but got 3)"),
    ("x.permute(0, 1)", RuntimeError, "permute("),
    ("x.t()", RuntimeError, "t() expects a tensor with <= 2 dimensions, but self is 3D"),
    ("x.expand(2, 5, 4)", RuntimeError,
     "The expanded size of the tensor (5) must match the existing size (3) at non-singleton dimension 1.  Target "
     "sizes: [2, 5, 4].  Tensor sizes: [2, 3, 4]"),
    ("v.expand(-1, 5)", RuntimeError,
     "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension 0"),
    ("m.repeat(2)", RuntimeError,
     "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"),
    ("torch.cat([m, s[:, :2]])", RuntimeError,
     "Sizes of tensors must match except in dimension 0. Expected size 4 but got size 2 for tensor number 1 in the "
     "list"),
    ("torch.cat([m, x])", RuntimeError, "Tensors must have same number of dimensions: got"),
    ("torch.stack([m, s])", RuntimeError,
     "stack expects each tensor to be equal size, but got [3, 4] at entry 0 and [4, 4] at"),
    ("torch.cat([p, p])", RuntimeError, "zero-dimensional tensor (at position 0) cannot be concatenated"),
    ("v.split([1, 2])", RuntimeError,
     "split_with_sizes expects split_sizes to sum exactly to 5 (input tensor's size at dimension"),
    ("v.chunk(0)", RuntimeError, "chunk expects `chunks` to be greater than 0, got: 0"),
    ("len(p)", TypeError, "len() of a 0-d tensor"),
    ("list(p)", TypeError, "iteration over a 0-d tensor"),
    ("x.diagonal(0, 1, 1)", RuntimeError, "diagonal dimensions cannot be identical 1, 1"),
    ("v.roll((1, 2), 0)", RuntimeError, "shifts and dimensions must align"),
    ("torch.ones(2, 3, requires_grad=True).t_()", RuntimeError,
     "a leaf Variable that requires grad is being used in an in-place"),
    ("x.resize_(2)", RuntimeError, "cannot resize variables that require grad"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind", "message"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors(expression: str, kind: type[Exception], message: str) -> None:
    refused(expression, ARRAYS, kind, message)


VIEWS = [
    "x.view(-1)", "x.reshape(6, 4)", "x.permute(2, 1, 0)", "x.transpose(0, 1)", "x.mT", "x[0].T", "x.squeeze()",
    "x.squeeze(0)", "x.unsqueeze(1)", "x.movedim(0, 1)", "x[0]", "x[0, 0, 0]", "x[:, 1:]", "x[..., None]",
    "x.split(1)[0]", "x.chunk(2, 2)[0]", "x.unbind(1)[0]", "x[0].diagonal()", "x.flatten()", "x.detach()",
    "next(iter(x))", "x.view_as(x)", "x.unflatten(2, (2, 2))", "x.narrow(1, 0, 2)", "x.select(2, 0)", "x.data",
]  # fmt: skip


@pytest.mark.parametrize("expression", VIEWS)
def test_a_view_shares_memory_both_ways(expression: str) -> None:
    x = (arange(24.0) + 1).view(2, 3, 4)
    view = eval(expression, {"x": x})
    view.zero_()
    assert (x == 0).sum() == view.numel()
    x.fill_(7)
    assert (view == 7).all()


@pytest.mark.parametrize("expression", VIEWS)
def test_changing_a_view_in_place_changes_the_gradient_of_the_base(expression: str) -> None:
    """d/dw of the sum of squares of x, where a view of x was doubled in place: 2 w outside the view, 8 w inside."""
    if expression in ("x.detach()", "x.data"):
        pytest.skip("made to go unseen by the tape")
    w = (arange(24.0) + 1).view(2, 3, 4).requires_grad_()
    inside = zeros(2, 3, 4)
    eval(expression, {"x": inside}).fill_(1)
    x = w * 1
    eval(expression, {"x": x}).mul_(2)
    (x * x).sum().backward()
    np.testing.assert_array_equal(w.grad, np.where(inside.numpy() == 1, 8, 2) * w.detach().numpy())


def test_expanded_elements_are_one_and_cannot_be_written_apart() -> None:
    x = tensor([1.0, 2.0])
    for write in (lambda: x.expand(3, 2).mul_(5.0), lambda: x.expand(3, 2).__setitem__(0, 5.0)):
        with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
            write()


def test_the_own_shape_changed_without_recording() -> None:
    p = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        p.t_()
    assert p.shape == (3, 2) and p.is_leaf and p.requires_grad


def test_resize_keeps_the_first_elements() -> None:
    x = arange(6)
    x.resize_(2, 4)
    assert x.shape == (2, 4) and x.flatten()[:6].tolist() == [0, 1, 2, 3, 4, 5]


def test_second_derivatives_pass_through() -> None:
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = torch.cat([x.t().reshape(-1), x.flip(0).flatten()]).view(2, 4).roll(1, 0)
    (first,) = torch.autograd.grad((y**3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(first.detach(), 6 * x.detach().numpy() ** 2)
    np.testing.assert_allclose(second, 12 * x.detach().numpy())
