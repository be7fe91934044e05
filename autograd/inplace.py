"""Changing a tensor in place: its memory takes new values, its name takes a new history.

``x.mul_(2)`` computes ``x * 2`` as ever and then has :func:`overwrite` put the result into ``x``. Where ``x`` is a
view, the base it looks into was changed as well, so the base gets a new history too: its old one outside the view,
the result's inside. """

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .dtypes import takes
from .modes import modes
from .table import TABLE, derivative
from .tape import Like, Node, apply, cast, follow, new_node
from .tensor import Array, Tensor, new_tensor
from .watch import beside, into

copied = beside(np.array)


def _replaced(whole: Array, part: Array, steps: Any) -> Array:
    raise AssertionError("recorded by `overwrite`, never called")


def _outside(g: Any, steps: Any) -> Any:
    """``g`` with zeros inside the view, which may be the real or the imaginary part."""
    keep = np.full(g.shape, 1 + 1j if g.dtype.kind == "c" else 1, g.dtype)
    follow(steps, keep)[...] = 0
    if g.dtype.kind == "c":
        return np.where(keep.real == 0, 0, np.real(g)) + np.where(keep.imag == 0, 0, np.imag(g)) * 1j
    return np.where(keep == 0, 0, g)


derivative(
    _replaced,
    lambda g, out, whole, part, steps: _outside(g, steps),
    lambda g, out, whole, part, steps: follow(steps, g),
    name="CopySlices",
    linear=True,
)


def before_change(x: Tensor, others: Iterable[Any]) -> Tensor:
    """``x`` for an operation that is about to change it: where the tape may save its values, a copy of them."""
    if not (modes.grad and any(isinstance(t, Tensor) and t.requires_grad for t in (x, *others))):
        return x
    copy = new_tensor(copied(x._array), x.requires_grad)
    copy._node = x._node
    return copy


def put(target: Array, source: Array) -> None:
    """Write ``source`` into ``target``, whatever their dtypes: int64 into uint8 wraps around."""
    np.copyto(target, source, casting="unsafe")


def overwrite(x: Tensor, result: Tensor, what: str) -> Tensor:
    """Change ``x`` in place: its memory takes the values of ``result``, its history becomes the history of ``result``.

    Raises
    ------
    RuntimeError
        if ``x`` is a leaf that requires grad (or a view of one) and recording is on; if shapes or kinds of dtype differ
    """
    recording = modes.grad and (x.requires_grad or result.requires_grad)
    if recording:
        base = x if x._view is None else x._view.base
        if base._node is None and base._requires_grad:
            place = "leaf Variable" if base is x else "view of a leaf Variable"
            elsewhere = what.endswith("_") and hasattr(Tensor, what[:-1])  # there is no fill() beside fill_()
            instead = f"write x = x.{what[:-1]}(...)" if elsewhere else "change a clone()"
            raise RuntimeError(
                f"a {place} that requires grad is being used in an in-place operation ({what}): its gradient could "
                f"not be kept. Make the change inside `with no_grad():`, or {instead}"
            )
    source, target = result._array, x._array
    if source.shape != target.shape:
        raise RuntimeError(
            f"{what}: output with shape {list(target.shape)} doesn't match the broadcast shape {list(source.shape)}. "
            f"In place a tensor keeps its shape: use the operation that returns a new one"
        )
    if not takes(target.dtype, source.dtype):
        raise RuntimeError(
            f"{what}: result type {source.dtype} can't be cast to the desired output type {target.dtype}. "
            f"Convert the tensor first, as in x.float()"
        )
    if not target.flags.writeable:
        raise RuntimeError(
            f"{what}: unsupported operation: more than one element of the written-to tensor refers to a single memory "
            f"location (it was made by expand()), or its memory is read-only. Please clone() the tensor first"
        )
    into(target, put, source)
    x._version[0] += 1
    if recording:
        if source.dtype != target.dtype:
            result = apply(cast, result, target.dtype)
        _new_history(x, result)
    return x


def _new_history(x: Tensor, result: Tensor) -> None:
    if x._view is None:
        _take_node(x, result._node)
        x._requires_grad = result._requires_grad
        return
    base = x._view.base
    edges = [(t._node or t) if t.requires_grad else None for t in (base, result)]
    # Only the steps of the view are kept: the view itself would hold the base, and the base its node.
    kept = (Like(base._array), Like(x._array), x._view.steps)
    _take_node(base, new_node(TABLE[_replaced], (*edges, None), kept, {}))
    base._requires_grad = True
    x._view.refresh(x)


def _take_node(tensor: Tensor, node: Node | None) -> None:
    """Let ``node`` be what made ``tensor``. If the tensor retains its gradient, it is now the one by the new values."""
    old, tensor._node = tensor._node, node
    if old is not None and old.retained and node is not None:
        moving = [reference for reference in old.retained if reference() is tensor]
        old.retained = [reference for reference in old.retained if reference() is not tensor]
        node.retained = [*(node.retained or ()), *moving]
