"""From the calls that were watched to the sections of an explanation."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..optim import Optimizer
from ..optim.jobs import flat
from . import text
from .roots import rules_of
from .watching import Call, Line


@dataclass(frozen=True, eq=False)
class Section:
    """What the rule computed for some parameters of one group.

    Attributes
    ----------
    title : str
        which function, for which group
    params : list of str
        the names of the parameters whose elements the arrays hold; empty where that is not known
    options, before : dict
        with what the rule was called: numbers of the group; arrays and numbers of the parameters and their state
    lines : list of Line
        the statements that ran, in order
    """

    title: str
    params: list[str]
    options: dict[str, Any] = field(repr=False)
    before: dict[str, Any] = field(repr=False)
    lines: list[Line] = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        """The last value that was assigned to ``name``, or it had as an argument, or a part written so."""
        for line in reversed(self.lines):
            for known in (line.assigned, line.parts):
                if name in known:
                    return known[name]
        return {**self.options, **self.before}[name]

    def __str__(self) -> str:
        lines = text.wrapped(self.title, "")
        if self.params:
            lines += text.wrapped(", ".join(map(text.unbroken, self.params)), "  of       ", " " * 11)
        if self.options:
            lines += text.wrapped(text.values(self.options), "  options  ", " " * 11)
        for i, (name, value) in enumerate(self.before.items()):
            lines += text.wrapped(text.values({name: value}), "  before   " if i == 0 else " " * 11, " " * 11)
        for line in self.lines:
            indent = "  " * (line.depth + 1)
            lines += text.wrapped(line.source, f"{line.number:>4} {indent}", " " * 9 + indent)
            if line.parts:
                lines += text.wrapped(text.values(line.parts), " " * 11 + indent)
            for name, value in line.assigned.items():
                if line.returns and line.depth and isinstance(value, list):
                    continue  # several results: they have been shown, or will be where they go
                lines += text.wrapped(text.values({name: value}), " " * 11 + indent, " " * 13 + indent)
        return "\n".join(lines)


def sections(calls: list[Call], optimizer: Optimizer, names: dict[Tensor, str]) -> list[Section]:
    """The calls that computed something; those of one group that took the same way through the code, together."""
    rules = rules_of(optimizer)
    numbers = {p: i for i, group in enumerate(optimizer.param_groups) for p in group["params"]}
    packs: list[list[Call]] = []
    for call in calls:
        rule = rules.get(call.code)
        if rule is None:
            call.lines = [line for line in call.lines if line.depth or not line.returns]
        else:
            for line in call.lines:
                if line.returns and line.depth == 0:
                    _name_results(line, [call.parameter, *rule.names])
        if not call.lines:
            continue
        together = rule is not None and not rule.whole and packs and _alike(packs[-1], call, numbers)
        if together:
            packs[-1].append(call)
        else:
            packs.append([call])
    return [_section(pack, rules.get(pack[0].code) is not None, numbers, names) for pack in packs]


def _name_results(line: Line, names: list[str]) -> None:
    """What a rule returns under its names: the parameter, and those results that have just been computed."""
    (returned,) = ast.parse(line.source).body
    value = returned.value if isinstance(returned, ast.Return) else None
    elements = value.elts if isinstance(value, ast.Tuple) else []
    results = line.assigned.pop(f"{line.function}()")
    for i, (name, result) in enumerate(zip(names, results)):
        just_computed = i == 0 or len(elements) != len(results) or not isinstance(elements[i], ast.Name)
        if just_computed and result is not None:
            line.assigned[name] = result


def _alike(pack: list[Call], other: Call, numbers: dict[Tensor, int]) -> bool:
    """Whether a call differs from those of the pack only in the elements that its arrays hold."""
    first = pack[0]
    if not (first.owner and other.owner and first.code is other.code):
        return False
    if numbers[first.owner[0]] != numbers[other.owner[0]]:
        return False
    way, other_way = ([(line.number, *line.assigned) for line in call.lines] for call in (first, other))
    if way != other_way or not _same_numbers(_values_of(first), _values_of(other)):
        return False
    calls = [*pack, other]  # a parameter that is listed twice is stepped twice
    owners = dict.fromkeys(p for call in calls for p in call.owner)
    given = sum(call.arguments[call.parameter].size for call in calls)
    return bool(given <= sum(flat(p._array).size for p in owners))


def _values_of(call: Call) -> list[Any]:
    return [
        *call.arguments.values(),
        *[v for line in call.lines for v in (*line.assigned.values(), *line.parts.values())],
    ]


def _same_numbers(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same_numbers, a, b))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    return repr(a) == repr(b)


def _section(calls: list[Call], is_rule: bool, numbers: dict[Tensor, int], names: dict[Tensor, str]) -> Section:
    first = calls[0]
    owners = list(dict.fromkeys(p for call in calls for p in call.owner or ()))

    def joined(values: list[Any]) -> Any:
        if isinstance(values[0], list):
            return [joined(list(items)) for items in zip(*values)]
        if not isinstance(values[0], np.ndarray):
            return values[0]
        array = values[0] if len(values) == 1 else np.concatenate([np.ravel(value) for value in values])
        return _shaped(array, owners[0]) if len(owners) == 1 and array.ndim == 1 else array

    lines = []
    for same in zip(*[call.lines for call in calls]):
        assigned = {name: joined([line.assigned[name] for line in same]) for name in same[0].assigned}
        lines.append(replace(same[0], assigned=assigned))
    arguments = {
        name: joined([call.arguments[name] for call in calls])
        for name, value in first.arguments.items()
        if value is not None
    }
    options = {name: value for name, value in arguments.items() if name in first.keywords}
    given = {name: value for name, value in arguments.items() if name not in first.keywords and is_rule}
    title = f"{first.function}() in {first.file}"
    if owners:
        title = f"Group {numbers[owners[0]]}: {title}"
    params = [f"{names[p]} {text.shape(tuple(p.shape))}" for p in owners]
    if owners and is_rule and given[first.parameter].size < sum(flat(p._array).size for p in owners):
        params = [f"{name}: the rows that its sparse gradient names" for name in params]
    return Section(title, params, options, given, lines)


def _shaped(array: Any, p: Tensor) -> Any:
    """All elements of ``p`` in its shape; those that its sparse gradient names as rows; anything else as it is."""
    if array.size == p.numel():
        return array.reshape(tuple(p.shape))
    if p.grad is None or not p.grad.is_sparse or p.dtype.kind == "c":
        return array
    row = p.grad._array.values.shape[1:]
    return array.reshape(-1, *row) if array.size % math.prod(row) == 0 else array
