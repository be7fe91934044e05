"""``SWALR``: the schedule for the time in which weights are averaged."""

from __future__ import annotations

from typing import Any

from ..lr_scheduler.arguments import one_of
from ..lr_scheduler.cosine import half_wave, mix
from ..lr_scheduler.curves import ChainableSchedule
from ..lr_scheduler.groups import extend_lists, fill, per_group
from ..optimizer import Optimizer

__all__ = ["SWALR"]


class SWALR(ChainableSchedule):
    """Anneal the lr from where it is to ``swa_lr``, and stay there::

        lr = swa_lr a + base (1 - a)
        a  = p  ('linear')  or  (1 - cos(pi p)) / 2  ('cos'),   p = min(t / anneal_epochs, 1)

    ``base`` is the lr at the first step, which other schedules may have changed since SWALR was constructed.

    Parameters
    ----------
    optimizer : Optimizer
        whose learning rates are set
    swa_lr : float or list
        the lr to end with; in a list, one for each group
    anneal_epochs : int
        the number of steps to it, from 0 (default 10)
    anneal_strategy : str
        'cos' (the default) or 'linear'
    last_epoch, verbose
        as in :class:`LRScheduler`

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.optim import SGD
    >>> scheduler = SWALR(SGD([tensor([1.0])], lr=1.0), swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> [lr for lr, in scheduler.preview(4)]
    [1.0, 0.75, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
        verbose: bool = False,
    ) -> None:
        origin = self._attach(optimizer, verbose)
        self.swa_lrs = per_group("swa_lr", swa_lr, optimizer)
        for lr in self.swa_lrs:
            if not lr >= 0:
                raise ValueError(f"Expected non-negative swa_lr, but got {lr}")
        self._anneal_strategy = one_of("anneal_strategy", anneal_strategy, ("cos", "linear"))
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        self._start(origin, last_epoch)
        self._publish()

    def _remaining(self, t: Any) -> float:
        """The part ``1 - a`` of the old lr in that of step ``t``."""
        if t >= self.anneal_epochs:
            return 0.0
        return half_wave(t, self.anneal_epochs) if self._anneal_strategy == "cos" else 1 - t / self.anneal_epochs

    def value(self, t: Any, base: float, group: int = 0) -> float:
        """``swa_lr a + base (1 - a)``."""
        return mix(base, self.swa_lrs[group], self._remaining(t))

    def follow(self, t: Any, lr: float, base: float, group: int = 0) -> float:
        """As ``value``, from the base of which ``lr`` would be the value at step t - 1."""
        end, before = self.swa_lrs[group], self._remaining(t - 1) if t > 0 else 1.0
        if before == 0:
            return end
        return mix((lr - (1 - before) * end) / before, end, self._remaining(t))

    def _get_closed_form_lr(self) -> list[float]:
        return self.get_lr()  # the lr to start from is the one in force, not the one at construction

    def _welcome(self) -> None:
        extend_lists(self, ("swa_lrs",), len(self.optimizer.param_groups))
        super()._welcome()
        self._publish()

    def _publish(self) -> None:
        """Write ``swa_lr`` into the groups, for people to see."""
        for group, lr in zip(self.optimizer.param_groups, self.swa_lrs):
            fill(group, "swa_lr", lr)
