"""The dtype of every binary operation, over all pairs of dtypes and of kinds of operand, is PyTorch's."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours

torch = pytest.importorskip("torch")

DTYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip
NUMBERS = [True, 2, 2.5, 1.5 + 1j]

OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "==": operator.eq, "<": operator.lt, ">=": operator.ge,
}  # fmt: skip
FUNCTIONS = [
    "atan2", "fmod", "maximum", "minimum", "hypot", "logaddexp", "xlogy", "logical_and", "true_divide",
]  # fmt: skip


def deliberate(operation: str, pair: tuple[str, str], found: str, expected: str) -> bool:
    """Where the answers are meant to differ."""
    kinds = [name.replace("[", " ").partition(" ")[0] for name in pair]
    if expected == "complex32":
        return found == "complex64"  # NumPy has no complex numbers of half precision
    if operation == "logaddexp" and "complex" in "".join(kinds):
        return found == "error"  # NumPy's is for real numbers
    if operation in ("erf", "xlogy") and expected == "float16":
        return found in ("float32", "float64")  # nor has SciPy half precision
    if operation in ("**", "**=") and kinds == ["bool", "bool"]:
        return found in ("int8", "error")  # a power of truth values
    if operation == "sign" and kinds[0] == "bool":
        return found == "error"
    return operation == "all" and kinds[0] == "uint8" and found == "bool"  # PyTorch keeps uint8, its old bool


def kinds(lib: Any) -> Iterator[tuple[str, Any]]:
    """Every kind of operand: a tensor of one element, and a 0-d one, of each dtype."""
    for name in DTYPES:
        yield f"{name}[1]", lib.ones(1, dtype=getattr(lib, name))
        yield f"{name}[]", lib.ones((), dtype=getattr(lib, name))


def right_kinds(lib: Any) -> Iterator[tuple[str, Any]]:
    yield from kinds(lib)
    for number in NUMBERS:
        yield f"{type(number).__name__} number", number


def dtype_of(call: Callable[[], Any]) -> str:
    """The name of the result's dtype, or "error"."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return str(call().dtype).removeprefix("torch.")
    except (RuntimeError, TypeError, NotImplementedError):
        return "error"


def table_of(lib: Any, function: Any, reflected: bool = False) -> dict[tuple[str, str], str]:
    return {
        (a, b): dtype_of((lambda x=x, y=y: function(y, x)) if reflected else (lambda x=x, y=y: function(x, y)))
        for a, x in kinds(lib)
        for b, y in right_kinds(lib)
    }


def compare(operation: str, found: dict[tuple[str, str], str], expected: dict[tuple[str, str], str]) -> None:
    wrong = {
        pair: f"{found[pair]}, PyTorch {dtype}"
        for pair, dtype in expected.items()
        if dtype not in ("error", found[pair]) and not deliberate(operation, pair, found[pair], dtype)
    }
    assert not wrong, f"{operation}: {len(wrong)} of {len(expected)}: {wrong}"


@pytest.mark.parametrize("sign", OPERATORS)
def test_operators(sign: str) -> None:
    for reflected in (False, True):
        compare(sign, *(table_of(lib, OPERATORS[sign], reflected) for lib in (ours, torch)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    compare(name, *(table_of(lib, getattr(lib, name)) for lib in (ours, torch)))


def test_where() -> None:
    compare("where", *(table_of(lib, lambda x, y, lib=lib: lib.where(lib.ones(1) > 0, x, y)) for lib in (ours, torch)))


@pytest.mark.parametrize("sign", ["+", "*", "/", "**"])
def test_in_place_keeps_the_dtype_or_refuses(sign: str) -> None:
    """``x += y`` is an error exactly where PyTorch's is, and leaves the dtype alone."""
    change = {"+": operator.iadd, "*": operator.imul, "/": operator.itruediv, "**": operator.ipow}[sign]

    def table(lib: Any) -> dict[tuple[str, str], str]:
        names = [name for name, _ in kinds(lib)]
        return {
            (a, b): dtype_of(lambda i=i, j=j: change(list(kinds(lib))[i][1], list(right_kinds(lib))[j][1]))
            for i, a in enumerate(names)
            for j, (b, _) in enumerate(right_kinds(lib))
        }

    found, expected = table(ours), table(torch)
    compare(sign + "=", found, expected)
    accepted = [p for p, dtype in expected.items() if dtype == "error" != found[p]]
    assert not accepted, f"{sign}=: PyTorch refuses {accepted}"


@pytest.mark.parametrize("name", ["cat", "stack"])
def test_joining(name: str) -> None:
    def table(lib: Any) -> dict[tuple[str, str], str]:
        return {
            (a, b): dtype_of(lambda x=x, y=y: getattr(lib, name)([x.reshape(1), y.reshape(1)]))
            for a, x in kinds(lib)
            for b, y in kinds(lib)
        }

    compare(name, table(ours), table(torch))


REDUCTIONS = ["sum", "prod", "mean", "cumsum", "cumprod", "max", "amax", "std", "var", "logsumexp", "all", "softmax"]
UNARY = [
    "exp", "log", "sqrt", "sin", "tanh", "sigmoid", "abs", "neg", "sign", "floor", "round", "reciprocal", "square",
    "rsqrt", "erf", "relu",
]  # fmt: skip


@pytest.mark.parametrize("name", REDUCTIONS + UNARY)
def test_of_one_tensor(name: str) -> None:
    def table(lib: Any) -> dict[tuple[str, str], str]:
        needs_dim = name in ("cumsum", "cumprod", "logsumexp", "softmax", "amax")
        function = getattr(lib, name)
        return {
            (a, ""): dtype_of(lambda x=x: function(x, 0) if needs_dim else function(x)) for a, x in kinds(lib)
        }

    compare(name, table(ours), table(torch))
