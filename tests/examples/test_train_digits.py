"""The demo as a user runs it: it learns, it says what it did, and a bad option gets one clear line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "train_digits.py"


def run(*arguments, folder):
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def test_it_learns_to_read_digits(tmp_path):
    result = run(folder=tmp_path)
    assert result.returncode == 0, result.stderr
    accuracy = float(re.search(r"held-out accuracy ([\d.]+)%", result.stdout).group(1))
    assert accuracy >= 97.5
    assert "learning curve" in result.stdout
    if "needs matplotlib" not in result.stdout:
        assert (tmp_path / "learning_curve.png").stat().st_size > 10_000
    for shown in ("loss=", "accuracy=", "lr=", "epoch=30/30"):
        assert shown in result.stderr


def test_options_are_obeyed(tmp_path):
    one, two, other = (
        run(*"--optimizer SGD --lr 0.1 --epochs 2 --batch-size 50 --plot a.png --seed".split(), seed, folder=tmp_path)
        for seed in ("1", "1", "2")
    )
    figures = [result.stdout.splitlines()[0] for result in (one, two, other)]
    assert figures[0] == figures[1] != figures[2]
    assert "epoch=2/2" in one.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--optimizer", "Adm"], "invalid choice: 'Adm'"),
        (["--lr", "-1"], "argument --lr: expected a positive float, got '-1'"),
        (["--lr", "nan"], "argument --lr: expected a positive float, got 'nan'"),
        (["--epochs", "0"], "argument --epochs: expected a positive int, got '0'"),
        (["--batch-size", "1"], "batch normalisation needs at least 2 images"),
        (["--seed", "x"], "argument --seed: invalid int value: 'x'"),
        (["--plot", "no/such/folder.png"], "the folder 'no/such' does not exist"),
    ],
)
def test_a_bad_value_gets_one_line_and_exit_code_2(arguments, message, tmp_path):
    result = run(*arguments, folder=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout
