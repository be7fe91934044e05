"""``ReduceLROnPlateau``: lower the lr when a metric has stopped improving."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ...autograd.hints import hint
from ..checks import real
from ..optimizer import Optimizer
from .arguments import at_least_zero, integer
from .base import EPOCH_DEPRECATION_WARNING, LRScheduler
from .groups import fill, forget_origins, lrs_of

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """Multiply the lr by ``factor`` when a metric has not improved for more than ``patience`` epochs.

    An epoch is good if the metric ``a`` is better than the ``best`` before it by a threshold, and bad otherwise. NaN
    is bad::

        mode 'min':  a < best - threshold |best|  ('rel')    or  a < best - threshold  ('abs')
        mode 'max':  a > best + threshold |best|  ('rel')    or  a > best + threshold  ('abs')

    Where others differ: PyTorch has ``best`` in the place of ``|best|``, which for a negative ``best`` takes worse
    for better.

    Bad epochs are counted from 0 after each good one, after each reduction, and while cooling down. With patience 2,
    two bad epochs are ignored and the third reduces the lr.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    mode : str
        'min' (the default) if the metric should go down, 'max' if up
    factor : float
        ``new_lr = lr * factor``, in [0, 1) (default 0.1)
    patience : int
        the number of bad epochs to ignore (default 10)
    threshold : float
        by how much to be better, from 0 (default 1e-4)
    threshold_mode : str
        'rel' (the default) or 'abs'
    cooldown : int
        the number of epochs after a reduction in which bad ones are not counted (default 0)
    min_lr : float or list
        the lowest lr; in a list, one for each group (default 0)
    eps : float
        a reduction by no more than this is not made (default 1e-8)
    verbose : bool
        print each reduction (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = ReduceLROnPlateau(SGD([tensor([1.0])], lr=1.0), patience=1, factor=0.5)
    >>> for loss in (3.0, 2.0, 2.0, 2.0, 1.0):
    ...     scheduler.step(loss)
    ...     print(scheduler.get_last_lr())
    [1.0]
    [1.0]
    [1.0]
    [0.5]
    [0.5]
    """

    own_base: ClassVar[bool] = True

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: Any = 0,
        eps: float = 1e-8,
        verbose: bool = False,
    ) -> None:
        if not factor < 1.0:
            raise ValueError(f"Factor should be < 1.0. Got factor={factor}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown! It must be 'min' or 'max'")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown! It must be 'rel' or 'abs'")
        origin = self._attach(optimizer, verbose)
        n = len(optimizer.param_groups)
        listed = isinstance(min_lr, list | tuple)
        if listed and len(min_lr) != n:
            raise ValueError(f"expected {n} min_lrs, got {len(min_lr)}")
        self.default_min_lr = None if listed else at_least_zero("min_lr", min_lr)
        self.min_lrs = [at_least_zero("min_lr", lr) for lr in min_lr] if listed else [self.default_min_lr] * n
        self.factor = at_least_zero("factor", factor)
        self.patience = integer("patience", patience, 0)
        self.cooldown = integer("cooldown", cooldown, 0)
        self.eps = at_least_zero("eps", eps)
        self.mode = mode
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.threshold = at_least_zero("threshold", threshold)
        self.threshold_mode = threshold_mode
        self.base_lrs = lrs_of(optimizer)
        self._rewind(self.base_lrs)
        self._initial_step()
        self._register(origin)

    def _reset(self) -> None:
        """Forget the metrics so far."""
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics: Any, epoch: Any = None) -> None:  # type: ignore[override]
        """Take in the metric of an epoch, and lower the lr if it is time.

        Parameters
        ----------
        metrics : float or Tensor of one element
            the metric
        epoch : int, optional
            the number to go on counting from. Deprecated: warns
        """
        current = float(real(metrics, "metrics"))
        if epoch is not None:
            hint(EPOCH_DEPRECATION_WARNING, UserWarning)
        self._welcome()
        forget_origins(self.optimizer)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr(self.last_epoch)
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = lrs_of(self.optimizer)

    def _reduce_lr(self, epoch: Any) -> None:
        for i, (group, old) in enumerate(zip(self.optimizer.param_groups, lrs_of(self.optimizer))):
            new = max(old * self.factor, self.min_lrs[i])
            if old - new > self.eps:
                fill(group, "lr", new)
                if self.verbose:
                    print(f"Epoch {epoch:5}: reducing learning rate of group {i} to {new:.4e}.")

    @property
    def in_cooldown(self) -> bool:
        """Whether bad epochs are not counted now."""
        return self.cooldown_counter > 0

    def is_better(self, a: float, best: float) -> bool:
        """Whether ``a`` improves on ``best`` by the threshold."""
        if math.isnan(a):
            return False
        if math.isinf(best):
            return bool(a < best if self.mode == "min" else a > best)
        sign = -1 if self.mode == "min" else 1
        if self.threshold_mode == "abs":
            level = best + sign * self.threshold
        else:  # best + sign * threshold * |best|, in the form that rounds as PyTorch's
            level = best * (1 + (sign if best >= 0 else -sign) * self.threshold)
        return bool(a < level if self.mode == "min" else a > level)

    def get_lr(self) -> list[float]:
        """The learning rate of each group: as ``get_last_lr()``."""
        self._warn_outside_step()
        return self.get_last_lr()

    def at(self, t: int) -> list[float]:
        """Not defined: RuntimeError."""
        raise RuntimeError(
            "the lr of ReduceLROnPlateau follows from metrics, not from the step: there is no curve. Keep "
            "scheduler.get_last_lr() in each epoch, and draw that"
        )

    def _ahead(self, n: int) -> Any:
        return self.at(n)

    def _welcome(self) -> None:
        groups = self.optimizer.param_groups
        missing = len(groups) - len(self.min_lrs)
        if missing > 0 and self.default_min_lr is None:
            raise RuntimeError(
                f"The number of param groups in the `optimizer` ({len(groups)}) differs from when `ReduceLROnPlateau` "
                f"was initialized ({len(self.min_lrs)}), usually due to a new param group being added to the "
                "optimizer. Please modify the `min_lrs` field to match the length of the `optimizer` param groups."
            )
        self.min_lrs += [self.default_min_lr] * missing
        self.base_lrs += lrs_of(self.optimizer)[len(self.base_lrs) :]

    def _rewind(self, bases: list[float]) -> None:
        super()._rewind(bases)
        self._reset()

    def _initial_step(self) -> None:
        self.last_epoch = 0
        self._last_lr = lrs_of(self.optimizer)

    def _begin(self) -> None:
        self._initial_step()  # from the lr that it finds
