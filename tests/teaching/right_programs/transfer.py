"""A new last layer, and a smaller learning rate for the old ones."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
model[2] = nn.Linear(8, 3)
optimizer = optim.SGD(
    [{"params": model[0].parameters(), "lr": 1e-4}, {"params": model[2].parameters()}], lr=1e-2, momentum=0.9
)


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), Y)
    loss.backward()
    optimizer.step()
    return loss
