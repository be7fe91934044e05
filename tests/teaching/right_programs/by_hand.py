"""Linear regression by hand."""

import minitorch_optim as torch

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)

w = torch.zeros(4, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)


def step():
    loss = ((X @ w + b - T) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for p in (w, b):
            p -= 0.1 * p.grad
            p.grad.zero_()
    return loss
