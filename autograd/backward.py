"""Backward: the tape is read from the newest node to the oldest.

Whatever uses a value was recorded after it, so when a node's turn comes, all parts of its gradient have arrived.
There is no recursion, so a graph may be of any depth.

Three things are done here once, for every row of the table: broadcasting is undone, complex numbers are treated as
pairs of reals, and a saved array that was changed in place since is reported. """

from __future__ import annotations

import functools
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
    pending: dict[Edge, Any] = {}
    owned: set[Edge] = set()  # where the pending gradient is an array that nobody else holds
    queue: list[tuple[int, Node]] = []  # a heap: the newest node first
    found: dict[Edge, Any] = {} if inputs is None else {_edge(tensor): None for tensor in inputs}
    useful = None if inputs is None else _between([edge for edge, _ in roots], found)

    parts, passed_on, own = roots, None, False
    recording, modes.grad = modes.grad, create_graph
    try:
        while True:
            for edge, part in parts:  # each waits at its edge until all of them have arrived
                held = pending.get(edge)
                if held is None:
                    pending[edge] = part
                    if type(edge) is Node:
                        heappush(queue, (-edge.order, edge))
                    elif own and part is not passed_on and type(part) is np.ndarray and part.base is None:
                        owned.add(edge)
                elif edge in owned and type(part) is np.ndarray:
                    _plus_into(held, part)
                else:
                    pending[edge] = held = _plus(held, part)
                    if type(held) is np.ndarray:
                        owned.add(edge)
            if not queue:
                break
            node = heappop(queue)[1]
            passed_on = pending.pop(node)
            owned.discard(node)
            if node.hooks is not None:
                passed_on = _hooked(node.hooks, passed_on)
            if node.retained is not None:
                _retain(node, passed_on)
            if found and node in found:
                found[node] = passed_on
            parts, own = _parts(node, passed_on, create_graph, useful), node.row.joint is None
            if not retain_graph:
                node.free()

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


def _parts(node: Node, g: Any, create_graph: bool, useful: set[Edge] | None) -> list[tuple[Edge, Any]]:
    """What ``node`` passes on, each with its edge. A rule is asked only where a gradient is wanted."""
    if node.args is None:
        raise RuntimeError(
            f"Trying to backward through the graph a second time ({node.name()}): the values it had saved were freed "
            f"after the first time. Compute the loss anew, detach() what is carried on from batch to batch (a hidden "
            f"state), or call the first backward with retain_graph=True."
        )
    for _, counter, value in node.stamps:
        if counter[0] != value:
            raise RuntimeError(
                f"one of the variables needed for gradient computation has been modified by an inplace operation: "
                f"{node.name()} saved it at version {value}, and it is now at version {counter[0]}. Use the "
                f"operation that makes a new tensor (x = x + 1 for x += 1), or change a clone(). If optimizer.step() "
                f"came between, compute the forward pass again."
            )
    result: list[tuple[Edge, Any]] = []
    if node.plain and not create_graph and useful is None:  # the short way, for most
        given, kwargs = (g, node.out, *node.args), node.kwargs
        for edge, rule in zip(node.edges, node.row.rules):
            if edge is not None and rule is not None:
                result.append((edge, rule(*given, **kwargs) if kwargs else rule(*given)))
        return result

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
    if conjugate:
        g = np.conjugate(g)
    joint, every, rules = None, row.every, row.rules
    if row.joint is not None:
        joint = row.joint([edge is not None for edge in edges], g, out, *args, **kwargs)
    for i, edge in enumerate(edges):
        if edge is None:
            continue
        if joint is not None:
            part = joint[i]
        elif every is not None:
            part = every(i, g, out, *args, **kwargs)
        else:
            rule = rules[i] if i < len(rules) else None
            part = None if rule is None else rule(g, out, *args, **kwargs)
        if part is None:
            continue
        if node.shapes is not None and part.shape != node.shapes[i]:
            part = unbroadcast(part, node.shapes[i])
        if conjugate:
            part = np.conjugate(part)
        if node.is_complex is not None and not node.is_complex[i] and part.dtype.kind == "c":
            part = np.real(part)
        result.append((edge, part))
    return result


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
    edge, array = _edge(tensor), tensor._array
    if not tensor._requires_grad:
        raise RuntimeError(
            f"element {i} of tensors does not require grad and does not have a grad_fn: nothing it was computed "
            f"from has requires_grad=True, or it was computed inside no_grad()"
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
