"""Muon: momentum whose matrix is made nearly orthogonal before it is applied, so that no direction of the layer is
neglected.

For 2-D parameters, of shape (N, M), in code order::

    b = b + (1 - momentum) (g - b)                  a running mean, not a sum
    u = g + momentum (b - g) if nesterov else b
    x = u / ||u||                                   transposed where N > M; in bfloat16 from here
    x = a x + (b' x x^T + c' (x x^T)^2) x           ns_steps times, with (a, b', c') = ns_coefficients
    p = p (1 - lr weight_decay)
    p = p - lr adjust x                             transposed back

A step of this iteration maps each singular value s of x to a s + b' s^3 + c' s^5. Its coefficients are tuned for
steepness at 0, not for a limit: after five steps singular values lie between about 0.7 and 1.2. ``adjust`` is
sqrt(max(1, N / M)) for ``adjust_lr_fn="original"`` (or None), and 0.2 sqrt(max(N, M)) for ``"match_rms_adamw"``, which
makes the steps as large as AdamW's, whose lr and weight_decay then fit.

Where others differ: Jordan's article has the momentum as a sum, ``b = momentum b + g``, which is this mean times a
number that the division by ||u|| takes away. Optax computes in the dtype of the parameter, and gives those that are
no matrices to Adam. bfloat16 has 8 significant bits; here each of its operations is computed in float32 and rounded
to them, which PyTorch does too, except that its matrix products may be summed in another order: single elements of x
can differ by one part in 256.

Biases, embeddings and the last layer are for another optimizer, such as AdamW.

References
----------
Jordan, "Muon: An optimizer for hidden layers in neural networks" (2024). https://kellerjordan.github.io/posts/muon/
Liu et al., "Muon is Scalable for LLM Training" (2025), for ``match_rms_adamw``. https://arxiv.org/abs/2502.16982
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from .arithmetic import lerp
from .checks import real, relative_learning_rate, should_be
from .optimizer import Optimizer

__all__ = ["Muon"]


def bfloat16(x: Any) -> Any:
    """Round to the nearest number of 8 significant bits, kept as float32; a tie goes to the even one."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + (0x7FFF + (bits >> 16 & 1))) & 0xFFFF0000).astype(np.uint32, copy=False).view(np.float32)


def orthogonalized(u: Any, coefficients: tuple[float, float, float], steps: int, eps: float) -> Any:
    """A matrix with the singular vectors of ``u``, and singular values near 1."""
    a, b, c = coefficients
    x = bfloat16(u)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = bfloat16(x / max(bfloat16(np.linalg.norm(x)), np.float32(eps)))
    for _ in range(steps):
        gram = bfloat16(x @ x.T)
        gram = bfloat16(b * gram + c * (gram @ gram))
        x = bfloat16(a * x + gram @ x)
    return x.T if tall else x


def muon(
    p: Any,
    g: Any,
    momentum_buffer: Any,
    *,
    lr: float,
    weight_decay: float,
    momentum: float,
    nesterov: bool,
    ns_coefficients: tuple[float, float, float],
    eps: float,
    ns_steps: int,
    adjust_lr_fn: str | None,
) -> tuple[Any, Any]:
    """One step of Muon on a whole matrix."""
    momentum_buffer = lerp(momentum_buffer, g, 1 - momentum)
    update = lerp(g, momentum_buffer, momentum) if nesterov else momentum_buffer
    update = orthogonalized(update, ns_coefficients, ns_steps, eps).astype(p.dtype)
    rows, columns = p.shape
    adjust = 0.2 * max(rows, columns) ** 0.5 if adjust_lr_fn == "match_rms_adamw" else max(1, rows / columns) ** 0.5
    p = p * (1 - lr * weight_decay)
    return p - lr * adjust * update, momentum_buffer


def three_coefficients(value: Any) -> None:
    """Three numbers."""
    if not isinstance(value, tuple | list) or len(value) != 3:
        raise ValueError(f"Coefficients must be a tuple of exactly 3 values, but got {value}")
    for coefficient in value:
        should_be("each of ns_coefficients", "a number", lambda x: x == x)(coefficient)


def count_of_steps(value: Any) -> None:
    """A whole number from 0 to 99."""
    value = real(value, "ns_steps")
    if value >= 100:
        raise ValueError(f"Number of steps must be less than 100 for computational efficiency, but is: {value}")
    if not (value >= 0 and value == int(value)):
        raise ValueError(f"Number of steps should be a whole number >= 0 but is: {value}")


def known_adjustment(value: Any) -> None:
    """None, "original" or "match_rms_adamw"."""
    if value not in (None, "original", "match_rms_adamw"):
        raise ValueError(
            f"Adjust learning rate function {value} is not supported: use None, 'original' or 'match_rms_adamw'"
        )


class Muon(Optimizer):
    """Momentum, orthogonalized by Newton-Schulz: for the hidden layers of a network.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups: parameters of shape (N, M) only
    lr : float or Tensor
        learning rate (default 1e-3)
    weight_decay : float
        how fast parameters shrink, in units of lr (default 0.1)
    momentum : float
        how much of the running mean of the gradient is kept (default 0.95)
    nesterov : bool
        look ahead along the momentum (default True)
    ns_coefficients : (float, float, float)
        of the polynomial a s + b s^3 + c s^5 (default (3.4445, -4.775, 2.0315))
    eps : float
        floor of the norm that the matrix is divided by (default 1e-7)
    ns_steps : int
        steps of the Newton-Schulz iteration, below 100 (default 5)
    adjust_lr_fn : str, optional
        how lr is fitted to the shape: "original" (default) or "match_rms_adamw"

    >>> from minitorch_optim.autograd import zeros, tensor
    >>> p = zeros(2, 2).requires_grad_()
    >>> optimizer = Muon([p], lr=1.0)
    >>> p.grad = tensor([[0.0, 100.0], [1.0, 0.0]])
    >>> optimizer.step()                     # both directions get a step of about lr
    >>> p
    tensor([[ 0.0000, -0.6875],
            [-0.6914,  0.0000]], requires_grad=True)
    """

    rule = staticmethod(muon)
    whole = True
    checks = {
        "lr": relative_learning_rate,
        "weight_decay": should_be("weight decay", ">= 0", lambda decay: decay >= 0),
        "momentum": should_be("momentum", ">= 0", lambda momentum: momentum >= 0),
        "ns_coefficients": three_coefficients,
        "eps": should_be("eps", ">= 0", lambda eps: eps >= 0),
        "ns_steps": count_of_steps,
        "adjust_lr_fn": known_adjustment,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)

    def check_param(self, p: Tensor) -> None:
        if p.ndim != 2:
            raise ValueError(
                f"Muon only supports 2D parameters whereas we found a parameter with size: {p.shape}. Give it to "
                f"another optimizer, such as AdamW"
            )

    def check_gradient(self, group: dict[str, Any], p: Tensor) -> None:
        super().check_gradient(group, p)
        if p.dtype.kind == "c":
            raise RuntimeError("Muon does not support complex parameters")

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"momentum_buffer": 0}
