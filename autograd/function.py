"""``Function``: an operation with a derivative of your own, in torch's ``ctx`` style.

>>> from minitorch_optim.autograd import tensor
>>> class Cube(Function):
...     @staticmethod
...     def forward(ctx, x):
...         ctx.save_for_backward(x)
...         return x * x * x
...     @staticmethod
...     def backward(ctx, g):
...         (x,) = ctx.saved_tensors
...         return g * 3 * x * x
>>> x = tensor(2.0, requires_grad=True)
>>> y = Cube.apply(x)
>>> y.backward()
>>> y, x.grad
(tensor(8., grad_fn=<CubeBackward>), tensor(12.))
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .dtypes import is_differentiable
from .modes import modes, no_grad
from .table import Row
from .tape import Like, Node, new_node
from .tensor import Tensor, new_tensor


class Context:
    """What ``forward`` hands to ``backward``: saved tensors, and whatever attributes you set.

    Attributes
    ----------
    needs_input_grad : tuple of bool
        for each argument of ``apply``, whether its gradient will be used
    saved_tensors : tuple
        what was given to :meth:`save_for_backward`
    """

    def __init__(self, function: type[Function], needs_input_grad: tuple[bool, ...]) -> None:
        self.function = function
        self.needs_input_grad = needs_input_grad
        self.materialize_grads = True
        self._saved: tuple[Any, ...] = ()
        self._without_gradient: tuple[Tensor, ...] = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._inputs: list[Any] = []
        self._outputs: list[Like] = []

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors, arguments or results, for ``backward``. A change in place before then is noticed."""
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return tuple(t() if isinstance(t, functools.partial) else t for t in self._saved)

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Say which results do not require grad."""
        self._without_gradient = outputs

    def mark_dirty(self, *inputs: Tensor) -> None:
        """Say which arguments ``forward`` changed in place."""
        self._dirty = inputs

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros (default) or None for a result that nothing depends on."""
        self.materialize_grads = value


class Function:
    """Base of your own operations: write ``forward`` and ``backward``, call ``apply``.

    ``forward(ctx, *args)`` computes on tensors, unrecorded. ``backward(ctx, *gradients)`` gets a gradient for each
    result and returns one for each argument, None where there is none. If it is written with operations of the
    library it can be differentiated in its turn. ``forward(*args)`` with ``setup_context(ctx, inputs, output)`` is
    understood as well.
    """

    setup_context: Callable[..., None] | None = None

    @staticmethod
    def forward(*args: Any) -> Any:
        """Compute the result or the tuple of results."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Give the gradient of each argument."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function"
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run ``forward``, and record it if an argument requires grad."""
        needs = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        ctx = Context(cls, needs)
        with no_grad():
            if cls.setup_context is None:
                given = cls.forward(ctx, *args)
            else:
                given = cls.forward(*args)
                cls.setup_context(ctx, args, given)
        outputs = given if isinstance(given, tuple) else (given,)
        for changed in ctx._dirty:
            changed._version[0] += 1
        # An argument that is returned as it came becomes a tensor of its own, unless it was changed in place.
        results = [
            o.detach() if any(o is a for a in args) and not any(o is d for d in ctx._dirty) else o for o in outputs
        ]
        if any(needs) and modes.grad:
            _record(ctx, args, outputs, results)
        return tuple(results) if isinstance(given, tuple) else results[0]


def _record(ctx: Context, args: tuple[Any, ...], outputs: tuple[Any, ...], results: list[Any]) -> None:
    edges = tuple((a._node or a) if need else None for a, need in zip(args, ctx.needs_input_grad, strict=True))
    row = Row(ctx.function.apply, name=ctx.function.__name__, joint=_gradients)
    node = new_node(row, edges, [None] * len(edges), {"ctx": ctx})
    node.stamps = [(None, t._version, t._version[0]) for t in ctx._saved if isinstance(t, Tensor)]
    ctx._inputs = [a._array.shape if isinstance(a, Tensor) else None for a in args]
    ctx._outputs = [Like(np.asarray(o._array if isinstance(o, Tensor) else o)) for o in outputs]
    # A saved result is kept as its array: the tensor would hold the node, and the node the tensor.
    ctx._saved = tuple(
        functools.partial(_again, t._array, t._version, weakref.ref(node))
        if _among(t, outputs) and not _among(t, args)
        else t
        for t in ctx._saved
    )
    for i, (output, result) in enumerate(zip(outputs, results, strict=True)):
        if isinstance(result, Tensor) and is_differentiable(result.dtype) and not _among(output, ctx._without_gradient):
            result._requires_grad = True
            result._node = node if len(outputs) == 1 else new_node(_PICK, (node,), [None], {"which": i})


def _among(tensor: Any, others: tuple[Any, ...]) -> bool:
    return any(tensor is other for other in others)


def _again(array: Any, version: list[int], node: weakref.ref[Node]) -> Tensor:
    tensor = new_tensor(array, True)
    tensor._node, tensor._version = node(), version
    return tensor


def _gradients(wanted: list[bool], g: Any, out: Any, *args: Any, ctx: Context) -> list[Any]:
    """The rule of every Function: its own ``backward``, given Tensors, with its answer checked."""
    parts = g.parts if isinstance(g, _Parts) else {0: g}
    gradients = []
    for i, like in enumerate(ctx._outputs):
        part = parts.get(i)
        if part is None and ctx.materialize_grads:
            part = np.zeros(like.shape, like.dtype)
        gradients.append(part if part is None or isinstance(part, Tensor) else new_tensor(part))
    answer = ctx.function.backward(ctx, *gradients)
    answers = list(answer) if isinstance(answer, tuple) else [answer]
    name = ctx.function.__name__ + "Backward"
    while len(answers) > len(wanted) and answers[-1] is None:
        answers.pop()
    if len(answers) != len(wanted):
        raise RuntimeError(
            f"function {name} returned an incorrect number of gradients (expected {len(wanted)}, got {len(answers)}): "
            f"give one for each argument of forward, None where there is none"
        )
    for i, part in enumerate(answers):
        if part is not None and not isinstance(part, Tensor):
            kind = type(part).__name__
            raise TypeError(f"function {name} returned a {kind} as gradient {i}: expected a Tensor or None")
        shape = ctx._inputs[i]
        if part is not None and shape is not None and part._array.shape != shape:
            raise RuntimeError(
                f"Function {name} returned an invalid gradient at index {i} - got {list(part.shape)} but expected "
                f"shape compatible with {list(shape)}: backward must give a gradient of its argument's shape"
            )
    return answers if modes.grad else [None if part is None else part._array for part in answers]


class _Parts:
    """The gradients of some of the results of a Function; two of them add up part by part."""

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: _Parts) -> _Parts:
        both = dict(self.parts)
        for i, part in other.parts.items():
            both[i] = both[i] + part if i in both else part
        return _Parts(both)


def _pick(x: Any, which: int) -> Any:
    raise AssertionError("recorded for each result of a Function, never called")


_PICK = Row(_pick, [lambda g, out, x, which: _Parts({which: g})], linear=True)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Say of a ``backward`` that it cannot be differentiated in its turn: its results are detached."""

    @functools.wraps(backward)
    def detached(ctx: Any, *gradients: Any) -> Any:
        with no_grad():
            return backward(ctx, *gradients)

    return detached
