"""Looking inside: what the tape has recorded, what an optimizer computes in a step, and which mistakes a step has."""

from .explanation import Change, Explanation, Iteration, Iterations, Section, explain
from .history import Row, Tape, tape
from .lint import Finding, Findings, lint_training
from .recorded import Operation, recorded

__all__ = [
    "Change", "Explanation", "Finding", "Findings", "Iteration", "Iterations", "Operation", "Row", "Section", "Tape",
    "explain", "lint_training", "recorded", "tape",
]  # fmt: skip
