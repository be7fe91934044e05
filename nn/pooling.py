"""Pooling layers: the largest element, or the mean, of each window. See ``functional/pooling.py``."""

from __future__ import annotations

from typing import Any

from ..autograd.tensor import Tensor
from . import functional as F
from .module import Module

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d",
    "AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d",
]  # fmt: skip


class _MaxPool(Module):
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def _options(self) -> tuple[Any, ...]:
        return self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices

    def extra_repr(self) -> str:
        """The window."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """:class:`MaxPool2d` in one dimension. Shape: (N, C, L) or (C, L) to (N, C, L') or (C, L').

    >>> from minitorch_optim.autograd import tensor
    >>> MaxPool1d(2)(tensor([[1.0, 3.0, 2.0, 5.0]]))
    tensor([[3., 5.]])
    """

    def forward(self, input: Tensor) -> Any:
        """:func:`functional.max_pool1d`."""
        return F.max_pool1d(input, *self._options())


class MaxPool2d(_MaxPool):
    """The largest element of each window.

    Parameters
    ----------
    kernel_size : int or pair
        the size of a window
    stride : int or pair, optional
        the step between windows; default: ``kernel_size``
    padding : int or pair
        rows and columns around the input that are never the largest (default 0)
    dilation : int or pair
        the step between the elements of a window (default 1)
    return_indices : bool
        also give the position of each largest element in its H x W plane
    ceil_mode : bool
        have a window at the end also where it is not filled

    Shape: (N, C, H, W) or (C, H, W) to (N, C, H', W') or (C, H', W'), with
    ``H' = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1``.

    >>> from minitorch_optim.autograd import ones
    >>> MaxPool2d(2)(ones(1, 6, 28, 28)).shape
    torch.Size([1, 6, 14, 14])
    """

    def forward(self, input: Tensor) -> Any:
        """:func:`functional.max_pool2d`."""
        return F.max_pool2d(input, *self._options())


class MaxPool3d(_MaxPool):
    """:class:`MaxPool2d` in three dimensions. Shape: (N, C, D, H, W) or (C, D, H, W) to (N, C, D', H', W').

    >>> from minitorch_optim.autograd import ones
    >>> MaxPool3d(2)(ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 2, 2, 2])
    """

    def forward(self, input: Tensor) -> Any:
        """:func:`functional.max_pool3d`."""
        return F.max_pool3d(input, *self._options())


class AvgPool1d(Module):
    """:class:`AvgPool2d` in one dimension. Shape: (N, C, L) or (C, L) to (N, C, L') or (C, L').

    >>> from minitorch_optim.autograd import tensor
    >>> AvgPool1d(2)(tensor([[1.0, 3.0, 2.0, 5.0]]))
    tensor([[2.0000, 3.5000]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.avg_pool1d`."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        """The window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(AvgPool1d):
    """The mean of each window.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode
        as in :class:`MaxPool2d`; the padding is with zeros
    count_include_pad : bool
        whether the padding counts as elements of the window (default True)
    divisor_override : int, optional
        divide the sum of the window by this instead of by its number of elements

    Shape: (N, C, H, W) or (C, H, W) to (N, C, H', W') or (C, H', W').

    >>> from minitorch_optim.autograd import ones
    >>> AvgPool2d(2)(ones(1, 6, 28, 28)).shape
    torch.Size([1, 6, 14, 14])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.avg_pool2d`."""
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool3d(AvgPool2d):
    """:class:`AvgPool2d` in three dimensions. Shape: (N, C, D, H, W) or (C, D, H, W) to (N, C, D', H', W').

    >>> from minitorch_optim.autograd import ones
    >>> AvgPool3d(2)(ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 2, 2, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.avg_pool3d`."""
        return F.avg_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


# ---------------------------------------------------------------------------------------------- adaptive


class _AdaptiveAvgPool(Module):
    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The size of the output."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """:class:`AdaptiveAvgPool2d` in one dimension. Shape: (N, C, L) or (C, L) to (N, C, L') or (C, L').

    >>> from minitorch_optim.autograd import tensor
    >>> AdaptiveAvgPool1d(1)(tensor([[1.0, 5.0]]))
    tensor([[3.]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.adaptive_avg_pool1d`."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The mean of windows that are chosen so that the output has ``output_size``.

    Parameters
    ----------
    output_size : int or pair of int or None
        H' and W'; None keeps the size of the input

    Shape: (N, C, H, W) or (C, H, W) to (N, C, H', W') or (C, H', W').

    >>> from minitorch_optim.autograd import ones
    >>> AdaptiveAvgPool2d(1)(ones(8, 64, 7, 7)).shape
    torch.Size([8, 64, 1, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.adaptive_avg_pool2d`."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """:class:`AdaptiveAvgPool2d` in three dimensions. Shape: (N, C, D, H, W) to (N, C, D', H', W').

    >>> from minitorch_optim.autograd import ones
    >>> AdaptiveAvgPool3d((None, 2, 1))(ones(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 4, 2, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.adaptive_avg_pool3d`."""
        return F.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPool(_AdaptiveAvgPool):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """:class:`AdaptiveMaxPool2d` in one dimension. Shape: (N, C, L) or (C, L) to (N, C, L') or (C, L')."""

    def forward(self, input: Tensor) -> Any:
        """:func:`functional.adaptive_max_pool1d`."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest element of windows that are chosen so that the output has ``output_size``.

    Parameters
    ----------
    output_size : int or pair of int or None
        H' and W'; None keeps the size of the input
    return_indices : bool
        also give the position of each largest element in its H x W plane

    Shape: (N, C, H, W) or (C, H, W) to (N, C, H', W') or (C, H', W').

    >>> from minitorch_optim.autograd import ones
    >>> AdaptiveMaxPool2d((5, 7))(ones(1, 64, 8, 9)).shape
    torch.Size([1, 64, 5, 7])
    """

    def forward(self, input: Tensor) -> Any:
        """:func:`functional.adaptive_max_pool2d`."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """:class:`AdaptiveMaxPool2d` in three dimensions. Shape: (N, C, D, H, W) to (N, C, D', H', W')."""

    def forward(self, input: Tensor) -> Any:
        """:func:`functional.adaptive_max_pool3d`."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)
