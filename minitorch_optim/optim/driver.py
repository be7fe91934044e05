"""The driver: how one pure rule is applied to all parameters of a group.

A rule takes arrays and gives new ones; it knows nothing of tensors, groups or sparsity::

    def rule(p, g, exp_avg, ..., *, t, lr, ...):
        ...
        return new_p, new_exp_avg, ...

Its signature says the rest: the arguments after ``p`` and ``g`` are the names of its state, the keywords are options of
the group (and ``t``, the number of this step, from 1). There are four ways to apply it; the first is in
``dense.py``, the second in ``rows.py``, the third in ``jobs.py``:

========  =================================================  ==========================================================
Dense     symbols: the rule is recorded (``program.py``),    a large one is taken in blocks that fit the cache, and
          and what it does is done to the elements of one    threads may share them; small ones share the calls of
          parameter, or of several small ones gathered       NumPy, and nothing is allocated
Rows      the same, on the rows that sparse gradients name   untouched rows cost nothing
Whole     all elements of a parameter at once                for rules with norms and matrix products
Recorded  Tensors                                            ``differentiable=True``: the step is part of the graph
========  =================================================  ==========================================================
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from operator import attrgetter, getitem, itemgetter
from operator import is_ as same
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Tensor, get_default_dtype, set_grad_enabled
from ..autograd.inplace import before_change, overwrite
from ..autograd.ops.complex_numbers import view_as_complex, view_as_real
from ..autograd.tensor import new_tensor
from .checks import number
from .dense import Dense
from .formula import Options
from .jobs import Job, Member, Whole, flat
from .rows import Rows
from .straight import WORTH_WRITING, Straight, straight

if TYPE_CHECKING:
    from .optimizer import Optimizer


class Rule:
    """The rule of an optimizer class, and what its signature says about it."""

    def __init__(self, optimizer: type[Optimizer]) -> None:
        assert optimizer.rule is not None
        self.function: Callable[..., tuple[Any, ...]] = optimizer.rule
        parameters = inspect.signature(self.function).parameters.values()
        arrays = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        self.names = arrays[2:]  # of the state, in order
        self.scalars = frozenset(optimizer.scalars)  # those of them that are one number for each parameter
        self.arrays = [name for name in self.names if name not in self.scalars]  # and those of its shape
        self.reads_step = "t" in keywords
        self.counts = self.reads_step or optimizer.counts
        self.numbers = [name for name in self.names if name in self.scalars] + ["step"] * self.counts
        self.options = [name for name in keywords if name != "t"]
        self.values_in = itemgetter(*self.options) if len(self.options) > 1 else self._few_values_in

    def _few_values_in(self, group: dict[str, Any]) -> tuple[Any, ...]:
        return tuple([group[name] for name in self.options])

    def in_force(self, optimizer: Optimizer, group: dict[str, Any]) -> tuple[Any, ...]:
        """The values of the options in force."""
        try:
            return self.values_in(group)
        except KeyError:
            options = {**optimizer.defaults, **group}
            for name in self.options:
                if name not in options:
                    raise TypeError(
                        f"{self.function.__name__}() takes {name!r}, which is no option of {type(optimizer).__name__}: "
                        f"name it among the defaults, the dict that super().__init__(params, defaults) gets"
                    ) from None
            return self.values_in(options)

    def as_numbers(self, values: tuple[Any, ...]) -> Options:
        """The keywords of the rule, as Python numbers."""
        return Options(
            (name, tuple(map(number, value)) if isinstance(value, tuple | list) else number(value))
            for name, value in zip(self.options, values, strict=True)
        )

    def keywords(self, options: dict[str, Any], t: Any) -> dict[str, Any]:
        """The options, and the number of the step if the rule asks for it."""
        return {**options, "t": t} if self.reads_step else options

    def prepare(self, optimizer: Optimizer, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        """The state of ``p``, with what is missing of it filled in and what is there brought to the right form."""
        starts = optimizer.initial(group, p)
        for name in starts:
            if name not in self.names and name != "step":
                raise TypeError(
                    f"{type(optimizer).__name__}.initial() says what {name!r} starts from, and "
                    f"{self.function.__name__}() has no such state: what it takes after p and g is "
                    f"{', '.join(self.names) or 'nothing'}"
                )
        if not starts and not self.counts:  # nothing to keep: no entry in the optimizer's state
            return optimizer.state.get(p, {})
        state = optimizer.state[p]
        if self.counts:
            starts = {"step": 0, **starts}
        for name, start in starts.items():
            value = state.get(name)
            single = name == "step" or name in self.scalars
            if isinstance(value, Tensor):
                continue
            if value is not None:
                state[name] = new_tensor(np.array(value, get_default_dtype() if single else p.dtype))
            elif single:
                state[name] = new_tensor(np.array(start, get_default_dtype()))
            elif start is not None:
                if isinstance(start, Tensor):
                    start = start._array.copy()
                array = start if isinstance(start, np.ndarray) else np.empty(p.shape, p.dtype)
                if array is not start:
                    flat(array).fill(start)
                state[name] = new_tensor(array)
        return state

    def results(self, returned: Any) -> tuple[Any, ...]:
        """What the rule returned: the new parameter, and each state. Without a state the parameter may come alone."""
        results = tuple(returned) if isinstance(returned, tuple | list) else (returned,)
        if len(results) != 1 + len(self.names):
            raise TypeError(
                f"{self.function.__name__}() returned {len(results)} of {1 + len(self.names)} results: it is to return "
                f"the new {', '.join(['parameter', *self.names])}, in this order"
            )
        return results

    # -- the four ways ---------------------------------------------------------------------------

    def plan(self, optimizer: Optimizer, group: dict[str, Any], params: Iterable[Tensor]) -> Plan:
        """Decide how to step those of ``params`` that have a gradient now."""
        members: dict[Tensor, Member] = {}
        repeated = []
        for p in params:
            if p.grad is None:
                continue
            if p in members:
                repeated.append(p)
                continue
            optimizer.check_gradient(group, p)
            members[p] = Member(self, p, self.prepare(optimizer, group, p))
        jobs: list[Job] = []
        alike: dict[Any, list[Member]] = {}
        for member in members.values():
            if optimizer.whole:
                jobs.append(Whole(self, member))
            else:
                by_rows = member.sparse and not optimizer.together and optimizer.rows_suffice(group)
                alike.setdefault((by_rows, *member.kind), []).append(member)
        values = self.in_force(optimizer, group)
        options = self.as_numbers(values)
        for (by_rows, *_), kin in alike.items():
            jobs.append(Rows(self, kin, options) if by_rows else Dense(self, kin, options, optimizer.together))
        return Plan(self, optimizer, group, list(members.values()), jobs, repeated, values, options)

    def step_recorded(self, optimizer: Optimizer, group: dict[str, Any]) -> None:
        """One step on Tensors: gradients flow through it to parameters, gradients, state and options."""
        values = self.in_force(optimizer, group)
        options = {name: _recordable(value) for name, value in zip(self.options, values, strict=True)}
        with set_grad_enabled(True):
            for p in group["params"]:
                if p.grad is not None:
                    self._step_recorded(optimizer, group, p, p.grad, options)

    def _step_recorded(
        self, optimizer: Optimizer, group: dict[str, Any], p: Tensor, g: Tensor, options: dict[str, Any]
    ) -> None:
        if g.is_sparse:
            raise RuntimeError(f"{type(optimizer).__name__} with differentiable=True does not support sparse gradients")
        state = self.prepare(optimizer, group, p)
        given = [state.get(name) for name in self.names]
        if self.counts:
            state["step"] = step = state["step"].detach() + 1
            if self.reads_step:
                options["t"] = step.item()
        before = before_change(p, [g, *given, *options.values()])  # the tape may keep its values
        if p.dtype.kind == "c":
            results = self.results(self.function(_real(before), _real(g), *map(_real, given), **options))
            results = tuple(view_as_complex(r) if n not in self.scalars and r is not None else r
                            for n, r in zip(["p", *self.names], results, strict=True))  # fmt: skip
        else:
            results = self.results(self.function(before, g, *given, **options))
        new_p, *new_state = results
        overwrite(p, new_p, "step")
        for name, value in zip(self.names, new_state, strict=True):
            if value is not None:
                state[name] = value if isinstance(value, Tensor) else new_tensor(np.array(value, get_default_dtype()))


class Plan:
    """How to step the parameters of a group, as long as the same ones have gradients and nobody replaces an array.

    Whether that is so is asked in every step, for every parameter, so it is asked of whole lists at once.
    """

    def __init__(
        self, rule: Rule, optimizer: Optimizer, group: dict[str, Any], members: list[Member], jobs: list[Job],
        repeated: list[Tensor], values: tuple[Any, ...], options: Options,
    ) -> None:  # fmt: skip
        self.rule, self.jobs = rule, jobs
        self.repeated = repeated  # parameters that the group lists once more: this plan steps them only once
        self.options = options
        self._take(values, options)
        self.switches = tuple(map(bool, self.options.values()))
        self.all = list(group["params"])
        self.stepped = [member.p for member in members]
        self.skipped = [p for p in self.all if p.grad is None]
        self.times = 0  # how often it was carried out with the same options, but for those that move
        self.straight: Straight | None = None
        self.kinds_of_gradients = [*map(type, map(_gradient, self.stepped))]
        self.states = [member.state for member in members]
        self._remember(optimizer, group)

    def _take(self, values: tuple[Any, ...], options: Options) -> None:
        """Take over the values of the options, and what they are as numbers."""
        self.values = values
        self.fixed = all(map(_is_fixed, values))  # no value changes unless another object takes its place
        self.options = self.options.taking(options)

    def _remember(self, optimizer: Optimizer, group: dict[str, Any]) -> None:
        """Note what the plan relies on, to see later if the user has put anything else in its place."""
        slots = [
            (state, name)
            for state in self.states
            for name in dict.fromkeys([*self.rule.names, "step"])
            if isinstance(state.get(name), Tensor)
        ]
        self.slots = [state for state, _ in slots], [name for _, name in slots]
        self.relied_on = self._in_use(optimizer, group)

    def _in_use(self, optimizer: Optimizer, group: dict[str, Any]) -> list[Any]:
        """The parameters, their arrays, the entries of their state (or None), and the arrays in these."""
        stepped = self.stepped
        return [
            *group["params"],
            *map(_array, stepped),
            *map(optimizer.state.get, stepped),
            *map(_array, map(getitem, *self.slots)),
        ]

    def holds(self, optimizer: Optimizer, group: dict[str, Any]) -> bool:
        """Whether the plan still fits; and take over the options now in force."""
        if self.repeated:
            return False
        values = self.rule.in_force(optimizer, group)
        if not (self.fixed and values == self.values):
            options, before = self.rule.as_numbers(values), self.options
            if tuple(map(bool, options.values())) != self.switches:  # which may call for state that is not there
                return False
            self._take(values, options)
            if self.options is not before:
                self.times, self.straight = 0, None
        try:
            if [*map(type, map(_gradient, self.stepped))] != self.kinds_of_gradients:
                return False
            in_use = self._in_use(optimizer, group)
        except (AttributeError, KeyError):  # one without a gradient, or without its state
            return False
        if len(in_use) != len(self.relied_on) or not all(map(same, in_use, self.relied_on)):
            return False
        if self.skipped and any(p._grad is not None for p in self.skipped):
            return False
        return all(map(Job.numbers_are_ours, self.jobs))

    def step(self, optimizer: Optimizer, group: dict[str, Any]) -> None:
        """Apply the rule to everything once."""
        created = False
        for job in self.jobs:
            job.step(self.options)
            if job.created:
                created, job.created = True, False
            if isinstance(job, Dense) and job.recorded.anew:
                self.times, self.straight, job.recorded.anew = 0, None, False
            for member in job.members:
                member.p._version[0] += 1
        if created:
            self._remember(optimizer, group)
        self.times += 1
        if self.times == WORTH_WRITING:
            self.straight = straight(self, optimizer)


_array, _gradient = attrgetter("_array"), attrgetter("_grad._array")


def _is_fixed(value: Any) -> bool:
    """Whether an option can never have another value than now: a Python number and the like, not a tensor."""
    if isinstance(value, tuple):
        return all(map(_is_fixed, value))
    return value is None or isinstance(value, float | int | str)


def _recordable(value: Any) -> Any:
    """An option for a step that is recorded: a number, or a tensor that requires grad, without dimensions."""
    if isinstance(value, tuple | list):
        return tuple(map(_recordable, value))
    if not isinstance(value, Tensor) or not value.requires_grad:
        return number(value)
    return value.reshape(()) if value.ndim else value


def _real(x: Any) -> Any:
    """A complex tensor as pairs of reals, in a last dimension of 2."""
    return view_as_real(x) if isinstance(x, Tensor) and x.dtype.kind == "c" else x
