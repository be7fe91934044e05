"""Right programs, as learners write them: no hint while they run, and no finding of lint_training.

Each file of ``right_programs`` is a whole program with a function ``step``. A false alarm is worse than silence, so
what is unusual and right has its place here: gradients that add up, frozen parts, two optimizers, a trained input.
"""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest

from minitorch_optim import lint_training

PROGRAMS = sorted(Path(__file__).with_name("right_programs").glob("*.py"))
WARM_UP = "learning rate 0"  # its advice says that a warmup from 0 is no mistake


def program(path: Path) -> dict[str, Any]:
    """The names of a program, whose hints are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return runpy.run_path(str(path))


def test_there_are_programs() -> None:
    assert len(PROGRAMS) > 40


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_no_hint_and_no_finding(path: Path) -> None:
    names = program(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = lint_training(names["step"], evaluate=names.get("evaluate"))
        assert not report, report
        for _ in range(4):
            names["step"]()
        report = lint_training(names["step"], runs=3)
        assert not [finding for finding in report if finding.rule != WARM_UP], report
        if "evaluate" in names:
            names["evaluate"]()
