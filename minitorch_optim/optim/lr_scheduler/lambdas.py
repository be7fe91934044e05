"""Schedules by a function of the user: ``LambdaLR``, ``MultiplicativeLR``."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

from ..checks import number, real
from ..optimizer import Optimizer
from .curves import ChainableSchedule, Schedule

__all__ = ["LambdaLR", "MultiplicativeLR"]

Factor = Callable[[Any], Any]


class _ByFunctions(Schedule):
    """One function for each group. Functions are not saved with a state; of callable objects, the attributes are."""

    lr_lambdas: list[Factor]

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Factor | Sequence[Factor], last_epoch: int = -1, verbose: bool = False
    ) -> None:
        n = len(optimizer.param_groups) if isinstance(optimizer, Optimizer) else 1
        functions: list[Any] = list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * n
        if len(functions) != n:
            raise ValueError(f"Expected {n} lr_lambdas, but got {len(functions)}")
        for function in functions:
            if not callable(function):
                raise TypeError(
                    f"lr_lambda should be a function, but got {type(function).__name__}: for instance lambda epoch: "
                    f"0.95**epoch"
                )
        self.lr_lambdas = functions
        super().__init__(optimizer, last_epoch, verbose)

    def _factor(self, t: Any, group: int) -> float:
        return float(real(self.lr_lambdas[group](t), f"what lr_lambda returns for epoch {t}"))

    def _welcome(self) -> None:
        missing = len(self.optimizer.param_groups) - len(self.lr_lambdas)
        if missing > 0:
            if any(function is not self.lr_lambdas[0] for function in self.lr_lambdas):
                raise ValueError(
                    f"Expected {len(self.optimizer.param_groups)} lr_lambdas, but got {len(self.lr_lambdas)}: a "
                    "parameter group was added; append its function to lr_lambdas"
                )
            self.lr_lambdas += self.lr_lambdas[:1] * missing
        super()._welcome()

    def _unsaved(self) -> tuple[str, ...]:
        return ("lr_lambdas",)

    def state_dict(self) -> dict[str, Any]:
        """As in :class:`LRScheduler`; ``lr_lambdas`` holds None for a function, the attributes of a callable object."""
        return {**super().state_dict(), "lr_lambdas": [attributes_of(f) for f in self.lr_lambdas]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As in :class:`LRScheduler`; callable objects get the saved attributes."""
        super().load_state_dict(state_dict)
        for function, attributes in zip(self.lr_lambdas, state_dict.get("lr_lambdas", [])):
            if attributes is not None:
                vars(function).update(attributes)


def attributes_of(f: Any) -> dict[str, Any] | None:
    """The attributes of a callable object, which a state holds; None for a function, which it cannot hold."""
    is_function = isinstance(f, types.FunctionType | types.BuiltinFunctionType | types.MethodType)
    return None if is_function or not hasattr(f, "__dict__") else dict(vars(f))


class LambdaLR(_ByFunctions):
    """Set the lr to the initial lr times a function of the epoch: ``base * lr_lambda(t)``.

    Not chainable: it sets the lr, whatever others did to it.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    lr_lambda : callable or list
        gives the factor for an epoch; or a list of such, one for each group
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = LambdaLR(SGD([tensor([1.0])], lr=1.0), lambda epoch: 1 / (1 + epoch))
    >>> [lr for lr, in scheduler.preview(4)]
    [1.0, 0.5, 0.3333333333333333, 0.25]
    """

    def value(self, t: Any, base: float, group: int = 0) -> float:
        """``base * lr_lambda(t)``."""
        return base * self._factor(t, group)


class MultiplicativeLR(_ByFunctions, ChainableSchedule):
    """Multiply the lr by a function of the epoch: ``lr * lr_lambda(t)``, from t = 1.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    lr_lambda : callable or list
        gives the factor for an epoch; or a list of such, one for each group
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = MultiplicativeLR(SGD([tensor([1.0])], lr=1.0), lambda epoch: 0.5)
    >>> [lr for lr, in scheduler.preview(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    def value(self, t: Any, base: float, group: int = 0) -> float:
        """``base * lr_lambda(1) * ... * lr_lambda(t)``, multiplied in this order."""
        lr = base
        for epoch in range(1, int(t) + 1):
            lr *= self._factor(epoch, group)
        return lr

    def follow(self, t: Any, lr: float, base: float, group: int = 0) -> float:
        """``lr * lr_lambda(t)``."""
        return lr * self._factor(t, group)

    def _next(self, t: Any, group: dict[str, Any], base: float, i: int) -> float:
        lr = float(number(group["lr"]))
        return lr if self._is_initial else self.follow(t, lr, base, i)

    def _get_closed_form_lr(self) -> list[float]:
        return self.get_lr()  # a step to a named epoch multiplies too, as in PyTorch
