"""What a function reads by name: tensors, modules and settings outside of it that its next call may find changed.

``finder.py`` finds them. Each is kept as the piece of Python that reads it, such as ``root0.cell_contents.scale``, so
that ``entry.py`` can ask for all of them in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from operator import is_
from typing import Any, NamedTuple

from ..autograd.dtypes import get_default_dtype
from ..autograd.generator import Generator
from ..autograd.tensor import Tensor
from .contents import Contents, every, hooks_of, parameters_of
from .finder import GONE, SETTINGS, Finder, Read


class Now(NamedTuple):
    """What is read by some names at one time."""

    tensors: list[Tensor]
    settings: list[Any]
    values: tuple[Any, ...]  # all that must be as it was for a recording to hold, but for objects and tensors


class Names:
    """The names by which ``function``, and the functions of the user that it calls by name, reach outside.

    Parameters
    ----------
    function : callable
    given : sequence
        what else it reaches: arguments of the call that are no tensors, numbers or strings

    Attributes
    ----------
    tensors : list of Read
        what stands for a tensor without gradient: another one may take its place in each call
    settings : list of Read
        numbers, strings and the like; of a collection of such its ``repr``
    objects : list of (Read, object)
        models, functions, tensors that require grad ...: another object by the same name is another step
    modules : list of Module
        those that it reaches; :class:`~.contents.Contents` says what lies in them
    space : dict
        what the pieces of Python begin with
    """

    def __init__(self, function: Callable[..., Any], given: Iterable[Any] = ()) -> None:
        self.given = list(given)
        read: frozenset[str] = frozenset()
        while True:  # an object may be handed to a function that is found later: look again, with the names of that
            finder = Finder(read)
            finder.look_into(function)
            for argument in self.given:
                finder.look_at(Read("an argument", finder.root(argument)), argument)
            if finder.read <= read:
                break
            read = frozenset(finder.read)
        self.tensors, self.settings, self.objects = finder.tensors, finder.settings, finder.objects
        self.modules, self.space = finder.modules, finder.space
        self._all_modules = every(self.modules)
        self.contents = Contents(self._all_modules, finder.asked)
        self._tensors_with: dict[tuple[int, ...], list[Tensor]] = {}  # what known_tensors() gives, by the contents
        reads = [*self.tensors, *self.settings, *[read for read, _ in self.objects]]
        self._now = eval(f"lambda: [{', '.join(text for _, text in reads)}]", self.space)
        self._leaves = [value for _, value in self.objects if isinstance(value, Tensor)]

    def now(self, given: list[Any]) -> Now | None:
        """What is read now; None if a name stands for something else than it did."""
        if not same(given, self.given):
            return None
        try:
            found = self._now()
        except GONE:
            return None
        tensors, rest = found[: len(self.tensors)], found[len(self.tensors) :]
        settings, objects = rest[: len(self.settings)], rest[len(self.settings) :]
        if not same(objects, [known for _, known in self.objects]):
            return None
        if not all(isinstance(t, Tensor) and not t._requires_grad for t in tensors):
            return None
        if not all(isinstance(value, SETTINGS) or isinstance(value, type) for value in settings):
            return None
        contents = self.contents.now()
        known = self._tensors_with.get(contents)
        if known is None:
            if not same(every(self.modules), self._all_modules):
                return None
            known = self._tensors_with[contents] = self.known_tensors()
        trained, hooks = tuple([t._requires_grad for t in known]), tuple(map(hooks_of, known))
        return Now(tensors, settings, (*map(form, settings), get_default_dtype(), trained, hooks, contents))

    def known_tensors(self) -> list[Tensor]:
        """The parameters and buffers of all modules, and tensors that require grad by name."""
        return list(dict.fromkeys([*parameters_of(self._all_modules), *self._leaves]))

    def what_differs(self, values: tuple[Any, ...], others: tuple[Any, ...]) -> str:
        """The name of something that is not the same in both; empty if all is."""
        if len(values) != len(others):
            return ""
        names = [*[read.name for read in self.settings], "the default dtype", "requires_grad", "hooks"]
        differing = [name for name, a, b in zip(names, values, others) if a != b]
        return differing[0] if differing else self.contents.difference(values[-1], others[-1])

    def what_changed(self, values: tuple[Any, ...]) -> str:
        """The name of something that is not as in ``values`` any more; empty if all is."""
        now = self.now(self.given)
        return "" if now is None else self.what_differs(values, now.values)

    def what_varies(self, values: list[tuple[Any, ...]]) -> str:
        """Why there are so many recordings, from what was read in each."""
        names = [self.what_differs(a, b) for a, b in pairwise(values)]
        name = max(names, key=names.count, default="")
        if not name or names.count(name) <= len(values) // 2:
            return "shapes or other arguments differ from call to call"
        return f"{name!r}, which it reads, differs from call to call: make it a tensor, or count outside"

    def generators(self) -> list[Generator]:
        """The generators of random numbers among all that."""
        held = [value for module in self._all_modules for value in module.__dict__.values()]
        return [value for value in (*held, *[value for _, value in self.objects]) if isinstance(value, Generator)]

    @staticmethod
    def what_is_replaced(all_names: list[Names]) -> str:
        """Which name has stood for other objects in many calls."""
        found: dict[str, set[int]] = {}
        for names in all_names:
            for read, value in names.objects:
                found.setdefault(read.name, set()).add(id(value))
        name = max(found, key=lambda name: len(found[name]), default="")
        return f"{name!r}, which it reads, is another object from call to call: make it a tensor, or an argument"


def form(value: Any) -> Any:
    """What equal settings have in common: 2 and 2.0 are not equal, nor are 0.0 and -0.0."""
    return type(value), repr(value) if isinstance(value, float | complex | slice) else value


def same(a: list[Any], b: list[Any]) -> bool:
    """Whether two lists hold the same objects."""
    return len(a) == len(b) and all(map(is_, a, b))
