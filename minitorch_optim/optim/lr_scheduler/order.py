"""The order of the two steps: ``optimizer.step()`` first, then ``scheduler.step()``, or the first lr is never used."""

from __future__ import annotations

import functools
import types
import weakref
from typing import Any

from ...autograd.hints import hint

__all__ = ["check_order", "notice_steps"]

_SEE = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def notice_steps(optimizer: Any) -> None:
    """Put a function around ``optimizer.step`` that notes that it was called. It holds the optimizer weakly."""
    if hasattr(optimizer.step, "noticed_by_schedules"):
        return
    step = optimizer.step
    bound = isinstance(step, types.MethodType) and step.__self__ is optimizer
    function = step.__func__ if bound else step
    reference = weakref.ref(optimizer)

    @functools.wraps(function)
    def noticed(*args: Any, **kwargs: Any) -> Any:
        optimizer = reference()
        if optimizer is None:
            raise ReferenceError("the optimizer of this step() is gone: keep the optimizer, not only its method")
        optimizer._opt_called = True
        return function(optimizer, *args, **kwargs) if bound else function(*args, **kwargs)

    noticed.noticed_by_schedules = True  # type: ignore[attr-defined]
    optimizer._opt_called = False
    optimizer.step = noticed


def check_order(optimizer: Any) -> None:
    """At the first step of a schedule: warn if the optimizer has not taken one, or if nobody can know."""
    if not hasattr(optimizer.step, "noticed_by_schedules"):
        hint(
            "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, "
            f"make sure to call `optimizer.step()` before `lr_scheduler.step()`. {_SEE}",
            UserWarning,
        )
    elif not getattr(optimizer, "_opt_called", False):
        hint(
            "Detected call of `lr_scheduler.step()` before `optimizer.step()`: call `optimizer.step()` before "
            f"`lr_scheduler.step()`, or the first value of the learning rate schedule is skipped. {_SEE}",
            UserWarning,
        )
