"""Hints: warnings about what is allowed and yet hardly ever meant, such as softmax before cross-entropy.

A hint points to the user's line, not to one of the library. Python shows a warning once for each place, so a loop that
makes the same mistake a thousand times gets one hint.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np

__all__ = ["LearnerHint", "as_a_tensor", "hint"]

_PACKAGE = __name__.partition(".")[0]


class LearnerHint(UserWarning):
    """Says that a program runs, but probably does not do what was meant, and what to do instead.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", LearnerHint)  # no hints, please; "error" stops at the first one
    ...     hint("this is not shown")
    """


def hint(message: str, category: type[Warning] = LearnerHint) -> None:
    """Warn at the line of the user's program that led here, however many calls inside the library lie between.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as seen:
    ...     warnings.simplefilter("always")
    ...     hint("this is allowed, but you may have meant that")
    >>> seen[0].category.__name__
    'LearnerHint'
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def as_a_tensor(value: Any) -> str:
    """How to get a tensor where ``value`` was given instead.

    >>> as_a_tensor([1.0, 2.0])
    'make one of it with torch.tensor(...)'
    """
    if value is None:
        return "a function without `return` gives None; does forward() end with one?"
    if isinstance(value, np.ndarray):
        return "make one of it with torch.from_numpy(...)"
    if isinstance(value, list) and any(hasattr(part, "requires_grad") for part in value):
        return "take the part that is meant: a batch of a DataLoader is a list, as in `for x, y in loader`"
    if isinstance(value, tuple):
        return "take the part that is meant; an RNN, LSTM or GRU, for instance, returns (output, state)"
    if callable(value):
        return f"call the layer, as in layer(x), or {type(value).__name__}()(x) for a new one"
    return "make one of it with torch.tensor(...)"
