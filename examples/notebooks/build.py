"""Make each executed notebook from its text: ``01_name.py`` gives ``01_name.ipynb`` beside it.

The text is what people edit and review. It is a Python program in the percent format of Jupytext, and the notebook
holds the same cells and what they print and draw. The same text gives the same file: cells are numbered in the place of
random ids, and neither execution counts nor times nor versions are kept.

    python examples/notebooks/build.py              # all of them
    python examples/notebooks/build.py 02 05        # those whose names begin like this
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
SECONDS = 300  # for one cell; a notebook should need less than sixty on one core


class NotebookError(Exception):
    """A notebook that cannot be made as it is; the message says which cell, and what to change."""


def texts() -> list[Path]:
    """The texts of the notebooks, in their order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def read(text: Path) -> Any:
    """The notebook that ``text`` describes, not yet executed."""
    import jupytext

    notebook = jupytext.read(text, fmt="py:percent")
    notebook.metadata = {key: dict(value) for key, value in METADATA.items()}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
        if "solution" in cell.metadata.get("tags", ()):
            # Folded up in Jupyter; the site goes by the tag hide-cell.
            cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
    return notebook


def execute(notebook: Any, folder: str) -> None:
    """Run every cell in a new kernel whose working directory is ``folder``; keep what is the same each time."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS,
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": folder}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise NotebookError(str(error)) from None
    notebook.metadata = {key: dict(value) for key, value in METADATA.items()}
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = None
                refuse_noise(number, output)


def refuse_noise(number: int, output: Any) -> None:
    """What differs from one run to the next has no place in a file that is kept."""
    if output.get("name") == "stderr":
        raise NotebookError(f"cell {number} writes to stderr (a warning, a progress bar):\n{output['text']}")
    shown = output.get("text") or output.get("data", {}).get("text/plain", "")
    if re.search(r"\bat 0x[0-9a-f]+", shown):
        raise NotebookError(
            f"cell {number} shows an address in memory: {shown.strip()}\n"
            f"End a cell that draws with plt.show(), or give its last value a name."
        )


def build(text: Path) -> Path:
    """Make the notebook of ``text``; give where it is. One that fails leaves the old one alone."""
    import nbformat

    notebook = read(text)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IPYTHONDIR"] = folder  # without the startup files and the history of whoever builds
        execute(notebook, folder)
    target, unfinished = text.with_suffix(".ipynb"), text.with_suffix(".ipynb.unfinished")
    nbformat.write(notebook, unfinished)
    os.replace(unfinished, target)
    return target


def main(beginnings: list[str]) -> None:
    chosen = [text for text in texts() if not beginnings or text.name.startswith(tuple(beginnings))]
    if not chosen:
        names = ", ".join(text.stem for text in texts())
        raise SystemExit(f"build.py: no notebook begins with {' or '.join(beginnings)}; there are: {names}")
    # The matrices are small: a second BLAS thread would cost more in waiting than it saves.
    os.environ.update(OPENBLAS_NUM_THREADS="1", PYTHONHASHSEED="0")
    os.environ.pop("MPLBACKEND", None)  # pictures go into the notebook
    import matplotlib.font_manager  # noqa: F401  says on stderr, the first time ever, that it looks for fonts

    for text in chosen:
        began = time.perf_counter()
        try:
            target = build(text)
        except NotebookError as error:
            raise SystemExit(f"{text.name}: {error}") from None
        size = target.stat().st_size / 1e6
        print(f"{target.name}: {time.perf_counter() - began:.1f} s, {size:.2f} MB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
