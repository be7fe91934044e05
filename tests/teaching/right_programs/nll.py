"""log_softmax as a layer, then NLLLoss."""

import minitorch_optim as torch
from minitorch_optim import nn, optim

torch.manual_seed(0)
X = torch.randn(32, 4)
Y = torch.arange(32) % 3

model = nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(dim=1))
optimizer = optim.Adam(model.parameters())


def step():
    optimizer.zero_grad()
    loss = nn.NLLLoss()(model(X), Y)
    loss.backward()
    optimizer.step()
    return loss
