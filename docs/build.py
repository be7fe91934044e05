"""Build the site: ``make docs``, or ``.venv/bin/python docs/build.py``. The result is docs/_build/html/index.html.

1. The sources are put together in docs/_build/source: the pages of docs/, the pages that are generated from the
   docstrings, the pictures that are drawn by the code, and the notebooks of examples/.
2. Sphinx makes HTML of them. It runs the notebooks anew. Every warning is an error.
3. The result is checked: every public name is there, and no link inside leads nowhere.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
BUILD = DOCS / "_build"

# Pages that are written elsewhere and shown here.
FROM_THE_ROOT = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="reread only what changed since the last build")
    parser.add_argument("--without-notebooks", action="store_true", help="leave the notebooks out: quicker")
    options = parser.parse_args()
    # One thread for each product: the notebooks' matrices are small. Kernels inherit it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.pop("MPLBACKEND", None)  # notebooks show pictures by the backend of their kernel
    if not options.keep:
        shutil.rmtree(BUILD, ignore_errors=True)
    quiet_kernels(BUILD / "ipython")
    began = time.perf_counter()
    assemble(BUILD / "source", with_notebooks=not options.without_notebooks)
    print("making the pages", "..." if options.without_notebooks else "and running the notebooks ...", flush=True)
    failed = run_sphinx(BUILD / "source", BUILD / "html")
    failed = check(BUILD / "html") or failed
    print(f"{time.perf_counter() - began:.0f} seconds")
    if not failed:
        print(f"The site: {BUILD / 'html' / 'index.html'}")
    return failed


def quiet_kernels(settings: Path) -> None:
    """Kernels with settings of their own: not the user's, and without a word about sockets for each notebook."""
    file = settings / "profile_default" / "ipython_kernel_config.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("get_config().IPKernelApp.log_level = 40\n", encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(settings)


def assemble(source: Path, with_notebooks: bool) -> None:
    """Put the sources of the site together."""
    from making import guides, pictures, reference

    source.mkdir(parents=True, exist_ok=True)
    for page in set(DOCS.glob("*.md")) - {DOCS / "index.md"}:
        text = guides.with_links_of_the_site(page.read_text(encoding="utf-8"), with_notebooks)
        reference.write(source / page.name, text.splitlines())
    reference.write(source / "index.md", with_the_other_pages((DOCS / "index.md").read_text(encoding="utf-8")))
    copy(DOCS / "conf.py", source / "conf.py")
    for name in FROM_THE_ROOT:
        copy(ROOT / name, source / "_root" / name)
    for style in (DOCS / "style").iterdir():
        copy(style, source / "_static" / style.name)
    for picture in (DOCS / "pictures").rglob("*.png"):
        copy(picture, source / picture.relative_to(DOCS))
    notebooks = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb")) if with_notebooks else []
    for notebook in notebooks:
        copy(notebook, source / "notebooks" / notebook.name)
    readme = (ROOT / "examples" / "notebooks" / "README.md").read_text(encoding="utf-8")
    guides.make_list_of_notebooks(source, readme, [notebook.stem for notebook in notebooks])
    print("drawing ...", flush=True)
    pictures.draw_all(source / "pictures")
    reference.make_reference(source)
    reference.make_class_pages(source)
    reference.make_one_page(source)
    guides.make_guides(source)


def with_the_other_pages(index: str) -> list[str]:
    """The start page, with those pages of docs/ in the navigation that it does not name itself."""
    lines = index.splitlines()
    others = sorted(page.stem for page in DOCS.glob("*.md") if page.stem not in [*lines, "index"])
    place = lines.index("% the other pages of docs/")
    return [*lines[:place], *others, *lines[place + 1 :]]


def copy(origin: Path, to: Path) -> None:
    """Copy a file, unless the same is there already: Sphinx goes by the time of a file."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if not to.exists() or to.read_bytes() != origin.read_bytes():
        shutil.copyfile(origin, to)


def run_sphinx(source: Path, html: Path) -> int:
    from sphinx.cmd.build import main as sphinx

    jobs = str(min(2, os.cpu_count() or 1))
    arguments = ["-b", "html", "-j", jobs, "-W", "--keep-going", "-q", "-d", str(BUILD / "doctrees")]
    return sphinx([*arguments, str(source), str(html)])


def check(html: Path) -> int:
    """Say what is wrong with the finished site; 0 if nothing is."""
    from making import checks

    faults = checks.undocumented(html / "objects.inv") + checks.broken_links(html)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
