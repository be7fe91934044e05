"""The checks of the site, on what is public now: every name has a docstring, and the checks find what is wrong."""

from __future__ import annotations

import importlib
import inspect
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from minitorch_optim import optim

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def making() -> Iterator[Any]:
    """The modules of docs/making, which need no Sphinx for what is tested here."""
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        yield lambda name: importlib.import_module(f"making.{name}")
    finally:
        sys.path.remove(str(ROOT / "docs"))
        for name in [name for name in sys.modules if name == "making" or name.startswith("making.")]:
            del sys.modules[name]


def test_every_public_name_says_what_it_is(making: Any) -> None:
    assert not making("checks").without_docstring()


def test_all_names_are_found(making: Any) -> None:
    """The walk goes through the whole library, and gives each object one name."""
    public = making("public")
    full = {name.full for name in public.all_names()}
    assert {
        "minitorch_optim.exp", "minitorch_optim.Tensor", "minitorch_optim.nn.Linear",
        "minitorch_optim.nn.functional.relu", "minitorch_optim.nn.utils.rnn.PackedSequence",
        "minitorch_optim.optim.Adam", "minitorch_optim.optim.lr_scheduler.StepLR", "minitorch_optim.linalg.svd",
        "minitorch_optim.optim.swa_utils.AveragedModel", "minitorch_optim.utils.data.DataLoader",
        "minitorch_optim.testing.functions.rosenbrock", "minitorch_optim.plot.trajectories",
        "minitorch_optim.autograd.functional.hessian", "minitorch_optim.alias.TorchAlias",
    } <= full  # fmt: skip
    documented = {name.full for name in public.documented_as().values()}
    assert "minitorch_optim.exp" in documented and "minitorch_optim.autograd.exp" not in documented
    assert "minitorch_optim.float32" in documented  # not by its other name, `float`
    assert all(not name.startswith("_") for _, _, name in (path.rpartition(".") for path in full))


def test_missing_docstring_is_found(making: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    public, checks = making("public"), making("checks")

    class Mute:
        """It speaks, its method does not."""

        def method(self) -> None: ...

    class Heir(Mute):
        def method(self) -> None: ...

    def mute() -> None: ...

    for value in (Mute, Heir, mute):
        value.__module__ = "minitorch_optim"
    public_now = {"Mute": Mute, "Heir": Heir, "mute": mute, "number": 7}
    names = tuple(public.Name("minitorch_optim", n, v) for n, v in public_now.items())
    monkeypatch.setattr(public, "all_names", lambda: names)
    monkeypatch.setattr(public, "documented_as", lambda: {id(name.value): name for name in names})
    assert checks.without_docstring() == [
        "minitorch_optim.Mute.method: no docstring",
        "minitorch_optim.Heir: no docstring",
        "minitorch_optim.Heir.method: no docstring",
        "minitorch_optim.mute: no docstring",
        "minitorch_optim.number: data without a sentence in docs/making/public.py",
    ]


def test_missing_entry_is_found(making: Any, tmp_path: Path) -> None:
    public, checks = making("public"), making("checks")
    names = sorted({name.full for name in public.documented_as().values()})
    names.remove("minitorch_optim.optim.Adam")
    lines = "\n".join(f"{name} py:function 1 page.html#$ -" for name in names)
    inventory = tmp_path / "objects.inv"
    inventory.write_bytes(b"# one\n# two\n# three\n# four\n" + zlib.compress(lines.encode()))
    faults = checks.without_entry(checks.names_in(inventory))
    assert faults and all("minitorch_optim.optim.Adam is not in objects.inv" in fault for fault in faults)


def test_broken_links_are_found(making: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="sub/a.html#here">1</a> <a href="sub/">2</a> <a href="#top">3</a> <a href="https://x.org/y">4</a>'
        '<h1 id="top"></h1> <a href="sub/a.html#there">5</a> <a href="none.html">6</a> <img src="none.png">'
    )
    (tmp_path / "sub" / "index.html").write_text("")
    (tmp_path / "sub" / "a.html").write_text('<p id="here"></p><a href="../index.html">back</a>')
    assert making("checks").broken_links(tmp_path) == [
        "index.html: sub/a.html#there leads nowhere",
        "index.html: none.html leads nowhere",
        "index.html: none.png leads nowhere",
    ]


def test_every_optimizer_says_where_others_differ(making: Any) -> None:
    """Its formulas and this are in the docstring of the module, which is its page."""
    optimizers = {n.value for n in making("public").all_names() if inspect.isclass(n.value)}
    optimizers = {cls for cls in optimizers if issubclass(cls, optim.Optimizer) and cls is not optim.Optimizer}
    assert len(optimizers) > 20
    pages = {cls.__name__: importlib.import_module(cls.__module__).__doc__ or "" for cls in optimizers}
    assert not [name for name, page in pages.items() if "Where others differ: " not in page]
    assert not [name for name, page in pages.items() if "References\n---" not in page]


def test_first_sentence(making: Any) -> None:
    public = making("public")

    def function() -> None:
        """What ``x. Y`` means: e.g. this,
        on two lines. Not this.

        Nor this.
        """

    assert public.first_sentence(function) == "What ``x. Y`` means: e.g. this, on two lines."
    function.__doc__ = "A formula follows::\n\n    x"
    assert public.first_sentence(function) == "A formula follows."
    assert isinstance(public.modules()[0][1], ModuleType)


def test_links_to_code_become_links_to_pages(making: Any) -> None:
    pytest.importorskip("sphinx")
    adapted = making("guides").with_links_of_the_site
    page = "[Adam](../minitorch_optim/optim/adam.py) [StepLR](../minitorch_optim/optim/lr_scheduler/decays.py) [x](y)"
    assert adapted(page, True) == "[Adam](/optimizers/Adam.rst) [StepLR](/schedules/StepLR.rst) [x](y)"
    page = "[a](../examples/notebooks/05_schedules.ipynb) [b](05_schedules.ipynb)"
    assert adapted(page, True) == "[a](/notebooks/05_schedules.ipynb) [b](/notebooks/05_schedules.ipynb)"
    assert adapted(page, False) == "[a](/notebooks/index.md) [b](/notebooks/index.md)"


def test_docstrings_become_pages_as_they_are_meant(making: Any) -> None:
    pytest.importorskip("sphinx")
    written = """The norm |x| of ``|y|``.

Parameters
----------
x : Tensor, shape (N, *)
    what *this* is

Shape: as it was.

>>> draw(x)
-*-
---##---

References
----------
First, "Title" (1999).
Second, "Another" (2000).
"""
    page = "\n".join(making("extension").as_restructured_text(written.splitlines()))
    assert page.startswith("The norm \\|x\\| of ``|y|``.\n")
    assert ":Parameters: **x** (*Tensor, shape (N, \\*)*): what *this* is\n" in page
    assert "\nShape: as it was.\n\n>>> draw(x)\n-*-\n---##---\n" in page  # neither parameters nor a heading
    assert '| First, "Title" (1999).\n| Second, "Another" (2000).' in page


def test_formulas_look_as_in_tex(making: Any) -> None:
    pytest.importorskip("sphinx")

    def mathml(formula: str) -> str:
        return "".join(line.strip() for line in making("extension").mathml(formula, as_block=False).splitlines())

    bar = '<mover accent="true"><mi>x</mi><mo stretchy="false">ˉ</mo></mover>'
    assert f"<msub>{bar}<mi>i</mi></msub><mo>+</mo>" in mathml(r"\bar x_i + 1")
    assert f"<msup><msub>{bar}<mi>i</mi></msub><mn>2</mn></msup>" in mathml(r"\bar x_i^2")
    assert bar in mathml(r"\bar x") and "<munderover>" in mathml(r"\textstyle\sum\limits_{i=1}^n \bar x_i")
    assert '<mi>log</mi><mspace width="0.17em"/><mi>x</mi>' in mathml(r"\log x")
    assert "mspace" not in mathml(r"\log(x)")
