"""The side-by-side timings: minitorch_optim, plain NumPy by hand, PyTorch, JAX, HIPS autograd and MyGrad.

    python tests/benchmarks/run.py --quick
    python tests/benchmarks/run.py --only training --match "64-128-10"

Each peer runs in a process of its own, and rounds are taken in turn, so that what disturbs the machine disturbs all of
them. Before it is timed, each must come to the same losses (or move parameters as far) as the others.
"""

from __future__ import annotations

import argparse
import importlib

from _harness import Settings
from peers import PEERS

SECTIONS = ("training", "optimizers")


def settings_and_sections() -> tuple[Settings, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: rough figures in two minutes")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="SECTION",
                        help=f"measure only these of: {', '.join(SECTIONS)}")  # fmt: skip
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=tuple(PEERS), metavar="PEER",
                        help=f"compare only these of: {', '.join(PEERS)}; the first is the standard")  # fmt: skip
    parser.add_argument("--match", default="", metavar="TEXT", help="measure only rows that have TEXT in their name")
    parser.add_argument("--threads", type=int, default=1, help="of each peer (default: 1)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="what is counted; cpu is less disturbed by what else runs (default: wall)")  # fmt: skip
    parser.add_argument("--python", action="append", default=[], metavar="PEER=PATH", type=interpreter,
                        help="another interpreter for a peer that cannot be installed beside the others")  # fmt: skip
    given = parser.parse_args()
    settings = Settings(given.peers, given.threads, given.clock, given.quick, given.match, dict(given.python))
    return settings, list(given.only)


def interpreter(text: str) -> tuple[str, str]:
    peer, equals, path = text.partition("=")
    if peer not in PEERS or not equals:
        raise argparse.ArgumentTypeError(f"expected PEER=PATH with a peer of {', '.join(PEERS)}, got {text!r}")
    return peer, path


def main() -> None:
    settings, names = settings_and_sections()
    for name in names:
        section = importlib.import_module(f"sections.{name}")
        figures = section.measure(settings)
        for table in section.tables(figures):
            print(table.text(), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
