"""Kill a process in the middle of ``save``, again and again, and look at the file each time.

    python tests/serialization/killing.py COUNT FOLDER

A child saves version 1, 2, 3 ... of a state to one path, without a pause; the parent kills it at a moment of chance
and loads the file. It must be whole, and of the last version that the child had finished or of the one it was writing.
A kill in the middle of writing leaves an unfinished file behind; it goes on until there were COUNT of these. Prints
all kills, and the saves that were finished.
"""

from __future__ import annotations

import os
import random
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import minitorch_optim as mt

killed = runpy.run_path(str(Path(__file__).parents[1] / "killed.py"))["killed"]


def state(version: int) -> dict[str, Any]:
    """1.2 MB that all say which version they belong to."""
    return {"version": version, "parts": [mt.full((60_000,), float(version)) for _ in range(5)]}


def main(count: int, folder: Path) -> None:
    """``count`` kills in the middle of writing."""
    path = folder / "state"
    chance = random.Random(0)
    mt.save(state(0), path)
    version = saves = kills = unfinished = 0

    def save_without_end(report: Callable[[], None]) -> None:
        for new in range(version + 1, version + 1_000_000):
            mt.save(state(new), path)
            report()

    while unfinished < count:
        finished, status = killed(save_without_end, chance, 2)
        assert os.WIFSIGNALED(status), "a save ended with an error"
        saves, kills = saves + finished, kills + 1
        loaded = mt.load(path)
        assert loaded["version"] - version in (finished, finished + 1), (loaded["version"], version, finished)
        assert all((part == loaded["version"]).all() and part.numel() == 60_000 for part in loaded["parts"])
        version = loaded["version"]
        for left in folder.iterdir():
            if left != path:
                assert left.name.startswith(".state.") and left.name.endswith(".unfinished"), left
                left.unlink()
                unfinished += 1
        assert kills <= 20 * count, f"only {unfinished} of {kills} kills came in the middle of writing"
    print(kills, saves)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
