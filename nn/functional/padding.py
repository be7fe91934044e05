"""Padding: elements put around a tensor, or taken off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.derivatives.indexing import assign, getitem, putitem
from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from .resampling import pick

__all__ = ["pad"]

_NUMPY_NAME: Any = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Put elements around ``input``.

    Parameters
    ----------
    input : Tensor, any shape
    pad : sequence of int
        how many before and after, in pairs: of the last dimension, then of the one before it, and so on;
        a negative number takes elements away
    mode : str
        ``"constant"``: with ``value``; ``"reflect"``: mirrored at the edge, which is not repeated;
        ``"replicate"``: with the edge; ``"circular"``: with the other end
    value : float, optional
        default: 0; only for mode ``"constant"``

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        if ``pad`` has an odd number of elements or more pairs than ``input`` has dimensions, or if there are fewer
        elements than are to be mirrored or wrapped
    NotImplementedError
        for any other mode

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor([[1.0, 2.0, 3.0]])
    >>> pad(x, (1, 2))
    tensor([[0., 1., 2., 3., 0., 0.]])
    >>> pad(x, (2, 1), mode="reflect")
    tensor([[3., 2., 1., 2., 3., 2.]])
    >>> pad(x, (-1, 0))
    tensor([[2., 3.]])
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise RuntimeError(
            f"Padding length must be divisible by 2 and at most twice the number of dimensions of the input "
            f"({input.ndim}), got pad={tuple(pad)}"
        )
    if mode != "constant" and mode not in _NUMPY_NAME:
        raise NotImplementedError(
            f"Unrecognised padding mode {mode!r}: choose 'constant', 'reflect', 'replicate' or 'circular'"
        )
    if mode != "constant" and value is not None:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument, got value={value}')
    pairs = [(0, 0)] * (input.ndim - len(pad) // 2)
    pairs += [(int(pad[i]), int(pad[i + 1])) for i in range(len(pad) - 2, -1, -2)]
    for axis, ((before, after), size) in enumerate(zip(pairs, input.shape)):
        n = size + min(before, 0) + min(after, 0)
        most = {"reflect": n - 1, "circular": n}.get(mode)
        if most is not None and max(before, after) > most:
            raise RuntimeError(
                f"Padding size should be at most {most} in mode {mode!r}, but got: padding ({before}, {after}) at "
                f"dimension {axis} of input {list(input.shape)}"
            )
        if n < 0 or (mode == "replicate" and n == 0):
            raise RuntimeError(
                f"padding ({before}, {after}) does not fit dimension {axis} of input {list(input.shape)}: there are "
                f"too few elements"
            )
    if mode == "constant":
        return _with_constant(input, pairs, value or 0.0)
    out = input
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            kept: Any = np.arange(max(-before, 0), input.shape[axis] - max(-after, 0))
            out = pick(out, np.pad(kept, (max(before, 0), max(after, 0)), mode=_NUMPY_NAME[mode]), axis)
    return out


def _with_constant(x: Tensor, pairs: list[tuple[int, int]], value: float) -> Tensor:
    if min(map(min, pairs), default=0) < 0:
        x = apply(getitem, x, tuple(slice(max(-b, 0), n - max(-a, 0)) for (b, a), n in zip(pairs, x.shape)))
    middle = tuple(slice(max(b, 0), max(b, 0) + n) for (b, _), n in zip(pairs, x.shape))
    shape = tuple(max(b, 0) + n + max(a, 0) for (b, a), n in zip(pairs, x.shape))
    if value == 0:
        return apply(putitem, x, middle, shape)
    return apply(assign, np.full(shape, value, x.dtype), x, middle)
