"""Gradients of four batches add up to one step."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Linear(4, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)


def step():
    optimizer.zero_grad()
    for k in range(4):
        loss = F.cross_entropy(model(X[k * 8 : (k + 1) * 8]), Y[k * 8 : (k + 1) * 8]) / 4
        loss.backward()
    optimizer.step()
