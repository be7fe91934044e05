"""Activations and dropout against PyTorch: values, gradients (at kinks too), in-place forms, random numbers."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn import functional as F

oracle = runpy.run_path(str(Path(__file__).with_name("layer_oracle.py")))
compare, normal = oracle["compare"], oracle["normal"]

KINKS = np.array([0.0, -0.0, 3.0, -3.0, 0.5, -0.5, 6.0, 1.0, -1.0, 30.0, -30.0, 100.0, -100.0, 20.0, 1e-9])
VALUES = np.concatenate([normal(25) * 3, KINKS]).reshape(8, 5)

POINTWISE = [
    "ReLU()", "ReLU6()", "LeakyReLU()", "LeakyReLU(0.2)", "LeakyReLU(-0.5)", "PReLU()", "PReLU(5)",
    "PReLU(5, init=-0.5)", "ELU()", "ELU(1.5)", "SELU()", "CELU()", "CELU(2.0)", "GELU()", "GELU('tanh')", "SiLU()",
    "Mish()", "Softplus()", "Softplus(2.0, 5.0)", "Softsign()", "Sigmoid()", "LogSigmoid()", "Hardtanh()",
    "Hardtanh(-2.0, 0.5)", "Hardsigmoid()", "Hardswish()", "Tanh()", "Tanhshrink()", "Softshrink()", "Softshrink(1.0)",
    "Hardshrink()", "Hardshrink(1.0)", "Threshold(0.1, 20.0)", "Threshold(0.5, 0.0)",
]  # fmt: skip


@pytest.mark.parametrize("layer", POINTWISE)
def test_each_element(layer: str) -> None:
    # PyTorch has the derivative of hardsigmoid, 1/6, in single precision only.
    dtypes = [np.float32] if layer == "Hardsigmoid()" else [np.float32, np.float64]
    compare(lambda nn: eval("nn." + layer), VALUES, dtypes=dtypes)


@pytest.mark.parametrize(
    "layer", ["Softmax(1)", "Softmax(-2)", "LogSoftmax(0)", "LogSoftmax(-1)", "Softmin(1)", "GLU(0)"]
)
def test_along_a_dimension(layer: str) -> None:
    compare(lambda nn: eval("nn." + layer), normal(4, 3, 2))


def test_over_channels() -> None:
    compare(lambda nn: nn.Softmax2d(), normal(2, 3, 2, 2))
    compare(lambda nn: nn.Softmax2d(), normal(3, 2, 2))
    compare(lambda nn: nn.PReLU(3), normal(2, 3, 2, 2))
    compare(lambda nn: nn.GLU(), normal(4, 6))


@pytest.mark.parametrize("layer", ["Softmax()", "LogSoftmax()", "Softmin()"])
@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 2, 2), (2, 2, 2, 2)])
def test_without_a_dimension_pytorchs_choice_is_made_with_a_warning(layer: str, shape: Any) -> None:
    with pytest.warns(UserWarning, match="Implicit dimension choice for .*softm.* has been deprecated"):
        compare(lambda nn: eval("nn." + layer), normal(*shape))


IN_PLACE = [
    "ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "SiLU", "Mish", "Hardtanh", "Hardsigmoid", "Hardswish",
    "Threshold",
]  # fmt: skip


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name: str) -> None:
    """The input itself takes the result, the gradient is that of the ordinary form, and a leaf is refused."""
    torch = pytest.importorskip("torch")
    args = (0.1, 20.0) if name == "Threshold" else ()
    gradients, results = [], []
    for library, inplace in ((mt, True), (mt, False), (torch, True)):
        layer = getattr(library.nn, name)(*args, inplace=inplace)
        x = library.from_numpy(VALUES.astype(np.float32)).clone().requires_grad_()
        middle = x * 1
        out = layer(middle)
        assert (out is middle) == inplace
        results.append(middle.detach().numpy() if inplace else out.detach().numpy())
        (out * out).sum().backward()
        gradients.append(x.grad.numpy())
        if library is mt:
            if inplace and name not in ("Hardsigmoid", "Hardswish"):
                assert "inplace=True" in repr(layer)
            if inplace:
                with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
                    layer(x)
    for found in (results, gradients):
        np.testing.assert_array_equal(found[0], found[1])
        np.testing.assert_allclose(found[0], found[2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [*POINTWISE, "Softmax(0)", "LogSoftmax(0)"])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_nan_stays_nan(layer: str) -> None:
    torch = pytest.importorskip("torch")
    mine, theirs = eval("nn." + layer), eval("torch.nn." + layer)
    x = [float("nan")] * 5
    found = mine(mt.tensor([x, x])).isnan().all().item()
    assert found == theirs(torch.tensor([x, x])).isnan().all().item()


def test_large_numbers_make_no_overflow_and_no_warning() -> None:
    x = mt.tensor([-1e30, -1e4, 1e4, 1e30], requires_grad=True)
    with np.errstate(all="raise", under="ignore"):
        for f in (F.elu, F.selu, F.celu, F.silu, F.logsigmoid, F.softplus, F.sigmoid, F.softsign, F.tanhshrink):
            (g,) = mt.autograd.grad(f(x).sum(), x)
            assert g.isfinite().all(), f.__name__


def test_options_are_checked() -> None:
    x = mt.zeros(2, 3)
    with pytest.raises(ValueError, match="min_val cannot be greater than max_val"):
        F.hardtanh(x, 2.0, 1.0)
    with pytest.raises(AssertionError, match=r"max_val \(1\) must be greater than min_val \(2\)"):
        nn.Hardtanh(2, 1)
    with pytest.raises(RuntimeError, match="lambda must be in range"):
        F.softshrink(x, -1.0)
    with pytest.raises(RuntimeError, match="alpha cannot be 0 for CELU"):
        F.celu(x, 0.0)
    with pytest.raises(RuntimeError, match="approximate argument must be either none or tanh"):
        F.gelu(x, approximate="sigmoid")
    with pytest.raises(RuntimeError, match="Found parameter numbers = 2 and channel size = 3"):
        F.prelu(x, mt.zeros(2))
    with pytest.raises(RuntimeError, match="Halving dimension must be even, but dimension 1 is size 3"):
        F.glu(x)
    with pytest.raises(ValueError, match="Softmax2d: expected input to be 3D or 4D, got 2D instead"):
        nn.Softmax2d()(x)
    with pytest.raises(IndexError, match="Dimension out of range"):
        F.softmax(x, dim=2)
    with pytest.raises(TypeError, match=r"relu\(\): argument 'input' \(position 1\) must be Tensor, not list"):
        F.relu([1.0])


def test_softmax_in_another_dtype() -> None:
    out = F.softmax(mt.zeros(2), 0, dtype=mt.float64)
    assert out.dtype == mt.float64 and out.tolist() == [0.5, 0.5]


# -- dropout


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("Dropout()", (40, 5)), ("Dropout(0.1)", (3, 4, 5)), ("Dropout(0)", (3, 4)), ("Dropout(1)", (3, 4)),
        ("Dropout1d(0.3)", (4, 6, 5)), ("Dropout1d(0.3)", (40, 5)), ("Dropout2d()", (4, 6, 2, 2)),
        ("Dropout3d()", (2, 6, 2, 2, 2)), ("Dropout3d()", (20, 2, 2, 2)), ("AlphaDropout(0.3)", (40, 5)),
        ("AlphaDropout(1.0)", (2, 2)), ("AlphaDropout(0)", (2, 2)), ("Dropout()", (0, 3)),
    ],
)  # fmt: skip
def test_dropout_drops_what_pytorch_drops(layer: str, shape: Any, train: bool) -> None:
    compare(lambda nn: eval("nn." + layer), normal(*shape), train=train)


def test_dropout_of_signals_as_images_warns() -> None:
    with pytest.warns(UserWarning, match="channel-wise 1D dropout behavior is desired"):
        compare(lambda nn: nn.Dropout2d(), normal(4, 6, 5))
    with pytest.warns(UserWarning, match="Received a 2-D input to dropout2d, which is deprecated"):
        compare(lambda nn: nn.Dropout2d(), normal(4, 6))


def test_dropout_in_evaluation_gives_the_input_itself() -> None:
    x = mt.ones(3)
    assert F.dropout(x, 0.5, training=False) is x
    assert nn.Dropout(0.5).eval()(x) is x


def test_dropout_in_place() -> None:
    mt.manual_seed(0)
    x = mt.ones(1000)
    assert F.dropout(x, 0.25, inplace=True) is x
    assert sorted(set(x.tolist())) == [0.0, pytest.approx(4 / 3)]
    assert abs(x.mean().item() - 1) < 0.1


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_a_probability_is_a_probability(p: float) -> None:
    for use in (nn.Dropout, nn.AlphaDropout, lambda p: F.dropout2d(mt.ones(2, 2, 2, 2), p)):
        with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1, but got"):
            use(p)
    with pytest.raises(RuntimeError, match="dropout1d: Expected 2D or 3D input, but received a 4D input"):
        F.dropout1d(mt.ones(2, 2, 2, 2))
