"""A Parameter without a module or an optimizer."""

import minitorch_optim as torch
from minitorch_optim import nn
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)

w = nn.Parameter(torch.zeros(4, 1))


def step():
    loss = F.mse_loss(X @ w, T)
    loss.backward()
    with torch.no_grad():
        w.sub_(0.1 * w.grad)
    w.grad = None
    return loss
