"""Two classes with one score, of which the positive ones count more."""

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.nn import functional as F

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)

model = nn.Linear(4, 1)
optimizer = optim.Adagrad(model.parameters(), lr=0.1)


def step():
    optimizer.zero_grad()
    loss = F.binary_cross_entropy_with_logits(
        model(X).squeeze(1), (T > 0).float().squeeze(1), pos_weight=torch.tensor(2.0)
    )
    loss.backward()
    optimizer.step()
    return loss
