"""Two backward passes before a step; one graph is kept for the second."""

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
    o = model(X)
    l1 = F.cross_entropy(o, Y)
    l2 = sum((p**2).sum() for p in model.parameters()) * 1e-3
    l1.backward(retain_graph=True)
    l2.backward()
    optimizer.step()
    return l1 + l2
