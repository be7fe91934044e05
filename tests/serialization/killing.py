"""Kill a process in the middle of ``save``, again and again, and look at the file each time.

    python tests/serialization/killing.py COUNT FOLDER

A child saves version 1, 2, 3 ... of a state to one path, without a pause; the parent kills it after a few
milliseconds, at a moment of chance, and loads the file. It must be whole, and of the last version that the child had
finished or of the one it was writing. Prints the kills, the saves that were finished, and the unfinished files left
behind: so often the kill came in the middle of writing.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import minitorch_optim as mt


def state(version: int) -> dict[str, Any]:
    """1.2 MB that all say which version they belong to."""
    return {"version": version, "parts": [mt.full((60_000,), float(version)) for _ in range(5)]}


def child(path: Path, first: int, done: int) -> None:
    """Save without end; tell the pipe ``done`` after each."""
    for version in range(first, first + 1_000_000):
        mt.save(state(version), path)
        os.write(done, version.to_bytes(8, "little"))


def main(count: int, folder: Path) -> None:
    """``count`` kills."""
    path = folder / "state"
    chance = random.Random(0)
    mt.save(state(0), path)
    version = saves = 0
    for _ in range(count):
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            child(path, version + 1, writing)
        os.close(writing)
        time.sleep(chance.uniform(0.001, 0.04))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        told = b""
        while part := os.read(reading, 1 << 16):
            told += part
        os.close(reading)
        finished = int.from_bytes(told[-8:], "little") if told else version
        saves += len(told) // 8
        loaded = mt.load(path)
        assert loaded["version"] in (finished, finished + 1), (loaded["version"], finished)
        assert all((part == loaded["version"]).all() and part.numel() == 60_000 for part in loaded["parts"])
        version = loaded["version"]
    unfinished = [p for p in folder.iterdir() if p != path]
    assert all(p.name.startswith(".state.") and p.name.endswith(".unfinished") for p in unfinished)
    print(count, saves, len(unfinished))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
