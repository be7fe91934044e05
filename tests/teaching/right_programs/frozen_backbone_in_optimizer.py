"""A frozen part that the optimizer has as well."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

b = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
h = nn.Linear(8, 3)
b.requires_grad_(False)
model = nn.Sequential(b, h)
optimizer = optim.Adam(model.parameters())


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), Y)
    loss.backward()
    optimizer.step()
    return loss
