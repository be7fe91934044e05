"""Layers that normalise each sample by itself: layer, group, root mean square and local response normalisation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.ops.values import check_device
from ..autograd.tensor import Tensor
from . import functional as F
from .module import Module
from .parameter import Parameter, empty_parameter

__all__ = ["GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class _Affine(Module):
    """The base: a scale that begins as 1 and a shift that begins as 0, or neither."""

    weight: Parameter | None
    bias: Parameter | None

    def _make_parameters(self, shape: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        check_device(device)
        for name, wanted in (("weight", weight), ("bias", bias)):
            self.register_parameter(name, empty_parameter(*shape, device=device, dtype=dtype) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin anew: scale 1, shift 0."""
        for parameter, value in ((self.weight, 1), (self.bias, 0)):
            if parameter is not None:
                parameter._array.fill(value)


class LayerNorm(_Affine):
    """Normalises each sample over its last dimensions: subtract the mean, divide by the standard deviation.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        the last dimensions of the input
    eps : float
        added to the variance (default 1e-5)
    elementwise_affine : bool
        whether scale and shift are learned (default True)
    bias : bool
        whether there is a shift (default True)

    Attributes
    ----------
    weight, bias : Parameter, shape normalized_shape, or None
        scale and shift, at first 1 and 0

    Shape: (..., *normalized_shape) to the same.

    >>> from minitorch_optim.autograd import tensor
    >>> LayerNorm(2)(tensor([[1.0, 3.0], [10.0, 30.0]]))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]], grad_fn=<NormalizeBackward>)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_parameters(
            self.normalized_shape, elementwise_affine, elementwise_affine and bias, device=device, dtype=dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.layer_norm`."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The shape, and the options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """Divides each sample by its root mean square over its last dimensions, and scales it.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        the last dimensions of the input
    eps : float, optional
        added to the mean square; default: the spacing of numbers of the input's dtype near 1
    elementwise_affine : bool
        whether a scale is learned (default True)

    Shape: (..., *normalized_shape) to the same.

    >>> from minitorch_optim.autograd import tensor
    >>> RMSNorm(2)(tensor([[1.0, 7.0]]))
    tensor([[0.2000, 1.4000]], grad_fn=<MulBackward>)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_parameters(self.normalized_shape, elementwise_affine, False, device=device, dtype=dtype)

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.rms_norm`."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The shape, and the options."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """Normalises each sample over space and over groups of channels.

    Parameters
    ----------
    num_groups : int
        a divisor of num_channels
    num_channels : int
        C
    eps : float
        added to the variance (default 1e-5)
    affine : bool
        whether scale and shift, of shape (C,), are learned (default True)
    bias : bool
        whether there is a shift (default True)

    Shape: (N, C, ...) to the same.

    >>> from minitorch_optim.autograd import tensor
    >>> GroupNorm(2, 4)(tensor([[1.0, 3.0, 10.0, 30.0]]))
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]], grad_fn=<ViewBackward>)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups}): for instance "
                f"num_groups={math.gcd(num_channels, max(num_groups, 1))}"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._make_parameters((num_channels,), affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.group_norm`."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The numbers of groups and channels, and the options."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """Divides each channel by the activity of its ``size`` neighbours: :func:`functional.local_response_norm`.

    Shape: (N, C, *spatial) to the same.

    >>> from minitorch_optim.autograd import tensor
    >>> LocalResponseNorm(2, alpha=2.0, beta=1.0)(tensor([[[1.0], [1.0]]]))
    tensor([[[0.5000],
             [0.3333]]])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.local_response_norm`."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The options."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _shape(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(normalized_shape, int | np.integer):
        return (int(normalized_shape),)
    return tuple(normalized_shape)
