"""Padding and interpolation against PyTorch."""

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
IMAGE = normal(2, 3, 5, 6)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("sides", [(1, 2, 0, 3), (2, 1), (-1, 2, 1, -2), (0, 0, 1, 1), (0, -2, -1, 0)])
def test_pad(mode: str, sides: Any) -> None:
    x = IMAGE if len(sides) == 4 else IMAGE[0]
    compare(by_name("pad", sides, mode), x)


def test_pad_with_a_value_and_of_other_dtypes() -> None:
    compare(by_name("pad", (1, 0, -1, 2), value=2.5), IMAGE)
    compare(by_name("pad", (1, 0) * 4, "constant", -1.0), IMAGE)
    assert nn.functional.pad(mt.tensor([1, 2]), (1, 1), value=7).tolist() == [7, 1, 2, 7]
    assert nn.functional.pad(mt.tensor([True]), (0, 1)).tolist() == [True, False]


def test_padding_layers() -> None:
    volume = normal(2, 2, 3, 4, 5)
    for name in ("ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad"):
        layers["compare"](lambda nn, name=name: getattr(nn, name + "1d")((2, 1)), IMAGE[0])
        layers["compare"](lambda nn, name=name: getattr(nn, name + "2d")((2, 1, 0, 3)), IMAGE)
        layers["compare"](lambda nn, name=name: getattr(nn, name + "3d")(1), volume)
    layers["compare"](lambda nn: nn.ConstantPad1d(2, 1.5), IMAGE[0])
    layers["compare"](lambda nn: nn.ConstantPad2d((-1, 2, 0, 1), 1.5), IMAGE)
    layers["compare"](lambda nn: nn.ConstantPad3d(1, -1.0), volume)


def test_errors_of_padding() -> None:
    x = mt.tensor(IMAGE)
    same_error(by_name("pad", (1, 1), "mirror"), IMAGE[0], start=0)
    with pytest.raises(RuntimeError, match="Padding length must be divisible by 2"):
        nn.functional.pad(x, (1, 2, 3))
    with pytest.raises(RuntimeError, match=r"Padding size should be at most 5 in mode 'reflect'.*\(6, 0\) at dim"):
        nn.functional.pad(x, (6, 0), "reflect")
    with pytest.raises(RuntimeError, match="too few elements"):
        nn.functional.pad(x, (-4, -4))
    with pytest.raises(ValueError, match="doesn't take in value argument"):
        nn.functional.pad(x, (1, 1), "reflect", 2.0)
    with pytest.raises(ValueError, match="padding must have 4 numbers"):
        nn.ZeroPad2d((1, 2))


SIZES = [{"size": (7, 13)}, {"size": 3}, {"size": 1}, {"scale_factor": 2}, {"scale_factor": (1.7, 0.6)}]
SIZES.append({"scale_factor": 1.3, "recompute_scale_factor": True})


@pytest.mark.parametrize("options", SIZES, ids=str)
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "area", "bilinear", "bicubic"])
def test_interpolate(mode: str, options: Any) -> None:
    for align in (False, True) if mode[0] == "b" else (None,):
        compare(by_name("interpolate", mode=mode, align_corners=align, **options), IMAGE, second=False)


def test_interpolate_in_one_and_three_dimensions() -> None:
    for options in ({"size": 9}, {"scale_factor": 2.0}, {"size": 2}):
        for mode in ("nearest", "area", "linear"):
            compare(by_name("interpolate", mode=mode, **options), IMAGE[0], second=False)
        for mode in ("nearest", "area", "trilinear"):
            compare(by_name("interpolate", mode=mode, **options), IMAGE[None], second=False)


def test_nearest_neighbours_for_every_pair_of_sizes() -> None:
    torch = pytest.importorskip("torch")
    for n in range(1, 20):
        x = np.arange(n, dtype=np.float32)[None, None]
        for m in range(1, 40):
            expected = torch.nn.functional.interpolate(torch.from_numpy(x), m).numpy()
            found = nn.functional.interpolate(mt.from_numpy(x), m).numpy()
            np.testing.assert_array_equal(found, expected, err_msg=f"from {n} to {m}")


def test_upsampling_layers() -> None:
    compare = layers["compare"]
    compare(lambda nn: nn.Upsample(scale_factor=2), IMAGE)
    compare(lambda nn: nn.Upsample(size=(7, 8), mode="bilinear"), IMAGE)
    compare(lambda nn: nn.Upsample(scale_factor=(2, 1.5), mode="bicubic", align_corners=True), IMAGE)
    compare(lambda nn: nn.UpsamplingNearest2d(scale_factor=2), IMAGE)
    compare(lambda nn: nn.UpsamplingBilinear2d(size=(9, 4)), IMAGE)
    with pytest.warns(UserWarning, match=r"`nn\.functional\.upsample` is deprecated"):
        out = nn.functional.upsample(mt.tensor(IMAGE), scale_factor=2)
    assert mt.equal(out, nn.functional.interpolate(mt.tensor(IMAGE), scale_factor=2))


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({}, 46),
        ({"size": 2, "scale_factor": 2}, 48),
        ({"size": 2, "align_corners": True}, 83),
        ({"size": (2, 2), "mode": "linear"}, 12),
        ({"size": (2, 2), "mode": "cubic"}, 0),
    ],
)
def test_errors_of_interpolate_are_pytorchs(options: Any, start: int) -> None:
    same_error(by_name("interpolate", **options), IMAGE, start=start)
