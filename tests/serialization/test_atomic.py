"""A file at a path is the old one or the new one, whatever happens while it is written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import minitorch_optim as mt
from minitorch_optim.serialization.atomic import replacing

KILLS = int(os.environ.get("MINITORCH_KILLS", "40"))  # in the middle of writing: they take about four seconds

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


@pytest.mark.skipif(not hasattr(os, "fork") or not hasattr(signal, "SIGKILL"), reason="needs fork and SIGKILL")
def test_a_save_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killing.py")
    done = subprocess.run(
        [sys.executable, str(script), str(KILLS), str(tmp_path)], capture_output=True, text=True, cwd=script.parents[2]
    )
    assert done.returncode == 0, done.stderr
    kills, saves = map(int, done.stdout.split())
    assert saves >= kills >= KILLS, done.stdout


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_in_the_middle_leaves_the_old_file_alone(error: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(error), replacing(path) as file:
        file.write(b"new")
        raise error
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_it_is_on_the_disk_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, name=name, real=real: (order.append(name), real(*a)))
    mt.save(mt.ones(3), tmp_path / "file")
    assert order == ["fsync", "replace", "fsync"] if os.name == "posix" else ["fsync", "replace"]


def test_a_disk_that_is_full_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    mt.save(1, path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        mt.save(2, path)
    assert mt.load(path) == 1 and list(tmp_path.iterdir()) == [path]


@posix
def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    umask = os.umask(0o027)
    try:
        mt.save(1, path)
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o604)
    link.symlink_to(path)
    mt.save(2, link)
    assert link.is_symlink() and mt.load(path) == 2 and path.stat().st_mode & 0o777 == 0o604


@posix
def test_devices_are_written_to_and_folders_refused(tmp_path: Path) -> None:
    mt.save(1, os.devnull)
    assert not os.path.isfile(os.devnull)
    with pytest.raises(IsADirectoryError):
        mt.save(1, tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Parent directory .*nowhere does not exist: .*makedirs"):
        mt.save(1, tmp_path / "nowhere" / "file")
    for name in ("x" * 250, "ä" * 120):
        mt.save(1, tmp_path / name)
        assert mt.load(tmp_path / name) == 1
