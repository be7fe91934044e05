"""The same elements several times: as a view of one memory (:func:`expand`), or copied (:func:`repeat`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tape import apply
from ..tensor import Tensor, array_of
from .creation import tensor, zeros  # noqa: F401  for the examples
from .dims import axis_of, listed
from .naming import op, with_dims

__all__ = ["broadcast_tensors", "broadcast_to", "meshgrid", "repeat_interleave", "tile"]

# -- as views

@op
@listed
def expand(input: Tensor, size: tuple[int, ...]) -> Tensor:
    """Dimensions of length 1 repeated to ``size``, new ones in front, without copying; -1 keeps a length.

    The result cannot be changed in place: several of its elements are one.

    >>> tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    shape = input._array.shape
    new = len(size) - len(shape)
    if new < 0:
        raise RuntimeError(
            f"expand: the number of sizes provided ({len(size)}) must be greater or equal to the number of dimensions "
            f"in the tensor ({len(shape)})"
        )
    target = tuple([shape[i - new] if n == -1 and i >= new else n for i, n in enumerate(size)])
    if -1 in target:
        raise RuntimeError(
            f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension "
            f"{target.index(-1)}: sizes {list(size)} for a tensor of shape {list(shape)}"
        )
    for i, n in enumerate(shape):
        if n != 1 and target[i + new] != n:
            raise RuntimeError(
                f"The expanded size of the tensor ({target[i + new]}) must match the existing size ({n}) at "
                f"non-singleton dimension {i + new}.  Target sizes: {list(size)}.  Tensor sizes: {list(shape)}"
            )
    return apply(np.broadcast_to, input, target)


@op
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """:func:`expand` to the shape of ``other``."""
    return expand(input, other.shape)


@op
def broadcast_to(input: Tensor, shape: Any) -> Tensor:
    """:func:`expand` under NumPy's name."""
    return expand(input, shape)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Each tensor expanded to the shape they have together.

    >>> [x.shape for x in broadcast_tensors(zeros(2, 1), zeros(3))]
    [torch.Size([2, 3]), torch.Size([2, 3])]
    """
    shape = np.broadcast_shapes(*[x.shape for x in tensors])
    return tuple([expand(x, shape) for x in tensors])


# -- as copies

@op
@listed
def repeat(input: Tensor, repeats: tuple[int, ...]) -> Tensor:
    """The whole tensor repeated, ``repeats[i]`` times along dimension i; further numbers add dimensions in front.

    >>> tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    if len(repeats) < input.ndim:
        raise RuntimeError(
            f"Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: got "
            f"{list(repeats)} for a tensor of shape {list(input.shape)}"
        )
    return apply(np.tile, input, repeats)


@op
@listed
def tile(input: Tensor, dims: tuple[int, ...]) -> Tensor:
    """:func:`Tensor.repeat`, with missing numbers taken as 1."""
    return apply(np.tile, input, (1,) * (input.ndim - len(dims)) + dims)


@op
@with_dims
def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None) -> Tensor:
    """Each element along ``dim`` (default: of the flattened tensor) repeated: equally often, or each as often as told.

    >>> repeat_interleave(tensor([1, 2]), 2), repeat_interleave(tensor([1, 2]), tensor([1, 3]))
    (tensor([1, 1, 2, 2]), tensor([1, 2, 2, 2]))
    """
    if dim is None:
        input, dim = input.reshape(-1), 0
    axis = axis_of(dim, input.ndim)
    places = np.repeat(np.arange(input.shape[axis]), array_of(repeats))
    result: Tensor = input[(*(slice(None),) * axis, places)]
    return result


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of every point of a grid, one tensor for each direction.

    ``indexing="ij"``: the first tensor goes along dimension 0. ``"xy"``: along dimension 1, as images are drawn.

    >>> rows, columns = meshgrid(tensor([1, 2]), tensor([3, 4, 5]))
    >>> rows
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    axes = list(tensors[0] if len(tensors) == 1 and isinstance(tensors[0], tuple | list) else tensors)
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be one of 'xy' or 'ij', but received: {indexing!r}")
    if any(t.ndim > 1 for t in axes):
        raise RuntimeError(f"meshgrid expects scalar or 1D tensors, but got shapes {[list(t.shape) for t in axes]}")
    swapped = indexing == "xy" and len(axes) > 1
    if swapped:
        axes[:2] = axes[1], axes[0]
    shape = [t.numel() for t in axes]
    grid = [t.reshape([-1 if i == j else 1 for j in range(len(axes))]).expand(shape) for i, t in enumerate(axes)]
    if swapped:
        grid[:2] = grid[1], grid[0]
    return tuple(grid)
