"""Pooling against PyTorch: every option, forward, gradients and second derivatives; layers and errors."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn

oracle = runpy.run_path(str(Path(__file__).with_name("function_oracle.py")))
compare, same_error, normal, by_name = oracle["compare"], oracle["same_error"], oracle["normal"], oracle["by_name"]
layers = runpy.run_path(str(Path(__file__).with_name("layer_oracle.py")))


def same_indices(name: str, x: Any, *arguments: Any, **options: Any) -> None:
    torch = pytest.importorskip("torch")
    call = by_name(name, *arguments, return_indices=True, **options)
    for dtype in (np.float32, np.int64):
        try:
            expected = call(torch, torch.from_numpy(x.astype(dtype)))
        except NotImplementedError:
            continue  # adaptive pooling of whole numbers
        found = call(mt, mt.from_numpy(x.astype(dtype)))
        for mine, theirs in zip(found, expected, strict=True):
            assert mine.dtype == theirs.numpy().dtype
            np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


@pytest.mark.parametrize("kernel", [1, 2, 3, (3, 2)])
@pytest.mark.parametrize("stride", [None, 1, (2, 3)])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_windows(kernel: Any, stride: Any, ceil_mode: bool) -> None:
    x = normal(2, 3, 8, 7)
    for padding in (0, 1) if kernel != 1 else (0,):
        options = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode}
        for dilation in (1, 2):
            compare(by_name("max_pool2d", kernel, dilation=dilation, **options), x)
            same_indices("max_pool2d", 3 * x, kernel, dilation=dilation, **options)
        for counted in (False, True):
            compare(by_name("avg_pool2d", kernel, count_include_pad=counted, **options), x)
        compare(by_name("avg_pool2d", kernel, divisor_override=3, **options), x)


def test_one_and_three_dimensions_and_single_samples() -> None:
    signal, volume = normal(3, 9), normal(1, 2, 4, 5, 6)
    for ceil_mode in (False, True):
        options = {"stride": 2, "padding": 1, "ceil_mode": ceil_mode}
        for name in ("max_pool1d", "avg_pool1d"):
            compare(by_name(name, 3, **options), signal)
            compare(by_name(name, 3, **options), signal[None])
        for name in ("max_pool3d", "avg_pool3d"):
            compare(by_name(name, (2, 3, 2), **options), volume)
            compare(by_name(name, 2, **options), volume[0])
        compare(by_name("max_pool2d", 3, **options), volume[0, 0])
        compare(by_name("avg_pool2d", 3, **options), volume[0, 0])
        same_indices("max_pool1d", signal, 3, **options)
        same_indices("max_pool3d", volume, 2, **options)


@pytest.mark.parametrize("size", [1, 2, 3, 5, (1, 7), (None, 4), (9, 8), (11, 3)])
def test_adaptive_windows(size: Any) -> None:
    x = normal(2, 3, 9, 8)
    for array in (x, x[0]):
        compare(by_name("adaptive_avg_pool2d", size), array)
        compare(by_name("adaptive_max_pool2d", size), array)
    same_indices("adaptive_max_pool2d", x, size)


def test_adaptive_windows_in_one_and_three_dimensions() -> None:
    compare(by_name("adaptive_avg_pool1d", 4), normal(2, 3, 7))
    compare(by_name("adaptive_max_pool1d", 4), normal(3, 7))
    compare(by_name("adaptive_avg_pool3d", (2, 3, None)), normal(1, 2, 3, 5, 4))
    compare(by_name("adaptive_max_pool3d", (2, 3, None)), normal(1, 2, 3, 5, 4))


def test_the_first_of_equal_elements_is_the_largest() -> None:
    x = np.zeros((1, 1, 4, 4))
    compare(by_name("max_pool2d", 2), x)
    compare(by_name("max_pool2d", 3, 1, 1), x)
    compare(by_name("adaptive_max_pool2d", 3), x)
    same_indices("max_pool2d", x, 3, 1, 1)


def test_nan_and_infinity_stay_in_their_windows() -> None:
    x = normal(1, 1, 4, 6)
    x[0, 0, 0, 0], x[0, 0, 0, 4], x[0, 0, 2:, 2:4] = np.nan, np.inf, -np.inf
    compare(by_name("avg_pool2d", 2), x, second=False)
    torch = pytest.importorskip("torch")
    expected = torch.nn.functional.max_pool2d(torch.from_numpy(x), 2).numpy()
    np.testing.assert_array_equal(nn.functional.max_pool2d(mt.from_numpy(x), 2).numpy(), expected)
    assert nn.functional.max_pool2d(mt.from_numpy(x), 2, padding=1, return_indices=True)[1].numpy().min() >= 0


def test_layers() -> None:
    compare, image = layers["compare"], normal(2, 3, 8, 7)
    compare(lambda nn: nn.MaxPool2d(2), image)
    compare(lambda nn: nn.MaxPool2d((3, 2), 2, padding=1, dilation=(1, 2), ceil_mode=True), image)
    compare(lambda nn: nn.MaxPool1d(3), image[0])
    compare(lambda nn: nn.MaxPool3d(2, 1), image)
    compare(lambda nn: nn.AvgPool2d(2), image)
    compare(lambda nn: nn.AvgPool2d(3, 2, 1, True, False), image)
    compare(lambda nn: nn.AvgPool2d(3, divisor_override=2), image)
    compare(lambda nn: nn.AvgPool1d((2,), (3,), (1,)), image[0])
    compare(lambda nn: nn.AvgPool3d(2, ceil_mode=True), image)
    for name in ("AdaptiveAvgPool", "AdaptiveMaxPool"):
        compare(lambda nn, name=name: getattr(nn, name + "1d")(3), image[0])
        compare(lambda nn, name=name: getattr(nn, name + "2d")((None, 3)), image)
        compare(lambda nn, name=name: getattr(nn, name + "3d")(2), image)
    values, indices = nn.MaxPool2d(2, return_indices=True)(mt.tensor(image))
    assert mt.equal(values.flatten(2), mt.gather(mt.tensor(image).flatten(2), 2, indices.flatten(2)))
    assert nn.AdaptiveMaxPool2d(2, return_indices=True)(mt.tensor(image))[1].dtype == mt.int64


X = np.ones((1, 2, 4, 4), np.float32)


@pytest.mark.parametrize(
    ("x", "arguments", "options", "start"),
    [
        (X[:, :, :2, :2], (3,), {}, None),
        (X, (2,), {"padding": 2}, None),
        (X, (3,), {"padding": 2, "dilation": 1}, None),
    ],
)
def test_errors_of_max_pool2d_are_pytorchs(x: Any, arguments: Any, options: Any, start: int | None) -> None:
    same_error(by_name("max_pool2d", *arguments, **options), x, start=start)


def test_other_errors() -> None:
    x = mt.ones(1, 2, 4, 4)
    same_error(by_name("avg_pool2d", 5), X)
    same_error(by_name("avg_pool2d", 2, divisor_override=0), X)
    with pytest.raises(RuntimeError, match="stride should be greater than zero, but got stride=.0, 0."):
        nn.functional.max_pool2d(x, 2, stride=0)
    with pytest.raises(RuntimeError, match="kernel_size should be a whole number or 2 of them"):
        nn.functional.max_pool2d(x, (2, 2, 2))
    with pytest.raises(RuntimeError, match=r"Expected 3D .* or 4D .* input to max_pool2d, but got .* \[4, 4\]"):
        nn.functional.max_pool2d(x[0, 0], 2)
    with pytest.raises(RuntimeError, match="output_size must have 2 numbers"):
        nn.functional.adaptive_avg_pool2d(x, (1, 2, 3))
    with pytest.raises(RuntimeError, match="elements of output_size must be greater than 0"):
        nn.functional.adaptive_avg_pool2d(x, 0)
