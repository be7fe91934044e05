"""How far apart, or how alike, the vectors of two tensors are."""

from __future__ import annotations

import numpy as np

from ...autograd.derivatives.elementwise import clamp
from ...autograd.ops.norms import norm
from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from .reduction import common_shape

__all__ = ["cosine_similarity", "pairwise_distance"]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 . x2 / (|x1| |x2|) along ``dim``.

    Parameters
    ----------
    x1, x2 : Tensor, shapes that broadcast to (..., D, ...)
    dim : int
        the dimension of the vectors, which goes (default 1)
    eps : float
        the least length to divide by

    Returns
    -------
    Tensor, shape (..., ...)

    >>> from minitorch_optim.autograd import tensor
    >>> cosine_similarity(tensor([[1.0, 0.0]]), tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    common_shape(x1, x2)
    lengths = [apply(clamp, norm(x, 2, dim, True), eps, None) for x in (x1, x2)]
    return apply(np.sum, (x1 / lengths[0]) * (x2 / lengths[1]), axis=dim)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dimension.

    Parameters
    ----------
    x1, x2 : Tensor, shape (N, D) or (D,)
    p : float
        which norm (default 2)
    eps : float
        added to the differences, so that the distance of equal vectors has a derivative
    keepdim : bool
        keep the last dimension, with length 1

    Returns
    -------
    Tensor, shape (N,) or ()

    >>> from minitorch_optim.autograd import tensor
    >>> pairwise_distance(tensor([[0.0, 0.0]]), tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """
    common_shape(x1, x2)
    return norm(x1 - x2 + eps, p, -1, keepdim)
