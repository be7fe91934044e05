"""An epoch over a DataLoader, with the loss given to the schedule."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F
from minitorch_optim.optim.lr_scheduler import ReduceLROnPlateau
from minitorch_optim.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Linear(4, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
scheduler = ReduceLROnPlateau(optimizer, patience=2)
loss_of_d = DataLoader(TensorDataset(X, Y), batch_size=8, shuffle=True)


def step():
    t = 0.0
    for x, y in loss_of_d:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        t += loss.item() * len(x)
    scheduler.step(t / 32)
    return t / 32
