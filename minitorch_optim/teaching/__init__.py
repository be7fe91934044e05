"""Looking inside: what the tape has recorded, and what an optimizer computes in a step."""

from .history import Row, Tape, tape
from .recorded import Operation, recorded

__all__ = ["Operation", "Row", "Tape", "recorded", "tape"]
