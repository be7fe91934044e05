"""Run a script with ``torch`` meaning this library: ``python -m minitorch_optim.as_torch script.py arguments``."""

from __future__ import annotations

import os
import runpy
import sys

from .alias import alias_torch

__all__ = ["main"]


def main() -> None:
    """Run the script named in the first argument as Python itself would."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m minitorch_optim.as_torch script.py [arguments]")
    script = sys.argv[1]
    if not os.path.exists(script):
        sys.exit(f"as_torch: no such file: {script!r}")
    del sys.argv[0]
    sys.path[0] = os.path.dirname(os.path.abspath(script))  # a script finds the modules beside it
    alias_torch()
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
