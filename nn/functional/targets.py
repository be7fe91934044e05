"""Targets that name classes: their checks, and their form inside the losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from ...autograd.watch import beside, decided

_UNSIGNED = {size: np.dtype(f"u{size}") for size in (1, 2, 4, 8)}


def check_scores(input: Tensor, weight: Tensor | None) -> None:
    """Raise RuntimeError unless scores are real, and ``weight``, if there is one, has one number for each class."""
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            f"scores of classes are real numbers, got an input of {input.dtype}: the first argument is the raw scores, "
            f"of shape (N, C), the second the classes. Class numbers, as argmax() gives them, have no gradient"
        )
    if weight is None:
        return
    classes = input.shape[1 if input.ndim > 1 else 0]
    if tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype} but found {weight.dtype}: give the weight in the input's dtype, as in "
            f"weight.to(torch.{input.dtype})"
        )


def one_class_each(scores: Any, classes: Any, ignore_index: int) -> bool:
    """Whether these are real scores (N, C) and, for each of N samples, a class that exists and counts."""
    return (
        scores.ndim == 2
        and classes.ndim == 1
        and 0 < len(classes) == len(scores)
        and scores.dtype.kind == "f"
        and classes.dtype.kind in "iu"
        and ignore_index < 0
        and decided(_every_class_exists, scores.shape[1], classes)
    )


def _every_class_exists(n: int, classes: Any) -> bool:
    """Whether each is one of 0 .. n - 1: read as unsigned, a negative number is larger than any class."""
    return bool(np.maximum.reduce(classes.view(_UNSIGNED[classes.itemsize])) < n)


def flat_classes(input: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Any, Any, tuple[int, ...]]:
    """Scores (M, C), classes (M,), for each 1 or 0 as it counts or not (None if all do), and the target's shape."""
    _check_shapes(input, target)
    scores, shape, ndim = input, target._array.shape, input._array.ndim
    if ndim == 1:
        scores = apply(np.reshape, input, (1, -1))
    elif ndim > 2:
        scores = apply(np.reshape, apply(np.moveaxis, input, 1, -1), (-1, input.shape[1]))
    n_classes, dtype = scores._array.shape[1], scores._array.dtype
    classes, counts = _checked(target._array.reshape(-1), n_classes, ignore_index, dtype)
    return scores, classes, counts, () if ndim == 1 else shape


@beside
def shares(classes: Any, counts: Any, weight: Tensor | None) -> Any:
    """How much each sample counts: the weight of its class, if it does; None if all count 1."""
    if weight is None:
        return counts
    of_class = weight._array[classes]
    return of_class if counts is None else of_class * counts


def _checked(target: Any, classes: int, ignore_index: int, dtype: Any) -> tuple[Any, Any]:
    """``target``, and None; or, where some are to be ignored, 0 in their place, and a 0 for them among ones."""
    if not target.size or (ignore_index < 0 and decided(_every_class_exists, classes, target)):
        return target, None
    return _without_ignored(target, classes, ignore_index, dtype)


@beside
def _without_ignored(target: Any, classes: int, ignore_index: int, dtype: Any) -> tuple[Any, Any]:
    kept = target != ignore_index
    target, counts = np.where(kept, target, 0), kept.astype(dtype)
    if np.minimum.reduce(target) < 0 or np.maximum.reduce(target) >= classes:
        wrong = target[(target < 0) | (target >= classes)][0]
        raise IndexError(f"Target {wrong} is out of bounds. {_advice_on_class(int(wrong), classes)}")
    return target, counts


def _advice_on_class(wrong: int, classes: int) -> str:
    if classes == 1:
        return (
            "With one score for each sample there is one class, 0: for two classes with one score use "
            "binary_cross_entropy_with_logits (BCEWithLogitsLoss), or give the last layer an output for each class"
        )
    rule = f"With {classes} scores for each sample, the classes are 0 to {classes - 1}"
    if wrong < 0:
        return f"{rule}: give samples that are not to count the class ignore_index (-100)"
    return f"{rule}: if yours begin at 1, use target - 1; if there are more, give the last layer more outputs"


def _check_shapes(input: Tensor, target: Tensor) -> None:
    have, given = target._array.shape, input._array.shape
    wanted = given[:1] + given[2:]
    if have == given and input.ndim > 1:
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {_type_name(target)}: convert a "
            f"one-hot target with .float(), or give the number of each class, target.argmax(1)"
        )
    if input.ndim == 1:
        if target.numel() != 1:
            raise ValueError(
                f"For 1D input, 1D target must have size 1, but got target size: {target.numel()}. The scores of "
                f"several samples have shape (N, C), and these have {list(given)}"
            )
    elif not have or have[0] != wanted[0]:
        raise ValueError(
            f"Expected input batch_size ({wanted[0]}) to match target batch_size ({have[0] if have else 0}). The input "
            f"has shape {list(given)} and the target {list(have)}: one class for each sample, in dimension 0"
        )
    elif input.ndim == 2 and len(have) > 1:
        raise RuntimeError(
            f"0D or 1D target tensor expected, multi-target not supported: got a target of size {list(have)} for an "
            f"input of size {list(input.shape)}. It holds one whole number for each sample; a column becomes that "
            f"with target.squeeze(1)"
        )
    elif have != wanted:
        advice = f"The classes are dimension 1 of the input, of shape {list(given)}"
        if have == given[:-1]:
            advice += "; here they seem to be last, so move them with input.movedim(-1, 1)"
        raise RuntimeError(f"Expected target size {list(wanted)}, got {list(have)}. {advice}")
    if target.dtype.kind not in "iu":
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {_type_name(target)}: the number of a class is whole, "
            f"so convert the target with .long()"
        )


def _type_name(t: Tensor) -> str:
    """PyTorch's name for the dtype of a tensor."""
    return {"float64": "Double", "float32": "Float", "int64": "Long", "int32": "Int", "uint8": "Byte"}.get(
        t.dtype.name, t.dtype.name.capitalize()
    )
