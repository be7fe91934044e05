"""The reference: one page for each public module, or for each family of functions where a module has many."""

from __future__ import annotations

import importlib
import inspect
import re
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import minitorch_optim
from minitorch_optim import optim

from . import public
from .extension import as_restructured_text, escape_sentence
from .public import Name

# These are so large that each of their files is a page.
BY_FILE = ("minitorch_optim", "minitorch_optim.nn", "minitorch_optim.nn.functional")

TITLES = {
    "minitorch_optim": "The face",
    "minitorch_optim.autograd": "autograd: the tape and the table",
    "minitorch_optim.optim": "optim: what all optimizers share",
    "minitorch_optim.optim.lr_scheduler": "lr_scheduler: what all schedules share",
}


def heading(title: str, mark: str = "=") -> list[str]:
    return [title, mark * len(title), ""]


def rendered(docstring: str | None) -> list[str]:
    return as_restructured_text(inspect.cleandoc(docstring or "").splitlines())


def introduction(path: str, module: ModuleType) -> list[str]:
    """The entry of a module in the index, and what the module says of itself."""
    return [f".. py:module:: {path}", "", *rendered(module.__doc__)]


def entry(name: Name, members: bool = True) -> list[str]:
    """The directive that documents one name."""
    documented = public.documented_as()[id(name.value)]
    if documented is not name:
        kind = "class" if inspect.isclass(name.value) else "function" if callable(name.value) else "data"
        link = f":py:obj:`{documented.name} <{documented.full}>`"
        arguments = signature(name.value) if kind == "function" else ""
        return [f".. py:{kind}:: {name.name}{arguments}", "", f"   Another name of {link}.", ""]
    if public.is_data(name.value):
        return [f".. py:data:: {name.name}", "", f"   {public.describe_data(name)}", ""]
    if inspect.isclass(name.value):
        return [f".. autoclass:: {name.full}", *(options_of(name.value) if members else []), ""]
    return [f".. autofunction:: {name.full}", ""]


def options_of(cls: type) -> list[str]:
    """Members are listed up to the first base that has an entry of its own, or comes from elsewhere."""
    above = list(cls.__mro__)[1:]
    for i, base in enumerate(above):
        if id(base) in public.documented_as() or not base.__module__.startswith(public.FACE):
            above = above[i:]
            break
    bases = ", ".join(base.__name__ for base in above)
    return ["   :members:", "   :exclude-members: rule", f"   :inherited-members: {bases}"]


def signature(function: Any, first: int = 0) -> str:
    """The parameters of a function, without their types."""
    parameters = list(inspect.signature(function).parameters.values())[first:]
    return str(inspect.Signature([p.replace(annotation=inspect.Parameter.empty) for p in parameters]))


def family(name: Name) -> str:
    """The module in whose file an object is written."""
    if public.is_data(name.value) and not hasattr(name.value, "__module__"):
        return "data"
    module = str(name.value.__module__)
    return module if module.startswith(public.FACE) else "data"


def is_elsewhere(name: Name) -> bool:
    """Whether an object is documented under another module's name, or on a page of its own."""
    documented = public.documented_as()[id(name.value)]
    return documented.module != name.module or has_page(name.value)


def optimizers() -> list[Name]:
    return [n for n in own_classes("minitorch_optim.optim", optim.Optimizer) if n.value is not optim.Optimizer]


def schedules() -> list[Name]:
    base = optim.lr_scheduler.LRScheduler
    found = own_classes("minitorch_optim.optim.lr_scheduler", base)
    return [n for n in found if n.value is not base] + own_classes("minitorch_optim.optim.swa_utils", base)


def own_classes(module: str, base: type) -> list[Name]:
    return [
        name
        for name in public.documented_as().values()
        if name.module == module and inspect.isclass(name.value) and issubclass(name.value, base)
    ]


def has_page(value: Any) -> bool:
    """Whether a class has a page of its own: optimizers and schedules do."""
    return any(value is name.value for name in [*optimizers(), *schedules()])


def write(path: Path, lines: list[str]) -> None:
    """Write a page; leave the file alone if it says the same, so that Sphinx need not read it again."""
    text = "\n".join(lines) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def toctree(pages: list[str], depth: int = 1, *options: str) -> list[str]:
    indented = [f"   {line}" for line in [f":maxdepth: {depth}", *options, "", *pages]]
    return [".. toctree::", *indented, ""]


def make_reference(source: Path) -> None:
    """Write reference/ into the sources of the site."""
    folder = source / "reference"
    pages = []
    for path, module in public.modules():
        names = [n for n in public.all_names() if n.module == path and not inspect.ismodule(n.value)]
        title = TITLES.get(path, path.removeprefix(public.FACE + "."))
        write(folder / f"{path}.rst", module_page(folder, path, module, names, title))
        pages.append(path)
    write(folder / "index.rst", [*heading("Reference"), *INTRODUCTION, *toctree(ordered(pages), 2)])


INTRODUCTION = [
    "Every public name, from its docstring. Signatures are written without types: these, and shapes, are in the text.",
    "``[source]`` shows the file, which is meant to be read.",
    "",
]


def ordered(pages: list[str]) -> list[str]:
    first = [
        "minitorch_optim", "minitorch_optim.autograd", "minitorch_optim.autograd.functional", "minitorch_optim.linalg",
        "minitorch_optim.special", "minitorch_optim.nn", "minitorch_optim.nn.functional", "minitorch_optim.nn.init",
        "minitorch_optim.nn.utils", "minitorch_optim.nn.utils.rnn", "minitorch_optim.optim",
        "minitorch_optim.optim.lr_scheduler", "minitorch_optim.optim.swa_utils", "minitorch_optim.utils",
        "minitorch_optim.utils.data", "minitorch_optim.plot", "minitorch_optim.teaching",
        "minitorch_optim.testing", "minitorch_optim.serialization", "minitorch_optim.datasets",
        "minitorch_optim.distributions",
    ]  # fmt: skip
    return sorted(pages, key=lambda page: (first.index(page) if page in first else len(first), page))


def module_page(folder: Path, path: str, module: ModuleType, names: list[Name], title: str) -> list[str]:
    lines = [*heading(title), *introduction(path, module)]
    here = [name for name in names if not is_elsewhere(name)]
    if path in BY_FILE:
        families = defaultdict(list)
        for name in here:
            families[family(name)].append(name)
        pages = [family_page(folder, path, of, members) for of, members in sorted(families.items())]
        lines += toctree(pages)
    else:
        lines += overview(here)
        for name in here:
            lines += entry(name)
    elsewhere = [name for name in names if is_elsewhere(name)]
    if elsewhere:
        lines += ["Also here, documented on pages of their own:" if here else "All documented elsewhere:", ""]
        lines += [", ".join(f":py:obj:`{n.name} <{public.documented_as()[id(n.value)].full}>`" for n in elsewhere), ""]
    return lines


def title_of(of: str) -> str:
    """What a page is called whose names are written in the module ``of``: ``Complex numbers``, ``Teaching: lint``."""
    if of == "data":
        return "Dtypes and constants"
    parts = of.split(".")[1:]
    words = parts[-1:] if parts[0] in ("autograd", "nn") else parts
    return ": ".join(words).replace("_", " ").capitalize()


def family_page(folder: Path, path: str, of: str, names: list[Name]) -> str:
    """One file's worth of names; returns the name of the page."""
    page = f"files/{of}"
    lines = [*heading(title_of(of)), f".. py:currentmodule:: {path}", ""]
    if of != "data":
        lines += rendered(importlib.import_module(of).__doc__)
    lines += overview(names)
    for name in names:
        lines += tensor_entry(name) if name.full == "minitorch_optim.Tensor" else entry(name)
    write(folder / f"{page}.rst", lines)
    return page


def overview(names: list[Name]) -> list[str]:
    """The names of a page at its beginning, where there are many."""
    if len(names) < 5:
        return []
    return [", ".join(f":py:obj:`{n.name} <{n.full}>`" for n in names), ""]


# ---------------------------------------------------------------------------------------------- Tensor


def tensor_entry(name: Name) -> list[str]:
    """The class, its own attributes and methods, and after them the functions that are methods too."""
    own, borrowed = [], defaultdict(list)
    for attribute, value in sorted(vars(minitorch_optim.Tensor).items()):
        if attribute.startswith("_"):
            continue
        function = function_of(attribute, value)
        if function is None:
            own.append(attribute)
        else:
            borrowed[function.full].append(attribute)
    lines = entry(name, members=False)
    lines += heading("Its own attributes and methods", "-")
    for attribute in own:
        lines += member(attribute)
    lines += heading("Functions that are methods", "-")
    lines += ["``x.exp()`` is ``exp(x)``. A method whose name ends in ``_`` gives the tensor itself the result.", ""]
    for full, methods in sorted(borrowed.items()):
        lines += [f".. py:method:: Tensor.{methods[0]}(...)"]
        lines += [f"               Tensor.{method}(...)" for method in methods[1:]]
        lines += ["", f"   :py:func:`{full.rpartition('.')[2]} <{full}>`", ""]
    return lines


def function_of(attribute: str, value: Any) -> Name | None:
    """The public function that a method is, or, for one in place, whose result it takes."""
    documented = public.documented_as().get(id(value))
    if documented is not None and inspect.isfunction(value):
        return documented
    docstring = inspect.getdoc(value) or ""
    if attribute.endswith("_") and "in place: the tensor itself takes the result" in docstring:
        function = getattr(minitorch_optim, attribute[:-1], None)
        return public.documented_as().get(id(function))
    return None


def member(attribute: str) -> list[str]:
    value = vars(minitorch_optim.Tensor)[attribute]
    if isinstance(value, property):
        lines, kind = rendered(value.__doc__), "attribute"
    elif inspect.isfunction(value):
        attribute += signature(value, first=1)
        lines, kind = rendered(value.__doc__), "method"
    else:
        lines, kind = [f"Always {value!r}.", ""], "attribute"
    return [f".. py:{kind}:: Tensor.{attribute}", "", *("   " + line if line else "" for line in lines)]


# ---------------------------------------------------------------------------------------------- pages of one class


def make_class_pages(source: Path) -> None:
    """Write optimizers/ and schedules/: a page for each class, with its picture."""
    for folder, names, base in (("optimizers", optimizers(), optim), ("schedules", schedules(), optim.lr_scheduler)):
        for name in names:
            write(source / folder / f"{name.name}.rst", class_page(folder, name))
        write(source / folder / "index.rst", gallery(folder, names, base))


def class_page(folder: str, name: Name) -> list[str]:
    module = importlib.import_module(name.value.__module__)
    lines = [*heading(name.name), f".. py:currentmodule:: {name.module}", ""]
    lines += [f".. include:: /pictures/{folder}/{name.name}.txt", ""]
    lines += [*rendered(module.__doc__)]
    if folder == "optimizers":
        lines += ["When to choose it, and how to find its learning rate: :doc:`/choosing`.", ""]
    lines += [*heading("The class", "-"), *entry(name)]
    rule = getattr(name.value, "rule", None)
    if rule is not None:
        lines += heading("The rule", "-")
        lines += ["This is the code that runs: arrays in, new arrays out.", "", ".. code-block:: python", ""]
        lines += ["   " + line if line else "" for line in inspect.getsource(rule).splitlines()]
    return [*lines, ""]


def gallery(folder: str, names: list[Name], module: ModuleType) -> list[str]:
    lines = [*heading(folder.capitalize()), *rendered(module.__doc__), ".. list-table::", "   :widths: 40 60", ""]
    for name in names:
        lines += [f"   * - .. image:: /pictures/{folder}/{name.name}.png"]
        lines += [f"          :alt: {name.name}", "          :width: 220", f"          :target: {name.name}.html"]
        lines += [f"     - :doc:`{name.name}`", "", f"       {summary(name)}", ""]
    return [*lines, *toctree([name.name for name in names], 1, ":hidden:")]


# ---------------------------------------------------------------------------------------------- one page


def summary(name: Name) -> str:
    if public.is_data(name.value):
        return str(public.describe_data(name))
    sentence = public.first_sentence(name.value)
    return "".join(p if p.startswith("``") else escape_sentence(p) for p in re.split(r"(``.+?``)", sentence))


def make_one_page(source: Path) -> None:
    """Write library.rst: every public name in one line, linked to its entry."""
    lines = [*heading("The whole library on one page"), ".. rst-class:: one-page", ""]
    lines = [*heading("The whole library on one page"), "Every public name, in one line. Each leads to its entry.", ""]
    for path, _ in sorted(public.modules(), key=lambda pair: ordered_key(pair[0])):
        names = [n for n in public.all_names() if n.module == path and not inspect.ismodule(n.value)]
        here = [n for n in names if public.documented_as()[id(n.value)].module == path]
        if not here:
            continue
        lines += [*heading(path, "-"), f".. py:currentmodule:: {path}", ""]
        families = defaultdict(list)
        for name in here:
            families[family(name) if path in BY_FILE else ""].append(name)
        for of, members in sorted(families.items()):
            if of:
                lines += heading(title_of(of), "~")
            lines += [".. rst-class:: one-page", ""]
            lines += [line for name in members for line in one_line(name)] + [""]
    write(source / "library.rst", lines)


def ordered_key(path: str) -> int:
    return ordered([p for p, _ in public.modules()]).index(path)


def one_line(name: Name) -> list[str]:
    documented = public.documented_as()[id(name.value)]
    if documented is not name:
        return [f"- :py:obj:`{name.name} <{name.full}>`: another name of ``{documented.name}``"]
    return [f"- :py:obj:`{name.name} <{name.full}>`: {summary(name)}"]
