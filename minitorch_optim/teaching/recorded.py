"""The recorded graph as a list: which operations a tensor was computed by, and what goes in and out of each.

A node keeps only what its rules will read, and that is often not its result. But the gradient that arrives at a node
has the shape of its result, so one pass of backward tells every shape. The graph is as good as before, and nobody's
``grad`` is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd import Tensor, fork_rng, grad
from ..autograd.tape import Node
from ..autograd.tensor import Array, new_tensor

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Input:
    """One argument of an operation: the result of another, a leaf that requires grad, or a constant.

    Attributes
    ----------
    number : int or None
        which operation of the list made it
    leaf : Tensor or None
        the leaf that it is
    shape : tuple of int or None
        None where the tape does not know it any more: no rule reads this constant
    value : int, float or None
        of a constant that is one Python number and was kept
    """

    number: int | None = None
    leaf: Tensor | None = None
    shape: Shape | None = None
    value: Any = None


@dataclass(frozen=True, eq=False)
class Operation:
    """One recorded operation.

    Attributes
    ----------
    number : int
        its place in the order in which backward takes them, from 1
    node : Node
        what the tape keeps of it: ``tensor.grad_fn`` of its result
    name : str
        ``Mul`` for a product, whose node is called ``MulBackward``
    shape, dtype : tuple of int, numpy.dtype; or None
        of its result; None where no gradient arrives that would tell, and for a ``Function`` with several results
    inputs : list of Input
        its arguments, in order
    gradient : Tensor or None
        of the tensor that was asked about, by the result of this operation; None where none arrives
    """

    number: int
    node: Node
    name: str
    shape: Shape | None
    dtype: Any
    inputs: list[Input] = field(repr=False)
    gradient: Tensor | None = field(repr=False)


def recorded(loss: Tensor, gradient: Any = None) -> list[Operation]:
    """The operations behind ``loss`` in the order in which backward takes them: the newest first.

    Parameters
    ----------
    loss : Tensor
        of any shape; it must have a ``grad_fn`` whose graph was not freed
    gradient : Tensor or array, optional
        what arrives at ``loss`` itself, of its shape (default: ones)

    Raises
    ------
    TypeError
        if ``loss`` is no tensor
    RuntimeError
        if nothing was recorded, or the graph was freed; the message says why

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> for operation in recorded((x * x).sum()):
    ...     print(operation.number, operation.name, operation.shape, [i.number for i in operation.inputs])
    1 Sum () [2]
    2 Mul (2,) [None, None]
    """
    return with_gradients(loss, gradient)[0]


def with_gradients(loss: Tensor, gradient: Any = None) -> tuple[list[Operation], dict[Tensor, Tensor | None]]:
    """As :func:`recorded`; and the gradient of each leaf, in the order in which backward comes upon them."""
    nodes = _nodes(loss)
    leaves = list(dict.fromkeys(edge for node in nodes for edge in node.edges if isinstance(edge, Tensor)))
    gradients = _gradients(loss, gradient, [*nodes, *leaves])
    numbers = {node: i for i, node in enumerate(nodes, start=1)}
    known: dict[Any, Any] = {leaf: leaf for leaf in leaves}
    for node in nodes:
        known[node] = gradients[node] if gradients[node] is not None else node.out
    for node in nodes:  # where none arrives, the one that reads the result may have kept it
        for edge, arg in zip(node.edges, _arguments(node)):
            if isinstance(edge, Node) and known[edge] is None and hasattr(arg, "shape"):
                known[edge] = arg
    operations = []
    for node in nodes:
        inputs = [
            _constant(arg) if edge is None
            else Input(numbers[edge], None, _shape(known[edge])) if isinstance(edge, Node)
            else Input(None, edge, tuple(edge.shape))
            for edge, arg in zip(node.edges, _arguments(node))
        ]  # fmt: skip
        name = node.name().removesuffix("Backward")
        shape, dtype = _shape(known[node]), getattr(known[node], "dtype", None)
        operations.append(Operation(numbers[node], node, name, shape, dtype, inputs, gradients[node]))
    return operations, {leaf: gradients[leaf] for leaf in leaves}


def _nodes(loss: Tensor) -> list[Node]:
    """All nodes behind ``loss``, the newest first."""
    if not isinstance(loss, Tensor):
        raise TypeError(f"expected the tensor whose history is wanted, such as a loss, but got {type(loss).__name__}")
    if loss.grad_fn is None:
        if loss.requires_grad:
            why = "it is a leaf: it was made by hand, not computed. Ask about something computed from it"
        else:
            why = (
                "nothing it was computed from requires grad, or it was computed inside no_grad(), or detached. Call "
                "requires_grad_() on the inputs of interest before the computation"
            )
        raise RuntimeError(f"this tensor has no grad_fn, so no operations were recorded: {why}")
    seen, stack = {loss.grad_fn}, [loss.grad_fn]
    while stack:
        node = stack.pop()
        if node.args is None:
            raise RuntimeError(
                f"the graph behind this tensor was freed by backward() ({node.name()} has let go of what it had "
                f"saved): look at it before backward(), or call backward(retain_graph=True)"
            )
        for edge in node.edges:
            if isinstance(edge, Node) and edge not in seen:
                seen.add(edge)
                stack.append(edge)
    return sorted(seen, key=lambda node: -node.order)


def _gradients(loss: Tensor, gradient: Any, edges: list[Any]) -> dict[Any, Tensor | None]:
    """The gradient that arrives at each node and leaf. Hooks are called, as by any backward."""
    asked = [edge for edge in edges if isinstance(edge, Node) or edge.requires_grad]
    if gradient is None:
        gradient = np.ones(loss.shape, loss.dtype)
    with fork_rng(), _nothing_retained([edge for edge in edges if isinstance(edge, Node)]):
        found = grad(
            loss, [_handle(edge) for edge in asked], _as_tensor(gradient), retain_graph=True, allow_unused=True
        )
    gradients: dict[Any, Tensor | None] = dict.fromkeys(edges)
    for edge, g in zip(asked, found, strict=True):
        if g is not None and g.dtype != object:  # else it is one for each result of a Function
            gradients[edge] = g
    return gradients


def _handle(edge: Any) -> Tensor:
    """A tensor that stands for the result of a node, to ask for its gradient."""
    if isinstance(edge, Tensor):
        return edge
    handle = new_tensor(np.empty(0, np.float32), True)
    handle._node = edge
    return handle


@contextmanager
def _nothing_retained(nodes: list[Node]) -> Iterator[None]:
    """Let no tensor that retains its gradient notice a pass."""
    kept = [(node, node.retained) for node in nodes if node.retained is not None]
    for node, _ in kept:
        node.retained = None
    try:
        yield
    finally:
        for node, retained in kept:
            node.retained = retained


def _as_tensor(gradient: Any) -> Tensor:
    return gradient.detach() if isinstance(gradient, Tensor) else new_tensor(np.asarray(gradient))


def _arguments(node: Node) -> list[Any]:
    """What was kept of each argument, None for the others."""
    args = list(node.args)
    return args + [None] * (len(node.edges) - len(args))


def _shape(thing: Any) -> Shape | None:
    return None if thing is None else tuple(thing.shape)


def _constant(arg: Any) -> Input:
    if isinstance(arg, int | float | complex) and not isinstance(arg, np.generic):
        return Input(shape=(), value=arg)
    return Input(shape=tuple(arg.shape) if hasattr(arg, "shape") else None)


def values(tensor: Tensor) -> Array:
    """The numbers of a tensor; a sparse one filled up with zeros."""
    return tensor._array.to_dense() if tensor.is_sparse else tensor._array
