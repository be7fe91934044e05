"""Batch and instance normalisation: layers that may keep running statistics. See ``functional/normalization.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.ops.values import check_device, dtype_of
from ..autograd.tape import apply
from ..autograd.tensor import Tensor, new_tensor
from ..autograd.watch import into
from . import functional as F
from .lazy import LazyModule
from .module import Module
from .parameter import Parameter, UninitializedParameter, empty_parameter

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d",
]  # fmt: skip


class _Statistics(Module):
    """The base: a scale and a shift for each channel, running statistics, and what is done with them."""

    dims: tuple[int, ...]  # how many dimensions an input may have
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_device(device)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._make(affine, affine and bias, device, dtype)

    def _make(self, weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        n = self.num_features
        for name, wanted in (("weight", weight), ("bias", bias)):
            self.register_parameter(name, empty_parameter(n, device=device, dtype=dtype) if wanted else None)
        follow = self.track_running_stats
        self._register_statistics([new_tensor(np.empty(n, dtype_of(dtype))) if follow else None for _ in range(2)])
        self.reset_parameters()

    def _register_statistics(self, statistics: Sequence[Tensor | None]) -> None:
        self.register_buffer("running_mean", statistics[0])
        self.register_buffer("running_var", statistics[1])
        self.register_buffer(
            "num_batches_tracked", new_tensor(np.zeros((), np.int64)) if self.track_running_stats else None
        )

    def reset_running_stats(self) -> None:
        """Begin anew: mean 0, variance 1, no batches seen."""
        for tensor, value in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
            if tensor is not None:
                tensor.fill_(value)

    def reset_parameters(self) -> None:
        """Begin anew: scale 1, shift 0, and running statistics as :meth:`reset_running_stats`."""
        self.reset_running_stats()
        for parameter, value in ((self.weight, 1), (self.bias, 0)):
            if parameter is not None:
                parameter._array.fill(value)

    def _check_dims(self, input: Tensor) -> None:
        if input.ndim not in self.dims:
            allowed = " or ".join(f"{n}D" for n in self.dims)
            raise ValueError(
                f"expected {allowed} input (got {input.ndim}D input): {type(self).__name__} was given a tensor of "
                f"shape {list(input.shape)}{self._instead(input.ndim)}"
            )

    def _instead(self, ndim: int) -> str:
        """Which layer of this kind takes ``ndim`` dimensions."""
        if 2 <= ndim <= 5:
            return f". For that shape there is {type(self).__name__[:-2]}{max(ndim - 2, 1)}d"
        return ": its dimensions are samples, channels, and those of space"

    def extra_repr(self) -> str:
        """The number of channels, and the options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


def _one_more(count: Any) -> None:
    count += 1


class _BatchNorm(_Statistics):
    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.batch_norm`."""
        self._check_dims(input)
        by_batch = self.training or self.running_mean is None or self.running_var is None
        follow = self.training and self.track_running_stats
        momentum = self.momentum
        count = self.num_batches_tracked
        if follow and count is not None:
            into(count._array, _one_more)  # this is add_(1), at a tenth of the time
            count._version[0] += 1
            if momentum is None:  # the plain average of all batches
                momentum = 1.0 / float(count)
        if by_batch and not follow:
            return F.batch_norm(input, None, None, self.weight, self.bias, True, 0.0, self.eps)
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, by_batch, momentum or 0.0, self.eps
        )


class BatchNorm1d(_BatchNorm):
    """Normalises each feature over the batch: subtract the mean, divide by the standard deviation, scale and shift.

    In training mode by the batch's own mean and variance, in evaluation mode by running ones.

    Parameters
    ----------
    num_features : int
        C
    eps : float
        added to the variance (default 1e-5)
    momentum : float or None
        how far the running statistics move towards a batch's (default 0.1); None: the average of all batches
    affine : bool
        whether scale and shift are learned (default True)
    track_running_stats : bool
        whether there are running statistics (default True); without, the batch's own are used in evaluation mode too
    bias : bool
        whether there is a shift (default True)

    Attributes
    ----------
    weight, bias : Parameter, shape (C,), or None
        scale and shift, at first 1 and 0
    running_mean, running_var : Tensor, shape (C,), or None
        at first 0 and 1
    num_batches_tracked : Tensor, shape (), int64, or None

    Shape: (N, C) or (N, C, L) to the same.

    >>> from minitorch_optim.autograd import tensor
    >>> layer = BatchNorm1d(2)
    >>> layer(tensor([[1.0, 10.0], [3.0, 30.0]]))
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]], grad_fn=<NormalizeBackward>)
    >>> layer.running_mean, layer.num_batches_tracked
    (tensor([0.2000, 2.0000]), tensor(1))
    """

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """:class:`BatchNorm1d` for images: each channel is normalised over the batch and over space.

    Shape: (N, C, H, W) to the same.

    >>> from minitorch_optim.autograd import ones
    >>> layer = BatchNorm2d(3).eval()
    >>> layer(ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    >>> layer
    BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """

    dims = (4,)


class BatchNorm3d(_BatchNorm):
    """:class:`BatchNorm1d` for volumes. Shape: (N, C, D, H, W) to the same."""

    dims = (5,)


# ---------------------------------------------------------------------------------------------- instance


class _InstanceNorm(_Statistics):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.instance_norm`."""
        self._check_dims(input)
        x = input if input.ndim == self.dims[1] else apply(np.expand_dims, input, 0)
        if x.shape[1] != self.num_features and self.affine:
            raise ValueError(
                f"expected input's size at dim={input.ndim - self.dims[0]} to match num_features "
                f"({self.num_features}), but got: {x.shape[1]}."
            )
        out = F.instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum or 0.0,
            self.eps,
        )
        return out if x is input else apply(np.reshape, out, tuple(input.shape))


class InstanceNorm1d(_InstanceNorm):
    """Normalises each channel of each sample over space.

    Parameters
    ----------
    num_features : int
        C
    affine, track_running_stats : bool
        as in :class:`BatchNorm1d`, but both False by default
    eps, momentum, bias
        as in :class:`BatchNorm1d`

    Shape: (N, C, L) or (C, L) to the same.

    >>> from minitorch_optim.autograd import tensor
    >>> InstanceNorm1d(1)(tensor([[[1.0, 3.0]], [[10.0, 30.0]]]))
    tensor([[[-1.0000,  1.0000]],
    <BLANKLINE>
            [[-1.0000,  1.0000]]])
    """

    dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """:class:`InstanceNorm1d` for images. Shape: (N, C, H, W) or (C, H, W) to the same."""

    dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """:class:`InstanceNorm1d` for volumes. Shape: (N, C, D, H, W) or (C, D, H, W) to the same."""

    dims = (4, 5)


# ---------------------------------------------------------------------------------------------- lazy


class UninitializedBuffer(UninitializedParameter):
    """The buffer of a lazy layer that has seen no input yet; ``materialize(shape)`` makes an ordinary tensor of it."""

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary tensor of ``shape``, with values still to be set."""
        super().materialize(shape, device, dtype)
        self.__class__ = Tensor  # type: ignore[assignment]


class _LazyStatistics(LazyModule, _BatchNorm):
    """The first base of the lazy layers: ``num_features`` comes with the first input."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _make(self, weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        for name, wanted in (("weight", weight), ("bias", bias)):
            self.register_parameter(name, UninitializedParameter(device=device, dtype=dtype) if wanted else None)
        follow = self.track_running_stats
        self._register_statistics([UninitializedBuffer(False, device, dtype) if follow else None for _ in range(2)])

    def initialize_parameters(self, input: Tensor) -> None:
        """Take ``num_features`` from the shape of ``input``."""
        self._check_dims(input)
        self.num_features = input.shape[1]
        if self.has_uninitialized_params():
            for tensor in [*self.parameters(recurse=False), *self.buffers(recurse=False)]:
                if isinstance(tensor, UninitializedParameter):
                    tensor.materialize((self.num_features,))
            self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Begin anew, once the shapes are known."""
        if not self.has_uninitialized_params():
            super().reset_running_stats()

    def reset_parameters(self) -> None:
        """Begin anew, once the shapes are known."""
        if not self.has_uninitialized_params():
            super().reset_parameters()


class LazyBatchNorm1d(_LazyStatistics, BatchNorm1d):
    """:class:`BatchNorm1d` that takes ``num_features`` from its first input, and becomes one.

    The arguments are those of :class:`BatchNorm1d` without the first.

    >>> from minitorch_optim.autograd import randn
    >>> layer = LazyBatchNorm1d()
    >>> layer(randn(5, 4)).shape, layer.weight.shape, type(layer).__name__
    (torch.Size([5, 4]), torch.Size([4]), 'BatchNorm1d')
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyStatistics, BatchNorm2d):
    """:class:`BatchNorm2d` that takes ``num_features`` from its first input, and becomes one."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyStatistics, BatchNorm3d):
    """:class:`BatchNorm3d` that takes ``num_features`` from its first input, and becomes one."""

    cls_to_become = BatchNorm3d
