"""What convolutional layers have in common: kernels, and how they are checked, drawn and shown."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.tensor import Tensor
from . import init
from .functional.windows import per_dimension
from .lazy import LazyModule
from .module import Module
from .parameter import Parameter, UninitializedParameter, empty_parameter, is_lazy

__all__: list[str] = []

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Kernels(Module):
    """What convolutions and transposed convolutions have in common: their kernels."""

    dims: int
    transposed: bool
    padding: Any
    weight: Parameter
    bias: Parameter | None

    def _set(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        padding_mode: str,
    ) -> None:
        if groups < 1:
            raise ValueError(f"groups must be a positive integer, got groups={groups}")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups, got {name}={channels} and groups={groups}")
        if padding_mode not in _PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {_PADDING_MODES}, but got padding_mode={padding_mode!r}")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = per_dimension(kernel_size, self.dims, "kernel_size")
        self.stride = per_dimension(stride, self.dims, "stride")
        self.padding = padding if isinstance(padding, str) else per_dimension(padding, self.dims, "padding")
        self.dilation = per_dimension(dilation, self.dims, "dilation")
        self.output_padding = per_dimension(output_padding, self.dims, "output_padding")
        self.groups = groups
        self.padding_mode = padding_mode
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}")
            if padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError(f"padding='same' is not supported for strided convolutions, got stride={self.stride}")

    def _weight_shape(self) -> tuple[int, ...]:
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        return (first, second // self.groups, *self.kernel_size)

    def _make_parameters(self, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = empty_parameter(*self._weight_shape(), device=device, dtype=dtype)
        if bias:
            self.bias = empty_parameter(self.out_channels, device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        fan_in = math.prod(self.weight.shape[1:])
        if self.bias is not None and fan_in:
            init.uniform_(self.bias, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def extra_repr(self) -> str:
        """The sizes, and the options that are not the default."""
        zeros, ones = (0,) * self.dims, (1,) * self.dims
        shown = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        for name, usual in (("padding", zeros), ("dilation", ones), ("output_padding", zeros), ("groups", 1)):
            if getattr(self, name) != usual:
                shown.append(f"{name}={getattr(self, name)}")
        if self.bias is None:
            shown.append("bias=False")
        if self.padding_mode != "zeros":
            shown.append(f"padding_mode={self.padding_mode}")
        return ", ".join(shown)


class LazyKernels(LazyModule, Kernels):
    """The first base of the lazy layers: ``in_channels`` comes with the first input."""

    def __init__(self, out_channels: int, kernel_size: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(0, out_channels, kernel_size, *args, **kwargs)  # type: ignore[call-arg]

    def _make_parameters(self, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take ``in_channels`` from the shape of ``input``, and draw the values."""
        if input.ndim not in (self.dims + 1, self.dims + 2):
            raise RuntimeError(
                f"Expected {self.dims + 1}D (unbatched) or {self.dims + 2}D (batched) input to {type(self).__name__}, "
                f"but got input of size: {list(input.shape)}"
            )
        self.in_channels = input.shape[-1 - self.dims]
        if self.in_channels % self.groups:
            raise ValueError(
                f"in_channels must be divisible by groups, got in_channels={self.in_channels} and groups={self.groups}"
            )
        if self.has_uninitialized_params():
            for parameter, shape in ((self.weight, self._weight_shape()), (self.bias, (self.out_channels,))):
                if isinstance(parameter, UninitializedParameter):
                    parameter.materialize(shape)
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once their shapes are known."""
        if not is_lazy(self.weight):
            super().reset_parameters()
