"""A variational autoencoder: drawn codes, a loss with a logarithm."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)

enc = nn.Linear(4, 4)
dec = nn.Linear(2, 4)
optimizer = optim.Adam(list(enc.parameters()) + list(dec.parameters()), lr=1e-3)


def step():
    optimizer.zero_grad()
    mu, lv = enc(X).chunk(2, dim=1)
    z = mu + torch.exp(0.5 * lv) * torch.randn_like(mu)
    loss = F.mse_loss(dec(z), X, reduction="sum") - 0.5 * torch.sum(1 + lv - mu.pow(2) - lv.exp())
    loss.backward()
    optimizer.step()
    return loss
