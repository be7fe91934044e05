"""An embedding with sparse gradients."""

import minitorch_optim as torch
from minitorch_optim import nn, optim

torch.manual_seed(0)

e = nn.Embedding(10, 3, sparse=True)
optimizer = optim.SparseAdam(e.parameters(), lr=0.1)


def step():
    optimizer.zero_grad()
    loss = (e(torch.tensor([1, 2, 2])) ** 2).mean()
    loss.backward()
    optimizer.step()
    return loss
