"""A small network learns from a large one."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

s = nn.Linear(4, 3)
t = nn.Linear(4, 3).eval()
optimizer = optim.Adam(s.parameters())


def step():
    with torch.no_grad():
        tl = t(X)
    optimizer.zero_grad()
    loss = F.kl_div(F.log_softmax(s(X) / 2, 1), F.softmax(tl / 2, 1), reduction="batchmean") * 4 + F.cross_entropy(
        s(X), Y
    )
    loss.backward()
    optimizer.step()
    return loss
