"""Layers in lists and dicts of nn, losses weighted by parameters, attributes that are no parameters."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3
T = torch.randn(32, 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.heads = nn.ModuleDict({"c": nn.Linear(4, 3), "r": nn.Linear(4, 1)})
        self.w = nn.ParameterList([nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))])
        self.register_buffer("mask", torch.ones(4))
        self.names = ["a", "b"]
        self.options = {"lr": 1}
        self.scale = 3.0
        self.const = torch.ones(4)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x * self.mask * self.const).tanh()
        return self.heads["c"](x), self.heads["r"](x)


model = Net()
optimizer = optim.AdamW(model.parameters())


def step():
    optimizer.zero_grad()
    c, v = model(X)
    loss = (
        torch.exp(-model.w[0]) * F.cross_entropy(c, Y)
        + model.w[0]
        + torch.exp(-model.w[1]) * F.mse_loss(v, T)
        + model.w[1]
    )
    loss.sum().backward()
    optimizer.step()
    return loss.sum()
