"""The side-by-side timings: minitorch_optim, plain NumPy by hand, PyTorch, JAX, HIPS autograd and MyGrad.

    python tests/benchmarks/run.py --quick
    python tests/benchmarks/run.py --only training --match "64-128-10"

Each peer runs in a process of its own, and rounds are taken in turn, so that what disturbs the machine disturbs all of
them. Before it is timed, each must come to the same losses (or move parameters as far) as the others.

With --write the figures go to tests/benchmarks/figures.json, in place of those of the same sections, and the page
docs/benchmarks.md and its pictures are made anew from that file.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

import _goals
import _page
from _harness import Settings
from peers import PEERS


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add(
        "--quick",
        action="store_true",
        help="fewer and shorter rounds: rough figures in two minutes, not a quarter of an hour",
    )
    add("--only", nargs="+", choices=_page.SECTIONS, default=_page.SECTIONS, metavar="SECTION",
        help=f"measure only these of: {', '.join(_page.SECTIONS)}")  # fmt: skip
    add("--peers", nargs="+", choices=PEERS, default=tuple(PEERS), metavar="PEER",
        help=f"compare only these of: {', '.join(PEERS)}; ratios are to the first")  # fmt: skip
    add("--match", default="", metavar="TEXT", help="measure only rows that have TEXT in their name")
    add("--threads", type=int, default=1, help="of each peer (default: 1)")
    add("--clock", choices=("wall", "cpu"), default="wall",
        help="cpu counts processor time, which is less disturbed by what else runs (default: wall)")  # fmt: skip
    add("--python", action="append", default=[], metavar="PEER=PATH", type=interpreter,
        help="another interpreter for a peer that cannot be installed beside the others")  # fmt: skip
    add("--goals", action="store_true", help="at the end, say which goals the figures meet")
    add("--write", action="store_true", help="keep the figures, and make the page of the docs from all that are kept")
    given = parser.parse_args()
    if given.write and given.match:
        parser.error("--write keeps whole sections, and --match measures parts of them: leave one of the two out")
    return given


def interpreter(text: str) -> tuple[str, str]:
    peer, equals, path = text.partition("=")
    if peer not in PEERS or not equals:
        raise argparse.ArgumentTypeError(f"expected PEER=PATH with a peer of {', '.join(PEERS)}, got {text!r}")
    return peer, path


def main() -> None:
    given = arguments()
    settings = Settings(given.peers, given.threads, given.clock, given.quick, given.match, dict(given.python))
    measured: dict[str, Any] = {}
    for name in given.only:
        section = importlib.import_module(f"sections.{name}")
        measured[name] = section.measure(settings)
        print(f"== {section.TITLE} ==\n")
        for table in section.tables(measured[name]):
            print(table.text(), end="\n\n", flush=True)
        if given.write:
            _page.record(name, measured[name], settings)
    if given.goals:
        print("== Goals ==\n")
        print(_goals.table(_goals.goals(measured)).text())
    if given.write:
        print("Written:", *(path.relative_to(_page.DOCS.parent) for path in _page.write()))


if __name__ == "__main__":
    main()
