"""Maps of one axis of a tensor of any shape: what padding, interpolation and adaptive pooling are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.derivatives.indexing import getitem
from ...autograd.tape import apply
from ...autograd.tensor import Tensor


def along_axis(x: Tensor, axis: int, matrix: Any) -> Tensor:
    """``x`` with each line along ``axis`` multiplied by ``matrix``, shape (n, m)."""
    moved = apply(np.moveaxis, x, axis, -1)
    lines = apply(np.matmul, apply(np.reshape, moved, (-1, matrix.shape[0])), matrix)
    return apply(np.moveaxis, apply(np.reshape, lines, (*moved.shape[:-1], matrix.shape[1])), -1, axis)


def pick(x: Tensor, index: Any, axis: int) -> Tensor:
    """``x`` with the elements at ``index``, whole numbers of shape (m,), along ``axis``."""
    return apply(np.moveaxis, apply(getitem, apply(np.moveaxis, x, axis, 0), index), 0, axis)
