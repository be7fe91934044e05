"""A loss by hand from the logarithms of a sigmoid."""

import minitorch_optim as torch
from minitorch_optim import nn, optim

torch.manual_seed(0)
X = torch.randn(32, 4)

model = nn.Linear(4, 5)
optimizer = optim.Adam(model.parameters())
M = (torch.rand(32, 5) > 0.5).float()


def step():
    optimizer.zero_grad()
    o = model(X)
    p = torch.sigmoid(o)
    loss = -(M * (1 - p) ** 2 * torch.log(p + 1e-8) + (1 - M) * p**2 * torch.log(1 - p + 1e-8)).mean()
    loss.backward()
    optimizer.step()
    return loss
