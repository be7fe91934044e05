"""What Sphinx is taught for this site: formulas, references by short names, and mathematics without a script."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.utils.math import latex2mathml
from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Text
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, NumpyDocstring

from . import public


class FormulaLexer(RegexLexer):
    """Formulas in code order. What stands to the right of an equation, after two spaces or more, is a remark."""

    name = "formula"
    tokens = {
        "root": [
            (r"^(.*\S = .*[^\s,;])( {2,}\S.*)$", bygroups(Text, Comment)),
            (r".+", Text),
            (r"\n", Text),
        ]
    }
    flags = re.MULTILINE


UNDERLINE = re.compile(r"-{3,} *")  # of the heading of a section

# Parameters, results and attributes become lists, with types and shapes in words.
NAPOLEON: dict[str, Any] = {
    "napoleon_use_param": False,
    "napoleon_use_rtype": False,
    "napoleon_custom_sections": [("Attributes", "params_style")],
}


def write_docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = as_restructured_text(lines)


def as_restructured_text(lines: list[str]) -> list[str]:
    """A docstring as this project writes them, section by section.

    References stand line by line, and formulas in a sentence, such as ``|x|`` or (N, *), are taken for what they are.
    """
    config = Config(**NAPOLEON)
    result: list[str] = []
    for section in sections(separate_references(escape_formulas(lines))):
        converted = NumpyDocstring(section, config, what="module").lines()
        if len(section) > 1 and UNDERLINE.fullmatch(section[1]):
            converted = [line.replace(" -- ", ": ", 1) for line in converted]
        result += [*converted, ""]
    return result


def sections(lines: list[str]) -> Iterator[list[str]]:
    """The sections of numpydoc, and what is between them.

    numpydoc lets a section go on to the next heading; here it also ends where text begins again without indentation
    after an empty line, as the examples do.
    """
    section: list[str] = []
    in_list = False
    for i, line in enumerate(lines):
        begins = line.strip() != "" and not line.startswith(" ")
        headed = begins and i + 1 < len(lines) and UNDERLINE.fullmatch(lines[i + 1]) is not None
        if headed or (in_list and begins and i > 0 and not lines[i - 1].strip()):
            yield section
            section, in_list = [], headed
        section.append(line)
    yield section


def separate_references(lines: list[str]) -> list[str]:
    """Under "References", every line of the docstring is a line of the page."""
    result: list[str] = []
    inside = False
    for i, line in enumerate(lines):
        underline = lines[i + 1] if i + 1 < len(lines) else ""
        if UNDERLINE.fullmatch(underline):
            inside = line.strip() == "References"
        is_text = inside and line.strip() not in ("", "References") and not UNDERLINE.fullmatch(line)
        result.append(f"| {line.strip()}" if is_text else line)
    return result


def escape_formulas(lines: list[str]) -> list[str]:
    """Give bars and stars a backslash in sentences, not in examples, blocks and ``literals``."""
    result: list[str] = []
    block: int | None = None  # the indentation that a block must exceed, while in one
    example = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.strip():
            if block is not None and indent <= block:
                block = None
            example = example or line.lstrip().startswith(">>>")
        else:
            example = False
        if block is not None or example or not line.strip():
            result.append(line)
            continue
        parts = re.split(r"(``.+?``)", line)
        result.append("".join(part if part.startswith("``") else escape_sentence(part) for part in parts))
        if line.rstrip().endswith("::"):
            block = indent
    return result


def escape_sentence(text: str) -> str:
    text = re.sub(r"(?<!\\)\|", r"\\|", text)
    emphasis = re.compile(r"(?<![\w*])\*(?:\w[^*`]*\w|\w)\*(?![\w*])")
    pieces = emphasis.split(text)
    return "".join(
        piece.replace("*", r"\*") + stressed for piece, stressed in zip(pieces, [*emphasis.findall(text), ""])
    )


def find_by_short_name(app: Sphinx, env: Any, node: Any, contnode: Any) -> Any:
    """``:func:`relu``` means the one that is nearest to the page, wherever it is documented."""
    if node.get("refdomain") != "py":
        return None
    domain = env.domains["py"]
    target = node["reftarget"]
    here = node.get("py:module") or ""
    found = [name for name in documented_names_of(target) if name in domain.objects]
    found = found or [name for name in domain.objects if name.endswith("." + target)]  # a method
    if found:
        nearest = min(found, key=lambda name: (-shared_beginning(name, here), name.count("."), name))
        entry = domain.objects[nearest]
        from sphinx.util.nodes import make_refnode

        return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, nearest)
    if node.get("refspecific"):  # a word of a type field, not a reference that somebody wrote
        return contnode
    return None


def documented_names_of(target: str) -> list[str]:
    """Under which names that is documented which somebody calls ``target``, by any of its public names."""
    return [
        public.documented_as()[id(name.value)].full
        for name in public.by_last_part().get(target.rpartition(".")[2], ())
        if name.full == target or name.full.endswith("." + target)
    ]


def shared_beginning(name: str, module: str) -> int:
    shared = 0
    for mine, theirs in zip(name.split("."), module.split(".")):
        if mine != theirs:
            break
        shared += 1
    return shared


BACK = re.compile(r'id="([\w.]+)">\n<a class="viewcode-back" href="[^"]*">(.*?)</a>')


def lead_back_from_sources(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """From a page of source code to the entry: viewcode guesses its name, and many objects have several."""
    if not page.startswith("_modules/minitorch_optim"):
        return
    module = page.removeprefix("_modules/").replace("/", ".")
    objects = app.env.domains["py"].objects

    def back(match: re.Match[str]) -> str:
        place, text = match.groups()
        entry = objects.get(entry_of(module, place))
        if entry is None:
            return f'id="{place}">'
        target = f"{app.builder.get_relative_uri(page, entry.docname)}#{entry.node_id}"
        return f'id="{place}">\n<a class="viewcode-back" href="{target}">{text}</a>'

    context["body"] = BACK.sub(back, context["body"])


def entry_of(module: str, place: str) -> str:
    """Under which name the function or class, or the method, is documented that a file calls ``place``."""
    first, dot, rest = place.partition(".")
    documented = public.documented_as().get(id(getattr(sys.modules[module], first, None)))
    return "" if documented is None else documented.full + dot + rest


# log x, but not log(x): there is room between the name of a function and what it is taken of.
FUNCTION = re.compile(r"<mo>&ApplyFunction;</mo>(?!\s*<mo[^>]*>\()")
# The index of a letter with an accent, which docutils puts below the letter.
ACCENT_AND_INDEX = re.compile(
    r'<munderover>\s*(<mi>[^<]*</mi>)(.*?)(<mo stretchy="false">[ˉˆ˜˙¨→]</mo>)\s*</munderover>', re.DOTALL
)


def mathml(formula: str, as_block: bool) -> str:
    """MathML as docutils writes it, but for what looks otherwise in TeX."""
    written = latex2mathml.tex2mathml(formula, as_block=as_block)
    written = FUNCTION.sub('<mspace width="0.17em"/>', written)
    return ACCENT_AND_INDEX.sub(r'<msub><mover accent="true">\1\3</mover>\2</msub>', written)


def visit_math(self: Any, node: Any) -> None:
    self.body.append(mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def visit_displaymath(self: Any, node: Any) -> None:
    self.body.append(f'<div class="math">{mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_lexer("formula", FormulaLexer)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    app.connect("autodoc-process-docstring", write_docstring)
    app.connect("missing-reference", find_by_short_name)
    app.connect("html-page-context", lead_back_from_sources)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
