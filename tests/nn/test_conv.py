"""Convolutions against PyTorch: every option, forward, gradients and second derivatives; layers, errors, memory."""

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
from minitorch_optim.nn.functional import windows

oracle = runpy.run_path(str(Path(__file__).with_name("function_oracle.py")))
compare, same_error, normal = oracle["compare"], oracle["same_error"], oracle["normal"]
layers = runpy.run_path(str(Path(__file__).with_name("layer_oracle.py")))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize(("dilation", "groups"), [(1, 1), (2, 1), (1, 2), (2, 4)])
def test_conv2d(stride: int, padding: int, dilation: int, groups: int) -> None:
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    compare(
        lambda torch, x, w, b: torch.nn.functional.conv2d(x, w, b, **options),
        normal(2, 4, 7, 6), normal(8, 4 // groups, 3, 2), normal(8),
    )  # fmt: skip


@pytest.mark.parametrize(("stride", "output_padding"), [(1, 0), (2, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize(("dilation", "groups"), [(1, 1), (2, 1), (1, 2), (2, 4)])
def test_conv_transpose2d(stride: int, output_padding: int, padding: int, dilation: int, groups: int) -> None:
    options = {
        "stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation, "groups": groups,
    }  # fmt: skip
    compare(
        lambda torch, x, w, b: torch.nn.functional.conv_transpose2d(x, w, b, **options),
        normal(2, 4, 4, 3), normal(4, 8 // groups, 3, 2), normal(8),
    )  # fmt: skip


@pytest.mark.parametrize("bias", [True, False])
def test_one_and_three_dimensions_and_single_samples(bias: bool) -> None:
    def call(name: str, **options: Any) -> Any:
        return lambda torch, x, w, b=None: getattr(torch.nn.functional, name)(x, w, b, **options)

    def biased(*shape: int) -> tuple[Any, ...]:
        return (normal(*shape),) if bias else ()

    compare(call("conv1d", stride=2, padding=1), normal(2, 3, 9), normal(4, 3, 3), *biased(4))
    compare(call("conv1d", dilation=2), normal(3, 9), normal(4, 3, 3), *biased(4))
    compare(call("conv2d", padding=(1, 0), stride=(1, 2)), normal(3, 5, 4), normal(4, 3, 2, 3), *biased(4))
    compare(call("conv3d", padding=(1, 0, 2), groups=2), normal(2, 4, 3, 4, 5), normal(6, 2, 2, 3, 2), *biased(6))
    compare(call("conv_transpose1d", stride=2, output_padding=1), normal(2, 3, 5), normal(3, 4, 3), *biased(4))
    compare(call("conv_transpose2d", padding=(1, 0)), normal(3, 4, 3), normal(3, 4, 2, 3), *biased(4))
    compare(call("conv_transpose3d", stride=(1, 2, 1)), normal(1, 2, 3, 2, 2), normal(2, 3, 2, 3, 2), *biased(3))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_by_name(padding: str) -> None:
    compare(
        lambda torch, x, w: torch.nn.functional.conv2d(x, w, padding=padding, dilation=(1, 2)),
        normal(2, 3, 6, 7), normal(4, 3, 4, 3),
    )  # fmt: skip


def test_pointwise_and_whole_image_kernels() -> None:
    compare(lambda torch, x, w: torch.nn.functional.conv2d(x, w), normal(2, 3, 4, 5), normal(6, 3, 1, 1))
    compare(lambda torch, x, w: torch.nn.functional.conv2d(x, w), normal(2, 3, 4, 5), normal(6, 3, 4, 5))
    compare(lambda torch, x, w: torch.nn.functional.conv2d(x, w), normal(0, 3, 4, 5), normal(6, 3, 2, 2), second=False)


def test_complex_numbers() -> None:
    def call(torch: Any, *parts: Any) -> Any:
        x, w = torch.complex(*parts[:2]), torch.complex(*parts[2:])
        return torch.view_as_real(torch.nn.functional.conv2d(x, w, padding=1))

    compare(call, normal(2, 2, 4, 3), normal(2, 2, 4, 3), normal(3, 2, 2, 2), normal(3, 2, 2, 2))


def test_layout_in_memory_makes_no_difference() -> None:
    x, w = normal(2, 3, 6, 5), normal(4, 3, 3, 2)
    expected = nn.functional.conv2d(mt.tensor(x), mt.tensor(w)).numpy()
    for source in (np.asfortranarray(x), np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)):
        found = nn.functional.conv2d(mt.from_numpy(source), mt.from_numpy(np.asfortranarray(w)))
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_blocks_of_samples_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows are laid out a cache-sized block of samples at a time; here two of five."""
    arrays = normal(5, 2, 6, 6), normal(4, 2, 3, 3)

    def gradients() -> list[Any]:
        x, w = (mt.tensor(a, requires_grad=True) for a in arrays)
        out = nn.functional.conv2d(x, w, padding=1)
        (out * out).sum().backward()
        return [out.detach().numpy(), x.grad.numpy(), w.grad.numpy()]

    expected = gradients()
    monkeypatch.setattr(windows, "BLOCK", 2 * 2 * 9 * 36 + 5)
    for found, value in zip(gradients(), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-12)


# -- layers

SIGNAL, IMAGE, VOLUME = (0.1 * normal(*shape) for shape in ((2, 4, 9), (2, 4, 7, 6), (2, 4, 4, 5, 3)))


@pytest.mark.parametrize("padding_mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, (2, 1), "same", "valid"])
def test_conv2d_layer(padding_mode: str, padding: Any) -> None:
    layers["compare"](lambda nn: nn.Conv2d(4, 6, 3, padding=padding, padding_mode=padding_mode), IMAGE)


def test_other_layers() -> None:
    compare = layers["compare"]
    compare(lambda nn: nn.Conv1d(4, 6, 3, 2, groups=2), SIGNAL)
    compare(lambda nn: nn.Conv1d(4, 6, (3,), padding="same", padding_mode="circular", bias=False), SIGNAL)
    compare(lambda nn: nn.Conv2d(4, 8, (3, 2), (2, 1), dilation=2, groups=4, bias=False), IMAGE)
    compare(lambda nn: nn.Conv3d(4, 2, (2, 3, 1), padding=1, padding_mode="replicate"), VOLUME)
    compare(lambda nn: nn.ConvTranspose1d(4, 6, 3, 2, 1, 1), SIGNAL)
    compare(lambda nn: nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2, dilation=(1, 2)), IMAGE)
    compare(lambda nn: nn.ConvTranspose2d(4, 6, 3, 2, bias=False), IMAGE[0])
    compare(lambda nn: nn.ConvTranspose3d(4, 2, 2, (1, 2, 2)), VOLUME)


def test_the_size_of_a_transposed_convolution_can_be_asked_for() -> None:
    def with_size(*size: int) -> Any:
        return lambda x: (x, size)

    for size in ((14, 12), (13, 11), (2, 6, 14, 11)):
        layers["compare"](lambda nn: nn.ConvTranspose2d(4, 6, 3, 2, 1), IMAGE, prepare=with_size(*size))
    same_error(lambda torch, x: torch.nn.ConvTranspose2d(4, 6, 3, 2, 1)(x, (15, 12)), IMAGE.astype("f"))


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_lazy_layers_become_ordinary_ones() -> None:
    torch = pytest.importorskip("torch")
    for name, options, x in (
        ("Conv1d", {"padding": 1}, SIGNAL),
        ("Conv2d", {"groups": 2}, IMAGE[0]),
        ("Conv3d", {"bias": False}, VOLUME),
        ("ConvTranspose1d", {"stride": 2}, SIGNAL),
        ("ConvTranspose2d", {"stride": 2, "output_padding": 1}, IMAGE),
        ("ConvTranspose3d", {}, VOLUME),
    ):
        found = []
        for library in (mt, torch):
            layer = getattr(library.nn, "Lazy" + name)(6, 2, **options)
            before = repr(layer)
            library.manual_seed(1)
            out = layer(library.from_numpy(x.astype("f")))
            assert type(layer).__name__ == name
            found.append((before, repr(layer), tuple(out.shape), out.detach().numpy()))
        assert found[0][:3] == found[1][:3]
        np.testing.assert_allclose(found[0][3], found[1][3], rtol=1e-4, atol=1e-5)
        assert type(layer).__name__ == name


def test_a_lazy_layer_can_be_loaded_and_copied_before_its_first_input() -> None:
    trained = nn.Conv2d(4, 6, 3)
    lazy = copy.deepcopy(nn.LazyConv2d(6, 3))
    lazy.load_state_dict(trained.state_dict())
    x = mt.randn(1, 4, 5, 5)
    assert mt.equal(lazy(x), trained(x))
    with pytest.raises(ValueError, match="in_channels must be divisible by groups"):
        nn.LazyConv2d(6, 3, groups=3)(x)
    with pytest.raises(RuntimeError, match="Expected 3D .unbatched. or 4D"):
        nn.LazyConv2d(6, 3)(mt.randn(4, 5))


def test_layers_are_pickled_and_copied() -> None:
    layer = nn.Conv2d(4, 6, 3, padding="same", padding_mode="reflect")
    x = mt.randn(1, 4, 5, 5)
    for again in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
        assert mt.equal(again(x), layer(x))


# -- errors

X, W, B = (np.ones(shape, np.float32) for shape in ((2, 3, 4, 4), (2, 3, 3, 3), (2,)))


@pytest.mark.parametrize(
    ("arrays", "options"),
    [
        ((X[0, 0], W), {}),
        ((X[:, :1], W), {}),
        ((X[0, :1], W), {}),
        ((X[:, :, :2, :2], W), {}),
        ((X[:, :, :2, :2], W), {"padding": (0, 1), "dilation": 2}),
        ((X.astype(np.float64), W, B), {}),
        ((X.astype(np.uint8), W, B), {}),
        ((X.astype(np.int64), W, B), {}),
        ((X, W, np.ones(3, np.float32)), {}),
        ((X, W), {"padding": "same", "stride": 2}),
        ((X, W), {"padding": "half"}),
        ((X, W), {"padding": -1}),
        ((X, W), {"stride": 0}),
        ((X, W), {"dilation": 0}),
    ],
)
def test_errors_of_conv2d_are_pytorchs(arrays: Any, options: Any) -> None:
    same_error(lambda torch, *tensors: torch.nn.functional.conv2d(*tensors, **options), *arrays)


def test_other_errors() -> None:
    def transposed(**options: Any) -> Any:
        return lambda torch, *tensors: torch.nn.functional.conv_transpose2d(*tensors, **options)

    same_error(transposed(), np.ones((2, 4, 4, 4), "f"), np.ones((3, 2, 3, 3), "f"), start=92)
    same_error(transposed(output_padding=1), X, np.ones((3, 2, 3, 3), "f"), start=60)
    same_error(transposed(), X, np.ones((3, 2, 3, 3), "f"), np.ones(3, "f"))
    with pytest.raises(RuntimeError, match=r"groups=2, expected weight to be divisible by 2 at dimension 0"):
        nn.functional.conv2d(mt.ones(2, 4, 4, 4), mt.ones(3, 2, 3, 3), groups=2)
    with pytest.raises(RuntimeError, match="expected a weight of 4 dimensions"):
        nn.functional.conv2d(mt.ones(2, 4, 4, 4), mt.ones(3, 2, 3))
    with pytest.raises(RuntimeError, match="take a smaller padding"):
        nn.functional.conv_transpose2d(mt.ones(1, 3, 1, 1), mt.ones(3, 2, 3, 3), padding=2)
    with pytest.raises(RuntimeError, match="stride should be a whole number or 2 of them"):
        nn.functional.conv2d(mt.ones(2, 4, 4, 4), mt.ones(4, 4, 3, 3), stride=(1, 2, 3))


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("Conv2d", (3, 4, 3), {"groups": 2}),
        ("Conv2d", (4, 3, 3), {"groups": 2}),
        ("Conv2d", (4, 3, 3), {"groups": 0}),
        ("Conv2d", (4, 3, 3), {"padding": "half"}),
        ("Conv2d", (4, 3, 3), {"padding": "same", "stride": 2}),
        ("Conv2d", (4, 3, 3), {"padding_mode": "mirror"}),
        ("ConvTranspose2d", (4, 3, 3), {"padding_mode": "reflect"}),
    ],
)
def test_errors_of_layers_are_pytorchs(name: str, arguments: Any, options: Any) -> None:
    start = 26 if "pad" in str(options) else None  # PyTorch lists the choices in the order of a set
    same_error(lambda torch: getattr(torch.nn, name)(*arguments, **options), start=start)


def test_only_what_is_needed_is_kept() -> None:
    """The input of a frozen kernel may be changed in place, and so may the output, by a ReLU that follows."""
    x = mt.randn(1, 2, 4, 4, requires_grad=True)
    w = mt.randn(3, 2, 3, 3)
    h = x * 1
    out = nn.functional.conv2d(h, w)
    h.mul_(2)
    nn.functional.relu(out, inplace=True).sum().backward()
    assert x.grad is not None
