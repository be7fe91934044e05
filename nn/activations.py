"""Activations as layers: each calls the function of the same name in ``nn.functional``, which has the formula and its
source.

All but the softmax family and GLU act on each element, shape (...) to (...). ``inplace=True`` puts the result into the
input.
"""

from __future__ import annotations

from typing import Any

from ..autograd.ops.creation import full
from ..autograd.tensor import Tensor
from . import functional as F
from .module import Module
from .parameter import Parameter

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU",
    "LogSigmoid", "LogSoftmax", "Mish", "PReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin",
    "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


def _options(module: Any, *names: str) -> str:
    """``name=value`` for each of ``names``, and ``inplace=True`` if it is."""
    parts = [f"{name}={getattr(module, name)}" for name in names]
    if getattr(module, "inplace", False):
        parts.append("inplace=True")
    return ", ".join(parts)


class _InPlace(Module):
    """An activation whose one option is ``inplace``."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        if isinstance(inplace, Tensor):
            name = type(self).__name__
            raise TypeError(f"{name}() makes a layer, and was given a tensor: call the layer, as in nn.{name}()(x)")
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The option, if it is on."""
        return _options(self)


# -- with a kink: ReLU and its kin --------------------------------------------------------------

class ReLU(_InPlace):
    """max(x, 0).

    >>> from minitorch_optim.autograd import tensor
    >>> ReLU()(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.relu`."""
        return F.relu(input, self.inplace)


class ReLU6(_InPlace):
    """min(max(x, 0), 6)."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.relu6`."""
        return F.relu6(input, self.inplace)


class LeakyReLU(Module):
    """x where it is positive, ``negative_slope`` x elsewhere."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.leaky_relu`."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "negative_slope")


class PReLU(Module):
    """x where it is positive, a x elsewhere, with a learned a.

    Parameters
    ----------
    num_parameters : int
        1 for all channels together, or C for one a each
    init : float
        what a begins with (default 0.25)

    Shape: (N, C, ...) to the same.
    """

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(full((num_parameters,), float(init), device=device, dtype=dtype))

    def reset_parameters(self) -> None:
        """Begin again with ``init``."""
        self.weight.data.fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.prelu`."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """How many parameters there are."""
        return f"num_parameters={self.num_parameters}"


class Threshold(Module):
    """x where it is greater than ``threshold``, ``value`` elsewhere."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.threshold`."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "threshold", "value")


class Hardtanh(Module):
    """x, moved to the nearer end where it is outside [min_val, max_val]."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if not min_val < max_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.hardtanh`."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "min_val", "max_val")


class Hardsigmoid(_InPlace):
    """relu6(x + 3) / 6."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.hardsigmoid`."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""


class Hardswish(_InPlace):
    """x relu6(x + 3) / 6."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.hardswish`."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch."""
        return ""


class Softshrink(Module):
    """x, moved towards 0 by ``lambd``."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.softshrink`."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The options."""
        return str(self.lambd)


class Hardshrink(Module):
    """x, and 0 where it is no farther than ``lambd`` from 0."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.hardshrink`."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The options."""
        return str(self.lambd)


class ELU(Module):
    """x where it is positive, alpha (exp(x) - 1) elsewhere."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.elu`."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "alpha")


class SELU(_InPlace):
    """ELU scaled so that mean 0 and variance 1 are kept from layer to layer."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.selu`."""
        return F.selu(input, self.inplace)


class CELU(Module):
    """x where it is positive, alpha (exp(x / alpha) - 1) elsewhere."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.celu`."""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "alpha")


# -- smooth -------------------------------------------------------------------------------------

class GELU(Module):
    """x Phi(x), with the normal distribution function; ``approximate="tanh"`` is a quicker formula."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.gelu`."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """The options."""
        return f"approximate={self.approximate!r}"


class SiLU(_InPlace):
    """x sigmoid(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.silu`."""
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """x tanh(softplus(x))."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.mish`."""
        return F.mish(input, self.inplace)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.sigmoid`."""
        return F.sigmoid(input)


class LogSigmoid(Module):
    """log(sigmoid(x)), without overflow."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.logsigmoid`."""
        return F.logsigmoid(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above ``threshold``."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.softplus`."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "beta", "threshold")


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.softsign`."""
        return F.softsign(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.tanh`."""
        return F.tanh(input)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.tanhshrink`."""
        return F.tanhshrink(input)


# -- along a dimension --------------------------------------------------------------------------

class GLU(Module):
    """a sigmoid(b), where a and b are the halves of the input along ``dim``. Shape: (..., 2 D) to (..., D)."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.glu`."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "dim")


class Softmax(Module):
    """exp(x) divided by its sum along ``dim``. Shape: (...) to (...).

    >>> from minitorch_optim.autograd import tensor
    >>> Softmax(dim=0)(tensor([0.0, 0.0, 0.0, 0.0]))
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.softmax`."""
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "dim")


class LogSoftmax(Module):
    """log(softmax(x)) along ``dim``, without overflow. Shape: (...) to (...)."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.log_softmax`."""
        return F.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "dim")


class Softmin(Module):
    """softmax(-x) along ``dim``. Shape: (...) to (...)."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.softmin`."""
        return F.softmin(input, self.dim)

    def extra_repr(self) -> str:
        """The options."""
        return _options(self, "dim")


class Softmax2d(Module):
    """:class:`Softmax` over the channels at each place of an image. Shape: (N, C, H, W) or (C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.softmax` along dimension -3."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)
