"""Reptile: a copy of the model, with an optimizer of its own, is trained for a while; then the model follows it."""

import copy

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)

model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))


def step():
    fast = copy.deepcopy(model)
    optimizer = optim.Adam(fast.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        loss = F.mse_loss(fast(X), T)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        for slow, new in zip(model.parameters(), fast.parameters(), strict=True):
            slow.lerp_(new, 0.1)
    return loss
