"""The rows of some parameters that sparse gradients name: gathered into blocks, stepped, and brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .dense import Dense
from .jobs import Member, hold
from .program import Program
from .workspace import CACHE_LINE, workspace


class Rows(Dense):
    """The rows of some parameters that sparse gradients name, repeated ones summed first."""

    def _divided(self, program: Program | None, together: bool) -> list[Any]:
        self.size = 0  # of elements for threads to share: which ones there are is seen while they are gathered
        return [NamedRows(self.members, self.names, self.block_for(program))]


class NamedRows:
    """Rows of several parameters, side by side while a step works on them.

    Attributes
    ----------
    arrays : list of lists
        for each member the arrays that its rows come from: the parameter, then the states, None for one that is absent
    memory : array, shape (2 + len(names), elements)
        the block: gradients, parameters and states
    """

    single = False  # how many blocks there are is seen in each step

    def __init__(self, members: list[Member], names: list[str], block: int) -> None:
        self.members, self.names, self.block = members, names, block
        self.arrays: list[list[Any]] = [[member.array, *(None for _ in names)] for member in members]
        self.memory = _block(2 + len(names), block, members[0].real)
        for name in names:
            if members[0].held(name) is not None:
                self.adopt(name)

    def adopt(self, name: str) -> None:
        """Take in the states of that name; they are zeros where there were none."""
        for member, arrays in zip(self.members, self.arrays, strict=True):
            like, array = member.array, member.held(name)
            if array is None or array.dtype != like.dtype:
                array = np.zeros(like.shape, like.dtype) if array is None else array.astype(like.dtype)
                hold(member.state, name, array)
            arrays[1 + self.names.index(name)] = array

    def each(self, run: Callable[[list[Any]], None]) -> None:
        """Call ``run`` with gradients, parameters and states of each block, and bring its results back."""
        taken: list[tuple[Any, Any, Any]] = []
        end = 0
        for member, arrays in zip(self.members, self.arrays):
            for where, g in _pieces(member, self.block):
                start, end = end, end + g.size * member.reals
                if end > self.block:
                    self._finish(run, start, taken)
                    start, end = 0, end - start
                if end > self.memory.shape[1]:  # a single row is longer than a block
                    self.memory = _block(len(self.memory), end, self.memory.dtype)
                parts = self.memory[:, start:end].view(member.array.dtype).reshape(-1, *g.shape)
                parts[0] = g
                for array, part in zip(arrays, parts[1:]):
                    if array is not None:
                        _gather(array, where, part)
                        taken.append((array, where, part))
        self._finish(run, end, taken)

    def _finish(self, run: Callable[[list[Any]], None], size: int, taken: list[tuple[Any, Any, Any]]) -> None:
        """Call ``run`` with what the block holds, and bring it back to where it was taken from."""
        if taken:
            run(list(self.memory[:, :size]))
        for array, where, part in taken:
            array[where] = part
        taken.clear()


def _block(arrays: int, elements: int, dtype: Any) -> Any:
    """Memory for that many arrays of at least that many elements; each begins where a cache line does."""
    return workspace((arrays, -(-elements // CACHE_LINE) * CACHE_LINE), dtype)


def _pieces(member: Member, block: int) -> Iterator[tuple[Any, Any]]:
    """The gradient of ``member``, at most ``block`` elements at a time: which rows they are, and their values."""
    gradient = member.p._grad._array  # type: ignore[union-attr]
    if not gradient.in_order():
        gradient = gradient.coalesce()
    indices, values = gradient.indices, gradient.values
    size = values.size * member.reals
    if size <= block:
        if size:
            yield tuple(indices), values
        return
    count = max(block * len(values) // size, 1)
    for start in range(0, len(values), count):
        yield tuple(indices[:, start : start + count]), values[start : start + count]


def _gather(array: Any, where: tuple[Any, ...], part: Any) -> None:
    """Copy those rows."""
    if len(where) == 1:
        array.take(where[0], 0, part, "clip")  # with the default, which looks for bounds, it would copy them twice
    else:
        part[...] = array[where]
