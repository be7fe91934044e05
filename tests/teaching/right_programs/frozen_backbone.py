"""A frozen part, and an optimizer of the rest."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

b = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
h = nn.Linear(8, 3)
for p in b.parameters():
    p.requires_grad = False
model = nn.Sequential(b, h)
optimizer = optim.Adam(h.parameters())


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), Y)
    loss.backward()
    optimizer.step()
    return loss
