"""An input is changed until a frozen network likes it."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)

model = nn.Sequential(nn.Linear(4, 8), nn.Tanh()).eval().requires_grad_(False)
img = torch.randn(1, 4, requires_grad=True)
optimizer = optim.Adam([img], lr=0.1)
tgt = model(torch.ones(1, 4))


def step():
    optimizer.zero_grad()
    loss = F.mse_loss(model(img), tgt)
    loss.backward()
    optimizer.step()
    return loss
