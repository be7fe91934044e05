"""The example of weight averaging as a user runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "swa_digits.py"


def run(*arguments: str) -> Any:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=300)


def test_five_seeds() -> None:
    result = run()
    assert result.returncode == 0, result.stderr
    *seeds, mean = result.stdout.splitlines()
    assert [line.split(":")[0] for line in seeds] == [f"seed {i}" for i in range(5)]
    plain, averaged = (float(number) for number in re.findall(r"([\d.]+)%", mean))
    assert averaged >= 97.5 and averaged > plain - 0.3
    for shown in ("30/30", "loss=", "lr=2.0e-01", "batch statistics"):
        assert shown in result.stderr


def test_the_same_seed_gives_the_same_figures() -> None:
    short = "--seeds 1 --epochs 4 --swa-start 2 --batch-size 50 --swa-lr 0.05".split()
    assert run(*short).stdout == run(*short).stdout != run(*short, "--lr", "0.05").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "5", "--swa-start", "5"], "--swa-start: must be below --epochs, got 5 and 5"),
        (["--lr", "-1"], "argument --lr: expected a positive float, got '-1'"),
        (["--batch-size", "1"], "batch normalisation needs at least 2 images"),
    ],
)
def test_a_bad_value_gets_one_line_and_exit_code_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2 and message in result.stderr and len(result.stderr.splitlines()) == 1
