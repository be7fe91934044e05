"""PyTorch's files, both ways; and that a model and its optimizer go on there, and back, as if they had not moved."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim.serialization import SerializationError

torch = pytest.importorskip("torch")
torch.set_num_threads(1)


def to_torch(value: Any) -> Any:
    """What we wrote, read by PyTorch with its restricted reader."""
    file = io.BytesIO()
    mt.save(value, file, format="torch")
    file.seek(0)
    return torch.load(file, weights_only=True)


def from_torch(value: Any, **options: Any) -> Any:
    file = io.BytesIO()
    torch.save(value, file, **options)
    file.seek(0)
    return mt.load(file)


def alike(ours: Any, theirs: Any) -> bool:
    """The same structure with the same numbers, in the two libraries."""
    if isinstance(ours, mt.Tensor):
        if ours.is_sparse:
            ours, theirs = ours.to_dense(), theirs.to_dense()
        return (
            isinstance(theirs, torch.nn.Parameter) == isinstance(ours, mt.nn.Parameter)
            and ours.requires_grad == theirs.requires_grad
            and np.array_equal(ours.detach().numpy(), theirs.detach().numpy())
            and ours.dtype == theirs.detach().numpy().dtype
        )
    if isinstance(ours, dict):
        same_keys = type(ours) is type(theirs) and list(ours) == list(theirs)
        return same_keys and all(alike(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, list | tuple):
        same_kind = type(ours).__name__ == type(theirs).__name__
        return same_kind and len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if isinstance(ours, np.dtype):
        return str(theirs) == f"torch.{ours}"
    return str(ours) == str(theirs)


def values(lib: Any) -> dict[str, Any]:
    """The same things in either library."""
    x = lib.arange(12).float().view(3, 4)
    return {
        "x": x, "transposed": x.t(), "part": x[1:, ::2], "expanded": lib.ones(3).expand(2, 3), "0-d": lib.tensor(1.0),
        "empty": lib.zeros(0, 3), "parameter": lib.nn.Parameter(lib.ones(2)),
        "frozen": lib.nn.Parameter(lib.ones(2), requires_grad=False), "grad": lib.ones(1, requires_grad=True),
        "sparse": lib.sparse_coo_tensor([[2, 0]], [[1.0, 2.0], [3.0, 4.0]], (4, 2)),
        "dtypes": [lib.ones(2).to(getattr(lib, t)) for t in DTYPES],
        "complex": lib.tensor([1 + 2j]), "unsigned": lib.from_numpy(np.arange(3, dtype=np.uint16)),
        "numbers": [0, 255, 256, 65536, -1, 2**31, 2**62, -(2**63), 2**200, 0.1, float("inf"), True, False, None, 1j],
        "text": ["", "é", "\ud800", b"", b"\xff\0a"], "nested": {"a": (1, [2, ()], {}), 3: OrderedDict(z=1)},
        "more": [Counter([1, 1]), {1}, lib.Size([1, 2]), lib.device("cpu"), lib.float32, lib.bool, set()],
        "many": [[i] for i in range(300)],
    }  # fmt: skip


DTYPES = "float16 float32 float64 int8 uint8 int16 int32 int64 bool complex64 complex128".split()


@pytest.mark.parametrize("name", values(mt))
def test_from_here_to_pytorch(name: str) -> None:
    assert alike(values(mt)[name], to_torch(values(mt)[name]))


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", values(mt))
def test_from_pytorch_to_here(name: str, protocol: int) -> None:
    assert alike(from_torch(values(torch)[name], pickle_protocol=protocol), values(torch)[name])


def test_strides_are_kept_but_for_gaps() -> None:
    x = mt.rand(3, 4, 5)
    for ours in (x.permute(2, 0, 1), x.transpose(0, 1), mt.ones(3).expand(2, 3)):
        assert to_torch(ours).stride() == ours.stride() == from_torch(to_torch(ours)).stride()
    assert to_torch(x[::2, :, ::2]).stride() == (12, 3, 1)


def test_what_is_shared_stays_shared() -> None:
    base = mt.zeros(10)
    weight = mt.nn.Parameter(mt.ones(2))
    theirs = to_torch({"low": base[:6], "high": base[4:], "a": weight, "b": weight})
    theirs["low"][4:] = 7.0
    assert theirs["high"].tolist() == [7.0, 7.0, 0, 0, 0, 0] and theirs["a"] is theirs["b"]
    ours = from_torch(theirs)
    ours["low"][5] = 8.0
    assert ours["high"][1].item() == 8.0 and ours["a"] is ours["b"]


def test_bfloat16_becomes_float32() -> None:
    ours = from_torch(torch.tensor([[1.5, -2.0], [3.0, 0.1]], dtype=torch.bfloat16).t())
    assert ours.dtype == mt.float32 and ours.tolist() == [[1.5, 3.0], [-2.0, 0.10009765625]]


def test_data_are_aligned_and_pytorch_can_map_them(tmp_path: Path) -> None:
    mt.save([mt.ones(3), mt.ones(5)], tmp_path / "a.pt", format="torch")
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        for record in archive.infolist():
            assert (record.header_offset + 30 + len(record.filename) + len(record.extra)) % 64 == 0
    assert [t.tolist() for t in torch.load(tmp_path / "a.pt", mmap=True)] == [[1.0] * 3, [1.0] * 5]


# -- what cannot be written or read -------------------------------------------------------------


def test_what_pytorch_would_not_read_is_not_written() -> None:
    for value in (np.ones(2), np.float32(1), frozenset([1])):
        with pytest.raises(TypeError, match=r"the object\['a'\] is a .*weights_only=True\) does not take: convert it"):
            mt.save({"a": value}, io.BytesIO(), format="torch")
    with pytest.raises(TypeError, match="whole numbers of 255 at most"):
        mt.save(2**3000, io.BytesIO(), format="torch")
    x = mt.ones(2, dtype=mt.complex64)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        mt.save([x, mt.view_as_real(x)], io.BytesIO(), format="torch")


def test_whole_models_and_programs_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SerializationError, match=r"asks for torch.nn.*Linear, which is not data.*model.state_dict\(\)"):
        from_torch(torch.nn.Linear(1, 1))
    with pytest.raises(SerializationError, match="before version 1.6"):
        from_torch(torch.ones(1), _use_new_zipfile_serialization=False)


def test_nothing_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(trace),)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        pickled = pickle.dumps({"a": Trap()}, protocol)
        pickle.loads(pickled)  # the trap does work
        trace.rmdir()
        with pytest.raises(SerializationError, match="mkdir|pickle instruction"):
            mt.load(archive_of(pickled))
        assert not trace.exists()


def archive_of(pickled: bytes, **records: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for name, content in records.items():
            archive.writestr(f"archive/data/{name}", content)
    file.seek(0)
    return file


def tensor_of(storage: str, count: int, rest: str) -> bytes:
    """The pickle of one tensor, by hand: ``rest`` is offset, size, stride and whether it requires grad."""
    head = f"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n{storage}\nX\x01\0\0\0000X\x03\0\0\0cpu"
    return b"\x80\x02" + head.encode() + b"M" + count.to_bytes(2, "little") + b"tQ" + rest.encode("latin1") + b"tR."


def test_a_tensor_by_hand() -> None:
    file = archive_of(tensor_of("FloatStorage", 2, "K\0K\x02\x85K\x01\x85\x89)"), **{"0": np.float32([1, 2]).tobytes()})
    assert mt.load(file).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "pickled, what",
    [
        (tensor_of("FloatStorage", 2, "K\0K\x03\x85K\x01\x85\x89)"), "takes the bytes 0 to 12 of a piece of 8"),
        (tensor_of("FloatStorage", 2, "K\1K\x02\x85K\x01\x85\x89)"), "takes the bytes 4 to 12 of a piece of 8"),
        (tensor_of("FloatStorage", 2, "K\0K\x02\x85J\xff\xff\xff\xff\x85\x89)"), "takes the bytes -4 to 4"),
        (tensor_of("FloatStorage", 2, "K\0J\xff\xff\xff\xff\x85K\x01\x85\x89)"), "describe no array"),
        (tensor_of("FloatStorage", 3, "K\0K\x02\x85K\x01\x85\x89)"), "storage 0 has 8 bytes instead of 12"),
        (tensor_of("FloatStorage", 2, "K\0)K\x01\x85\x89)"), "describe no array"),
        (tensor_of("LongStorage", 1, "K\0K\x01\x85K\x01\x85\x88)"), "require gradients"),
        (b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.", "asks for os.system"),
        (b"\x80\x02cbuiltins\neval\nX\x02\0\0\0ls\x85R.", "asks for builtins.eval"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n.", "a function or a storage where a value should be"),
        (b"\x80\x02]ctorch\nFloatStorage\na.", "a function or a storage where a value should be"),
        (b"\x80\x02K\x01)R.", "a call of something that is no function"),
        (b"\x80\x02}]K\x01s.", "a list as a key"),
        (b"\x80\x02})" + b"\x85" * 100_000 + b"K\x01s.", "a tuple as a key"),  # hashing it would overflow the stack
        (b"\x80\x02(", "ends in the middle"),
        (b"\x80\x02h\x05.", "damaged"),
        (b"\x80\x02.", "damaged"),
        (b"\x80\x02KKK\x01.", "damaged"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "ends in the middle"),
        (b"", "ends in the middle"),
    ],
)  # fmt: skip
def test_pickles_that_make_no_sense(pickled: bytes, what: str) -> None:
    with pytest.raises(SerializationError, match=what):
        mt.load(archive_of(pickled, **{"0": bytes(8)}))


def test_archives_that_are_bombs_or_ambiguous(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + b"]" * 10_000_000 + b".")
    with pytest.raises(SerializationError, match="'archive/data.pkl' is compressed"):
        mt.load(io.BytesIO(file.getvalue()))
    with pytest.warns(UserWarning, match="Duplicate name"):
        file = archive_of(b"\x80\x02N.")
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02K\x01.")
    with pytest.raises(SerializationError, match="two of its records have the same name"):
        mt.load(io.BytesIO(file.getvalue()))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme", b"hello")
    with pytest.raises(SerializationError, match="zip archive without the data.pkl"):
        mt.load(io.BytesIO(file.getvalue()))
    # 100 records in the place of one: each is within the file, all together are not.
    file = archive_of(b"\x80\x02N.", **{f"{i:03}": bytes(1) for i in range(100)})
    content = bytearray(file.getvalue())
    large = bytes(10_000)
    at = 0
    while (at := content.find(b"PK\1\2", at)) >= 0:
        content[at + 20 : at + 28] = len(large).to_bytes(4, "little") * 2
        at += 4
    with pytest.raises(SerializationError, match="records claim more bytes"):
        mt.load(io.BytesIO(bytes(content)))


# -- trajectories -------------------------------------------------------------------------------

STEPS = 10


def parts(lib: Any, name: str) -> tuple[Any, Any]:
    lib.manual_seed(0)
    layers = lib.nn.Linear(5, 8), lib.nn.BatchNorm1d(8), lib.nn.Tanh(), lib.nn.Linear(8, 1)
    model = lib.nn.Sequential(*layers).double()
    options = {"SGD": {"momentum": 0.9}, "LBFGS": {"max_iter": 3}}.get(name, {})
    return model, getattr(lib.optim, name)(model.parameters(), lr=0.01, **options)


def train(lib: Any, model: Any, optimizer: Any, first: int) -> list[float]:
    losses = []
    for step in range(first, first + STEPS):
        x = np.random.RandomState(step).randn(16, 5).astype(np.float64)
        inputs, targets = lib.from_numpy(x), lib.from_numpy(x[:, :1] ** 2)

        def closure(inputs: Any = inputs, targets: Any = targets) -> Any:
            optimizer.zero_grad()
            loss = ((model(inputs) - targets) ** 2).mean()
            loss.backward()
            return loss

        losses.append(optimizer.step(closure).item())
    return losses


def moved(lib: Any, name: str, path: Path) -> tuple[Any, Any]:
    model, optimizer = parts(lib, name)
    state = lib.load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return model, optimizer


@pytest.mark.parametrize(
    "name", "SGD Adam AdamW Adagrad Adadelta Adamax RMSprop Rprop ASGD NAdam RAdam LBFGS".split()
)  # fmt: skip
def test_training_goes_on_in_pytorch_and_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    model, optimizer = parts(torch, name)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    expected = train(torch, model, optimizer, 0) + train(torch, model, optimizer, STEPS)
    expected += train(torch, model, optimizer, 2 * STEPS)

    model, optimizer = moved(mt, name, path)
    losses = train(mt, model, optimizer, 0)
    mt.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path, format="torch")
    model, optimizer = moved(torch, name, path)
    losses += train(torch, model, optimizer, STEPS)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    model, optimizer = moved(mt, name, path)
    losses += train(mt, model, optimizer, 2 * STEPS)
    assert losses == pytest.approx(expected, rel=1e-6 if name == "LBFGS" else 1e-11)


def test_a_move_and_back_changes_no_bit(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    model, optimizer = parts(mt, "Adam")
    train(mt, model, optimizer, 0)
    mt.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path, format="torch")
    theirs, their_optimizer = moved(torch, "Adam", path)
    torch.save({"model": theirs.state_dict(), "optimizer": their_optimizer.state_dict()}, path)
    other, other_optimizer = moved(mt, "Adam", path)
    assert train(mt, model, optimizer, STEPS) == train(mt, other, other_optimizer, STEPS)
