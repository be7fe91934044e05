"""A sigmoid and a tanh inside of the model."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Linear(4, 8)
g = nn.Linear(4, 8)
o = nn.Linear(8, 3)
optimizer = optim.Adam([*model.parameters(), *g.parameters(), *o.parameters()])


def step():
    h = torch.sigmoid(g(X)) * torch.tanh(model(X))
    loss = F.cross_entropy(o(h), Y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss
