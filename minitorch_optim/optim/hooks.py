"""Functions that an optimizer calls around its own: before and after a step, around saving and loading.

A hook is kept under a number in an ordered dict, and the handle that its registration returns can take it out again.
The handle knows the dict weakly, so it keeps no optimizer alive.
"""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..autograd.modes import modes
from ..autograd.ops.history import RemovableHandle as Handle
from ..autograd.watch import act

Hook = Callable[..., Any]


class Hooks(OrderedDict[int, Hook]):
    """Hooks of one kind, in the order in which they run."""

    def register(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Add a hook at the end, or at the front."""
        handle = RemovableHandle(self, hook)
        if prepend:
            self.move_to_end(handle.id, last=False)
        return handle


class RemovableHandle(Handle):
    """What a registration returns: ``remove()`` undoes it, as does the end of a ``with`` block."""

    def __init__(self, hooks: Hooks, hook: Hook) -> None:
        super().__init__(hooks, hook)
        self._hooks = weakref.proxy(hooks)

    def remove(self) -> None:
        """Take the hook out; a second time does nothing."""
        with contextlib.suppress(ReferenceError):  # the optimizer is gone, and its hooks with it
            super().remove()


_before_any_step = Hooks()
_after_any_step = Hooks()


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of every optimizer; see ``register_step_pre_hook``."""
    return _before_any_step.register(hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of every optimizer."""
    return _after_any_step.register(hook)


def with_step_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """``step`` with the hooks around it: those of all optimizers outside, the optimizer's own inside.

    A step that calls the one it overrides (``super().step()``) is one step: the hooks are around the outer one only.
    """

    @functools.wraps(step)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:
            return step(self, *args, **kwargs)
        if modes.recorder is not None:
            return act(hooked, self, args, kwargs)
        if _before_any_step or self._step_pre_hooks:
            args, kwargs = _before(self, step, args, kwargs)
        self._stepping = True
        try:
            result = step(self, *args, **kwargs)
        finally:
            self._stepping = False
        if self._step_post_hooks or _after_any_step:
            for hook in (*self._step_post_hooks.values(), *_after_any_step.values()):
                hook(self, (self, *args), kwargs)
        return result

    hooked.has_hooks = True  # type: ignore[attr-defined]
    return hooked


def _before(optimizer: Any, step: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Call the hooks before a step; the arguments that they leave it."""
    for hook in (*_before_any_step.values(), *optimizer._step_pre_hooks.values()):
        changed = hook(optimizer, (optimizer, *args), kwargs)
        if changed is not None:
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(
                    f"{step.__qualname__} must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                )
            given, kwargs = changed
            args = tuple(given[1:]) if given and given[0] is optimizer else tuple(given)
    return args, kwargs
