"""Looking inside: what the tape has recorded, and what an optimizer computes in a step."""

from .explanation import Change, Explanation, Iteration, Iterations, Section, explain
from .history import Row, Tape, tape
from .recorded import Operation, recorded

__all__ = [
    "Change", "Explanation", "Iteration", "Iterations", "Operation", "Row", "Section", "Tape", "explain", "recorded",
    "tape",
]  # fmt: skip
