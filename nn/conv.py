"""Convolutional layers. What they compute is in ``functional/trilinear.py``."""

from __future__ import annotations

from typing import Any

from ..autograd.tensor import Tensor
from . import functional as F
from .kernels import Kernels, LazyKernels

__all__ = ["Conv1d", "Conv2d", "Conv3d", "LazyConv1d", "LazyConv2d", "LazyConv3d"]


class _Conv(Kernels):
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self._set(in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, padding_mode)
        self._make_parameters(bias, device, dtype)

    def _padded(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input, and the padding with zeros that is left to do."""
        if self.padding_mode == "zeros":
            return input, self.padding
        sides: list[int] = []  # from the last dimension to the first, as F.pad takes them
        for i in reversed(range(self.dims)):
            if isinstance(self.padding, str):
                total = self.dilation[i] * (self.kernel_size[i] - 1) if self.padding == "same" else 0
                sides += [total // 2, total - total // 2]
            else:
                sides += [self.padding[i]] * 2
        return F.pad(input, sides, self.padding_mode), 0


class Conv1d(_Conv):
    """Convolution over signals: :class:`Conv2d` in one dimension.

    Shape: (N, C, L) or (C, L) to (N, D, L') or (D, L').

    >>> from minitorch_optim.autograd import ones
    >>> Conv1d(2, 3, kernel_size=3, padding="same")(ones(4, 2, 10)).shape
    torch.Size([4, 3, 10])
    """

    dims = 1

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.conv1d`."""
        input, padding = self._padded(input)
        return F.conv1d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_Conv):
    """Convolution over images: each output channel is the sum of the input's channels, each seen through a kernel.

    Parameters
    ----------
    in_channels, out_channels : int
        C and D
    kernel_size : int or pair
    stride : int or pair
        the step between windows (default 1)
    padding : int, pair, "same" or "valid"
        how far the input is continued on each side (default 0); "same" keeps its size
    dilation : int or pair
        the step between the elements of a window (default 1)
    groups : int
        the channels are cut into so many groups that do not see each other (default 1)
    bias : bool
        whether a number is added to each output channel (default True)
    padding_mode : str
        how the input is continued: ``"zeros"`` (default), ``"reflect"``, ``"replicate"`` or ``"circular"``

    Attributes
    ----------
    weight : Parameter, shape (D, C / groups, KH, KW)
        drawn uniformly from +-1/sqrt(fan_in), with fan_in = C / groups * KH * KW
    bias : Parameter, shape (D,), or None
        drawn from the same interval

    Shape: (N, C, H, W) or (C, H, W) to (N, D, H', W') or (D, H', W'), with
    ``H' = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1``.

    >>> from minitorch_optim.autograd import ones
    >>> layer = Conv2d(1, 6, 5, padding=2)
    >>> layer, layer(ones(8, 1, 28, 28)).shape
    (Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2)), torch.Size([8, 6, 28, 28]))
    """

    dims = 2

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.conv2d`."""
        input, padding = self._padded(input)
        return F.conv2d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(_Conv):
    """Convolution over volumes: :class:`Conv2d` in three dimensions.

    Shape: (N, C, D, H, W) or (C, D, H, W) to (N, E, D', H', W') or (E, D', H', W').

    >>> from minitorch_optim.autograd import ones
    >>> Conv3d(1, 2, 3)(ones(4, 1, 5, 6, 7)).shape
    torch.Size([4, 2, 3, 4, 5])
    """

    dims = 3

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.conv3d`."""
        input, padding = self._padded(input)
        return F.conv3d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class LazyConv1d(LazyKernels, Conv1d):
    """:class:`Conv1d` that takes ``in_channels`` from its first input, and is a :class:`Conv1d` from then on."""

    cls_to_become = Conv1d


class LazyConv2d(LazyKernels, Conv2d):
    """:class:`Conv2d` that takes ``in_channels`` from its first input, and is a :class:`Conv2d` from then on.

    The arguments are those of :class:`Conv2d` without the first.

    >>> from minitorch_optim.autograd import ones
    >>> layer = LazyConv2d(6, kernel_size=3)
    >>> layer(ones(1, 4, 5, 5)).shape, layer
    (torch.Size([1, 6, 3, 3]), Conv2d(4, 6, kernel_size=(3, 3), stride=(1, 1)))
    """

    cls_to_become = Conv2d


class LazyConv3d(LazyKernels, Conv3d):
    """:class:`Conv3d` that takes ``in_channels`` from its first input, and is a :class:`Conv3d` from then on."""

    cls_to_become = Conv3d
