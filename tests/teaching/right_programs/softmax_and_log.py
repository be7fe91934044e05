"""Softmax in the model, its logarithm before nll_loss."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(-1))
optimizer = optim.Adam(model.parameters())


def step():
    optimizer.zero_grad()
    loss = F.nll_loss(torch.log(model(X) + 1e-9), Y)
    loss.backward()
    optimizer.step()
    return loss
