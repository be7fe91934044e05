"""Special functions: rows for the ufuncs of ``scipy.special``.

Not imported with the package, since SciPy is not: the first ``erf(t)`` or ``scipy.special.erf(t)`` brings it in.
The formulas are those of the NIST Digital Library of Mathematical Functions (https://dlmf.nist.gov).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from ..table import derivative
from ..tape import primitive

ROOT_PI = math.sqrt(math.pi)
ROOT_2_PI = math.sqrt(2 * math.pi)


def enter(function: Any, *rules: Any, name: str = "") -> None:
    """A row of this file: whole numbers become real, and Python numbers take the dtype of the tensors."""
    derivative(function, *rules, elementwise=True, promotes_numbers=True, whole_to_real=True, name=name)


# -- the error function and the normal distribution (DLMF 7.2, 7.10)

enter(sp.erf, lambda g, out, x: g * np.exp(-x * x) * (2 / ROOT_PI))
enter(sp.erfc, lambda g, out, x: g * np.exp(-x * x) * (-2 / ROOT_PI))
enter(sp.erfcx, lambda g, out, x: g * (2 * x * out - 2 / ROOT_PI))
enter(sp.erfinv, lambda g, out, x: g * np.exp(out * out) * (ROOT_PI / 2))
enter(sp.erfcinv, lambda g, out, x: g * np.exp(out * out) * (-ROOT_PI / 2))
enter(sp.ndtr, lambda g, out, x: g * np.exp(-0.5 * x * x) / ROOT_2_PI)
enter(sp.ndtri, lambda g, out, x: g * np.exp(0.5 * out * out) * ROOT_2_PI)
enter(sp.log_ndtr, lambda g, out, x: g * np.exp(-0.5 * x * x - out) / ROOT_2_PI)

# -- the logistic function

enter(sp.expit, lambda g, out, x: g * out * (1 - out))
enter(sp.logit, lambda g, out, x: g / (x * (1 - x)))
enter(sp.log_expit, lambda g, out, x: g * sp.expit(-x))

# -- the gamma function and its logarithmic derivatives (DLMF 5.2, 5.15, 25.11)


@primitive
def zeta(q: Any, s: float) -> Any:
    """Hurwitz's zeta function: the sum of (n + q)^-s over n = 0, 1, 2 ..."""
    return sp.zeta(s, q)


enter(zeta, lambda g, out, q, s: g * -s * zeta(q, s=s + 1.0))
enter(sp.gammaln, lambda g, out, x: g * sp.psi(x), name="Lgamma")
enter(sp.psi, lambda g, out, x: g * zeta(x, s=2.0), name="Digamma")
enter(sp.gamma, lambda g, out, x: g * out * sp.psi(x))

# -- products with a logarithm, 0 where the factor is 0


def _times_log(g: Any, x: Any, y: Any, log: Any, one: float) -> Any:
    """g log(y), but 0 where x is 0 and y is not in the domain; ``log(one)`` is 0."""
    if isinstance(y, int | float):
        y = np.asarray(y, g.dtype)
    return g * log(np.where((x == 0) & (y <= one - 1), one, y))


enter(sp.xlogy, lambda g, out, x, y: _times_log(g, x, y, np.log, 1), lambda g, out, x, y: g * x / y)
enter(sp.xlog1py, lambda g, out, x, y: _times_log(g, x, y, np.log1p, 0), lambda g, out, x, y: g * x / (1 + y))
enter(sp.entr, lambda g, out, x: g * (-np.log(x) - 1))

# -- Bessel functions (DLMF 10.6, 10.29)


def _ratio_at(x: Any, out: Any, limit: float) -> Any:
    """out / x, and its limit at 0."""
    return np.where(x == 0, limit, out / np.where(x == 0, 1, x))


enter(sp.j0, lambda g, out, x: g * -sp.j1(x))
enter(sp.j1, lambda g, out, x: g * (sp.j0(x) - _ratio_at(x, out, 0.5)))
enter(sp.y0, lambda g, out, x: g * -sp.y1(x))
enter(sp.y1, lambda g, out, x: g * (sp.y0(x) - out / x))
enter(sp.i0, lambda g, out, x: g * sp.i1(x))
enter(sp.i1, lambda g, out, x: g * (sp.i0(x) - _ratio_at(x, out, 0.5)))
enter(sp.i0e, lambda g, out, x: g * (sp.i1e(x) - np.sign(x) * out))
enter(sp.i1e, lambda g, out, x: g * (sp.i0e(x) - np.sign(x) * out - _ratio_at(x, out, 0.5)))
