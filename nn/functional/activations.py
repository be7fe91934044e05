"""Activations by name. All but the softmax family and GLU act on each element: shape (...) to shape (...).

Whole numbers become the default float. ``inplace=True`` puts the result into ``input`` itself.
"""

from __future__ import annotations

from typing import Any

from ...autograd.derivatives import elementwise
from ...autograd.hints import hint
from ...autograd.inplace import before_change, overwrite
from ...autograd.ops import cumulative
from ...autograd.ops.dims import axis_of
from ...autograd.ops.pointwise import sigmoid, softplus, tanh
from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from . import pointwise as primitives

__all__ = [
    "celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "log_softmax",
    "logsigmoid", "mish", "prelu", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softmin", "softplus",
    "softshrink", "softsign", "tanh", "tanhshrink", "threshold",
]  # fmt: skip


def _activated(primitive: Any, input: Tensor, inplace: bool = False, **constants: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{primitive.__name__}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}: make "
            f"one of it with torch.tensor(...)"
        )
    if not inplace:
        return apply(primitive, input, **constants)
    return overwrite(input, apply(primitive, before_change(input, ()), **constants), primitive.__name__ + "_")


# -- with a kink: ReLU and its kin --------------------------------------------------------------


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0).

    >>> from minitorch_optim.autograd import tensor
    >>> relu(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    if inplace or not isinstance(input, Tensor):
        return _activated(elementwise.relu, input, inplace)
    return apply(elementwise.relu, input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return _activated(primitives.hardtanh, input, inplace, low=0.0, high=6.0)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where it is positive, ``negative_slope`` x elsewhere.

    >>> from minitorch_optim.autograd import tensor
    >>> leaky_relu(tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return _activated(primitives.leaky_relu, input, inplace, slope=float(negative_slope))


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where it is positive, ``weight`` x elsewhere, where ``weight`` is learned.

    Parameters
    ----------
    input : Tensor, shape (N, C, ...)
    weight : Tensor, shape (1,) or (C,)
        one slope for all, or one for each channel

    Source: He et al., Delving Deep into Rectifiers (2015).
    """
    if weight.ndim and weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.ndim != 1 or len(weight) != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
                f"channel size = {channels}. Give one parameter, or as many as dimension 1 of the input is long"
            )
        weight = weight.reshape(-1, *[1] * (input.ndim - 2))
    elif not input.ndim:
        weight = weight.reshape(())
    return apply(primitives.prelu, input, weight)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where it is greater than ``threshold``, ``value`` elsewhere."""
    return _activated(primitives.threshold, input, inplace, level=threshold, value=value)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x, moved to the nearer end where it is outside [min_val, max_val]."""
    if not min_val <= max_val:
        raise ValueError(f"min_val cannot be greater than max_val, got {min_val} and {max_val}")
    return _activated(primitives.hardtanh, input, inplace, low=min_val, high=max_val)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6."""
    return _activated(primitives.hardsigmoid, input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x relu6(x + 3) / 6. Source: Howard et al., Searching for MobileNetV3 (2019)."""
    return _activated(primitives.hardswish, input, inplace)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x, moved towards 0 by ``lambd``: the proximal step of lambd |x|.

    >>> from minitorch_optim.autograd import tensor
    >>> softshrink(tensor([-1.0, 0.2, 2.0]))
    tensor([-0.5000,  0.0000,  1.5000])
    """
    if not lambd >= 0:
        raise RuntimeError(f"lambda must be in range [0, inf) for input dtype {input.dtype}, but found {lambd}")
    return _activated(primitives.softshrink, input, lambd=lambd)


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x, and 0 where it is no farther than ``lambd`` from 0."""
    return _activated(primitives.hardshrink, input, lambd=lambd)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, alpha (exp(x) - 1) elsewhere. Source: Clevert et al. (2016)."""
    return _activated(primitives.elu, input, inplace, alpha=alpha, scale=1.0, rate=1.0)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale elu(x, alpha), with the two constants that keep mean 0 and variance 1 from layer to layer.

    Source: Klambauer et al., Self-Normalizing Neural Networks (2017).
    """
    return _activated(primitives.elu, input, inplace, alpha=1.6732632423543772, scale=1.0507009873554805, rate=1.0)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, alpha (exp(x / alpha) - 1) elsewhere: ELU whose derivative at 0 is 1.

    Source: Barron, Continuously Differentiable Exponential Linear Units (2017).
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _activated(primitives.elu, input, inplace, alpha=alpha, scale=1.0, rate=1 / alpha)


# -- smooth -------------------------------------------------------------------------------------


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x Phi(x), where Phi is the distribution function of the standard normal distribution.

    Parameters
    ----------
    approximate : str
        ``"none"``, or ``"tanh"`` for 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))

    Source: Hendrycks and Gimpel (2016).

    >>> from minitorch_optim.autograd import tensor
    >>> gelu(tensor([-1.0, 1.0]))
    tensor([-0.1587,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh. Got {approximate!r}")
    return _activated(primitives.gelu if approximate == "none" else primitives.gelu_tanh, input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x), also known as swish."""
    return _activated(primitives.silu, input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x)). Source: Misra (2019)."""
    return _activated(primitives.mish, input, inplace)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return _activated(primitives.softsign, input)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), without overflow."""
    return _activated(primitives.logsigmoid, input)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return _activated(primitives.tanhshrink, input)


# -- along a dimension --------------------------------------------------------------------------


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a sigmoid(b), where a and b are the halves of ``input`` along ``dim``. Source: Dauphin et al. (2017).

    >>> from minitorch_optim.autograd import tensor
    >>> glu(tensor([4.0, 0.0]))
    tensor([2.])
    """
    if not input.ndim:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = axis_of(dim, input.ndim)
    if input.shape[axis] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {input.shape[axis]}")
    a, b = input.chunk(2, axis)
    return a * b.sigmoid()  # type: ignore[no-any-return]


def _chosen(name: str, dim: int | None, ndim: int) -> int:
    """``dim``, or what PyTorch takes for None: the first dimension of 0-d, 1-d and 3-d inputs, else the second."""
    if dim is not None:
        return dim
    hint(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        UserWarning,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) divided by its sum along ``dim``: positive numbers with sum 1.

    Parameters
    ----------
    dim : int
        along which the result sums to 1
    dtype : dtype, optional
        convert to this first

    >>> from minitorch_optim.autograd import tensor
    >>> softmax(tensor([0.0, 0.0, 0.0, 0.0]), dim=0)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    return cumulative.softmax(input, _chosen("softmax", dim, input.ndim), dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """:func:`softmax` of -x."""
    return cumulative.softmax(-input, _chosen("softmin", dim, input.ndim), dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along ``dim``, without overflow."""
    return cumulative.log_softmax(input, _chosen("log_softmax", dim, input.ndim), dtype)
