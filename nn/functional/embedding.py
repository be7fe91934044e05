"""Looking up rows of a matrix by number, and the numbers as rows of an identity matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.derivatives.indexing import putitem
from ...autograd.modes import no_grad
from ...autograd.table import derivative
from ...autograd.tape import apply, primitive
from ...autograd.tensor import Tensor, new_tensor
from ...autograd.watch import beside, read

__all__ = ["embedding", "one_hot"]


@primitive
def lookup(
    weight: Any, index: Any, padding_idx: int | None = None, by_count: bool = False, sparse: bool = False
) -> Any:
    """``weight[index]``: shapes (V, D) and (...) to (..., D)."""
    return np.take(weight, index, axis=0)


def _by_weight(
    g: Any,
    out: Any,
    weight: Any,
    index: Any,
    padding_idx: int | None = None,
    by_count: bool = False,
    sparse: bool = False,
) -> Any:
    """Each row gets the sum of the gradients of the places where it was looked up."""
    if by_count:
        g = g / np.bincount(index.ravel())[index][..., None].astype(g.dtype)
    if padding_idx is not None:
        g = g * (index != padding_idx)[..., None]
    if not sparse:
        return putitem(g, index, weight.shape)
    if isinstance(g, Tensor):
        raise RuntimeError(
            "the gradient of embedding with sparse=True cannot be differentiated again: use sparse=False for "
            "create_graph=True"
        )
    from ...autograd.sparse import COO

    kept = slice(None) if padding_idx is None else index.ravel() != padding_idx
    return COO(index.reshape(1, -1)[:, kept], g.reshape(-1, weight.shape[1])[kept], weight.shape)


derivative(lookup, _by_weight, linear=True, name="Embedding")


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of ``weight`` whose numbers are in ``input``.

    Parameters
    ----------
    input : Tensor of int64 or int32, shape (...)
        numbers from 0 to V-1
    weight : Tensor, shape (V, D)
    padding_idx : int, optional
        the row that gets no gradient
    max_norm : float, optional
        rows that are looked up and longer than this are first scaled down to it, in place
    norm_type : float
        of which norm ``max_norm`` speaks (default 2)
    scale_grad_by_freq : bool
        divide each row's gradient by how often it was looked up
    sparse : bool
        give the gradient of ``weight`` as a sparse tensor of the rows that were looked up

    Returns
    -------
    Tensor, shape (..., D)

    Raises
    ------
    IndexError
        if a number is outside 0 .. V-1

    >>> from minitorch_optim.autograd import tensor
    >>> embedding(tensor([2, 0]), tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    tensor([[4., 5.],
            [0., 1.]])
    """
    if not isinstance(input, Tensor):
        raise TypeError(
            f"embedding(): argument 'indices' (position 2) must be Tensor, not {type(input).__name__}: make one of it "
            f"with torch.tensor(...)"
        )
    index, count = input._array, weight.shape[0]
    if index.dtype.kind != "i" or index.dtype.itemsize < 4:
        raise RuntimeError(
            f"Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{input.type()} instead (while checking arguments for embedding): convert it with input.long()"
        )
    _check_rows(index, count)
    if padding_idx is not None:
        if not -count <= padding_idx < count:
            raise AssertionError(
                f"Padding_idx must be within num_embeddings: it is {padding_idx}, and they are {count}"
            )
        padding_idx %= count
    if max_norm is not None:
        read("max_norm of an embedding")
        _shorten_rows(weight, np.unique(index), max_norm, norm_type)
    return apply(lookup, weight, index, padding_idx=padding_idx, by_count=scale_grad_by_freq, sparse=sparse)


@beside
def _check_rows(index: Any, count: int) -> None:
    if index.size and not (0 <= index.min() and index.max() < count):
        wrong = index.min() if index.min() < 0 else index.max()
        raise IndexError(
            f"index out of range in self: the Embedding has rows 0 to {count - 1}, and was asked for {wrong}. Make it "
            f"with num_embeddings of at least the largest number plus 1, or look where the number comes from"
        )


def _shorten_rows(weight: Tensor, used: Any, max_norm: float, norm_type: float) -> None:
    """Scale those of the ``used`` rows that are longer than ``max_norm`` down to it."""
    with no_grad():
        norms = np.linalg.norm(weight._array[used], norm_type, axis=1)
        long = norms > max_norm
        factor = (max_norm / (norms[long] + 1e-7)).astype(weight.dtype)
        weight[used[long]] = new_tensor(weight._array[used[long]] * factor[:, None])


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers as rows with a single 1.

    Parameters
    ----------
    tensor : Tensor of int64, shape (...)
        class numbers, 0 or more
    num_classes : int
        C; default: one more than the greatest number in ``tensor``

    Returns
    -------
    Tensor of int64, shape (..., C)

    >>> from minitorch_optim.autograd import tensor
    >>> one_hot(tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    classes = tensor._array
    if classes.dtype != np.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of type LongTensor. Got {classes.dtype}: convert it with "
            f".long()"
        )
    if num_classes == -1:
        read("one_hot() without the number of classes")
        if not classes.size:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        num_classes = int(classes.max()) + 1
    return new_tensor(_one_hot(classes, num_classes))


@beside
def _one_hot(classes: Any, num_classes: int) -> Any:
    if classes.size and classes.min() < 0:
        raise RuntimeError(f"Class values must be non-negative. Got {classes.min()}")
    if classes.size and classes.max() >= num_classes:
        raise RuntimeError(f"Class values must be smaller than num_classes. Got {classes.max()} of {num_classes}")
    return (classes[..., None] == np.arange(num_classes)).astype(np.int64)
