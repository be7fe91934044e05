"""A language model: the state goes from batch to batch, detached."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(10, 6)
        self.r = nn.LSTM(6, 8, batch_first=True)
        self.o = nn.Linear(8, 10)

    def forward(self, x, h=None):
        o, h = self.r(self.e(x), h)
        return self.o(o), h


model = Net()
optimizer = optim.Adam(model.parameters(), lr=1e-2)
words = torch.randint(0, 10, (4, 13))
h = None


def step():
    global h
    optimizer.zero_grad()
    o, h = model(words[:, :-1], h)
    h = tuple(t.detach() for t in h)
    loss = F.cross_entropy(o.reshape(-1, 10), words[:, 1:].reshape(-1))
    loss.backward()
    optimizer.step()
    return loss
