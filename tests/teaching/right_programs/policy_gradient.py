"""A policy that ends in softmax; its loss takes the logarithm."""

import minitorch_optim as torch
from minitorch_optim import nn, optim

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)

pol = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2), nn.Softmax(dim=-1))
optimizer = optim.Adam(pol.parameters())


def step():
    p = pol(X)
    a = torch.multinomial(p.detach(), 1)
    lp = torch.log(p.gather(1, a)).squeeze(1)
    loss = -(lp * T.squeeze(1)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss
