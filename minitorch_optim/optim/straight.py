"""A plan that was carried out a few times, written down as one straight function.

To go through jobs, parts and members by loops, each asking a little, costs as much as the arithmetic on small
parameters. Once a plan has held for some steps, what it asks and what it does is written as Python, line by line, and
compiled: ``print(Writer(optimizer._plans[0], optimizer).source())``. For SGD on two small parameters::

    def step(optimizer, group):
        params, state = group['params'], optimizer.state.get
        try:
            if not (tracer() is None and errors_are() == errors and values_in(group) == in_force
                    and len(params) == 2 and params[0] is p and params[1] is p1
                    and p._array is a and p1._array is a1 ...):
                return False
        except (AttributeError, KeyError, RuntimeError, ValueError):
            return False
        g[...] = p._grad._array
        ...
        run(g, w)
        a[...] = w
        ...
        return True

An option that has changed before, as a learning rate does under a schedule, is not compared but looked up, and the
numbers that depend on it are computed anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Tensor
from .dense import WORTH_A_THREAD, Dense, Part
from .recorded import error_settings

if TYPE_CHECKING:
    from .driver import Plan
    from .optimizer import Optimizer

WORTH_WRITING = 5  # after so many steps: to write and to compile takes as long as some tens of them


Straight = Callable[[Any, Any], bool]  # of the optimizer and the group; whether the step could be done so


class Writer:
    """What writes a plan down: the conditions under which it holds, its lines, and names for all that is in them."""

    def __init__(self, plan: Plan, optimizer: Optimizer) -> None:
        self._names: dict[str, Any] = {}
        self._known: dict[int, str] = {}
        self._questions: list[str] = []  # what is computed, and asked, before anything is changed
        self._lines: list[str] = []
        self._conditions = [
            f"{self._name('tracer', sys.gettrace)}() is None",
            f"{self._name('errors_are', error_settings)}() == {self._name('errors', error_settings())}",
            f"len(params) == {len(plan.all)}",
        ]
        self._moving: dict[str, str] = {}  # for each option that moves what its value is called
        for name in plan.options.moving:
            self._look_up(name, plan.options[name])
        values = dict(zip(plan.rule.options, plan.values))
        fixed = [name for name in values if name not in self._moving]
        if fixed:
            values_in = itemgetter(*fixed)
            self._conditions.append(
                f"{self._name('values_in', values_in)}(group) == {self._name('in_force', values_in(values))}"
            )
        for i, p in enumerate(plan.all):
            self._conditions.append(f"params[{i}] is {self._name('p', p)}")
        self._conditions += [f"{self._name('p', p)}._grad is None" for p in plan.skipped]
        for job in plan.jobs:
            self._write(job, optimizer)  # type: ignore[arg-type]

    def source(self) -> str:
        """All of it."""
        return "\n    ".join(
            [
                "def step(optimizer, group):",
                "params, state = group['params'], optimizer.state.get",
                "try:",
                *[f"    {now} = group[{name!r}]" for name, now in self._moving.items()],
                "    if not (" + "\n            and ".join(self._conditions) + "):",
                "        return False",
                "except (AttributeError, KeyError, RuntimeError, ValueError):",
                "    return False",
                *self._questions,
                *self._lines,
                "return True\n",
            ]
        )

    def compiled(self) -> Straight:
        """The function, which knows its names; the text is not kept."""
        exec(compile(self.source(), "<plan>", "exec"), self._names)
        step: Straight = self._names.pop("step")
        return step

    def _name(self, kind: str, value: Any) -> str:
        """A name for an object, which is kept under it."""
        if value is None:
            return "None"
        if id(value) not in self._known:
            name = kind if kind not in self._names else f"{kind}{len(self._names)}"
            self._known[id(value)], self._names[name] = name, value
        return self._known[id(value)]

    def _look_up(self, name: str, value: Any) -> None:
        """Let each step see what an option is then: it may have another value, of the same kind."""
        now = self._moving[name] = f"{name}_now"
        self._conditions.append(f"type({now}) is {self._name('kind', type(value))}")
        if type(value) is tuple:
            self._conditions.append(f"[*map(type, {now})] == {self._name('kinds', [*map(type, value)])}")
        else:
            self._conditions.append(f"({now} != 0) is {value != 0}")

    def _write(self, job: Dense, optimizer: Optimizer) -> None:
        recorded, program = job.recorded, job.recorded.program
        assert program is not None
        for numbers in job.numbers.values():
            self._conditions.append(f"{self._name('numbers', numbers)}.are_ours()")
        for member in job.members:
            p, array = self._name("p", member.p), self._name("a", member.array)
            entry = self._name("entry", optimizer.state.get(member.p))
            self._conditions += [f"{p}._array is {array}", f"state({p}) is {entry}"]
            self._conditions.append(f"type({p}._grad._array) is {self._name('ndarray', np.ndarray)}")
            for name in dict.fromkeys([*job.rule.names, "step"]):
                tensor = member.state.get(name)
                if isinstance(tensor, Tensor):
                    self._conditions.append(f"{entry}[{name!r}]._array is {self._name('s', tensor._array)}")
        t = "None"
        if job.rule.counts:
            t, counter = f"t{len(self._questions)}", self._name("numbers", job.numbers["step"])
            self._questions.append(f"{t} = {counter}.following()")
        scalars = [f"{self._name('numbers', job.numbers[name])}.array[0]" for name in recorded.scalars]
        changing = [t, *scalars, *self._moving.values()]
        if recorded.answers_hold_at is not None:
            hold = self._name("answers_hold_at", recorded.answers_hold_at)
            self._questions += [f"if not {hold}({', '.join(changing)}):", "    return False"]
        if program.moving:
            self._lines.append(f"{self._name('program', program)}.advance({', '.join(changing)})")
        if recorded.scalars:
            self._lines.append(f"new = {self._name('new_numbers', recorded.new_numbers_at)}({', '.join(changing)})")
        for part in job.parts:
            self._write_part(part, job)
        for i, name in enumerate(recorded.scalars):
            self._lines.append(f"{self._name('numbers', job.numbers[name])}.set(new[{i}])")
        if job.rule.counts:
            self._lines.append(f"{counter}.set({t})")
        self._lines += [f"{self._name('p', member.p)}._version[0] += 1" for member in job.members]

    def _write_part(self, part: Part, job: Dense) -> None:
        program = job.recorded.program
        assert program is not None
        if part.direct:
            (member,) = part.members
            p = self._name("p", member.p)
            self._conditions.append(f"{p}._grad._array.dtype is {self._name('dtype', member.real)}")
            self._conditions.append(f"{p}._grad._array is not {self._name('a', member.array)}")
            g = f"{p}._grad._array.ravel()"
        else:
            for room, parameter in part.gradients:
                p, g = self._name("p", parameter), self._name("g", room)
                if parameter._grad._array is room:  # type: ignore[union-attr] # a replayed step computes it there
                    self._conditions.append(f"{p}._grad._array is {g}")
                else:
                    self._lines.append(f"{g}[...] = {p}._grad._array")
            for room, array in part.params:
                self._lines.append(f"{self._name('w', room)}[...] = {self._name('a', array)}")
            g = self._name("g", part.g)
        arrays = [self._name("s", array) for array in [*part.cuts[0][1:], *program.scratch_of(part.size)]]
        self._lines.append(f"{self._name('run', program.call)}({', '.join([g, *arrays])})")
        if not part.direct:
            self._lines += [f"{self._name('a', a)}[...] = {self._name('w', room)}" for room, a in part.params]


def straight(plan: Plan, optimizer: Optimizer) -> Straight | None:
    """The plan as one function; None if it has parts that are cut into blocks, sparse, or not recorded."""
    if not plan.fixed or plan.repeated or not all(_is_plain(job, plan.options) for job in plan.jobs):
        return None
    return Writer(plan, optimizer).compiled()


def _is_plain(job: Any, options: dict[str, Any]) -> bool:
    """Whether a job can be written down, and will do the same in the next step."""
    if not isinstance(job, Dense) or job.size > WORTH_A_THREAD:
        return False
    recorded = job.recorded
    if not (recorded.possible and recorded.steady and recorded.proven and job.absent.isdisjoint(recorded.missing)):
        return False
    if recorded.options is not options or recorded.follows is not options.moving:
        return False
    return all(
        part.single and part.size and (part.members[0].plain if part.direct else not part.sparse_gradients)
        for part in job.parts
    )
