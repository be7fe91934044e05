"""Products, einsum, norms, inverses, decompositions: against PyTorch."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim.autograd import linalg, tensor

oracle = runpy.run_path(str(Path(__file__).with_name("oracle.py")))
agree, refused = oracle["agree"], oracle["refused"]

rng = np.random.default_rng(3)
square = rng.normal(size=(3, 3))
ARRAYS = {
    "a": rng.normal(size=(2, 3)),
    "b": rng.normal(size=(3, 4)),
    "s": square,
    "spd": square @ square.T + 3 * np.eye(3),
    "batch": rng.normal(size=(5, 2, 3)),
    "other": rng.normal(size=(5, 3, 4)),
    "deep": rng.normal(size=(4, 1, 2, 3)),
    "squares": rng.normal(size=(5, 3, 3)) + 2 * np.eye(3),
    "v": rng.normal(size=3),
    "w": rng.normal(size=3),
    "u": rng.normal(size=4),
    "f": rng.normal(size=(2, 3)).astype(np.float32),
    "p": np.array(2.0),
    "null": np.zeros((2, 3)),
    "zs": rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)),
    "zv": rng.normal(size=3) + 1j * rng.normal(size=3),
    "k": np.array([[1, 2, 0], [0, 1, 3], [2, 0, 1]]),
}

PRODUCTS = [
    "a @ b", "a @ v", "v @ b", "v @ w", "batch @ b", "a @ other", "batch @ other", "deep @ other", "batch @ v",
    "v @ other", "a.t() @ a", "k @ k", "torch.matmul(a, b)", "a.matmul(b)", "torch.mm(a, b)", "a.mm(b)",
    "torch.mv(a, v)", "a.mv(v)", "torch.bmm(batch, other)", "batch.bmm(other)", "torch.dot(v, w)", "v.dot(w)",
    "torch.dot(v, v)", "torch.inner(v, w)", "torch.inner(batch, a)", "torch.inner(p, v)", "torch.outer(v, u)",
    "v.outer(w)", "torch.ger(v, u)", "torch.vdot(zv, zv * 2)", "zs @ zv", "zs @ zs", "torch.dot(zv, zv)",
    "torch.addmm(b, s, b)", "torch.addmm(u, a, b, beta=2, alpha=0.5)", "u.addmm(a, b)", "torch.addmv(w, s, v)",
    "torch.addmv(w.detach() * inf, s, v, beta=0, alpha=2)", "torch.baddbmm(u, batch, other)",
    "torch.addbmm(u, batch, other, beta=3)", "torch.addr(s, v, w)", "s.addmm_(s.clone(), s.clone())",
    "torch.tensordot(a, b, dims=1)", "torch.tensordot(batch, other, dims=([0, 2], [0, 1]))",
    "torch.tensordot(a, a, 2)", "torch.tensordot(v, w, 0)", "torch.kron(a, b)", "torch.kron(v, w)", "torch.kron(a, v)",
    "torch.trace(s)", "s.trace()", "torch.cross(v, w, dim=0)", "torch.cross(s, s.t(), dim=1)",
    "torch.linalg.cross(batch, batch.flip(0))", "torch.linalg.multi_dot([a, s, b])", "torch.linalg.matmul(a, b)",
]  # fmt: skip
CONTRACTIONS = [
    "torch.einsum('ij,jk->ik', a, b)", "torch.einsum('ij,jk', a, b)", "torch.einsum('ij->ji', a)",
    "torch.einsum('ij->', a)", "torch.einsum('ij->j', a)", "torch.einsum('ba', a)", "torch.einsum('ii', s)",
    "torch.einsum('ii->i', s)", "torch.einsum('i,j->ij', v, u)", "torch.einsum('i,i', v, w)",
    "torch.einsum('bij,bjk->bik', batch, other)", "torch.einsum('bij, bjk -> ik', batch, other)",
    "torch.einsum('...ij,...jk->...ik', deep, other)", "torch.einsum('...j,j->...', batch, v)",
    "torch.einsum('...j,j', batch, v)", "torch.einsum('i...,i', a, a[:, 0])", "torch.einsum('ij,ij->ij', a, null)",
    "torch.einsum('ij,jk,kl->il', [a, s, b])", "torch.einsum('b i j , b j k -> b k i', batch, other)",
    "torch.einsum('ij,jk,k->i', a, b, u)", "torch.einsum('...', a)", "torch.einsum('bij,cij->bc', batch, batch)",
    "torch.einsum('ij,kj->ikj', a, s)", "torch.einsum('xij,yij->xy', deep[0], batch)",
    "torch.einsum('Aij,Aij->A', batch, batch)", "torch.einsum('iij->j', squares[:3])",
    "torch.einsum('ik,jk->ij', zs, zs)", "torch.einsum('ij,j->i', f, v.float())",
    "torch.einsum('i,j,k->kij', v, u, w)", "torch.einsum('ij->i', null)", "torch.einsum('ij,jk->ik', k, k)",
    "torch.einsum('bqd,bkd->bqk', batch, batch)", "torch.einsum('bhqd,bhkd->bhqk', deep, deep)",
    "torch.einsum('ij,j->ij', a, v)", "torch.einsum(',ij', p, a)",
    "torch.einsum('abc,adb->dca', batch, batch.transpose(1, 2))",
    "torch.einsum('abij,jcab->cai', deep, other.view(3, 5, 4, 1))",
]  # fmt: skip
NORMS = [
    "a.norm()", "torch.norm(a)", "a.norm(1)", "a.norm(3)", "a.norm(p=2, dim=1)", "torch.norm(a, dim=0, keepdim=True)",
    "a.norm(inf)", "a.norm(-inf, 1)", "a.norm(0)", "a.norm(0, dim=1)", "a.norm('fro')", "a.norm(2.5, 1, True)",
    "a.norm(2, (0, 1))", "batch.norm(dim=(0, 2))", "null.norm()", "null.norm(dim=1)", "null.norm(3)",
    "v.norm(float('inf'))", "zs.norm()", "zs.norm(1, dim=0)", "a.norm(0.5)", "f.norm(dtype=torch.float64)", "f.norm()",
    "f.norm(1.5, 0)", "torch.dist(a, a.flip(0))", "torch.dist(v, w, 1)", "v.dist(w, inf)", "torch.dist(v, v)",
    "torch.cdist(a, s)", "torch.cdist(batch, squares)", "torch.cdist(a, s, p=1)", "torch.cdist(a, s, p=inf)",
    "torch.cdist(a, s, 3)", "torch.cdist(s, s)", "torch.renorm(a, 2, 0, 1.0)", "torch.dist(v.float(), k[0])",
    "torch.linalg.norm(a)", "torch.linalg.norm(v, 3)", "torch.linalg.norm(a, dim=1)", "torch.linalg.norm(a, 1)",
    "torch.linalg.norm(a, inf)", "torch.linalg.norm(a, -1)", "torch.linalg.norm(batch, 'fro', dim=(1, 2))",
    "torch.linalg.norm(batch, inf, (0, 2), keepdim=True)", "torch.linalg.norm(a.detach(), 2)",
    "torch.linalg.norm(a.detach(), 'nuc')", "torch.linalg.vector_norm(a, 2)", "torch.linalg.vector_norm(a, 1, dim=0)",
    "torch.linalg.matrix_norm(batch)", "torch.linalg.matrix_norm(batch, 1, keepdim=True)",
    "torch.linalg.vector_norm(v, ord=inf)", "torch.linalg.matrix_norm(a.detach(), -2)",
]  # fmt: skip
MATRICES = [
    "torch.inverse(s)", "s.inverse()", "torch.linalg.inv(squares)", "torch.linalg.inv(zs)", "torch.det(s)", "s.det()",
    "torch.linalg.det(squares)", "torch.det(zs)", "torch.logdet(spd)", "spd.logdet()", "torch.logdet(-spd)",
    "torch.slogdet(squares)", "s.slogdet()", "torch.linalg.slogdet(s)[1]", "torch.linalg.solve(s, v)",
    "torch.linalg.solve(s, b)", "torch.linalg.solve(squares, other)", "torch.linalg.solve(squares, v)",
    "torch.linalg.solve(squares, squares[:, 0])", "torch.linalg.solve(s, a, left=False)",
    "torch.linalg.solve(s, other)", "torch.linalg.solve(zs, zv)", "torch.linalg.pinv(b)", "torch.linalg.pinv(b.t())",
    "torch.pinverse(a)", "torch.linalg.pinv(squares)", "torch.linalg.pinv(zs)", "torch.linalg.matrix_power(s, 3)",
    "torch.matrix_power(s.detach(), 0)", "s.matrix_power(-2)", "s.matrix_power(1)", "s.matrix_power(6)",
    "torch.linalg.cholesky(spd)", "torch.cholesky(spd)", "torch.linalg.cholesky(spd, upper=True)",
    "torch.linalg.cholesky(squares @ squares.mT)", "spd.cholesky()", "torch.linalg.eigh(spd).eigenvalues",
    "torch.linalg.eigvalsh(spd)", "torch.linalg.eigh(spd)[1] ** 2", "torch.linalg.eigvalsh(squares @ squares.mT)",
    "torch.linalg.eigvals(s.detach()).abs().sort().values",
    "torch.linalg.eig(spd.detach()).eigenvalues.real.sort().values", "torch.linalg.svdvals(a.detach())",
    "torch.linalg.svd(batch.detach()).S", "torch.linalg.svd(a.detach(), full_matrices=False)[0].abs()",
    "torch.linalg.qr(s.detach()).R.abs()", "torch.linalg.qr(b.detach())[0].abs()",
    "torch.linalg.qr(b.t().detach(), mode='complete').Q.abs()",
    "torch.linalg.lstsq(b.t().detach(), u.detach()[:, None]).solution", "torch.linalg.matrix_rank(s.detach())",
    "torch.linalg.matrix_rank(null)",
]  # fmt: skip


@pytest.mark.parametrize("expression", PRODUCTS + CONTRACTIONS + NORMS + MATRICES)
def test_as_in_pytorch(expression: str) -> None:
    agree(expression, ARRAYS, rtol=1e-6 if "f" in expression or "float" in expression else 1e-9)


ERRORS = [
    ("a @ a", RuntimeError, "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
    ("torch.mm(a, a)", RuntimeError, "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
    ("batch @ a", RuntimeError, "mat1 and mat2 shapes cannot be multiplied (10x3 and 2x3)"),
    ("a @ u", RuntimeError, "size mismatch, got input (2), mat (2x3), vec (4)"),
    ("torch.mv(a, u)", RuntimeError, "size mismatch, got input (2), mat (2x3), vec (4)"),
    ("v @ u", RuntimeError,
     "inconsistent tensor size, expected tensor [3] and src [4] to have the same number of elements, but got 3 and 4 "
     "elements respectively"),
    ("v.dot(u)", RuntimeError,
     "inconsistent tensor size, expected tensor [3] and src [4] to have the same number of elements"),
    ("a.dot(a)", RuntimeError, "1D tensors expected, but got 2D and 2D tensors"),
    ("batch @ batch", RuntimeError,
     "Expected size for first two dimensions of batch2 tensor to be: [5, 3] but got: [5, 2]."),
    ("torch.bmm(batch, batch)", RuntimeError,
     "Expected size for first two dimensions of batch2 tensor to be: [5, 3] but got: [5, 2]."),
    ("torch.bmm(a, a)", RuntimeError, "batch1 must be a 3D tensor"),
    ("p @ v", RuntimeError, "both arguments to matmul need to be at least 1D, but they are 0D and 1D"),
    ("torch.einsum('ij,jk', a)", RuntimeError, "einsum(): "),
    ("torch.einsum('ij,jk->ik', a, a)", RuntimeError, "einsum(): "),
    ("torch.einsum('ij->ijk', a)", RuntimeError, "einsum(): output subscript k does not appear"),
    ("torch.einsum('ijk', a)", RuntimeError,
     "einsum(): the number of subscripts in the equation (3) does not match the number of dimensions (2) for operand"),
    ("torch.inverse(a)", RuntimeError,
     "linalg.inv: A must be batches of square matrices, but they are 2 by 3 matrices"),
    ("torch.det(a)", RuntimeError, "linalg.det: A must be batches of square matrices, but they are 2 by 3 matrices"),
    ("torch.inverse(null[:, :2])", RuntimeError, "linalg.inv: "),
    ("torch.linalg.solve(null[:, :2], null[0, :2])", RuntimeError,
     "torch.linalg.solve: The solver failed because the input matrix is singular."),
    ("torch.linalg.cholesky(-spd)", RuntimeError,
     "linalg.cholesky: The factorization could not be completed because the input is not positive-definite"),
    ("torch.cross(u, u, dim=0)", RuntimeError, "linalg.cross: inputs dimension 0 must have length 3. Got 4 and 4"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind", "message"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors(expression: str, kind: type[Exception], message: str) -> None:
    refused(expression, ARRAYS, kind, message)


@pytest.mark.parametrize("name", ["svd", "svdvals", "qr", "eig", "eigvals"])
def test_what_has_no_derivative_refuses_a_tensor_that_requires_grad(name: str) -> None:
    a = torch.eye(2).requires_grad_()
    with pytest.raises(RuntimeError, match=r"has no derivative here.*detach"):
        getattr(linalg, name)(a)
    with torch.no_grad():
        getattr(linalg, name)(a)


def test_least_squares_of_values() -> None:
    found = linalg.lstsq(tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), tensor([1.0, 3.0, 5.0]))
    np.testing.assert_allclose(found.solution, [1.0, 2.0], rtol=1e-5)


def test_float32_stays_float32() -> None:
    a = tensor([[2.0, 1.0], [1.0, 3.0]])
    results = [a @ a, torch.inverse(a), a.det(), a.norm(), linalg.pinv(a), torch.einsum("ij,jk", a, a)]
    results += [*linalg.eigh(a), *linalg.svd(a), linalg.cholesky(a)]
    assert {r.dtype for r in results} == {torch.float32}


@pytest.mark.parametrize(
    "expression", ["inverse(s)", "det(s)", "linalg.cholesky(s)", "linalg.eigh(s)[0]", "linalg.pinv(s)", "logdet(s)"]
)
def test_second_derivatives(expression: str) -> None:
    oracle_torch = pytest.importorskip("torch")
    found = []
    for library in (torch, oracle_torch):
        s = library.from_numpy(ARRAYS["spd"].copy()).requires_grad_()
        y = eval(f"library.{expression}", {"library": library, "s": (s + s.T) / 2})
        grad = library.autograd.grad
        (first,) = grad((y * y).sum(), s, create_graph=True)
        (second,) = grad((first**2).sum(), s)
        found.append(second.numpy())
    np.testing.assert_allclose(*found, rtol=1e-8, atol=1e-10)
