"""Einstein's notation: ``einsum("bij,bjk->bik", x, y)``."""

from __future__ import annotations

import string
from typing import Any

from ..derivatives import linalg as primitives
from ..tape import apply
from ..tensor import Tensor
from .creation import tensor  # noqa: F401  for the examples

__all__ = ["einsum"]


def einsum(equation: str, *operands: Any) -> Tensor:
    """Products of elements, one of each operand, summed over the letters that the result does not have.

    Parameters
    ----------
    equation : str
        the letters of each operand's dimensions, separated by commas; then, after ``->``, those of the result. Without
        ``->`` the result has the letters that occur once, in alphabetical order. ``...`` stands for further dimensions,
        which broadcast.
    *operands : Tensor
        also as one list

    >>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> einsum("ij,jk->ik", x, x), einsum("ii", x)
    (tensor([[ 7., 10.],
            [15., 22.]]), tensor(5.))
    """
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = tuple(operands[0])
    shapes = [x.shape for x in operands]
    terms, result = _parsed(equation, shapes)
    lengths: dict[str, int] = {}
    for term, shape in zip(terms, shapes):
        for letter, n in zip(term, shape):
            if lengths.setdefault(letter, n) == 1:
                lengths[letter] = n
            elif n not in (1, lengths[letter]):
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {n} for an operand of shape {list(shape)}, which does not "
                    f"broadcast with previously seen size {lengths[letter]} in {equation!r}"
                )
    # Where an operand is repeated along a letter, it is used without it: the rule of derivation needs no other care.
    used, kept = [], []
    for x, term in zip(operands, terms):
        narrow = [n == 1 and lengths[letter] != 1 for letter, n in zip(term, x.shape)]
        used.append(x.reshape([n for n, drop in zip(x.shape, narrow) if not drop]) if any(narrow) else x)
        kept.append("".join([letter for letter, drop in zip(term, narrow) if not drop]))
    return apply(primitives.einsum, *used, spec=",".join(kept) + "->" + result)


def _parsed(equation: str, shapes: list[Any]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with ``...`` written out in letters that are free."""
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise RuntimeError(
            f"einsum(): fewer or more operands were provided than specified in the equation: {equation!r} names "
            f"{len(terms)}, got {len(shapes)}"
        )
    free = [c for c in string.ascii_letters if c not in equation]
    longest = 0
    for i, (term, shape) in enumerate(zip(terms, shapes)):
        further = len(shape) - len(term.replace("...", ""))
        if further < 0 or (further and "..." not in term):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(term.replace('...', ''))}) does not match "
                f"the number of dimensions ({len(shape)}) for operand {i} of {equation!r}, and no ellipsis was given"
            )
        if "..." in term:
            longest = max(longest, further)
            terms[i] = term.replace("...", "".join(free[:further][::-1]))  # counted from the last, as broadcasting does
    dots = "".join(free[:longest][::-1])
    if not arrow:
        letters = "".join(terms)
        result = dots + "".join(sorted(c for c in set(letters) - set(dots) if letters.count(c) == 1))
    result = result.replace("...", dots)
    for letter in result:
        if letter not in "".join(terms):
            raise RuntimeError(f"einsum(): output subscript {letter} does not appear in any input of {equation!r}")
        if result.count(letter) > 1:
            raise RuntimeError(f"einsum(): output subscript {letter} appears more than once in the output")
    return terms, result
