"""The memory of L-BFGS: pairs of a step and the change of the gradient along it, which stand for the inverse Hessian.

References
----------
Nocedal, "Updating Quasi-Newton Matrices with Limited Storage" (1980). https://doi.org/10.1090/S0025-5718-1980-0572855-7
Nocedal, Wright, "Numerical Optimization", 2nd ed. (2006), algorithm 7.4 and equation 7.20.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.tensor import Array, Tensor, new_tensor
from .checks import number
from .vectors import add_scaled, blocks


class Memory:
    """What the past steps say about the curvature, in the state of the first parameter, under PyTorch's names.

    ``old_dirs`` holds the y, ``old_stps`` the s, ``ro`` their 1 / (y.s) and ``H_diag`` gamma; ``d`` is the last
    direction and ``t`` how far the parameters went along it, from where the gradient was ``prev_flat_grad`` and the
    loss ``prev_loss``. ``al`` holds the coefficients of the first loop.
    """

    names = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "al", "prev_flat_grad", "prev_loss")

    def __init__(self, state: dict[str, Any], size: int, dtype: Any) -> None:
        def array(vector: Tensor | None) -> Any:
            return None if vector is None else np.ascontiguousarray(vector._array, dtype)

        self.size = size
        self.ys = [array(y) for y in state.get("old_dirs", ())]
        self.ss = [array(s) for s in state.get("old_stps", ())]
        self.rho = [float(number(r)) for r in state.get("ro", ())]
        self.gamma = float(number(state.get("H_diag", 1)))
        self.alpha: list[float] = []
        self.d: Any = array(state.get("d"))
        self.t = float(number(state.get("t", 0)))
        self.g: Any = array(state.get("prev_flat_grad"))
        self.f = state.get("prev_loss")
        self.iterations: int = state.get("n_iter", 0)
        self.spare: list[Array] = []  # vectors whose values nobody needs any more

    def learn(self, f: float, g: Array) -> None:
        """Compare the gradient ``g`` of where the last step led with the one before it; the next step starts here.

        The last gradient and the last direction are not needed any more: y and s take their memory.
        """
        if self.d is not None and self.t != 0:  # a step was made
            y, s = self.g, self.d
            ys = yy = 0.0
            for part in blocks(g.size):
                y_part, s_part = y[part], s[part]
                np.subtract(g[part], y_part, out=y_part)
                s_part *= self.t
                ys += float(y_part.dot(s_part))
                yy += float(y_part.dot(y_part))
            if ys > 1e-10:  # else the curvature is not that of a valley
                while len(self.ys) >= self.size:
                    self.spare += [self.ys.pop(0), self.ss.pop(0)]
                    del self.rho[0]
                self.ys.append(y)
                self.ss.append(s)
                self.rho.append(1 / ys)
                self.gamma = ys / yy
            else:
                self.spare += [y, s]
        self.f, self.g, self.t = f, g, 0.0

    def direction(self) -> Array:
        """Minus the inverse Hessian times the gradient, by the two loops of algorithm 7.4."""
        pairs = range(len(self.ys))
        d = np.negative(self.g, out=self.room())
        self.alpha = [0.0 for _ in pairs]
        for i in reversed(pairs):
            self.alpha[i] = float(self.ss[i].dot(d)) * self.rho[i]
            add_scaled(d, -self.alpha[i], self.ys[i])
        d *= self.gamma
        for i in pairs:
            beta = float(self.ys[i].dot(d)) * self.rho[i]
            add_scaled(d, self.alpha[i] - beta, self.ss[i])
        if self.d is not None:
            self.d = d  # s may have taken the memory of the last one; as long as t is 0 no step was made
        return d

    def room(self) -> Array | None:
        """A vector to write into, whose values nobody needs any more; None if there is none."""
        return self.spare.pop() if self.spare else None

    def forget(self) -> None:
        """Start anew, along the gradient."""
        self.ys, self.ss, self.rho, self.alpha, self.gamma, self.d = [], [], [], [], 1.0, None

    def store(self, state: dict[str, Any]) -> None:
        """Write everything into ``state``."""
        state["n_iter"] = self.iterations
        for name in self.names:
            state.pop(name, None)
        if self.g is None or self.d is None:
            return
        dtype = self.g.dtype
        state.update(
            d=new_tensor(self.d),
            t=self.t,
            old_dirs=[new_tensor(y) for y in self.ys],
            old_stps=[new_tensor(s) for s in self.ss],
            ro=[new_tensor(np.array(r, dtype)) for r in self.rho],
            H_diag=new_tensor(np.array(self.gamma, dtype)),
            prev_flat_grad=new_tensor(self.g),
            prev_loss=self.f,
            al=[new_tensor(np.array(a, dtype)) for a in self.alpha] + [None] * (self.size - len(self.alpha)),
        )
