"""Checks of the finished site: every public name is documented, and every link inside leads somewhere."""

from __future__ import annotations

import inspect
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from . import public

# ---------------------------------------------------------------------------------------------- names


def undocumented(inventory: Path) -> list[str]:
    """What is missing: a docstring, or the entry in the built site."""
    return [*without_docstring(), *without_entry(names_in(inventory))]


def without_docstring() -> list[str]:
    """Public names, and public methods of public classes, that do not say what they are."""
    faults = []
    for name in public.all_names():
        if public.documented_as()[id(name.value)] is not name:
            continue
        if public.is_data(name.value):
            if not public.describe_data(name):
                faults.append(f"{name.full}: data without a sentence in docs/making/public.py")
            continue
        if not name.value.__doc__:  # not that of a base, which `inspect.getdoc` would take for a class
            faults.append(f"{name.full}: no docstring")
        if inspect.isclass(name.value):
            faults += [f"{name.full}.{method}: no docstring" for method in mute_methods(name.value)]
    return faults


def mute_methods(cls: type) -> list[str]:
    """Public methods and properties, written in this class, without a docstring of their own or a base's."""
    return [
        attribute
        for attribute, value in vars(cls).items()
        if not attribute.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod))
        and not inspect.getdoc(getattr(cls, attribute))
    ]


def without_entry(known: set[str]) -> list[str]:
    """Public names whose object has no entry in the inventory."""
    faults = []
    for name in public.all_names():
        documented = public.documented_as()[id(name.value)]
        if documented.full not in known and name.full not in known:
            faults.append(f"{name.full}: no entry in the site ({documented.full} is not in objects.inv)")
    return faults


def names_in(inventory: Path) -> set[str]:
    """The Python names in an ``objects.inv``: four lines of text, then lines that are compressed."""
    content = inventory.read_bytes().split(b"\n", 4)[4]
    lines = zlib.decompress(content).decode("utf-8").splitlines()
    return {line.split(" ", 1)[0] for line in lines if " py:" in line}


# ---------------------------------------------------------------------------------------------- links


class Page(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attributes)
        for attribute in ("href", "src"):
            if given.get(attribute):
                self.links.append(given[attribute])
        for attribute in ("id", "name"):
            if given.get(attribute):
                self.anchors.add(given[attribute])


def broken_links(html: Path) -> list[str]:
    """Links within the site whose file or anchor is not there."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in html.rglob("*.html")}
    return [
        f"{path.relative_to(html.resolve())}: {link} leads nowhere"
        for path, page in pages.items()
        for link in dict.fromkeys(page.links)
        if not resolves(link, path, pages)
    ]


def resolves(link: str, path: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True  # outside
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target not in pages or anchor in pages[target].anchors
