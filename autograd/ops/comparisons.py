"""Comparisons, and the logic of their results: bool tensors, without a gradient.

``input`` and ``other`` are tensors, arrays or Python numbers that broadcast against each other; the result has their
common shape (...). """

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tape import apply
from ..tensor import Tensor, array_of
from ..watch import beside, read
from .creation import from_numpy, tensor  # noqa: F401  tensor is for the examples
from .naming import alias, in_place, op

__all__ = [
    "allclose", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "eq", "equal", "ge", "greater", "greater_equal", "gt", "isclose", "isfinite", "isinf", "isnan",
    "le", "less", "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne", "not_equal",
]  # fmt: skip

def _comparison(name: str, primitive: Any, sign: str, *methods: str) -> Callable[[Any, Any], Tensor]:
    def compare(input: Any, other: Any) -> Tensor:
        if other is None or isinstance(other, str):
            return NotImplemented  # type: ignore[no-any-return]
        return apply(primitive, input, other)

    compare.__name__ = compare.__qualname__ = name
    compare.__doc__ = f"input {sign} other, elementwise: a bool tensor."
    return op(inplace=True, names=methods)(compare)


eq = _comparison("eq", np.equal, "==", "__eq__")
ne = _comparison("ne", np.not_equal, "!=", "__ne__")
lt = _comparison("lt", np.less, "<", "__lt__")
le = _comparison("le", np.less_equal, "<=", "__le__")
gt = _comparison("gt", np.greater, ">", "__gt__")
ge = _comparison("ge", np.greater_equal, ">=", "__ge__")
logical_and = _comparison("logical_and", np.logical_and, "and")
logical_or = _comparison("logical_or", np.logical_or, "or")
logical_xor = _comparison("logical_xor", np.logical_xor, "exclusive or")
bitwise_and = _comparison("bitwise_and", np.bitwise_and, "&", "__and__", "__rand__")
bitwise_or = _comparison("bitwise_or", np.bitwise_or, "|", "__or__", "__ror__")
bitwise_xor = _comparison("bitwise_xor", np.bitwise_xor, "^", "__xor__", "__rxor__")
bitwise_left_shift = _comparison("bitwise_left_shift", np.left_shift, "<<", "__lshift__")
bitwise_right_shift = _comparison("bitwise_right_shift", np.right_shift, ">>", "__rshift__")
greater = alias(gt, "greater")
greater_equal = alias(ge, "greater_equal")
less = alias(lt, "less")
less_equal = alias(le, "less_equal")
not_equal = alias(ne, "not_equal")
for _sign, _function in (("and", bitwise_and), ("or", bitwise_or), ("xor", bitwise_xor)):
    setattr(Tensor, f"__i{_sign}__", in_place(_function))


@op(inplace=True)
def logical_not(input: Tensor) -> Tensor:
    """True where an element is 0.

    >>> logical_not(tensor([0, 1]))
    tensor([ True, False])
    """
    return apply(np.logical_not, input)


@op(inplace=True, names=("__invert__",))
def bitwise_not(input: Tensor) -> Tensor:
    """~input, of whole numbers or bools.

    >>> bitwise_not(tensor([True, False]))
    tensor([False,  True])
    """
    return apply(np.invert, input)


@op
def isnan(input: Tensor) -> Tensor:
    """True where an element is not a number.

    >>> isnan(tensor([1.0, float("nan")]))
    tensor([False,  True])
    """
    return apply(np.isnan, input)


@op
def isinf(input: Tensor) -> Tensor:
    """True where an element is infinite.

    >>> isinf(tensor([1.0, float("-inf")]))
    tensor([False,  True])
    """
    return apply(np.isinf, input)


@op
def isfinite(input: Tensor) -> Tensor:
    """True where an element is neither infinite nor NaN.

    >>> isfinite(tensor([1.0, float("inf")]))
    tensor([ True, False])
    """
    return apply(np.isfinite, input)


@op
def isclose(input: Tensor, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """True where |input - other| <= atol + rtol |other|.

    >>> isclose(tensor([1.0, 2.0]), tensor([1.0, 2.1]))
    tensor([ True, False])
    """
    return from_numpy(_isclose(array_of(input), array_of(other), rtol, atol, equal_nan))


@beside
def _isclose(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    return np.asarray(np.isclose(a, b, rtol, atol, equal_nan))


@op
def allclose(input: Tensor, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close, in the sense of :func:`isclose`.

    >>> allclose(tensor([1.0]), tensor([1.0 + 1e-9]))
    True
    """
    read("allclose()")
    return bool(np.allclose(array_of(input), array_of(other), rtol, atol, equal_nan))


@op
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements: one Python bool.

    >>> equal(tensor([1.0]), tensor([1.0, 1.0]))
    False
    """
    read("equal()")
    return bool(np.array_equal(array_of(input), array_of(other)))
