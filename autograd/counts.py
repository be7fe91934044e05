"""Random counts, number by number: Poisson and binomial. PyTorch draws them by the same methods from the same stream.

Sources: Hoermann, The transformed rejection method for generating Poisson random variables (1993), algorithm PTRS; and
The generation of binomial random variates (1993), algorithm BTRS.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .generator import Generator
from .ops.naming import op
from .random import drawing
from .tensor import Tensor, new_tensor

__all__ = ["binomial", "poisson"]


@op
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson counts with the rates in ``input``, which must not be negative; of its shape and dtype.

    >>> from minitorch_optim.autograd import manual_seed, tensor
    >>> _ = manual_seed(0)
    >>> poisson(tensor([2.0, 30.0]))
    tensor([ 6., 27.])
    """
    rates = input._array
    if not (rates >= 0).all():
        raise RuntimeError(f"invalid Poisson rate, expected rate to be non-negative, got {rates.min()}")
    uniform = _singly(drawing(generator))
    counts = [_poisson(rate, uniform) for rate in rates.ravel().tolist()]
    return new_tensor(np.array(counts, rates.dtype).reshape(rates.shape))


@op
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of ``count`` trials succeed, each with probability ``prob``; the shapes broadcast, the dtypes are equal.

    >>> from minitorch_optim.autograd import manual_seed, tensor
    >>> _ = manual_seed(0)
    >>> binomial(tensor([10.0, 10.0]), tensor([0.3, 0.7]))
    tensor([6., 7.])
    """
    if count.dtype != prob.dtype or count.dtype.kind != "f":
        raise RuntimeError(
            f"binomial only supports floating-point dtypes, the same for count and prob, got {count.dtype} and "
            f"{prob.dtype}: convert both with float()"
        )
    trials, chances = np.broadcast_arrays(count._array, prob._array)
    uniform = _singly(drawing(generator))
    drawn = [_binomial(n, p, uniform) for n, p in zip(trials.ravel().tolist(), chances.ravel().tolist(), strict=True)]
    return new_tensor(np.array(drawn, count.dtype).reshape(trials.shape))


def _singly(draw: Generator) -> Callable[[], float]:
    return lambda: float(draw.uniform(1)[0])


def _poisson(rate: float, uniform: Callable[[], float]) -> int:
    if rate >= 10:
        return _poisson_by_rejection(rate, uniform)
    if rate == 0:
        return 0
    count, product, end = 0, uniform(), math.exp(-rate)  # as many exponential waiting times as fit into one unit
    while product > end:
        count += 1
        product *= uniform()
    return count


def _poisson_by_rejection(rate: float, uniform: Callable[[], float]) -> int:
    """PTRS: the names are the paper's."""
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        if math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b) <= (
            -rate + k * log_rate - math.lgamma(k + 1)
        ):
            return k


def _binomial(count: float, prob: float, uniform: Callable[[], float]) -> float:
    if count <= 0 or prob <= 0:
        return 0.0
    if prob >= 1:
        return count
    if prob > 0.5:
        return count - _binomial_of_rare(count, 1.0 - prob, uniform)
    if prob <= 0.5:
        return _binomial_of_rare(count, prob, uniform)
    return math.nan


def _binomial_of_rare(count: float, prob: float, uniform: Callable[[], float]) -> float:
    if count * prob >= 10:
        return _binomial_by_rejection(count, prob, uniform)
    successes, trials, log_failure = 0, 0, math.log1p(-prob)
    while True:  # the trials up to the next success are geometric
        u = uniform()
        trials += math.ceil(math.log(u) / log_failure) if u > 0 else math.ceil(count) + 1
        if trials > count:
            return float(successes)
        successes += 1


def _binomial_by_rejection(count: float, prob: float, uniform: Callable[[], float]) -> float:
    """BTRS: the names are the paper's."""
    stddev = math.sqrt(count * prob * (1 - prob))
    b = 1.15 + 2.53 * stddev
    a = -0.0873 + 0.0248 * b + 0.01 * prob
    c = count * prob + 0.5
    v_r = 0.92 - 4.2 / b
    r = prob / (1 - prob)
    alpha = (2.83 + 5.1 / b) * stddev
    m = math.floor((count + 1) * prob)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c)
        if us >= 0.07 and v <= v_r:
            return float(k)
        if k < 0 or k > count:
            continue
        bound = (
            (m + 0.5) * math.log((m + 1) / (r * (count - m + 1)))
            + (count + 1) * math.log((count - m + 1) / (count - k + 1))
            + (k + 0.5) * math.log(r * (count - k + 1) / (k + 1))
            + _stirling(m) + _stirling(count - m) - _stirling(k) - _stirling(count - k)
        )
        if math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return float(k)


def _stirling(k: float) -> float:
    """log(k!) minus Stirling's formula for it, with log(k + 1) in place of log(k)."""
    return math.lgamma(k + 1) - ((k + 0.5) * math.log(k + 1) - (k + 1) + 0.5 * math.log(2 * math.pi))
