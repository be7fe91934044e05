"""Losses that ask for a margin: between similar and dissimilar pairs, between the right class and the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from .classification_losses import binary_cross_entropy_with_logits, pick_class
from .distances import pairwise_distance
from .reduction import check_reduction, common_shape, constant, hinge, reduced
from .targets import check_scores, flat_classes

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
    "multilabel_soft_margin_loss", "soft_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip


# -- pairs and triplets


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, *, reduction: str = "mean") -> Tensor:
    """For distances: x where the target is 1 (alike), max(0, margin - x) where it is -1 (different).

    Parameters
    ----------
    input : Tensor, shape (...)
        distances
    target : Tensor, same shape
        1 or -1
    margin : float
        how far apart is far enough (default 1)
    reduction : str
        ``"mean"`` (default) or ``"sum"`` of all elements, or ``"none"``

    >>> from minitorch_optim.autograd import tensor
    >>> hinge_embedding_loss(tensor([0.2, 0.2]), tensor([1, -1]), reduction="none")
    tensor([0.2000, 0.8000])
    """
    check_reduction(reduction)
    common_shape(input, target)
    y = constant(target)
    loss = apply(np.where, y != -1, input, 0.0) + apply(np.where, y != 1, hinge(margin - input), 0.0)
    return reduced(loss, reduction)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, *, reduction: str = "mean"
) -> Tensor:
    """max(0, -y (x1 - x2) + margin): where the target y is 1, x1 should be the larger, where it is -1, x2.

    Parameters
    ----------
    input1, input2, target : Tensor, same shape (...)
    margin : float
        by how much (default 0)
    reduction : str
        as in :func:`hinge_embedding_loss`

    Raises
    ------
    RuntimeError
        if the numbers of dimensions differ

    >>> from minitorch_optim.autograd import tensor
    >>> margin_ranking_loss(tensor([1.0, 1.0]), tensor([3.0, 0.0]), tensor([1, 1]), reduction="none")
    tensor([2., 0.])
    """
    check_reduction(reduction)
    if input1.ndim != input2.ndim or input1.ndim != target.ndim:
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{list(input1.shape)}, input2: {list(input2.shape)}, target: {list(target.shape)}"
        )
    return reduced(hinge((input1 - input2) * -target + margin), reduction)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, *, reduction: str = "mean"
) -> Tensor:
    """1 - cos(x1, x2) where the target is 1 (alike), max(0, cos(x1, x2) - margin) where it is -1 (different).

    Parameters
    ----------
    input1, input2 : Tensor, shape (N, D) or (D,)
    target : Tensor, shape (N,) or ()
        1 or -1
    margin : float
        from -1 to 1, best from 0 to 0.5 (default 0)
    reduction : str
        as in :func:`hinge_embedding_loss`

    Raises
    ------
    RuntimeError
        if the target is not one dimension short of the inputs

    >>> from minitorch_optim.autograd import tensor
    >>> x, y = tensor([[1.0, 0.0], [1.0, 0.0]]), tensor([[0.0, 2.0], [2.0, 0.0]])
    >>> cosine_embedding_loss(x, y, tensor([1, -1]), reduction="none")
    tensor([1., 1.])
    """
    check_reduction(reduction)
    if target.ndim > 1 or input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        raise RuntimeError(
            f"0D or 1D target tensor expected, multi-target not supported: with inputs of shape (N, D), the target has "
            f"shape (N,), got inputs {list(input1.shape)} and {list(input2.shape)}, target {list(target.shape)}"
        )
    common_shape(input1, input2)
    squares = [apply(np.sum, x * x, axis=-1) + 1e-12 for x in (input1, input2)]
    cosine = apply(np.sum, input1 * input2, axis=-1) / apply(np.sqrt, squares[0] * squares[1])
    y = constant(target)
    different = apply(np.where, y == -1, hinge(cosine - margin), 0.0)
    return reduced(apply(np.where, y == 1, 1 - cosine, different), reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), with the distance of :func:`pairwise_distance`.

    Parameters
    ----------
    anchor, positive, negative : Tensor, shape (N, D) or (D,)
    margin : float
        how much farther the negative should be (default 1)
    p, eps : float
        the norm of the distance, and a number added to the differences
    swap : bool
        take d(positive, negative) where it is smaller than d(anchor, negative) (Balntas et al. 2016)
    reduction : str
        as in :func:`hinge_embedding_loss`

    Raises
    ------
    ValueError
        if the margin is not positive

    >>> from minitorch_optim.autograd import tensor
    >>> triplet_margin_loss(tensor([[0.0, 0.0]]), tensor([[0.0, 3.0]]), tensor([[2.0, 0.0]]))
    tensor(2.)
    """

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return triplet_margin_with_distance_loss(
        anchor, positive, negative, distance_function=distance, margin=margin, swap=swap, reduction=reduction
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """:func:`triplet_margin_loss` with a distance of one's own: a function of two tensors.

    >>> from minitorch_optim.autograd import tensor
    >>> x, y, z = tensor([0.0]), tensor([3.0]), tensor([1.0])
    >>> triplet_margin_with_distance_loss(x, y, z, distance_function=lambda a, b: (a - b) ** 2)
    tensor(9.)
    """
    check_reduction(reduction)
    if not margin > 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = distance_function or pairwise_distance
    far = distance(anchor, negative)
    if swap:
        far = apply(np.minimum, far, distance(positive, negative))
    return reduced(hinge(distance(anchor, positive) - far + margin), reduction)


# -- classes


def soft_margin_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-y x)) for scores x and targets y, 1 or -1; all of one shape.

    >>> from minitorch_optim.autograd import tensor
    >>> soft_margin_loss(tensor([0.0]), tensor([1.0]))
    tensor(0.6931)
    """
    check_reduction(reduction)
    common_shape(input, target)
    return reduced(apply(np.logaddexp, 0.0, -target * input), reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
    """The mean over all classes of max(0, margin - x_right + x_other)^p, without the right one.

    Parameters
    ----------
    input : Tensor, shape (N, C) or (C,)
        scores
    target : Tensor, shape (N,) or (), whole numbers
        the right class
    p : int
        1 (default) or 2
    margin : float
        by how much the right class should lead (default 1)
    weight : Tensor, shape (C,), optional
        multiplies the margins by that of the right class
    reduction : str
        as in :func:`hinge_embedding_loss`

    Raises
    ------
    ValueError
        if p is not 1 or 2

    >>> from minitorch_optim.autograd import tensor
    >>> multi_margin_loss(tensor([[0.1, 0.2, 0.4, 0.8]]), tensor([3]))
    tensor(0.3250)
    """
    check_reduction(reduction)
    if p not in (1, 2):
        raise ValueError(f"only p == 1 and p == 2 supported, got p={p}")
    check_scores(input, weight)
    scores, classes, _, shape = flat_classes(input, target, -100)
    right = apply(np.expand_dims, apply(pick_class, scores, classes), 1)
    terms = hinge(scores - right + margin)
    if p == 2:
        terms = terms * terms
    if weight is not None:
        terms = terms * weight._array[classes][:, None]
    others = np.arange(scores.shape[1]) != classes[:, None]
    each = apply(np.sum, apply(np.where, others, terms, 0.0), axis=1) / scores.shape[1]
    return reduced(apply(np.reshape, each, shape), reduction)


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """:func:`binary_cross_entropy_with_logits`, its mean over the last dimension, the classes.

    Parameters
    ----------
    input, target : Tensor, shape (N, C) or (C,)
        raw scores, and 0 or 1
    weight : Tensor, shape (C,), optional
    reduction : str
        as in :func:`hinge_embedding_loss`

    >>> from minitorch_optim.autograd import tensor
    >>> multilabel_soft_margin_loss(tensor([[0.0, 0.0]]), tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    check_reduction(reduction)
    each = binary_cross_entropy_with_logits(input, target, weight, reduction="none")
    return reduced(apply(np.mean, each, axis=-1), reduction)
