"""Write the golden files: trajectories of PyTorch's optimizers, one file each, in hexadecimal floats.

    python tests/golden/make_golden.py

PyTorch 2.13 must be installed. It is run with two things as the standards say they should be: without fused
multiply-add (the environment variable ATEN_CPU_CAPABILITY=default; this script starts itself anew with it), and with
square roots that are rounded to nearest (NumPy's are put in the place of its own, which are off by one in the last
place for 7 numbers in 1000). Everything else, the order of operations above all, is PyTorch's.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent
ENVIRONMENT = {"ATEN_CPU_CAPABILITY": "default", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def with_right_roots(torch: Any) -> None:
    """Put NumPy's square root, rounded to nearest, in the place of PyTorch's."""

    def sqrt(x: Any) -> Any:
        return torch.from_numpy(np.asarray(np.sqrt(x.detach().numpy())))

    torch.sqrt = torch.Tensor.sqrt = sqrt
    torch.Tensor.sqrt_ = lambda x: x.copy_(sqrt(x))


def main() -> None:
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ENVIRONMENT})
    import torch

    assert torch.backends.cpu.get_cpu_capability() == "DEFAULT"
    torch.sparse.check_sparse_tensor_invariants.enable()
    with_right_roots(torch)
    golden = runpy.run_path(str(FOLDER / "runs.py"))
    written = golden["written"]
    for case in golden["CASES"]:
        runs = []
        for run in golden["runs_of"](case):
            kept, states = run.run_with(golden["KIT"]["TorchRun"])
            runs.append({
                "options": run.options,
                "dtype": run.dtype,
                "params": {t: [written(array) for array in arrays] for t, arrays in kept.items()},
                "state": [{name: written(value) for name, value in state.items()} for state in states],
            })  # fmt: skip
        made = {"optimizer": case.name, "torch": torch.__version__, "cpu_capability": "default", "sqrt": "nearest"}
        text = json.dumps({**made, "runs": runs}, indent=1)
        (FOLDER / f"{case.name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{case.name}: {len(runs)} runs, {len(text) // 1024} KiB")
    write_lbfgs(torch)


def write_lbfgs(torch: Any) -> None:
    """L-BFGS, which needs a loss of its own: see ``lbfgs_runs.py``."""
    lbfgs = runpy.run_path(str(FOLDER / "lbfgs_runs.py"))
    runs = []
    for run in lbfgs["RUNS"]:
        found = lbfgs["carried_out"](torch, run)
        found["x"] = [[value.hex() for value in point] for point in found["x"]]
        runs.append({**run, **found})
    text = json.dumps({"optimizer": "LBFGS", "torch": torch.__version__, "runs": runs}, indent=1)
    (FOLDER / "LBFGS.json").write_text(text + "\n", encoding="utf-8")
    print(f"LBFGS: {len(runs)} runs, {len(text) // 1024} KiB")


if __name__ == "__main__":
    main()
