"""Complex numbers as pairs of reals: the gradient of ``a + bi`` is ``dL/da + dL/db i``.

A holomorphic primitive (``exp``, ``*``, ``@`` ...) needs no care: around its rule the gradient is conjugated, and so
is the result, which turns the rule of the real function into the right one (``backward.py``). Here are those that are
not holomorphic. """

from __future__ import annotations

from typing import Any

import numpy as np

from ..table import derivative
from ..tape import primitive

derivative(
    np.real,
    lambda g, out, x: g + 0j if x.dtype.kind == "c" else g,
    linear=True,
    holomorphic=False,
    view=True,
)
derivative(np.imag, lambda g, out, x: g * 1j, linear=True, holomorphic=False, view=True)
derivative(np.conjugate, lambda g, out, x: np.conjugate(g), linear=True, holomorphic=False, name="Conj")


@primitive
def complex_of(real: Any, imag: Any) -> Any:
    """real + imag i."""
    return real + imag * 1j


derivative(
    complex_of,
    lambda g, out, real, imag: np.real(g),
    lambda g, out, real, imag: np.imag(g),
    elementwise=True,
    holomorphic=False,
    name="Complex",
)


@primitive
def view_as_real(x: Any) -> Any:
    """Shape (...) complex to shape (..., 2) real: the same memory."""
    return x[..., None].view(x.real.dtype)


@primitive
def view_as_complex(x: Any) -> Any:
    """Shape (..., 2) real to shape (...) complex: the same memory."""
    dtype = np.result_type(x.dtype, np.complex64)
    return x.view(dtype)[..., 0] if x.strides[-1] == x.itemsize else x[..., 0] + x[..., 1] * 1j


derivative(
    view_as_real, lambda g, out, x: g[..., 0] + g[..., 1] * 1j, linear=True, holomorphic=False, view=True
)
derivative(
    view_as_complex,
    lambda g, out, x: np.stack((np.real(g), np.imag(g)), -1),
    linear=True,
    holomorphic=False,
    view=True,
)
derivative(
    np.angle,
    lambda g, out, x: g * 1j * x / np.square(np.absolute(x)) if x.dtype.kind == "c" else g * 0,
    holomorphic=False,
    promotes=True,
    whole_to_real=True,
)
