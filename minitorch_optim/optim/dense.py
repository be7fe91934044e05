"""All elements of some parameters: recorded, gathered or cut into blocks, and shared among threads."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.tensor import Tensor
from ..autograd.threads import get_num_threads, processors, share
from .formula import Options
from .jobs import Job, Member, flat, hold
from .program import Program
from .recorded import Recorded
from .workspace import workspace

if TYPE_CHECKING:
    from .driver import Rule

CACHE = 3 << 18  # bytes: a block with its gradient, state and scratch fits into a second-level cache
BLOCK = 32768  # elements: a block where it is not known how much scratch it takes
WORTH_A_CALL = 700  # elements: to gather and to scatter so many costs as much as a call of NumPy
WORTH_A_THREAD = 1 << 21  # elements: with fewer, a thread would wait longer for its turn than it works


class Dense(Job):
    """All elements of some parameters.

    The rule is recorded, and its program runs on each block. The rule itself is called on the arrays where it cannot be
    recorded, and where a debugger or another tracer is at work: so one sees arrays in it and no symbols.
    """

    def __init__(self, rule: Rule, members: list[Member], options: Options, together: bool = False) -> None:
        super().__init__(rule, members)
        self.names = rule.arrays
        self.size = sum(member.size for member in members)
        self.absent = {name for name in self.names if members[0].state.get(name) is None}
        self.recorded = Recorded(rule, self.numbers, self.absent, members[0].real)
        self.recorded.possible = not together
        program = self.recorded.at(options, self.numbers["step"].following() if rule.counts else None)
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
        program = self.recorded.at(options, t)
        new_numbers = {} if program is None else self.recorded.new_numbers
        if program is None:
            run = self._calling(self.rule.keywords(options, t), new_numbers)
        else:
            run = program.run
            for name in self.recorded.missing:
                self._create(name)
        threads = self.threads()
        if threads > 1 and program is not None:
            self._shared(program, threads)
        else:
            for part in self.parts:
                part.each(run)
        for name, value in new_numbers.items():
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

    def _create(self, name: str) -> None:
        """The state of that name, where it does not exist yet."""
        if name in self.absent:
            self.absent.remove(name)
            for part in self.parts:
                part.adopt(name)
            self.created = True
            self.recorded.forget()  # with that state the rule may do something else

    def _calling(self, options: dict[str, Any], new_numbers: dict[str, Any]) -> Callable[[list[Any]], None]:
        """What calls the rule on the arrays of a block, and notes the scalars that it returns.

        Numbers, and which states exist, are as before the step.
        """
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
                    new_numbers[name] = new
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
