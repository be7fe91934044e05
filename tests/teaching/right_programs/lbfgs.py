"""L-BFGS with a closure."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)

model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = F.mse_loss(model(X), T)
    loss.backward()
    return loss


def step():
    return optimizer.step(closure)
