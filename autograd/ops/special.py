"""Special functions, under the names of ``torch.special``: error functions, logarithms of the gamma function, Bessel's.

Shape (...) to shape (...), whole numbers become the default float. SciPy computes them, and is loaded when the first is
called.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tape import apply
from ..tensor import Tensor
from .arithmetic import mul
from .creation import tensor  # noqa: F401  for the examples
from .cumulative import log_softmax, logsumexp, softmax
from .naming import method, op
from .pointwise import exp2, expm1, log1p, round

__all__ = [
    "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2",
    "expit", "expm1", "gammaln", "i0", "i0e", "i1", "i1e", "log1p", "log_ndtr", "log_softmax", "logit", "logsumexp",
    "multigammaln", "ndtr", "ndtri", "polygamma", "psi", "round", "sinc", "softmax", "xlog1py", "xlogy", "zeta",
]  # fmt: skip


def _scipy(name: str) -> Any:
    """The ufunc of ``scipy.special``, with its row in the table."""
    import scipy.special

    from ..derivatives import special  # noqa: F401  enters the rows

    return getattr(scipy.special, name)


def _function(name: str, meaning: str, scipy_name: str = "") -> Callable[[Tensor], Tensor]:
    def function(input: Tensor) -> Tensor:
        return apply(_scipy(scipy_name or name), input)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = meaning
    return function


@op(inplace=True)
def erf(input: Tensor) -> Tensor:
    """The error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    >>> erf(tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """
    return apply(_scipy("erf"), input)


@op(inplace=True)
def lgamma(input: Tensor) -> Tensor:
    """The logarithm of the absolute value of the gamma function.

    >>> lgamma(tensor([1.0, 4.0]))
    tensor([0.0000, 1.7918])
    """
    return apply(_scipy("gammaln"), input)


gammaln = lgamma
erfc = op(inplace=True)(_function("erfc", "1 - erf(x), exact where erf is near 1."))
erfinv = op(inplace=True)(_function("erfinv", "The x with erf(x) = input, for input in (-1, 1)."))
erfcx = _function("erfcx", "exp(x^2) erfc(x), which does not vanish for large x.")
ndtr = _function("ndtr", "The distribution function of the standard normal distribution.")
ndtri = _function("ndtri", "The quantile function of the standard normal distribution: the x with ndtr(x) = input.")
log_ndtr = _function("log_ndtr", "The logarithm of ndtr(x), exact where that vanishes.")
expit = _function("expit", "The logistic function 1 / (1 + exp(-x)), another name for sigmoid.")
digamma = op(inplace=True)(_function("digamma", "The derivative of lgamma.", "psi"))
psi = digamma
entr = _function("entr", "-x log x, with the limit 0 at 0, and -inf for negative x.")
i0 = op(inplace=True)(_function("i0", "The modified Bessel function of the first kind, of order 0."))
i0e = _function("i0e", "exp(-|x|) i0(x).")
i1 = _function("i1", "The modified Bessel function of the first kind, of order 1.")
i1e = _function("i1e", "exp(-|x|) i1(x).")
bessel_j0 = _function("bessel_j0", "The Bessel function of the first kind, of order 0.", "j0")
bessel_j1 = _function("bessel_j1", "The Bessel function of the first kind, of order 1.", "j1")
bessel_y0 = _function("bessel_y0", "The Bessel function of the second kind, of order 0.", "y0")
bessel_y1 = _function("bessel_y1", "The Bessel function of the second kind, of order 1.", "y1")


@op(inplace=True)
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(x / (1 - x)), for x in (0, 1); with ``eps``, x is first clamped to [eps, 1 - eps].

    >>> logit(tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    """
    return apply(_scipy("logit"), input if eps is None else input.clamp(eps, 1 - eps))


@op(inplace=True)
def xlogy(input: Any, other: Any) -> Tensor:
    """input * log(other), and 0 where ``input`` is 0.

    >>> xlogy(tensor([0.0, 2.0]), tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    return apply(_scipy("xlogy"), input, other)


def xlog1py(input: Any, other: Any) -> Tensor:
    """input * log(1 + other), and 0 where ``input`` is 0."""
    return apply(_scipy("xlog1py"), input, other)


@op(inplace=True)
def sinc(input: Tensor) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0.

    >>> sinc(tensor([0.0, 0.5]))
    tensor([1.0000, 0.6366])
    """
    return apply(np.sinc, input)


def zeta(input: float, other: Tensor) -> Tensor:
    """Hurwitz's zeta function: the sum of (n + other)^-input over n = 0, 1, 2 ...; ``input`` is a number."""
    from ..derivatives.special import zeta as zeta_of

    return apply(zeta_of, other, s=float(input))


def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of :func:`digamma`.

    >>> polygamma(1, tensor([1.0]))
    tensor([1.6449])
    """
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n: got {n}")
    if n == 0:
        return digamma(input)
    return mul(zeta(n + 1, input), (-1.0) ** (n + 1) * math.factorial(n))


@method("polygamma")
def _polygamma_method(self: Tensor, n: int) -> Tensor:
    """:func:`polygamma` of order ``n``."""
    return polygamma(n, self)


@op
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension ``p``, for input > (p - 1) / 2."""
    if p < 1:
        raise RuntimeError(f"p has to be greater than or equal to 1, got {p}")
    result = lgamma(input)
    for j in range(1, p):
        result = result + lgamma(input - j / 2)
    return result + p * (p - 1) / 4 * math.log(math.pi)


multigammaln = mvlgamma
