"""Three spirals and a small network: cross-entropy, momentum, a step-wise schedule."""

import math

import torch
import torch.nn.functional as F
from torch import nn, optim

torch.manual_seed(42)
N, D, C, H = 60, 2, 3, 32
X, y = torch.zeros(N * C, D), torch.zeros(N * C, dtype=torch.long)
for c in range(C):
    t = torch.linspace(0, 1, N)
    angle = t * 2 * math.pi / C * 2 + c * 2 * math.pi / C + torch.randn(N) * 0.1
    X[c * N : (c + 1) * N] = torch.stack([t * torch.sin(angle), t * torch.cos(angle)], dim=1)
    y[c * N : (c + 1) * N] = c

model = nn.Sequential(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, H), nn.Tanh(), nn.Linear(H, C))
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=40, gamma=0.3)
for step in range(100):
    logits = model(X)
    loss = F.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 20 == 0:
        print("step", step, "loss", loss.item(), "lr", optimizer.param_groups[0]["lr"])

accuracy = (model(X).argmax(1) == y).float().mean()
print("accuracy", accuracy.item())
print("parameters", sum(p.numel() for p in model.parameters()))
print("norms", [p.norm().item() for p in model.parameters()])
