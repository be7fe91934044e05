"""Linear regression by hand, with .data and gradients set to None."""

import minitorch_optim as torch

torch.manual_seed(0)
X = torch.randn(32, 4)
T = torch.randn(32, 1)

w = torch.zeros(4, 1, requires_grad=True)


def step():
    global w
    loss = ((X @ w - T) ** 2).mean()
    loss.backward()
    w.data -= 0.1 * w.grad
    w.grad = None
    return loss
