"""docs/mistakes.md shows what its examples say: each is run, and the page made of that is the page that is there."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the page shows the notes of errors")
def test_the_page_shows_what_its_examples_say() -> None:
    make = runpy.run_path(str(DOCS / "make_mistakes.py"))
    page = make["PAGE"].read_text()
    assert make["made"](page) == page, "run `python docs/make_mistakes.py`"


def test_every_answer_is_an_error_a_hint_or_a_report() -> None:
    page = (DOCS / "mistakes.md").read_text()
    rows = page.partition("<!-- table -->\n")[2].partition("<!-- end of table -->")[0].splitlines()[2:]
    assert len(rows) == page.count("\n### ")
    for row in rows:
        answer = row.split("|")[2].strip()
        assert answer.startswith(("error: ", "hint: ", "report of `lint_training`")), row
