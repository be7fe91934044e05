"""Functions that a module calls around its ``forward``, and around the backward pass through it."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.modes import modes
from ..autograd.ops.history import RemovableHandle
from ..autograd.table import derivative
from ..autograd.tape import Node, apply, primitive
from ..autograd.tensor import Tensor

if TYPE_CHECKING:
    from .module import Module


class Hooked:
    """The part of a module that keeps hooks, and registers them."""

    _hooks: dict[str, OrderedDict[int, Any]] | None  # event to hooks; None until the first one, so that calls are quick

    def _register(self, event: str, hook: Callable[..., Any], prepend: bool = False, **how: bool) -> RemovableHandle:
        """Have ``hook`` called on ``event``; ``how`` says with what arguments."""
        if self._hooks is None:
            self._hooks = {}
        hooks = self._hooks.setdefault(event, OrderedDict())
        handle = RemovableHandle(hooks, (hook, how))  # type: ignore[arg-type]
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        return handle

    def _registered(self, event: str) -> list[tuple[Callable[..., Any], dict[str, bool]]]:
        """The hooks for ``event`` in the order in which they are to be called."""
        return list(self._hooks[event].values()) if self._hooks and event in self._hooks else []

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before ``forward``; what it returns, if anything, replaces ``args``.

        With ``with_kwargs``: ``hook(module, args, kwargs)``, which may return a pair. ``prepend`` puts it first.
        """
        return self._register("forward_pre", hook, prepend, with_kwargs=with_kwargs)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after ``forward``; what it returns, if anything, replaces the output.

        With ``with_kwargs``: ``hook(module, args, kwargs, output)``. ``prepend`` puts it first.
        """
        return self._register("forward", hook, prepend, with_kwargs=with_kwargs)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the module's inputs are computed.

        Both are tuples with an entry for each positional argument and for each output (of a tuple or list); None stands
        where there is no gradient. Where exactly one input requires grad, the hook may return a new ``grad_input``.
        """
        return self._register("backward", hook, prepend)

    register_backward_hook = register_full_backward_hook

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before this module's part of a ``state_dict`` is written."""
        return self._register("state_dict_pre", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after it is written; it may change the dict."""
        return self._register("state_dict_post", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Before this module is loaded, call ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)``, which may change the dict (a copy), to rename old keys for instance."""
        return self._register("load_pre", hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after loading; it may change the two lists."""
        return self._register("load_post", hook)


def call_with_hooks(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``module.forward(*args, **kwargs)`` with everything that was registered around it."""
    for hook, how in module._registered("forward_pre"):
        if how["with_kwargs"]:
            changed = hook(module, args, kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed!r}."
                    )
                args, kwargs = changed
        else:
            changed = hook(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)

    watchers = [hook for hook, _ in module._registered("backward")]
    border = _Border(module, watchers) if watchers and modes.grad else None
    if border is not None:
        args = border.enter(args)
    output = module.forward(*args, **kwargs)
    for hook, how in module._registered("forward"):
        changed = hook(module, args, kwargs, output) if how["with_kwargs"] else hook(module, args, output)
        if changed is not None:
            output = changed
    return output if border is None else border.leave(output)


# -- the backward pass through a module ---------------------------------------------------------


@primitive
def crossing(x: Any) -> Any:
    """The same values in the same memory: a place on the tape to hang a hook on."""
    return x[...]


derivative(crossing, lambda g, out, x: g, linear=True, view=True)


class _Border:
    """One call of a module, with a crossing before each input and behind each output where gradients are collected.

    The hooks are called when the gradients of all inputs are there; where no input has one, with those of the outputs.
    """

    def __init__(self, module: Module, hooks: list[Callable[..., Any]]) -> None:
        self.module = module
        self.hooks = hooks
        self.inputs: dict[Node, int] = {}
        self.grad_input: list[Any] = []
        self.grad_output: list[Any] = []
        self.awaited = 0  # how many inputs the outputs depend on
        self.arrived = 0

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.grad_input = [None] * len(args)
        result = []
        for i, arg in enumerate(args):
            if isinstance(arg, Tensor) and arg.requires_grad:
                arg = apply(crossing, arg)
                self.inputs[arg._node] = i  # type: ignore[index]
                arg.register_hook(functools.partial(self.at_input, i))
            result.append(arg)
        return tuple(result)

    def leave(self, output: Any) -> Any:
        outputs = output if type(output) in (tuple, list) else (output,)
        self.grad_output = [None] * len(outputs)
        self.awaited = self.reached_from(outputs)
        self.inputs.clear()  # their nodes refer to this object
        last = True  # backward comes last to the crossing that is recorded first: all other gradients are then there
        result: list[Any] = []
        for i, out in enumerate(outputs):
            if isinstance(out, Tensor) and out.requires_grad:
                out = apply(crossing, out)
                out.register_hook(functools.partial(self.at_output, i, last))
                last = False
            result.append(out)
        return result[0] if outputs is not output else tuple(result) if isinstance(output, tuple) else result

    def reached_from(self, outputs: Any) -> int:
        """On how many of the inputs the outputs depend: only those will get a gradient."""
        first = min((node.order for node in self.inputs), default=0)
        stack: list[Any] = [out.grad_fn for out in outputs if isinstance(out, Tensor)]
        seen: set[Any] = set()
        while stack:
            node = stack.pop()
            if isinstance(node, Node) and node not in seen and node.order >= first:
                seen.add(node)
                stack.extend(() if node in self.inputs else node.edges)
        return len(seen & self.inputs.keys())

    def at_output(self, i: int, last: bool, g: Tensor) -> None:
        self.grad_output[i] = g
        if last and not self.awaited:
            self.call_hooks()

    def at_input(self, i: int, g: Tensor) -> Tensor | None:
        self.grad_input[i] = g
        self.arrived += 1
        if self.arrived != self.awaited:
            return None
        self.call_hooks(replaceable=i if self.awaited == 1 else None)
        changed: Tensor | None = self.grad_input[i]
        self.arrived = 0
        return None if changed is g else changed

    def call_hooks(self, replaceable: int | None = None) -> None:
        for hook in self.hooks:
            changed = hook(self.module, tuple(self.grad_input), tuple(self.grad_output))
            if changed is None:
                continue
            if replaceable is None:
                raise RuntimeError(
                    f"a backward hook of {type(self.module).__name__} returned a new grad_input, which is possible "
                    f"only where exactly one input requires grad, and here {self.awaited} do: return None, and change "
                    f"the gradient with register_hook on the tensor itself"
                )
            self.grad_input = list(changed) if isinstance(changed, tuple) else [changed]
