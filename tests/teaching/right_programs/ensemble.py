"""Several models, each with its own optimizer, in one step."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

models = nn.ModuleList([nn.Linear(4, 3) for _ in range(3)])
optimizers = [optim.Adam(model.parameters()) for model in models]


def step():
    for model, o in zip(models, optimizers):
        o.zero_grad()
        loss = F.cross_entropy(model(X), Y)
        loss.backward()
        o.step()
