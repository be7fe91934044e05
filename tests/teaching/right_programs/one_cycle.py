"""Regression with BatchNorm and Dropout, clipped gradients, a schedule in each step, and an evaluation."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F
from minitorch_optim.optim.lr_scheduler import OneCycleLR

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)

model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))
optimizer = optim.AdamW(model.parameters(), lr=1e-3)
s = OneCycleLR(optimizer, 1e-2, total_steps=100)


def step():
    optimizer.zero_grad()
    loss = F.mse_loss(model(X), T)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    s.step()
    return loss


def evaluate():
    model.eval()
    with torch.no_grad():
        r = F.mse_loss(model(X), T).item()
    model.train()
    return r
