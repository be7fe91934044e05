"""All parameters as one vector, for the methods that think in vectors: L-BFGS and SciPy's minimizers.

``Objective`` is the loss as a function of that vector; ``VectorOptimizer`` is what the optimizers that use it share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import Tensor, enable_grad
from ..autograd.tensor import Array
from .jobs import flat
from .optimizer import Optimizer
from .vectors import blocks


class Objective:
    """A closure as a function of one vector: every parameter's elements, one after the other, in the order given.

    Complex numbers are pairs of reals in it, and its dtype is the widest of the parameters' real dtypes, at least
    float32. Whole numbers have no gradient and stay out.

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
        self.parts: list[slice] = []
        self.size = 0
        for p in self.params:
            start, self.size = self.size, self.size + elements(p)
            self.parts.append(slice(start, self.size))
        dtypes = {p._array.dtype for p in self.params}
        self.complex = any(dtype.kind == "c" for dtype in dtypes)
        self.dtype = np.result_type(np.float32, *dtypes).type(0).real.dtype
        self.evaluations = 0
        self.first: Any = None
        self.d: Any = None  # the direction of a line
        self.here: Any = None  # where it begins
        self.ahead: Any = None  # a point on it
        self.ahead_of: list[Array] = []  # the same in the parameters' shapes

    def value(self) -> Any:
        """Call the closure where the parameters are."""
        with enable_grad():
            result = self.closure()
        if self.evaluations == 0:
            self.first = result
        self.evaluations += 1
        return result

    def __call__(self, out: Array | None = None) -> tuple[float, Array]:
        """The loss, and its gradient as the closure left it: a new vector, or written into ``out``."""
        return float(self.value()), self.gradient(out)

    def where(self, out: Array | None = None) -> Array:
        """Where the parameters are: a new vector, shape (size,), or written into ``out``."""
        return self.joined([p._array for p in self.params], out)

    def gradient(self, out: Array | None = None) -> Array:
        """What is in the parameters' ``grad``, in a vector as above; zeros for a parameter without one."""
        return self.joined([None if p._grad is None else dense(p._grad) for p in self.params], out)

    def joined(self, arrays: Sequence[Array | None], out: Array | None = None) -> Array:
        """Arrays of the parameters' shapes as one vector, new or ``out``; zeros for None."""
        if out is None:
            out = np.empty(self.size, self.dtype)
        pieces = [
            np.zeros(elements(p), self.dtype) if array is None else array.ravel()
            for array, p in zip(arrays, self.params, strict=True)
        ]
        if not pieces:
            return out
        if self.complex:
            pieces = [flat(piece) for piece in pieces]
        return np.concatenate(pieces, out=out)

    def views(self, vector: Array) -> list[Array]:
        """Parts of ``vector`` in the parameters' shapes and in its own precision: the same memory."""
        result = []
        for p, part in zip(self.params, self.parts, strict=True):
            values = vector[part]
            if p.dtype.kind == "c":
                values = values.view(np.result_type(vector.dtype, np.complex64))
            result.append(values.reshape(p._array.shape))
        return result

    def separated(self, vector: Array) -> list[Array]:
        """The inverse of :meth:`joined`: parts of ``vector`` in the parameters' shapes and dtypes."""
        views = self.views(vector)
        return [part.astype(p._array.dtype, copy=False) for p, part in zip(self.params, views, strict=True)]

    def move(self, x: Array) -> None:
        """Give the parameters the values ``x``, in their own memory."""
        self._put(self.views(x))

    def _put(self, values: list[Array]) -> None:
        for p, value in zip(self.params, values, strict=True):
            p._array[...] = value
            p._version[0] += 1

    # -- along a line ----------------------------------------------------------------------------

    def set_out(self, d: Array) -> None:
        """Begin a line in the direction ``d`` where the parameters are now."""
        if self.here is None:
            self.here, self.ahead = (np.empty(self.size, self.dtype) for _ in range(2))
            self.ahead_of = self.views(self.ahead)
        self.d = d
        self.where(out=self.here)

    def go(self, t: float) -> None:
        """Move the parameters along the line, to ``t`` times its direction from where it begins."""
        for part in blocks(self.size):
            ahead = self.ahead[part]
            np.multiply(self.d[part], t, out=ahead)
            ahead += self.here[part]
        self._put(self.ahead_of)

    def go_back(self) -> None:
        """Move the parameters to where the line begins."""
        self.move(self.here)


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
        if not callable(closure):
            raise TypeError(
                f"{type(self).__name__}.step() takes a closure, a function that computes the loss, and was given a "
                f"{type(closure).__name__}: give it the function itself, step(closure), not what it returns"
            )
        return closure


REALS = {"f": 1, "c": 2}  # real numbers in an element, by the kind of the dtype


def elements(p: Tensor) -> int:
    """How many real numbers a parameter holds that can have a gradient."""
    array = p._array
    return REALS.get(array.dtype.kind, 0) * int(array.size)


def dense(g: Tensor) -> Array:
    """The values of a gradient, a sparse one filled up with zeros."""
    return g._array.to_dense() if g.is_sparse else g._array
