"""First values of parameters: each function changes ``tensor`` in place, records nothing, and returns it.

``gain`` is by how much the activation that follows shrinks a signal (:func:`calculate_gain`); fan-in is the number of
inputs that go into one output, fan-out the number of outputs that one input goes into: K and M for a weight of shape
(M, K), both times the size of the kernel for a convolution. Where there are random numbers, they come from
``generator``, by default the one that ``manual_seed`` seeds.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.generator import Generator
from ..autograd.missing import explain_missing
from ..autograd.modes import no_grad
from ..autograd.ops.creation import empty_like
from ..autograd.random import randn, randperm
from ..autograd.tensor import Tensor, new_tensor

__all__ = [
    "calculate_gain", "constant", "constant_", "dirac", "dirac_", "eye", "eye_", "kaiming_normal", "kaiming_normal_",
    "kaiming_uniform", "kaiming_uniform_", "normal", "normal_", "ones_", "orthogonal", "orthogonal_", "sparse",
    "sparse_", "trunc_normal_", "uniform", "uniform_", "xavier_normal", "xavier_normal_", "xavier_uniform",
    "xavier_uniform_", "zeros_",
]  # fmt: skip

_LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much to scale the weights before a nonlinearity, so that it leaves the signal's variance as it is.

    1 for ``linear``, ``conv*`` and ``sigmoid``, 5/3 for ``tanh``, sqrt(2) for ``relu``, 3/4 for ``selu``, and
    sqrt(2 / (1 + param^2)) for ``leaky_relu``, whose negative slope is ``param`` (default 0.01).

    >>> calculate_gain("leaky_relu", 0.2)
    1.3867504905630728
    """
    if nonlinearity in _LINEAR or nonlinearity == "sigmoid":
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, int | float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        slope = 0.01 if param is None else param
        return math.sqrt(2.0 / (1 + slope**2))
    raise ValueError(
        f"Unsupported nonlinearity {nonlinearity}: known are {', '.join(_LINEAR)}, sigmoid, tanh, relu, leaky_relu "
        f"and selu"
    )


# -- without structure --------------------------------------------------------------------------


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform on [a, b).

    >>> from minitorch_optim.autograd import empty, manual_seed
    >>> _ = manual_seed(0)
    >>> uniform_(empty(3))
    tensor([0.4963, 0.7682, 0.0885])
    """
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)  # type: ignore[no-any-return]


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with this mean and standard deviation."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)  # type: ignore[no-any-return]


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal with this mean and standard deviation, drawn again until inside [a, b].

    Where fewer than 3 in 10 normal numbers would be inside, the numbers are drawn uniformly from [a, b] and kept with a
    probability in proportion to the normal density.

    Source: Robert, Simulation of truncated normal variables (1995).
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )

    def distribution(x: float) -> float:
        return (1.0 + math.erf((x - mean) / std / math.sqrt(2.0))) / 2.0

    def drawn() -> tuple[Any, Any]:
        """A number for each element, and whether to keep it."""
        x = empty_like(tensor, requires_grad=False)
        if distribution(b) - distribution(a) >= 0.3:
            values = x.normal_(mean, std, generator=generator)._array
            return values, (values >= a) & (values <= b)
        values = x.uniform_(a, b, generator=generator)._array
        nearest = min(max(mean, a), b)  # where the density is greatest
        chance = ((nearest - mean) ** 2 - np.square(values - mean)) / (2 * std * std)
        with np.errstate(divide="ignore"):
            return values, np.log(empty_like(x).uniform_(0, 1, generator=generator)._array) <= chance

    result, kept = drawn()
    while not kept.all():
        values, good = drawn()
        result, kept = np.where(kept, result, values), kept | good
    with no_grad():
        return tensor.copy_(new_tensor(result))  # type: ignore[no-any-return]


def constant_(tensor: Tensor, val: float) -> Tensor:
    """``val`` everywhere."""
    with no_grad():
        return tensor.fill_(val)  # type: ignore[no-any-return]


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return constant_(tensor, 0.0)


# -- by the number of inputs and outputs --------------------------------------------------------


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"a tensor is drawn, and this is {type(tensor).__name__}: give its weight, as in layer.weight")
    if tensor.ndim < 2:
        raise ValueError(
            f"Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got shape "
            f"{list(tensor.shape)}: use uniform_ or normal_ for a bias"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform on [-r, r) with r = gain sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010).
    """
    std = gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation gain sqrt(2 / (fan_in + fan_out)). Source: Glorot and Bengio (2010)."""
    std = gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """gain / sqrt(fan)."""
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan = _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _nothing_to_draw(tensor: Tensor) -> bool:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform on [-r, r) with r = gain sqrt(3 / fan).

    Parameters
    ----------
    a : float
        the negative slope of the leaky ReLU that follows (0: of a ReLU)
    mode : str
        ``"fan_in"`` keeps the variance of signals going forward, ``"fan_out"`` of gradients going backward
    nonlinearity : str
        what follows; see :func:`calculate_gain`

    Source: He et al., Delving Deep into Rectifiers (2015).
    """
    if _nothing_to_draw(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan); arguments as of :func:`kaiming_uniform_`."""
    if _nothing_to_draw(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


# -- with structure -----------------------------------------------------------------------------


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix: as many inputs as possible go through unchanged. Shape (M, K)."""
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got {tensor.ndim}")
    with no_grad():
        return tensor.copy_(new_tensor(np.eye(*tensor.shape, dtype=tensor.dtype)))  # type: ignore[no-any-return]


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The kernel of a convolution that lets as many channels as possible through unchanged, in each of ``groups``."""
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"Only tensors with 3, 4, or 5 dimensions are supported, got {tensor.ndim}")
    if tensor.shape[0] % groups:
        raise ValueError(f"dim 0 must be divisible by groups: {tensor.shape[0]} by {groups}")
    channels = tensor.shape[0] // groups
    middle = tuple(n // 2 for n in tensor.shape[2:])
    kernel = np.zeros(tensor.shape, tensor.dtype)
    for group in range(groups):
        for c in range(min(channels, tensor.shape[1])):
            kernel[(group * channels + c, c, *middle)] = 1
    with no_grad():
        return tensor.copy_(new_tensor(kernel))  # type: ignore[no-any-return]


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """``gain`` times a random matrix whose rows or columns, the fewer of them, are orthonormal.

    Shape (M, ...): the dimensions after the first are taken together.

    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear neural networks (2014).

    >>> from minitorch_optim.autograd import allclose, empty, eye
    >>> w = orthogonal_(empty(2, 5))
    >>> allclose(w @ w.T, eye(2), atol=1e-6)
    True
    """
    if tensor.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, got {tensor.ndim}")
    if not tensor.numel():
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    drawn = randn(rows, columns, dtype=tensor.dtype, generator=generator)._array
    q, r = np.linalg.qr(drawn.T if rows < columns else drawn)
    q = q * np.sign(np.diagonal(r))  # makes the distribution uniform: Mezzadri (2007)
    with no_grad():
        tensor.copy_(new_tensor((q.T if rows < columns else q).reshape(tensor.shape)))
        return tensor.mul_(gain)  # type: ignore[no-any-return]


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation ``std``, and in each column the fraction ``sparsity`` of elements 0. Shape (M, K).

    Source: Martens, Deep learning via Hessian-free optimization (2010).
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got {tensor.ndim}")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[randperm(rows)[:zeros], column] = 0
    return tensor


# -- the names before 0.4 -----------------------------------------------------------------------


def _deprecated(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    new = function.__name__
    old = new[:-1]

    @functools.wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2
        )
        return function(*args, **kwargs)

    renamed.__name__ = renamed.__qualname__ = old
    renamed.__doc__ = f"The old name of :func:`{new}`; warns."
    return renamed


uniform = _deprecated(uniform_)
normal = _deprecated(normal_)
constant = _deprecated(constant_)
eye = _deprecated(eye_)
dirac = _deprecated(dirac_)
xavier_uniform = _deprecated(xavier_uniform_)
xavier_normal = _deprecated(xavier_normal_)
kaiming_uniform = _deprecated(kaiming_uniform_)
kaiming_normal = _deprecated(kaiming_normal_)
orthogonal = _deprecated(orthogonal_)
sparse = _deprecated(sparse_)

explain_missing(globals(), "torch.nn.init")
