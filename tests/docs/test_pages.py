"""What the pages print is what happens: every block of Python in them is run, and examples give what they show."""

from __future__ import annotations

import doctest
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim.optim import SGD, lr_scheduler, swa_utils

ROOT = Path(__file__).resolve().parents[2]

# docs/mistakes.md is made by running its blocks, many of which end in an error: tests/teaching makes it again.
PAGES = [page for page in sorted(ROOT.glob("docs/*.md")) if page.stem != "mistakes"]
PAGES += [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "examples" / "notebooks" / "README.md"]

FENCE = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> Iterator[tuple[int, str]]:
    """The blocks of Python, with the lines at which they begin."""
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        indent = match[1]
        lines = [line.removeprefix(indent) for line in match[2].splitlines()]
        yield text.count("\n", 0, match.start(2)) + 1, "\n".join(lines) + "\n"


def beginning(page: Path) -> dict[str, Any]:
    """The names that the text around the blocks speaks of."""
    names: dict[str, Any] = {"np": np, "derivative": torch.derivative}
    if page.stem == "schedules":
        names |= vars(lr_scheduler) | vars(swa_utils)
        names["optimizer"] = SGD([torch.tensor([1.0], requires_grad=True)], lr=0.1, momentum=0.9)
    return names


def run(page: Path) -> int:
    """Run the blocks of a page, one after the other; returns how many there were."""
    names = beginning(page)
    runner = doctest.DocTestRunner(verbose=False)
    said: list[str] = []
    found = 0
    for line, block in blocks(page):
        found += 1
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, page.name, str(page), line - 1)
            runner.run(test, out=said.append, clear_globs=False)
            names = test.globs
        else:
            exec(compile("\n" * (line - 1) + block, str(page), "exec"), names)
    assert not said, "".join(said)
    return found


@pytest.fixture
def table_as_it_was() -> Iterator[None]:
    """CONTRIBUTING.md enters a row."""
    rows = dict(torch.TABLE)
    yield
    torch.TABLE.clear()
    torch.TABLE.update(rows)


@pytest.fixture
def pytorch_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests may have imported it; ``alias_torch()`` on a page wants the name for itself."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_run(page: Path, table_as_it_was: None, pytorch_not_imported: None) -> None:
    run(page)


def test_a_wrong_example_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n   ```python\n   >>> 1 + 1\n   3\n   ```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r'page.md", line 4(.|\n)*Got:\n *2'):
        run(page)
    page.write_text("```python\nassert 1 == 2\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        run(page)
    page.write_text("```python\nx = 1\n```\nand\n```python\n>>> x + 1\n2\n```\n", encoding="utf-8")
    assert run(page) == 2


def test_index_lists_every_page() -> None:
    """A page of docs/ that nobody links to would not be found."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for guide in ("choosing", "from_pytorch", "design", "extending", "library", "parity", "same_numbers"):
        assert re.search(rf"^{guide}$", index, re.MULTILINE), guide


LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_hold_in_the_repository(page: Path) -> None:
    """A page is read there too, as it stands: its links lead to files, and those to code to the class they name."""
    if page.stem == "index":
        return  # of the site: the README stands in its place
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"\{(doc|ref|py:\w+)\}`", text)  # roles of the site alone
    for words, link in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        target = page.parent / link
        assert target.exists(), f"[{words}]({link})"
        if "/minitorch_optim/optim/" in link:
            assert f"\nclass {words}(" in target.read_text(encoding="utf-8"), f"[{words}]({link})"


def test_what_is_said_to_be_missing_is_missing() -> None:
    page = (ROOT / "docs" / "from_pytorch.md").read_text(encoding="utf-8")
    section = page.partition("## What is not there")[2].partition("A name that is not here")[0]
    places = [torch, torch.nn, torch.nn.functional, torch.nn.utils, torch.linalg, torch.distributions]
    places += [torch.autograd, torch.autograd.functional]
    there = {name for name in re.findall(r"`([\w.]+)`", section) if any(has(place, name) for place in places)}
    assert there == {
        "autograd.functional", "jacobian", "hessian", "jvp", "vjp", "hvp", "vhp",
        "float16", "float32", "float64", "minitorch_optim.datasets",
        "Normal", "Bernoulli", "Binomial", "Categorical", "Multinomial", "Poisson",
    }  # fmt: skip


def has(place: Any, name: str) -> bool:
    for part in name.removeprefix("minitorch_optim.").split("."):
        place = getattr(place, part, None)
    return place is not None
