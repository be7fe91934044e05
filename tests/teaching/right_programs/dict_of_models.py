"""Two models in a dict, one optimizer."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

models = {"a": nn.Linear(4, 4), "b": nn.Linear(4, 3)}
optimizer = optim.Adam([p for model in models.values() for p in model.parameters()])


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(models["b"](models["a"](X)), Y)
    loss.backward()
    optimizer.step()
    return loss
