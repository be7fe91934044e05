"""Q-learning with a copy of the network as target."""

import copy

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3
T = torch.randn(32, 1)

q = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
tq = copy.deepcopy(q)
optimizer = optim.Adam(q.parameters())
A = (Y % 2).unsqueeze(1)


def step():
    qa = q(X).gather(1, A).squeeze(1)
    with torch.no_grad():
        target = T.squeeze(1) + 0.9 * tq(X).max(1).values
    loss = F.smooth_l1_loss(qa, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss
