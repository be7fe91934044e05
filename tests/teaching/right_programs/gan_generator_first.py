"""Two networks against each other; the discriminator ends in a sigmoid."""

import minitorch_optim as torch
from minitorch_optim import nn, optim

torch.manual_seed(0)
X = torch.randn(32, 4)

G = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4), nn.Tanh())
D = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Sigmoid())
optimizer_of_g = optim.Adam(G.parameters(), lr=2e-4)
optimizer_of_d = optim.Adam(D.parameters(), lr=2e-4)
bce = nn.BCELoss()
valid, fakel = torch.ones(32, 1), torch.zeros(32, 1)


def step():
    optimizer_of_g.zero_grad()
    gen = G(torch.randn(32, 2))
    gl = bce(D(gen), valid)
    gl.backward()
    optimizer_of_g.step()
    optimizer_of_d.zero_grad()
    dl = (bce(D(X), valid) + bce(D(gen.detach()), fakel)) / 2
    dl.backward()
    optimizer_of_d.step()
