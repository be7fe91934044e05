"""Normalisation against PyTorch: forward, gradients, second derivatives, running statistics over several batches."""

from __future__ import annotations

import copy
import pickle
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn import functional as F

oracle = runpy.run_path(str(Path(__file__).with_name("function_oracle.py")))
compare, same_error, normal, by_name = oracle["compare"], oracle["same_error"], oracle["normal"], oracle["by_name"]
layers = runpy.run_path(str(Path(__file__).with_name("layer_oracle.py")))

SHAPES = [(6, 4), (5, 4, 3), (3, 4, 2, 3), (2, 4, 2, 2, 3)]  # (N, C, *spatial)

# -- functions


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm(shape: Any) -> None:
    def trained(torch: Any, x: Any, w: Any = None, b: Any = None) -> Any:
        return torch.nn.functional.batch_norm(x, None, None, w, b, training=True, eps=1e-2)

    def evaluated(torch: Any, x: Any, w: Any = None, b: Any = None) -> Any:
        mean, var = torch.linspace(-1, 1, 4).to(x.dtype), torch.linspace(0.5, 2, 4).to(x.dtype)
        return torch.nn.functional.batch_norm(x, mean, var, w, b)

    for call in (trained, evaluated):
        compare(call, normal(*shape))
        compare(call, normal(*shape), normal(4), normal(4))
        compare(call, normal(*shape), normal(4), second=False)
        compare(lambda torch, x, b, call=call: call(torch, x, None, b), normal(*shape), normal(4), second=False)


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_instance_norm(shape: Any) -> None:
    def call(torch: Any, x: Any, w: Any = None, b: Any = None) -> Any:
        return torch.nn.functional.instance_norm(x, None, None, w, b)

    compare(call, normal(*shape))
    compare(call, normal(*shape), normal(4), normal(4))


@pytest.mark.parametrize("shape", SHAPES)
def test_group_norm(shape: Any) -> None:
    for groups in (1, 2):
        compare(by_name("group_norm", groups), normal(*shape))
        compare(
            lambda torch, x, w, b, groups=groups: torch.nn.functional.group_norm(x, groups, w, b),
            normal(*shape), normal(4), normal(4),
        )  # fmt: skip


@pytest.mark.parametrize("shape", [(6, 4), (4,), (2, 3, 4), (2, 3, 2, 4)])
@pytest.mark.parametrize("last", [1, 2])
def test_layer_and_rms_norm(shape: Any, last: int) -> None:
    size = shape[-last:]
    compare(by_name("layer_norm", size), normal(*shape))
    compare(
        lambda torch, x, w, b: torch.nn.functional.layer_norm(x, size, w, b, 1e-3),
        normal(*shape), normal(*size), normal(*size),
    )  # fmt: skip
    compare(lambda torch, x, w: torch.nn.functional.rms_norm(x, size, w), normal(*shape), normal(*size))
    compare(by_name("rms_norm", size, eps=0.1), normal(*shape))


def test_normalize_and_local_response_norm() -> None:
    for p in (1.0, 2.0, 3.0):
        for dim in (0, 1, -1):
            compare(by_name("normalize", p, dim), normal(3, 4, 2))
    compare(by_name("normalize", float("inf")), normal(3, 4), second=False)
    assert F.normalize(mt.zeros(2, 3)).tolist() == [[0.0] * 3] * 2
    for size in (1, 2, 3, 5):
        compare(by_name("local_response_norm", size, alpha=0.5, beta=0.6, k=1.5), normal(2, 4, 3))
    compare(by_name("local_response_norm", 3), normal(2, 4, 3, 2))


# -- layers


@pytest.mark.parametrize("train", [True, False])
def test_layers(train: bool) -> None:
    def compare(make: Any, x: Any) -> None:
        layers["compare"](make, x, train=train)

    matrix, signal, image, volume = (normal(*shape) for shape in SHAPES)
    compare(lambda nn: nn.BatchNorm1d(4), matrix)
    compare(lambda nn: nn.BatchNorm1d(4, affine=False), signal)
    compare(lambda nn: nn.BatchNorm1d(4, track_running_stats=False), matrix)
    compare(lambda nn: nn.BatchNorm2d(4, 1e-3, None), image)
    compare(lambda nn: nn.BatchNorm2d(4, momentum=0.3, affine=False, track_running_stats=False), image)
    compare(lambda nn: nn.BatchNorm3d(4), volume)
    compare(lambda nn: nn.InstanceNorm1d(4), signal)
    compare(lambda nn: nn.InstanceNorm1d(4, affine=True, track_running_stats=True), signal[0])
    compare(lambda nn: nn.InstanceNorm2d(4, affine=True), image)
    compare(lambda nn: nn.InstanceNorm3d(4, track_running_stats=True), volume)
    compare(lambda nn: nn.LayerNorm(4), matrix)
    compare(lambda nn: nn.LayerNorm((4, 3), bias=False), signal)
    compare(lambda nn: nn.LayerNorm([2, 3], 1e-2, elementwise_affine=False), image)
    compare(lambda nn: nn.GroupNorm(2, 4), image)
    compare(lambda nn: nn.GroupNorm(1, 4, affine=False), matrix)
    compare(lambda nn: nn.RMSNorm(3), image)
    compare(lambda nn: nn.RMSNorm((2, 3), eps=0.1, elementwise_affine=False), image)
    compare(lambda nn: nn.LocalResponseNorm(2), image)


MOMENTA = (0.1, 0.5, 1.0, 0.0)


@pytest.mark.parametrize(
    ("name", "shape", "momentum"),
    [
        *(("BatchNorm1d", (8, 3), momentum) for momentum in (None, *MOMENTA)),
        *(("BatchNorm2d", (4, 3, 2, 3), momentum) for momentum in (None, *MOMENTA)),
        *(("InstanceNorm1d", (4, 3, 5), momentum) for momentum in MOMENTA),
    ],
)
def test_running_statistics_over_several_batches(name: str, shape: Any, momentum: Any) -> None:
    torch = pytest.importorskip("torch")
    for dtype in ("float32", "float64"):
        mine, theirs = (
            getattr(library.nn, name)(3, momentum=momentum, track_running_stats=True, dtype=getattr(library, dtype))
            for library in (mt, torch)
        )
        for i in range(4):
            x = (i + 1 + 2 * normal(*shape)).astype(dtype)
            for train in (True, False):
                found = mine.train(train)(mt.from_numpy(x)).detach().numpy()
                expected = theirs.train(train)(torch.from_numpy(x)).detach().numpy()
                np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
                for key, value in theirs.state_dict().items():
                    own, wanted = mine.state_dict()[key].numpy(), value.numpy()
                    assert (own.shape, own.dtype) == (wanted.shape, wanted.dtype)
                    np.testing.assert_allclose(own, wanted, rtol=1e-6 if dtype == "float32" else 1e-13, atol=1e-7)


def test_statistics_can_be_reset_and_replaced() -> None:
    layer = nn.BatchNorm1d(2)
    layer(mt.tensor([[1.0, 2.0], [3.0, 8.0]]))
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0, 0] and layer.running_var.tolist() == [1, 1]
    assert int(layer.num_batches_tracked) == 0
    layer.running_mean = mt.tensor([1.0, 1.0])
    assert layer.eval()(mt.ones(1, 2)).tolist() == [[0, 0]]
    with mt.no_grad():
        layer.weight.mul_(5)
    layer.reset_parameters()
    assert layer.weight.tolist() == [1, 1]


def test_running_statistics_know_that_they_changed() -> None:
    """What the tape saved of a buffer, and training changed since, is reported instead of used."""
    layer, x = nn.BatchNorm1d(2), mt.randn(4, 2, requires_grad=True)
    product = layer.running_mean * x
    layer(x)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.sum().backward()


def test_an_in_place_relu_may_follow() -> None:
    for layer in (nn.BatchNorm1d(3), nn.LayerNorm(3), nn.GroupNorm(1, 3)):
        x = mt.randn(5, 3, requires_grad=True)
        expected = mt.autograd.grad(F.relu(layer(x)).sum(), x)[0]
        found = mt.autograd.grad(F.relu(layer(x), inplace=True).sum(), x)[0]
        assert mt.equal(found, expected)


def test_no_graph_is_recorded_without_need() -> None:
    layer = nn.BatchNorm1d(3)
    with mt.no_grad():
        assert not layer(mt.randn(4, 3)).requires_grad
    assert not layer.running_mean.requires_grad
    assert layer(mt.randn(4, 3)).grad_fn.name() == "NormalizeBackward"


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_lazy_layers_become_ordinary_ones() -> None:
    torch = pytest.importorskip("torch")
    for name, options, shape in (
        ("BatchNorm1d", {"momentum": None}, SHAPES[0]),
        ("BatchNorm2d", {"affine": False}, SHAPES[2]),
        ("BatchNorm3d", {"track_running_stats": False}, SHAPES[3]),
    ):
        mine, theirs = (getattr(library.nn, "Lazy" + name)(**options) for library in (mt, torch))
        assert repr(mine) == repr(theirs)
        assert list(mine.state_dict()) == list(theirs.state_dict())
        x = normal(*shape).astype("f")
        for _ in range(2):
            found, expected = mine(mt.from_numpy(x)).detach(), theirs(torch.from_numpy(x)).detach()
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-5)
        assert repr(mine) == repr(theirs) and type(mine) is getattr(nn, name)
        for key, value in theirs.state_dict().items():
            np.testing.assert_allclose(mine.state_dict()[key].numpy(), value.numpy(), rtol=1e-5, atol=1e-6)


def test_a_lazy_layer_can_be_loaded_and_copied_before_its_first_input() -> None:
    trained = nn.BatchNorm2d(3)
    trained(mt.randn(4, 3, 2, 2))
    lazy = pickle.loads(pickle.dumps(copy.deepcopy(nn.LazyBatchNorm2d())))
    lazy.load_state_dict(trained.state_dict())
    x = mt.randn(2, 3, 2, 2)
    assert mt.equal(lazy.eval()(x), trained.eval()(x))
    assert not isinstance(lazy.running_mean, nn.Parameter) and not lazy.running_mean.requires_grad


def test_layers_are_pickled_and_copied() -> None:
    layer = nn.BatchNorm1d(3)
    layer(mt.randn(4, 3))
    for again in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
        again(mt.randn(4, 3))
        assert int(again.num_batches_tracked) == 2 and int(layer.num_batches_tracked) == 1


# -- errors


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda nn: nn.BatchNorm1d(3), (1, 3)),
        (lambda nn: nn.BatchNorm1d(3), (2, 3, 4, 4)),
        (lambda nn: nn.BatchNorm1d(3), (3,)),
        (lambda nn: nn.BatchNorm1d(3), (2, 4)),
        (lambda nn: nn.BatchNorm2d(3), (2, 3)),
        (lambda nn: nn.BatchNorm2d(3), (1, 3, 1, 1)),
        (lambda nn: nn.BatchNorm3d(3), (2, 3)),
        (lambda nn: nn.InstanceNorm1d(3), (2, 3, 1)),
        (lambda nn: nn.InstanceNorm1d(3, affine=True), (2, 2, 4)),
        (lambda nn: nn.InstanceNorm1d(3, affine=True), (2, 4)),
        (lambda nn: nn.InstanceNorm2d(3), (2, 3)),
        (lambda nn: nn.LayerNorm(3), (2, 4)),
        (lambda nn: nn.LayerNorm((2, 3)), (3,)),
        (lambda nn: nn.GroupNorm(3, 4), (1, 4)),
        (lambda nn: nn.GroupNorm(2, 2), (1, 2)),
    ],
)
def test_errors_of_layers_are_pytorchs(make: Any, shape: Any) -> None:
    same_error(lambda torch, x: make(torch.nn)(x), np.ones(shape, np.float32))


def test_one_value_per_channel_is_enough_in_evaluation() -> None:
    layers["compare"](lambda nn: nn.BatchNorm1d(3), normal(1, 3), train=False)
    layers["compare"](lambda nn: nn.BatchNorm1d(3), normal(1, 3, 2))


@pytest.mark.parametrize(
    "call",
    [
        lambda torch, x: torch.nn.functional.batch_norm(x, None, None),
        lambda torch, x: torch.nn.functional.batch_norm(x, torch.zeros(2), torch.ones(2)),
        lambda torch, x: torch.nn.functional.batch_norm(x, torch.zeros(3), torch.ones(3), torch.ones(2)),
        lambda torch, x: torch.nn.functional.layer_norm(x, (3,), torch.ones(2)),
    ],
)
def test_errors_of_functions_are_pytorchs(call: Any) -> None:
    same_error(call, np.ones((2, 3), np.float32))


def test_other_errors() -> None:
    with pytest.raises(RuntimeError, match="all inputs must share same datatype, got an input of float64"):
        nn.BatchNorm1d(3)(mt.ones(2, 3, dtype=mt.float64))
    for make in (nn.BatchNorm1d, nn.LazyBatchNorm1d, nn.LayerNorm):
        with pytest.raises(RuntimeError, match="device 'cuda' is not available"):
            make(*(() if make is nn.LazyBatchNorm1d else (3,)), device="cuda")
    with pytest.raises(RuntimeError, match="divisible by num_groups"):
        F.group_norm(mt.ones(2, 3), 2)
    with pytest.raises(ValueError, match="Expected 3D or higher dimensionality input"):
        F.local_response_norm(mt.ones(2, 3), 2)
