"""Policy and value from one network."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)


class AC(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = nn.Linear(4, 8)
        self.a = nn.Linear(8, 2)
        self.c = nn.Linear(8, 1)

    def forward(self, x):
        h = F.relu(self.b(x))
        return F.softmax(self.a(h), -1), self.c(h)


model = AC()
optimizer = optim.Adam(model.parameters())


def step():
    p, v = model(X)
    adv = T - v
    loss = -(p.log()[:, :1] * adv.detach()).mean() + F.smooth_l1_loss(v, T)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss
