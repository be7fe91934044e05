"""Functions that a module calls around its ``forward``, and around the backward pass through it."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.modes import modes
from ..autograd.ops.creation import zeros_like
from ..autograd.ops.history import RemovableHandle
from ..autograd.ops.joining import cat
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

        Both are tuples, with an entry for each positional argument and for each output of a tuple or list. None stands
        for what is no Tensor, zeros for a Tensor that does not require grad. The hook may return a tuple that takes
        the place of ``grad_input``.
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


class _Border:
    """One call of a module, whose inputs go through one step of the tape together, and its outputs likewise.

    So there is one moment of the backward pass when the gradients of all inputs are there, and then the hooks are
    called. Where no input requires grad, it is the moment of the outputs.
    """

    def __init__(self, module: Module, hooks: list[Callable[..., Any]]) -> None:
        self.module = module
        self.hooks = hooks
        self.args: list[Any] = []  # without their histories
        self.wanted: list[int] = []  # the positions of those that require grad
        self.grad_output: list[Any] = []

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments for ``forward``."""
        self.args = [arg.detach() if isinstance(arg, Tensor) else None for arg in args]
        self.wanted = _requiring_grad(args)
        result = list(args)
        if self.wanted:
            together, parts = _together([args[i] for i in self.wanted])
            together.register_hook(self.at_inputs)
            for i, part in zip(self.wanted, parts, strict=True):
                result[i] = part
        return tuple(result)

    def leave(self, output: Any) -> Any:
        """The output for the caller. Watched are a Tensor, and the Tensors of a tuple or list."""
        several = type(output) in (tuple, list)
        result = list(output) if several else [output]
        wanted = _requiring_grad(result)
        self.grad_output = [None] * len(result)
        if wanted:
            together, parts = _together([result[i] for i in wanted])
            if not self.wanted:
                together.register_hook(self.at_outputs)
            for i, part in zip(wanted, parts, strict=True):
                part.register_hook(functools.partial(self.grad_output.__setitem__, i))
                result[i] = part
        return type(output)(result) if several else result[0]

    def at_outputs(self, g: Tensor) -> None:
        """All gradients of the outputs are there, and no input has one."""
        self.call_hooks([None] * len(self.args))

    def at_inputs(self, g: Tensor) -> Tensor | None:
        """All gradients of the inputs are there: one after the other in ``g``."""
        grad_input = [None if arg is None or arg.dtype.kind not in "fc" else zeros_like(arg) for arg in self.args]
        for i, part in zip(self.wanted, _apart(g, [self.args[i] for i in self.wanted]), strict=True):
            grad_input[i] = part
        changed = self.call_hooks(grad_input)
        return None if changed is grad_input else cat([changed[i].reshape(-1) for i in self.wanted])

    def call_hooks(self, grad_input: list[Any]) -> list[Any]:
        """``grad_input`` as the hooks leave it."""
        grad_output = tuple(self.grad_output)
        for hook in self.hooks:
            changed = hook(self.module, tuple(grad_input), grad_output)
            if changed is not None:
                grad_input = list(changed) if isinstance(changed, tuple) else [changed]
        self.grad_output[:] = [None] * len(grad_output)  # for another backward
        return grad_input


def _requiring_grad(values: Any) -> list[int]:
    return [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]


def _together(tensors: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """One vector of all ``tensors``, and its parts, which are like them."""
    vector = cat([tensor.reshape(-1) for tensor in tensors])
    return vector, _apart(vector, tensors)


def _apart(vector: Tensor, like: list[Tensor]) -> list[Tensor]:
    """The parts of ``vector``, each in the shape and dtype of one of ``like``."""
    parts = vector.split([tensor.numel() for tensor in like])
    return [part.reshape(tensor.shape).to(tensor.dtype) for part, tensor in zip(parts, like, strict=True)]
