"""Convolutions by torch's names. What they compute, and their derivatives, is in ``trilinear.py``."""

from __future__ import annotations

from typing import Any

from ...autograd.hints import as_a_tensor
from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from .trilinear import convolve, convolve_transposed
from .windows import Windows, batched, per_dimension, unbatched

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

_NAMES_IN_C = {"float64": "double", "float32": "float", "uint8": "unsigned char", "int64": "long int", "int32": "int"}


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over signals: :func:`conv2d` in one dimension.

    Shape (N, C, L) or (C, L) with weight (D, C / groups, K) to (N, D, L') or (D, L').

    >>> from minitorch_optim.autograd import tensor
    >>> conv1d(tensor([[1.0, 2.0, 4.0, 8.0]]), tensor([[[-1.0, 1.0]]]))
    tensor([[1., 2., 4.]])
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over images: each output channel is the sum of the input's channels, each seen through a kernel.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    weight : Tensor, shape (D, C / groups, KH, KW)
    bias : Tensor, shape (D,), optional
    stride, dilation : int or pair
        steps between windows, and between the elements of a window
    padding : int, pair, "same" or "valid"
        zeros put around the input; "same" as many as keep its size, "valid" none
    groups : int
        the channels are cut into so many groups that do not see each other; C groups make it depthwise

    Returns
    -------
    Tensor, shape (N, D, H', W') or (D, H', W')
        with ``H' = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1``

    Raises
    ------
    RuntimeError
        if shapes or dtypes do not fit, or the kernel is larger than the padded input

    >>> from minitorch_optim.autograd import ones
    >>> conv2d(ones(1, 3, 3), ones(1, 1, 3, 3), padding=1)
    tensor([[[4., 6., 4.],
             [6., 9., 6.],
             [4., 6., 4.]]])
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over volumes: :func:`conv2d` in three dimensions.

    Shape (N, C, D, H, W) or (C, D, H, W) with weight (E, C / groups, KD, KH, KW) to (N, E, D', H', W').

    >>> from minitorch_optim.autograd import ones
    >>> conv3d(ones(1, 1, 2, 2, 2), ones(1, 1, 2, 2, 2))
    tensor([[[[[8.]]]]])
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """:func:`conv_transpose2d` in one dimension.

    Shape (N, C, L) or (C, L) with weight (C, D / groups, K) to (N, D, L') or (D, L').

    >>> from minitorch_optim.autograd import tensor
    >>> conv_transpose1d(tensor([[1.0, 10.0]]), tensor([[[1.0, 2.0, 3.0]]]), stride=2)
    tensor([[ 1.,  2., 13., 20., 30.]])
    """
    return _conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution: each element of the input puts a kernel, scaled by it, onto the output.

    It is the map by which :func:`conv2d` with the same arguments passes gradients to its input.

    Parameters
    ----------
    input : Tensor, shape (N, C, H, W) or (C, H, W)
    weight : Tensor, shape (C, D / groups, KH, KW)
    bias : Tensor, shape (D,), optional
    stride, dilation : int or pair
    padding : int or pair
        rows and columns to take away from each side of the output
    output_padding : int or pair
        rows and columns to add at its end: with a stride, outputs of several sizes are possible, and this picks one
    groups : int

    Returns
    -------
    Tensor, shape (N, D, H', W') or (D, H', W')
        with ``H' = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1``

    Raises
    ------
    RuntimeError
        if shapes or dtypes do not fit, or output_padding is not smaller than stride or dilation

    >>> from minitorch_optim.autograd import tensor, ones
    >>> conv_transpose2d(tensor([[[1.0, 2.0]]]), ones(1, 1, 2, 2))
    tensor([[[1., 3., 2.],
             [1., 3., 2.]]])
    """
    return _conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """:func:`conv_transpose2d` in three dimensions.

    Shape (N, C, D, H, W) or (C, D, H, W) with weight (C, E / groups, KD, KH, KW) to (N, E, D', H', W').

    >>> from minitorch_optim.autograd import ones
    >>> conv_transpose3d(ones(1, 1, 1, 1), ones(1, 1, 2, 2, 2)).shape
    torch.Size([1, 2, 2, 2])
    """
    return _conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv(
    dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    what = f"conv{dims}d"
    _check_arguments(dims, input, weight, bias, what)
    x = batched(dims, input, what)
    d, per_group = weight.shape[:2]
    if x.shape[1] != per_group * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(x.shape)} to have "
            f"{per_group * groups} channels, but got {x.shape[1]} channels instead"
            f"{_channels_advice(dims, tuple(input.shape), per_group * groups)}"
        )
    if groups < 1 or d % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size {list(weight.shape)} instead"
        )
    _check_bias(bias, d, weight)
    stride, dilation = _steps(stride, dims, "stride"), _steps(dilation, dims, "dilation")
    size, kernel = x.shape[2:], weight.shape[2:]
    before, after = _paddings(padding, dims, kernel, stride, dilation)
    padded = tuple(n + b + a for n, b, a in zip(size, before, after))
    spans = tuple(dl * (k - 1) + 1 for dl, k in zip(dilation, kernel))
    if any(span > n for span, n in zip(spans, padded)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
            f"({' x '.join(map(str, spans))}). Kernel size can't be greater than actual input size: pad the input, or "
            f"use a smaller kernel"
        )
    places = tuple((n - span) // s + 1 for n, span, s in zip(padded, spans, stride))
    windows = Windows(tuple(size), tuple(kernel), stride, before, dilation, places)
    return unbatched(apply(convolve, x, weight, bias, windows, groups), x, input)


def _conv_transpose(
    dims: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Tensor:
    what = f"conv_transpose{dims}d"
    _check_arguments(dims, input, weight, bias, what)
    y = batched(dims, input, what)
    if y.shape[1] != weight.shape[0] or groups < 1 or weight.shape[0] % groups:
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(weight.shape)}, expected input{list(y.shape)} to have "
            f"{weight.shape[0]} channels, a multiple of groups={groups}, but got {y.shape[1]} channels instead"
        )
    _check_bias(bias, weight.shape[1] * groups, weight, "transposed=1, ")
    stride, dilation = _steps(stride, dims, "stride"), _steps(dilation, dims, "dilation")
    padding = _steps(padding, dims, "padding", least=0)
    extra = _steps(output_padding, dims, "output_padding", least=0)
    if any(e >= max(s, dl) for e, s, dl in zip(extra, stride, dilation)):
        raise RuntimeError(
            f"output padding must be smaller than either stride or dilation, but got output_padding={extra}, "
            f"stride={stride}, dilation={dilation}"
        )
    places, kernel = tuple(y.shape[2:]), tuple(weight.shape[2:])
    size = tuple(
        (o - 1) * s - 2 * p + dl * (k - 1) + e + 1
        for o, s, p, dl, k, e in zip(places, stride, padding, dilation, kernel, extra)
    )
    if any(n < 1 for n in size):
        raise RuntimeError(
            f"{what}: input of size {list(y.shape)} with kernel {kernel} and padding={padding} leaves an output of "
            f"size {list(size)}: take a smaller padding"
        )
    windows = Windows(size, kernel, stride, padding, dilation, places)
    return unbatched(apply(convolve_transposed, y, weight, bias, windows, groups), y, input)


def _channels_advice(dims: int, shape: tuple[int, ...], channels: int) -> str:
    """What to do with an input of ``shape`` whose channels are not where they should be, or not as many."""
    names = "(N, C, L)", "(N, C, H, W)", "(N, C, D, H, W)"
    wanted = f". A Conv{dims}d takes shape {names[dims - 1]} with C = {channels}: "
    if len(shape) == dims + 2 and shape[-1] == channels:
        order = (0, dims + 1, *range(1, dims + 1))
        return f"{wanted}the channels seem to be last, so move them with x.permute{order}"
    if len(shape) == dims + 1 and channels == 1:
        return f"{wanted}a batch without channels gets them with x.unsqueeze(1)"
    return f"{wanted}make the layer with in_channels={shape[-dims - 1]}, or bring the input to that shape"


def _check_arguments(dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, what: str) -> None:
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{what}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}: {as_a_tensor(input)}"
        )
    if weight.ndim != dims + 2:
        raise RuntimeError(
            f"{what}: expected a weight of {dims + 2} dimensions (out_channels, in_channels / groups, *kernel), or "
            f"(in_channels, out_channels / groups, *kernel) if transposed, but got weight of size {list(weight.shape)}"
        )
    for name, other in (("bias", bias), ("weight", weight)):
        if other is not None and other.dtype != input.dtype:
            raise RuntimeError(
                f"Input type ({_NAMES_IN_C.get(input.dtype.name, input.dtype.name)}) and {name} type "
                f"({_NAMES_IN_C.get(other.dtype.name, other.dtype.name)}) should be the same: convert the input, as in "
                f"input.to(torch.{other.dtype})"
            )


def _check_bias(bias: Tensor | None, channels: int, weight: Tensor, how: str = "") -> None:
    if bias is not None and bias.shape != (channels,):
        raise RuntimeError(
            f"Given {how}weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {channels} "
            f"elements, but got bias of size {list(bias.shape)} instead"
        )


def _steps(value: Any, dims: int, name: str, least: int = 1) -> tuple[int, ...]:
    steps = per_dimension(value, dims, name)
    if any(step < least for step in steps):
        rule = "negative" if least == 0 else "non-positive"
        raise RuntimeError(f"{rule} {name} is not supported, got {name}={value}")
    return steps


def _paddings(
    padding: Any, dims: int, kernel: Any, stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How many zeros stand before and after the input."""
    if padding == "valid":
        padding = 0
    if padding == "same":
        if any(s != 1 for s in stride):
            raise RuntimeError(f"padding='same' is not supported for strided convolutions, got stride={stride}")
        totals = [dl * (k - 1) for dl, k in zip(dilation, kernel)]
        return tuple(t // 2 for t in totals), tuple(t - t // 2 for t in totals)
    if isinstance(padding, str):
        raise RuntimeError(f"Invalid padding string: {padding!r}, it should be 'same' or 'valid'")
    both = _steps(padding, dims, "padding", least=0)
    return both, both
