"""Numbers that depend on the number of the step: how to compute them, noted down while a rule is recorded.

Adam divides by ``1 - beta1**t``, which is another number in each step. Given a :class:`Formula` for ``t``, its rule
says how it computes that: ``(1 - (0.9 ** t))``. Then the next step needs the numbers only, and not the rule. It is the
same with a state that is one number, as the product of all momenta in NAdam.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn


class Formula:
    """A number that is not known yet, as a piece of Python. A rule that asks for its value cannot be recorded.

    It is ``narrow`` if it will be a NumPy number, as a state is, and not a Python number: such a number cannot be used
    with arrays before ``arithmetic.wide`` makes a Python number of it, because it may change their dtype.
    """

    __slots__ = ("narrow", "text")

    def __init__(self, text: str, narrow: bool = False) -> None:
        self.text = text
        self.narrow = narrow

    def wide(self) -> Formula:
        """As a Python number."""
        return Formula(f"float({self.text})")

    def _asked(self, *others: Any) -> NoReturn:
        raise TypeError("a rule that is being recorded asked for a number that changes from step to step")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _asked
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
        def forward(x: Formula, y: Any) -> Formula:
            return Formula(f"({x.text} {sign} {_text(y)})", _narrow(x, y)) if type(y) in _NUMBERS else NotImplemented

        def reflected(y: Formula, x: Any) -> Formula:
            return Formula(f"({_text(x)} {sign} {y.text})", _narrow(x, y)) if type(x) in _NUMBERS else NotImplemented

        return forward, reflected

    for name, sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "pow": "**"}.items():
        forward, reflected = operator(sign)
        setattr(Formula, f"__{name}__", forward)
        setattr(Formula, f"__r{name}__", reflected)
    Formula.__neg__ = lambda x: Formula(f"(-{x.text})", x.narrow)  # type: ignore[operator]


_NUMBERS = frozenset((int, float, Formula))
_give_operators()


def numbers_at(formulas: list[Any], names: list[str]) -> Callable[..., list[Any]]:
    """What gives the values of ``formulas``, some of which may be numbers, for values of ``names``.

    >>> t = Formula("t")
    >>> numbers_at([1 - 0.5**t, t + 1], ["t"])(2)
    [0.75, 3]
    """
    compute: Callable[..., list[Any]] = eval(f"lambda {', '.join(names)}: [{', '.join(map(_text, formulas))}]")
    return compute
