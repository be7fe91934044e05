"""Files that were damaged or forged are refused, or read rightly: none runs code, none takes the memory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch_optim as mt
from minitorch_optim.serialization import SerializationError
from minitorch_optim.serialization.structure import read

COUNT = int(os.environ.get("MINITORCH_MUTATIONS", "10000"))  # take about 15 seconds
SEED = os.environ.get("MINITORCH_MUTATIONS_SEED", "0")


def test_ten_thousand_changed_files(tmp_path: Path) -> None:
    """In a process of its own, whose memory is limited and whose every act is watched."""
    files = []
    try:
        import torch
    except ImportError:
        pass
    else:
        model = torch.nn.Linear(2, 3)
        for protocol in (2, 4):
            files.append(tmp_path / f"protocol{protocol}.pt")
            value = {"state": model.state_dict(), "more": [torch.ones(3), {1}, 0.5, "x", model.weight]}
            torch.save(value, files[-1], pickle_protocol=protocol)
    script = Path(__file__).with_name("mutations.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(COUNT), SEED, *map(str, files)],
        capture_output=True,
        text=True,
        cwd=script.parents[2],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    read, refused, longest = map(float, done.stdout.split())
    assert read + refused == COUNT and refused > COUNT / 2 and read > COUNT / 50  # both were put to the test
    assert longest < 2.0


def test_bytes_that_would_take_the_memory_are_refused() -> None:
    """One byte, read again and again, is an array without a size of its own; as ``bytes`` it would have one."""
    for endless in (np.broadcast_to(np.uint8(1), (2**40,)), np.broadcast_to(np.uint8(1), (2**20, 2**20))):
        with pytest.raises(ValueError, match="bytes that do not lie in a row"):
            read([0], [["bytes", 0]], [endless])
    assert read([0], [["bytes", 0]], [np.frombuffer(b"ab", np.uint8)]) == b"ab"


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\x89MTO\r\n\x1a\n\1\0\0\0", b"PK\3\4", b"\x80\2", b"\x93NUMPY"])
)
@settings(max_examples=300)
def test_any_bytes_are_refused(content: bytes, start: bytes) -> None:
    with pytest.raises(SerializationError, match="the file object"):
        mt.load(io.BytesIO(start + content))


@given(st.binary(max_size=60))
@settings(max_examples=300)
def test_any_pickle_is_refused_or_data(pickled: bytes) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\2" + pickled + b".")
    file.seek(0)
    try:
        loaded = mt.load(file)
    except SerializationError:
        return
    assert isinstance(loaded, int | float | str | bytes | list | tuple | dict | set | frozenset | type(None))
