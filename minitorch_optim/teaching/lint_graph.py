"""Rules about the graph behind a loss: read off the tape at the moment when backward is called.

Each rule takes the record of that call and names, a function that knows what to call a tensor, and yields pairs: what
was seen, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..autograd.tape import RESULT, Node
from ..autograd.tensor import Tensor
from ..nn.functional.reduction import maker
from .lint_run import Backward
from .lint_words import Names, Seen

# Operations of which a loss made by hand from a difference consists.
OF_A_LOSS = frozenset(("Mean", "Sum", "Mul", "Div", "Pow", "Square", "Abs", "Sqrt", "Neg", "Where", "Clamp", "View"))


def scores(record: Backward, names: Names) -> Seen:
    """What comes before a loss that does its own softmax or sigmoid."""
    for loss, node in _feeding(record, ("CrossEntropy", "LogSoftmax", "LogisticNll")):
        if loss.row.name == "LogisticNll":
            name, own = "binary_cross_entropy_with_logits", "the sigmoid"
        else:
            name, own = "cross_entropy" if loss.row.name == "CrossEntropy" else "log_softmax", "the softmax"
        before = node.row.name
        if before in ("Softmax", "Sigmoid"):
            yield (
                f"the output of {before.lower()} goes into {name}, which does {own} itself",
                f"leave out the {before.lower()} before the loss: it takes raw scores (logits). Twice, it makes the "
                f"gradients small and training slow",
            )
        elif before == "LogSoftmax" and loss.row.name != "LogisticNll":
            yield (
                f"the output of log_softmax goes into {name}, which does the same again",
                "use nll_loss after log_softmax, or cross_entropy on the raw scores: the numbers are the same, the "
                "second time is for nothing",
            )
        elif before == "Relu":
            yield (
                f"the output of relu goes into {name}: no score can be negative",
                "leave out the relu after the last layer",
            )


def probabilities(record: Backward, names: Names) -> Seen:
    """What comes before nll_loss, which wants logarithms of probabilities."""
    for _, node in _feeding(record, ("PickClass",)):
        if node.row.name in ("Softmax", "Sigmoid", "Linear", "Relu", "Add", "Convolution", "Mm"):
            name = node.row.name
            what = f"the output of {name.lower()}" if name in ("Softmax", "Sigmoid") else "raw scores"
            yield (
                f"{what} went into nll_loss, which takes logarithms of probabilities",
                "put log_softmax(scores, dim=1) before it, or use cross_entropy on the raw scores",
            )
        elif node.row.name == "LogSoftmax" and _axis_of(node) == 0 and np.ndim(node.out) == 2:
            yield (
                "log_softmax before nll_loss went along dimension 0, the samples: each class sums to 1 over the batch",
                "take it along the classes, log_softmax(scores, dim=1), or use cross_entropy on the raw scores",
            )


def target_range(record: Backward, names: Names) -> Seen:
    """Targets that are no probabilities."""
    for node in record.nodes:
        target = node.args[1] if node.row.name == "LogisticNll" and node.args else None
        if isinstance(target, np.ndarray) and target.size and not (target.min() >= 0 and target.max() <= 1):
            yield (
                f"the targets of binary_cross_entropy_with_logits go from {target.min():g} to {target.max():g}",
                "they are probabilities, from 0 to 1: for classes -1 and 1 use (target + 1) / 2",
            )


def _axis_of(node: Node) -> int:
    """The dimension that a softmax goes along, counted from the first."""
    axis = (*(node.args or ()), None, None)[1] if not node.kwargs else node.kwargs.get("axis")
    return (axis if isinstance(axis, int) else -1) % max(np.ndim(node.out), 1)


def single_column(record: Backward, names: Names) -> Seen:
    """A softmax over one number, which is always 1."""
    for node in record.nodes:
        if node.row.name in ("Softmax", "LogSoftmax") and isinstance(node.out, np.ndarray):
            if node.out.ndim and node.out.shape[_axis_of(node)] == 1:
                yield (
                    f"a softmax over a dimension of length 1, of shape {list(node.out.shape)}: its result is always 1",
                    "use sigmoid for two classes with one score (with binary_cross_entropy_with_logits on the raw "
                    "score), or give the last layer one output for each class",
                )
        elif node.row.name == "CrossEntropy" and node.kwargs and node.kwargs["saved"].shape[1] == 1:
            yield (
                "cross_entropy of a single score for each sample: there is one class only, so the loss is always 0",
                "use binary_cross_entropy_with_logits for two classes with one score, or give the last layer one "
                "output for each class",
            )


def broadcast(record: Backward, names: Names) -> Seen:
    """A difference of prediction and target that was stretched to a table of all pairs."""
    stack: list[Any] = [record.loss.grad_fn]
    seen = set()
    while stack:
        node = stack.pop()
        if not isinstance(node, Node) or node in seen:
            continue
        seen.add(node)
        name = node.row.name
        if name in ("MseLoss", "L1Loss", "HuberLoss"):
            stack += [edge for edge in node.edges if isinstance(edge, Node) and edge.row.name == "Expand"]
        elif name == "Expand" and node.args:
            yield from _all_pairs([list(node.args[0].shape)], list(node.args[1]))
        elif name == "Sub" and node.shapes is not None:
            shapes = [list(shape) for shape in node.shapes]
            yield from _all_pairs(shapes, list(np.broadcast_shapes(*node.shapes)))
        elif name in OF_A_LOSS:
            stack += [edge for edge in node.edges if edge is not None]


def _all_pairs(shapes: list[list[int]], result: list[int]) -> Seen:
    columns = [shape for shape in shapes if len(shape) >= 2 and shape[-1] == 1 and len(result) == len(shape)]
    vectors = [shape for shape in shapes if len(shape) == len(result) - 1]
    if result and result[-1] > 1 and (columns or vectors) and len(result) >= 2 and len(shapes) <= 2:
        if len(shapes) == 2 and not (columns and vectors):
            return
        yield (
            f"in the loss, shape{'s' * (len(shapes) - 1)} {' and '.join(map(str, shapes))} "
            f"{'were' if len(shapes) > 1 else 'was'} broadcast to {result}: every prediction is compared "
            f"with every target",
            "bring both to the same shape first: prediction.squeeze(1), or target.unsqueeze(1)",
        )


def not_finite(record: Backward, names: Names) -> Seen:
    """NaN or infinity: the first operation that has it."""
    loss = record.loss._array
    if np.isfinite(loss).all():
        return
    seen = f"the loss is {np.ravel(loss)[~np.isfinite(np.ravel(loss))][0]}"
    for node in record.nodes:
        found = _first_not_finite(node, record, names)
        if found:
            seen += f": {found}"
            break
    else:
        seen += f": it became so in {record.nodes[-1].name()}" if record.nodes else ""
    yield seen, "look at the data for NaN, at logarithms and divisions by 0, and at the learning rate"


def _first_not_finite(node: Node, record: Backward, names: Names) -> str:
    for arg, edge in zip(node.args or (), node.edges, strict=False):
        if isinstance(arg, np.ndarray) and arg.dtype.kind in "fc" and not np.isfinite(arg).all():
            if edge is None:
                shape = list(arg.shape)
                return f"a constant of shape {shape} that goes into {node.name()}, such as the data, is not finite"
            if isinstance(edge, Node) and edge.edges and any(edge.edges[0] is x for x in record.inputs):
                return f"the input of the model, of shape {list(arg.shape)}, is not finite"
            if isinstance(edge, Tensor):
                return f"{names(edge)} is not finite where it goes into {node.name()}"
            return f"the first result that is not finite is that of {edge.name()}, of shape {list(arg.shape)}"
    kept = node.out if any(place == RESULT for place, *_ in node.stamps) else _again(node)
    if isinstance(kept, np.ndarray) and kept.dtype.kind in "fc" and not np.isfinite(kept).all():
        return f"the first result that is not finite is that of {node.name()}, of shape {list(kept.shape)}"
    return ""


def _again(node: Node) -> Any:
    """The result of an elementwise operation that kept its arguments only."""
    if not node.row.elementwise or any(arg is None for arg in node.args or (None,)):
        return None
    with np.errstate(all="ignore"):
        return node.row.call(*node.args, **(node.kwargs or {})) if not node.row.linear else None


def dead_units(record: Backward, names: Names) -> Seen:
    """ReLUs that are 0 for the whole batch."""
    for i, node in enumerate(n for n in record.nodes if n.row.name == "Relu"):
        out = node.out
        if not isinstance(out, np.ndarray) or out.ndim < 2 or out.shape[0] < 8:
            continue
        axis = 2 if out.ndim == 3 else 1
        units = out.shape[axis]
        dead = units - int(np.count_nonzero(np.moveaxis(out, axis, 0).reshape(units, -1).any(axis=1)))
        if dead > units / 2:
            yield (
                f"relu number {i + 1}: {dead} of {units} units are 0 for the whole batch of {out.shape[0]}, so they "
                f"pass no gradient back",
                "try a smaller learning rate, other initial weights (nn.init.kaiming_normal_, biases 0), inputs of "
                "mean 0 and deviation 1, or LeakyReLU",
            )


def _feeding(record: Backward, names: Iterable[str]) -> Iterator[tuple[Node, Node]]:
    """Each operation of one of these names, and the one that computed its first argument, whatever its form."""
    for node in record.nodes:
        if node.row.name in names:
            before = maker(node.edges[0])
            if before is not None:
                yield node, before


GRAPH_RULES: dict[str, Callable[[Backward, Names], Seen]] = {
    "scores before the loss": scores,
    "log-probabilities before the loss": probabilities,
    "targets of the loss": target_range,
    "softmax of one number": single_column,
    "broadcast in the loss": broadcast,
    "NaN in the loss": not_finite,
    "dead ReLUs": dead_units,
}
