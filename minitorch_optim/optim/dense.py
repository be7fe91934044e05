"""All elements of some parameters: recorded, gathered or cut into blocks, and shared among threads."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.tensor import Tensor
from ..autograd.threads import get_num_threads, processors, share
from .formula import Answers, Formula, Options, numbers_at
from .jobs import Job, Member, Numbers, flat, hold
from .program import Notes, Program
from .workspace import workspace

if TYPE_CHECKING:
    from .driver import Rule

CACHE = 3 << 18  # bytes: a block with its gradient, state and scratch fits into a second-level cache
BLOCK = 32768  # elements: a block where it is not known how much scratch it takes
WORTH_A_CALL = 700  # elements: to gather and to scatter so many costs as much as a call of NumPy
WORTH_A_THREAD = 1 << 21  # elements: with fewer, a thread would wait longer for its turn than it works
FAILING = frozenset(("raise", "call"))  # what ``np.seterr`` may have told NumPy to do, so that a call ends in an error

# What np.geterr() reads is one object, which every change replaces. To see that it is the same takes a fortieth of the
# time that np.geterr() takes, and a step of small parameters is short; where NumPy keeps it elsewhere, geterr does.
_kept = getattr(importlib.import_module("numpy._core.umath"), "_extobj_contextvar", None)
error_settings: Callable[[], Any] = np.geterr if _kept is None else _kept.get


class Dense(Job):
    """All elements of some parameters.

    The rule is recorded, and its program runs on each block. The rule itself is called on the arrays where it cannot be
    recorded, and where a debugger or another tracer is at work: so one sees arrays in it and no symbols.
    """

    def __init__(self, rule: Rule, members: list[Member], options: Options, together: bool = False) -> None:
        super().__init__(rule, members)
        self.names = [name for name in rule.names if name not in rule.scalars]
        self.size = sum(member.size for member in members)
        self.places: list[Any] = [
            self.numbers[name] if name in rule.scalars else 2 + self.names.index(name) for name in rule.names
        ]  # of a block's arrays, in the order in which the rule takes them
        self.absent = {name for name in self.names if members[0].state.get(name) is None}
        self.recordable = not together
        self.scalars = [name for name in rule.names if name in rule.scalars]
        self.steady = True  # whether formulas can say what the rule does with t, scalars and options that move
        self.follows: tuple[str, ...] = ()  # which options may have other values in the next step
        self.answers_hold_at: Callable[..., bool] | None = None  # whether the rule would decide as it did
        self.program: Program | None = None
        self.noted: Any = None  # what is in the program
        self.options: Any = None  # for which it was recorded
        self.errors: Any = None  # and what NumPy was to do about errors
        self.missing: list[str] = []  # states that it brings into being
        self.new_numbers: dict[str, Any] = {}  # of the scalars, after this step
        self.new_numbers_at: Callable[..., list[Any]] | None = None
        program = self._recorded(options, self.numbers["step"].following() if rule.counts else None)
        self.parts = self._divided(program, together)

    def _divided(self, program: Program | None, together: bool) -> list[Any]:
        """The parts whose blocks each step takes."""
        if together:
            return [Part(self.members, self.names, self.size)]
        alone, block = BLOCK if program is None else WORTH_A_CALL * program.length, self.block_for(program)
        return [Part(some, self.names, block) for some in _parted(self.members, alone, block)]

    def block_for(self, program: Program | None) -> int:
        """How many elements a block may have."""
        if program is None:
            return BLOCK
        arrays = 2 + len(self.names) - len(self.absent) + len(program.scratch)
        # Between two calls a thread waits for Python's lock: longer calls, fewer waits (Adam on 8.4M elements by two
        # threads: 27 ms with blocks of one size, 20 ms with blocks of twice that).
        room = CACHE if self.threads() == 1 else 2 * CACHE
        return room // (arrays * int(self.members[0].real.itemsize))

    def threads(self) -> int:
        """How many threads may share a step."""
        if self.size <= WORTH_A_THREAD:
            return 1
        return min(get_num_threads(), processors(), int(self.size) // WORTH_A_THREAD)

    def apply(self, options: Options, t: Any = None) -> None:
        program = self._recorded(options, t)
        run = self._calling(self.with_step(options, t)) if program is None else program.run
        for name in self.missing:
            self._create(name)
        threads = self.threads()
        if threads > 1 and program is not None:
            self._shared(program, threads)
        else:
            for part in self.parts:
                part.each(run)
        for name, value in self.new_numbers.items():
            self.numbers[name].set(value)

    def gathered(self) -> Iterator[tuple[Tensor, Any]]:
        for part in self.parts:
            if not part.direct:
                yield from ((p, room) for room, p in part.gradients)

    def _shared(self, program: Program, threads: int) -> None:
        """The work of a step, on several threads: block by block, and what was gathered as a whole."""
        tasks: list[tuple[Part, int, Any]] = []
        for part in self.parts:
            if part.single:
                tasks.append((part, 0, None))
            else:
                g = part.gathered()
                tasks += [(part, i, g) for i in range(len(part.blocks))]

        def work(task: tuple[Part, int, Any], thread: int) -> None:
            part, i, g = task
            run = functools.partial(program.run, thread=thread)
            if g is None:
                part.each(run)
            else:
                part.one(i, g, run)

        share(work, tasks, threads)
        for part in self.parts:
            if not part.single:
                part.scatter()

    def _recorded(self, options: Options, t: Any) -> Program | None:
        """The program of step ``t``: that of the last one, with new numbers, if the rule does the same. Or None."""
        if not self.recordable or sys.gettrace() is not None:
            return None
        errors = error_settings()
        if self.steady and options is self.options and options.moving is self.follows and errors == self.errors:
            values = self.changing(options, t)
            if self.answers_hold_at is None or self.answers_hold_at(*values):
                self.program.advance(*values)  # type: ignore[union-attr]
                if self.new_numbers_at is not None:
                    self.new_numbers = dict(zip(self.scalars, self.new_numbers_at(*values)))
                return self.program
        self.anew = True
        self.errors, in_place = errors, FAILING.isdisjoint(np.geterr().values())
        for steady in (True, True, False) if self.steady else (False,):
            try:
                return self._record(options, steady, t, in_place)
            except (TypeError, AttributeError):  # the rule does with a number what no formula can say: with an option,
                options.settle()  # or else with t or a scalar; or there is a mistake, and calling the rule will tell
        self.recordable = False
        return None

    def changing(self, options: Options, t: Any) -> list[Any]:
        """What may change from step to step: its number, the scalars as they are before it, and options that move."""
        values = [t]
        if self.scalars:
            values += [self.numbers[name].array[0] for name in self.scalars]
        if options.moving:
            values += [options[name] for name in options.moving]
        return values

    def _record(self, options: Options, steady: bool, t: Any, in_place: bool) -> Program:
        """Let the rule write its program: for any step if it is ``steady``, else for this one."""
        notes, now = Notes(2 + len(self.names)), self.changing(options, t)
        names, given, scalars = ["t", *self.scalars, *options.moving], dict(options), now[1 : 1 + len(self.scalars)]
        answers = Answers(names, now)
        if steady:
            t, scalars = Formula("t", answers), [Formula(name, answers, narrow=True) for name in self.scalars]
            given |= options.formulas(answers)
        states = self._given(notes, dict(zip(self.scalars, scalars, strict=True)))
        new_p, *new_states = self.rule.results(
            self.rule.function(notes.given(1), notes.given(0), *states, **self.with_step(given, t))
        )
        results = [(1, new_p.place)]
        for place, new in zip(self.places, new_states, strict=True):
            if type(place) is Numbers:
                self.new_numbers[place.name] = new
            elif new is not None:
                results.append((place, new.place))
        noted = (notes.calls, in_place, results)
        if self.program is None or noted != self.noted:
            self.missing = sorted({self.names[target - 2] for target, _ in results[1:]} & self.absent)
            dtypes = [self.members[0].real] * (2 + len(self.names))
            self.program = Program(notes.calls, dtypes, results, in_place)
        self.program.set(notes.numbers, names, now)
        self.answers_hold_at, self.new_numbers_at = answers.hold_at(), None
        if self.scalars and steady:
            self.new_numbers_at = numbers_at([self.new_numbers[name] for name in self.scalars], names)
            self.new_numbers = dict(zip(self.scalars, self.new_numbers_at(*now)))
        self.options, self.follows, self.steady, self.noted = options, options.moving, steady, noted
        return self.program

    def _given(self, notes: Notes, scalars: dict[str, Any]) -> list[Any]:
        """The arguments of the rule after ``p`` and ``g``: symbols for arrays, and scalars."""
        return [
            scalars[name] if name in scalars else None if name in self.absent else notes.given(place)
            for name, place in zip(self.rule.names, self.places)
        ]

    def _create(self, name: str) -> None:
        """The state of that name, where it does not exist yet."""
        if name in self.absent:
            self.absent.remove(name)
            for part in self.parts:
                part.adopt(name)
            self.created = True
            self.options = None  # with that state the rule may do something else

    def _calling(self, options: dict[str, Any]) -> Callable[[list[Any]], None]:
        """What calls the rule on the arrays of a block. Numbers, and which states exist, are as before the step."""
        numbers = {name: self.numbers[name].array[0] for name in self.rule.scalars}
        absent = dict.fromkeys(self.absent)

        def run(block: list[Any]) -> None:
            g, p, *states = block
            given = {**dict(zip(self.names, states, strict=True)), **numbers, **absent}
            new_p, *new_states = self.rule.results(
                self.rule.function(p, g, *[given[name] for name in self.rule.names], **options)
            )
            p[...] = new_p
            for name, new in zip(self.rule.names, new_states, strict=True):
                if name in numbers:
                    self.new_numbers[name] = new
                elif new is not None:
                    self._create(name)
                    block[2 + self.names.index(name)][...] = new

        return run


class Part:
    """Elements that lie side by side: those of one parameter, or of several that are gathered.

    Attributes
    ----------
    p : array, shape (size,)
        the elements: the parameter's own memory, or what is gathered in each step
    blocks : list of slices
        what is stepped at a time
    """

    def __init__(self, members: list[Member], names: list[str], block: int) -> None:
        self.members, self.names = members, names
        self.size = sum(member.size for member in members)
        self.direct = len(members) == 1 and members[0].array.flags.c_contiguous
        if self.direct:
            self.p = flat(members[0].array)
        else:
            self.p, self.g = (workspace(self.size, members[0].real) for _ in range(2))
            self.params = [(part, m.array) for part, m in zip(self._parts_of(self.p), members, strict=True)]
            gradients = list(zip(self._parts_of(self.g), members, strict=True))
            self.gradients = [(part, member.p) for part, member in gradients if not member.sparse]
            self.sparse_gradients = [(part, member) for part, member in gradients if member.sparse]
        self.blocks = [slice(start, start + block) for start in range(0, max(self.size, 1), max(block, 1))]
        self.single = len(self.blocks) == 1
        self.cuts: list[list[Any]] = [[None, self.p[block], *(None for _ in names)] for block in self.blocks]
        for name in names:
            if members[0].held(name) is not None:
                self.adopt(name)

    def _parts_of(self, whole: Any) -> list[Any]:
        """Views of a flat array, one in the shape and dtype of each member."""
        parts, start = [], 0
        for member in self.members:
            part = whole[start : start + member.size]
            parts.append(part.view(member.array.dtype).reshape(member.array.shape))
            start += member.size
        return parts

    def adopt(self, name: str) -> None:
        """Let the members' states of that name lie side by side too; they are zeros where there were none."""
        whole = workspace(self.size, self.p.dtype)
        whole.fill(0)
        for member, part in zip(self.members, self._parts_of(whole), strict=True):
            held = member.held(name)
            if held is not None:
                np.copyto(part, held, casting="same_kind")
            hold(member.state, name, part)
        for cut, block in zip(self.cuts, self.blocks, strict=True):
            cut[2 + self.names.index(name)] = whole[block]

    def each(self, run: Callable[[list[Any]], None]) -> None:
        """Call ``run`` with the gradient, the parameter and the states of each block."""
        g = self.members[0].elements() if self.direct else self.gathered()
        if self.single:
            cut = self.cuts[0]
            cut[0] = g
            run(cut)
            cut[0] = None  # the gradient's memory is its owner's to free
        else:
            for i in range(len(self.blocks)):
                self.one(i, g, run)
        if not self.direct:
            self.scatter()

    def one(self, i: int, g: Any, run: Callable[[list[Any]], None]) -> None:
        """Call ``run`` for the block of number ``i``."""
        cut = self.cuts[i]
        cut[0] = g[self.blocks[i]]
        run(cut)
        cut[0] = None

    def gathered(self) -> Any:
        """The gradient as one flat array; the parameter too is there then."""
        if self.direct:
            return self.members[0].elements()
        for part, p in self.gradients:
            part[...] = p._grad._array  # type: ignore[union-attr]
        for part, member in self.sparse_gradients:
            part[...] = member.gradient()
        for part, array in self.params:
            part[...] = array
        return self.g

    def scatter(self) -> None:
        """Bring the parameter back where it belongs."""
        if not self.direct:
            for part, array in self.params:
                array[...] = part


def _parted(members: list[Member], alone: int, block: int) -> list[list[Member]]:
    """Those of more than ``alone`` elements each by itself, the others gathered up to a block."""
    parts: list[list[Member]] = []
    small: list[Member] = []
    room = -1
    for member in members:
        if member.size > alone and member.array.flags.c_contiguous:
            parts.append([member])
            continue
        if member.size > room:
            small, room = [], block
            parts.append(small)
        small.append(member)
        room -= member.size
    return parts
