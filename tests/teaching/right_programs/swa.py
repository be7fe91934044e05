"""Averaged weights with their own schedule."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F
from minitorch_optim.optim.swa_utils import SWALR, AveragedModel, update_bn
from minitorch_optim.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
optimizer = optim.SGD(model.parameters(), lr=0.1)
swa = AveragedModel(model)
scheduler = SWALR(optimizer, swa_lr=0.05)


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), Y)
    loss.backward()
    optimizer.step()
    swa.update_parameters(model)
    scheduler.step()
    return loss


update_bn(DataLoader(TensorDataset(X, Y), batch_size=8), swa)
