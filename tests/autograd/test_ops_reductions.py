"""Reductions, running sums and the softmax family: against PyTorch."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim.autograd import tensor

oracle = runpy.run_path(str(Path(__file__).with_name("oracle.py")))
agree, refused = oracle["agree"], oracle["refused"]

rng = np.random.default_rng(1)
ARRAYS = {
    "x": rng.normal(size=(2, 3, 4)).astype(np.float32),
    "y": rng.normal(size=(2, 3, 4)).astype(np.float32),
    "m": rng.normal(size=(3, 4)),
    "v": rng.normal(size=5),
    "p": np.array(2.5),
    "e": np.zeros((0, 3)),
    "z": rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3)),
    "ties": np.array([[1.0, 3.0, 3.0], [3.0, 2.0, 2.0]]),
    "nan": np.array([[1.0, np.nan, 3.0], [0.5, 2.0, 1.0]]),
    "zeros": np.array([[0.0, 2.0, 0.0], [0.0, 3.0, 4.0]]),
    "k": np.array([[3, 1, 2], [0, 5, 2]]),
    "b": np.array([[True, False, True], [True, True, True]]),
    "u": np.array([[3, 1, 250], [0, 5, 250]], np.uint8),
    "i32": np.array([3, 1, 2], np.int32),
}

DIMMED = [
    "", "0", "1", "-1", "dim=1", "(0, 2)", "dim=(-1, 0)", "1, True", "dim=0, keepdim=True", "axis=1",
    "axis=0, keepdims=True",
]  # fmt: skip
SAME = [f"x.{name}({dims})" for name in ("sum", "mean", "amax", "amin", "nansum", "std", "var") for dims in DIMMED]
SAME += [f"torch.{name}(m, {dims})" for name in ("sum", "mean", "amax", "norm", "logsumexp", "all", "any")
         for dims in ("dim=0", "dim=-1", "dim=(0, 1)") if name != "norm" or dims != "dim=0"]  # fmt: skip
SAME = [s for s in SAME if "axis" not in s or not s.startswith(("x.nansum", "x.amax", "x.amin"))]
SAME += [
    "torch.sum(x)", "m.diff()", "torch.diff(x, n=2, dim=1)", "torch.diff(v, prepend=v[:1], append=v[:2])",
    "k.diff(dim=0)", "sum([p, p, p])", "x.sum([0, 1])", "x.sum(())", "p.sum()", "p.sum(0)", "e.sum()", "e.sum(0)",
    "e.sum(1)", "k.sum()", "k.sum(0)", "b.sum()", "b.sum(1)", "u.sum()", "i32.sum()", "k.sum(dtype=torch.float64)",
    "x.sum(dtype=torch.float64)", "z.sum()", "z.mean(0)", "torch.mean(x, dtype=torch.float64)",
    "k.mean(dtype=torch.float32)", "p.mean()", "nan.nansum()", "nan.nansum(1)", "nan.sum(0)", "torch.mean(x, 1, True)",
    "m.prod()", "m.prod(0)", "x.prod(1, keepdim=True)", "zeros.prod(1)", "zeros.prod()", "zeros.prod(0)", "k.prod()",
    "b.prod()", "k.prod(1)", "p.prod()", "m.prod(dtype=torch.float32)", "x.var(0, False)", "x.var(unbiased=False)",
    "x.var(1, correction=0)", "x.var(False)", "x.std(1, True, True)", "x.std(0, False)", "x.std(dim=1, keepdim=True)",
    "x.std(unbiased=False, dim=1)", "torch.var(x, dim=(0, 1), correction=2)", "torch.std(v)",
    "torch.std_mean(x, dim=1)", "torch.var_mean(x)", "torch.var_mean(x, 1, correction=0, keepdim=True)",
    "torch.std_mean(v)", "torch.ones(3, 2, requires_grad=True).std(0)", "z.var()", "z.std(0)", "(x * 0 + 1).std()",
    "x.max()", "x.min()", "x.max(0)", "x.max(1, True)", "x.max(dim=-1)", "x.max(-1)[1]", "x.max(2).values",
    "x.min(dim=1).indices", "torch.max(x, 1)", "torch.max(x, y)", "torch.min(x, y)", "x.max(y)",
    "torch.max(x, p.float())", "torch.max(k, 1)", "k.max()", "b.max()", "p.max()", "p.max(0)", "ties.max()",
    "ties.min()", "ties.max(1)", "ties.amax(1)", "ties.amin()", "torch.max(ties, ties)", "nan.max()", "nan.max(1)",
    "nan.min(1)", "nan.detach().amax(0)", "torch.max(x, dim=1, keepdim=True)", "torch.aminmax(x)", "x.aminmax(dim=1)",
    "x.aminmax(dim=0, keepdim=True).max", "x.argmax()", "x.argmax(1)", "x.argmax(dim=-1, keepdim=True)",
    "torch.argmax(x, 0)", "ties.argmax(1)", "x.argmin()", "torch.argmin(x, dim=1)", "ties.argmin(1)", "nan.argmax(1)",
    "p.argmax()", "x.argmax(axis=1)", "k.argmax(0)", "m.median()", "m.median(0)", "v.median()",
    "x.median(dim=1, keepdim=True)", "k.median(1)", "nan.median()", "nan.median(1)", "p.median()",
    "v.median(-1).indices", "v.quantile(0.3)", "torch.quantile(m, 0.5, dim=1)",
    "torch.quantile(m, torch.tensor([0.1, 0.9], dtype=torch.float64), dim=0)",
    "torch.quantile(m, 0.25, dim=1, keepdim=True)",
    "m.quantile(torch.tensor([0.0, 1.0, 0.4], dtype=torch.float64), keepdim=True)",
    "torch.quantile(v, 0.3, interpolation='lower')", "torch.quantile(v, 0.3, interpolation='higher')",
    "torch.quantile(v, 0.3, interpolation='nearest')", "torch.quantile(v, 0.3, interpolation='midpoint')",
    "torch.quantile(m, torch.tensor([0.1, 0.9], dtype=torch.float64), dim=1, keepdim=True)", "b.all()", "b.all(0)",
    "b.all(dim=1, keepdim=True)", "b.any()", "k.any(1)", "k.all(0)", "torch.all(b, dim=1)", "(x > 0).any(0)",
    "(x > 0).all((0, 1))", "torch.any(x > 9)", "e.all()", "e.any()", "k.count_nonzero()",
    "torch.count_nonzero(k, dim=0)", "torch.count_nonzero(k, (0, 1))", "3 in k", "9 in k", "x.cumsum(0)",
    "x.cumsum(-1)", "torch.cumsum(m, dim=1)", "k.cumsum(1)", "b.cumsum(0)", "x.cumsum(1, dtype=torch.float64)",
    "p.cumsum(0)", "m.cumprod(0)", "torch.cumprod(m, 1)", "zeros.cumprod(1)", "k.cumprod(1)", "m.cumsum_(1)",
    "m.cumprod_(0)", "x.logsumexp(0)", "torch.logsumexp(x, (0, 2))", "torch.logsumexp(x, dim=1, keepdim=True)",
    "(x * 1000).logsumexp(1)", "torch.logsumexp(m - inf, 1)", "p.logsumexp(0)", "x.softmax(0)", "x.softmax(-1)",
    "torch.softmax(x, dim=1)", "x.softmax(1, dtype=torch.float64)", "(x * 1000).softmax(2)", "p.softmax(0)",
    "torch.softmax(m, -1, torch.float32)", "k.softmax(1, dtype=torch.float32)", "x.log_softmax(0)",
    "torch.log_softmax(x, dim=-1)", "(x * 1000).log_softmax(1)", "torch.log_softmax(m, 1, dtype=torch.float32)",
    "p.log_softmax(-1)",
]  # fmt: skip


@pytest.mark.parametrize("expression", SAME)
def test_as_in_pytorch(expression: str) -> None:
    agree(expression, ARRAYS)


ERRORS = [
    ("x.sum(3)", IndexError, "Dimension out of range (expected to be in range of [-3, 2], but got 3)"),
    ("m.mean(2)", IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    ("m.max(-3)", IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got -3)"),
    ("m.softmax(2)", IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    ("m.cumsum(2)", IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    ("k.mean()", RuntimeError,
     "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "),
    ("e.max()", RuntimeError,
     "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim"),
    ("e.max(0)", IndexError, "max(): Expected reduction dim 0 to have non-zero size"),
    ("e.argmax(0)", IndexError, "argmax(): Expected reduction dim 0 to have non-zero size"),
    ("v.quantile(1.5)", RuntimeError, "quantile() q must be in the range [0, 1] but got 1.5"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind", "message"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors(expression: str, kind: type[Exception], message: str) -> None:
    refused(expression, ARRAYS, kind, message)


def test_results_have_names() -> None:
    found = tensor([[1.0, 5.0], [7.0, 2.0]]).max(dim=1)
    assert found.values.tolist() == [5.0, 7.0] and found.indices.tolist() == [1, 0]
    assert found.indices.dtype == torch.int64


@pytest.mark.parametrize("name", ["var", "std", "prod", "amax", "logsumexp", "norm"])
def test_second_derivatives(name: str) -> None:
    oracle_torch = pytest.importorskip("torch")
    values = rng.normal(size=(3, 4))
    found = []
    for library in (torch, oracle_torch):
        x = library.from_numpy(values).requires_grad_()
        y = getattr(library, name)(x, dim=1)
        grad = library.autograd.grad
        (first,) = grad((y * y).sum(), x, create_graph=True)
        (second,) = grad((first**2).sum(), x)
        found.append(second.numpy())
    np.testing.assert_allclose(*found, rtol=1e-10, atol=1e-12)


def test_unbiased_and_correction_exclude_each_other() -> None:
    with pytest.raises(TypeError, match="either unbiased or correction"):
        tensor([1.0, 2.0]).var(unbiased=True, correction=0)
