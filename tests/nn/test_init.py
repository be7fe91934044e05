"""Initializers: PyTorch's numbers from the same seed, the properties that the papers promise, and messages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn import init

CALLS = [
    ("uniform_", (3, 5), (-0.3, 0.7)), ("normal_", (3, 5), (1.0, 2.0)), ("normal_", (40, 5), ()),
    ("constant_", (3, 5), (0.3,)), ("ones_", (2,), ()), ("zeros_", (2,), ()), ("eye_", (3, 5), ()),
    ("eye_", (5, 3), ()), ("dirac_", (4, 2, 3), ()), ("dirac_", (4, 2, 3), (2,)), ("dirac_", (2, 2, 3, 3), ()),
    ("dirac_", (2, 3, 1, 2, 2), ()), ("xavier_uniform_", (3, 5), ()), ("xavier_uniform_", (3, 5, 2, 2), (1.5,)),
    ("xavier_normal_", (30, 5), (0.5,)), ("kaiming_uniform_", (3, 5), ()),
    ("kaiming_uniform_", (3, 5, 2), (0.1, "fan_out")), ("kaiming_normal_", (30, 5), (0, "fan_in", "relu")),
    ("kaiming_normal_", (4, 3, 2, 2), (0, "FAN_OUT", "tanh")), ("trunc_normal_", (30, 5), ()),
    ("trunc_normal_", (20,), (0.0, 1.0, 1.8, 3.0)), ("trunc_normal_", (3,), (0.0, 1.0, -0.1, 0.1)),
    ("trunc_normal_", (30, 5), (0.5, 2.0, -1.0, 1.5)), ("orthogonal_", (3, 5), ()), ("orthogonal_", (5, 3), (2.0,)),
    ("orthogonal_", (4, 3, 2), ()), ("sparse_", (10, 4), (0.31,)), ("sparse_", (5, 3), (0.5, 2.0)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shape", "args"), CALLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pytorchs_numbers(name: str, shape: Any, args: Any, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    found = []
    for library in (mt, torch):
        library.manual_seed(4)
        tensor = library.empty(shape, dtype=getattr(library, dtype), requires_grad=True)
        assert getattr(library.nn.init, name)(tensor, *args) is tensor
        assert tensor.is_leaf and tensor.requires_grad
        found.append(tensor.detach().numpy())
        found.append(library.rand(2).numpy())  # as many random numbers were used
    tolerance = {"rtol": 2e-5, "atol": 2e-6} if dtype == "float32" else {"rtol": 1e-10, "atol": 1e-12}
    assert found[0].dtype == dtype
    np.testing.assert_allclose(found[0], found[2], **tolerance)
    np.testing.assert_array_equal(found[1], found[3])


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("uniform_", ()), ("normal_", ()), ("trunc_normal_", ()), ("xavier_uniform_", ()), ("xavier_normal_", ()),
        ("kaiming_uniform_", ()), ("kaiming_normal_", ()), ("orthogonal_", ()),
    ],
)  # fmt: skip
def test_a_generator_of_ones_own(name: str, args: Any) -> None:
    first, second = (
        getattr(init, name)(mt.empty(4, 5), *args, generator=mt.Generator().manual_seed(9)).tolist() for _ in range(2)
    )
    mt.manual_seed(9)
    assert first == second == getattr(init, name)(mt.empty(4, 5), *args).tolist()


def test_gains() -> None:
    for name in ("linear", "conv1d", "conv_transpose3d", "sigmoid"):
        assert init.calculate_gain(name) == 1
    assert init.calculate_gain("tanh") == 5 / 3 and init.calculate_gain("selu") == 0.75
    assert init.calculate_gain("relu") == init.calculate_gain("leaky_relu", 0) == math.sqrt(2)
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))
    for wrong in ("a", True):
        with pytest.raises(ValueError, match=f"negative_slope {wrong} not a valid number"):
            init.calculate_gain("leaky_relu", wrong)
    with pytest.raises(ValueError, match="Unsupported nonlinearity swish: known are linear"):
        init.calculate_gain("swish")


def test_kaiming_keeps_the_variance_through_many_relu_layers() -> None:
    mt.manual_seed(0)
    x = mt.randn(200, 300)
    for _ in range(10):
        weight = init.kaiming_normal_(mt.empty(300, 300), nonlinearity="relu")
        x = (x @ weight.T).relu()
    assert 0.3 < (x * x).mean().item() < 3.0


def test_orthogonal_matrices_keep_lengths() -> None:
    for shape in ((7, 4), (4, 7)):
        w = init.orthogonal_(mt.empty(shape, dtype=mt.float64), gain=3.0).numpy()
        product = w.T @ w if shape[0] > shape[1] else w @ w.T
        np.testing.assert_allclose(product, 9 * np.eye(4), atol=1e-12)


def test_truncated_normal_numbers_stay_inside() -> None:
    mt.manual_seed(0)
    values = init.trunc_normal_(mt.empty(10000), mean=1.0, std=2.0, a=0.0, b=1.5)
    assert values.min() >= 0 and values.max() <= 1.5
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        init.trunc_normal_(mt.empty(2), mean=5.0)


def test_what_cannot_be_is_refused() -> None:
    for call, message in (
        (lambda: init.xavier_uniform_(mt.empty(3)), "can not be computed for tensor with fewer than 2 dimensions"),
        (lambda: init.kaiming_normal_(mt.empty(3)), "Fan in and fan out can not be computed"),
        (lambda: init.kaiming_uniform_(mt.empty(3, 2), mode="x"), "Mode x not supported, please use one of"),
        (lambda: init.eye_(mt.empty(3)), "Only tensors with 2 dimensions are supported"),
        (lambda: init.dirac_(mt.empty(3, 2)), "Only tensors with 3, 4, or 5 dimensions are supported"),
        (lambda: init.dirac_(mt.empty(3, 2, 2), groups=2), "dim 0 must be divisible by groups"),
        (lambda: init.orthogonal_(mt.empty(3)), "Only tensors with 2 or more dimensions are supported"),
        (lambda: init.sparse_(mt.empty(3), 0.5), "Only tensors with 2 dimensions are supported"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        init.kaiming_uniform_(mt.empty(0, 3))


@pytest.mark.parametrize("name", [name[:-1] for name in init.__all__ if name[:-1] in init.__all__])
def test_the_old_names_warn(name: str) -> None:
    shape = (2, 2, 3) if name == "dirac" else (2, 2)
    args = {"constant": (1.0,), "sparse": (0.5,)}.get(name, ())
    with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`"):
        mt.manual_seed(0)
        old = getattr(init, name)(mt.empty(shape), *args)
    mt.manual_seed(0)
    assert old.tolist() == getattr(init, name + "_")(mt.empty(shape), *args).tolist()


def model_of(n: Any) -> Any:
    model = n.Sequential(n.Embedding(20, 4), n.LSTM(4, 6, 2), n.Linear(6, 50), n.Bilinear(2, 3, 4), n.GRUCell(3, 5))
    return model.apply(lambda m: n.init.xavier_normal_(m.weight) if isinstance(m, n.Linear) else None)


def test_a_whole_model_begins_as_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    found = []
    for library in (mt, torch):
        library.manual_seed(0)
        found.append({name: t.numpy() for name, t in model_of(library.nn).state_dict().items()})
    assert found[0].keys() == found[1].keys()
    for name, value in found[1].items():
        np.testing.assert_allclose(found[0][name], value, rtol=3e-6, atol=1e-7, err_msg=name)


def test_nothing_is_recorded() -> None:
    layer = nn.Linear(2, 2)
    for name in ("weight", "bias"):
        assert getattr(layer, name).is_leaf and getattr(layer, name).grad_fn is None
