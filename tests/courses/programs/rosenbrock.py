"""The banana valley of Rosenbrock with several optimizers, and LBFGS with a closure on a least-squares fit."""

import torch


def rosenbrock(p):
    x, y = p
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


for name, options, steps in (
    ("SGD", {"lr": 1e-3}, 200),
    ("Adam", {"lr": 0.05}, 200),
    ("RMSprop", {"lr": 0.01}, 200),
    ("Adagrad", {"lr": 0.5}, 200),
    ("LBFGS", {"lr": 1, "max_iter": 10, "line_search_fn": "strong_wolfe"}, 5),
):
    p = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, name)([p], **options)

    def closure(p=p, optimizer=optimizer):
        optimizer.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    print(name, [round(v, 7) for v in p.tolist()], f"{rosenbrock(p).item():.6e}")

hessian = torch.autograd.functional.hessian(rosenbrock, torch.tensor([1.0, 1.0]))
print("hessian", hessian.tolist())

torch.manual_seed(5)
A, target = torch.randn(40, 6, dtype=torch.float64), torch.randn(40, dtype=torch.float64)
x = torch.zeros(6, dtype=torch.float64, requires_grad=True)
lbfgs = torch.optim.LBFGS([x], max_iter=30, line_search_fn="strong_wolfe")


def residual():
    lbfgs.zero_grad()
    loss = (A @ x - target).pow(2).sum()
    loss.backward()
    return loss


lbfgs.step(residual)
print("least squares", [round(v, 6) for v in x.tolist()])
