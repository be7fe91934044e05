"""The shape of a tensor: other views of the same elements.

Whatever can be a view is one: it shares the memory, and a change in place of either is seen in both. Only
:func:`reshape`, :func:`flatten` and :func:`contiguous` copy, where the elements do not lie as the new shape needs them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..derivatives.shapes import contiguous as in_c_order
from ..tape import apply
from ..tensor import Tensor
from .creation import arange, tensor, zeros  # noqa: F401  for the examples
from .dims import axis_of, listed, whole
from .naming import op, with_dims

__all__ = [
    "atleast_1d", "atleast_2d", "flatten", "moveaxis", "movedim", "numel", "permute", "ravel", "reshape", "squeeze",
    "swapaxes", "swapdims", "t", "transpose", "unflatten", "unsqueeze",
]  # fmt: skip

# -- what the shape is


@op
def size(input: Tensor, dim: int | None = None) -> Any:
    """The shape as a :class:`Size`, or the length of one dimension.

    >>> zeros(2, 3).size(), zeros(2, 3).size(-1)
    (torch.Size([2, 3]), 3)
    """
    return input.shape if dim is None else input._array.shape[_existing(dim, input.ndim)]


def _existing(dim: Any, ndim: int) -> int:
    if not ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return axis_of(dim, ndim)


@op(names=("ndimension",))
def dim(input: Tensor) -> int:
    """The number of dimensions."""
    return len(input._array.shape)


@op(names=("nelement",))
def numel(input: Tensor) -> int:
    """The number of elements.

    >>> numel(zeros(2, 3))
    6
    """
    return math.prod(input._array.shape)


@op
def stride(input: Tensor, dim: int | None = None) -> Any:
    """How many elements apart in memory the neighbours along each dimension (or along ``dim``) are.

    >>> zeros(2, 3).stride(), zeros(2, 3).t().stride()
    ((3, 1), (1, 3))
    """
    array = input._array
    strides = tuple([s // array.itemsize for s in array.strides])
    return strides if dim is None else strides[_existing(dim, input.ndim)]


@op
def is_contiguous(input: Tensor) -> bool:
    """Whether the elements lie in memory in C order, without gaps."""
    return bool(input._array.flags.c_contiguous)


@op
def contiguous(input: Tensor) -> Tensor:
    """The same elements in C order: the tensor itself if they are already, else a copy."""
    return input if input._array.flags.c_contiguous else apply(in_c_order, input)


@op
def __len__(input: Tensor) -> int:
    """The length of dimension 0."""
    if not input._array.shape:
        raise TypeError("len() of a 0-d tensor: it has no dimension to count along. Use .item() for its value")
    return int(input._array.shape[0])


@op
def __iter__(input: Tensor) -> Iterator[Tensor]:
    """The views ``x[0]``, ``x[1]`` ..."""
    if not input._array.shape:
        raise TypeError("iteration over a 0-d tensor: it has no dimension to go along. Use .item() for its value")
    return (input[i] for i in range(len(input)))


# -- another shape, same order of elements


@op
@listed
def view(input: Tensor, size: tuple[int, ...]) -> Tensor:
    """The same memory in another shape; one size may be -1 and is computed from the others.

    Raises
    ------
    RuntimeError
        if the number of elements differs, or the memory does not allow it without a copy

    >>> arange(6).view(-1, 3)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    result = reshape(input, size)
    if not input._array.flags.c_contiguous and not np.may_share_memory(result._array, input._array) and numel(input):
        raise RuntimeError(
            f"view size is not compatible with input tensor's size and stride (at least one dimension spans across "
            f"two contiguous subspaces): shape {list(input.shape)}, strides {list(stride(input))}, to {list(size)}. "
            f"Use .reshape(...) instead."
        )
    return result


@op
@listed
def reshape(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The same elements in another shape, as a view where possible; one size may be -1.

    >>> reshape(arange(6).reshape(2, 3).t(), (2, 3))
    tensor([[0, 3, 1],
            [4, 2, 5]])
    """
    try:
        return apply(np.reshape, input, shape)
    except ValueError:
        raise RuntimeError(
            f"shape '{list(shape)}' is invalid for input of size {numel(input)}, which has shape "
            f"{list(input.shape)}: the product of the sizes must be the number of elements"
        ) from None


@op
def view_as(input: Tensor, other: Tensor) -> Tensor:
    """:func:`view` in the shape of ``other``."""
    return view(input, other.shape)


@op
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """:func:`reshape` to the shape of ``other``."""
    return reshape(input, other.shape)


@op
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from ``start_dim`` to ``end_dim``, both included, become one.

    >>> flatten(zeros(2, 3, 4), 1).shape
    torch.Size([2, 12])
    """
    shape = input._array.shape
    first, last = axis_of(start_dim, len(shape)), axis_of(end_dim, len(shape))
    if first > last:
        raise RuntimeError(f"flatten() has invalid args: start_dim ({start_dim}) cannot come after end_dim ({end_dim})")
    return reshape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@op
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension."""
    return flatten(input)


@op
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension ``dim`` becomes several, of these ``sizes``; one may be -1.

    >>> unflatten(zeros(2, 12), 1, (3, -1)).shape
    torch.Size([2, 3, 4])
    """
    shape, axis = input._array.shape, axis_of(dim, input.ndim)
    sizes, n = tuple(map(whole, sizes)), shape[axis]
    if -1 in sizes:
        others = -math.prod(sizes)
        sizes = tuple([n // others if s == -1 and others > 0 else s for s in sizes])
    if math.prod(sizes) != n:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({n}) in the input "
            f"tensor, of shape {list(shape)}"
        )
    return reshape(input, (*shape[:axis], *sizes, *shape[axis + 1 :]))


@op
@with_dims
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without the dimensions of length 1, or without ``dim`` (one or several) if its length is 1.

    >>> squeeze(zeros(1, 3, 1)).shape, squeeze(zeros(1, 3, 1), 0).shape
    (torch.Size([3]), torch.Size([3, 1]))
    """
    shape = input._array.shape
    if dim is None:
        axes = {i for i, n in enumerate(shape) if n == 1}
    else:
        dims = dim if isinstance(dim, tuple | list) else (dim,)
        axes = {a for a in (axis_of(d, len(shape)) for d in dims) if shape and shape[a] == 1}
    return apply(np.squeeze, input, axis=tuple(sorted(axes)))


@op
@with_dims
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new dimension of length 1 at ``dim``.

    >>> unsqueeze(zeros(3), 0).shape, unsqueeze(zeros(3), -1).shape
    (torch.Size([1, 3]), torch.Size([3, 1]))
    """
    return apply(np.expand_dims, input, axis_of(dim, input.ndim + 1))


def atleast_1d(input: Tensor) -> Tensor:
    """A 0-d tensor as one of shape (1,); any other as it is."""
    return input if input.ndim else reshape(input, 1)


def atleast_2d(input: Tensor) -> Tensor:
    """A tensor of fewer than two dimensions as one row; any other as it is."""
    return input if input.ndim > 1 else reshape(input, 1, -1)


# -- another order of dimensions


@op
@listed
def permute(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    """The dimensions in another order: dimension i of the result is dimension ``dims[i]`` of ``input``.

    >>> zeros(2, 3, 4).permute(2, 0, 1).shape
    torch.Size([4, 2, 3])
    """
    axes = tuple([axis_of(d, input.ndim) for d in dims])
    if sorted(axes) != list(range(input.ndim)):
        raise RuntimeError(
            f"permute(dims): {list(dims)} must name each of the {input.ndim} dimensions of a tensor of shape "
            f"{list(input.shape)} once"
        )
    return apply(np.transpose, input, axes)


@op(names=("swapaxes", "swapdims"))
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """The dimensions ``dim0`` and ``dim1`` exchanged.

    >>> transpose(arange(6).view(2, 3), 0, 1)
    tensor([[0, 3],
            [1, 4],
            [2, 5]])
    """
    ndim = input.ndim
    a, b = axis_of(dim0, ndim), axis_of(dim1, ndim)
    return apply(np.swapaxes, input, a, b) if ndim else view(input, ())


swapaxes = swapdims = transpose


@op(names=("moveaxis",))
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimension ``source`` (one or several) moved to the place ``destination``; the others keep their order.

    >>> movedim(zeros(2, 3, 4), 0, -1).shape
    torch.Size([3, 4, 2])
    """
    ndim = input.ndim
    source = source if isinstance(source, tuple | list) else (source,)
    destination = destination if isinstance(destination, tuple | list) else (destination,)
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(source)}) should contain the same number of "
            f"dims as destination ({list(destination)})"
        )
    places = dict(zip([axis_of(d, ndim) for d in destination], [axis_of(d, ndim) for d in source]))
    others = iter(d for d in range(ndim) if d not in places.values())
    return permute(input, [places[i] if i in places else next(others) for i in range(ndim)])


moveaxis = movedim


@op
def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; a vector or a 0-d tensor as it is.

    >>> t(arange(6).view(2, 3)).shape
    torch.Size([3, 2])
    """
    if input.ndim > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D: use .mT or transpose(dim0, dim1)"
        )
    return transpose(input, 0, 1) if input.ndim == 2 else input


def _reversed(input: Tensor) -> Tensor:
    """All dimensions in reverse order: the transpose of a matrix."""
    return apply(np.transpose, input)


def _matrices_transposed(input: Tensor) -> Tensor:
    """The last two dimensions exchanged."""
    if input.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {input.ndim}-D tensor."
        )
    return apply(np.swapaxes, input, -1, -2)


def _matrices_adjoint(input: Tensor) -> Tensor:
    """The last two dimensions exchanged, and complex numbers conjugated."""
    result: Tensor = _matrices_transposed(input).conj()
    return result


def _adjoint(input: Tensor) -> Tensor:
    """The complex conjugate of the transpose of a matrix."""
    if input.ndim not in (0, 2):
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {input.ndim}-D tensor.")
    result: Tensor = t(input).conj()
    return result


_PROPERTIES = {"T": _reversed, "mT": _matrices_transposed, "H": _adjoint, "mH": _matrices_adjoint}
for _name, _getter in _PROPERTIES.items():
    setattr(Tensor, _name, property(_getter, doc=_getter.__doc__))
