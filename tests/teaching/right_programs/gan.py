"""Two networks against each other, each with its own optimizer; the losses take raw scores."""

import minitorch_optim as torch
from minitorch_optim import nn, optim

torch.manual_seed(0)
X = torch.randn(32, 4)

G = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4))
D = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
optimizer_of_g = optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
optimizer_of_d = optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()


def step():
    z = torch.randn(32, 2)
    fake = G(z)
    optimizer_of_d.zero_grad()
    loss_of_d = bce(D(X), torch.ones(32, 1)) + bce(D(fake.detach()), torch.zeros(32, 1))
    loss_of_d.backward()
    optimizer_of_d.step()
    optimizer_of_g.zero_grad()
    loss_of_g = bce(D(fake), torch.ones(32, 1))
    loss_of_g.backward()
    optimizer_of_g.step()
    return loss_of_d.item(), loss_of_g.item()
