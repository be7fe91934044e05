"""Backward: the tape is read from the newest node to the oldest.

Whatever uses a value was recorded after it, so when a node's turn comes, all parts of its gradient have arrived.
There is no recursion, so a graph may be of any depth.

Three things are done here once, for every row of the table: broadcasting is undone, complex numbers are treated as
pairs of reals, and a saved array that was changed in place since is reported."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from .modes import modes
from .sparse import COO
from .tape import RESULT, Like, Node
from .tensor import Tensor, new_tensor
from .watch import cleared, read

Edge = Node | Tensor  # where a gradient goes: to the node that made a tensor, or to a leaf


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradient of ``tensors`` to the ``grad`` of every leaf that they were computed from.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensors
        what to differentiate; scalars, unless ``grad_tensors`` says how to weigh their elements
    grad_tensors : Tensor or sequence of Tensors, optional
        the gradient of the final quantity by each of ``tensors``, of the same shape; default: 1 for a scalar
    retain_graph : bool, optional
        keep what was saved, for another backward; default: as ``create_graph``
    create_graph : bool
        record the backward pass itself, so that its results can be differentiated again
    inputs : Tensor or sequence of Tensors, optional
        add up gradients into these only

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> backward(x * x)
    >>> x.grad
    tensor(6.)
    """
    roots = _roots(tensors, grad_tensors)
    wanted = None if inputs is None else _listed(inputs)
    found = _run(roots, create_graph, create_graph if retain_graph is None else retain_graph, wanted)
    if wanted is None:
        return
    for tensor in wanted:
        g = found[_edge(tensor)]
        if g is not None:
            accumulate(tensor, g, owned=False)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of ``outputs`` by ``inputs``, as a tuple; nobody's ``.grad`` is touched.

    Parameters
    ----------
    outputs, grad_outputs, retain_graph, create_graph
        as in :func:`backward`
    inputs : Tensor or sequence of Tensors
        leaves or computed tensors
    allow_unused : bool, optional
        give None for an input on which the outputs do not depend, instead of an error
    materialize_grads : bool
        give zeros instead of None there

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> (first,) = grad(x**3, x, create_graph=True)
    >>> first, grad(first, x)[0]
    (tensor(27., grad_fn=<MulBackward>), tensor(18.))
    """
    wanted = _listed(inputs)
    for i, tensor in enumerate(wanted):
        if not tensor.requires_grad:
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad: input {i}, of shape {list(tensor.shape)}. "
                f"Call requires_grad_() on it before the computation"
            )
    found = _run(
        _roots(outputs, grad_outputs),
        create_graph,
        create_graph if retain_graph is None else retain_graph,
        wanted,
    )
    result: list[Tensor | None] = []
    for i, tensor in enumerate(wanted):
        g = found[_edge(tensor)]
        if g is None and materialize_grads:
            g = np.zeros_like(tensor._array)
        if g is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {i} appears to not have been used in the graph: no output depends "
                f"on it; its shape is {list(tensor.shape)}. Set allow_unused=True if this is the desired behavior."
            )
        result.append(g if g is None or isinstance(g, Tensor) else new_tensor(_copied(g)))
    return tuple(result)


def accumulate(tensor: Tensor, g: Any, owned: bool) -> None:
    """Add ``g`` to ``tensor.grad``; an array that nobody else holds (``owned``) is taken without a copy."""
    held = tensor._grad
    if held is None and owned:
        tensor._grad = new_tensor(g)
    elif isinstance(g, Tensor):  # part of a graph of its own
        tensor._grad = g if held is None else held + g
    elif held is None:
        tensor._grad = new_tensor(_copied(g))
    elif held.is_sparse or hasattr(g, "indices"):
        tensor._grad = new_tensor(held._array + g)
    else:
        _plus_into(held._array, g)
        held._version[0] += 1


def clear(tensor: Tensor, set_to_none: bool) -> None:
    """Forget ``tensor.grad``, or set it to zeros."""
    held = tensor._grad
    if held is not None:
        if set_to_none:
            tensor._grad = None
        elif held.is_sparse:
            sparse = held._array
            tensor._grad = new_tensor(COO(sparse.indices[:, :0], sparse.values[:0], sparse.shape))
        else:
            if held._requires_grad:
                tensor._grad = held = held.detach()
            held._array.fill(0)
            held._version[0] += 1
    cleared(tensor)


def _plus(a: Any, b: Any) -> Any:
    return a + b


def _plus_into(array: Any, g: Any) -> None:
    array += g


def _copied(g: Any) -> Any:
    return g.copy() if hasattr(g, "indices") else np.array(g)  # a sparse gradient stays sparse


# ---------------------------------------------------------------------------------------------- the pass


def _run(
    roots: Sequence[tuple[Edge, Any]], create_graph: bool, retain_graph: bool, inputs: Sequence[Tensor] | None
) -> dict[Edge, Any]:
    """Carry gradients from ``roots`` to the leaves' ``grad``; with ``inputs``, only find the gradients of these."""
    found: dict[Edge, Any] = {} if inputs is None else {_edge(tensor): None for tensor in inputs}
    useful = None if inputs is None else _between([root for root, _ in roots], found)
    pending: dict[Edge, Any] = {}  # what has arrived at an edge waits until all parts of the gradient are there
    owned: set[Edge] = set()  # where the pending gradient is an array that nobody else holds
    queue: list[tuple[int, Node]] = []  # a heap: the newest node first
    for root, g in roots:
        if root in pending:
            pending[root] = _plus(pending[root], g)
        else:
            pending[root] = g
            if isinstance(root, Node):
                heappush(queue, (-root.order, root))

    special = create_graph or useful is not None
    recording, modes.grad = modes.grad, create_graph
    try:
        while queue:
            node = heappop(queue)[1]
            g = pending.pop(node)
            if node.hooks is not None:
                g = _hooked(node.hooks, g)
            if node.retained is not None:
                _retain(node, g)
            if found and node in found:
                found[node] = g
            if node.args is None:
                raise _freed(node)
            for _, counter, version in node.stamps:
                if counter[0] != version:
                    raise _changed(node, version, counter[0])

            row, edges, kwargs = node.row, node.edges, node.kwargs
            rules, given = row.rules, (g, node.out, *node.args)
            if special or node.is_complex is not None or not row.by_argument:
                edges, rules, given, kwargs = _prepared(node, g, create_graph, useful)
            for edge, rule, shape in zip(edges, rules, node.shapes or _NOT_BROADCAST):
                if edge is None or rule is None:
                    continue
                part = rule(*given, **kwargs) if kwargs else rule(*given)
                if part is None:
                    continue
                if shape is not None and part.shape != shape:
                    part = unbroadcast(part, shape)
                if edge not in pending:
                    pending[edge] = part
                    if type(edge) is Node:
                        heappush(queue, (-edge.order, edge))
                    elif type(part) is np.ndarray and part is not g and part.base is None and row.joint is None:
                        owned.add(edge)
                elif edge in owned and type(part) is np.ndarray:
                    _plus_into(pending[edge], part)
                else:
                    pending[edge] = _plus(pending[edge], part)
                    if type(pending[edge]) is np.ndarray:
                        owned.add(edge)
            if node.stamps and not retain_graph:  # a node that saved nothing can go backward again
                node.args = node.kwargs = node.out = None

        for leaf, g in pending.items():  # no nodes are left
            hooks = leaf._hooks  # type: ignore[union-attr]
            if hooks is not None:
                g = _hooked(hooks, g)
                owned.discard(leaf)
            if inputs is None:
                accumulate(leaf, g, leaf in owned)  # type: ignore[arg-type]
                if hooks is not None:
                    for notify in leaf.__dict__.get("_after_accumulation", {}).values():
                        notify(leaf)
            elif leaf in found:
                found[leaf] = g
    finally:
        modes.grad = recording
    return found


_NOT_BROADCAST = itertools.repeat(None)  # in the place of the shapes of the arguments


def _freed(node: Node) -> RuntimeError:
    return RuntimeError(
        f"Trying to backward through the graph a second time ({node.name()}): the values it had saved were freed "
        f"after the first time. Compute the loss anew, detach() what is carried on from batch to batch (a hidden "
        f"state), or call the first backward with retain_graph=True."
    )


def _changed(node: Node, saved: int, now: int) -> RuntimeError:
    return RuntimeError(
        f"one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"{node.name()} saved it at version {saved}, and it is now at version {now}. Use the operation that makes a "
        f"new tensor (x = x + 1 for x += 1), or change a clone(). If optimizer.step() came between, compute the "
        f"forward pass again."
    )


def _prepared(node: Node, g: Any, create_graph: bool, useful: set[Edge] | None) -> tuple[Any, Any, Any, Any]:
    """The edges, the rules, what they are given and their keywords, where these are not simply what ``node`` holds."""
    row, args, kwargs, out, edges = node.row, node.args, node.kwargs, node.out, node.edges
    if create_graph:
        versions = {place: counter for place, counter, _ in node.stamps}
        args = [_recorded(arg, edge, versions.get(i)) for i, (arg, edge) in enumerate(zip(args, edges, strict=True))]
        out = _recorded(out, node, versions.get(RESULT))
        if row.fused:
            kwargs = {**kwargs, "saved": None}
    if useful is not None:
        edges = [edge if edge in useful else None for edge in edges]
    conjugate = node.is_complex is not None and row.holomorphic
    given: tuple[Any, ...] = (np.conjugate(g) if conjugate else g, out, *args)

    rules: Sequence[Any] = row.rules
    if row.joint is not None:  # all at once, and each edge takes its own
        given, kwargs = (row.joint([edge is not None for edge in edges], *given, **kwargs),), {}
        rules = [operator.itemgetter(i) for i in range(len(edges))]
    elif row.every is not None:
        rules = [functools.partial(row.every, i) for i in range(len(edges))]
    if node.is_complex is not None:
        rules = [
            rule and functools.partial(_as_pairs, rule, conjugate, is_complex)
            for rule, is_complex in zip(rules, node.is_complex)
        ]
    return edges, rules, given, kwargs


def _as_pairs(rule: Any, conjugate: bool, is_complex: bool, *given: Any, **kwargs: Any) -> Any:
    """What ``rule`` gives for an argument, with complex numbers treated as pairs of reals."""
    part = rule(*given, **kwargs)
    if part is not None and conjugate:
        part = np.conjugate(part)
    return np.real(part) if part is not None and not is_complex and part.dtype.kind == "c" else part


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the dimensions along which an argument of ``shape`` was repeated.

    >>> import numpy as np
    >>> unbroadcast(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    """
    extra = len(g.shape) - len(shape)
    repeated = [i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1]
    axes = (*range(extra), *repeated)
    return np.reshape(np.sum(g, axis=axes, keepdims=True), shape) if axes else g


def _recorded(saved: Any, edge: Edge | None, version: list[int] | None) -> Any:
    """A saved array as the Tensor it was, so that a rule which reads it is recorded in its turn."""
    if edge is None or saved is None or type(saved) is Like:
        return saved
    if isinstance(edge, Tensor):
        return edge
    tensor = new_tensor(saved, True)
    tensor._node = edge
    if version is not None:
        tensor._version = version  # a change in place is noticed by the second backward too
    return tensor


def _between(roots: Iterable[Edge], targets: Iterable[Edge]) -> set[Edge]:
    """``targets``, and the nodes on the way from ``roots`` to them: the only ones worth visiting."""
    seen: set[Node] = set()
    stack = [edge for edge in roots if isinstance(edge, Node)]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(edge for edge in node.edges if isinstance(edge, Node))
    useful = set(targets)
    for node in sorted(seen, key=lambda node: node.order):  # the oldest first: its edges are decided
        if any(edge in useful for edge in node.edges if edge is not None):
            useful.add(node)
    return useful


def _edge(tensor: Tensor) -> Edge:
    return tensor.grad_fn or tensor


def _listed(tensors: Tensor | Sequence[Tensor]) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _roots(tensors: Tensor | Sequence[Tensor], grads: Any) -> list[tuple[Edge, Any]]:
    """Where backward starts, with what gradient."""
    if isinstance(tensors, Tensor):
        if isinstance(grads, list | tuple) and len(grads) == 1:
            grads = grads[0]
        return [_root(tensors, grads, 0)]
    if grads is None:
        grads = [None] * len(tensors)
    elif isinstance(grads, Tensor) or not hasattr(grads, "__len__"):
        grads = [grads]
    if len(grads) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(grads)} gradients: give one for each")
    return [_root(tensor, g, i) for i, (tensor, g) in enumerate(zip(tensors, grads, strict=True))]


def _root(tensor: Tensor, g: Any, i: int) -> tuple[Edge, Any]:
    edge, array = tensor.grad_fn or tensor, tensor._array
    if not tensor._requires_grad:
        raise RuntimeError(
            f"element {i} of tensors does not require grad and does not have a grad_fn: nothing it was computed "
            f"from has requires_grad=True, or it was computed inside no_grad(). On the way from the parameters look "
            f"for detach(), .data, item(), argmax(), comparisons, and torch.tensor(...) of a result; a gradient has a "
            f"history only with create_graph=True"
        )
    if g is None:
        if array.size != 1:
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs, and this one has shape {list(array.shape)}: "
                f"reduce it first, as in loss.mean(), or pass the gradient, of the same shape"
            )
        return edge, _one(array.shape, array.dtype)
    if tuple(g.shape) != array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {list(g.shape)} and output[{i}] has a shape of "
            f"{list(array.shape)}: they must be equal"
        )
    if not isinstance(g, Tensor):
        return edge, np.asarray(g, dtype=array.dtype)
    return edge, g if g.requires_grad else g._array.astype(array.dtype, copy=False)


@functools.lru_cache(maxsize=16)
def _one(shape: tuple[int, ...], dtype: Any) -> Any:
    """Where most passes start, made once."""
    one = np.ones(shape, dtype)
    one.flags.writeable = False
    return one


def _hooked(hooks: Any, g: Any) -> Any:
    """``g`` as the hooks leave it: each sees a Tensor, and may return another in its place."""
    read("calling a hook with a gradient")
    for hook in list(hooks.values()):
        given = g if isinstance(g, Tensor) else new_tensor(g if hasattr(g, "indices") else np.asarray(g))
        changed = hook(given)
        if changed is not None:
            g = changed if modes.grad else changed._array
    return g


def _retain(node: Node, g: Any) -> None:
    for reference in node.retained:
        tensor = reference()
        if tensor is not None and tensor._node is node:
            tensor._grad = g if isinstance(g, Tensor) else new_tensor(_copied(g))
