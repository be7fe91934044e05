"""The right weights are far from where they begin, so the steps are large."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)

model = nn.Linear(1, 1)
optimizer = optim.Adam(model.parameters(), lr=1.0)
xs = torch.linspace(0, 1, 20).unsqueeze(1)
ys = 1000 * xs + 50


def step():
    optimizer.zero_grad()
    loss = F.mse_loss(model(xs), ys)
    loss.backward()
    optimizer.step()
    return loss
