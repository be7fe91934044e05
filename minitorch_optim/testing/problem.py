"""``Problem``: a function to minimize, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.ops.creation import tensor

MORE_GARBOW_HILLSTROM = (
    'Moré, Garbow, Hillstrom, "Testing Unconstrained Optimization Software", ACM TOMS 7(1), 17-41 (1981), problem {}. '
    "https://doi.org/10.1145/355934.355936"
)


@dataclass(frozen=True)
class Problem:
    """A function from a vector to a number, with a point to start from and the minimum to be found.

    Calling it evaluates it with operations of the library, so ``backward()`` gives its gradient.

    Attributes
    ----------
    name : str
        what the literature calls it
    function : callable(Tensor) -> Tensor
        shape (n,) to shape (); any real dtype, which it keeps
    start : tuple of n floats
        the usual point to start from
    minimum : float or None
        the least value, to the digits that the reference gives; None if that gives none for this n
    minimizers : tuple of tuples of n floats
        points where it is attained; empty if none is known
    local_minima : tuple of float
        higher values in which a method may end
    residuals : callable(Tensor) -> Tensor, optional
        shape (n,) to shape (m,), if the function is the sum of their squares
    reference : str
        where it comes from

    >>> square = Problem("Square", lambda x: (x * x).sum(), start=(1.0, 2.0), minimum=0.0)
    >>> x = square.at_start()
    >>> square(x).backward()
    >>> x.grad
    tensor([2., 4.], dtype=torch.float64)
    """

    name: str
    function: Callable[[Tensor], Tensor]
    start: tuple[float, ...]
    minimum: float | None
    minimizers: tuple[tuple[float, ...], ...] = ()
    local_minima: tuple[float, ...] = ()
    residuals: Callable[[Tensor], Tensor] | None = None
    reference: str = ""

    def __call__(self, x: Tensor) -> Tensor:
        return self.function(x)

    @property
    def dimension(self) -> int:
        """n, the number of variables."""
        return len(self.start)

    def at_start(self, dtype: Any = np.float64) -> Tensor:
        """The start as a new tensor that requires grad, shape (n,)."""
        return tensor(self.start, dtype=dtype, requires_grad=True)

    def value_and_gradient(self, x: Any) -> tuple[float, Any]:
        """At an array of shape (n,): what ``scipy.optimize.minimize(..., jac=True)`` asks for.

        >>> Problem("Square", lambda x: (x * x).sum(), start=(1.0, 2.0), minimum=0.0).value_and_gradient([3.0, 0.0])
        (9.0, array([6., 0.]))
        """
        point = tensor(np.array(x, np.float64), requires_grad=True)
        loss = self.function(point)
        loss.backward()
        assert point.grad is not None
        return loss.item(), point.grad.numpy()


def count(n: int, start: int = 1) -> Any:
    """start, ..., n as floats: how the papers count."""
    return np.arange(float(start), n + 1)


def least_squares(
    name: str,
    residuals: Callable[[Tensor], Tensor],
    start: Any,
    minimum: float | None,
    minimizers: tuple[tuple[float, ...], ...] = (),
    local_minima: tuple[float, ...] = (),
    reference: str | int = "",
) -> Problem:
    """The problem whose function is the sum of the squares of ``residuals``.

    A whole number as ``reference`` is a problem of Moré, Garbow and Hillstrom.
    """

    def function(x: Tensor) -> Any:
        r = residuals(x)
        return (r * r).sum()

    if isinstance(reference, int):
        reference = MORE_GARBOW_HILLSTROM.format(reference)
    start = tuple(float(value) for value in start)
    return Problem(name, function, start, minimum, minimizers, local_minima, residuals, reference)
