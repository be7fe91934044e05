"""A copy of the model follows it slowly and teaches it."""

import copy

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Linear(4, 3)
ema = copy.deepcopy(model)
optimizer = optim.Adam(model.parameters())


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), Y) + F.mse_loss(model(X), ema(X).detach())
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for p, q in zip(ema.parameters(), model.parameters()):
            p.mul_(0.9).add_(q, alpha=0.1)
