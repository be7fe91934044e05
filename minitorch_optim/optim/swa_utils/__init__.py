"""Averages of weights: stochastic weight averaging (SWA), and the exponential moving average (EMA).

::

    swa_model = AveragedModel(model)
    swa_scheduler = SWALR(optimizer, swa_lr=0.05)
    for epoch in range(epochs):
        ...                                     one epoch of training
        if epoch >= swa_start:
            swa_model.update_parameters(model)
            swa_scheduler.step()
        else:
            scheduler.step()
    update_bn(loader, swa_model)                the statistics of batch normalisation belong to the weights

References
----------
Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization" (2018), algorithm 1.
https://arxiv.org/abs/1803.05407
Polyak, Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992).
"""

from .averaging import (
    AveragedModel,
    get_ema_avg_fn,
    get_ema_multi_avg_fn,
    get_swa_avg_fn,
    get_swa_multi_avg_fn,
)
from .batch_statistics import update_bn
from .swalr import SWALR

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip
