"""Normalisation: subtract a mean, divide by a standard deviation, then scale and shift by what is learned.

Batch, layer, group and instance normalisation differ only in the dimensions over which mean and variance are taken:
they are one primitive, in ``standardize.py``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.derivatives.elementwise import clamp, rsqrt
from ...autograd.ops.norms import norm
from ...autograd.tape import apply
from ...autograd.tensor import Tensor
from .standardize import standardize
from .windows import Windows, gather_windows

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "normalize", "rms_norm"]


# ---------------------------------------------------------------------------------------------- by torch's names


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel over the batch and space (Ioffe & Szegedy 2015).

    Parameters
    ----------
    input : Tensor, shape (N, C) or (N, C, *spatial)
    running_mean, running_var : Tensor, shape (C,), or None
        used as mean and variance when not training; when training they are changed in place:
        ``running = (1 - momentum) running + momentum batch``, the variance with Bessel's correction
    weight, bias : Tensor, shape (C,), optional
        scale and shift after normalising
    training : bool
        whether to normalise by the batch's own mean and variance (default False)
    momentum : float
        how far the running statistics move (default 0.1)
    eps : float
        added to the variance (default 1e-5)

    Returns
    -------
    Tensor, shape of input

    Raises
    ------
    ValueError
        if there is a single value per channel when training
    RuntimeError
        if there are no running statistics when not training, or the number of channels differs

    >>> from minitorch_optim.autograd import tensor
    >>> batch_norm(tensor([[1.0, 5.0], [3.0, 5.0]]), None, None, training=True)
    tensor([[-1.0000,  0.0000],
            [ 1.0000,  0.0000]])
    """
    _check_channels(input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not training:
        return _by_running(input, running_mean, running_var, weight, bias, eps)
    shape = input.shape
    if shape[0] * math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {shape}: a single value has no "
            f"spread. Use a larger batch (drop_last=True in the DataLoader), or model.eval()"
        )
    running = None if running_mean is None or running_var is None else (running_mean, running_var, momentum)
    return _standardized(input, weight, bias, (0, *range(2, len(shape))), eps, running)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel of each sample over space (Ulyanov et al. 2016).

    Parameters
    ----------
    input : Tensor, shape (N, C, *spatial)
    use_input_stats : bool
        whether to normalise by the input's own mean and variance (default) or by the running ones
    running_mean, running_var, weight, bias, momentum, eps
        as in :func:`batch_norm`; the running statistics follow the mean over the batch

    Returns
    -------
    Tensor, shape of input

    Raises
    ------
    ValueError
        if there is a single element in space

    >>> from minitorch_optim.autograd import tensor
    >>> instance_norm(tensor([[[1.0, 3.0], [10.0, 30.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    _check_channels(input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not use_input_stats:
        return _by_running(input, running_mean, running_var, weight, bias, eps)
    if math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    running = None if running_mean is None or running_var is None else (running_mean, running_var, momentum)
    return _standardized(input, weight, bias, tuple(range(2, input.ndim)), eps, running)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each sample over its last dimensions (Ba et al. 2016).

    Parameters
    ----------
    input : Tensor, shape (..., *normalized_shape)
    normalized_shape : sequence of int
    weight, bias : Tensor, shape normalized_shape, optional
    eps : float
        added to the variance (default 1e-5)

    Returns
    -------
    Tensor, shape of input

    Raises
    ------
    RuntimeError
        if the last dimensions of ``input``, or the shapes of weight and bias, are not ``normalized_shape``

    >>> from minitorch_optim.autograd import tensor
    >>> layer_norm(tensor([[1.0, 3.0], [10.0, 30.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    shape = _check_normalized_shape(input, normalized_shape, weight=weight, bias=bias)
    axes = tuple(range(input.ndim - len(shape), input.ndim))
    return apply(standardize, input, weight, bias, axes=axes, eps=eps)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Normalise each sample over space and over groups of channels (Wu & He 2018).

    Parameters
    ----------
    input : Tensor, shape (N, C, ...)
    num_groups : int
        a divisor of C
    weight, bias : Tensor, shape (C,), optional
    eps : float
        added to the variance (default 1e-5)

    Returns
    -------
    Tensor, shape of input

    Raises
    ------
    RuntimeError
        if C is not divisible by ``num_groups``

    >>> from minitorch_optim.autograd import tensor
    >>> group_norm(tensor([[1.0, 3.0, 10.0, 30.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    _check_channels(input, weight=weight, bias=bias)
    n, channels, *space = input.shape
    if num_groups < 1 or channels % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(input.shape)} and num_groups={num_groups}"
        )
    if n * channels // num_groups * math.prod(space) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(input.shape)}")
    grouped = apply(np.reshape, input, (n, num_groups, channels // num_groups, *space))
    of_group = (num_groups, channels // num_groups, *(1,) * len(space))
    weight, bias = (t if t is None else apply(np.reshape, t, of_group) for t in (weight, bias))
    out = apply(standardize, grouped, weight, bias, axes=tuple(range(2, grouped.ndim)), eps=eps)
    return apply(np.reshape, out, tuple(input.shape))


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divide each sample by its root mean square over its last dimensions (Zhang & Sennrich 2019).

    Parameters
    ----------
    input : Tensor, shape (..., *normalized_shape)
    normalized_shape : sequence of int
    weight : Tensor, shape normalized_shape, optional
    eps : float, optional
        added to the mean square; default: the spacing of numbers of this dtype near 1

    Returns
    -------
    Tensor, shape of input

    >>> from minitorch_optim.autograd import tensor
    >>> rms_norm(tensor([[1.0, 7.0]]), (2,))
    tensor([[0.2000, 1.4000]])
    """
    shape = _check_normalized_shape(input, normalized_shape, weight=weight)
    if eps is None:
        eps = float(np.finfo(input.dtype).eps)
    axes = tuple(range(input.ndim - len(shape), input.ndim))
    out = input * apply(rsqrt, apply(np.mean, input * input, axis=axes, keepdims=True) + eps)
    return out if weight is None else out * weight


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide each channel by the activity of its ``size`` neighbours (Krizhevsky et al. 2012, section 3.3).

    x / (k + alpha mean(x^2))^beta, with the mean over the neighbouring channels, those beyond the ends being 0.

    Parameters
    ----------
    input : Tensor, shape (N, C, *spatial)

    Returns
    -------
    Tensor, shape of input

    >>> from minitorch_optim.autograd import tensor
    >>> local_response_norm(tensor([[[1.0], [1.0]]]), 2, alpha=2.0, beta=1.0)
    tensor([[[0.5000],
             [0.3333]]])
    """
    if input.ndim < 3 or size < 1:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions) and a size of at least 1 (got "
            f"{size})"
        )
    n, channels, *space = input.shape
    plane = apply(np.reshape, input * input, (n, 1, channels, math.prod(space)))
    windows = Windows((channels, math.prod(space)), (size, 1), (1, 1), (size // 2, 0), (1, 1), plane.shape[2:])
    mean = apply(np.reshape, apply(gather_windows, plane, None, windows), tuple(input.shape)) / size
    return input / (mean * alpha + k) ** beta


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """Divide by the p-norm along ``dim``, which then is 1.

    Parameters
    ----------
    input : Tensor, any shape
    p : float
        which norm (default 2)
    dim : int or tuple of int
    eps : float
        the least number to divide by

    Returns
    -------
    Tensor, shape of input

    >>> from minitorch_optim.autograd import tensor
    >>> normalize(tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    return input / apply(clamp, norm(input, p, dim, True), eps, None)


# ---------------------------------------------------------------------------------------------- what they share


def _standardized(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, axes: tuple[int, ...], eps: float, running: Any
) -> Tensor:
    return apply(
        standardize, x, _per_channel(weight, x.ndim), _per_channel(bias, x.ndim), axes=axes, eps=eps, running=running
    )


def _by_running(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
) -> Tensor:
    """Normalise by known statistics: a straight line for each channel."""
    if running_mean is None or running_var is None:
        missing = "running_mean" if running_mean is None else "running_var"
        raise RuntimeError(f"{missing} must be defined in evaluation mode: there are no other statistics to use")
    scale = apply(rsqrt, running_var + eps)
    if weight is not None:
        scale = scale * weight
    shift = -running_mean * scale
    if bias is not None:
        shift = shift + bias
    return apply(np.add, x * _per_channel(scale, x.ndim), _per_channel(shift, x.ndim))


def _per_channel(t: Any, ndim: int) -> Any:
    """Shape (C,) as it broadcasts against shape (N, C, *spatial)."""
    return t if t is None or ndim == 2 else apply(np.reshape, t, (-1, *(1,) * (ndim - 2)))


def _check_channels(input: Tensor, **others: Tensor | None) -> None:
    if input.ndim < 2:
        raise ValueError(f"expected an input of shape (samples, channels, ...), got input of size {list(input.shape)}")
    for name, t in others.items():
        if t is None:
            continue
        if t.ndim != 1 or t.shape[0] != input.shape[1]:
            raise RuntimeError(
                f"{name} should contain {input.shape[1]} elements not {t.shape[0] if t.ndim == 1 else list(t.shape)}: "
                f"one for each channel of the input, of size {list(input.shape)}, whose dimension 1 is the channels. "
                f"Make the layer with {input.shape[1]} channels, or bring the input to shape (N, {t.shape[0]}, ...)"
            )
        _check_dtype(input, name, t)


def _check_normalized_shape(
    input: Tensor, normalized_shape: Sequence[int], **others: Tensor | None
) -> tuple[int, ...]:
    shape = tuple(normalized_shape)
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], but "
            f"got input of size{list(input.shape)}: make the layer with the last dimension"
            f"{'s' * (len(shape) > 1)} of its input, here {list(input.shape[-len(shape):])}"
        )
    for name, t in others.items():
        if t is None:
            continue
        if tuple(t.shape) != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(t.shape)} and "
                f"normalized_shape = {list(shape)}"
            )
        _check_dtype(input, name, t)
    return shape


def _check_dtype(input: Tensor, name: str, t: Tensor) -> None:
    if t.dtype != input.dtype:
        raise RuntimeError(
            f"mixed dtype (CPU): all inputs must share same datatype, got an input of {input.dtype} and {name} of "
            f"{t.dtype}: convert the input, as in input.to(torch.{t.dtype})"
        )
