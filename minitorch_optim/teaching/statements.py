"""The statements of a function, read from its source: what each assigns, and which numbers it computes on the way."""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import re
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

import numpy as np

_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)  # what the statements of a function are found in
_FOR_TOOLS = re.compile(r"\s*# (type: ignore|fmt: |noqa).*")  # comments that are not for readers


class Statement:
    """A simple statement of a function: what it assigns, and the numbers it computes on the way."""

    def __init__(self, node: ast.stmt, function: str, number: int) -> None:
        self.number = number
        lines = function.splitlines()[node.lineno - 1 : node.end_lineno]
        self.source = " ".join(_FOR_TOOLS.sub("", line).strip() for line in lines)
        self.one_line = node.lineno == node.end_lineno
        self.columns = range(node.col_offset, node.end_col_offset or node.col_offset)
        self.returns = isinstance(node, ast.Return)
        self.targets = [(ast.unparse(target), _compiled(target)) for target in _targets(node)]
        value = getattr(node, "value", None)
        whole = None if isinstance(node, ast.AugAssign) else value  # it will be shown anyway
        self.computed = [
            Computed(part, function, choices)
            for part, choices in ([] if value is None else _arithmetic(value))
            if part is not whole
        ]

    def begins_again(self, frame: FrameType) -> bool:
        """Whether ``frame``, which comes to the line of this statement once more, has run it and comes to it anew.

        Else the statement goes on: on its next line, or in the next round of a comprehension in it, which since
        Python 3.12 is no function of its own.
        """
        return self.one_line and _next_rounds(frame.f_code).get(frame.f_lasti) not in self.columns

    def numbers(self, frame: FrameType) -> dict[str, Any]:
        """Those parts that are arithmetic on Python numbers alone: the largest, and the sums in them."""
        found: dict[str, Any] = {}
        for part in self.computed:
            inside = any(part.text in whole for whole in found)
            if (part.is_sum or not inside) and part.is_computed(frame):
                found[part.text] = eval(part.code, frame.f_globals, frame.f_locals)
        return found


class Computed:
    """A part of a statement that is plain arithmetic on names, and the choices that lead to it."""

    def __init__(self, node: ast.BinOp, function: str, choices: list[tuple[CodeType, bool]]) -> None:
        self.text = " ".join((ast.get_source_segment(function, node) or ast.unparse(node)).split())
        self.names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
        self.code = _compiled(node)
        self.is_sum = isinstance(node.op, ast.Add | ast.Sub)
        self.choices = choices

    def is_computed(self, frame: FrameType) -> bool:
        """Whether the statement that comes next in ``frame`` will compute it, from numbers."""
        return all(
            bool(eval(test, frame.f_globals, frame.f_locals)) is wanted for test, wanted in self.choices
        ) and all(isinstance(_value_of(name, frame), int | float | np.floating) for name in self.names)


@functools.lru_cache(maxsize=256)
def _next_rounds(code: CodeType) -> dict[int, int | None]:
    """Where a comprehension or loop in the ``code`` begins its next round: by offset, the column in the source."""
    if sys.version_info < (3, 12):
        return {}
    steps = list(dis.get_instructions(code))
    rounds = {s.offset: s.positions and s.positions.col_offset for s in steps if s.opname == "FOR_ITER"}
    # Python 3.12 tells it there, and 3.13 at the jump that leads there.
    return rounds | {s.offset: rounds[s.argval] for s in steps if s.opname == "JUMP_BACKWARD" and s.argval in rounds}


@functools.lru_cache(maxsize=256)
def statements(code: CodeType) -> dict[int, Statement]:
    """The statements of a function that assign or return something, by each of their line numbers.

    Raises
    ------
    RuntimeError
        if there is no source, because the function was typed at a prompt; or no lines in it, because it is a lambda
    """
    try:
        lines, start = inspect.getsourcelines(code)
    except OSError:
        raise RuntimeError(
            f"the source of {code.co_name}() cannot be read: write it in a file or in a notebook, not at a prompt"
        ) from None
    text = "".join(lines)
    if text[0].isspace():  # a method: something must stand before what is indented
        text, start = "if True:\n" + text, start - 1
    function = next((node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)), None)
    if function is None:
        raise RuntimeError("the rule is a lambda, which has no lines to follow: write it with def")
    result: dict[int, Statement] = {}
    stack: list[ast.AST] = [*function.body]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return):
            statement = Statement(node, text, start + node.lineno - 1)
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                result[start + line - 1] = statement
        else:
            stack += [child for child in ast.iter_child_nodes(node) if isinstance(child, _BLOCKS)]
    return result


def _targets(node: ast.stmt) -> Iterator[ast.expr]:
    """The names that a statement assigns, each by itself."""
    pending: list[ast.expr] = list(getattr(node, "targets", ()))
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        pending = [node.target] if node.value is not None else []
    while pending:
        target = pending.pop(0)
        if isinstance(target, ast.Tuple | ast.List):
            pending[:0] = target.elts
        elif isinstance(target, ast.Starred):
            pending.insert(0, target.value)
        elif ast.unparse(target) != "_" and "._version" not in ast.unparse(target):
            yield target  # neither what nobody reads, nor the tape's count of changes


def _compiled(expression: ast.expr) -> CodeType:
    """An expression of the source, to be looked up; also one that stands on the left side there."""
    return compile(ast.Expression(ast.parse(ast.unparse(expression), mode="eval").body), "<watched>", "eval")


_NUMBERS = (ast.BinOp, ast.UnaryOp, ast.Name, ast.Constant, ast.operator, ast.unaryop, ast.expr_context)
_TESTS = (*_NUMBERS, ast.Compare, ast.BoolOp, ast.cmpop, ast.boolop)
_NOT_ALWAYS = (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.BoolOp)


def _arithmetic(value: ast.expr) -> Iterator[tuple[ast.BinOp, list[tuple[CodeType, bool]]]]:
    """Each part of an expression that is plain arithmetic on names, the larger first; and in which branch it is."""
    stack: list[tuple[ast.AST, list[tuple[CodeType, bool]]]] = [(value, [])]
    while stack:
        node, choices = stack.pop(0)
        if isinstance(node, _NOT_ALWAYS):
            continue
        if isinstance(node, ast.IfExp):
            if _only(node.test, _TESTS):
                test = _compiled(node.test)
                stack += [(node.body, [*choices, (test, True)]), (node.orelse, [*choices, (test, False)])]
            continue
        has_names = any(isinstance(part, ast.Name) for part in ast.walk(node))
        if isinstance(node, ast.BinOp) and has_names and _only(node, _NUMBERS):
            yield node, choices
        stack += [(child, choices) for child in ast.iter_child_nodes(node)]


def _only(node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
    return all(isinstance(part, kinds) for part in ast.walk(node))


def _value_of(name: str, frame: FrameType) -> Any:
    return frame.f_locals.get(name, frame.f_globals.get(name))
