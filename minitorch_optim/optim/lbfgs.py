"""L-BFGS: Newton's method with a Hessian that is remembered from the last few steps, never stored.

In code order, for each iteration, with s the steps and y the changes of the gradient that are remembered (the youngest
last)::

    y = g - g_prev;  s = t d                     the first iteration has neither: d = -g
    forget the oldest pair if history_size is reached; remember (y, s) if y.s > 1e-10
    gamma = y.s / y.y                            how long the inverse Hessian makes a vector
    q = -g
    for each pair, youngest first:  a = (s.q) / (y.s);  q = q - a y
    d = gamma q
    for each pair, oldest first:    b = (y.d) / (y.s);  d = d + (a - b) s
    t = min(1, 1 / |g|_1) lr at the first iteration, lr later; or what the line search finds, starting from there
    p = p + t d

Where others differ: SciPy's L-BFGS-B bounds parameters, remembers 10 pairs rather than 100, and stops by a relative
change of the loss; here changes are absolute, as in minFunc. Without a line search the step is simply lr times d, which
may go up.

References
----------
Nocedal, "Updating Quasi-Newton Matrices with Limited Storage" (1980). https://doi.org/10.1090/S0025-5718-1980-0572855-7
Liu, Nocedal, "On the limited memory BFGS method for large scale optimization" (1989).
Nocedal, Wright, "Numerical Optimization", 2nd ed. (2006), algorithms 7.4 and 7.5.
Schmidt, "minFunc" (2005). https://www.cs.ubc.ca/~schmidtm/Software/minFunc.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.hints import hint
from ..autograd.tensor import Array
from .checks import Check, learning_rate, not_nan, number, requirement
from .flat import Objective, VectorOptimizer, elements
from .limited_memory import Memory
from .line_search import LineSearch, Point, strong_wolfe
from .vectors import all_within, largest

__all__ = ["LBFGS", "LBFGSResult"]


@dataclass(frozen=True)
class LBFGSResult:
    """How the last step of :class:`LBFGS` went.

    Attributes
    ----------
    reason : str
        why it stopped: the name of the option that stopped it, or ``"not finite"``, and what that means
    converged : bool
        whether a tolerance was met, rather than a limit or a loss that is not finite
    loss : float
        the last loss that the step accepted
    gradient_norm : float
        the largest entry, by absolute value, of the gradient there
    iterations, evaluations : int
        of this step; an evaluation is one call of the closure
    not_finite : int
        how many of the evaluations met NaN or infinity
    """

    reason: str
    converged: bool
    loss: float
    gradient_norm: float
    iterations: int
    evaluations: int
    not_finite: int


# The reasons to stop. Each begins with the option that said so.
SMALL_GRADIENT = "tolerance_grad: no entry of the gradient is larger"
SMALL_STEP = "tolerance_change: no parameter moved by more"
SMALL_CHANGE = "tolerance_change: the loss changed by less"
NOT_DOWNHILL = "tolerance_change: along the search direction the loss falls by less"
ITERATIONS = "max_iter: that many iterations were made"
EVALUATIONS = "max_eval: that many evaluations were made"
NOT_FINITE_HERE = "not finite: the loss or its gradient was NaN or infinite where the step began; nothing was changed"
NOT_FINITE_AHEAD = (
    "not finite: the loss or its gradient was NaN or infinite ahead; the parameters are at the last finite point, and "
    "past steps were forgotten. Try a smaller lr or line_search_fn='strong_wolfe'"
)
CONVERGED = frozenset((SMALL_GRADIENT, SMALL_STEP, SMALL_CHANGE, NOT_DOWNHILL))


def minimize(objective: Objective, memory: Memory, group: dict[str, Any]) -> LBFGSResult:
    """Iterate until something says to stop."""
    max_iter, max_eval, tolerance_change = group["max_iter"], group["max_eval"], group["tolerance_change"]
    lr = number(group["lr"])
    iterations = not_finite = 0

    f, g = objective()
    if not (math.isfinite(f) and math.isfinite(largest(g))):
        reason, not_finite = NOT_FINITE_HERE, 1
    elif all_within(group["tolerance_grad"], g):
        reason = SMALL_GRADIENT
    else:
        reason = "" if max_iter else ITERATIONS

    while not reason:
        iterations += 1
        memory.iterations += 1
        first = memory.d is None
        memory.learn(f, g)
        d = memory.direction()
        slope = float(g.dot(d))
        if not (math.isfinite(slope) and slope <= -tolerance_change):
            reason = NOT_DOWNHILL if math.isfinite(slope) else NOT_FINITE_AHEAD
            break
        total = float(np.abs(g).sum()) if first else 0.0
        t = 1 / total * lr if total > 1 else lr

        objective.set_out(d)
        if group["line_search_fn"] is None and iterations == max_iter:  # nobody will ask what the loss is there
            objective.go(t)
            memory.d, memory.t = d, t
            reason = ITERATIONS
            break
        start = Point(0.0, f, g, slope)
        search = advance(objective, start, d, t, group, max_eval - objective.evaluations, memory.room)
        f_before = f
        t, f, g, _ = search.point
        memory.d, memory.t = d, t
        not_finite += search.not_finite

        if search.not_finite and not search.accepted and all_within(max(tolerance_change, 0), d, times=t):
            reason = NOT_FINITE_AHEAD
        elif all_within(group["tolerance_grad"], g):
            reason = SMALL_GRADIENT
        elif not search.accepted and objective.evaluations >= max_eval:
            reason = EVALUATIONS
        elif all_within(tolerance_change, d, times=t):
            reason = SMALL_STEP
        elif abs(f - f_before) < tolerance_change:
            reason = SMALL_CHANGE
        elif iterations == max_iter:
            reason = ITERATIONS
        elif objective.evaluations >= max_eval:
            reason = EVALUATIONS

    if reason == NOT_FINITE_AHEAD:
        memory.forget()
    return LBFGSResult(reason, reason in CONVERGED, f, largest(g), iterations, objective.evaluations, not_finite)


def advance(
    objective: Objective,
    start: Point,
    d: Array,
    t: float,
    group: dict[str, Any],
    max_steps: int,
    room: Callable[[], Array | None],
) -> LineSearch:
    """Take the parameters along ``d``: by ``t``, or by what the line search finds from there.

    They never stay at a point that is not finite; and if the closure raises, they go back to where they were.
    """

    def phi(t: float) -> Point:
        objective.go(t)
        f, g = objective(out=room())
        with np.errstate(invalid="ignore", over="ignore"):
            return Point(t, f, g, float(g.dot(d)))

    try:
        if group["line_search_fn"] is None:
            point = phi(t)
            if not point.finite:
                objective.go_back()
                return LineSearch(start, False, 1, 1)
            return LineSearch(point, True, 1, 0)
        change = group["tolerance_change"]
        search = strong_wolfe(phi, start, t, longest=largest(d), tolerance_change=change, max_steps=max_steps)
        objective.go(search.point.t)
        return search
    except BaseException:
        objective.go_back()
        raise


def whole_number(what: str, at_least: int) -> Check:
    """``Invalid <what> value: <value>`` unless it is a whole number from ``at_least``."""
    rule = f"a whole number from {at_least}"
    return requirement(f"{what} value", rule, lambda value: isinstance(value, int) and value >= at_least)


class LBFGS(VectorOptimizer):
    """L-BFGS, optionally with a line search for the strong Wolfe conditions.

    One step makes up to ``max_iter`` iterations, each with one or more evaluations of the closure. The memory of past
    steps goes on from step to step. All parameters form one vector, so there is one parameter group; complex parameters
    are pairs of reals in it, sparse gradients are filled up, and a parameter without a gradient stays where it is.

    Parameters
    ----------
    params : iterable of Tensors or (name, Tensor) pairs, or one dict
        what to optimize
    lr : float or Tensor
        the length of a step in units of the direction, or the first length that the line search tries (default 1)
    max_iter : int
        how many iterations a step makes at most (default 20)
    max_eval : int, optional
        after how many evaluations of the closure no further iteration begins (default ``max_iter * 5 // 4``)
    tolerance_grad : float
        stop when no entry of the gradient is larger (default 1e-7)
    tolerance_change : float
        stop when neither a parameter nor the loss changes by more (default 1e-9)
    history_size : int
        how many past steps are remembered; each takes twice the memory of the parameters (default 100)
    line_search_fn : str, optional
        ``"strong_wolfe"``, or None for steps of length ``lr`` (default)

    Attributes
    ----------
    result : LBFGSResult or None
        why the last step stopped, and its counts

    Raises
    ------
    ValueError
        for an option out of its range, or a second parameter group
    RuntimeError
        at the step, for an unknown line search

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = LBFGS([p], max_iter=100, line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)                        # the loss before the step
    tensor(24.2000, grad_fn=<AddBackward>)
    >>> optimizer.result.converged, p.detach().round(decimals=2)
    (True, tensor([1., 1.]))
    """

    checks = {
        "lr": learning_rate,
        "max_iter": whole_number("max_iter", at_least=0),
        "max_eval": whole_number("max_eval", at_least=0),
        "tolerance_grad": not_nan("tolerance_grad value"),
        "tolerance_change": not_nan("tolerance_change value"),
        "history_size": whole_number("history_size", at_least=1),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if max_eval is None:
            whole_number("max_iter", at_least=0)(max_iter)
            max_eval = max_iter * 5 // 4
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        self.result: LBFGSResult | None
        super().__init__(params, defaults)

    def state_names(self) -> set[str]:
        return {*Memory.names, "func_evals", "n_iter"}

    def shape_of(self, name: str, p: Tensor) -> tuple[int, ...] | None:
        return (sum(map(elements, dict.fromkeys(self.param_groups[0]["params"]))),)  # vectors of all parameters

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to ``max_iter`` iterations.

        Parameters
        ----------
        closure : callable
            clears the gradients, computes the loss, calls backward and returns the loss; it is called many times. If it
            raises, the parameters are where the last finished iteration left them

        Returns
        -------
        what the closure returned first: the loss before the step
        """
        closure = self._needed(closure)
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported, got line_search_fn={group['line_search_fn']!r}")
        state = self.state[group["params"][0]]
        objective = Objective(closure, group["params"])
        memory = Memory(state, group["history_size"], objective.dtype)
        state.setdefault("func_evals", 0)
        try:
            self.result = minimize(objective, memory, group)
        except TypeError:
            if objective.evaluations and objective.first is None:
                raise TypeError("the closure returned None: end it with `return loss`") from None
            raise
        finally:
            memory.store(state)
            state["func_evals"] += objective.evaluations
        if not self.result.iterations and all(p.grad is None for p in objective.params):
            hint(
                "the closure left no gradient, so nothing was changed: call loss.backward() in it, after "
                "optimizer.zero_grad() and before `return loss`"
            )
        return objective.first

