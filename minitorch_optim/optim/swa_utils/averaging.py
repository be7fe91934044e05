"""``AveragedModel``: a copy of a model that holds averages of its weights; and the kinds of average."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...autograd import Tensor, no_grad
from ...autograd.tensor import new_tensor
from ...autograd.watch import acting
from ...nn import Module

__all__ = ["AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn"]

AvgFn = Callable[[Tensor, Tensor, Any], Any]
MultiAvgFn = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def swa(average: Tensor, value: Tensor, n: Any) -> Tensor:
    """The mean of ``n + 1`` values, from the mean of ``n`` and one more: ``average + (value - average) / (n + 1)``."""
    new: Tensor = average + (value - average) / (n + 1)
    return new


def ema(average: Tensor, value: Tensor, n: Any, *, decay: float) -> Tensor:
    """The exponential moving average: ``decay * average + (1 - decay) * value``."""
    return decay * average + (1 - decay) * value


def each(averages: Sequence[Tensor], values: Sequence[Tensor], n: Any, *, avg_fn: AvgFn) -> None:
    """Put the new average in the place of each old one. In an integer tensor, its fraction is cut off."""
    for average, value in zip(averages, values, strict=True):
        average.copy_(avg_fn(average.detach(), value, n))


def get_swa_avg_fn() -> AvgFn:
    """For ``AveragedModel(avg_fn=)``: the equal average of all updates, which is the default.

    >>> from minitorch_optim.autograd import tensor
    >>> get_swa_avg_fn()(tensor([2.0]), tensor([5.0]), 2)
    tensor([3.])
    """
    return swa


def get_swa_multi_avg_fn() -> MultiAvgFn:
    """For ``AveragedModel(multi_avg_fn=)``: the equal average of all updates."""
    return partial(each, avg_fn=swa)


def get_ema_avg_fn(decay: float = 0.999) -> AvgFn:
    """For ``AveragedModel(avg_fn=)``: the exponential moving average.

    Parameters
    ----------
    decay : float
        how much of the old average is kept, in [0, 1] (default 0.999)

    >>> from minitorch_optim.autograd import tensor
    >>> get_ema_avg_fn(0.75)(tensor([2.0]), tensor([6.0]), 2)
    tensor([3.])
    """
    if not 0 <= decay <= 1:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")
    return partial(ema, decay=decay)


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAvgFn:
    """For ``AveragedModel(multi_avg_fn=)``: the exponential moving average; ``decay`` as in :func:`get_ema_avg_fn`."""
    return partial(each, avg_fn=get_ema_avg_fn(decay))


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of those of the model in training.

    Parameters
    ----------
    model : Module
        what to average; it is copied
    device : optional
        where the copy is put
    avg_fn : callable, optional
        ``avg_fn(average, parameter, n_averaged)`` gives the new average (default: the equal average, as
        :func:`get_swa_avg_fn`)
    multi_avg_fn : callable, optional
        instead of ``avg_fn``: takes lists of all averages and all parameters, and changes the averages in place
    use_buffers : bool
        average the buffers too, as running means of batch normalisation are; if False (the default), they are copied
        from the model at every update. In integer buffers the fraction of an average is cut off

    Attributes
    ----------
    module : Module
        the copy
    n_averaged : Tensor, shape (), int64
        the number of updates so far; the first one copies

    >>> from minitorch_optim.autograd import no_grad
    >>> from minitorch_optim.nn import Linear
    >>> model = Linear(1, 1, bias=False)
    >>> averaged = AveragedModel(model)
    >>> for weight in (1.0, 2.0, 6.0):
    ...     with no_grad():
    ...         _ = model.weight.fill_(weight)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight, averaged.n_averaged
    (Parameter containing:
    tensor([[3.]], requires_grad=True), tensor(3))
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: AvgFn | None = None,
        multi_avg_fn: MultiAvgFn | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        if not isinstance(model, Module):
            raise TypeError(f"AveragedModel takes a Module, but got {type(model).__name__}")
        if callable(device):
            raise TypeError("the second argument is the device, but got a function: write avg_fn= or multi_avg_fn=")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", new_tensor(np.zeros((), np.int64)))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    @acting
    def update_parameters(self, model: Module) -> None:
        """Take the parameters of ``model`` into the average; the first time, copy them.

        Raises
        ------
        ValueError
            if the parameters of ``model`` do not match; nothing is changed then
        """
        with no_grad():
            averages, values = self._matched(model)
            if self.n_averaged.item() == 0:
                for average, value in zip(averages, values):
                    average.copy_(value)
            elif self.multi_avg_fn is not None:
                self.multi_avg_fn(averages, values, self.n_averaged.clone())
            else:
                each(averages, values, self.n_averaged.clone(), avg_fn=self.avg_fn or swa)
            if not self.use_buffers:
                for mine, other in zip(self.module.buffers(), model.buffers()):
                    mine.copy_(other)
            self.n_averaged.add_(1)

    def _matched(self, model: Module) -> tuple[list[Tensor], list[Tensor]]:
        """The averages, and what belongs to them in ``model``."""
        mine, others = dict(_averaged(self.module, self.use_buffers)), dict(_averaged(model, self.use_buffers))
        if list(mine) != list(others) or any(mine[name].shape != others[name].shape for name in mine):
            a, b = ({name: tuple(t.shape) for name, t in tensors.items()} for tensors in (mine, others))
            different = sorted(name for name in {*a, *b} if a.get(name) != b.get(name)) or list(a)
            raise ValueError(
                f"model must have the parameters of the one that was copied, but {different[0]!r} has shape "
                f"{b.get(different[0])} there and {a.get(different[0])} here"
            )
        return [t.detach() for t in mine.values()], [t.detach() for t in others.values()]


def _averaged(module: Module, use_buffers: bool) -> Iterable[tuple[str, Tensor]]:
    """What is averaged, by name."""
    return itertools.chain(module.named_parameters(), module.named_buffers() if use_buffers else ())
