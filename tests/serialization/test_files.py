"""``save`` and ``load`` in our own format: what comes back, what stays shared, what is refused and in which words."""

from __future__ import annotations

import gzip
import io
import pickle
import random
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.serialization import SerializationError


def through_a_file(value: Any, **options: Any) -> Any:
    file = io.BytesIO()
    mt.save(value, file, **options)
    file.seek(0)
    return mt.load(file)


def same(a: Any, b: Any) -> bool:
    """Equal in type, structure, dtype, shape and bits."""
    if type(a) is not type(b):
        return False
    if isinstance(a, mt.Tensor):
        if a.is_sparse:
            return same(a._array.indices, b._array.indices) and same(a._array.values, b._array.values)
        return a.requires_grad == b.requires_grad and same(a._array, b._array)
    if isinstance(a, np.ndarray | np.generic):
        return bool(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return repr(a) == repr(b)


x = mt.arange(12).float().view(3, 4)
VALUES: dict[str, Any] = {
    "tensor": x,
    "transposed": x.t(),
    "every other": x[::2, 1::2],
    "expanded": mt.ones(3).expand(2, 3),
    "permuted": mt.rand(2, 3, 4).permute(1, 0, 2),
    "empty": mt.zeros(0, 3),
    "0-d": mt.tensor(2.5),
    "backwards": np.arange(5)[::-1],
    "parameter": nn.Parameter(mt.ones(2)),
    "frozen": nn.Parameter(mt.ones(2), requires_grad=False),
    "requires grad": mt.ones(2, requires_grad=True),
    "sparse": mt.eye(3).to_sparse(),
    "uncoalesced": mt.sparse_coo_tensor([[1, 1]], [1.0, 2.0], (3,)),
    "numbers": [0, -1, 2**62, -(2**63), 2**200, True, False, None, 0.1, -0.0, float("nan"), float("-inf"), 1 - 2j],
    "text": ["", "é", "\ud800", "\0", b"", b"\xff\0"],
    "containers": {"a": (1, [2, {"b": ()}]), "c": OrderedDict(z=1, y=2), 3: Counter([1, 1]), (1, "k"): {1, 2}},
    "frozenset": frozenset({"a"}),
    "types": [mt.Size([1, 2]), mt.float16, mt.bool, mt.device("cpu"), mt.get_rng_state()],
    "array": np.array([["a", "bc"]]),
    "times": np.array(["2020-02-02", "NaT"], "M8[D]"),
    "bytes array": np.array([b"x", b"yz"]),
    "big-endian": np.arange(3, dtype=">i4"),
    "scalars": [np.float32(1.5), np.int8(-1), np.bool_(True), np.float64(np.nan), np.complex64(1j)],
    "generator of Python": random.Random(0).getstate(),
    "generator of NumPy": np.random.RandomState(0).get_state(legacy=False),
} | {f"dtype {t}": mt.ones(3).to(getattr(mt, t)) for t in "float16 float64 int8 uint8 int16 int32 int64 bool".split()}


@pytest.mark.parametrize("name", VALUES)
def test_comes_back(name: str) -> None:
    assert same(VALUES[name], through_a_file(VALUES[name]))


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
tensors = arrays.arrays(
    st.sampled_from(["f4", "f8", "i8", "u1", "?", "c8"]), arrays.array_shapes(min_dims=0, min_side=0, max_side=3)
).map(mt.from_numpy)
nested = st.recursive(
    scalars | tensors,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(nested)
@settings(max_examples=150)
def test_any_nesting_comes_back(value: Any) -> None:
    assert same(value, through_a_file(value))


def test_what_is_shared_stays_shared() -> None:
    weight = nn.Parameter(mt.zeros(4))
    part = [1]
    base = mt.zeros(10)
    saved = {
        "encoder": weight, "decoder": weight, "detached": weight.detach(),
        "part": part, "again": (part,), "low": base[:6], "high": base[4:],
    }  # fmt: skip
    loaded = through_a_file(saved)
    assert loaded["encoder"] is loaded["decoder"]
    loaded["detached"][0] = 5.0
    assert loaded["encoder"].tolist() == [5.0, 0, 0, 0]
    assert loaded["again"][0] is loaded["part"]
    loaded["low"][4:] = 7.0
    assert loaded["high"].tolist() == [7.0, 7.0, 0, 0, 0, 0]


def test_of_a_large_tensor_only_the_part_that_is_saved_is_written() -> None:
    large = mt.zeros(1_000_000)
    for parts in ([large[:10], large[-10:]], large[::100_000], mt.zeros(1).expand(10**9)):
        file = io.BytesIO()
        mt.save(parts, file)
        assert len(file.getvalue()) < 1000


def test_loaded_tensors_can_be_written_to_and_trained() -> None:
    model = nn.Linear(2, 1)
    loaded = through_a_file(model.state_dict())
    loaded["weight"].add_(1.0)
    other = nn.Linear(2, 1)
    other.load_state_dict(loaded)
    assert (other.weight == model.weight + 1.0).all() and loaded["weight"]._array is not model.weight._array


def test_computed_tensors_become_leaves() -> None:
    y = mt.ones(2, requires_grad=True) * 2
    loaded = through_a_file(y)
    assert loaded.is_leaf and loaded.requires_grad and loaded.tolist() == [2.0, 2.0]


def test_several_values_one_after_the_other_in_one_file_object() -> None:
    file = io.BytesIO()
    for i in range(3):
        mt.save([i, mt.full((i,), float(i))], file)
    file.seek(0)
    assert [mt.load(file)[0] for _ in range(3)] == [0, 1, 2]


def test_paths_and_file_objects(tmp_path: Path) -> None:
    for path in (tmp_path / "a", str(tmp_path / "b"), str(tmp_path / "c").encode()):
        mt.save({"x": 1}, path)
        assert mt.load(path, map_location="cpu") == {"x": 1}
    with gzip.open(tmp_path / "d", "wb") as file:
        mt.save(x, file)
    with gzip.open(tmp_path / "d") as file:
        assert same(mt.load(file, map_location=lambda storage, place: storage), x)

    class Pipe:
        def __init__(self, content: bytes) -> None:
            self.read = io.BytesIO(content).read

    assert mt.load(Pipe((tmp_path / "a").read_bytes()), weights_only=False) == {"x": 1}


# -- what is refused ----------------------------------------------------------------------------


def test_whole_models_are_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match=r"the object is a .*Linear, which cannot be saved: .*Save its state_dict\(\)"):
        mt.save(nn.Linear(1, 1), io.BytesIO())
    with pytest.raises(TypeError, match=r"the object\['parts'\]\[1\] is a .*SGD, .*Save its state_dict\(\)"):
        mt.save({"parts": [1, mt.optim.SGD([mt.ones(1)], lr=1.0)]}, io.BytesIO())


@pytest.mark.parametrize("value", [object(), len, defaultdict(list), np.array([None]), range(3), np.zeros(1, "i4,i4")])
def test_other_things_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=r"save: the object\['a'\]"):
        mt.save({"a": value}, io.BytesIO())


def test_keys_and_nesting() -> None:
    with pytest.raises(TypeError, match="keys are strings, numbers"):
        mt.save({((1,),): 1}, io.BytesIO())
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="contains itself, or is nested too deeply"):
        mt.save(endless, io.BytesIO())


def test_arguments() -> None:
    with pytest.raises(ValueError, match="format is one of 'minitorch', 'torch', 'safetensors', got 'zip'"):
        mt.save(1, io.BytesIO(), format="zip")
    with pytest.raises(RuntimeError, match=r"device 'cuda' is not available"):
        mt.load(io.BytesIO(), map_location="cuda")
    with pytest.raises(FileNotFoundError):
        mt.load("no/such/file")


def test_an_object_that_is_refused_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    mt.save(1, path)
    with pytest.raises(TypeError):
        mt.save([1, object()], path)
    assert mt.load(path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["weights"]


# -- damaged and foreign files ------------------------------------------------------------------


def test_the_error_names_the_file_and_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    mt.save({"w": mt.ones(100)}, path)
    content = path.read_bytes()
    for changed, what in {
        content[:-1]: "it should have .* bytes and has .*: it was cut off",
        content[:20]: "it ends after 20 bytes",
        content + b"x": "something was appended to it",
        content[:40] + b"#" + content[41:]: "the checksum of its description is wrong",
        content[:-100] + b"#" + content[-99:]: "the checksum of piece 1 of 1 is wrong",
        b"": "is empty",
        content[:8] + b"\x02" + content[9:]: "is in version 2 of the format",
        b"hello world, this is text": "in no format that is known here",
        pickle.dumps({"w": 1}): "is a pickle.*is not executed",
        b"\x93NUMPY\1\0": r"numpy.load\(\)",
    }.items():
        path.write_bytes(changed)
        with pytest.raises(SerializationError, match=f"weights.pt'.*{what}"):
            mt.load(path)


def test_archives_of_numpy_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.ones(2))
    with pytest.raises(SerializationError, match=r"file of NumPy: read it with numpy.load\(\)"):
        mt.load(tmp_path / "a.npz")
