"""Lookahead and SAM: optimizers around an optimizer.

Lookahead, every k steps of the inner optimizer (``slow`` starts at the parameters)::

    slow = slow + alpha (p - slow)
    p = slow

SAM takes the gradient where the loss is worst nearby, at p + e, and steps from p::

    e = rho g / ||g||                   over all parameters; adaptive: e = rho p^2 g / || |p| g ||
    g = gradient at p + e
    p = the inner optimizer's step from p with this g

Both share groups and state with the inner optimizer, so schedules work on either.

Where others differ: the momentum of Lookahead's inner optimizer goes on after a slow step, as in algorithm 1; Optax
(``reset_state``) and the authors' code (``pullback_momentum``) can set it back. Implementations of SAM for PyTorch
often leave the first of the two gradients to the caller; here the closure is called for both. In Foret et al. each of
many devices takes the worst point nearby for its own part of the batch; here there is one e for the whole batch.

References
----------
Zhang et al., "Lookahead Optimizer: k steps forward, 1 step back" (2019), algorithm 1. https://arxiv.org/abs/1907.08610
Foret et al., "Sharpness-Aware Minimization" (2020), algorithm 1. https://arxiv.org/abs/2010.01412
Kwon et al., "ASAM" (2021), equation 12, for ``adaptive``. https://arxiv.org/abs/2102.11600
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import Tensor, enable_grad, no_grad
from ..autograd.tensor import new_tensor
from .checks import at_least_zero, between
from .optimizer import Optimizer

__all__ = ["SAM", "Lookahead"]


class _Around(Optimizer):
    """An optimizer whose groups, defaults and state are those of the one inside."""

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__} goes around an Optimizer, got {type(optimizer).__name__}: make one "
                f"first, as in {type(self).__name__}(SGD(model.parameters(), lr=0.1))"
            )
        self.optimizer = optimizer
        self._prepare()

    @property
    def param_groups(self) -> Any:  # type: ignore[override]
        """The groups of the inner optimizer."""
        return self.optimizer.param_groups

    @property
    def state(self) -> Any:  # type: ignore[override]
        """The state of the inner optimizer."""
        return self.optimizer.state

    @property
    def defaults(self) -> Any:  # type: ignore[override]
        """The defaults of the inner optimizer."""
        return self.optimizer.defaults

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group to the inner optimizer."""
        self.optimizer.add_param_group(param_group)

    def parameters(self) -> list[Tensor]:
        """All parameters, in order."""
        return [p for group in self.param_groups for p in group["params"]]

    def __getstate__(self) -> dict[str, Any]:
        # `step` is in the instance only where a schedule watches it.
        unsaved = ("_plans", "step", "_opt_called", "_schedule_origins")
        return {k: v for k, v in self.__dict__.items() if not k.endswith("_hooks") and k not in unsaved}


class Lookahead(_Around):
    """Lookahead: every ``k`` steps, go back part of the way.

    Parameters
    ----------
    optimizer : Optimizer
        the inner optimizer, which takes the fast steps
    k : int
        fast steps between two slow ones (default 5)
    alpha : float
        how far the slow weights follow, in [0, 1] (default 0.5)

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> p = tensor([1.0], requires_grad=True)
    >>> optimizer = Lookahead(SGD([p], lr=0.25), k=2)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (p * p).sum().backward()
    ...     optimizer.step()
    >>> p                                            # 1 -> 0.5 -> 0.25, and half of the way back
    tensor([0.6250], requires_grad=True)
    """

    def __init__(self, optimizer: Optimizer, k: int = 5, alpha: float = 0.5) -> None:
        if not isinstance(k, int) or k < 1:
            raise ValueError(f"Invalid k value: {k}: the number of fast steps is a whole number from 1")
        between(0, 1, "alpha value")(alpha)
        super().__init__(optimizer)
        self.k, self.alpha, self.steps = k, alpha, 0
        self.slow = [p._array.copy() for p in self.parameters()]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        super().add_param_group(param_group)
        self.slow += [p._array.copy() for p in self.parameters()[len(self.slow) :]]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """A fast step and, each k-th time, a slow one."""
        loss = self.optimizer.step(closure)
        self.steps += 1
        if self.steps % self.k == 0:
            for p, slow in zip(self.parameters(), self.slow, strict=True):
                slow += self.alpha * (p._array - slow)
                np.copyto(p._array, slow)
                p._version[0] += 1
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The state of the inner optimizer, and beside it the slow weights and the number of steps."""
        return {**self.optimizer.state_dict(), "slow": [new_tensor(s) for s in self.slow], "steps": self.steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state; on an error everything stays as it was."""
        slow = [np.array(s) for s in state_dict["slow"]]
        shapes, own = [s.shape for s in slow], [s.shape for s in self.slow]
        if shapes != own:
            raise ValueError(f"loaded state dict has slow weights of shapes {shapes}, and the parameters have {own}")
        self.optimizer.load_state_dict(state_dict)
        self.slow, self.steps = slow, int(state_dict["steps"])


class SAM(_Around):
    """Sharpness-aware minimisation: needs a closure, which it calls twice a step.

    Parameters
    ----------
    optimizer : Optimizer
        the inner optimizer, which takes the steps
    rho : float
        how far to look for a worse loss (default 0.05)
    adaptive : bool
        measure that distance relative to each parameter's size (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> p = tensor([1.0], requires_grad=True)
    >>> optimizer = SAM(SGD([p], lr=0.1), rho=0.5)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (p * p).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)                      # the loss at p, before the step
    tensor(1., grad_fn=<SumBackward>)
    >>> p                                            # the gradient was taken at 1.5
    tensor([0.7000], requires_grad=True)
    """

    def __init__(self, optimizer: Optimizer, rho: float = 0.05, adaptive: bool = False) -> None:
        at_least_zero("rho value")(rho)
        super().__init__(optimizer)
        self.rho, self.adaptive = rho, adaptive

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Go up to the worst point nearby, take the gradient there, step from where it began."""
        if closure is None:
            raise TypeError("SAM needs a closure that computes the loss and calls backward: step(closure)")
        with enable_grad():
            loss = closure()
        moved = [p for p in self.parameters() if p.grad is not None]
        before = [p._array.copy() for p in moved]
        try:
            with no_grad():
                self._climb(moved)
            with enable_grad():
                closure()
        finally:  # an error in the closure leaves the parameters where they were
            for p, array in zip(moved, before, strict=True):
                np.copyto(p._array, array)
                p._version[0] += 1
        self.optimizer.step()
        return loss

    def _climb(self, params: list[Tensor]) -> None:
        gradients = [p.grad._array for p in params]  # type: ignore[union-attr]
        scales = [np.abs(p._array) if self.adaptive else 1.0 for p in params]
        length = sum(float(np.sum(np.square(np.abs(s * g)))) for s, g in zip(scales, gradients, strict=True)) ** 0.5
        if length > 0:
            for p, scale, g in zip(params, scales, gradients, strict=True):
                p._array += (self.rho / length) * (scale * scale * g)
                p._version[0] += 1
