"""The notebooks: each runs, its text and its .ipynb hold the same cells, and every exercise has a tested solution."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minitorch_optim import optim

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
TEXTS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
each = pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)


def load_builder():
    spec = importlib.util.spec_from_file_location("notebooks_build", FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells_of(text):
    """The cells of the executed notebook: (kind, source, tags, the cell itself)."""
    cells = json.loads(text.with_suffix(".ipynb").read_text("utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []), cell) for cell in cells]


def printed(text):
    """What the kept notebook shows of what its cells print."""
    outputs = [output for kind, *_, cell in cells_of(text) if kind == "code" for output in cell["outputs"]]
    shown = "".join("".join(output["text"]) for output in outputs if output.get("name") == "stdout")
    return shown.replace("in a cell", f"in {text.name}")  # where explain() found a rule


def words(shown):
    """Without the numbers, in which another processor may differ, and what stands between them."""
    return re.findall(r"[a-z]+", re.sub(r"\d[\d.]*(e[-+]\d+)?|\b(nan|inf)\b", " ", shown, flags=re.I), flags=re.I)


def test_each_text_has_its_notebook_and_both_are_listed():
    assert {text.stem for text in TEXTS} == {notebook.stem for notebook in FOLDER.glob("*.ipynb")}
    listed = re.findall(r"^\| \[.*?\]\((\w+)\.ipynb\)", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
    assert listed == [text.stem for text in TEXTS]


@each
def test_it_runs(text, tmp_path):
    """As a program: the solutions assert that they are right, so this tests them too."""
    pytest.importorskip("matplotlib")
    environment = {**os.environ, "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}
    quiet = ["-W", "ignore:FigureCanvasAgg is non-interactive", "-W", "ignore:More than 20 figures"]
    result = subprocess.run(
        [sys.executable, *quiet, str(text)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stderr
    assert words(result.stdout) == words(printed(text)), "the notebook shows something else: run `make notebooks`"


@each
def test_text_and_notebook_agree(text):
    pytest.importorskip("jupytext")
    described = load_builder().read(text).cells
    kept = [cell for *_, cell in cells_of(text)]
    advice = "run `make notebooks`"
    assert len(kept) == len(described), advice
    for expected, cell in zip(described, kept, strict=True):
        assert "".join(cell["source"]) == expected.source, advice
        assert (cell["cell_type"], cell["id"], cell["metadata"]) == (
            expected.cell_type,
            expected.id,
            dict(expected.metadata),
        ), advice


@each
def test_the_notebook_was_executed_and_is_tidy(text):
    assert text.with_suffix(".ipynb").stat().st_size < 1_500_000
    outputs = [output for kind, *_, cell in cells_of(text) if kind == "code" for output in cell["outputs"]]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any(output.get("name") == "stdout" for output in outputs)
    for output in outputs:
        assert output["output_type"] != "error"
        assert output.get("name") != "stderr"
        assert output.get("execution_count") is None
    for kind, *_, cell in cells_of(text):
        assert kind != "code" or cell["execution_count"] is None


@each
def test_every_exercise_has_room_for_an_answer_and_a_hidden_tested_solution(text):
    """A heading "Exercise n", a cell with ... in it, and the solution, which ends in assertions."""
    cells = cells_of(text)
    places = [i for i, (kind, source, *_) in enumerate(cells) if kind == "markdown" and "Exercise" in source[:20]]
    assert len(places) >= 3
    for number, i in enumerate(places, start=1):
        assert re.match(rf"#+ Exercise {number}\b", cells[i][1])
        kind, source, tags, _ = cells[i + 1]
        assert kind == "code" and not tags
        assert any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(ast.parse(source)))
        kind, source, tags, cell = cells[i + 2]
        assert kind == "code" and tags == ["solution", "hide-cell"]
        assert cell["metadata"]["jupyter"] == {"source_hidden": True, "outputs_hidden": True}
        assert source.startswith("# Solution\n")  # what Jupyter shows of a cell that is folded up
        assert any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source).body[-1]))
    assert sum("solution" in tags for _, _, tags, _ in cells) == len(places)


def test_every_optimizer_is_in_the_race():
    classes = [getattr(optim, name) for name in optim.__all__]
    names = {c.__name__ for c in classes if isinstance(c, type) and issubclass(c, optim.Optimizer)} - {"Optimizer"}
    text = (FOLDER / "04_optimizers_in_a_hard_valley.py").read_text("utf-8")
    assert {name for name in names if f"optim.{name}(" not in text} == {"SparseAdam"}  # the text says why


@pytest.mark.parametrize("output", [{"name": "stderr", "text": "a warning"}, {"data": {"text/plain": "<A at 0x7f>"}}])
def test_the_builder_refuses_what_differs_from_run_to_run(output):
    builder = load_builder()
    with pytest.raises(builder.NotebookError, match="cell 3"):
        builder.refuse_noise(3, output)
