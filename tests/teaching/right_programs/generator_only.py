"""The step of a generator; the discriminator has a step and an optimizer elsewhere."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)

G = nn.Linear(2, 4)
D = nn.Linear(4, 1)
optimizer_of_g = optim.Adam(G.parameters())
optimizer_of_d = optim.Adam(D.parameters())


def step():
    optimizer_of_g.zero_grad()
    loss = F.binary_cross_entropy_with_logits(D(G(torch.randn(32, 2))), torch.ones(32, 1))
    loss.backward()
    optimizer_of_g.step()
    return loss
