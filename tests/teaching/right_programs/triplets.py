"""Three outputs of one model in one loss."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)

model = nn.Linear(4, 8)
optimizer = optim.Adam(model.parameters())


def step():
    optimizer.zero_grad()
    a, p, n = model(X), model(X + 0.1), model(X.flip(0))
    loss = F.triplet_margin_loss(a, p, n)
    loss.backward()
    optimizer.step()
    return loss
