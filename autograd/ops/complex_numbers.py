"""Complex numbers: their parts, their polar form, and the same memory seen as pairs of real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import complex_numbers as primitives
from ..tape import apply
from ..tensor import Tensor
from .creation import tensor  # noqa: F401  for the examples
from .naming import op

__all__ = ["angle", "complex", "conj", "imag", "polar", "real", "view_as_complex", "view_as_real"]


def _same_real(name: str, x: Tensor, y: Tensor, names: str) -> None:
    if x.dtype != y.dtype or x.dtype.kind != "f":
        raise RuntimeError(
            f"{name}(): Expected both inputs to be Half, Float or Double tensors of the same dtype, but {names} have "
            f"{x.dtype} and {y.dtype}"
        )


def complex(real: Tensor, imag: Tensor) -> Tensor:
    """real + imag i, of two real tensors of one dtype.

    >>> complex(tensor([1.0]), tensor([2.0]))
    tensor([1.+2.j])
    """
    _same_real("complex", real, imag, "real and imag")
    return apply(primitives.complex_of, real, imag)


def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """The number at distance ``abs`` from 0 and at ``angle``, in radians."""
    _same_real("polar", abs, angle, "abs and angle")
    return complex(abs * angle.cos(), abs * angle.sin())


def real(input: Tensor) -> Tensor:
    """The real parts: a view. A real tensor as it is.

    >>> x = tensor([1 + 2j])
    >>> x.real, x.imag
    (tensor([1.]), tensor([2.]))
    """
    return apply(np.real, input) if input.dtype.kind == "c" else input


def imag(input: Tensor) -> Tensor:
    """The imaginary parts of a complex tensor: a view."""
    if input.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return apply(np.imag, input)


def _settable(part: Any) -> property:
    def write(self: Tensor, value: Any) -> None:
        part(self)[...] = value

    return property(part, write, doc=f"The {part.__name__} parts: a view of a complex tensor. Settable.")


for _part in (real, imag):
    setattr(Tensor, _part.__name__, _settable(_part))


@op(names=("conj_physical",))
def conj(input: Tensor) -> Tensor:
    """The complex conjugates; a real tensor as it is.

    >>> conj(tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    return apply(np.conjugate, input) if input.dtype.kind == "c" else input


@op
def angle(input: Tensor) -> Tensor:
    """The angles in radians: 0 for positive real numbers, pi for negative ones.

    >>> angle(tensor([1j, -1.0]))
    tensor([1.5708, 3.1416])
    """
    return apply(np.angle, input)


def view_as_real(input: Tensor) -> Tensor:
    """A complex tensor of shape (...) as a real one of shape (..., 2): the same memory.

    >>> view_as_real(tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    if input.dtype.kind != "c":
        raise RuntimeError(f"view_as_real is only supported for complex tensors, got {input.dtype}")
    return apply(primitives.view_as_real, input)


def view_as_complex(input: Tensor) -> Tensor:
    """A real tensor of shape (..., 2) as a complex one of shape (...): the same memory.

    >>> view_as_complex(tensor([[1.0, 2.0]]))
    tensor([1.+2.j])
    """
    if input.dtype not in (np.float32, np.float64) or not input.ndim or input.shape[-1] != 2:
        raise RuntimeError(
            f"Tensor must have a last dimension of size 2 and dtype float32 or float64: got {input.dtype} of shape "
            f"{list(input.shape)}"
        )
    if input._array.strides[-1] != input._array.itemsize:
        raise RuntimeError("Tensor must have a last dimension with stride 1: use contiguous()")
    return apply(primitives.view_as_complex, input)
