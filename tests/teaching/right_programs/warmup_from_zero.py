"""A warmup that begins at 0."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F
from minitorch_optim.optim.lr_scheduler import LambdaLR

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Linear(4, 3)
optimizer = optim.Adam(model.parameters(), lr=1e-3)
scheduler = LambdaLR(optimizer, lambda e: min(1.0, e / 10))


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), Y)
    loss.backward()
    optimizer.step()
    scheduler.step()
    return loss
