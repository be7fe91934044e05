"""NumPy as the interface: its functions on Tensors are recorded, and an array on the left of an operator too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim.autograd import Tensor, no_grad, tensor
from minitorch_optim.autograd.gradcheck import gradcheck

rng = np.random.default_rng(5)
X = rng.uniform(0.2, 0.9, (3, 4))
S = rng.normal(size=(3, 3)) + 3 * np.eye(3)
OTHER = rng.uniform(0.2, 0.9, (3, 4))

# Each takes an array or a Tensor. On a Tensor it must give a Tensor with the values that NumPy gives on the array.
RECORDED: dict[str, Any] = {
    "exp": np.exp, "sin": np.sin, "absolute": np.abs, "power": lambda x: np.power(x, 3),
    "maximum": lambda x: np.maximum(x, 0.5), "dtype=": lambda x: np.add(x, 1, dtype=np.float64),
    "array + x": lambda x: OTHER + x, "array - x": lambda x: OTHER - x, "array * x": lambda x: OTHER * x,
    "array / x": lambda x: OTHER / x, "array ** x": lambda x: OTHER**x, "array @ x": lambda x: OTHER.T @ x,
    "array % x": lambda x: (OTHER + 3.05) % x, "scalar * x": lambda x: np.float64(2) * x,
    "x @ array": lambda x: x @ OTHER.T, "add.reduce": np.add.reduce,
    "add.reduce all": lambda x: np.add.reduce(x, axis=None),
    "multiply.reduce": lambda x: np.multiply.reduce(x, axis=1),
    "maximum.reduce": lambda x: np.maximum.reduce(x, axis=1, keepdims=True), "sinc": np.sinc, "sum": np.sum,
    "sum axis": lambda x: np.sum(x, axis=1), "sum keepdims": lambda x: np.sum(x, 0, keepdims=True),
    "sum axes": lambda x: np.sum(x, axis=(0, 1)), "sum dtype": lambda x: np.sum(x, dtype=np.float64),
    "mean": lambda x: np.mean(x, axis=-1), "prod": lambda x: np.prod(x, 1), "max": lambda x: np.max(x, axis=0),
    "min": np.min, "var": np.var, "var ddof": lambda x: np.var(x, axis=0, ddof=1),
    "var positions": lambda x: np.var(x, 1, None, None, 1), "std": lambda x: np.std(x, axis=1, keepdims=True),
    "cumsum": lambda x: np.cumsum(x, axis=1), "cumprod": lambda x: np.cumprod(x, axis=0), "nansum": np.nansum,
    "where": lambda x: np.where(OTHER > 0.5, x, 0.0), "where, x the condition": lambda x: np.where(x > 0.5, x, x * 2),
    "clip": lambda x: np.clip(x, 0.3, 0.6), "clip min=": lambda x: np.clip(x, 0.3, None), "nan_to_num": np.nan_to_num,
    "round": lambda x: np.round(x, 1), "real": np.real, "reshape": lambda x: np.reshape(x, (4, 3)),
    "reshape -1": lambda x: np.reshape(x, -1), "transpose": np.transpose,
    "transpose axes": lambda x: np.transpose(x, (1, 0)), "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1), "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze": lambda x: np.squeeze(np.expand_dims(x, 1)), "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 4)),
    "ravel": np.ravel, "flip": np.flip, "flip axis": lambda x: np.flip(x, axis=1), "fliplr": np.fliplr,
    "diff": np.diff, "diff axis": lambda x: np.diff(x, axis=0), "roll": lambda x: np.roll(x, 1, axis=0),
    "rot90": np.rot90, "tile": lambda x: np.tile(x, (2, 1)), "repeat": lambda x: np.repeat(x, 2, axis=1),
    "tril": np.tril, "triu": lambda x: np.triu(x, 1), "diag": np.diag, "diagonal": lambda x: np.diagonal(x, offset=1),
    "trace": np.trace, "atleast_2d": np.atleast_2d, "copy": np.copy, "zeros_like": np.zeros_like,
    "ones_like": np.ones_like, "full_like": lambda x: np.full_like(x, 2.0),
    "concatenate": lambda x: np.concatenate([x, OTHER]),
    "concatenate axis": lambda x: np.concatenate((OTHER, x, x), axis=1),
    "concatenate flat": lambda x: np.concatenate([x, x], axis=None), "stack": lambda x: np.stack([x, OTHER], axis=-1),
    "hstack": lambda x: np.hstack([x, OTHER]), "vstack": lambda x: np.vstack([x, x]),
    "sort": lambda x: np.sort(x, axis=0), "take": lambda x: np.take(x, [0, 2], axis=1),
    "take flat": lambda x: np.take(x, np.array([5, 1])),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [1], [1]]), axis=1),
    "dot": lambda x: np.dot(x, OTHER.T), "dot vector": lambda x: np.dot(x, OTHER[0]),
    "inner": lambda x: np.inner(x, OTHER), "outer": lambda x: np.outer(x[0], x[1]),
    "tensordot": lambda x: np.tensordot(x, OTHER, axes=([0, 1], [0, 1])), "matmul": lambda x: np.matmul(x, OTHER.T),
    "kron": lambda x: np.kron(x, OTHER), "einsum": lambda x: np.einsum("ij,kj->ik", x, OTHER),
    "einsum of one": lambda x: np.einsum("ij->j", x), "linalg.norm": np.linalg.norm,
    "linalg.norm axis": lambda x: np.linalg.norm(x, axis=1), "linalg.norm 1": lambda x: np.linalg.norm(x, 1),
    "linalg.inv": lambda x: np.linalg.inv(x @ OTHER.T + S), "linalg.det": lambda x: np.linalg.det(x @ OTHER.T),
    "linalg.solve": lambda x: np.linalg.solve(S, x), "linalg.pinv": np.linalg.pinv,
    "linalg.matrix_power": lambda x: np.linalg.matrix_power(x @ OTHER.T, 2),
    "linalg.slogdet": lambda x: np.linalg.slogdet(x @ OTHER.T + S)[1],
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str) -> None:
    function = RECORDED[name]
    x = tensor(X, requires_grad=True)
    found, expected = function(x), function(X)
    assert isinstance(found, Tensor)
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-12)
    assert found.dtype == expected.dtype
    if name not in ("zeros_like", "ones_like", "full_like"):
        assert found.requires_grad
        if name != "round":
            assert gradcheck(function, (x,))


SPECIAL = ("erf", "erfc", "erfinv", "expit", "gammaln", "psi", "logit", "ndtr", "log_ndtr", "i0", "j0", "entr")


@pytest.mark.parametrize("name", SPECIAL)
def test_special_functions_of_scipy(name: str) -> None:
    import scipy.special

    function = getattr(scipy.special, name)
    x = tensor(X, requires_grad=True)
    np.testing.assert_allclose(function(x).detach(), function(X))
    assert gradcheck(function, (x,))


def test_two_arguments_and_python_numbers_keep_float32() -> None:
    import scipy.special

    x = torch.ones(3, requires_grad=True)
    results = [scipy.special.xlogy(x, 2.0), np.power(x, 2), np.maximum(x, 0.5), np.multiply(3, x)]
    assert {y.dtype for y in results} == {torch.float32}


QUESTIONS: dict[str, Any] = {
    "shape": np.shape, "ndim": np.ndim, "size": np.size, "argmax": lambda x: np.argmax(x, axis=1),
    "argsort": np.argsort, "isnan": np.isnan, "greater": lambda x: x > OTHER, "array > x": lambda x: OTHER > x,
    "array == x": lambda x: OTHER == x, "allclose": lambda x: np.allclose(x, X),
    "array_equal": lambda x: np.array_equal(x, X), "all": np.all, "any": lambda x: np.any(x > 0.5),
    "nonzero": lambda x: np.nonzero(x > 0.5)[0], "count_nonzero": np.count_nonzero, "unique": np.unique,
    "iscomplexobj": np.iscomplexobj, "searchsorted": lambda x: np.searchsorted(np.array([0.0, 0.5]), x),
    "isfinite": np.isfinite, "floor_divide": lambda x: np.floor(x) // 1,
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_need_no_gradient(name: str) -> None:
    found = QUESTIONS[name](tensor(X, requires_grad=True))
    expected = QUESTIONS[name](X)
    np.testing.assert_array_equal(found.detach() if isinstance(found, Tensor) else found, expected)


UNKNOWN: dict[str, Any] = {
    "spacing": np.spacing, "median": np.median, "percentile": lambda x: np.percentile(x, 30),
    "add.accumulate": np.add.accumulate, "divmod": lambda x: np.divmod(x, 0.3),
    "order=": lambda x: np.exp(x, order="F"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_has_no_derivative_works_on_values_and_refuses_to_lose_a_gradient(name: str) -> None:
    found, expected = UNKNOWN[name](tensor(X)), UNKNOWN[name](X)
    for a, b in zip(found, expected, strict=True) if name == "divmod" else [(found, expected)]:
        assert isinstance(a, Tensor)
        np.testing.assert_array_equal(a, b)
    with pytest.raises(TypeError, match=r"no derivative here.*detach"):
        UNKNOWN[name](tensor(X, requires_grad=True))
    with no_grad():
        UNKNOWN[name](tensor(X, requires_grad=True))


def test_results_written_into_an_array() -> None:
    array, t = np.zeros(2), tensor([1.0, 2.0], dtype=torch.float64)
    array += t
    np.multiply(array, t, out=array)
    assert isinstance(array, np.ndarray) and array.tolist() == [1.0, 4.0]
    with pytest.raises(TypeError, match="an array cannot keep its history"):
        array += t.requires_grad_()


def test_results_written_into_a_tensor_are_recorded() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    x = w * 1
    np.multiply(x, x, out=x)
    x.sum().backward()
    assert w.grad.tolist() == [2.0, 4.0]


def test_ufunc_with_two_results_into_arrays() -> None:
    whole, rest = np.zeros(2), np.zeros(2)
    np.divmod(tensor([7.0, 5.0], dtype=torch.float64), 4, out=(whole, rest))
    assert whole.tolist() == [1.0, 1.0] and rest.tolist() == [3.0, 1.0]


OPTIONS: dict[str, Any] = {
    "sum with out=": lambda x: np.sum(x, out=np.zeros(())), "mean with where=": lambda x: np.mean(x, where=X > 0.5),
    "reshape with order=": lambda x: np.reshape(x, (4, 3), order="F"),
    "sort with order=": lambda x: np.sort(x, order=[]),
    "concatenate with dtype=": lambda x: np.concatenate([x], dtype=np.float32),
    "clip with out=": lambda x: np.clip(x, 0, 1, out=np.zeros((3, 4))),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_have_no_derivative_work_on_values_only(name: str) -> None:
    if name != "sort with order=":
        found, expected = OPTIONS[name](tensor(X)), OPTIONS[name](X)
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
    with pytest.raises(TypeError, match=rf"{name} has no derivative here.*detach"):
        OPTIONS[name](tensor(X, requires_grad=True))


def test_without_a_gradient_numpy_keeps_its_own_rules() -> None:
    whole = tensor([[1, 2], [3, 5]])
    assert np.mean(whole).dtype == torch.float64  # where whole.mean() is an error
    assert np.median(whole).item() == 2.5  # where whole.median() is the lower one
    assert [a.shape for a in np.atleast_2d(whole, tensor(1))] == [(2, 2), (1, 1)]
    view = np.transpose(whole)
    view[0, 1] = 7
    assert isinstance(view, Tensor) and whole[1, 0] == 7


def test_second_derivatives_through_numpy() -> None:
    x = tensor(2.0, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(np.exp(np.sin(x)) * np.log(x), x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    h = 1e-5
    value = lambda a: np.exp(np.sin(a)) * np.log(a)
    np.testing.assert_allclose(second, (value(2 + h) - 2 * value(2.0) + value(2 - h)) / h**2, rtol=1e-4)
