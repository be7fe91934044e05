"""Choosing between elements: the larger, the nearer end, by a mask.

``input`` and ``other`` are tensors, arrays or Python numbers that broadcast against each other; the result has their
common shape (...). Where two are equal, each gets half of the gradient. """

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import elementwise
from ..tape import apply
from ..tensor import Tensor, array_of
from .comparisons import eq, isnan
from .creation import tensor  # noqa: F401  for the examples
from .naming import alias, method, op

__all__ = [
    "clamp", "clamp_max", "clamp_min", "clip", "masked_fill", "maximum", "minimum", "nan_to_num", "where",
]  # fmt: skip

@op
def maximum(input: Any, other: Any) -> Tensor:
    """The larger of two; where they are equal, each gets half of the gradient.

    >>> maximum(tensor([1.0, 5.0]), tensor([3.0, 2.0]))
    tensor([3., 5.])
    """
    return apply(np.maximum, input, other)


@op
def minimum(input: Any, other: Any) -> Tensor:
    """The smaller of two; where they are equal, each gets half of the gradient.

    >>> minimum(tensor([1.0, 5.0]), tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return apply(np.minimum, input, other)


@op(inplace=True)
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Each element, moved to the nearer end where it is outside [min, max]; one of the ends may be None.

    >>> clamp(tensor([-2.0, 0.5, 2.0]), -1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    return apply(elementwise.clamp, input, min, max)


clip = alias(clamp, "clip")


@op
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """``clamp(input, min=min)``."""
    return clamp(input, min=min)


@op
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """``clamp(input, max=max)``."""
    return clamp(input, max=max)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """``input`` where ``condition`` is true, ``other`` elsewhere; with the condition alone, where it is true.

    >>> x = tensor([-1.0, 2.0])
    >>> where(x > 0, x, 0.0)
    tensor([0., 2.])
    >>> where(x > 0)
    (tensor([1]),)
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if not isinstance(condition, Tensor):
        condition = np.asarray(condition)
    return apply(np.where, condition, input, other)


@method("where")
def _where_method(self: Tensor, condition: Any, other: Any) -> Tensor:
    """``self`` where ``condition`` is true, ``other`` elsewhere."""
    result: Tensor = where(condition, self, other)
    return result


@op(inplace=True)
def masked_fill(input: Tensor, mask: Any, value: Any) -> Tensor:
    """``value`` where ``mask``, of a shape that broadcasts to the input's, is true.

    >>> x = tensor([1.0, 2.0])
    >>> masked_fill(x, x > 1, float("-inf"))
    tensor([1., -inf])
    """
    value = np.asarray(value, dtype=input.dtype) if not isinstance(value, Tensor) else value
    return apply(np.where, array_of(mask), value, input)


@op(inplace=True)
def nan_to_num(input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """NaN replaced by ``nan``, infinities by the largest finite numbers or by ``posinf`` and ``neginf``.

    >>> nan_to_num(tensor([float("nan"), 1.0]))
    tensor([0., 1.])
    """
    limits = np.finfo(input.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    result: Tensor = where(isnan(input), nan, input)
    result = where(eq(result, float("inf")), high, result)
    finite: Tensor = where(eq(result, float("-inf")), low, result)
    return finite
