"""MAML: the loss after a step by hand, whose gradient goes back through that step."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)

model = nn.Linear(4, 1)
optimizer = optim.Adam(model.parameters())


def step():
    optimizer.zero_grad()
    loss = F.mse_loss(model(X), T)
    gs = torch.autograd.grad(loss, list(model.parameters()), create_graph=True)
    w, b = [p - 0.1 * g for p, g in zip(model.parameters(), gs)]
    l2 = F.mse_loss(F.linear(X, w, b), T)
    l2.backward()
    optimizer.step()
    return l2
