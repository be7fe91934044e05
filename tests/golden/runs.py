"""The runs that the golden files hold: which options, how many steps, and how numbers are written.

Read with ``runpy.run_path`` by ``make_golden.py``, which runs PyTorch, and by ``test_golden.py``, which runs us.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FOLDER = Path(__file__).resolve().parent
KIT = runpy.run_path(str(FOLDER.parent / "optim" / "kit.py"))
STEPS = 60
KEPT = (1, 2, 3, 5, 10, 20, 40, 60)  # the steps after which the parameters are written down
WITHOUT = (7, 8, 30)  # steps in which the second parameter has no gradient
ZERO = (12, 33)  # steps in which all gradients are zero


class GoldenRun(NamedTuple):
    case: Any
    options: dict[str, Any]
    dtype: str

    def bowl(self) -> Any:
        """Where the run takes place: elements of very different sizes."""
        bowl = KIT["Bowl"](KIT["shapes_of"](self.case), self.dtype)
        for p, center in zip(bowl.starts, bowl.centers, strict=True):
            if p.ndim:
                p[0] *= 1024  # exact
                center[-1] /= 1024
        return bowl

    def run_with(self, kind: Any) -> Any:
        """All steps with ``kind``, ``Run`` or ``TorchRun``: the parameters after the steps in ``KEPT``, and the last
        state."""
        run, kept = kind(self.case, KIT["with_lr"](self.case, self.options), self.bowl()), {}
        for t in range(1, STEPS + 1):
            run.give_gradients()
            if t in WITHOUT:
                run.params[1].grad = None
            if t in ZERO and self.case.sparse != "needed":
                run.optimizer.zero_grad(set_to_none=False)
            run.optimizer.step()
            if t in KEPT:
                kept[t] = run.arrays
        return kept, run.states()


CASES = [case for case in KIT["CASES"] if case.torch and not case.needs_closure]


def runs_of(case: Any) -> list[GoldenRun]:
    """Every sample in both dtypes."""
    return [GoldenRun(case, options, dtype) for options in case.samples for dtype in KIT["DTYPES"]]


def written(array: Any) -> str:
    """The numbers of an array as hexadecimal floats, which are exact."""
    return " ".join(float(x).hex().replace("0x", "") for x in np.ravel(array))


def read(text: str, like: Any) -> Any:
    """What :func:`written` wrote, in shape and dtype of ``like``."""
    return np.array([float.fromhex(x) for x in text.split()], like.dtype).reshape(like.shape)
