"""SciPy's minimizers behind ``step(closure)``: conjugate gradient, BFGS, Newton-CG, trust regions, Nelder-Mead ...

SciPy sees a function of one float64 vector. The closure gives its value; ``backward`` gives its gradient; and where a
method asks for curvature, a second backward through the first gives the Hessian times a vector: with g the gradient as
a graph, the gradient of g.v is H v.

Where others differ: SciPy by itself estimates a gradient that it is not given from differences of the function, and
asks for a Hessian where a method needs one; here both come from the tape. JAX has ``jax.scipy.optimize.minimize``,
which computes in JAX's own dtypes and knows BFGS only. PyTorch has nothing of the kind but :class:`LBFGS`.

References
----------
SciPy, ``scipy.optimize.minimize``. https://docs.scipy.org/doc/scipy/reference/generated/scipy.optimize.minimize.html
Pearlmutter, "Fast exact multiplication by the Hessian" (1994). https://doi.org/10.1162/neco.1994.6.1.147
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor, enable_grad, grad
from ..autograd.arguments import nearest
from ..autograd.tensor import Array, new_tensor
from .checks import at_least_zero
from .flat import Objective, VectorOptimizer

__all__ = ["ScipyMinimize"]

# What a method asks for: the value alone; the gradient; the Hessian times vectors; the Hessian.
ASKS_FOR = {
    "Nelder-Mead": "value", "Powell": "value", "COBYLA": "value", "COBYQA": "value",
    "CG": "gradient", "BFGS": "gradient", "L-BFGS-B": "gradient", "TNC": "gradient", "SLSQP": "gradient",
    "trust-constr": "gradient",
    "Newton-CG": "products", "trust-ncg": "products", "trust-krylov": "products",
    "dogleg": "hessian", "trust-exact": "hessian",
}  # fmt: skip
BOUNDED = ("Nelder-Mead", "Powell", "COBYLA", "COBYQA", "L-BFGS-B", "TNC", "SLSQP", "trust-constr")


class Differentiated(Objective):
    """The closure as a function of a float64 vector, with the derivatives that SciPy asks for.

    Attributes
    ----------
    best : ndarray, shape (size,)
        the point of the lowest value so far, within the bounds; at first, where the parameters are
    best_value : float
        the loss there
    """

    def __init__(self, closure: Callable[[], Any], params: list[Tensor], method: str) -> None:
        super().__init__(closure, params)
        self.method = method
        self.bounds: Any = None
        self.best = self.where().astype(np.float64)
        self.best_value = math.inf
        self._here: Array | None = None  # where the last evaluation was
        self._versions: list[int] = []  # of the parameters then: they count changes
        self._loss: Any = None
        self._gradients: list[Any] = []  # as graphs

    def is_at(self, x: Array) -> bool:
        """Whether the last evaluation was at ``x``, and the parameters are still there."""
        unchanged = self._versions == [p._version[0] for p in self.params]
        return self._here is not None and unchanged and np.array_equal(x, self._here)

    def evaluate(self, x: Array) -> None:
        """Call the closure at ``x``, unless that was the last point anyway."""
        if self.is_at(x):
            return
        self.move(x)
        for p in self.params:
            p.grad = None
        self._loss = self.value()
        self._here, self._versions = np.array(x), [p._version[0] for p in self.params]
        value = float(self._loss)
        inside = self.bounds is None or bool(np.all((self.bounds.lb <= x) & (x <= self.bounds.ub)))
        if value < self.best_value and inside:
            self.best_value, self.best = value, self._here

    def values(self, x: Array) -> float:
        """The loss at ``x``."""
        self.evaluate(x)
        return float(self._loss)

    def values_and_gradients(self, x: Array) -> tuple[float, Array]:
        """The loss at ``x`` and its gradient: what the closure's own backward left, or one made here."""
        self.evaluate(x)
        with enable_grad():
            left = any(p.grad is not None for p in self.params)
            if ASKS_FOR[self.method] in ("products", "hessian"):
                if left:
                    raise RuntimeError(
                        f"method {self.method!r} differentiates the loss twice: let the closure compute the loss and "
                        f"return it, without backward()"
                    )
                self._gradients = list(grad(self._loss, self.params, create_graph=True, allow_unused=True))
                gradient = self.joined([None if g is None else g._array for g in self._gradients])
            else:
                if not left:
                    self._differentiate()
                gradient = self.gradient()
        return float(self._loss), gradient.astype(np.float64)

    def _differentiate(self) -> None:
        if not (isinstance(self._loss, Tensor) and self._loss.requires_grad):
            raise RuntimeError(
                f"method {self.method!r} needs gradients, and the closure gave none: return the loss as a tensor that "
                f"was computed from the parameters, or call its backward()"
            )
        self._loss.backward()

    def products(self, x: Array, v: Array) -> Array:
        """The Hessian at ``x`` times ``v``: the gradient of the gradient's inner product with ``v``.

        A parameter on which the loss does not depend gets a curvature of 1, so that it is left alone: with 0 the
        Hessian would be singular.
        """
        if not self.is_at(x):
            self.values_and_gradients(x)
        parts = self.separated(v)
        result: list[Any] = [part if g is None else None for g, part in zip(self._gradients, parts, strict=True)]
        curved = [i for i, g in enumerate(self._gradients) if g is not None and g.requires_grad]  # not constant
        if curved:
            rows = grad(
                [self._gradients[i] for i in curved],
                self.params,
                [new_tensor(parts[i]) for i in curved],
                retain_graph=True,
                allow_unused=True,
            )
            result = [known if row is None else row._array for known, row in zip(result, rows, strict=True)]
        return self.joined(result).astype(np.float64)

    def hessian(self, x: Array) -> Array:
        """The Hessian at ``x``, shape (size, size)."""
        rows = np.stack([self.products(x, unit) for unit in np.eye(self.size)])
        return (rows + rows.T) / 2


def known(method: Any) -> str:
    """The method under SciPy's spelling of its name, or ValueError."""
    for name in ASKS_FOR:
        if isinstance(method, str) and method.lower() == name.lower():
            return name
    near = nearest(str(method), ASKS_FOR, cutoff=0.0)
    raise ValueError(f"Unknown method {method!r}: did you mean {near!r}? There are {', '.join(ASKS_FOR)}")


def as_bounds(bounds: Any, params: list[Tensor], objective: Objective) -> Any:
    """SciPy's ``Bounds`` for the vector of the objective's parameters, from a pair for all or a list of pairs."""
    from scipy.optimize import Bounds

    if bounds is None:
        return None
    pairs = bounds if isinstance(bounds, list) else [bounds] * len(params)
    if len(pairs) != len(params):
        raise ValueError(f"bounds: expected one pair for each of the {len(params)} parameters, got {len(pairs)}")
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise ValueError(f"bounds: expected a pair (low, high) for all parameters or a list of pairs, got {pair!r}")
    of = {id(p): pair for p, pair in zip(params, pairs, strict=True)}
    ends: list[Any] = []
    for i, unbounded in enumerate((-math.inf, math.inf)):
        arrays = []
        for p in objective.params:
            if p.dtype.kind == "c":
                raise ValueError("bounds: complex numbers have no order; give real parameters")
            end = of[id(p)][i]
            end = unbounded if end is None else end._array if isinstance(end, Tensor) else end
            arrays.append(np.broadcast_to(np.asarray(end, np.float64), p.shape))
        ends.append(objective.joined(arrays).astype(np.float64))
    if not np.all(ends[0] <= ends[1]):
        raise ValueError("bounds: a lower bound is above its upper bound, or NaN")
    return Bounds(*ends)


class ScipyMinimize(VectorOptimizer):
    """``scipy.optimize.minimize`` as an optimizer: one step is one whole minimization.

    The closure computes the loss and returns it. It may clear the gradients and call backward, as for :class:`LBFGS`;
    if it does not, backward is called here. The methods of second order (``Newton-CG``, ``trust-ncg``,
    ``trust-krylov``, ``dogleg``, ``trust-exact``) differentiate the loss twice, so for these the closure must leave
    backward to the optimizer. Parameters that do not require grad stay as they are.

    Parameters
    ----------
    params : iterable of Tensors or (name, Tensor) pairs, or one dict
        what to optimize, of any shapes; SciPy computes in float64, and each parameter keeps its dtype
    method : str
        the name of a method of ``scipy.optimize.minimize`` (default ``"BFGS"``)
    bounds : (low, high) or list of pairs, optional
        for all parameters, or a pair for each: numbers, arrays of the parameter's shape, or None for no bound
    tol : float, optional
        SciPy's tolerance, whose meaning depends on the method
    options : dict, optional
        SciPy's options for the method, such as ``maxiter``
    callback : callable(optimizer), optional
        called after each iteration, while the parameters hold it; if it raises StopIteration the step ends there

    Attributes
    ----------
    result : scipy.optimize.OptimizeResult or None
        SciPy's report on the last step: ``success``, ``message``, ``nit``, ``fun`` ...

    Raises
    ------
    ValueError
        for an unknown method, for bounds that a method does not take, or a second parameter group

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = ScipyMinimize([p], method="trust-ncg")
    >>> def closure():
    ...     return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
    >>> optimizer.step(closure)                        # the loss before the step
    tensor(24.2000, grad_fn=<AddBackward>)
    >>> p.detach().round(decimals=3), optimizer.result.success
    (tensor([1., 1.]), True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        method: str = "BFGS",
        bounds: Any = None,
        tol: float | None = None,
        options: dict[str, Any] | None = None,
        callback: Callable[[ScipyMinimize], Any] | None = None,
    ) -> None:
        defaults = {"method": method, "bounds": bounds, "tol": tol, "options": options, "callback": callback}
        super().__init__(params, defaults)

    def _check_options(self, options: dict[str, Any]) -> None:
        method = known(options["method"])
        if options["tol"] is not None:
            at_least_zero("tol")(options["tol"])
        if options["bounds"] is not None and method not in BOUNDED:
            raise ValueError(f"method {method!r} takes no bounds; these do: {', '.join(BOUNDED)}")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Minimize.

        Parameters
        ----------
        closure : callable
            computes the loss and returns it; it is called many times

        Returns
        -------
        what the closure returned first: the loss before the step

        The parameters end where SciPy says; where it reports failure, or the closure raises, at the best point that was
        evaluated.
        """
        from scipy.optimize import OptimizeResult, minimize

        closure = self._needed(closure)
        group = self.param_groups[0]
        method = known(group["method"])
        wanted = [p for p in group["params"] if p.requires_grad]
        if not wanted:
            raise ValueError("no parameter requires grad, so there is nothing to minimize over: call requires_grad_()")
        objective = Differentiated(closure, wanted, method)
        objective.bounds = as_bounds(group["bounds"], group["params"], objective)

        stopped = False

        def after(x: Array, *state: Any) -> None:
            nonlocal stopped
            if not objective.is_at(x):
                objective.move(x)
            try:
                group["callback"](self)
            except StopIteration:
                stopped = True
                raise

        asks_for = ASKS_FOR[method]
        try:
            result = minimize(
                objective.values if asks_for == "value" else objective.values_and_gradients,
                objective.best,
                jac=None if asks_for == "value" else True,
                hessp=objective.products if asks_for == "products" else None,
                hess=objective.hessian if asks_for == "hessian" else None,
                method=method,
                bounds=objective.bounds,
                tol=group["tol"],
                options=group["options"],
                callback=None if group["callback"] is None else after,
            )
        except BaseException as error:
            objective.move(objective.best)
            if not (stopped and isinstance(error, StopIteration)):
                raise
            # Some methods let StopIteration through; here is what the others make of it.
            message = "`callback` raised `StopIteration`."
            report = {"x": objective.best, "fun": objective.best_value, "nfev": objective.evaluations}
            result = OptimizeResult(success=False, status=99, message=message, **report)
        objective.move(result.x if result.success else objective.best)
        self.result = result
        return objective.first
