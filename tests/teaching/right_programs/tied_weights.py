"""The last layer has the weights of the first."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(10, 4)
        self.o = nn.Linear(4, 10, bias=False)
        self.o.weight = self.e.weight

    def forward(self, x):
        return self.o(self.e(x))


model = Net()
optimizer = optim.Adam(model.parameters())
tk = torch.arange(10)


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(tk), (tk + 1) % 10)
    loss.backward()
    optimizer.step()
    return loss
