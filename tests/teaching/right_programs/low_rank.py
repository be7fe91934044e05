"""A frozen layer with a correction of low rank that begins at 0."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3


class LowRank(nn.Module):
    def __init__(self):
        super().__init__()
        self.base = nn.Linear(4, 3).requires_grad_(False)
        self.A = nn.Parameter(torch.randn(2, 4) * 0.1)
        self.B = nn.Parameter(torch.zeros(3, 2))

    def forward(self, x):
        return self.base(x) + x @ self.A.T @ self.B.T


model = LowRank()
optimizer = optim.AdamW([p for p in model.parameters() if p.requires_grad])


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), Y)
    loss.backward()
    optimizer.step()
    return loss
