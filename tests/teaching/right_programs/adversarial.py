"""Inputs changed to mislead the model, which then learns from them."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Linear(4, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)


def step():
    x = X.clone().requires_grad_()
    F.cross_entropy(model(x), Y).backward()
    adv = (x + 0.1 * x.grad.sign()).detach()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(adv), Y)
    loss.backward()
    optimizer.step()
    return loss
