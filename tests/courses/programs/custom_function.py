"""A sine fitted by a Legendre polynomial of one's own: autograd.Function, saved tensors, gradcheck by differences."""

import math

import torch


class LegendrePolynomial3(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 0.5 * (5 * x**3 - 3 * x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * x**2 - 1)


class ClampedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, limit):
        ctx.save_for_backward(x)
        ctx.limit = limit
        return x.clamp(0, limit)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * ((x > 0) & (x < ctx.limit)).to(grad_output.dtype), None


dtype = torch.float64
x = torch.linspace(-math.pi, math.pi, 500, dtype=dtype)
y = torch.sin(x)
a, b, c, d = (torch.full((), v, dtype=dtype, requires_grad=True) for v in (0.0, -1.0, 0.0, 0.3))
P3 = LegendrePolynomial3.apply
for t in range(200):
    y_pred = a + b * P3(c + d * x)
    loss = (y_pred - y).pow(2).mean()
    if t % 50 == 49:
        print(t, loss.item())
    loss.backward()
    with torch.no_grad():
        for p in (a, b, c, d):
            p -= 2e-2 * p.grad
            p.grad = None
print(f"Result: y = {a.item():.8f} + {b.item():.8f} * P3({c.item():.8f} + {d.item():.8f} x)")

z = torch.tensor([-1.0, 0.5, 3.0], requires_grad=True)
ClampedReLU.apply(z, 2.0).sum().backward()
print(z.grad.tolist())
print(torch.autograd.gradcheck(P3, (torch.randn(4, dtype=dtype, requires_grad=True),)))
