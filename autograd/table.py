"""The table of derivatives: a primitive is a NumPy function, and its derivative is a row with one rule for each
argument.

::

    derivative(np.multiply, lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
    derivative(np.exp,      lambda g, out, x: g * out)

A rule takes the gradient ``g`` of the result, the result, and the arguments; it gives the gradient of its argument.
On arrays it is the backward pass. Given Tensors (``create_graph=True``) the very same rule is recorded in its turn,
and that is the second derivative, and the third. The rows themselves are in ``derivatives/``.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

import numpy as np

Rule = Callable[..., Any]


class Row:
    """One line of the table: a primitive and the rules of its derivative. See :func:`derivative`."""

    __slots__ = (
        "by_argument", "call", "differentiable", "elementwise", "every", "fused", "holomorphic", "joint", "linear",
        "name", "primitive", "promotes", "promotes_numbers", "reads", "rules", "view", "whole_to_real",
    )  # fmt: skip

    def __init__(
        self,
        primitive: Callable[..., Any],
        rules: Sequence[Rule | None] = (),
        *,
        name: str = "",
        every: Rule | None = None,
        joint: Rule | None = None,
        elementwise: bool = False,
        linear: bool = False,
        holomorphic: bool = True,
        fused: bool = False,
        view: bool = False,
        promotes: bool = False,
        promotes_numbers: bool = False,
        whole_to_real: bool = False,
    ) -> None:
        self.primitive = primitive
        self.call = getattr(primitive, "on_arrays", primitive)
        self.rules = tuple(rules)
        self.name = name or "".join(word.capitalize() for word in primitive.__name__.split("_"))
        self.every = every
        self.joint = joint
        self.elementwise = elementwise
        self.linear = linear
        self.holomorphic = holomorphic
        self.fused = fused
        self.view = view
        self.promotes = promotes
        self.promotes_numbers = promotes_numbers
        self.whole_to_real = whole_to_real
        self.by_argument = every is None and joint is None  # whether there is one rule for each argument
        self.differentiable = bool(self.rules or every or joint)
        self.reads: dict[int, Reads] = {}  # by both, as one number

    def reads_for(self, needs: int, count: int) -> Reads:
        """What the rules of the arguments in the bit set ``needs`` will read of ``count`` arguments.

        A rule's own code says what it reads. What no rule will read is not kept: that saves memory, and it may be
        changed in place without harm.
        """
        known = self.reads.get(needs << 8 | count)
        if known is None:
            known = self.reads[needs << 8 | count] = Reads(*self._names_read(needs, count))
        return known

    def _names_read(self, needs: int, count: int) -> tuple[tuple[bool, ...], bool]:
        if self.every is not None:
            return (True,) * count, True
        wanted = [rule for i, rule in enumerate(self.rules) if rule is not None and needs >> i & 1]
        # One argument's rule takes (g, out, *arguments), a joint one (needs, g, out, *arguments).
        asked, place = (wanted, 1) if self.joint is None else ([self.joint], 2)
        arguments, result = [False] * count, False
        for rule in asked:
            code: CodeType = rule.__code__
            if code.co_flags & 0x04:  # *args: it may read any of them
                return (True,) * count, True
            read = _names_read(code)
            result = result or code.co_varnames[place] in read
            for j, argument in enumerate(code.co_varnames[place + 1 : code.co_argcount][:count]):
                arguments[j] = arguments[j] or argument in read
        return tuple(arguments), result


class Reads:
    """What the rules read of the arguments: positions, found once for each case; and whether they read the result."""

    __slots__ = ("kept", "let_go", "result")

    def __init__(self, arguments: tuple[bool, ...], result: bool) -> None:
        self.kept = [i for i, read in enumerate(arguments) if read]
        self.let_go = [i for i, read in enumerate(arguments) if not read]
        self.result = result


def _names_read(code: CodeType) -> set[str]:
    read: set[str] = set()
    for instruction in dis.get_instructions(code):
        if instruction.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "STORE_FAST_LOAD_FAST")):
            name = instruction.argval
            read.update(name if isinstance(name, tuple) else (name,))
    return read


TABLE: dict[Any, Row] = {}


def derivative(primitive: Callable[..., Any], *rules: Rule | None, **properties: Any) -> None:
    """Enter ``primitive`` in the table.

    Parameters
    ----------
    primitive : callable
        arrays in, one array out (with ``fused=True``: the array and whatever forward wants to save for backward)
    *rules : callable(g, out, *arguments, **keywords) or None
        one for each argument; None where there is no derivative
    every : callable(i, g, out, *arguments)
        instead of ``rules``, for any number of arguments: the gradient of argument ``i``
    joint : callable(needs, g, out, *arguments)
        instead of ``rules``: all gradients at once, where they share their work; ``needs[i]`` says which are wanted
    elementwise : bool
        the arguments broadcast against each other; default: true for ufuncs
    linear : bool
        the rules read only the shapes of the arguments, so only shapes are kept
    holomorphic : bool
        complex arguments need no care in the rules: they are conjugated around them (default true)
    fused : bool
        forward returns ``(out, saved)``; rules get the keyword ``saved``: what forward returned in first order, and
        None in higher order, where they compute it again from Tensors
    view : bool
        the result may share the memory of the first argument
    promotes : bool
        arguments are brought to one dtype first; default: true if elementwise
    promotes_numbers : bool
        Python numbers become arrays as well: for primitives that would take them for float64 (SciPy's)
    whole_to_real : bool
        whole-number arguments become the default float first
    name : str
        what the node is called: ``Mul`` gives ``grad_fn=<MulBackward>``

    >>> import numpy as np
    >>> from minitorch_optim.autograd import apply, tensor
    >>> def cube(x):
    ...     return x * x * x
    >>> derivative(cube, lambda g, out, x: g * 3 * x * x, elementwise=True)
    >>> x = tensor(2.0, requires_grad=True)
    >>> apply(cube, x).backward()
    >>> x.grad
    tensor(12.)
    >>> del TABLE[cube]
    """
    is_ufunc = isinstance(primitive, np.ufunc)
    properties.setdefault("elementwise", is_ufunc and primitive.signature is None)  # type: ignore[attr-defined]
    properties.setdefault("promotes", properties["elementwise"] or is_ufunc)
    TABLE[primitive] = Row(primitive, rules, **properties)
