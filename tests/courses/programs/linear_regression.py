"""Linear regression by hand: a weight, a bias, the gradient of the mean square, a step by hand."""

import torch

torch.manual_seed(1)
true_w, true_b = torch.tensor([[2.0], [-3.4]]), 4.2
X = torch.normal(0, 1, (200, 2))
y = X @ true_w + true_b + torch.normal(0, 0.01, (200, 1))

w = torch.normal(0, 0.01, size=(2, 1), requires_grad=True)
b = torch.zeros(1, requires_grad=True)
lr, batch_size = 0.05, 20

for epoch in range(5):
    order = torch.randperm(len(X))
    for start in range(0, len(X), batch_size):
        index = order[start : start + batch_size]
        loss = ((X[index] @ w + b - y[index]) ** 2 / 2).mean()
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= lr * p.grad
                p.grad.zero_()
    with torch.no_grad():
        print(f"epoch {epoch}: loss {((X @ w + b - y) ** 2 / 2).mean().item():.6f}")
print("w", w.detach().flatten().tolist(), "b", b.item())
