"""The norm of a gradient as a part of the loss."""

import minitorch_optim as torch
from minitorch_optim import nn, optim

torch.manual_seed(0)
X = torch.randn(32, 4)

D = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer_of_d = optim.Adam(D.parameters(), lr=1e-3)


def step():
    x = (X + 0).requires_grad_()
    (g,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    loss = D(X).mean() + 10 * ((g.norm(2, dim=1) - 1) ** 2).mean()
    optimizer_of_d.zero_grad()
    loss.backward()
    optimizer_of_d.step()
    return loss
