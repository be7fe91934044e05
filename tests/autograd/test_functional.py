"""gradcheck itself, and Jacobians, Hessians and their products: against PyTorch and against what they should equal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch_optim.autograd as ours
from minitorch_optim.autograd import Function, Tensor, functional, no_grad, tensor
from minitorch_optim.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck

A = np.array([[0.5, -1.2, 2.0], [1.5, 0.3, -0.7]])
B = np.array([1.1, -0.4, 0.9])


def doubles(lib: Any, *arrays: np.ndarray, requires_grad: bool = False) -> tuple[Any, ...]:
    return tuple(lib.tensor(a.tolist(), dtype=lib.float64, requires_grad=requires_grad) for a in arrays)


def nested(value: Any) -> Any:
    """The same tuples with arrays in them."""
    return tuple(nested(v) for v in value) if isinstance(value, tuple) else value.detach().numpy()


def assert_same(found: Any, expected: Any) -> None:
    assert isinstance(found, tuple) == isinstance(expected, tuple)
    if isinstance(found, tuple):
        assert len(found) == len(expected)
        for f, e in zip(found, expected, strict=True):
            assert_same(f, e)
    else:
        assert found.shape == expected.shape and found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


# -- as in PyTorch

MAPS = {
    "one to one": (lambda lib, a: a.exp() * a.sum(0), (A,)),
    "to a number": (lambda lib, a: (a**3).sum(), (A,)),
    "two inputs": (lambda lib, a, b: (a * b).sin(), (A, B)),
    "two results": (lambda lib, a: (a.sum(1), a[0] * 2), (A,)),
    "two of each": (lambda lib, a, b: (a @ b, b * b), (A, B)),
    "independent of an input": (lambda lib, a, b: a * 2, (A, B)),
    "constant": (lambda lib, a: lib.ones(2, dtype=lib.float64), (A,)),
    "a tuple of one": (lambda lib, a: (a * 2,), (A,)),
    "a number to a number": (lambda lib, a: a**2, (np.array(3.0),)),
}
NUMBERS = {
    "cubes": (lambda lib, a: (a**3).sum(), (A,)),
    "mixed": (lambda lib, a, b: ((a * b).sin() ** 2).sum(), (A, B)),
    "linear": (lambda lib, a: (a * 3).sum(), (A,)),
    "independent of an input": (lambda lib, a, b: (a**2).sum(), (A, B)),
    "one element": (lambda lib, a: a[:1] ** 3, (B,)),
}


def both(name: str, function: Any, arrays: Any, vectors: Any = None, **options: Any) -> None:
    """``functional.name`` gives the same here and in PyTorch, with one tensor and with a tuple as argument."""
    torch = pytest.importorskip("torch")
    answers = []
    for lib, module in ((ours, functional), (torch, torch.autograd.functional)):
        x = doubles(lib, *arrays)
        inputs = [x] if len(x) > 1 else [x, x[0]]
        rest: Any = []
        if vectors is not None:
            given = doubles(lib, *vectors)
            rest = [given if len(given) > 1 else given[0]]
        run = getattr(module, name)
        answers.append([nested(run(lambda *x, lib=lib: function(lib, *x), i, *rest, **options)) for i in inputs])
    assert_same(tuple(answers[0]), tuple(answers[1]))


@pytest.mark.parametrize("case", MAPS)
def test_jacobian(case: str) -> None:
    both("jacobian", *MAPS[case])


@pytest.mark.parametrize("case", MAPS)
def test_products_with_the_jacobian(case: str) -> None:
    function, arrays = MAPS[case]
    results = function(ours, *doubles(ours, *arrays))
    shapes = [r.shape for r in results] if isinstance(results, tuple) else [results.shape]
    random = np.random.default_rng(0)
    if case != "a tuple of one":
        both("vjp", function, arrays, [random.normal(size=s) for s in shapes])
        both("jvp", function, arrays, [random.normal(size=a.shape) for a in arrays])


@pytest.mark.parametrize("case", NUMBERS)
@pytest.mark.parametrize("name", ["hessian", "vhp", "hvp"])
def test_second_derivatives(name: str, case: str) -> None:
    function, arrays = NUMBERS[case]
    random = np.random.default_rng(0)
    both(name, function, arrays, None if name == "hessian" else [random.normal(size=a.shape) for a in arrays])


def test_vectors_may_be_left_out_for_a_single_element() -> None:
    x = tensor(3.0)
    assert functional.vjp(lambda x: x**2, x)[1].item() == 6.0
    assert functional.jvp(lambda x: x**2, x)[1].item() == 6.0
    assert functional.vhp(lambda x: x**3, x)[1].item() == 18.0
    assert functional.hvp(lambda x: x**3, x)[1].item() == 18.0


# -- what they should equal


def test_the_products_are_the_products() -> None:
    (x, v), (w,) = doubles(ours, B, B[::-1]), doubles(ours, A[0])

    def f(x: Tensor) -> Tensor:
        return x.sin() * x.sum()

    jacobian = functional.jacobian(f, x).numpy()
    np.testing.assert_allclose(functional.jvp(f, x, v)[1].numpy(), jacobian @ v.numpy(), rtol=1e-12)
    np.testing.assert_allclose(functional.vjp(f, x, w)[1].numpy(), w.numpy() @ jacobian, rtol=1e-12)
    hessian = functional.hessian(lambda x: f(x).sum(), x).numpy()
    np.testing.assert_allclose(hessian, hessian.T)
    np.testing.assert_allclose(functional.hvp(lambda x: f(x).sum(), x, v)[1].numpy(), hessian @ v.numpy(), rtol=1e-12)


def test_nothing_requires_grad_unless_a_graph_is_asked_for() -> None:
    (x,) = doubles(ours, B, requires_grad=True)
    (scale,) = doubles(ours, B, requires_grad=True)
    answers = [
        functional.jacobian(lambda x: x * scale, x),
        functional.hessian(lambda x: (x**3 * scale).sum(), x),
        *functional.vjp(lambda x: x * scale, x, x),
        *functional.jvp(lambda x: x * scale, x, x),
        *functional.vhp(lambda x: (x**3 * scale).sum(), x, x),
    ]
    assert not any(t.requires_grad for t in answers)
    assert x.grad is None and scale.grad is None


def test_with_create_graph_the_answers_can_be_differentiated() -> None:
    (x,) = doubles(ours, B, requires_grad=True)
    functional.jacobian(lambda x: x**3, x, create_graph=True).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 6 * B)
    options = {"eps": 1e-4, "rtol": 1e-6, "atol": 1e-8}
    assert gradcheck(lambda x: functional.hessian(lambda x: (x**4).sum(), x, create_graph=True), x, **options)
    assert gradcheck(lambda x: functional.jvp(lambda x: x.sin(), x, x, create_graph=True)[1], x, **options)
    assert gradcheck(lambda x: functional.vhp(lambda x: (x**4).sum(), x, x, create_graph=True), x, **options)


def test_they_record_inside_no_grad() -> None:
    with no_grad():
        assert functional.jacobian(lambda x: x**2, tensor(3.0)).item() == 6.0
        assert functional.hessian(lambda x: x**3, tensor(3.0)).item() == 18.0


def test_strict_refuses_what_is_independent() -> None:
    a, b = doubles(ours, A, B)
    for run in (functional.jacobian, lambda f, x, **o: functional.vjp(f, x, a, **o)):
        with pytest.raises(RuntimeError, match=r"independent of input 1\. This is not allowed in strict mode\."):
            run(lambda a, b: a * 2, (a, b), strict=True)
    with pytest.raises(RuntimeError, match="independent of input 0"):
        functional.hessian(lambda a: (a * 3).sum(), a, strict=True)
    assert functional.jacobian(lambda a, b: a @ b, (a, b), strict=True)[0].shape == (2, 2, 3)


ERRORS = {
    "inputs must be either a Tensor or a tuple of Tensors": (
        TypeError, lambda: functional.jacobian(lambda x: x, (tensor(1.0), 2.0))),
    "outputs of the user-provided function given to vjp must be": (
        TypeError, lambda: functional.vjp(lambda x: 3.0, tensor(1.0))),
    "v can only be None if": (RuntimeError, lambda: functional.vjp(lambda x: x, tensor([1.0, 2.0]))),
    "v is a tuple of invalid length: should be 1 but got 2": (
        RuntimeError, lambda: functional.jvp(lambda x: x, tensor([1.0]), (tensor([1.0]), tensor([1.0])))),
    r"Entry 0 in v has invalid size: should be \[2\] but got \[3\]": (
        RuntimeError, lambda: functional.jvp(lambda x: x, tensor([1.0, 2.0]), tensor([1.0, 2.0, 3.0]))),
    "given to hessian should return a single Tensor with a single element": (
        RuntimeError, lambda: functional.hessian(lambda x: x, tensor([1.0, 2.0]))),
}  # fmt: skip


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message: str) -> None:
    kind, call = ERRORS[message]
    with pytest.raises(kind, match=message.replace("inputs must", "inputs given to jacobian must")):
        call()


# -- gradcheck


class Wrong(Function):
    """A product whose second gradient is wrong by ``excess``, relatively, in one element."""

    excess = 0.0

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:
        x, y = ctx.saved_tensors
        return g * y, g * x * tensor([1.0, 1.0 + Wrong.excess, 1.0], dtype=np.float64)


@pytest.mark.parametrize("excess", [0.0005, -0.0005, 1.0, float("nan")])
def test_a_wrong_gradient_is_reported(excess: float, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = doubles(ours, A[0], B, requires_grad=True)
    assert gradcheck(Wrong.apply, (x, y), rtol=1e-6)
    monkeypatch.setattr(Wrong, "excess", excess)
    with pytest.raises(GradcheckError) as error:
        gradcheck(Wrong.apply, (x, y), rtol=1e-6)
    message = str(error.value)
    assert message.startswith("Jacobian mismatch for output 0 with respect to input 1,")
    if np.isfinite(excess):
        assert "for output[1] by input[1]: numerical -1.2, analytical" in message
    else:
        assert "the largest difference is nan" in message
    assert "numerical:[[" in message and "analytical:[[" in message
    assert gradcheck(Wrong.apply, (x, y), rtol=1e-6, raise_exception=False) is False


class DifferentiableOnce(Function):
    """A square whose first derivative is right; its second is lost."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return g * 2 * x.detach()


def test_a_wrong_second_derivative_is_reported() -> None:
    (x,) = doubles(ours, B, requires_grad=True)
    assert gradcheck(DifferentiableOnce.apply, x)
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0,"):
        gradgradcheck(DifferentiableOnce.apply, x)
    assert gradgradcheck(DifferentiableOnce.apply, x, raise_exception=False) is False


def test_the_tolerance_is_the_one_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = doubles(ours, A[0], B, requires_grad=True)
    monkeypatch.setattr(Wrong, "excess", 0.0005)
    assert gradcheck(Wrong.apply, (x, y))  # PyTorch's tolerance of 0.1 % lets it pass
    assert gradcheck(Wrong.apply, (x, y), atol=1e-3, rtol=0)
    assert not gradcheck(Wrong.apply, (x, y), atol=1e-4, rtol=0, raise_exception=False)


def test_differences_are_precise() -> None:
    """Eleven digits of functions that bend strongly: the error of order eps**2 has been taken away."""
    (x,) = doubles(ours, np.array([0.9, 1.7]), requires_grad=True)
    assert gradcheck(lambda x: (3 * x).exp() * (5 * x).sin(), x, eps=1e-4, atol=0, rtol=3e-11)


def test_several_outputs_and_constants() -> None:
    (x,), (c,) = doubles(ours, A, requires_grad=True), doubles(ours, B)
    assert gradcheck(lambda x, c, n: (x * c, x.argmax(), (x**n).sum()), (x, c, 3))
    with pytest.raises(GradcheckError, match="output 1 with respect to input 0"):
        gradcheck(lambda x: (x * 2, x.detach() * x), x)


def test_complex_numbers_are_pairs_of_reals() -> None:
    z = tensor(A[0] + 1j * B, requires_grad=True)
    x = tensor(B, requires_grad=True)
    functions = [
        lambda z, x: z.exp() * x,
        lambda z, x: z.abs() * x,
        lambda z, x: z.conj() / x,
        lambda z, x: z.imag * x,
    ]
    for function in functions:
        assert gradcheck(function, (z, x), rtol=1e-6)
        assert gradgradcheck(function, (z, x), rtol=1e-6, eps=1e-5)
    with pytest.raises(GradcheckError, match=r"by input\[\d\]\.(real|imag)"):
        gradcheck(lambda z: z * z.conj().detach(), z)


def test_a_function_that_does_not_require_grad_must_be_constant() -> None:
    (x,) = doubles(ours, B, requires_grad=True)
    assert gradcheck(lambda x: (x > 0).double(), x)
    with pytest.raises(GradcheckError, match="Numerical gradient for function expected to be zero"):
        gradcheck(lambda x: x.detach() * 2, x)


def test_inputs_are_left_as_they_were() -> None:
    array = B.copy()
    array.flags.writeable = False
    x = ours.from_numpy(array).requires_grad_()
    assert gradcheck(lambda x: x * x, x)
    assert x.numpy(force=True) is array or np.shares_memory(x.numpy(force=True), array)
    assert x.grad is None
    with pytest.raises(ZeroDivisionError):
        gradcheck(lambda x: x * (1 / 0), x)
    np.testing.assert_array_equal(x.numpy(force=True), B)


def test_a_closure_over_a_parameter_is_checked_by_naming_it() -> None:
    """The parameters of a module are given as further inputs that the function does not look at."""
    x, w = doubles(ours, A[0], B, requires_grad=True)
    assert gradcheck(lambda x, w_: x * w.sin(), (x, w))


def test_gradgradcheck_takes_gradients_of_the_outputs() -> None:
    x, g = doubles(ours, A[0], B, requires_grad=True)
    assert gradgradcheck(lambda x: x**3, x, g)
    assert gradgradcheck(lambda x: x**3, (x,), (g,))
    assert gradgradcheck(lambda x: x**3, x, gen_non_contig_grad_outputs=True)


def test_gradcheck_asks_for_double_precision_and_something_to_check() -> None:
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double precision"):
        gradcheck(lambda x: x * 2, tensor([1.0], requires_grad=True), eps=1e-2)
    with pytest.raises(ValueError, match="expects at least one input tensor to require gradient"):
        gradcheck(lambda x: x * 2, tensor([1.0]))
