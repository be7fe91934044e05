"""The tensor's own shape, changed: ``x.squeeze_()``, ``x.t_()``, ``x.resize_(2, 3)`` and their kin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..modes import modes
from ..tensor import Tensor, new_tensor
from .creation import arange  # noqa: F401  for the examples
from .dims import listed
from .naming import op
from .shapes import squeeze, t, transpose, unsqueeze

__all__: list[str] = []  # methods only


def _in_own_place(function: Any) -> None:
    """Make ``function_``: the tensor itself becomes the view that ``function`` gives."""

    def changing(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not modes.grad and self._view is None:
            self._array = function(self, *args, **kwargs)._array
            return self
        if self.is_leaf and self.requires_grad and modes.grad:
            raise RuntimeError(
                f"a leaf Variable that requires grad is being used in an in-place operation ({function.__name__}_): "
                f"change its shape inside `with no_grad():`, or write y = x.{function.__name__}(...)"
            )
        before = self  # where the tensor is a base, its views go on looking into what it was before
        if self._view is None:
            before = new_tensor(self._array, self._requires_grad)
            before._node, before._version = self._node, self._version
        after = function(before, *args, **kwargs)
        self._array, self._node, self._requires_grad = after._array, after._node, after._requires_grad
        self._view = after._view
        return self

    name = function.__name__ + "_"
    changing.__name__, changing.__qualname__ = name, f"Tensor.{name}"
    changing.__doc__ = f":func:`{function.__name__}`, in place: the tensor itself changes its shape."
    setattr(Tensor, name, changing)


for _function in (squeeze, unsqueeze, t, transpose):
    _in_own_place(_function)


@op
@listed
def resize_(input: Tensor, size: tuple[int, ...]) -> Tensor:
    """Another shape in place: the first elements stay, those that are new are not initialised.

    >>> arange(6).resize_(2, 2)
    tensor([[0, 1],
            [2, 3]])
    """
    if input.requires_grad:
        raise RuntimeError("cannot resize variables that require grad: use reshape(), or detach() it first")
    if any(n < 0 for n in size):
        raise RuntimeError(f"resize_: sizes must not be negative, got {list(size)}")
    old, n = input._array.reshape(-1), math.prod(size)
    if n > old.size:
        longer = np.empty(n, old.dtype)
        longer[: old.size] = old
        old = longer
    input._array, input._view = old[:n].reshape(size), None
    input._version[0] += 1
    return input
