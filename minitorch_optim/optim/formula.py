"""Numbers that depend on the number of the step: how to compute them, noted down while a rule is recorded.

Adam divides by ``1 - beta1**t``, which is another number in each step. Given a :class:`Formula` for ``t``, its rule
says how it computes that: ``(1 - (0.9 ** t))``. Then the next step needs the numbers only, and not the rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn


class Formula:
    """A number that is not known yet, as a piece of Python. A rule that asks for its value cannot be recorded."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def _asked(self, *others: Any) -> NoReturn:
        raise TypeError("a rule that is being recorded asked for the number of the step")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _asked
    __hash__ = None  # type: ignore[assignment]


def _text(number: Any) -> str:
    if type(number) is Formula:
        return number.text
    if type(number) is int or (type(number) is float and math.isfinite(number)):
        return repr(number)
    raise TypeError(f"a formula can hold Python numbers, not {number!r}")


def _give_operators() -> None:
    def operator(sign: str) -> tuple[Any, Any]:
        def forward(x: Formula, y: Any) -> Formula:
            return Formula(f"({x.text} {sign} {_text(y)})") if type(y) in _NUMBERS else NotImplemented

        def reflected(y: Formula, x: Any) -> Formula:
            return Formula(f"({_text(x)} {sign} {y.text})") if type(x) in _NUMBERS else NotImplemented

        return forward, reflected

    for name, sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "pow": "**"}.items():
        forward, reflected = operator(sign)
        setattr(Formula, f"__{name}__", forward)
        setattr(Formula, f"__r{name}__", reflected)
    Formula.__neg__ = lambda x: Formula(f"(-{x.text})")  # type: ignore[operator]


_NUMBERS = frozenset((int, float, Formula))
_give_operators()


def numbers_at(formulas: list[Formula]) -> Callable[[Any], list[Any]]:
    """What gives the values of ``formulas`` for a value of ``t``.

    >>> t = Formula("t")
    >>> numbers_at([1 - 0.5**t, t + 1])(2)
    [0.75, 3]
    """
    compute: Callable[[Any], list[Any]] = eval(f"lambda t: [{', '.join(formula.text for formula in formulas)}]")
    return compute
