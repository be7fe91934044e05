"""SGD: gradient descent, with momentum, heavy-ball or Nesterov's.

In code order::

    g = -g                            if maximize
    g = g + weight_decay p            if weight_decay
    b = momentum b + (1 - dampening) g    if momentum; b = g on the first step, without dampening
    u = g + momentum b if nesterov else b
    p = p - lr u

Where others differ: Sutskever et al. (2013) and some frameworks take the learning rate into the velocity
(``v = momentum v + lr g; p = p - v``), which is the same as long as lr does not change.

References
----------
Polyak, "Some methods of speeding up the convergence of iteration methods" (1964).
Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning" (2013), eqs. 1-4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd import Tensor
from .checks import at_least_zero, implementation_flags, learning_rate, not_nan, number, refuse_sparse_with_weight_decay
from .optimizer import Optimizer, required

__all__ = ["SGD"]


def sgd(
    p: Any,
    g: Any,
    momentum_buffer: Any,
    *,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> tuple[Any, Any]:
    """One step of SGD, elementwise."""
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    if momentum != 0:
        first = momentum_buffer is None
        momentum_buffer = g * 1 if first else momentum * momentum_buffer + (1 - dampening) * g
        g = g + momentum * momentum_buffer if nesterov else momentum_buffer
    return p - lr * g, momentum_buffer


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate (required, here or in every group)
    momentum : float
        how much of the last velocity is kept (default 0: none is)
    dampening : float
        the gradient enters the velocity with 1 - dampening; not on the first step (default 0)
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient (default 0)
    nesterov : bool
        look ahead along the velocity; needs momentum and no dampening (default False)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)
    foreach, fused : bool, optional
        accepted for PyTorch's sake, without effect

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = SGD([p], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> p
    tensor([ 0.4600, -0.9200], requires_grad=True)
    """

    rule = staticmethod(sgd)
    sparse = True
    checks = {
        "lr": learning_rate,
        "momentum": at_least_zero("momentum value"),
        "dampening": not_nan("dampening value"),
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: Any = required,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _check_options(self, options: dict[str, Any]) -> None:
        super()._check_options(options)
        implementation_flags(options)
        if options["nesterov"] and (number(options["momentum"]) <= 0 or number(options["dampening"]) != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening: as with momentum=0.9")

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"momentum_buffer": None} if group["momentum"] != 0 else {}  # the first velocity is the first gradient

    def check_gradient(self, group: dict[str, Any], p: Tensor) -> None:
        refuse_sparse_with_weight_decay(group, p)

    def rows_suffice(self, group: dict[str, Any]) -> bool:
        return bool(group["momentum"] == 0)  # velocity carries rows on that have no gradient now
