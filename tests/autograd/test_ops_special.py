"""Complex numbers and special functions: against PyTorch; and that SciPy is loaded only when it is wanted."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim import tensor

oracle = runpy.run_path(str(Path(__file__).with_name("oracle.py")))
agree, refused = oracle["agree"], oracle["refused"]

rng = np.random.default_rng(4)
ARRAYS = {
    "x": rng.uniform(0.1, 3.0, (2, 3)), "y": rng.uniform(0.1, 3.0, (2, 3)), "n": rng.normal(size=(2, 3)),
    "u": rng.uniform(0.1, 0.9, (2, 3)), "f": rng.uniform(0.1, 0.9, (2, 3)).astype(np.float32),
    "o": np.array([0.0, 0.0, 2.0, 2.0]), "q": np.array([0.0, 2.0, 0.5, 1.0]), "k": np.array([1, 2, 3]),
    "z": rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3)),
    "c": (rng.normal(size=4) + 1j * rng.normal(size=4)).astype(np.complex64), "pairs": rng.normal(size=(4, 3, 2)),
}

SPECIAL = [
    "torch.erf(n)", "n.erf()", "torch.erfc(n)", "torch.erfinv(u)", "torch.special.erf(f)", "torch.special.erfcx(n)",
    "torch.special.erfinv(u)", "torch.lgamma(x)", "x.lgamma()", "torch.digamma(x)", "x.digamma()",
    "torch.polygamma(1, x)", "x.polygamma(2)", "torch.polygamma(0, x)", "torch.mvlgamma(x + 1, 2)",
    "torch.special.gammaln(x)", "torch.special.psi(x)", "torch.special.polygamma(3, x)",
    "torch.special.multigammaln(x + 2, 3)", "x.mvlgamma(1)", "torch.logit(u)", "torch.logit(n.detach(), eps=0.01)",
    "u.logit()", "torch.special.logit(f)", "torch.special.expit(n)", "torch.sinc(n)", "n.sinc()", "torch.xlogy(x, y)",
    "torch.xlogy(o, q.detach())", "torch.xlogy(2.0, y)", "x.xlogy(3)", "torch.special.xlogy(f, 2.5)",
    "torch.special.xlog1py(x, y)", "torch.special.ndtr(n)", "torch.special.ndtri(u)", "torch.special.log_ndtr(n)",
    "torch.special.entr(x)", "torch.i0(n)", "n.i0()", "torch.special.i0e(n)", "torch.special.i1(n)",
    "torch.special.i1e(n)", "torch.special.exp2(n)", "torch.special.log1p(x)", "torch.special.expm1(n)",
    "torch.special.round(n)", "torch.special.bessel_j0(x.detach())", "torch.special.bessel_j1(x.detach())",
    "torch.special.bessel_y0(x.detach())", "torch.special.bessel_y1(x.detach())", "torch.special.logsumexp(n, 0)",
    "torch.special.softmax(n, 1)", "torch.special.log_softmax(n, 0)", "torch.erf(k)", "torch.lgamma(k)", "n.erf_()",
    "x.lgamma_()", "torch.special.zeta(2.5, x.detach())", "n.erf_(); n * 2", "torch.sinc(o)", "torch.special.i1(o)",
]  # fmt: skip
COMPLEX = [
    "torch.complex(x, y)", "torch.polar(x, y)", "torch.real(z)", "torch.imag(z)", "z.real", "z.imag", "x.real",
    "torch.real(x)", "z.conj()", "torch.conj(z)", "x.conj()", "z.real * z.imag", "torch.angle(z)", "z.angle()",
    "torch.angle(n.detach())", "torch.view_as_real(z)", "torch.view_as_real(c)", "torch.view_as_real(z.t())",
    "torch.view_as_complex(pairs)", "torch.view_as_complex(pairs.transpose(0, 1))",
    "torch.view_as_real(z) * pairs[:2]", "z.abs()", "(z * z.conj()).real", "z.H", "z.is_complex()",
    "torch.is_complex(x)", "torch.is_floating_point(f)", "k.is_floating_point()", "z.real.sum()", "c.imag",
    "z.sum().abs()", "(z ** 2).imag", "w = z * 1; w.real = x; w", "w = z * 1; w.imag = 0.5; w",
    "w = z * 1; w.imag[0] = x[1]; w * w", "w = z * 1; torch.view_as_real(w)[..., 0] *= 2; w", "z.exp().real",
    "(x * 1j * y).imag", "torch.polar(x, n)",
]  # fmt: skip


@pytest.mark.parametrize("expression", SPECIAL + COMPLEX)
def test_as_in_pytorch(expression: str) -> None:
    agree(expression, ARRAYS)


ERRORS = [
    ("torch.imag(x)", RuntimeError, "imag is not implemented for tensors with non-complex dtypes."),
    ("torch.complex(x, f)", RuntimeError, ""),
    ("torch.view_as_real(x)", RuntimeError, "view_as_real is only supported for complex tensors"),
    ("torch.view_as_complex(x)", RuntimeError, "Tensor must have a last dimension of size 2"),
    ("torch.view_as_complex(pairs[:, :2].transpose(1, 2))", RuntimeError,
     "Tensor must have a last dimension with stride 1"),
    ("torch.mvlgamma(u, 0)", RuntimeError, "p has to be greater than or equal to 1"),
    ("torch.polygamma(-1, x)", RuntimeError, "polygamma(n, x) does not support negative n"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind", "message"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors(expression: str, kind: type[Exception], message: str) -> None:
    refused(expression, ARRAYS, kind, message)


def test_parts_of_a_complex_tensor_are_views() -> None:
    z = tensor([1 + 2j, 3 + 4j])
    z.real[0] = 5.0
    z.imag = tensor([0.0, 1.0])
    torch.view_as_real(z)[1, 0] = 7.0
    assert z.tolist() == [5 + 0j, 7 + 1j]


def test_the_package_loads_numpy_only() -> None:
    """SciPy comes with the first special function."""
    program = (
        "import sys, minitorch_optim.autograd as torch; assert 'scipy' not in sys.modules; "
        "torch.erf(torch.ones(1)); assert 'scipy.special' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
