"""A class for each step of a sequence: the classes are moved to dimension 1."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
Y = torch.arange(32) % 3

model = nn.GRU(4, 8)
o = nn.Linear(8, 3)
optimizer = optim.RMSprop([*model.parameters(), *o.parameters()], lr=1e-3)
S = torch.randn(5, 32, 4)


def step():
    optimizer.zero_grad()
    out, h = model(S)
    loss = F.cross_entropy(o(out).permute(1, 2, 0), Y.unsqueeze(1).expand(32, 5))
    loss.backward()
    optimizer.step()
    return loss
