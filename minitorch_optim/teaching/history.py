"""``tape``: what was recorded behind a tensor, as a table that follows the chain rule line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from ..autograd import Tensor
from . import text
from .names import named
from .recorded import Input, Operation, Shape, values, with_gradients

__all__ = ["Row", "Tape", "tape"]


@dataclass(frozen=True, eq=False)
class Row:
    """One line of the table: an operation, or one of the leaves it ends in.

    Attributes
    ----------
    number : int or None
        the place of an operation in the order of backward, from 1; None for a leaf
    name : str
        of the operation, such as ``Mul``; of the leaf
    shape, dtype : tuple of int, numpy.dtype; or None where the tape does not know
        of the result, or of the leaf
    arguments : tuple of str
        what the operation was applied to: ``#3 (5, 8)`` is the result of operation 3
    gradient : Tensor or None
        of the tensor that was asked about, by this result or leaf; None where none arrives
    result : str
        the name of the result, if it was given one
    """

    number: int | None
    name: str
    shape: Shape | None
    dtype: Any
    arguments: tuple[str, ...]
    gradient: Tensor | None = field(repr=False)
    result: str = ""


class Tape(Sequence[Row]):
    """The recorded operations as a sequence of :class:`Row`, and as a table when printed. See :func:`tape`.

    Attributes
    ----------
    rows : list of Row
        the operations, in the order in which backward takes them
    leaves : list of Row
        the tensors that require grad and were not computed; their gradients are what backward adds to ``grad``
    """

    def __init__(self, rows: list[Row], leaves: list[Row], about: str) -> None:
        self.rows, self.leaves, self.about = rows, leaves, about

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return self.rows[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __repr__(self) -> str:
        dtypes = {row.dtype for row in (*self.rows, *self.leaves) if row.dtype is not None}
        one = f" All are {next(iter(dtypes))}." if len(dtypes) == 1 else ""
        cells = [["#", "operation", "result", "gradient", "arguments"]]
        cells += [self._cells(row, ", ".join(map(text.unbroken, row.arguments)) or "-", not one) for row in self.rows]
        cells += [self._cells(row, "leaf", not one) for row in self.leaves]
        return "\n".join([*text.wrapped(self.about + one, ""), *text.table(cells)])

    @staticmethod
    def _cells(row: Row, arguments: str, with_dtype: bool) -> list[str]:
        name = f"{row.name} = {row.result}" if row.result else row.name
        number = "" if row.number is None else f"{row.number}"
        dtype = f" {row.dtype}" if with_dtype and row.dtype is not None else ""
        return [number, text.short(name), text.shape(row.shape) + dtype, _gradient(row.gradient), arguments]


def tape(loss: Tensor, params: Any = None, gradient: Any = None) -> Tape:
    """What was recorded behind ``loss``, in the order in which backward takes it, with the gradient at each step.

    A row says which operation it was, the shape of its result, what it was applied to, and the gradient of ``loss`` by
    its result. Backward takes the rows from the top: from the gradient in a row it computes the gradients of that row's
    arguments. Where a result was used more than once, their sum arrives. Nothing changes: the graph can still go
    backward, and nobody's ``grad`` is touched. Hooks on tensors are called, as by any backward.

    Parameters
    ----------
    loss : Tensor
        of any shape, computed from something that requires grad; not yet freed by ``backward()``
    params : Module or dict, optional
        names for leaves (and computed tensors, if you like): a model, or a dict from names to tensors such as
        ``locals()``, in which everything else is left out
    gradient : Tensor or array, optional
        what arrives at ``loss`` itself (default: ones, which makes it the gradient of ``loss.sum()``)

    Returns
    -------
    Tape
        a sequence of rows; ``print`` it for the table

    Raises
    ------
    RuntimeError
        if ``loss`` has no ``grad_fn`` or its graph was freed; the message says why

    >>> from minitorch_optim.autograd import tensor
    >>> w = tensor([1.0, 2.0], requires_grad=True)
    >>> loss = ((3 * w - 5) ** 2).sum()
    >>> print(tape(loss, {"w": w}))
    Backward from a tensor of shape (): each line has the gradient by its result. All are float32.
    #  operation  result  gradient  arguments
    1  Sum        ()      1         #2 (2,)
    2  Square     (2,)    [1, 1]    #3 (2,)
    3  Sub        (2,)    [-4, 2]   #4 (2,), constant
    4  Mul        (2,)    [-4, 2]   3, w (2,)
       w          (2,)    [-12, 6]  leaf
    >>> tape(loss)[2].gradient
    tensor([-4.,  2.])
    """
    operations, gradients = with_gradients(loss, gradient)
    names, of_nodes = names_of(params)
    for i, leaf in enumerate(gradients, start=1):
        names.setdefault(id(leaf), f"leaf {i}")
    rows = [_row(operation, names, of_nodes.get(id(operation.node), "")) for operation in operations]
    leaves = [Row(None, names[id(leaf)], tuple(leaf.shape), leaf.dtype, (), g) for leaf, g in gradients.items()]
    what = "the sum of a tensor" if gradient is None and loss.numel() != 1 else "a tensor"
    about = f"Backward from {what} of shape {text.shape(loss.shape)}: each line has the gradient by its result."
    return Tape(rows, leaves, about)


def names_of(params: Any) -> tuple[dict[int, str], dict[int, str]]:
    """The names of leaves, and of nodes that made a named tensor, by identity."""
    leaves: dict[int, str] = {}
    nodes: dict[int, str] = {}
    for name, tensor in named(params).items():
        made_by = tensor.grad_fn
        (leaves if made_by is None else nodes).setdefault(id(tensor if made_by is None else made_by), name)
    return leaves, nodes


def _row(operation: Operation, names: dict[int, str], result: str) -> Row:
    arguments = tuple(_argument(i, names) for i in operation.inputs)
    return Row(
        operation.number, operation.name, operation.shape, operation.dtype, arguments, operation.gradient, result
    )


def _argument(given: Input, names: dict[int, str]) -> str:
    if given.value is not None:
        return text.number(given.value)
    name = "constant"
    if given.number is not None:
        name = f"#{given.number}"
    elif given.leaf is not None:
        name = text.short(names[id(given.leaf)])
    return name if given.shape is None else f"{name} {text.shape(given.shape)}"


def _gradient(gradient: Tensor | None) -> str:
    if gradient is None:
        return "none arrives"
    array = values(gradient)
    written = text.array(array) if array.size <= 3 else ""
    return written if 0 < len(written) <= text.NAME else f"norm {text.number(text.norm(array))}"
