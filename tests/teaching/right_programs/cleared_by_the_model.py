"""Gradients cleared by the model, after the step."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Linear(4, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)


def step():
    loss = F.cross_entropy(model(X), Y)
    loss.backward()
    optimizer.step()
    model.zero_grad()
    return loss
