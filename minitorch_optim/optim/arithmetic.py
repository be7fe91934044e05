"""Two small operations that several rules share, with the roundings that PyTorch's have."""

from __future__ import annotations

from typing import Any

from ..autograd import Tensor
from .formula import Formula


def lerp(start: Any, end: Any, weight: Any) -> Any:
    """The point ``weight`` of the way from ``start`` to ``end``, computed from the nearer one."""
    if weight < 0.5:
        return start + weight * (end - start)
    return end - (end - start) * (1 - weight)


def wide(number: Any) -> Any:
    """A state that is one number, as a Python float: what is computed from it then has double precision.

    Such a state is kept in the default dtype, so it comes as a ``np.float32``, which would pull Python numbers down to
    its own precision. A Tensor that requires grad stays one: where the step is recorded, gradients flow through it.
    """
    if isinstance(number, Formula):
        return number.wide()
    if isinstance(number, Tensor):
        return number if number.requires_grad else number.item()
    return float(number)
