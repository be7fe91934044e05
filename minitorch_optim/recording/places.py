"""Where parameters and their gradients lie in memory."""

from __future__ import annotations

from operator import attrgetter, is_
from typing import Any

from ..autograd.tensor import Tensor

ANYTHING = object()  # of a gradient before the step: it does not matter


class Places:
    """Where parameters and gradients were when a step was recorded.

    Parameters
    ----------
    at_start : dict
        for each leaf the array of its gradient before the step, None, or ANYTHING
    others : list of Tensor
        further tensors that must stay where they are: parameters that got no gradient, buffers
    """

    def __init__(self, at_start: dict[Tensor, Any], others: list[Tensor]) -> None:
        self.leaves = list(at_start)
        self.tensors = list(dict.fromkeys([*at_start, *others]))
        self.arrays = [tensor._array for tensor in self.tensors]
        self.trained = [tensor._requires_grad for tensor in self.tensors]
        self.gradients = [(leaf, array) for leaf, array in at_start.items() if array is not ANYTHING]

    def unchanged(self) -> bool:
        """Whether they are still there, and parameters that required grad still do."""
        if not all(map(is_, map(_array, self.tensors), self.arrays)):
            return False
        if [*map(_requires_grad, self.tensors)] != self.trained:
            return False
        return all(array is (None if leaf._grad is None else leaf._grad._array) for leaf, array in self.gradients)


_array, _requires_grad = attrgetter("_array"), attrgetter("_requires_grad")
