"""Dropout: elements, or whole channels, set to zero at random while training, the others scaled up to keep the mean.

Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting (2014).
"""

from __future__ import annotations

import math
from typing import Any

from ...autograd.hints import hint
from ...autograd.inplace import overwrite
from ...autograd.random import along_memory, bernoulli_array
from ...autograd.tensor import Tensor, new_tensor
from ...autograd.watch import beside

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d"]


def check_probability(p: float) -> None:
    """Raise unless ``p`` is a probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


@beside
def _kept(shape: tuple[int, ...], p: float, dtype: Any) -> Any:
    """1 with probability 1 - p, otherwise 0."""
    return bernoulli_array(1 - p, shape, None).astype(dtype, copy=False)


@beside
def _factors(array: Any, shape: tuple[int, ...], p: float) -> Any:
    """0 or 1 / (1 - p), drawn in the order in which the elements of ``array`` lie in memory if it has that shape."""
    if shape == array.shape:
        factors = along_memory(array, lambda shape: _kept(shape, p, array.dtype))
    else:
        factors = _kept(shape, p, array.dtype)
    if p < 1:
        factors /= 1 - p
    return factors


def _dropped(input: Tensor, shape: tuple[int, ...], p: float, training: bool, inplace: bool) -> Tensor:
    """``input`` times one random factor, 0 or 1 / (1 - p), for each element of ``shape``, which broadcasts."""
    check_probability(p)
    if not training or p == 0 or not input.numel():
        return input
    result = input * new_tensor(_factors(input._array, shape, p))
    return overwrite(input, result, "dropout_") if inplace else result


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each element to zero with probability ``p`` and multiply the others by 1 / (1 - p), while ``training``.

    Parameters
    ----------
    input : Tensor, shape (...)
    p : float
        from 0 to 1
    training : bool
        False gives ``input`` itself

    Returns
    -------
    Tensor, shape (...)

    >>> from minitorch_optim.autograd import manual_seed, ones
    >>> _ = manual_seed(0)
    >>> sorted(set(dropout(ones(100), p=0.75).tolist()))
    [0.0, 4.0]
    """
    return _dropped(input, input.shape, p, training, inplace)


def _channels(input: Tensor, lead: int, p: float, training: bool, inplace: bool) -> Tensor:
    """Dropout with one draw for each element of the leading dimensions: batch and channels, or channels alone."""
    if input.ndim < 2:
        raise RuntimeError(f"Feature dropout requires at least 2 dimensions in the input, got {input.ndim}")
    return _dropped(input, (*input.shape[:lead], *[1] * (input.ndim - lead)), p, training, inplace)


def _discouraged(name: str, input: Tensor, allowed: tuple[int, ...]) -> None:
    if input.ndim not in allowed:
        hint(
            f"{name}: Received a {input.ndim}-D input to {name}, which is deprecated and will result in an error in a "
            f"future release. To retain the behavior and silence this warning, please use dropout instead.",
            UserWarning,
        )


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """:func:`dropout` of whole channels. Shape (N, C, L) or (C, L)."""
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that dropout1d exists to "
            f"provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional "
            f"batch dimension (i.e. 2D or 3D inputs)."
        )
    return _channels(input, input.ndim - 1, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """:func:`dropout` of whole channels. Shape (N, C, H, W); one of (N, C, L) is taken for a batch too, with a warning.

    Source: Tompson et al., Efficient Object Localization Using Convolutional Networks (2015).
    """
    _discouraged("dropout2d", input, (3, 4))
    if input.ndim == 3:
        hint(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is "
            "desired - input is interpreted as shape (N, C, L), where C is the channel dim. Use dropout1d for that.",
            UserWarning,
        )
    return _channels(input, 2, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """:func:`dropout` of whole channels. Shape (N, C, D, H, W) or (C, D, H, W)."""
    _discouraged("dropout3d", input, (4, 5))
    return _channels(input, 1 if input.ndim == 4 else 2, p, training, inplace)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout for SELU: dropped elements take its negative limit, and a x + b restores mean 0 and variance 1.

    Source: Klambauer et al., Self-Normalizing Neural Networks (2017).
    """
    check_probability(p)
    if not training or p == 0 or not input.numel():
        return input
    kept = _kept(input.shape, p, input.dtype)
    if p == 1:
        result = input * new_tensor(kept)
    else:
        limit = 1.7580993408473766  # scale alpha of selu
        a = 1 / math.sqrt((limit * limit * p + 1) * (1 - p))
        shift = (kept - 1) * (limit * a) + limit * a * p
        result = input * new_tensor(kept * a) + new_tensor(shift)
    return overwrite(input, result, "alpha_dropout_") if inplace else result
