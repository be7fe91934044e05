"""``explain``: every quantity that an optimizer computes in a step, read off the code that computes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.tensor import Array
from ..optim import LBFGS, Optimizer, ScipyMinimize
from ..optim.jobs import Member
from . import text
from .copies import copy_of, given_back
from .names import named
from .roots import inside, watched
from .sections import Section, sections
from .watching import Line, Watcher

__all__ = ["Change", "Explanation", "Iteration", "Iterations", "Section", "explain"]


@dataclass(frozen=True, eq=False)
class Change:
    """A parameter before the step and after it.

    Attributes
    ----------
    name : str
        of the parameter
    before, after : ndarray
        its values
    """

    name: str
    before: Array = field(repr=False)
    after: Array = field(repr=False)

    @property
    def step(self) -> Array:
        """How far each element goes: |after - before|."""
        return np.abs(self.after - self.before)


class Explanation(Sequence[Section]):
    """What :func:`explain` found: a sequence of :class:`Section`, and a text when printed.

    Attributes
    ----------
    optimizer : str
        the name of its class
    sections : list of Section
        in the order in which the optimizer works
    changes : list of Change
        each parameter before and after the step
    """

    def __init__(self, optimizer: Optimizer, sections: list[Section], changes: list[Change]) -> None:
        self.optimizer, self.sections, self.changes = type(optimizer).__name__, sections, changes

    def __len__(self) -> int:
        return len(self.sections)

    def __getitem__(self, index: Any) -> Any:
        return self.sections[index]

    def __iter__(self) -> Iterator[Section]:
        return iter(self.sections)

    def __repr__(self) -> str:
        head = f"One step of {self.optimizer}, tried out: nothing has been changed."
        rows = [["parameter", "shape", "how far each element goes, |new - old|"]]
        rows += [[text.short(c.name), text.shape(c.before.shape), text.steps(c.step)] for c in self.changes]
        return "\n\n".join([head, *self._parts(), "\n".join(text.table(rows))])

    def _parts(self) -> list[str]:
        return [str(section) for section in self.sections]


@dataclass(eq=False)
class Iteration:
    """One iteration of L-BFGS.

    Attributes
    ----------
    direction : ndarray
        where it went, a vector of all parameters
    slope : float
        the derivative of the loss along it
    tried : list of (float, float)
        the steps that were evaluated, in units of the direction, and the loss at each
    step : float
        the one that was taken
    loss, gradient : float, ndarray; or None where the last iteration did not ask
        there
    """

    direction: Array = field(default=None, repr=False)
    slope: float = 0.0
    tried: list[tuple[float, float]] = field(default_factory=list)
    step: float = 0.0
    loss: float | None = None
    gradient: Array = field(default=None, repr=False)

    def note(self, line: Line) -> None:
        """Take over what a line of ``minimize`` or of the function along the direction has found."""
        found = line.assigned
        if "phi()" in found:
            self.tried.append((found["phi()"][0], found["phi()"][1]))
        elif line.depth == 0:
            self.direction = found.get("d", self.direction)
            self.slope, self.step = found.get("slope", self.slope), found.get("t", self.step)
            self.loss, self.gradient = found.get("f", self.loss), found.get("g", self.gradient)


class Iterations(Explanation):
    """An :class:`Explanation` of a step of L-BFGS: a table of its iterations.

    Attributes
    ----------
    start : Iteration
        with the loss and the gradient where the step began
    iterations : list of Iteration
        in order
    reason : str
        why the step ended
    """

    def __init__(self, optimizer: Any, sections: list[Section], changes: list[Change]) -> None:
        super().__init__(optimizer, sections, changes)
        self.reason: str = optimizer.result.reason
        self.start, self.iterations = Iteration(), []
        for line in (line for section in sections for line in section.lines):
            if line.depth == 0 and line.assigned.get("iterations"):
                self.iterations.append(Iteration())
            (self.iterations[-1] if self.iterations else self.start).note(line)

    def _parts(self) -> list[str]:
        rows = [["#", "|direction|", "slope", "step", "loss", "largest |g|", "evaluated, step: loss"]]
        rows.append(["", "", "", "", *self._there(self.start), "where the step begins"])
        for i, each in enumerate(self.iterations, start=1):
            tried = ", ".join(text.unbroken(f"{text.number(t)}: {text.number(f)}") for t, f in each.tried)
            norm = text.number(text.norm(each.direction))
            numbers = [str(i), norm, text.number(each.slope), text.number(each.step)]
            rows.append([*numbers, *self._there(each), tried or "nothing"])
        return ["\n".join(text.table(rows)), "\n".join(text.wrapped(f"It ends because of {self.reason}.", ""))]

    @staticmethod
    def _there(each: Iteration) -> list[str]:
        if each.loss is None:
            return ["-", "-"]
        return [text.number(each.loss), text.number(np.max(np.abs(each.gradient), initial=0.0))]


def explain(optimizer: Optimizer, closure: Callable[[], Any] | None = None, params: Any = None) -> Explanation:
    """What the next step of ``optimizer`` would compute: each assignment of its rule, with the value assigned.

    The step is taken for a trial, on a copy of the optimizer, by the code that ``optimizer.step()`` runs; each line is
    from that code's file. Then the parameters get their values back: neither they nor their gradients, the optimizer,
    or the random generator change, and no hook is called.

    Parameters
    ----------
    optimizer : Optimizer
        any of the library, or your own, with a ``rule`` or a ``step``; its parameters have their gradients by now
    closure : callable, optional
        what you would give to ``step``; for the optimizers that need one. What it changes elsewhere stays changed, but
        for the parameters and buffers of a model that is given as ``params``
    params : Module or dict, optional
        names for the parameters: a model, or a dict from names to tensors

    Returns
    -------
    Explanation
        ``print`` it; ``explanation[0]["denom"]`` is a value of the first section by its name in the code. The
        parameters of a group share a section where the rule takes each element by itself

    Raises
    ------
    RuntimeError
        if no parameter has a gradient, or the code has no source that could be read
    TypeError
        for ``ScipyMinimize``, whose steps are SciPy's; or without the closure that an optimizer needs

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> p = tensor([1.0, -2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> print(explain(SGD([p], lr=0.1, weight_decay=0.5), params={"p": p}))  # doctest: +ELLIPSIS
    One step of SGD, tried out: nothing has been changed.
    <BLANKLINE>
    Group 0: sgd() in sgd.py
      of       p (2,)
      options  lr = 0.1, momentum = 0, dampening = 0, weight_decay = 0.5, nesterov = False,
               maximize = False
      before   p = [1, -2]
               g = [2, -4]
    ...   g = g + weight_decay * p
                 g = [2.5, -5]
    ...   return p - lr * g, momentum_buffer
                 p = [0.75, -1.5]
    <BLANKLINE>
    parameter  shape  how far each element goes, |new - old|
    p          (2,)   [0.25, 0.5]
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"explain: expected an optimizer, got {type(optimizer).__name__}")
    if any(isinstance(each, ScipyMinimize) for each in inside(optimizer)):
        raise TypeError(
            "explain reads the steps off an optimizer's own code, and those of ScipyMinimize are taken by SciPy: look "
            "at optimizer.result after step(closure), or give ScipyMinimize a callback, which is called after each "
            "iteration"
        )
    tensors = list(dict.fromkeys(p for group in optimizer.param_groups for p in group["params"]))
    others = [*params.parameters(), *params.buffers()] if hasattr(params, "named_parameters") else []
    trial = copy_of(optimizer)
    functions, inner = watched(trial)
    watcher = Watcher(functions, inner, owner_of=_members)
    before = [p._array.copy() for p in tensors]
    with given_back([*tensors, *others]):
        with watcher.watching():
            trial.step() if closure is None else trial.step(closure)
        after = [p._array.copy() for p in tensors]
    names = _names(optimizer, params)
    found = sections(watcher.calls, optimizer, names)
    if not found:
        raise RuntimeError(
            "no parameter of the optimizer has a gradient, so a step does nothing: call loss.backward() first, or give "
            "a closure that does, as in explain(optimizer, closure)"
        )
    changes = [Change(names[p], old, new) for p, old, new in zip(tensors, before, after, strict=True)]
    explanation = Iterations if isinstance(optimizer, LBFGS) else Explanation
    return explanation(trial, found, changes)


def _members(frame: FrameType) -> list[Tensor]:
    """The parameters whose elements a rule was called with: the driver is among its callers, and knows."""
    caller: FrameType | None = frame.f_back
    while caller is not None and not isinstance(caller.f_locals.get("self"), Optimizer):
        for holder in (caller.f_locals.get("part"), caller.f_locals.get("self")):
            members = getattr(holder, "members", None)
            if isinstance(members, list) and all(isinstance(member, Member) for member in members):
                return [member.p for member in members]
        caller = caller.f_back
    return []


def _names(optimizer: Optimizer, params: Any) -> dict[Tensor, str]:
    """The name of each parameter: given here, or known to the optimizer, or its number."""
    given = {tensor: name for name, tensor in reversed(named(params).items())}
    names: dict[Tensor, str] = {}
    for group in optimizer.param_groups:
        known = group.get("param_names", [])
        for i, p in enumerate(group["params"]):
            names.setdefault(p, given.get(p) or (known[i] if i < len(known) else f"parameter {len(names)}"))
    return names
