"""Run every example of mistakes.md and write what it says below it, and the table at the top.

An example is a ``python`` block; what follows it, up to the next line of prose, is the ``text`` block with the error,
the hint or the report. Each example runs by itself, after the first block of the page, which holds the imports.

    python docs/make_mistakes.py
"""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
import warnings
from pathlib import Path
from typing import Any, NamedTuple

PAGE = Path(__file__).with_name("mistakes.md")
EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\n(\n```text\n(?P<said>.*?)```\n)?", re.DOTALL)
TABLE = re.compile(r"(?<=<!-- table -->\n).*?(?=<!-- end of table -->)", re.DOTALL)
WIDTH = 110


class Outcome(NamedTuple):
    """What an example said, and how: ``error``, ``hint`` or ``report``."""

    kind: str
    text: str


def wrapped(text: str) -> str:
    """Long lines in several, the further ones indented."""
    lines = []
    for line in text.expandtabs(4).splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        lines += textwrap.wrap(
            line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return "\n".join(lines) + "\n"


def outcome(setup: str, code: str) -> Outcome:
    """Run an example after the imports."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(setup, namespace)
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(compile(code, "example.py", "exec"), namespace)
        except Exception as error:
            notes = getattr(error, "__notes__", [])  # from Python 3.11 on
            return Outcome(f"error: {type(error).__name__}", "\n".join([f"{type(error).__name__}: {error}", *notes]))
    hints = dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in warned if issubclass(w.category, UserWarning))
    if hints:
        return Outcome(f"hint: {next(iter(hints)).partition(':')[0]}", "\n".join(hints))
    return Outcome("report of `lint_training`" if "lint_training" in code else "printed", printed.getvalue())


def made(page: str) -> str:
    """The page with all that the examples say now."""
    setup, *examples = EXAMPLE.finditer(page)
    outcomes = [outcome(setup["code"], example["code"]) for example in examples]
    for example, result in reversed(list(zip(examples, outcomes, strict=True))):
        block = f"```python\n{example['code']}```\n\n```text\n{wrapped(result.text)}```\n"
        page = page[: example.start()] + block + page[example.end() :]
    return TABLE.sub(lambda _: table(page, outcomes), page)


def table(page: str, outcomes: list[Outcome]) -> str:
    """A line for each heading with an example: the mistake, and what happens."""
    lines = ["| mistake | what happens |", "|---|---|"]
    remaining = iter(outcomes)
    for part in re.split(r"^#+ ", page, flags=re.MULTILINE):
        title, _, body = part.partition("\n")
        results = [next(remaining) for _ in re.findall(r"^```text$", body, re.MULTILINE)]
        if results:
            kinds = "; ".join(dict.fromkeys(result.kind for result in results))
            lines.append(f"| [{title}](#{anchor(title)}) | {kinds} |")
    return "\n".join(lines) + "\n"


def anchor(title: str) -> str:
    """What a link to a heading names it by, in repositories and on the site."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text()))
