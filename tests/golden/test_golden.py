"""Trajectories of PyTorch 2.13, step by step, to the bit: see ``make_golden.py`` for how they were made."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim
from minitorch_optim.testing import ulp_distance

FOLDER = Path(__file__).resolve().parent
GOLDEN = runpy.run_path(str(FOLDER / "runs.py"))
CASES, read = GOLDEN["CASES"], GOLDEN["read"]

# Sums of squares, and products in bfloat16, are added up in another order there; relative to the largest element.
TOLERANCE = {"Adafactor": {"float64": 1e-13, "float32": 1e-5}, "Muon": {"float64": 2e-3, "float32": 2e-3}}


def compared(case: Any) -> Any:
    """For each run: the run, and pairs of arrays, ours and PyTorch's: the parameters after some steps, the last
    state."""
    golden = json.loads((FOLDER / f"{case.name}.json").read_text(encoding="utf-8"))
    assert golden["torch"].startswith("2.13") and golden["cpu_capability"] == "default" and golden["sqrt"] == "nearest"
    runs = GOLDEN["runs_of"](case)
    assert len(runs) == len(golden["runs"])
    for run, expected in zip(runs, golden["runs"], strict=True):
        assert json.loads(json.dumps(run.options)) == expected["options"] and run.dtype == expected["dtype"]
        kept, states = run.run_with(GOLDEN["KIT"]["Run"])
        pairs = []
        for t, arrays in kept.items():
            pairs += [(x, read(text, x)) for x, text in zip(arrays, expected["params"][str(t)], strict=True)]
        for state, texts in zip(states, expected["state"], strict=True):
            assert list(state) == list(texts)
            pairs += [(state[name], read(text, state[name])) for name, text in texts.items()]
        yield run, pairs


def furthest(case: Any) -> dict[str, tuple[int, float]]:
    """For each dtype the largest distance from PyTorch's numbers: in units of the last place, and relative to its
    array."""
    result = {}
    for dtype in GOLDEN["KIT"]["DTYPES"]:
        pairs = [pair for run, pairs in compared(case) if run.dtype == dtype for pair in pairs]
        ulps = max(int(np.max(ulp_distance(x, y))) for x, y in pairs if x.dtype.kind == "f")
        result[dtype] = (ulps, GOLDEN["KIT"]["deviation"](*zip(*pairs, strict=True)))
    return result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_trajectories(case: Any) -> None:
    for run, pairs in compared(case):
        for x, y in pairs:
            if case.bits:
                np.testing.assert_array_equal(x, y, err_msg=str(run))
            else:
                scale = max(float(np.max(np.abs(y))), 1e-300)
                assert np.max(np.abs(x - y)) <= TOLERANCE[case.name][run.dtype] * scale, run


LBFGS = runpy.run_path(str(FOLDER / "lbfgs_runs.py"))
LBFGS_TOLERANCE = {"float64": 1e-9, "float32": 1e-2}  # dot products are added up in another order, and errors grow


@pytest.mark.parametrize("i", range(len(LBFGS["RUNS"])), ids=lambda i: str(LBFGS["RUNS"][i]))
def test_trajectories_of_lbfgs(i: int) -> None:
    golden = json.loads((FOLDER / "LBFGS.json").read_text(encoding="utf-8"))
    expected, run = golden["runs"][i], LBFGS["RUNS"][i]
    assert len(golden["runs"]) == len(LBFGS["RUNS"]) and {name: expected[name] for name in run} == run
    found = LBFGS["carried_out"](minitorch_optim, run)
    if run["dtype"] == "float64":
        assert found["evaluations"] == expected["evaluations"]
        assert found["iterations"] == expected["iterations"]
    points = [[float.fromhex(value) for value in point] for point in expected["x"]]
    np.testing.assert_allclose(found["x"], points, rtol=0, atol=LBFGS_TOLERANCE[run["dtype"]])


def test_every_optimizer_of_pytorch_has_its_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {"LBFGS", *(case.name for case in CASES)}


def test_the_page_says_what_was_found() -> None:
    """The first table of ``docs/parity.md``, as far as it is the same on every machine."""
    make_parity = runpy.run_path(str(FOLDER / "make_parity.py"))
    page = make_parity["PAGE"].read_text(encoding="utf-8")
    for case in CASES:
        if case.bits:
            none = dict.fromkeys(GOLDEN["KIT"]["DTYPES"], (0, 0.0))  # as `test_trajectories` finds
            row = make_parity["golden_row"](case.name, len(GOLDEN["runs_of"](case)), none, case.bits)
            assert "| " + " | ".join(row) + " |" in page
