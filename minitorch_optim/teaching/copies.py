"""Trying out a step: on a copy of the optimizer, with parameters that get their values back."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..autograd import Tensor, fork_rng
from ..autograd.tensor import new_tensor
from ..optim import Optimizer

_OF_SCHEDULES = ("step", "_schedule_origins")  # what a schedule hangs onto an optimizer


def copy_of(optimizer: Optimizer) -> Optimizer:
    """An optimizer for the very same parameters with groups, state and attributes of its own, and no hooks."""
    result: Optimizer = object.__new__(type(optimizer))
    result._prepare()
    fresh = set(result.__dict__)
    memo: dict[int, Any] = {}
    for group in [optimizer.defaults, *optimizer.param_groups]:
        for option in group.values():  # parameters, and options that are tensors
            memo |= {id(t): t for t in (option if isinstance(option, list | tuple) else [option]) if _is_tensor(t)}
    for state in optimizer.state.values():  # a differentiable step has left a history in some
        memo |= {id(t): new_tensor(t._array.copy()) for t in state.values() if _is_tensor(t) and id(t) not in memo}
    for value in optimizer.__dict__.values():
        if isinstance(value, Optimizer):
            memo[id(value)] = copy_of(value)
    kept = {k: v for k, v in optimizer.__dict__.items() if k not in fresh and k not in _OF_SCHEDULES}
    result.__dict__.update(copy.deepcopy(kept, memo))
    for group in result.param_groups:
        if group.get("differentiable"):
            group["differentiable"] = False  # the same rule, on arrays
    result._stepping = True  # so that no hook, not even one for all optimizers, takes it for a step
    return result


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


@contextmanager
def given_back(tensors: Iterable[Tensor]) -> Iterator[None]:
    """Give tensors their values, gradients and versions back at the end of the block, and the generator its state."""
    kept = [_Kept(t) for t in dict.fromkeys(tensors)]
    kept += [_Kept(tensor.grad) for tensor in (k.tensor for k in kept) if tensor.grad is not None]
    try:
        with fork_rng():
            yield
    finally:
        for each in kept:
            each.give_back()


class _Kept:
    """What a tensor was."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor, self.array, self.grad, self.version = tensor, tensor._array, tensor._grad, tensor._version[0]
        # A sparse gradient is replaced, never changed; and nobody can change what is read-only.
        self.content = self.array.copy() if not tensor.is_sparse and self.array.flags.writeable else None

    def give_back(self) -> None:
        self.tensor._array, self.tensor._grad, self.tensor._version[0] = self.array, self.grad, self.version
        if self.content is not None:
            np.copyto(self.array, self.content)
