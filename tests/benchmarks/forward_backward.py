"""Forward and backward of an MLP (batch 64, 64-128-10, ReLU, cross-entropy, float32): the tape against plain NumPy."""

from __future__ import annotations

import numpy as np
from _harness import main

BATCH, SIZES = 64, (64, 128, 10)


def data():
    rng = np.random.default_rng(0)
    images = rng.standard_normal((BATCH, SIZES[0]), dtype=np.float32)
    labels = rng.integers(0, SIZES[-1], BATCH)
    weights = [
        (rng.standard_normal((n, m)) / m**0.5).astype(np.float32) for m, n in zip(SIZES, SIZES[1:], strict=False)
    ]
    return images, labels, weights


def minitorch_optim():
    import minitorch_optim as torch
    from minitorch_optim import nn

    return _torch_like(torch, nn)


def numpy_by_hand():
    images, labels, (w1, w2) = data()
    b1, b2 = np.zeros(SIZES[1], np.float32), np.zeros(SIZES[2], np.float32)
    rows = np.arange(BATCH)

    def step():
        h = images @ w1.T + b1
        a = np.maximum(h, 0)
        scores = a @ w2.T + b2
        scores -= scores.max(axis=1, keepdims=True)
        e = np.exp(scores)
        total = e.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - scores[rows, labels]).mean()
        g = e / total
        g[rows, labels] -= 1
        g /= BATCH
        gw2, gb2 = g.T @ a, g.sum(axis=0)
        gh = g @ w2
        gh *= h > 0
        return loss, gh.T @ images, gh.sum(axis=0), gw2, gb2

    return step


def pytorch():
    import torch
    from torch import nn

    torch.set_num_threads(1)
    return _torch_like(torch, nn)


def _torch_like(torch, nn):
    images, labels, weights = data()
    model = nn.Sequential(nn.Linear(SIZES[0], SIZES[1]), nn.ReLU(), nn.Linear(SIZES[1], SIZES[2]))
    with torch.no_grad():
        for layer, weight in zip((model[0], model[2]), weights, strict=True):
            layer.weight.copy_(torch.tensor(weight))
            layer.bias.zero_()
    loss_fn, parameters = nn.CrossEntropyLoss(), list(model.parameters())
    images, labels = torch.tensor(images), torch.tensor(labels)

    def step():
        for p in parameters:
            p.grad = None
        loss = loss_fn(model(images), labels)
        loss.backward()
        return loss

    return step


if __name__ == "__main__":
    main(minitorch_optim, numpy_by_hand, pytorch)
