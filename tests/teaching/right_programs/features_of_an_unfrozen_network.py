"""The same from a network that still requires gradients."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

b = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU()).eval()
h = nn.Linear(8, 3)
optimizer = optim.Adam(h.parameters())


def step():
    with torch.no_grad():
        f = b(X)
    optimizer.zero_grad()
    loss = F.cross_entropy(h(f), Y)
    loss.backward()
    optimizer.step()
    return loss
