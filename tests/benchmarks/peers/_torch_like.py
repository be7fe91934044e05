"""The same program for PyTorch and for minitorch_optim: the names are the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from _problems import Chain, Stepping, Training


def training(torch: Any, problem: Training, options: dict[str, Any], wrap: Callable[[Any], Any] = lambda step: step):
    """A step of training; ``wrap`` may put another function in its place."""
    nn = torch.nn
    layers = [nn.Linear(m, n) for m, n in zip(problem.sizes, problem.sizes[1:])]
    with torch.no_grad():
        for layer, weight in zip(layers, problem.weights(), strict=True):
            layer.weight.copy_(torch.tensor(weight))
            layer.bias.zero_()
    model = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())))[:-1]
    criterion = nn.CrossEntropyLoss()
    batches = problem.data(torch.tensor)
    if problem.optimizer == "none":
        parameters = list(model.parameters())

        def step(inputs, labels):
            for p in parameters:
                p.grad = None
            loss = criterion(model(inputs), labels)
            loss.backward()
            return loss
    else:
        optimizer = getattr(torch.optim, problem.optimizer)(model.parameters(), lr=problem.lr, **options)

        def step(inputs, labels):
            optimizer.zero_grad(set_to_none=True)  # the default differs: this is PyTorch's
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            return loss

    step = wrap(step)
    return lambda: step(*next(batches))


def stepping(torch: Any, problem: Stepping, options: dict[str, Any]):
    params = [torch.tensor(p, requires_grad=True) for p in problem.parameters()]
    arrays = [p.detach().numpy() for p in params]
    options = {**dict(problem.options), **options}
    if problem.optimizer == "LBFGS":
        return _lbfgs(torch, problem, options, params, arrays)
    if problem.optimizer == "SparseAdam":
        for p, (indices, rows) in zip(params, problem.sparse_gradients(), strict=True):
            p.grad = torch.sparse_coo_tensor(torch.tensor(indices[None]), torch.tensor(rows), p.shape)
    else:
        for p, g in zip(params, problem.gradients(), strict=True):
            p.grad = torch.tensor(g)
    optimizer = getattr(torch.optim, problem.optimizer)(params, **options)

    (group,), rates = optimizer.param_groups, itertools.cycle(problem.rates)

    def step():
        optimizer.step()
        return arrays

    def scheduled_step():
        group["lr"] = next(rates)
        return step()

    return scheduled_step if problem.rates else step


def _lbfgs(torch: Any, problem: Stepping, options: dict[str, Any], params: list[Any], arrays: list[Any]):
    """A step that remembers nothing of those before it.

    What the closure has to say is worked out once: the losses and gradients of sum(c p^2) / 2, c between 0.1 and 10,
    on the way of the first step. Later steps are told the same, and move the parameters by the same.
    """
    optimizer = torch.optim.LBFGS(params, **options)
    curvatures = [torch.linspace(0.1, 10.0, p.numel()).reshape(p.shape) for p in params]
    way: list[tuple[Any, list[Any]]] = []

    @torch.no_grad()
    def work_out():
        gradients = [c * p for p, c in zip(params, curvatures, strict=True)]
        loss = sum((p * g).sum() for p, g in zip(params, gradients, strict=True)) / 2
        way.append((loss, gradients))
        return tell(loss, gradients)

    def tell(loss, gradients):
        for p, g in zip(params, gradients):
            p.grad = g
        return loss

    def step():
        optimizer.state.clear()
        told = iter(way)
        optimizer.step(lambda: tell(*next(told)))
        return arrays

    optimizer.step(work_out)
    for p, start in zip(params, problem.parameters(), strict=True):
        p.data.copy_(torch.tensor(start))
    return step


def chain(torch: Any, problem: Chain):
    start = torch.tensor(problem.start(), requires_grad=True)

    def step():
        start.grad = None
        x = start
        for _ in range(problem.length // 2):
            x = (x * 0.999).sin()
        x.sum().backward()
        return start.grad.sum()

    return step
