"""Numbers that change from step to step: how to compute with them, noted down while a rule is recorded.

Adam divides by ``1 - beta1**t``, which is another number in each step. Given a :class:`Formula` for ``t``, its rule
says how it computes that: ``(1 - (0.9 ** t))``. Then the next step needs the numbers only, and not the rule. It is the
same with a state that is one number, as the product of all momenta in NAdam, and with options that a schedule changes.

A rule may decide something by such a number, as RAdam does by the length of the average. It is told the answer as of
now, and as long as the answer is the same in later steps, so is what it does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


class Answers:
    """What a rule asked about numbers that change, and what it was told.

    >>> answers = Answers(["t"], [3])
    >>> t = Formula("t", answers)
    >>> bool(2 * t > 5), answers.given
    (True, {'((2 * t) > 5)': True})
    """

    def __init__(self, names: list[str], values: list[Any]) -> None:
        self.names = names
        self.now = dict(zip(names, values, strict=True))
        self.given: dict[str, bool] = {}

    def ask(self, question: str) -> bool:
        """The answer as of now."""
        self.given[question] = answer = bool(eval(question, {}, self.now))
        return answer

    def hold_at(self) -> Callable[..., bool] | None:
        """What says, for later values, whether all answers are still the same; None if nothing was asked."""
        if not self.given:
            return None
        return _compiled(self.names, " and ".join(f"{question} == {answer}" for question, answer in self.given.items()))


class Formula:
    """A number that is not known yet, as a piece of Python.

    It is ``narrow`` if it will be a NumPy number, as a state is, and not a Python number: such a number cannot be used
    with arrays before ``arithmetic.wide`` makes a Python number of it, because it may change their dtype.
    """

    __slots__ = ("answers", "narrow", "text")

    def __init__(self, text: str, answers: Answers, narrow: bool = False) -> None:
        self.text = text
        self.answers = answers
        self.narrow = narrow

    def wide(self) -> Formula:
        """As a Python number."""
        return Formula(f"float({self.text})", self.answers)

    def __neg__(self) -> Formula:
        return Formula(f"(-{self.text})", self.answers, self.narrow)

    def __bool__(self) -> bool:
        return self.answers.ask(f"({self.text} != 0)")

    __hash__ = None  # type: ignore[assignment]


def _text(number: Any) -> str:
    if type(number) is Formula:
        return number.text
    if type(number) is int or (type(number) is float and math.isfinite(number)):
        return repr(number)
    raise TypeError(f"a formula can hold Python numbers, not {number!r}")


def _narrow(*numbers: Any) -> bool:
    return any(type(number) is Formula and number.narrow for number in numbers)


def _give_operators() -> None:
    def operator(sign: str) -> tuple[Any, Any]:
        def forward(x: Formula, y: Any) -> Any:
            if type(y) not in _NUMBERS:
                return NotImplemented
            return Formula(f"({x.text} {sign} {_text(y)})", x.answers, _narrow(x, y))

        def reflected(y: Formula, x: Any) -> Any:
            if type(x) not in _NUMBERS:
                return NotImplemented
            return Formula(f"({_text(x)} {sign} {y.text})", y.answers, _narrow(x, y))

        return forward, reflected

    def question(sign: str) -> Any:
        return lambda x, y: x.answers.ask(f"({x.text} {sign} {_text(y)})") if type(y) in _NUMBERS else NotImplemented

    for name, sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "pow": "**"}.items():
        forward, reflected = operator(sign)
        setattr(Formula, f"__{name}__", forward)
        setattr(Formula, f"__r{name}__", reflected)
    for name, sign in {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
        setattr(Formula, f"__{name}__", question(sign))


_NUMBERS = frozenset((int, float, Formula))
_give_operators()


def numbers_at(formulas: list[Any], names: list[str]) -> Callable[..., list[Any]]:
    """What gives the values of ``formulas``, some of which may be numbers, for values of ``names``.

    >>> t = Formula("t", Answers(["t"], [1]))
    >>> numbers_at([1 - 0.5**t, t + 1], ["t"])(2)
    [0.75, 3]
    """
    return _compiled(names, f"[{', '.join(map(_text, formulas))}]")


def _compiled(names: list[str], text: str) -> Callable[..., Any]:
    function: Callable[..., Any] = eval(f"lambda {', '.join(names)}: {text}")
    return function


class Options(dict[str, Any]):
    """The options of a rule, as Python numbers.

    Attributes
    ----------
    moving : tuple of str
        those that have changed before, as a learning rate does under a schedule, and so may change again
    settled : bool
        whether none is to move: the rule does something with one that no formula can say
    """

    moving: tuple[str, ...] = ()
    settled = False

    def taking(self, new: dict[str, Any]) -> Options:
        """These options with new values: still this object if none but moving ones have changed.

        >>> options = Options(lr=0.1, eps=1e-8)
        >>> other = options.taking({"lr": 0.2, "eps": 1e-8})
        >>> other is options, other.moving, other.taking({"lr": 0.3, "eps": 1e-8}) is other, other["lr"]
        (False, ('lr',), True, 0.3)
        """
        changed = [name for name in new if new[name] != self[name]]
        if all(name in self.moving and _can_move(new[name]) for name in changed):
            self.update(new)
            return self
        result = Options(new)
        result.settled = self.settled
        if not self.settled:
            result.moving = tuple(name for name in new if name in (*self.moving, *changed) and _can_move(new[name]))
        return result

    def settle(self) -> None:
        """Let none move."""
        self.moving, self.settled = (), True

    def formulas(self, answers: Answers) -> dict[str, Any]:
        """The moving ones as formulas."""
        return {
            name: tuple(Formula(f"{name}[{i}]", answers) for i in range(len(self[name])))
            if type(self[name]) is tuple
            else Formula(name, answers)
            for name in self.moving
        }


def _can_move(value: Any) -> bool:
    return type(value) is float or (type(value) is tuple and all(type(part) is float for part in value))
