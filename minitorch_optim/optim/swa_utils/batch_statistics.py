"""``update_bn``: the running statistics of batch normalisation, anew for the weights that a model has now."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...autograd import Tensor, no_grad
from ...autograd.tensor import new_tensor
from ...nn import Module
from ...nn.batch_norm import _BatchNorm
from ...nn.parameter import UninitializedParameter

__all__ = ["update_bn"]


def update_bn(
    loader: Iterable[Any],
    model: Module,
    device: Any = None,
    *,
    sample_weighted: bool = False,
    progress: bool = False,
) -> None:
    """Set ``running_mean`` and ``running_var`` of all batch normalisation layers by running ``model`` over ``loader``.

    Parameters
    ----------
    loader : iterable
        of batches. A batch is a tensor; a list or tuple that starts with the input; or a dict, of which the entries
        that are named as arguments of ``model.forward`` are passed by name, or else the first entry
    model : Module
        run in training mode, dropout included, and put back into the modes it was in. If anything fails, its
        statistics too are as they were
    device : optional
        where the inputs are put
    sample_weighted : bool
        False (the default), as in PyTorch: the plain average of the statistics of batches, in which a sample of a
        small last batch weighs more. True: those of the whole data set, as if it were one batch. For this the loader
        is read once for each layer, from the first to the last, since what a layer sees depends on the statistics of
        the ones before
    progress : bool
        show a progress bar (default False)

    >>> from minitorch_optim.autograd import tensor
    >>> from minitorch_optim.nn import BatchNorm1d
    >>> batches = [tensor([[0.0], [2.0], [4.0]]), tensor([[9.0], [11.0]])]
    >>> model = BatchNorm1d(1)
    >>> update_bn(batches, model)
    >>> model.running_mean
    tensor([6.])
    >>> update_bn(batches, model, sample_weighted=True)
    >>> model.running_mean
    tensor([5.2000])
    """
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.running_mean is not None]
    if not layers:
        return
    with no_grad(), _kept_on_error(layers), _training(model):
        for layer in layers:
            layer.reset_running_stats()
        if sample_weighted:
            _whole_data_set(loader, model, layers, device, progress)
        else:
            for layer in layers:
                layer.momentum = None  # the plain average of all batches
            for batch in _read(loader, progress):
                _run(model, batch, device)


@contextmanager
def _training(model: Module) -> Iterator[None]:
    """Training mode for the whole model; afterwards the mode and momentum that each module had."""
    modes = [(module, module.training) for module in model.modules()]
    momenta = [(module, module.momentum) for module, _ in modes if isinstance(module, _BatchNorm)]
    model.train()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for layer, momentum in momenta:
            layer.momentum = momentum


@contextmanager
def _kept_on_error(layers: list[Any]) -> Iterator[None]:
    """The statistics of ``layers``, put back if anything fails."""
    buffers = [b for layer in layers for b in layer.buffers(recurse=False) if not isinstance(b, UninitializedParameter)]
    kept = [(buffer, buffer.clone()) for buffer in buffers]
    try:
        yield
    except BaseException:
        for buffer, value in kept:
            buffer.copy_(value)
        raise


def _read(loader: Iterable[Any], progress: bool) -> Iterable[Any]:
    if not progress:
        return loader
    from tqdm.auto import tqdm

    bar: Iterable[Any] = tqdm(loader, desc="batch statistics", unit="batch")
    return bar


def _run(model: Module, batch: Any, device: Any) -> None:
    """Pass a batch through the model."""

    def placed(value: Any) -> Any:
        return value.to(device) if device is not None and isinstance(value, Tensor) else value

    if isinstance(batch, dict):
        forward = inspect.signature(_innermost(model).forward).parameters.values()
        takes_all = any(p.kind == p.VAR_KEYWORD for p in forward)
        named = {k: placed(v) for k, v in batch.items() if takes_all or any(p.name == k for p in forward)}
        if named:
            model(**named)
            return
        batch = list(batch.values())
    model(placed(batch[0] if isinstance(batch, list | tuple) else batch))


def _innermost(model: Any) -> Any:
    """The model whose forward says what it takes: that inside an averaged one."""
    while {"n_averaged", "module"} <= {*model._buffers, *model._modules}:
        model = model.module
    return model


# -- the whole data set as one batch --------------------------------------------------------------


class _Moments:
    """Mean and sum of squared deviations of each channel, over inputs of any sizes. Chan et al. (1979), eq. 2.1."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Any = 0.0
        self.deviations: Any = 0.0

    def add(self, x: Any) -> None:
        """Take in an array of shape (N, C, *)."""
        x = np.moveaxis(x, 1, 0).reshape(x.shape[1], -1).astype(np.float64)
        count, mean = x.shape[1], x.mean(1)
        deviations = np.square(x - mean[:, None]).sum(1)
        total, apart = self.count + count, mean - self.mean
        self.deviations = self.deviations + deviations + apart**2 * (self.count * count / total)
        self.mean = self.mean + apart * (count / total)
        self.count = total


def _whole_data_set(loader: Iterable[Any], model: Module, layers: list[Any], device: Any, progress: bool) -> None:
    """Read the loader once for each layer: the first one that has no statistics yet sees its final inputs."""
    if iter(loader) is loader:  # it can be read but once
        loader = list(loader)
    for layer in layers:
        layer.eval()  # normalise by the running statistics, which are set below
    todo, done = list(layers), []
    while todo:
        moments: dict[Any, _Moments] = {}  # in the order in which the layers run
        handles = [layer.register_forward_pre_hook(_adding_to(moments), with_kwargs=True) for layer in todo]
        batches = 0
        try:
            for batch in _read(loader, progress):
                _run(model, batch, device)
                batches += 1
        finally:
            for handle in handles:
                handle.remove()
        if not moments:  # what is left is not used
            break
        layer, of_all = next(iter(moments.items()))
        todo.remove(layer)
        done.append((layer, of_all))
        if of_all.count == 1:
            raise ValueError("Expected more than 1 value per channel, got 1 in the whole data set: it has no variance")
        layer.running_mean.copy_(new_tensor(of_all.mean))
        layer.running_var.copy_(new_tensor(of_all.deviations / of_all.count))  # what a batch is normalised by
        layer.num_batches_tracked.fill_(batches)
    for layer, of_all in done:
        layer.running_var.copy_(new_tensor(of_all.deviations / (of_all.count - 1)))  # what it leaves behind


def _adding_to(moments: dict[Any, _Moments]) -> Any:
    """A hook that adds the input of a layer to its moments."""

    def add(layer: Any, args: Any, kwargs: Any) -> None:
        input = args[0] if args else kwargs["input"]
        moments.setdefault(layer, _Moments()).add(input._array)

    return add
