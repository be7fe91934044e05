"""The tape: calling a primitive records it, if a gradient will be wanted.

:func:`apply` calls a primitive on the arrays inside its arguments. If one of them requires grad, the result carries a
``Node``: which row of the table, what its rules will read, and the edges to the nodes that made the arguments.
``backward.py`` reads the nodes from the newest to the oldest.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from .dtypes import get_default_dtype, promoted
from .modes import modes, set_grad_enabled
from .table import TABLE, Row, derivative
from .tensor import Array, Tensor, new_tensor

F = TypeVar("F", bound=Callable[..., Any])


class Node:
    """One recorded step, made by :func:`new_node`. ``tensor.grad_fn`` is the node that made a tensor."""

    __slots__ = (
        "__weakref__", "args", "edges", "hooks", "is_complex", "kwargs", "order", "out", "retained", "row", "shapes",
        "stamps",
    )  # fmt: skip

    row: Row
    edges: Sequence[Node | Tensor | None]  # for each argument: the node that made it, or the leaf that it is, or None
    args: Any  # what the rules will read; None when backward has freed it
    kwargs: Any
    out: Any
    stamps: Any  # of each tensor that was saved: which argument, its version counter, and its value now
    shapes: Any  # of the arguments, where broadcasting must be undone
    is_complex: Any  # for each argument, where any number is complex
    order: int  # what was recorded later has a larger one
    hooks: Any
    retained: Any  # weak references to the tensors that retain their grad

    def name(self) -> str:
        """``MulBackward`` for a product."""
        return self.row.name + "Backward"

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that this one passes gradients to, in torch's form: pairs of a node and 0."""
        return tuple((AccumulateGrad(e) if isinstance(e, Tensor) else e, 0) for e in self.edges)


class AccumulateGrad:
    """Stands for a leaf in :attr:`Node.next_functions`; ``variable`` is the leaf."""

    def __init__(self, variable: Tensor) -> None:
        self.variable = variable

    def name(self) -> str:
        """``AccumulateGrad``."""
        return "AccumulateGrad"

    def __repr__(self) -> str:
        return "<AccumulateGrad>"


class Like:
    """The shape of an argument without its values: all that the rule of a linear primitive reads."""

    __slots__ = ("dtype", "ndim", "shape", "size")

    def __init__(self, array: Array) -> None:
        self.shape, self.dtype, self.ndim, self.size = array.shape, array.dtype, array.ndim, array.size


_clock = itertools.count()
RESULT = -1  # stands for the result where arguments are numbered
_NUMBERS = frozenset((float, int, bool, complex, type(None)))


def new_node(row: Row, edges: Sequence[Node | Tensor | None], args: Any, kwargs: Any) -> Node:
    """The next node of the tape, which has saved nothing but ``args``. (An ``__init__`` would take twice as long.)"""
    node = Node()
    node.row = row
    node.edges = edges
    node.args = args
    node.kwargs = kwargs
    node.out = None
    node.stamps = ()
    node.shapes = None
    node.is_complex = None
    node.order = next(_clock)
    node.hooks = None
    node.retained = None
    return node


def apply(primitive: Any, *args: Any, **kwargs: Any) -> Tensor:
    """Call ``primitive`` on the arrays inside ``args`` and, if a gradient will be wanted, record the call.

    >>> import numpy as np
    >>> from minitorch_optim.autograd import tensor
    >>> apply(np.add, tensor([1.0, 2.0], requires_grad=True), 1)
    tensor([2., 3.], grad_fn=<AddBackward>)
    """
    row = TABLE[primitive]
    arrays = list(args)
    edges: list[Any] = [None] * len(args)  # for each that requires grad: the node that made it, or the leaf itself
    needs = 0  # one bit for each argument that requires grad
    promotes, dtype, mixed = row.promotes, None, False
    for i, arg in enumerate(args):
        if isinstance(arg, Tensor):
            if arg._view is not None:
                arg._view.refresh(arg)
            if arg._requires_grad:
                needs |= 1 << i
                edges[i] = arg._node or arg
            arrays[i] = array = arg._array
            if promotes:
                if dtype is None:
                    dtype = array.dtype
                elif array.dtype is not dtype:
                    mixed = True
        elif promotes and type(arg) not in _NUMBERS:
            mixed = True
    if promotes and (mixed or row.promotes_numbers or dtype is None or dtype.kind not in "fc"):
        args = _promote(row, args)
        arrays = [arg._array if isinstance(arg, Tensor) else arg for arg in args]
        edges = [None if edge is None else arg._node or arg for edge, arg in zip(edges, args, strict=True)]

    try:
        out = row.call(*arrays, **kwargs) if kwargs else row.call(*arrays)
    except ValueError as error:
        raise _in_words(error, row, arrays) from None
    if row.fused:
        out, kwargs["saved"] = out
    if type(out) is not np.ndarray:
        out = out if hasattr(out, "indices") else np.asarray(out)  # sparse, or the scalar of a 0-d result
    if needs and row.differentiable and modes.grad:
        result = new_tensor(out, True)
        result._node = node = new_node(row, edges, arrays, kwargs)
        if row.elementwise or not row.holomorphic or out.dtype.kind == "c":
            _note_forms(node, arrays, out)
        if row.linear:  # its rules read shapes only
            node.args = [Like(arg._array) if isinstance(arg, Tensor) else arg for arg in args]
            node.out = Like(out)
        else:  # what they will read is saved, and a change in place before backward will be noticed
            reads = row.reads.get(needs << 8 | len(args)) or row.reads_for(needs, len(args))
            node.stamps = stamps = []
            for i in reads.kept:
                arg = args[i]
                if isinstance(arg, Tensor):
                    version = arg._version
                    stamps.append((i, version, version[0]))
            for i in reads.let_go:
                arrays[i] = None
            if reads.result:
                node.out = out
                stamps.append((RESULT, result._version, 0))
    else:
        result = new_tensor(out)
    if row.view and isinstance(args[0], Tensor):
        look_into(result, args[0], row, args[1:], kwargs)
    return result


def _in_words(error: ValueError, row: Row, arrays: list[Any]) -> Exception:
    """Which sizes differ, if that is why an elementwise primitive failed."""
    shapes = [array.shape for array in arrays if isinstance(array, np.ndarray)]
    for a, b in itertools.combinations(shapes if row.elementwise else [], 2):
        for dim, (n, m) in enumerate(zip(reversed(a), reversed(b), strict=False), start=1):
            if n != m and 1 not in (n, m):
                return RuntimeError(
                    f"The size of tensor a ({n}) must match the size of tensor b ({m}) at non-singleton dimension "
                    f"{max(len(a), len(b)) - dim}: {row.primitive.__name__} of shapes {list(a)} and {list(b)}. Counted "
                    f"from the last one, dimensions must be equal or 1: insert one of length 1 with unsqueeze()"
                )
    return error


def _note_forms(node: Node, arrays: list[Any], out: Array) -> None:
    """Note where backward has more to do than call the rules: undo broadcasting, or treat complex numbers as pairs."""
    row, shape = node.row, out.shape
    if row.elementwise:
        for array, edge in zip(arrays, node.edges):
            if edge is not None and array.shape != shape:
                node.shapes = [getattr(array, "shape", ()) for array in arrays]
    if not row.holomorphic or out.dtype.kind == "c":  # a holomorphic function of complex numbers gives complex ones
        node.is_complex = [getattr(array, "dtype", out.dtype).kind == "c" for array in arrays]


def primitive(function: F) -> F:
    """Make a function of arrays behave as NumPy's own do: called with a Tensor, it goes to the tape.

    So a rule may call it and serve both orders. Its row is still to be entered with ``derivative``.
    """

    @functools.wraps(function)
    def on_either(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(arg, Tensor) for arg in args):
            return apply(on_either, *args, **kwargs)
        if modes.recorder is not None:
            out = modes.recorder.call(function, function.__name__, args, kwargs)
        else:
            out = function(*args, **kwargs)
        return out[0] if TABLE[on_either].fused else out

    on_either.on_arrays = function  # type: ignore[attr-defined]
    return on_either  # type: ignore[return-value]


@primitive
def cast(x: Array, dtype: Any) -> Array:
    """A copy of ``x`` in another dtype."""
    return x.astype(dtype)


derivative(
    cast,
    lambda g, out, x, dtype: cast(np.real(g) if g.dtype.kind == "c" and x.dtype.kind == "f" else g, x.dtype),
    name="ToCopy",
    linear=True,
    holomorphic=False,
)


def _promote(row: Row, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments brought to one dtype, by casts that are recorded."""
    first = 1 if row.primitive is np.where else 0  # where's condition keeps its dtype
    operands = [np.asarray(a) if isinstance(a, list | tuple) else a for a in args[first:]]
    arrays = [a._array if isinstance(a, Tensor) else a for a in operands]
    dtype = promoted(
        [a for a in arrays if hasattr(a, "dtype")],
        [a for a in arrays if isinstance(a, bool | int | float | complex) and not isinstance(a, np.generic)],
    )
    if row.whole_to_real and dtype.kind in "bui":
        dtype = get_default_dtype()
    result = list(args[:first])
    for a in operands:
        if isinstance(a, Tensor):
            result.append(a if a._array.dtype == dtype else apply(cast, a, dtype))
        else:
            result.append(a if a is None else np.asarray(a, dtype=dtype))
    return tuple(result)


class View:
    """How a tensor looks into the memory of another: ``base``, and the steps that lead from it to here.

    Where one of them is changed in place, the base gets a new history, and each view derives its own from that the next
    time it is looked at.
    """

    __slots__ = ("base", "seen", "steps")

    def __init__(self, base: Tensor, steps: tuple[Any, ...]) -> None:
        self.base = base
        self.steps = steps
        self.seen = base._node

    def refresh(self, view: Tensor) -> None:
        """Derive the history of ``view`` anew if the base's has changed."""
        while self.base._view is not None:  # it changed its own shape, as by t_(): look into what it was before
            self.base = self.base._view.base
        if self.base._node is not self.seen:
            self.seen = self.base._node
            with set_grad_enabled(True):
                again = follow(self.steps, self.base)
            view._node, view._requires_grad = again._node, again._requires_grad


def follow(steps: tuple[Any, ...], whole: Any) -> Any:
    """The view that ``steps`` lead to, of any array or tensor of the base's shape."""
    for row, args, kwargs in steps:
        call = functools.partial(apply, row.primitive) if isinstance(whole, Tensor) else row.call
        whole = call(whole, *args, **kwargs)
    return whole


def look_into(result: Tensor, source: Tensor, row: Row, args: Any, kwargs: Any) -> None:
    """Note that ``result`` is a view of ``source``, if it shares its memory."""
    memory, array = result._array.base, source._array
    same = result._array is array  # NumPy may give an argument back as it is
    if same or (memory is not None and (memory is array or memory is getattr(array, "base", None))):
        step = (row, args, kwargs)
        known = source._view
        result._version = source._version
        result._view = View(known.base, (*known.steps, step)) if known is not None else View(source, (step,))
