"""A full training loop: OneCycleLR, cosine restarts, weight averaging with SWALR, an EMA, and update_bn."""

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, LambdaLR, OneCycleLR
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(9)
X = torch.randn(256, 5)
Y = (X[:, :1] * X[:, 1:2] + X[:, 2:3].sin()).detach()
loader = DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=True)


def make():
    return nn.Sequential(nn.Linear(5, 24), nn.BatchNorm1d(24), nn.GELU(), nn.Linear(24, 1))


criterion = nn.SmoothL1Loss()


def epoch(model, optimizer, after=lambda: None):
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        after()
        total += loss.item()
    return total / len(loader)


model = make()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
one_cycle = OneCycleLR(optimizer, max_lr=0.02, total_steps=4 * len(loader) + 1)
ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
for i in range(4):
    loss = epoch(model, optimizer, lambda: (one_cycle.step(), ema.update_parameters(model)))
    print("one cycle", i, loss, "lr", one_cycle.get_last_lr()[0], "beta", optimizer.param_groups[0]["betas"][0])
update_bn(loader, ema)
ema.eval()
print("ema", criterion(ema(X), Y).item())

model = make()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
restarts = CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
swa_model, swa_scheduler = AveragedModel(model), SWALR(optimizer, swa_lr=0.02, anneal_epochs=2)
for i in range(6):
    loss = epoch(model, optimizer)
    if i >= 3:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        restarts.step()
    print("swa", i, loss, "lr", optimizer.param_groups[0]["lr"])
update_bn(loader, swa_model)
swa_model.eval()
print("averaged", int(swa_model.n_averaged), criterion(swa_model(X), Y).item())

warm = LambdaLR(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0), lambda s: min(1.0, (s + 1) / 4))
print("warm-up", warm.get_last_lr())
