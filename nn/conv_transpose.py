"""Transposed convolutions: layers that make images larger."""

from __future__ import annotations

from typing import Any

from ..autograd.tensor import Tensor
from . import functional as F
from .kernels import Kernels, LazyKernels

__all__ = [
    "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d",
    "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d",
]  # fmt: skip


class _ConvTranspose(Kernels):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(
                f'Only "zeros" padding mode is supported for {type(self).__name__}, got padding_mode={padding_mode!r}'
            )
        if isinstance(padding, str):
            raise TypeError(f"padding of {type(self).__name__} is a number or one for each dimension, got {padding!r}")
        self._set(
            in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, padding_mode
        )
        self._make_parameters(bias, device, dtype)

    def _output_padding(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """What must be added for an output of ``output_size``."""
        if output_size is None:
            return self.output_padding
        wanted = tuple(output_size)[-self.dims :]
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-self.dims :], self.stride, self.padding, self.dilation, self.kernel_size
            )
        ]
        most = [n + max(s, d) - 1 for n, s, d in zip(least, self.stride, self.dilation)]
        if len(wanted) != self.dims or any(not a <= n <= b for a, n, b in zip(least, wanted, most)):
            raise ValueError(
                f"requested an output size of {tuple(output_size)}, but valid sizes range from {least} to {most} (for "
                f"an input of {input.shape[-self.dims:]})"
            )
        return tuple(n - a for n, a in zip(wanted, least))


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution over signals: :class:`ConvTranspose2d` in one dimension.

    Shape: (N, C, L) or (C, L) to (N, D, L') or (D, L').

    >>> from minitorch_optim.autograd import ones
    >>> ConvTranspose1d(2, 3, kernel_size=4, stride=2, padding=1)(ones(1, 2, 5)).shape
    torch.Size([1, 3, 10])
    """

    dims = 1

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """:func:`functional.conv_transpose1d`."""
        extra = self._output_padding(input, output_size)
        return F.conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution: each element of the input puts a kernel, scaled by it, onto the output.

    With a stride it enlarges images: it has the shapes of :class:`Conv2d` with the same arguments, exchanged.

    Parameters
    ----------
    in_channels, out_channels : int
        C and D
    kernel_size, stride, dilation : int or pair
    padding : int or pair
        rows and columns to take away from each side of the output (default 0)
    output_padding : int or pair
        rows and columns to add at its end (default 0); or call the layer with ``output_size=``
    groups : int
    bias : bool

    Attributes
    ----------
    weight : Parameter, shape (C, D / groups, KH, KW)
    bias : Parameter, shape (D,), or None
        both drawn uniformly from +-1/sqrt(D / groups * KH * KW)

    Shape: (N, C, H, W) or (C, H, W) to (N, D, H', W') or (D, H', W'), with
    ``H' = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1``.

    >>> from minitorch_optim.autograd import ones
    >>> layer = ConvTranspose2d(16, 8, 3, stride=2)
    >>> layer(ones(1, 16, 5, 5)).shape, layer(ones(1, 16, 5, 5), output_size=(12, 12)).shape
    (torch.Size([1, 8, 11, 11]), torch.Size([1, 8, 12, 12]))
    """

    dims = 2

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """:func:`functional.conv_transpose2d`."""
        extra = self._output_padding(input, output_size)
        return F.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution over volumes: :class:`ConvTranspose2d` in three dimensions.

    Shape: (N, C, D, H, W) or (C, D, H, W) to (N, E, D', H', W') or (E, D', H', W').

    >>> from minitorch_optim.autograd import ones
    >>> ConvTranspose3d(1, 2, 2, stride=2)(ones(1, 1, 2, 2, 2)).shape
    torch.Size([1, 2, 4, 4, 4])
    """

    dims = 3

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """:func:`functional.conv_transpose3d`."""
        extra = self._output_padding(input, output_size)
        return F.conv_transpose3d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )


class LazyConvTranspose1d(LazyKernels, ConvTranspose1d):
    """:class:`ConvTranspose1d` that takes ``in_channels`` from its first input, and becomes one."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(LazyKernels, ConvTranspose2d):
    """:class:`ConvTranspose2d` that takes ``in_channels`` from its first input, and becomes one."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(LazyKernels, ConvTranspose3d):
    """:class:`ConvTranspose3d` that takes ``in_channels`` from its first input, and becomes one."""

    cls_to_become = ConvTranspose3d
