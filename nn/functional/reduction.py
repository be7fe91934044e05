"""What the losses share: how one number is made of many, and what shapes must fit."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ...autograd.derivatives.elementwise import clamp
from ...autograd.hints import as_a_tensor, hint
from ...autograd.tape import Node, apply
from ...autograd.tensor import Tensor

# Operations that change only the form: what is before them feeds what is after them.
FORM = frozenset((
    "View", "Permute", "Transpose", "Moveaxis", "Squeeze", "Unsqueeze", "Index", "Flip", "Clone", "Contiguous",
    "ToCopy", "Cat", "Stack",
))  # fmt: skip


def maker(node: Any) -> Any:
    """The operation that computed what ``node`` has brought into form; None for a leaf, and for parts of two kinds."""
    while isinstance(node, Node) and node.row.name in FORM:
        if node.row.name in ("Cat", "Stack"):
            parts = [maker(edge) for edge in node.edges]
            return parts[0] if all(part and part.row is parts[0].row for part in parts) else None
        node = node.edges[0]
    return node if isinstance(node, Node) else None


def check_reduction(reduction: str, *further: str) -> None:
    """Raise ValueError unless ``reduction`` is one that a loss knows."""
    if reduction not in ("none", "mean", "sum") and reduction not in further:
        raise ValueError(
            f"{reduction} is not a valid value for reduction: choose 'mean', 'sum' or 'none'"
            + "".join(f", or {name!r}" for name in further)
        )


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The mean or the sum of all elements, or, for ``"none"``, the elements."""
    if reduction == "none":
        return loss
    return apply(np.mean if reduction == "mean" else np.sum, loss)


def matched(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the shape to which they broadcast, with a warning if they were not of one shape."""
    try:
        a, b = input._array.shape, target._array.shape
    except AttributeError:
        caller = sys._getframe(1).f_code.co_name  # such as mse_loss
        raise not_tensors(f"{caller}()", input=input, target=target) from None
    if a == b:
        return input, target
    shape = common_shape(input, target)
    message = (
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely "
        f"lead to incorrect results due to broadcasting. Please ensure they have the same size."
    )
    column = max(len(a), len(b)) == 2 and 1 in (*a[1:], *b[1:])
    if column:
        name, other = ("input", "target") if len(a) == 2 else ("target", "input")
        message += f" Here every {name} is compared with every {other}: make a vector of the column, {name}.squeeze(1)."
    hint(message, UserWarning)
    return apply(np.broadcast_to, input, shape), apply(np.broadcast_to, target, shape)


def not_tensors(function: str, **arguments: Any) -> TypeError:
    """The error for the first of the arguments that is not a Tensor."""
    position, name, value = next(
        (i, name, value) for i, (name, value) in enumerate(arguments.items(), start=1) if not isinstance(value, Tensor)
    )
    return TypeError(
        f"{function}: argument '{name}' (position {position}) must be Tensor, not {type(value).__name__}: "
        f"{as_a_tensor(value)}"
    )


def common_shape(a: Tensor, b: Tensor) -> tuple[int, ...]:
    """The shape to which two tensors broadcast."""
    try:
        return np.broadcast_shapes(tuple(a.shape), tuple(b.shape))
    except ValueError:
        raise RuntimeError(
            f"The size of tensor a {list(a.shape)} must match the size of tensor b {list(b.shape)}, or be 1, in every "
            f"dimension, counted from the last"
        ) from None


def constant(t: Any) -> Any:
    """``t`` without its history, for what is decided by its values and not differentiated."""
    return t.detach() if isinstance(t, Tensor) else np.asarray(t)


def hinge(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return apply(clamp, x, 0.0, None)
