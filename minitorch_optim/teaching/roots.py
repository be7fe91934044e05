"""Where an optimizer does its work: which functions are worth watching while it takes a step."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType
from typing import Any, NamedTuple

from ..optim import LBFGS, Optimizer, lbfgs


class WatchedRule(NamedTuple):
    """What is to be known of a rule to read its results."""

    names: list[str]  #: of the states that it returns after the parameter
    whole: bool  #: whether it is called for one parameter at a time, because it computes norms and the like


def inside(optimizer: Optimizer) -> Iterator[Optimizer]:
    """The optimizer and those that it goes around, the outermost first."""
    yield optimizer
    for value in optimizer.__dict__.values():
        if isinstance(value, Optimizer):
            yield from inside(value)


def rules_of(optimizer: Optimizer) -> dict[CodeType, WatchedRule]:
    """The pure rules at work, by their code."""
    return {
        each._rule.function.__code__: WatchedRule(each._rule.names, each.whole)
        for each in inside(optimizer)
        if each._rule is not None
    }


def watched(optimizer: Optimizer) -> tuple[list[CodeType], list[CodeType]]:
    """The code of rules and of steps that a class has written itself; and what is of interest deeper inside."""
    functions: list[CodeType] = list(rules_of(optimizer))
    inner: list[CodeType] = []
    for each in inside(optimizer):
        if isinstance(each, LBFGS):
            functions.append(lbfgs.minimize.__code__)
            inner += [code for code in lbfgs.advance.__code__.co_consts if isinstance(code, CodeType)]
            continue
        for cls in type(each).__mro__:
            if cls is Optimizer:
                break
            step: Any = cls.__dict__.get("step")
            if step is not None:
                functions.append(inspect.unwrap(step).__code__)
    return functions, inner
