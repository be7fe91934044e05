"""Gradients asked of a tensor: ``backward()``, hooks on what flows back, ``retain_grad()``, leaving the graph."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from ..backward import backward as run_backward
from ..tensor import Tensor
from ..watch import changes
from .naming import method

__all__ = ["RemovableHandle"]


class RemovableHandle:
    """What registering a hook returns: ``remove()`` unregisters it, and so does the end of a ``with`` block.

    >>> hooks = {}
    >>> with RemovableHandle(hooks, print):
    ...     len(hooks)
    1
    >>> len(hooks)
    0
    """

    _numbers = itertools.count()

    def __init__(self, hooks: dict[int, Any], hook: Callable[..., Any]) -> None:
        self.id = next(self._numbers)
        self._hooks = hooks
        hooks[self.id] = hook
        changes.note()

    def remove(self) -> None:
        """Unregister the hook; a second time does nothing."""
        self._hooks.pop(self.id, None)
        changes.note()

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


@method("backward")
def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradient of this tensor to the ``grad`` of every leaf that it was computed from.

    Parameters
    ----------
    gradient : Tensor, optional
        the gradient of the final quantity by this tensor, same shape; default: 1, for a tensor of one element
    retain_graph : bool, optional
        keep what was saved, for another backward; default: as ``create_graph``
    create_graph : bool
        record the backward pass itself, so that the gradients can be differentiated again
    inputs : sequence of Tensors, optional
        add up gradients into these only

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> (x * x).backward()
    >>> x.grad
    tensor(6.)
    """
    run_backward(self, gradient, retain_graph, create_graph, inputs)


@method("retain_grad")
def retain_grad(self: Tensor) -> None:
    """Let ``backward()`` store the gradient of this computed tensor in its ``grad``, as it does for leaves.

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor(2.0, requires_grad=True)
    >>> y = x * x
    >>> y.retain_grad()
    >>> (3 * y).backward()
    >>> y.grad
    tensor(3.)
    """
    if not self.requires_grad:
        raise RuntimeError(
            "can't retain_grad on Tensor that has requires_grad=False: nothing it was computed from requires grad"
        )
    node = self.grad_fn
    if node is None or self.retains_grad:
        return
    if node.retained is None:
        node.retained = []
    node.retained.append(weakref.ref(self))


def _retains_grad(self: Tensor) -> bool:
    """Whether :func:`retain_grad` was called on this computed tensor."""
    node = self.grad_fn
    return node is not None and any(reference() is self for reference in node.retained or ())


method("retains_grad")(property(_retains_grad))


@method("register_hook")
def register_hook(self: Tensor, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
    """Call ``hook(grad)`` whenever the gradient of this tensor is computed; what it returns, if anything, replaces it.

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> handle = x.register_hook(lambda grad: grad * 10)
    >>> x.sum().backward()
    >>> x.grad
    tensor([10., 10.])
    >>> handle.remove()
    """
    if not self.requires_grad:
        raise RuntimeError(
            "cannot register a hook on a tensor that doesn't require gradient: call requires_grad_() on it first"
        )
    node = self.grad_fn
    if node is None:
        if self._hooks is None:
            self._hooks = {}
        return RemovableHandle(self._hooks, hook)
    if node.hooks is None:
        node.hooks = {}
    return RemovableHandle(node.hooks, hook)


@method("register_post_accumulate_grad_hook")
def register_post_accumulate_grad_hook(self: Tensor, hook: Callable[[Tensor], None]) -> RemovableHandle:
    """Call ``hook(tensor)`` after ``backward()`` has added to the ``grad`` of this leaf.

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor(2.0, requires_grad=True)
    >>> handle = x.register_post_accumulate_grad_hook(lambda x: print(x.grad))
    >>> (x * x).backward()
    tensor(4.)
    """
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if not self.is_leaf:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors: use register_hook")
    self._hooks = self._hooks or {}  # so that backward looks for this one too
    return RemovableHandle(self.__dict__.setdefault("_after_accumulation", {}), hook)


@method("detach_")
def detach_(self: Tensor) -> Tensor:
    """Forget how this tensor was computed: it becomes a leaf that does not require grad.

    >>> from minitorch_optim.autograd import tensor
    >>> y = tensor(2.0, requires_grad=True) * 3
    >>> y.detach_()
    tensor(6.)
    """
    if self._view is not None:
        raise RuntimeError("Can't detach views in-place. Use detach() instead.")
    self._node, self._requires_grad = None, False
    return self
