"""Files of safetensors, both ways, and what is said where the package is missing."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim.serialization import SerializationError

DTYPES = "float16 float32 float64 int8 uint8 int16 int32 int64 bool complex64".split()


def by_hand(dtype: str, shape: list[int], data: bytes) -> bytes:
    """A file with one tensor, ``w``."""
    header = json.dumps({"w": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}).encode()
    return len(header).to_bytes(8, "little") + header + data


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match=r"pip install 'minitorch_optim\[interop\]'"):
        mt.save({"w": mt.ones(1)}, tmp_path / "a.safetensors")
    with pytest.raises(ImportError, match=r"is a file of safetensors.*pip install 'minitorch_optim\[interop\]'"):
        mt.load(io.BytesIO(by_hand("F32", [1], bytes(4))))


def test_a_state_dict_comes_back(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    model = mt.nn.Sequential(mt.nn.Linear(2, 3), mt.nn.BatchNorm1d(3))
    state = model.state_dict() | {t: mt.ones(2, 3).to(getattr(mt, t)).t() for t in DTYPES} | {"empty": mt.zeros(0, 2)}
    mt.save(state, tmp_path / "a.safetensors")  # the ending says so
    loaded = mt.load(tmp_path / "a.safetensors")
    assert sorted(loaded) == sorted(state)
    for name, tensor in state.items():
        assert loaded[name].dtype == tensor.dtype and loaded[name].shape == tensor.shape
        assert (loaded[name] == tensor).all()
    loaded["0.weight"].zero_()  # in memory of its own
    del loaded["empty"]
    model.load_state_dict(loaded, strict=False)
    assert not model[0].weight.any()


def test_files_of_the_package_and_for_it(tmp_path: Path) -> None:
    package = pytest.importorskip("safetensors.numpy")
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([True, False])}
    loaded = mt.load(io.BytesIO(package.save(arrays)))
    assert {name: tensor.tolist() for name, tensor in loaded.items()} == {k: v.tolist() for k, v in arrays.items()}
    mt.save(loaded, tmp_path / "file", format="safetensors")
    theirs = package.load_file(tmp_path / "file")
    for name, array in arrays.items():
        assert np.array_equal(theirs[name], array) and theirs[name].dtype == array.dtype


def test_bfloat16_becomes_float32() -> None:
    pytest.importorskip("safetensors")
    content = by_hand("BF16", [2], np.array([0x3FC0, 0xC000], "<u2").tobytes())
    assert mt.load(io.BytesIO(content))["w"].tolist() == [1.5, -2.0]


def test_other_things_are_refused() -> None:
    pytest.importorskip("safetensors")
    for value in ([mt.ones(1)], {1: mt.ones(1)}):
        with pytest.raises(TypeError, match="holds a dict from names to tensors"):
            mt.save(value, io.BytesIO(), format="safetensors")
    for member in (3, mt.eye(2).to_sparse(), mt.ones(1, dtype=mt.complex128)):
        with pytest.raises(TypeError, match="'w' is a .* holds dense tensors of its own dtypes only"):
            mt.save({"w": member}, io.BytesIO(), format="safetensors")


def test_damaged_files_are_refused() -> None:
    pytest.importorskip("safetensors")
    content = by_hand("F32", [2], bytes(8))
    for damaged in (content[:-1], content.replace(b'"shape"', b'"shaqe"'), content.replace(b"[2]", b"[9]")):
        with pytest.raises(SerializationError, match="the file object is damaged, or in no known format"):
            mt.load(io.BytesIO(damaged))
