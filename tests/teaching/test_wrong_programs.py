"""Wrong programs, as learners write them, and what they are told: kind, beginning and advice of an error or a hint.

The table of ``test_mistakes.py`` compares beginnings with PyTorch's; in ``wrong_programs.txt`` are further disguises of
the same mistakes, of which most have words of our own. Where a program loops, a hint must come once.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

BEFORE = """
import numpy as np
import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F
from minitorch_optim.optim.lr_scheduler import *
from minitorch_optim.utils.data import DataLoader, TensorDataset, Dataset
torch.manual_seed(0)
x, y, t = torch.randn(32, 4), torch.arange(32) % 3, torch.randn(32, 1)
model = nn.Linear(4, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
"""

TEXT = Path(__file__).with_name("wrong_programs.txt").read_text()
PROGRAM = re.compile(r"(?P<code>(?:[^#\n].*\n)+?)=> (?P<said>.*)\n")
WRONG = {found["code"]: found["said"] for found in PROGRAM.finditer(TEXT)}


def said(program: str) -> str:
    """The error, with its kind, or the one hint of a program."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(BEFORE, names)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("default")  # as in a program: once for each place
        try:
            exec(compile(program, "program.py", "exec"), names)
        except Exception as error:
            assert not warned
            return f"{type(error).__name__}: {error}"
    (warning,) = warned
    assert warning.filename == "program.py"
    return f"{warning.category.__name__}: {warning.message}"


def test_there_are_programs() -> None:
    assert len(WRONG) == TEXT.count("\n=> ") > 70


@pytest.mark.parametrize("program", WRONG)
def test_a_wrong_program_is_told_what_to_do(program: str) -> None:
    text = said(program)
    beginning, *further = WRONG[program].split("...")
    assert text.startswith(beginning), text
    for words in further:
        assert words in text, text


def test_who_takes_any_names_is_given_them() -> None:
    names: dict[str, Any] = {}
    exec(BEFORE, names)

    class Wide(names["nn"].Module):  # type: ignore[misc, name-defined]
        def __init__(self, **options: Any) -> None:
            super().__init__()
            self.options = options

    assert Wide(anything=1).options == {"anything": 1}
