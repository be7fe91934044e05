"""Write ``docs/parity.md``: what agrees with PyTorch, and how far.

    python tests/golden/make_parity.py

The first table compares with the golden files, and is the same on every machine where NumPy rounds as IEEE 754 says.
The second one is measured beside PyTorch as it is installed.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parents[1] / "docs" / "parity.md"

TEXT = """\
# How equal to PyTorch

Made by `python tests/golden/make_parity.py`. An *ulp* is the distance from one floating-point number to the next;
`minitorch_optim.testing.ulp_distance` counts them.

## To the bit

Every optimizer, with each of its options, against trajectories of PyTorch {version} that are kept in `tests/golden/`:
{steps} steps with gradients that depend on the parameters, some of them zero and some missing; parameters after steps
{kept}, and the whole state at the end. The trajectories were made with PyTorch's own code, run
without fused multiply-add (`ATEN_CPU_CAPABILITY=default`) and with square roots that are rounded to nearest. The tests
compare them each time they run. In the table: the largest distance of any number.

{golden}

Adafactor and Muon take sums over a whole tensor, which each library adds up in an order of its own. Muon computes its
matrix products in bfloat16, of 8 bits; a sum that falls on the other side of a tie moves an element by one part in 256.
Their lines depend on the machine. Sparse gradients of SGD and Adagrad agree within 1e-14 relative of PyTorch's as
installed.

L-BFGS, on Rosenbrock's function with 2 and 6 variables, with and without the line search, 16 sets of options: as many
evaluations and iterations after every step; the same points, to the bit or nearly so without the line search, within
1e-9 in float64 and 1e-2 in float32 with it, where each rounding of a dot product is carried on.

## Beside PyTorch as it is installed

PyTorch's fast paths fuse a multiplication with the addition that follows it, and its square roots (MKL's) are off by
one ulp for 7 numbers in 1000, so the last bits differ. {count} random sets of options for each optimizer, four
parameters of 1 to 30,000 elements (Muon: to 600), random gradients; the largest difference of an element relative to
the largest element of its parameter, measured with PyTorch {version}:

{beside}

## What differs on purpose

- An invalid hyperparameter is refused in groups and in loaded state dicts too, NaN everywhere, and so is what makes no
  sense: `RMSprop(alpha=5)`, `Rprop(step_sizes=(50, 1))`, negative `lambd`, `alpha` and `t0` of ASGD, NaN as `lr` of
  SGD, negative `eps` and `ns_steps` of Muon. An option that a group misspells is refused.
- `lr` of SGD must be given, in the constructor or in each group, and `zero_grad` sets gradients to zero by default: so
  the page of `torch.optim` says.
- `load_state_dict` copies, and refuses what does not fit: another class, other shapes, other names.
- Switching `amsgrad`, `momentum` or `centered` on between steps starts their state; in PyTorch it is a KeyError.
- A group's own `initial_accumulator_value` counts (Adagrad); PyTorch takes the constructor's.
- Where eps1 of Adafactor is None each parameter takes the machine epsilon of its own dtype; PyTorch takes that of the
  first.
- Hooks run once around a step that calls the one it overrides.

What PyTorch does and one might not expect is the same here, so that runs agree: a parameter listed twice in a group is
stepped twice, with a warning; the lr of ASGD acts one step late and that of Rprop only once; centered RMSprop can take
the root of a negative number (`clamp_variance=True` prevents it); `step`, `eta`, `mu` and `mu_product` are kept in the
default dtype, so in float32 counters end at 2**24, and ASGD and NAdam move float64 parameters by numbers of 7 digits
(`set_default_dtype(float64)` makes it 16).
"""


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def golden_row(name: str, runs: int, furthest: dict[str, tuple[int, float]], bits: bool) -> list[str]:
    """The line of one optimizer in the first table."""
    found = [f"{ulps} ulp" if bits else f"{relative:.0e} relative" for ulps, relative in furthest.values()]
    found = ["0 ulp" if cell.startswith("0e") else cell for cell in found]
    return [name, str(runs // 2), *found]


def main() -> None:
    import torch

    golden = runpy.run_path(str(FOLDER / "test_golden.py"))
    beside = runpy.run_path(str(FOLDER.parent / "optim" / "test_against_torch.py"))
    runs_of = golden["GOLDEN"]["runs_of"]
    first = [golden_row(c.name, len(runs_of(c)), golden["furthest"](c), c.bits) for c in golden["CASES"]]

    second, count = [], 20
    for case in golden["CASES"]:
        row = [case.name]
        for dtype in ("float64", "float32"):
            found = [deviation for _, deviation in beside["deviations"](case, dtype, count)]
            row.append(f"{max(found):.0e}" if max(found) else "0")
        second.append(row)
    muon, others = beside["MUON_TOLERANCE"], beside["TOLERANCE"]
    page = TEXT.format(
        version=torch.__version__.split("+")[0],
        steps=golden["GOLDEN"]["STEPS"],
        kept=", ".join(map(str, golden["GOLDEN"]["KEPT"])),
        count=count,
        golden=table(["optimizer", "sets of options", "float32", "float64"], first),
        beside=table(
            ["optimizer", f"float64, {others['float64'][0]} steps (Muon {muon['float64'][0]})",
             f"float32, {others['float32'][0]} steps"],
            second,
        ),
    )  # fmt: skip
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
