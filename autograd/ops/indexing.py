"""Square brackets, and their relatives by name: picking elements out, putting them in.

``x[...]`` made of whole numbers, slices, None and Ellipsis is a view: it shares the memory. An index that is a tensor,
an array or a list picks elements one by one and makes a copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import indexing as primitives
from ..derivatives.indexing import is_basic
from ..derivatives.shapes import replaced
from ..dtypes import is_differentiable
from ..inplace import copied, overwrite
from ..modes import modes
from ..tape import apply
from ..tensor import Tensor, array_of
from ..watch import beside, into
from .creation import tensor, zeros  # noqa: F401  for the examples
from .dims import axis_of
from .naming import op
from .shapes import reshape

__all__ = [
    "gather", "index_add", "index_copy", "index_fill", "index_select", "masked_select", "narrow", "scatter",
    "scatter_add", "select", "take", "take_along_dim",
]  # fmt: skip

# -- square brackets


def plain_index(index: Any, keep: bool) -> Any:
    """``index`` in NumPy's terms: Tensors and lists become arrays; ``keep``: copies, which nobody will change."""
    if isinstance(index, tuple):
        return tuple([_plain(part, keep) for part in index])
    return _plain(index, keep)


def _plain(part: Any, keep: bool) -> Any:
    if part is None or part is Ellipsis or isinstance(part, slice | int):
        return part if type(part) is not slice else _plain_slice(part)
    if isinstance(part, Tensor):
        array = part._array
        if array.dtype.kind not in "iub":
            raise IndexError(f"tensors used as indices must be long, int, byte or bool tensors, got {array.dtype}")
        if array.dtype == np.uint8:  # a mask, from the days before bool tensors
            return copied(array, bool)
        if not array.ndim and array.dtype.kind != "b":
            return int(array)
        return copied(array) if keep else array
    if isinstance(part, list | tuple | range):
        found = np.asarray([array_of(p) for p in part])
        return found if found.size else found.astype(np.int64)
    if isinstance(part, np.ndarray):
        return int(part) if not part.ndim and part.dtype.kind in "iu" else part.copy() if keep else part
    return part


def _plain_slice(part: slice) -> slice:
    if isinstance(part.start, Tensor) or isinstance(part.stop, Tensor) or isinstance(part.step, Tensor):
        return slice(*[int(array_of(n)) if n is not None else None for n in (part.start, part.stop, part.step)])
    return part


def _as_view(index: Any) -> Any:
    """A basic index with an Ellipsis: then NumPy gives a view where it would have given a number."""
    if not isinstance(index, tuple):
        return index if isinstance(index, slice) or index is Ellipsis else (index, Ellipsis)
    return index if Ellipsis in index else (*index, Ellipsis)


@op
def __getitem__(input: Tensor, index: Any) -> Tensor:
    """The elements at ``index``: a view, or a copy where the index holds tensors, arrays or lists.

    >>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x[0], x[:, 1], x[x > 1], x[..., None].shape
    (tensor([1., 2.]), tensor([2., 4.]), tensor([2., 3., 4.]), torch.Size([2, 2, 1]))
    """
    index = plain_index(index, modes.grad and input.requires_grad)
    if is_basic(index):
        index = _as_view(index)
    try:
        return apply(primitives.getitem, input, index)
    except IndexError as error:
        raise IndexError(_in_torch_words(str(error), input)) from None


def _in_torch_words(message: str, input: Tensor) -> str:
    shape = list(input.shape)
    if message.startswith("too many indices"):
        if not shape:
            return (
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number"
            )
        return f"too many indices for tensor of dimension {len(shape)}: its shape is {shape}"
    return f"{message.replace(' axis ', ' dimension ')}: the tensor has shape {shape}"


def _assign(array: Any, index: Any, value: Any) -> None:
    array[index] = value


@op
def __setitem__(input: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``: the value, in the dtype of the tensor, broadcast to the elements at ``index``.

    Raises
    ------
    RuntimeError
        if the tensor is a leaf that requires grad, and recording is on; if the value does not fit

    >>> x = zeros(2, 2)
    >>> x[:, 0] = tensor([1.0, 2.0])
    >>> x
    tensor([[1., 0.],
            [2., 0.]])
    """
    recording = modes.grad and (input.requires_grad or (isinstance(value, Tensor) and value.requires_grad))
    recording = recording and is_differentiable(input.dtype)
    index = plain_index(index, recording)
    if not isinstance(value, Tensor | bool | int | float | complex):
        value = np.asarray(value)
    try:
        if not recording:
            into(input._array, _assign, index, array_of(value))
            input._version[0] += 1
        elif is_basic(index):
            place = apply(primitives.getitem, input, _as_view(index))
            if isinstance(value, Tensor) and value.ndim > place.ndim:  # by leading dimensions of length 1
                value = reshape(value, value.shape[value.ndim - place.ndim :])
            overwrite(place, apply(replaced, place, value), "x[index] = value")
        else:
            overwrite(input, apply(primitives.assign, input, value, index), "x[index] = value")
    except IndexError as error:
        raise IndexError(_in_torch_words(str(error), input)) from None
    except ValueError:
        raise _no_fit(input, index, value) from None


def _no_fit(input: Tensor, index: Any, value: Any) -> RuntimeError:
    if not input._array.flags.writeable:
        return RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location "
            "(it was made by expand()), or its memory is read-only. Please clone() the tensor before performing the "
            "operation."
        )
    return RuntimeError(
        f"shape mismatch: value tensor of shape {list(np.shape(array_of(value)))} cannot be broadcast to indexing "
        f"result of shape {list(input._array[index].shape)}"
    )


# -- whole rows, columns ...


@op
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """``x[:, ..., index]`` with the index at dimension ``dim``: a view."""
    return __getitem__(input, (*(slice(None),) * axis_of(dim, input.ndim), index))


@op
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """``length`` elements from ``start`` along ``dim``: a view."""
    return __getitem__(input, (*(slice(None),) * axis_of(dim, input.ndim), slice(start, start + length)))


def _rows(input: Tensor, dim: int, index: Any, name: str) -> tuple[Any, ...]:
    """The index of the places ``index``, a vector, along ``dim``."""
    places = array_of(index)
    if places.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, got shape {list(places.shape)}")
    return (*(slice(None),) * axis_of(dim, input.ndim), np.array(places.reshape(-1)))


@op
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The elements at the places ``index``, a vector, along ``dim``.

    >>> index_select(tensor([[1, 2, 3], [4, 5, 6]]), 1, tensor([2, 0]))
    tensor([[3, 1],
            [6, 4]])
    """
    return __getitem__(input, _rows(input, dim, index, "index_select"))


@op(inplace=True)
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """``input`` with ``alpha * source`` added at the places ``index`` along ``dim``; repeated places add up.

    >>> index_add(zeros(3), 0, tensor([0, 2, 2]), tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 5.])
    """
    rows = _rows(input, dim, index, "index_add")
    part = source if alpha == 1 else source * alpha
    return apply(np.add, input, apply(primitives.putitem, part, rows, tuple(input.shape)))


@op(inplace=True)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """``input`` with ``value``, one number, at the places ``index`` along ``dim``."""
    return apply(primitives.assign, input, value, _rows(input, dim, index, "index_fill"))


@op(inplace=True)
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """``input`` with ``source`` at the places ``index`` along ``dim``."""
    return apply(primitives.assign, input, source, _rows(input, dim, index, "index_copy"))


@op
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at the places ``index`` of the flattened tensor, in the shape of ``index``."""
    return __getitem__(input.reshape(-1), index)


@op
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where ``mask``, a bool tensor that broadcasts with ``input``, is true: a vector.

    >>> x = tensor([1.0, 2.0, 3.0])
    >>> masked_select(x, x > 1)
    tensor([2., 3.])
    """
    if mask.dtype.kind != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}")
    shape = np.broadcast_shapes(input.shape, mask.shape)
    return __getitem__(input.expand(shape), mask.expand(shape))


# -- one place for each element


def _places(input: Tensor, dim: int, index: Any, name: str, over: Any = None) -> tuple[Any, int]:
    """``index`` and the axis, checked: no longer than ``input`` along the others, nor than ``over``."""
    places, axis = array_of(index), axis_of(dim, input.ndim)
    if places.dtype.kind not in "iu":
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index, got {places.dtype}")
    shape = input.shape or (1,)
    if not places.ndim:
        places = places.reshape(1)
    if len(shape) != places.ndim:
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as input tensor: {name}() got index of shape "
            f"{list(places.shape)} and input of shape {list(input.shape)}"
        )
    for d, n in enumerate(places.shape):
        if d != axis and n > shape[d]:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(places.shape)} to be no larger than self "
                f"{list(shape)} apart from dimension {axis}"
            )
    if over is not None and (len(over.shape) != places.ndim or any(n > m for n, m in zip(places.shape, over.shape))):
        raise RuntimeError(
            f"Expected index {list(places.shape)} to be no larger than src {list(over.shape)} in {name}()"
        )
    return _copied_within(places, shape[axis], axis, name), axis


@beside
def _copied_within(places: Any, size: int, axis: int, name: str) -> Any:
    if places.size and not (0 <= places.min() and places.max() < size):
        worst = places.max() if places.max() >= size else places.min()
        raise RuntimeError(f"index {worst} is out of bounds for dimension {axis} with size {size} in {name}()")
    return np.array(places)


@op
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """At each place of ``index`` the element of ``input`` in the same place, but at ``index`` along ``dim``.

    For ``dim=1``: ``out[i][j] = input[i][index[i][j]]``.

    >>> gather(tensor([[1.0, 2.0], [3.0, 4.0]]), 1, tensor([[1], [0]]))
    tensor([[2.],
            [3.]])
    """
    places, axis = _places(input, dim, index, "gather")
    return reshape(apply(primitives.gather, input if input.ndim else reshape(input, 1), places, axis), index.shape)


@op
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """:func:`gather` with broadcasting: what :func:`argsort` or :func:`argmax` with ``keepdim=True`` gave, picked out.

    >>> x = tensor([[3.0, 1.0], [2.0, 4.0]])
    >>> take_along_dim(x, x.argmax(1, keepdim=True), dim=1)
    tensor([[3.],
            [4.]])
    """
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    axis = axis_of(dim, input.ndim)
    shape = np.broadcast_shapes(
        input.shape[:axis] + (1,) + input.shape[axis + 1 :], indices.shape[:axis] + (1,) + indices.shape[axis + 1 :]
    )
    return gather(
        input.expand(*shape[:axis], -1, *shape[axis + 1 :]), axis, indices.expand(*shape[:axis], -1, *shape[axis + 1 :])
    )


def _source(input: Tensor, src: Any, value: Any, name: str) -> Any:
    src = value if src is None else src
    if src is None:
        raise TypeError(f"{name}() needs a source: src, a tensor, or value, a number")
    if isinstance(src, Tensor) and src.dtype != input.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}")
    return src


@op(inplace=True)
def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None) -> Tensor:
    """``input`` with the elements of ``src``, or one number, put where :func:`gather` would read.

    >>> zeros(2, 3).scatter_(1, tensor([[2], [0]]), 1.0)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    src = _source(input, src, value, "scatter")
    places, axis = _places(input, dim, index, "scatter", src if isinstance(src, Tensor) else None)
    if isinstance(src, Tensor):
        src = __getitem__(src, primitives.corner(places.shape))
    return apply(primitives.assign, input, src, primitives.along(places, axis))


@op(inplace=True)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """``input`` with the elements of ``src`` added where :func:`gather` would read; repeated places add up.

    >>> scatter_add(zeros(3), 0, tensor([0, 2, 2]), tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 5.])
    """
    places, axis = _places(input, dim, index, "scatter_add", _source(input, src, None, "scatter_add"))
    return apply(primitives.scatter_add, input, src, places, axis)
