"""The matrix product with a bias: what a fully connected layer computes. And its kin with two inputs."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ...autograd.hints import as_a_tensor
from ...autograd.ops.contraction import einsum
from ...autograd.table import derivative
from ...autograd.tape import apply, primitive
from ...autograd.tensor import Tensor

__all__ = ["bilinear", "linear"]


def rows(x: Any) -> Any:
    """``x`` of shape (..., K) as a matrix of shape (N, K): one product serves all leading dimensions."""
    return x if x.ndim == 2 else np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


@functools.lru_cache(maxsize=16)
def _ones(n: int, dtype: Any) -> Any:
    ones = np.ones(n, dtype)
    ones.flags.writeable = False
    return ones


def sum_of_rows(g: Any) -> Any:
    """The sum of a matrix over its first dimension, as a product with ones: BLAS is several times quicker than sum."""
    return np.dot(_ones(len(g), g.dtype), g)


@primitive
def affine(x: Any, weight: Any, bias: Any = None) -> Any:
    """x W^T + b: shapes (N, K), (M, K), (M,) to (N, M)."""
    out = x.dot(weight.T)  # quicker to call than @
    if bias is not None:
        out += bias
    return out


derivative(
    affine,
    lambda g, out, x, weight, bias=None: np.dot(g, weight),
    lambda g, out, x, weight, bias=None: np.dot(g.T, x),
    lambda g, out, x, weight, bias=None: sum_of_rows(g),
    name="Linear",
)


@primitive
def affine_rows(x: Any, weight: Any, bias: Any = None) -> Any:
    """:func:`affine` for any leading dimensions: shapes (..., K), (M, K), (M,) to (..., M)."""
    out = affine.on_arrays(rows(x), weight, bias)  # type: ignore[attr-defined]
    return out.reshape(*x.shape[:-1], weight.shape[0])


derivative(
    affine_rows,
    lambda g, out, x, weight, bias=None: np.reshape(np.dot(rows(g), weight), (*g.shape[:-1], weight.shape[1])),
    lambda g, out, x, weight, bias=None: np.dot(rows(g).T, rows(x)),
    lambda g, out, x, weight, bias=None: sum_of_rows(rows(g)),
    name="Linear",
)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b, in one step of the tape.

    Parameters
    ----------
    input : Tensor, shape (..., K)
    weight : Tensor, shape (M, K)
        or (K,), for a result of shape (...)
    bias : Tensor, shape (M,), optional

    Returns
    -------
    Tensor, shape (..., M)

    Raises
    ------
    RuntimeError
        if the last dimension of ``input`` is not K, or the dtypes differ

    >>> from minitorch_optim.autograd import tensor
    >>> linear(tensor([[1.0, 2.0]]), tensor([[3.0, 4.0], [5.0, 6.0]]), tensor([0.5, 0.0]))
    tensor([[11.5000, 17.0000]])
    """
    try:
        x, w = input._array, weight._array
    except AttributeError:
        raise _not_a_tensor(input, weight) from None
    dtype, shape, given = x.dtype, w.shape, x.shape
    if dtype is not w.dtype and dtype != w.dtype:
        raise RuntimeError(_different_dtypes(input, weight))
    if len(shape) != 2 or not given or (bias is not None and bias._array.shape != shape[:1]):
        return _linear_in_other_shapes(input, weight, bias)
    if given[-1] != shape[1]:
        raise RuntimeError(_different_sizes(given, shape))
    product = affine if len(given) == 2 else affine_rows
    return apply(product, input, weight) if bias is None else apply(product, input, weight, bias)


def _linear_in_other_shapes(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A weight that is one row, or a bias that broadcasts: from the single operations."""
    if not input.ndim or not weight.ndim:
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {input.ndim}D and {weight.ndim}D"
        )
    if weight.ndim > 2:
        raise RuntimeError(f"linear: the weight has shape (out_features, in_features), got {list(weight.shape)}")
    if input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(_different_sizes(input.shape, weight.shape))
    out = apply(affine_rows, input, weight) if weight.ndim == 2 else input @ weight
    return out if bias is None else out + bias


def _not_a_tensor(input: Any, weight: Any) -> TypeError:
    name, position, value = ("input", 1, input) if not isinstance(input, Tensor) else ("weight", 2, weight)
    return TypeError(
        f"linear(): argument '{name}' (position {position}) must be Tensor, not {type(value).__name__}: "
        f"{as_a_tensor(value)}"
    )


def _different_dtypes(input: Tensor, weight: Tensor) -> str:
    names = [t.type().removeprefix("torch.").removesuffix("Tensor") for t in (input, weight)]
    cure = "input.float()" if weight.dtype == np.float32 else f"input.to(torch.{weight.dtype})"
    return (
        f"mat1 and mat2 must have the same dtype, but got {names[0]} and {names[1]}: the input is {input.dtype} and "
        f"the weight {weight.dtype}. Convert the input first, with {cure}"
    )


def _different_sizes(x: tuple[int, ...], w: tuple[int, ...]) -> str:
    features = w[-1]
    mat2 = "x".join(str(n) for n in reversed(w))
    message = (
        f"mat1 and mat2 shapes cannot be multiplied ({math.prod(x[:-1])}x{x[-1]} and {mat2}): the input, of shape "
        f"{list(x)}, has {x[-1]} as its last dimension, and the Linear layer has in_features={features}. "
    )
    if len(x) > 2 and math.prod(x[1:]) == features:
        return message + "Flatten each example first, with nn.Flatten() or x.flatten(1)"
    return message + f"Make the layer with in_features={x[-1]}, or bring the input to shape (..., {features})"


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_k = x1^T W_k x2 + b_k.

    Parameters
    ----------
    input1 : Tensor, shape (..., I)
    input2 : Tensor, shape (..., J)
        with the same leading dimensions
    weight : Tensor, shape (K, I, J)
    bias : Tensor, shape (K,), optional

    Returns
    -------
    Tensor, shape (..., K)

    >>> from minitorch_optim.autograd import tensor
    >>> bilinear(tensor([1.0, 2.0]), tensor([3.0]), tensor([[[1.0], [10.0]]]))
    tensor([63.])
    """
    if input1.ndim != input2.ndim:
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {input1.ndim} and {input2.ndim}: both inputs have the "
            f"same leading dimensions"
        )
    for d, (n, m) in enumerate(zip(input1.shape[:-1], input2.shape[:-1], strict=True)):
        if n != m:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {d}: got {n} and {m}")
    for i, x in enumerate((input1, input2), 1):
        if x.shape[-1] != weight.shape[i]:
            raise RuntimeError(
                f"bilinear(): input{i} size does not match weight size: got {x.shape[-1]} but expected "
                f"{weight.shape[i]}"
            )
    out = einsum("...i,kij,...j->...k", input1, weight, input2)
    return out if bias is None else out + bias
