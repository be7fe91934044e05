"""Fully connected layers."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.tensor import Tensor
from . import functional as F
from . import init
from .lazy import LazyModule
from .module import Module
from .parameter import Parameter, UninitializedParameter, empty_parameter, is_lazy

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear"]


class Identity(Module):
    """Gives back its input; takes and ignores any arguments, so that it can stand for any layer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """The input itself."""
        return input


class Linear(Module):
    """y = x W^T + b.

    Parameters
    ----------
    in_features : int
        K, the length of each input
    out_features : int
        M, the length of each output
    bias : bool
        whether there is a b (default True)

    Attributes
    ----------
    weight : Parameter, shape (M, K)
        drawn uniformly from [-1/sqrt(K), 1/sqrt(K))
    bias : Parameter, shape (M,), or None
        drawn from the same interval

    Shape: (..., K) to (..., M).

    >>> from minitorch_optim.autograd import manual_seed, ones
    >>> _ = manual_seed(0)
    >>> layer = Linear(2, 3)
    >>> layer, layer(ones(5, 2)).shape
    (Linear(in_features=2, out_features=3, bias=True), torch.Size([5, 3]))
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = empty_parameter(out_features, in_features, device=device, dtype=dtype)
        if bias:
            self.bias = empty_parameter(out_features, device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """x W^T + b."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes, and whether there is a bias."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class LazyLinear(LazyModule, Linear):
    """:class:`Linear` that takes ``in_features`` from its first input, and is a :class:`Linear` from then on.

    >>> from minitorch_optim.autograd import ones
    >>> layer = LazyLinear(3)
    >>> layer(ones(5, 2)).shape, layer
    (torch.Size([5, 3]), Linear(in_features=2, out_features=3, bias=True))
    """

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        Module.__init__(self)
        self.in_features = 0
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)

    def initialize_parameters(self, input: Tensor) -> None:
        """Take ``in_features`` from the last dimension of ``input``, and draw the values."""
        self.in_features = input.shape[-1]
        if self.has_uninitialized_params():
            shapes = (self.out_features, self.in_features), (self.out_features,)
            for parameter, shape in zip((self.weight, self.bias), shapes, strict=True):
                if isinstance(parameter, UninitializedParameter):
                    parameter.materialize(shape)
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once their shapes are known."""
        if not is_lazy(self.weight):
            super().reset_parameters()


class Bilinear(Module):
    """y_k = x1^T W_k x2 + b_k.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        I, J and K
    bias : bool
        whether there is a b (default True)

    Attributes
    ----------
    weight : Parameter, shape (K, I, J)
        drawn uniformly from [-1/sqrt(I), 1/sqrt(I))
    bias : Parameter, shape (K,), or None
        drawn from the same interval

    Shape: (..., I) and (..., J) to (..., K).
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = empty_parameter(out_features, in1_features, in2_features, device=device, dtype=dtype)
        if bias:
            self.bias = empty_parameter(out_features, device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / math.sqrt(self.in1_features)
        for parameter in self.parameters(recurse=False):
            init.uniform_(parameter, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """x1^T W x2 + b."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes, and whether there is a bias."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )
