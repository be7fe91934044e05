"""Watching a function while it runs: each assignment of its own code, with the value assigned.

The function that runs is the function in the file: Python tells a tracer (``sys.settrace``) which line comes next, and
after each statement the names it assigned are looked up in the running frame.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ..autograd import Tensor
from .recorded import values
from .statements import Statement, statements


@dataclass(frozen=True, eq=False)
class Line:
    """One statement that ran.

    Attributes
    ----------
    number : int
        of the line in its file
    source : str
        the statement as it is in the file
    function : str
        whose statement it is
    assigned : dict
        the names it assigned, or returned, and their values: Python numbers, arrays (copies), lists of them
    parts : dict
        numbers computed on the way that have no name, by how they are written: ``1 - beta1**t``
    depth : int
        0 in the function that is watched, 1 in one that it calls
    returns : bool
        whether it ends the function; what it returns then has the name of the function, or of what it is
    """

    number: int
    source: str
    function: str
    assigned: dict[str, Any]
    parts: dict[str, Any]
    depth: int = 0
    returns: bool = False


@dataclass(eq=False)
class Call:
    """One call of a function that is watched: its arguments before the first line, its lines, what it returned."""

    code: CodeType
    arguments: dict[str, Any]
    frame: Any = field(repr=False)  # None after the watch is over
    lines: list[Line] = field(default_factory=list)
    owner: Any = None  # what `owner_of` found for this call

    @property
    def function(self) -> str:
        """Its name."""
        return self.code.co_name

    @property
    def file(self) -> str:
        """The name of the file in which it is written; cells of notebooks have none."""
        path = Path(self.code.co_filename)
        return path.name if path.exists() else "a cell"

    @property
    def parameter(self) -> str:
        """The name of its first argument."""
        return self.code.co_varnames[0]

    @property
    def keywords(self) -> tuple[str, ...]:
        """The arguments that are given by name only."""
        return self.code.co_varnames[self.code.co_argcount : _count_of_arguments(self.code)]


class Watcher:
    """Records the calls of some functions, between ``with watcher.watching():`` and the end of the block.

    Parameters
    ----------
    functions : iterable of code objects
        which functions; those of the same file that they call directly are watched as well
    inner : iterable of code objects
        functions that are watched wherever a watched one leads to them
    owner_of : callable(frame), optional
        asked at each call
    """

    def __init__(self, functions: Iterable[CodeType], inner: Iterable[CodeType] = (), owner_of: Any = None) -> None:
        self.functions, self.inner = frozenset(functions), frozenset(inner)
        self.owner_of = owner_of
        self.calls: list[Call] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch inside the block. A debugger or coverage that was at work goes on after it."""
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)
            for call in self.calls:
                call.frame = None

    def _called(self, frame: FrameType, event: str, arg: Any) -> Any:
        code, caller = frame.f_code, frame.f_back
        if code in self.functions:
            arguments = {name: copied(frame.f_locals[name]) for name in code.co_varnames[: _count_of_arguments(code)]}
            owner = None if self.owner_of is None else self.owner_of(frame)
            self.calls.append(Call(code, arguments, frame, owner=owner))
            return _Frame(self, frame, 0).traced
        if not self.calls or caller is None:
            return None
        helps = (
            caller.f_code in self.functions
            and code.co_filename == caller.f_code.co_filename
            and not code.co_name.startswith("<")
        )
        return _Frame(self, frame, 1).traced if helps or code in self.inner else None

    def add(self, line: Line, frame: FrameType) -> None:
        """Note a line of ``frame``. If another call came between, the rest of this one is an entry of its own."""
        if line.depth == 0 and self.calls[-1].frame is not frame:
            self.calls.append(Call(frame.f_code, {}, frame))
        self.calls[-1].lines.append(line)


class _Frame:
    """A running function: which statement is under way."""

    def __init__(self, watcher: Watcher, frame: FrameType, depth: int) -> None:
        self.watcher, self.depth = watcher, depth
        self.statements = statements(frame.f_code)
        self.now: Statement | None = None
        self.returning: tuple[Statement, dict[str, Any]] | None = None
        self.parts: dict[str, Any] = {}

    def traced(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            following = self.statements.get(frame.f_lineno)
            if following is None or following is not self.now or following.begins_again(frame):
                self._finish(frame)
                self.now = following
                self.parts = {} if following is None else following.numbers(frame)
        elif event == "exception":
            self.now = self.returning = None  # it has assigned nothing
        elif event == "return":
            self._finish(frame)
            if self.returning is not None:
                statement, self.parts = self.returning
                self._note(frame, statement, {f"{frame.f_code.co_name}()": copied(arg)})
        return self.traced

    def _finish(self, frame: FrameType) -> None:
        """The statement that was under way has run. What a return returns is known only when the function ends."""
        statement, self.now = self.now, None
        if statement is not None and statement.returns:
            self.returning = statement, self.parts
        elif statement is not None:
            names = statement.targets
            self._note(frame, statement, {n: copied(eval(code, frame.f_globals, frame.f_locals)) for n, code in names})

    def _note(self, frame: FrameType, statement: Statement, found: dict[str, Any]) -> None:
        found = {name: value for name, value in found.items() if value is not None}
        if found:
            name = frame.f_code.co_name
            line = Line(statement.number, statement.source, name, found, self.parts, self.depth, statement.returns)
            self.watcher.add(line, frame)


def _count_of_arguments(code: CodeType) -> int:
    return code.co_argcount + code.co_kwonlyargcount


def copied(value: Any) -> Any:
    """A value as it is now: a number, text, a copy of an array or tensor, a list of these; None for anything else."""
    if isinstance(value, int | float | complex | str | np.generic):
        return value
    if isinstance(value, Tensor):
        return np.array(values(value))
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple | list):
        items = [copied(item) for item in value]
        return None if all(item is None for item in items) else items
    return None
