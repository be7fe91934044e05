"""Losses between scores or probabilities and classes.

Cross-entropy with one right class per sample, by far the most used, is one fused primitive; its variants are
compositions.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ...autograd.derivatives.elementwise import sigmoid
from ...autograd.derivatives.reductions import log_softmax, softmax
from ...autograd.hints import hint
from ...autograd.table import TABLE, derivative
from ...autograd.tape import apply, primitive
from ...autograd.tensor import Tensor
from ...autograd.watch import beside
from .reduction import check_reduction, common_shape, constant, maker, not_tensors, reduced
from .targets import check_scores, flat_classes, one_class_each, shares

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "kl_div", "nll_loss"]

# What is hardly ever meant to come before a loss from raw scores, and before one from logarithms of probabilities.
SOFTMAX, SIGMOID = TABLE[softmax], TABLE[sigmoid]
LOG_SOFTMAX, OF_A_LAYER = TABLE[log_softmax], ("Linear", "Convolution")

# -- one right class. ``target``, shape (N,), has its number; ``share`` says how much each sample counts, or is None.


@primitive
def softmax_nll(x: Any, target: Any, share: Any, reduction: str) -> Any:
    """-log softmax(x)[target]. Shape (N, C) to (N,), or () if reduced."""
    scores = x.T.copy()  # classes first: NumPy reduces over the first dimension several times faster
    right = np.multiply(target, len(x), dtype=np.intp) + _samples(len(x))  # where the right classes lie in it
    scores -= np.maximum.reduce(scores, axis=0)
    gap = np.exp(scores)  # becomes softmax - one-hot, the derivative
    total = np.add.reduce(gap, axis=0)
    each = np.log(total) - scores.ravel()[right]
    gap /= total
    gap.ravel()[right] -= 1
    gap = gap.T
    if share is not None:
        each = np.where(share == 0, 0, each * share.astype(x.dtype, copy=False))
    if reduction == "none":
        return each, gap
    return np.add.reduce(each) / _divisor(share, reduction, len(x)), gap


@functools.lru_cache(maxsize=16)
def _samples(n: int) -> Any:
    """The numbers of ``n`` samples, made once."""
    numbers = np.arange(n)
    numbers.flags.writeable = False
    return numbers


def _divisor(share: Any, reduction: str, n: int) -> float:
    """What the sum is divided by. Where nothing counts, the mean is NaN, as in PyTorch."""
    if reduction != "mean":
        return 1
    return (n if share is None else float(np.add.reduce(share))) or math.nan


def _softmax_nll_rule(g: Any, out: Any, x: Any, target: Any, share: Any, reduction: str, *, saved: Any) -> Any:
    """The derivative of the loss by the scores is softmax - one-hot."""
    gap = softmax(x, 1) - place_class(np.ones(len(target), x.dtype), target, x.shape[1]) if saved is None else saved
    scale = g if share is None else g * share.astype(g.dtype, copy=False)
    scale = scale / _divisor(share, reduction, len(target)) if reduction == "mean" else scale
    return gap * (scale if scale.ndim == 0 else scale[:, None])


derivative(softmax_nll, _softmax_nll_rule, name="CrossEntropy", fused=True)


@primitive
def pick_class(x: Any, target: Any) -> Any:
    """``x[n, target[n]]``: shape (N, C) to (N,)."""
    return x[_samples(len(x)), target]


@primitive
def place_class(values: Any, target: Any, classes: int) -> Any:
    """Zeros of shape (N, ``classes``) with ``values[n]`` at ``target[n]``."""
    out = np.zeros((len(values), classes), values.dtype)
    out[_samples(len(values)), target] = values
    return out


derivative(pick_class, lambda g, out, x, target: place_class(g, target, x.shape[1]), linear=True)
derivative(place_class, lambda g, out, values, target, classes: pick_class(g, target), linear=True)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input) at the right class: the loss of classification, from raw scores ("logits").

    Parameters
    ----------
    input : Tensor, shape (N, C), (C,) or (N, C, d1, ...)
        a score for each class; no softmax before
    target : Tensor, shape (N,), () or (N, d1, ...), whole numbers
        the right class, from 0 to C - 1; or, of the shape of ``input`` and real, the probability of each class
    weight : Tensor, shape (C,), optional
        how much each class counts
    ignore_index : int
        samples of this class do not count (default -100)
    reduction : str
        ``"mean"`` (default; weighted if there are weights), ``"sum"`` or ``"none"``
    label_smoothing : float
        from 0 to 1: this part of the probability is spread evenly over all classes (default 0; Szegedy et al. 2016)

    Returns
    -------
    Tensor, shape (), or that of the classes

    Raises
    ------
    IndexError
        if a target is not one of the C classes
    ValueError, RuntimeError
        if shapes or dtypes do not fit

    >>> from minitorch_optim.autograd import tensor
    >>> cross_entropy(tensor([[0.0, 0.0], [0.0, 0.0]]), tensor([0, 1]))
    tensor(0.6931)
    >>> cross_entropy(tensor([[2.0, 0.0]]), tensor([[0.5, 0.5]]))
    tensor(1.1269)
    """
    check_reduction(reduction)
    try:
        node, classes = input._node, target._array
    except AttributeError:
        raise not_tensors("cross_entropy_loss()", input=input, target=target) from None
    if (made := maker(node)) is not None and made.row is SOFTMAX:
        hint(
            "cross_entropy was given the output of softmax: it takes raw scores (logits) and does the softmax itself. "
            "Leave out the softmax before the loss; twice, it makes the gradients small and training slow"
        )
    if weight is None and not label_smoothing and one_class_each(input._array, classes, ignore_index):
        return apply(softmax_nll, input, classes, None, reduction)  # as it is most often called
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    check_scores(input, weight)
    if classes.shape == input._array.shape and classes.dtype.kind == "f":
        return _of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    scores, classes, counts, shape = flat_classes(input, target, ignore_index)
    if label_smoothing:
        loss = _smoothed(scores, classes, counts, weight, reduction, label_smoothing)
    else:
        loss = apply(softmax_nll, scores, classes, shares(classes, counts, weight), reduction)
    return _as_targets(loss, shape, reduction)


def _smoothed(
    scores: Tensor, classes: Any, counts: Any, weight: Tensor | None, reduction: str, label_smoothing: float
) -> Tensor:
    """The right class has 1 - label_smoothing, and all together have label_smoothing, in equal parts."""
    log_p = apply(log_softmax, scores, 1)
    share = shares(classes, counts, weight)
    right = apply(pick_class, log_p, classes)
    even = apply(np.sum, log_p if weight is None else log_p * weight, axis=1)
    if share is not None:
        right = right * share
    if counts is not None:
        even = even * counts
    each: Tensor = right * (label_smoothing - 1) - even * (label_smoothing / scores.shape[1])
    if reduction == "none":
        return each
    return _joined(each, share, reduction)


def _joined(each: Tensor, share: Any, reduction: str) -> Tensor:
    """The sum of the losses, or their mean with each counting as ``share`` says."""
    loss: Tensor = apply(np.sum, each) / _divisor_array(share, reduction, len(each), each.dtype)
    return loss


@beside
def _divisor_array(share: Any, reduction: str, n: int, dtype: Any) -> Any:
    return np.array(_divisor(share, reduction, n), dtype)


def _of_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    if ignore_index >= 0:
        raise RuntimeError(
            f"ignore_index is not supported for floating point target, got ignore_index={ignore_index} and a target "
            f"with the probability of each class"
        )
    axis = 1 if input.ndim > 1 else 0
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[axis]
    terms = apply(log_softmax, input, axis) * target
    if weight is not None:
        terms = terms * apply(np.reshape, weight, (-1, *(1,) * max(input.ndim - 2, 0)))
    each = -apply(np.sum, terms, axis=axis)
    return reduced(each, reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """-input at the right class: what follows ``log_softmax``; together they are :func:`cross_entropy`.

    Parameters
    ----------
    input : Tensor, shape (N, C), (C,) or (N, C, d1, ...)
        log-probabilities
    target, weight, ignore_index, reduction
        as in :func:`cross_entropy`; classes by number only

    >>> from minitorch_optim.autograd import tensor
    >>> nll_loss(tensor([[-0.5, -1.0], [-2.0, -0.1]]), tensor([0, 0]))
    tensor(1.2500)
    """
    check_reduction(reduction)
    try:
        node, _ = input._node, target._array
    except AttributeError:
        raise not_tensors("nll_loss()", input=input, target=target) from None
    if input.ndim == 0:
        raise ValueError("Expected 1 or more dimensions (got 0): (samples, classes) or (classes,)")
    check_scores(input, weight)
    scores, classes, counts, shape = flat_classes(input, target, ignore_index)
    share = shares(classes, counts, weight)
    each = -apply(pick_class, scores, classes)
    if share is not None:
        each = each * share
    loss = each if reduction == "none" else _joined(each, share, reduction)
    if (what := _no_logarithms(maker(node))) or (reduction != "none" and loss._array < 0):
        hint(
            f"nll_loss takes the logarithms of probabilities, which are never positive, and was given "
            f"{what or 'some that are positive'}: put log_softmax(scores, dim=1) before it, or use cross_entropy on "
            f"the raw scores"
        )
    return _as_targets(loss, shape, reduction)


def _no_logarithms(node: Any) -> str:
    """What ``node`` has computed, if it is nothing that nll_loss takes."""
    if node is None:
        return ""
    if node.row is LOG_SOFTMAX and np.ndim(node.out) == 2 and (node.kwargs or {}).get("axis") in (0, -2):
        return "those of log_softmax along dimension 0, the samples"
    return "the output of softmax" if node.row is SOFTMAX else "raw scores" if node.row.name in OF_A_LAYER else ""


def _as_targets(loss: Tensor, shape: tuple[int, ...], reduction: str) -> Tensor:
    """A loss for each target, in the shape that they had."""
    return apply(np.reshape, loss, shape) if reduction == "none" and loss.shape != shape else loss


# ---------------------------------------------------------------------------------------------- two classes


@primitive
def bernoulli_nll(p: Any, y: Any) -> Any:
    """-(y log p + (1 - y) log(1 - p)), with logarithms of at least -100."""
    return (y - 1) * _bounded(np.log1p, -p) - y * _bounded(np.log, p)


def _bounded(log: Any, p: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.maximum(log(p), -100)


@primitive
def logistic_nll(x: Any, y: Any, pos_weight: Any = None) -> Any:
    """The same for p = sigmoid(x), without overflow; y is multiplied by ``pos_weight``, if there is one."""
    if pos_weight is None:
        return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.absolute(x)))
    return (1 - y) * x + (1 + (pos_weight - 1) * y) * np.logaddexp(0, -x)


derivative(
    bernoulli_nll,
    lambda g, out, p, y: g * (p - y) / np.maximum(p * (1 - p), 1e-12),
    lambda g, out, p, y: g * (_bounded(np.log1p, -p) - _bounded(np.log, p)),
    elementwise=True,
    promotes_numbers=True,
)
derivative(
    logistic_nll,
    lambda g, out, x, y, pos_weight=None: g * (
        sigmoid(x) - y if pos_weight is None else 1 - y - (1 + (pos_weight - 1) * y) * sigmoid(-x)
    ),
    lambda g, out, x, y, pos_weight=None: g * (
        -x if pos_weight is None else (pos_weight - 1) * np.logaddexp(0, -x) - x
    ),
    lambda g, out, x, y, pos_weight=None: g * y * np.logaddexp(0, -x),
    elementwise=True,
    promotes_numbers=True,
)


@beside
def _check_probabilities(values: Any, name: str, cure: str) -> None:
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise RuntimeError(
            f"all elements of {name} should be between 0 and 1, got values from {values.min():g} to "
            f"{values.max():g}{cure}"
        )


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """-(y log p + (1 - y) log(1 - p)) for probabilities ``input`` and ``target`` y; logarithms are at least -100.

    From raw scores, :func:`binary_cross_entropy_with_logits` is more accurate.

    Parameters
    ----------
    input, target : Tensor, same shape (...)
        numbers from 0 to 1
    weight : Tensor, optional
        how much each element counts; broadcast to their shape
    reduction : str
        ``"mean"`` (default) or ``"sum"`` of all elements, or ``"none"``

    Raises
    ------
    ValueError
        if the shapes differ
    RuntimeError
        if an element is not between 0 and 1

    >>> from minitorch_optim.autograd import tensor
    >>> binary_cross_entropy(tensor([0.5, 0.0]), tensor([1.0, 1.0]), reduction="none")
    tensor([  0.6931, 100.0000])
    """
    check_reduction(reduction)
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        raise not_tensors("binary_cross_entropy()", input=input, target=target)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            f"Please ensure they have the same size, for instance by target.view_as(input)"
        )
    for name, t, cure in (
        ("input", input, ". For raw scores use BCEWithLogitsLoss (binary_cross_entropy_with_logits)"),
        ("target", target, ""),
    ):
        _check_probabilities(t._array, name, cure)
    loss = apply(bernoulli_nll, input, target)
    return reduced(loss if weight is None else loss * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """:func:`binary_cross_entropy` of sigmoid(input), without overflow.

    Parameters
    ----------
    input : Tensor, shape (...)
        raw scores
    target : Tensor, same shape
        numbers from 0 to 1
    weight : Tensor, optional
        how much each element counts; broadcast
    pos_weight : Tensor, optional
        multiplies the part of ``target`` that is 1; broadcast, so usually one for each class
    reduction : str
        as in :func:`binary_cross_entropy`

    Raises
    ------
    ValueError
        if the shapes differ

    >>> from minitorch_optim.autograd import tensor
    >>> binary_cross_entropy_with_logits(tensor([0.0, 200.0]), tensor([1.0, 0.0]), reduction="none")
    tensor([  0.6931, 200.0000])
    """
    check_reduction(reduction)
    try:
        node, _ = input._node, target._array
    except AttributeError:
        raise not_tensors("binary_cross_entropy_with_logits()", input=input, target=target) from None
    if (made := maker(node)) is not None and made.row is SIGMOID:
        hint(
            "binary_cross_entropy_with_logits was given the output of sigmoid: it takes raw scores (logits) and does "
            "the sigmoid itself. Leave out the sigmoid before the loss, or use binary_cross_entropy (BCELoss)"
        )
    if target.shape != input.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape}): for instance "
            f"input.squeeze(1), or target.view_as(input)"
        )
    if pos_weight is None:
        loss = apply(logistic_nll, input, target)
    else:
        common_shape(pos_weight, input)
        loss = apply(logistic_nll, input, target, pos_weight)
    return reduced(loss if weight is None else loss * weight, reduction)


# ---------------------------------------------------------------------------------------------- two distributions


def kl_div(input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """The Kullback-Leibler divergence from ``input``, log-probabilities, to ``target``: target (log target - input).

    Parameters
    ----------
    input : Tensor, shape (N, ...)
        logarithms of probabilities
    target : Tensor, same shape
        probabilities, or their logarithms if ``log_target``
    reduction : str
        ``"batchmean"``: the sum divided by N, which is the divergence proper; ``"sum"``, ``"none"``; or ``"mean"`` of
        all elements (default, with a warning)

    >>> from minitorch_optim.autograd import tensor
    >>> log_p = tensor([[0.5, 0.5]]).log()
    >>> kl_div(log_p, tensor([[1.0, 0.0]]), reduction="batchmean")
    tensor(0.6931)
    """
    check_reduction(reduction, "batchmean")
    if reduction == "mean":
        hint(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the "
            "same as 'batchmean' in the next major release.",
            UserWarning,
        )
    common_shape(input, target)
    if log_target:
        loss = apply(np.exp, target) * (target - input)
    else:
        positive = constant(target) > 0
        entropy = apply(np.where, positive, target * apply(np.log, apply(np.where, positive, target, 1.0)), 0.0)
        loss = entropy - target * input
    if reduction == "batchmean":
        return apply(np.sum, loss) / (input.shape[0] if input.ndim else 1)
    return reduced(loss, reduction)
