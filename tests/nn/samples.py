"""Sample inputs for the rows of layers and losses in the table of derivatives; see ``tests/autograd/kit.py``."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

SAMPLES: dict[Any, list[Any]] = {
    primitive: samples
    for file in sorted(Path(__file__).parent.glob("*_samples.py"))
    for primitive, samples in runpy.run_path(str(file))["SAMPLES"].items()
}
