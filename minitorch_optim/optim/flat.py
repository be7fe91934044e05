"""All parameters as one vector, for the methods that think in vectors: L-BFGS and SciPy's minimizers.

``Objective`` is the loss as a function of that vector; ``VectorOptimizer`` is what the optimizers that use it share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import Tensor, enable_grad
from ..autograd.tensor import Array
from .optimizer import Optimizer


class Objective:
    """A closure as a function of one vector: every parameter's elements, one after the other, in the order given.

    Complex numbers are pairs of reals in it, and its dtype is the widest of the parameters' real dtypes. Whole numbers
    have no gradient and stay out.

    Attributes
    ----------
    evaluations : int
        how often the closure was called
    first : object
        what it returned the first time: what ``step`` returns
    """

    def __init__(self, closure: Callable[[], Any], params: Sequence[Tensor]) -> None:
        self.closure = closure
        self.params = [p for p in dict.fromkeys(params) if elements(p)]
        ends = np.cumsum([0, *map(elements, self.params)]).tolist()
        self.parts = [slice(start, end) for start, end in zip(ends, ends[1:])]
        self.size: int = ends[-1]
        self.dtype = np.result_type(np.float16, *[p._array.real.dtype for p in self.params])
        self.evaluations = 0
        self.first: Any = None

    def value(self) -> Any:
        """Call the closure where the parameters are."""
        with enable_grad():
            result = self.closure()
        if self.evaluations == 0:
            self.first = result
        self.evaluations += 1
        return result

    def __call__(self) -> tuple[float, Array]:
        """The loss, and its gradient as the closure left it."""
        return float(self.value()), self.gradient()

    def at(self, x: Array) -> tuple[float, Array]:
        """Move the parameters to ``x``; the loss and its gradient there."""
        self.move(x)
        return self()

    def where(self) -> Array:
        """Where the parameters are: a new vector, shape (size,)."""
        return self.joined([p._array for p in self.params])

    def gradient(self) -> Array:
        """What is in the parameters' ``grad``: a new vector; zeros for a parameter without one."""
        return self.joined([None if p.grad is None else dense(p.grad) for p in self.params])

    def joined(self, arrays: Sequence[Array | None]) -> Array:
        """Arrays of the parameters' shapes as one vector; zeros for None."""
        vector = np.zeros(self.size, self.dtype)
        for array, part in zip(arrays, self.parts, strict=True):
            if array is not None:
                flat = np.ravel(array)
                vector[part] = flat.view(flat.real.dtype)
        return vector

    def separated(self, vector: Array) -> list[Array]:
        """The inverse of :meth:`joined`: parts of ``vector`` in the parameters' shapes and dtypes."""
        result = []
        for p, part in zip(self.params, self.parts, strict=True):
            array = p._array
            result.append(vector[part].astype(array.real.dtype, copy=False).view(array.dtype).reshape(array.shape))
        return result

    def move(self, x: Array) -> None:
        """Give the parameters the values ``x``, in their own memory."""
        for p, values in zip(self.params, self.separated(x), strict=True):
            np.copyto(p._array, values)
            p._version[0] += 1


class VectorOptimizer(Optimizer):
    """An optimizer that takes all parameters as one vector: so it has one group, and evaluates a closure many times.

    Attributes
    ----------
    result : object
        how the last step went; None before the first
    """

    sparse = True

    def _prepare(self) -> None:
        super()._prepare()
        self.result: Any = None

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add the only group; a second one is refused."""
        name = type(self).__name__
        if self.param_groups:
            raise ValueError(
                f"{name} doesn't support per-parameter options (parameter groups): give all parameters in one list, "
                f"since they form one vector"
            )
        super().add_param_group(param_group)
        if not self.param_groups[0]["params"]:
            raise ValueError(f"optimizer got an empty parameter list: {name} needs at least one parameter")

    def _needed(self, closure: Callable[[], Any] | None) -> Callable[[], Any]:
        if closure is None:
            raise TypeError(
                f"{type(self).__name__}.step() evaluates the loss several times: give it a closure, as in "
                f"optimizer.step(closure), that computes the loss and returns it"
            )
        return closure


def elements(p: Tensor) -> int:
    """How many real numbers a parameter holds that can have a gradient."""
    reals = {"f": 1, "c": 2}.get(p.dtype.kind, 0)
    return reals * int(p._array.size)


def dense(g: Tensor) -> Array:
    """The values of a gradient, a sparse one filled up with zeros."""
    return g._array.to_dense() if g.is_sparse else g._array
