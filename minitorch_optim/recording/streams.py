"""Random numbers that come from elsewhere: a step that draws them does something else in each call."""

from __future__ import annotations

import random
import sys
from typing import Any

from .names import Names


def other_streams(names: Names) -> list[Any]:
    """The states of Python's and NumPy's own generators, and of those that a step reads by name."""
    states: list[Any] = [random.getstate()]
    if "numpy.random" in sys.modules:
        states.append(_plain(sys.modules["numpy.random"].get_state(legacy=False)))
    for _, value in names.objects:
        if isinstance(value, random.Random):
            states.append(value.getstate())
        elif hasattr(value, "bit_generator"):
            states.append(_plain(value.bit_generator.state))
    return states


def _plain(state: Any) -> Any:
    """A state that can be compared: the arrays in it as bytes."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    return state.tobytes() if hasattr(state, "tobytes") else state
