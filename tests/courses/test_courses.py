"""Programs in the style of courses, written for PyTorch: what they print under PyTorch and under this library agrees.

Words and whole numbers must be equal. Numbers with a point may differ by ``TOLERANCE``: both libraries draw the same
numbers and begin with the same weights, and differ in the order in which float32 sums are taken.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
TOLERANCE = 2e-4  # relative, and absolute below 1
NUMBER = re.compile(r"[-+]?\d+\.\d*(?:e[-+]?\d+)?|[-+]?\d+e[-+]?\d+")


def printed(*command: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_there_are_ten_of_them() -> None:
    assert len(PROGRAMS) >= 10


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_prints_the_same(program: Path) -> None:
    pytest.importorskip("torch")
    ours, theirs = printed("-m", "minitorch_optim.as_torch", str(program)), printed(str(program))
    assert len(ours) == len(theirs) > 1
    for mine, its in zip(ours, theirs, strict=True):
        assert NUMBER.sub("#", mine) == NUMBER.sub("#", its)
        mine_numbers, its_numbers = (list(map(float, NUMBER.findall(line))) for line in (mine, its))
        assert mine_numbers == pytest.approx(its_numbers, rel=TOLERANCE, abs=TOLERANCE), f"{mine}\n{its}"
