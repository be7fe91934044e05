"""ASGD: gradient descent with a falling learning rate, and beside it the average of where it has been.

In code order, t counting from 1::

    g = -g                                  if maximize
    g = g + weight_decay p                  if weight_decay
    p = p (1 - lambd eta)
    p = p - eta g
    ax = p if mu == 1 else ax + (p - ax) mu
    eta = lr / (1 + lambd lr t)^alpha       for the next step; the first has eta = lr
    mu = 1 / max(1, t - t0)                 for the next step; the first has mu = 1

The parameters are the last iterate; the average is in ``optimizer.state[p]["ax"]``, and starts over until step t0.

Where others differ: a changed lr takes effect one step late, as eta is computed ahead. lambd both decays the parameters
and slows eta down, as in Bottou's SGD for a penalty of lambd. ``eta`` and ``mu`` are kept in the default dtype, as in
PyTorch, so in float32 they are good to 7 digits whatever the dtype of the parameters; ``set_default_dtype(float64)``
makes it 16.

References
----------
Polyak, Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992). https://doi.org/10.1137/0330046
Bottou, "Stochastic Gradient Descent Tricks" (2012), section 5.2, for eta, and the programs that come with it, for the
rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..autograd import Tensor
from .arithmetic import wide
from .checks import at_least_zero, learning_rate, number
from .optimizer import Optimizer

__all__ = ["ASGD"]


def asgd(
    p: Any,
    g: Any,
    eta: Any,
    mu: Any,
    ax: Any,
    *,
    t: float,
    lr: float,
    lambd: float,
    alpha: float,
    t0: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, ...]:
    """One step of ASGD, elementwise."""
    eta, mu = wide(eta), wide(mu)
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    p = p * (1 - lambd * eta)
    p = p - eta * g
    ax = p if mu == 1 else ax + (p - ax) * mu
    eta = lr / (1 + lambd * lr * t) ** alpha
    mu = 1 / max(1, t - t0)
    return p, eta, mu, ax


class ASGD(Optimizer):
    """Averaged stochastic gradient descent.

    Parameters
    ----------
    params : iterable of Tensors, (name, Tensor) pairs or dicts
        what to optimize, or parameter groups
    lr : float or Tensor
        learning rate of the first step (default 1e-2)
    lambd : float
        decay of the parameters, and of the learning rate (default 1e-4)
    alpha : float
        power with which the learning rate falls (default 0.75)
    t0 : float
        the step at which averaging starts (default 1e6)
    weight_decay : float
        L2 penalty: this times the parameter is added to the gradient (default 0)
    maximize : bool
        go up instead of down (default False)
    differentiable : bool
        record the step, so that gradients flow through it (default False)
    foreach, capturable : bool, optional
        accepted for PyTorch's sake, without effect

    >>> from minitorch_optim.autograd import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> optimizer = ASGD([p], lr=0.1, lambd=0, t0=0)
    >>> for g in (1.0, 2.0, 3.0):
    ...     p.grad = tensor([g])
    ...     optimizer.step()
    >>> p, optimizer.state[p]["ax"]          # 0.9, 0.7, 0.4: the last, and the mean of the last two
    (tensor([0.4000], requires_grad=True), tensor([0.5500]))
    """

    rule = staticmethod(asgd)
    scalars = ("eta", "mu")
    checks = {
        "lr": learning_rate,
        "lambd": at_least_zero("lambd value"),
        "alpha": at_least_zero("alpha value"),
        "t0": at_least_zero("t0 value"),
        "weight_decay": at_least_zero("weight_decay value"),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        return {"eta": number(group["lr"]), "mu": 1, "ax": 0}
