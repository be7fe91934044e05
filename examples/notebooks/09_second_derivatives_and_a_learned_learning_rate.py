# %% [markdown]
# # Second derivatives, and a learned learning rate
#
# The tape can record a backward pass, too. Then a second backward goes through the first, and gives second
# derivatives. And if the steps of an optimizer are recorded, a backward pass through a whole training run says how its
# end depends on the learning rate.
#
# In this notebook you will
#
# 1. compute Hessians and products with them, and see the digits double in Newton's method;
# 2. find the curvature of a small network without ever forming its Hessian, and then look at all of its eigenvalues;
# 3. watch gradient descent climb to the *edge of stability*, where the curvature is 2 / lr;
# 4. learn learning rates on a quadratic, and find that they are old friends;
# 5. learn a learning rate for each layer and each step of a network, and test it on networks that it has not seen.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.autograd.functional import hessian, hvp
from minitorch_optim.datasets import load_digits
from minitorch_optim.nn.functional import cross_entropy
from minitorch_optim.testing.functions import quadratic, rosenbrock

plt.rcParams.update({"figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 10})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. Hessians
#
# `create_graph=True` records a backward pass. Differentiate once more:

# %%
x = torch.tensor(2.0, requires_grad=True)
y = x**4
(first,) = torch.autograd.grad(y, x, create_graph=True)  # 4 x^3
(second,) = torch.autograd.grad(first, x, create_graph=True)  # 12 x^2
(third,) = torch.autograd.grad(second, x)  # 24 x
print(first.item(), second.item(), third.item())

# %% [markdown]
# `hessian` gives all second derivatives of a function. `hvp` gives the product of the Hessian with a vector, at the
# cost of about two backward passes, however many parameters there are: with $g$ the gradient as a graph, the gradient
# of the number $g^\top v$ is $Hv$ (Pearlmutter, 1994).

# %%
f = rosenbrock(2).function
x = torch.tensor([-1.2, 1.0], dtype=torch.float64)
v = torch.tensor([1.0, 2.0], dtype=torch.float64)
H = hessian(f, x)
by_hand = [[1200 * x[0] ** 2 - 400 * x[1] + 2, -400 * x[0]], [-400 * x[0], 200.0]]
by_hand = torch.tensor(by_hand, dtype=torch.float64)
print(H)
print("H v as a product:", (H @ v).tolist(), "  by hvp:", hvp(f, x, v)[1].tolist())
assert torch.allclose(H, by_hand) and torch.allclose(H @ v, hvp(f, x, v)[1])

# %% [markdown]
# Newton's method goes to the minimum of the quadratic that has the same value, slope and curvature,
# $x \leftarrow x - H^{-1} g$. Near the minimum the error of the next step is about a constant times the *square* of
# the error of this one, so the number of right digits doubles. Here is a smooth bowl, $f(x) = \sum_i e^{a_i^\top x}$
# with 12 random vectors $a_i$ in three dimensions.

# %%
A = torch.tensor(np.random.default_rng(0).normal(size=(12, 3)))


def bowl(x):
    return torch.exp(A @ x).sum()


def newton(x, steps):
    path = [x]
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(bowl(x), x)
        x = x.detach() - torch.linalg.solve(hessian(bowl, x), g)
        path.append(x)
    return path


path = newton(torch.tensor([1.5, -1.0, 1.0], dtype=torch.float64), 12)
errors = [(x - path[-1]).norm().item() for x in path]
print("step    error    error / (error before)^2")
for step, (before, error) in enumerate(zip(errors, errors[1:]), 1):
    if error < 1e-14:
        print(f"{step:3}   below 1e-14: no more digits in a float64")
        break
    print(f"{step:3} {error:10.1e} {error / before**2:14.3f}")

# %% [markdown]
# ## 2. The curvature of a network
#
# A network with one hidden layer of 16 units, on 200 digits. It has 1,210 weights, so its Hessian has 1.5 million
# entries. The largest eigenvalue, the *sharpness*, needs none of them. **Power iteration** multiplies a vector again
# and again with $H$ and keeps its length at 1. The vector turns to the direction of the largest curvature, and
# $v^\top H v$ to the largest eigenvalue.

# %%
torch.manual_seed(0)
images, labels = load_digits()
order = torch.randperm(len(images))
images, labels = images[order] / 16, labels[order]
x, y = images[:200].double(), labels[:200]
target = nn.functional.one_hot(y, 10).double()


def make_network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 10)).double()


def loss_of(network):
    """Half the squared distance from the right answer, the mean over all images."""
    return 0.5 * ((network(x) - target) ** 2).sum(1).mean()


def products(network):
    """The function v -> H v at the network's weights; a vector is a list of tensors."""
    params = list(network.parameters())
    gradient = torch.autograd.grad(loss_of(network), params, create_graph=True)
    return lambda v: [t.detach() for t in torch.autograd.grad(gradient, params, v, retain_graph=True)]


def dot(a, b):
    return sum((s * t).sum().item() for s, t in zip(a, b))


def random_vector(network):
    return [torch.randn(*p.shape, dtype=torch.float64) for p in network.parameters()]


def power_iteration(product, v, steps):
    """The eigenvalue of largest size, and its vector."""
    for _ in range(steps):
        length = dot(v, v) ** 0.5
        v = [t / length for t in v]
        Hv = product(v)
        eigenvalue, v = dot(v, Hv), Hv
    return eigenvalue, v


network = make_network()
optimizer = optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
for _ in range(200):
    optimizer.zero_grad()
    loss = loss_of(network)
    loss.backward()
    optimizer.step()
product = products(network)
torch.manual_seed(2)
sharpness, _ = power_iteration(product, random_vector(network), 100)
print(f"loss {loss.item():.4f}, largest eigenvalue after 100 products: {sharpness:.6f}")

# %% [markdown]
# With 1,210 products we can have the whole Hessian, one column for each weight, and check.

# %%
count = sum(p.numel() for p in network.parameters())
unit = torch.zeros(count, dtype=torch.float64)
columns = []
for i in range(count):
    unit[i] = 1.0
    parts, start = [], 0
    for p in network.parameters():
        parts.append(unit[start : start + p.numel()].reshape(p.shape))
        start += p.numel()
    columns.append(np.concatenate([t.numpy().ravel() for t in product(parts)]))
    unit[i] = 0.0
H = np.array(columns)
eigenvalues = np.linalg.eigvalsh((H + H.T) / 2)
print(f"largest {eigenvalues[-1]:.6f}, smallest {eigenvalues[0]:.4f}; not symmetric by {abs(H - H.T).max():.0e}")
flat = (abs(eigenvalues) < 0.01 * eigenvalues[-1]).mean()
print(f"{(eigenvalues < 0).sum()} are negative; {flat:.0%} are smaller than a hundredth of the largest")
assert abs(sharpness / eigenvalues[-1] - 1) < 1e-6

fig, ax = plt.subplots(figsize=(8, 2.6))
ax.vlines(eigenvalues, 0, 1, color="#2b8cbe", lw=1, alpha=0.5)
ax.vlines(eigenvalues[-10:], 0, 1, color="#d7301f", lw=1.5)
ax.set_xscale("symlog", linthresh=1e-3)
ax.set(xlabel="eigenvalue", yticks=[], ylim=(0, 1), title="All 1,210 eigenvalues of the Hessian; red: the largest ten")
ax.spines["left"].set_visible(False)
plt.show()

# %% [markdown]
# Most directions are flat. Ten eigenvalues stand apart from the others; the network has ten outputs. (The connection
# is well known: Sagun et al., 2017.) These few decide how large a step may be.

# %% [markdown]
# ### Exercise 1
#
# With $u$ the vector of the largest eigenvalue $\lambda_1$, of length 1, the matrix $H - \lambda_1 u u^\top$ has the
# same eigenvectors and eigenvalues as $H$, but for $\lambda_1$, which became 0. So its largest eigenvalue is
# $\lambda_2$. (This is called *deflation*.) Write `second(product, v, steps)`, which finds $\lambda_2$ with
# `power_iteration` and the products alone.


# %%
def second(product, v, steps):
    ...  # your code here


# %% tags=["solution", "hide-cell"]
# Solution
def second(product, v, steps):
    largest, u = power_iteration(product, v, steps)
    length = dot(u, u) ** 0.5
    u = [t / length for t in u]

    def deflated(v):
        part = largest * dot(u, v)
        return [Hv - part * t for Hv, t in zip(product(v), u)]

    return power_iteration(deflated, v, steps)[0]


torch.manual_seed(3)
found = second(product, random_vector(network), 200)
print(f"found {found:.6f}; the largest eigenvalues are {eigenvalues[-1]:.6f}, {eigenvalues[-2]:.6f}")
assert abs(found / eigenvalues[-2] - 1) < 1e-4

# %% [markdown]
# ### Exercise 2
#
# The sum of all eigenvalues is the trace. *Hutchinson's* estimate needs few products: for a random vector of signs,
# $v_i = \pm 1$, the mean of $v^\top H v$ is the trace. Write `trace(product, samples)`, the mean over `samples` such
# vectors.


# %%
def trace(product, samples):
    ...  # your code here


# %% tags=["solution", "hide-cell"]
# Solution
def trace(product, samples):
    values = []
    for _ in range(samples):
        v = [torch.sign(t) for t in random_vector(network)]
        values.append(dot(v, product(v)))
    return np.mean(values)


torch.manual_seed(4)
estimate = trace(product, 200)
print(f"estimate from 200 products {estimate:.2f}, exact from 1,210 {eigenvalues.sum():.2f}")
assert abs(estimate / eigenvalues.sum() - 1) < 0.05

# %% [markdown]
# ## 3. The edge of stability
#
# On a quadratic with curvature $\lambda$, a step of gradient descent multiplies the distance to the minimum by
# $1 - \eta\lambda$. For $\lambda > 2/\eta$ that is below $-1$, and the distance grows. So one would think: choose
# $\eta$ below $2/\lambda_{\max}$, or else it explodes.
#
# But the curvature of a network changes while it learns. Train with four learning rates, on the whole batch, and
# measure the sharpness every 10 steps. The last vector is a good start for the next power iteration, so a few products
# are enough.

# %%
runs = {}
for lr in (0.05, 0.15, 0.22, 0.4):
    network = make_network()
    optimizer = optim.SGD(network.parameters(), lr=lr)
    torch.manual_seed(5)
    v = random_vector(network)
    losses, sharp = [], []
    for step in range(1500):
        if step % 10 == 0:
            value, v = power_iteration(products(network), v, 30 if step == 0 else 4)
            sharp.append(value)
        optimizer.zero_grad()
        loss = loss_of(network)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    runs[lr] = losses, sharp

fig, (top, bottom) = plt.subplots(2, 1, figsize=(8, 6), sharex=True, height_ratios=(3, 2))
for (lr, (losses, sharp)), color in zip(runs.items(), ["#9aa5b1", "#2b8cbe", "#fdae61", "#d7301f"]):
    top.plot(range(0, 1500, 10), sharp, color=color, lw=2, label=f"lr {lr}")
    if 2 / lr < 20:
        top.axhline(2 / lr, color=color, ls="--", lw=1)
        top.text(1507, 2 / lr, f"2 / {lr}", color=color, va="center")
    bottom.semilogy(losses, color=color, lw=1.5)
top.set(ylabel="sharpness: largest eigenvalue", ylim=(0, 17), xlim=(0, 1500))
top.set_title("Gradient descent climbs to the curvature at which it is only just stable")
top.legend(frameon=False, loc="lower right", ncols=4)
bottom.set(xlabel="step", ylabel="loss")
plt.show()

print("  lr   2 / lr   sharpness   loss rises in   loss at the end     (in the last 500 steps)")
for lr, (losses, sharp) in runs.items():
    rises = np.mean(np.diff(losses[1000:]) > 0)
    print(f"{lr:4} {2 / lr:8.2f} {np.mean(sharp[100:]):11.2f} {rises:16.0%} {losses[-1]:14.3f}")

# %% [markdown]
# The curvature does not stay where it was. After the first few steps it climbs, as long as it is below $2/\eta$
# (dashed). Where it begins above, the first steps throw the network into a flatter place. And then it hovers at
# $2/\eta$ for the rest of the run. Follow the blue line: it crosses its dashed line near step 500; unnoticed, a swing
# along the steepest direction begins to grow; near step 850 the loss jumps, and the network lands where the curvature
# is lower. From then on the loss no longer falls in every step, and yet it falls in the long run. (The grey run has
# its edge at 40, out of the picture.) Cohen et al. (2021) found this, and called it the *edge of stability*.
#
# So "choose the learning rate below 2 / curvature" has it backwards, unless the learning rate is very small. The
# learning rate chooses the curvature.
#
# ## 4. Learning rates that are learned
#
# With `differentiable=True` the optimizer's step is recorded, and a learning rate may be a tensor that requires grad.
# After $T$ steps, `backward` goes through all of them to the learning rate. Let $f(x) = \frac{1}{2}\lambda x^2$. Then
# $x_T = (1 - \eta\lambda)^T x_0$, and everything can be checked.


# %%
def after(lrs, x0, f):
    """Where gradient descent is after one recorded step with each of the learning rates."""
    x = x0.clone().requires_grad_() * 1  # no leaf: a recorded step changes x in place
    optimizer = optim.SGD([x], lr=0.1, differentiable=True)
    for lr in lrs:
        optimizer.param_groups[0]["lr"] = lr
        here = x.clone()
        (x.grad,) = torch.autograd.grad(f(here), here, create_graph=True)
        optimizer.step()
    return x


curvature, T = 3.0, 5
x0 = torch.tensor(2.0, dtype=torch.float64)
lr = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
end = after([lr] * T, x0, lambda x: 0.5 * curvature * x**2)
(by_tape,) = torch.autograd.grad(end, lr)
by_hand = -T * curvature * (1 - curvature * 0.1) ** (T - 1) * 2.0
print(f"x_T        {end.item():.6f}, by hand {(1 - curvature * 0.1) ** T * 2.0:.6f}")
print(f"d x_T / d lr {by_tape.item():.6f}, by hand {by_hand:.6f}")
assert np.isclose(by_tape.item(), by_hand, rtol=1e-12)

# %% [markdown]
# Now a quadratic in 20 dimensions, with eigenvalues from 1 to 20, and **six steps with six learning rates**. Which six
# are best? Let `LBFGS` decide: it minimizes the loss after the sixth step, as a function of the six learning rates (of
# their logarithms, so that they stay positive).

# %%
problem = quadratic(list(np.geomspace(1, 20, 20)))
start = problem.at_start().detach()
T = 6


def final_loss(logs):
    lrs = torch.exp(logs)
    return problem(after([lrs[i % len(lrs)] for i in range(T)], start, problem.function))


def learn(logs):
    """The best logarithms of learning rates, by L-BFGS, and the loss with them."""
    optimizer = optim.LBFGS(
        [logs], max_iter=200, tolerance_grad=1e-8, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = final_loss(logs)
        loss.backward()
        return loss

    optimizer.step(closure)
    return torch.exp(logs).detach().numpy(), final_loss(logs).item()


one, loss_of_one = learn(torch.tensor([np.log(0.08)], requires_grad=True))
six, loss_of_six = learn(torch.tensor(np.log(np.geomspace(0.06, 0.5, T)), requires_grad=True))
print(f"loss at the start {problem(start).item():.3f}")
print(f"after {T} steps with the best single learning rate: {loss_of_one:.6f}")
print(f"after {T} steps with six learning rates:            {loss_of_six:.6f}")
print("the single one:", one.round(4).tolist(), "  the six:", np.sort(six).round(4).tolist())

# %% [markdown]
# Much better. Can it be beaten? Conjugate gradients (notebook 7) makes the loss after six steps as small as any method
# can that adds up gradients: no such method of six steps does better on this problem. Here it is:

# %%
H = hessian(problem.function, start)
x, r = start, -(H @ (start - 1))
d = r
lengths, ratios = [], []
for _ in range(T):
    alpha = (r @ r) / (d @ H @ d)
    x, new = x + alpha * d, r - alpha * (H @ d)
    beta = (new @ new) / (r @ r)
    lengths.append(alpha.item())
    ratios.append(beta.item())
    r, d = new, new + beta * d
by_cg = problem(x).item()
print(f"learned {loss_of_six:.12f}\nCG      {by_cg:.12f}")
assert np.isclose(loss_of_six, by_cg, rtol=1e-6)

# %% [markdown]
# The six learned learning rates *are* conjugate gradients. After six steps of gradient descent, the part of the error
# along an eigenvector with eigenvalue $\lambda$ is multiplied by
#
# $$ p(\lambda) = (1 - \eta_1\lambda)(1 - \eta_2\lambda)\cdots(1 - \eta_6\lambda). $$
#
# CG finds the best polynomial of degree six with $p(0) = 1$, and so do the learned learning rates: $1/\eta_t$ are its
# roots. The picture shows it together with that of the best single learning rate.

# %%
tridiagonal = np.diag([1 / a + (ratios[i - 1] / lengths[i - 1] if i else 0) for i, a in enumerate(lengths)])
for i in range(T - 1):
    tridiagonal[i, i + 1] = tridiagonal[i + 1, i] = np.sqrt(ratios[i]) / lengths[i]
roots = np.linalg.eigvalsh(tridiagonal)  # the roots of CG's polynomial (Lanczos)
print("1 / learned:", np.round(np.sort(1 / six), 4).tolist())
print("roots of CG:", np.round(roots, 4).tolist())
assert np.allclose(np.sort(1 / six), roots, rtol=1e-3)

lam = np.linspace(0, 21, 800)
fig, ax = plt.subplots(figsize=(8, 3.8))
ax.axhline(0, color="0.6", lw=0.8)
ax.plot(lam, (1 - one[0] * lam) ** T, color="#9aa5b1", lw=2.5, label="one learning rate, six times")
ax.plot(lam, np.prod(1 - np.outer(lam, six), axis=1), color="#d7301f", lw=2.5, label="six learned learning rates")
ax.plot(roots, np.zeros(T), "o", color="black", mfc="white", ms=9, zorder=3, label="roots of conjugate gradients")
ax.plot(np.geomspace(1, 20, 20), np.full(20, -0.2), "|", color="#2b8cbe", ms=10, mew=1.5, label="eigenvalues of $H$")
ax.set(xlabel=r"eigenvalue $\lambda$", ylabel=r"what is left: $p(\lambda)$", ylim=(-0.27, 1.05), xlim=(0, 21))
ax.set_title("Six steps of gradient descent")
ax.legend(frameon=False, loc="upper right")
plt.show()

# %% [markdown]
# ### Exercise 3
#
# There is no need to go back through a whole run. *Hypergradient descent* (Baydin et al., 2018) asks after each step
# how the loss depends on the learning rate of the step just taken. With $x_t = x_{t-1} - \eta\, g_{t-1}$ the answer is
# $\partial f(x_t) / \partial \eta = -\,g_t^\top g_{t-1}$: if two gradients in a row point the same way, the step was
# too short. Write `run(problem, lr, rate, steps)`: gradient descent on a test problem which, from the second step on,
# first changes the learning rate by $\eta \leftarrow \eta\,(1 + \text{rate} \cdot \cos\angle(g_t, g_{t-1}))$ and then
# makes its step (the cosine instead of the product makes it independent of the scale). It returns the last loss and
# all learning rates.


# %%
def run(problem, lr, rate, steps):
    ...  # your code here


# %% tags=["solution", "hide-cell"]
# Solution
def run(problem, lr, rate, steps):
    x = problem.at_start()
    optimizer = optim.SGD([x], lr=lr)
    before, lrs = None, []
    for _ in range(steps):
        optimizer.zero_grad()
        problem(x).backward()
        g = x.grad.clone()
        if before is not None:
            cosine = (g @ before / (g.norm() * before.norm())).item()
            optimizer.param_groups[0]["lr"] *= 1 + rate * cosine
        before = g
        lrs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
    return problem(x).item(), lrs


for lr in (1e-4, 1e-3, 1e-2, 1e-1):
    fixed, (adapted, lrs) = run(problem, lr, 0.0, 100)[0], run(problem, lr, 0.2, 100)
    ends = f"{min(lrs[50:]):.3f} to {max(lrs[50:]):.3f}"
    print(f"from lr {lr:6}: fixed {fixed:7.2f}, adapted {adapted:.0e}, lr in the end {ends}")
    assert adapted < 1e-4 * fixed

x = torch.tensor([1.0, 2.0], dtype=torch.float64)  # and the formula, by the tape
f, rate = (lambda x: (x**4).sum()), torch.tensor(0.01, dtype=torch.float64, requires_grad=True)
end = after([rate], x, f)
(slope,) = torch.autograd.grad(f(end), rate)
assert np.isclose(slope.item(), -((4 * end.detach() ** 3) @ (4 * x**3)).item())

# %% [markdown]
# ### Exercise 4
#
# Momentum can be learned, too. Make twelve recorded steps of `SGD` with a constant learning rate and a constant
# momentum on `problem`, both tensors that require grad, and find the best pair with `LBFGS`. (Learn the logarithm of
# the learning rate, and the momentum through `torch.sigmoid`, so that it stays between 0 and 1.) Write
# `twelve_steps(lr, momentum)`, which returns the last loss. How much does momentum gain, and how far is it from
# conjugate gradients?


# %%
def twelve_steps(lr, momentum):
    ...  # your code here


# %% tags=["solution", "hide-cell"]
# Solution
def twelve_steps(lr, momentum):
    x = start.clone().requires_grad_() * 1
    optimizer = optim.SGD([x], lr=lr, momentum=momentum, differentiable=True)
    for _ in range(12):
        here = x.clone()
        (x.grad,) = torch.autograd.grad(problem(here), here, create_graph=True)
        optimizer.step()
    return problem(x)


def best_pair(with_momentum):
    raw = torch.tensor([np.log(0.05), 0.0], requires_grad=True)
    optimizer = optim.LBFGS([raw], max_iter=100, line_search_fn="strong_wolfe")

    def loss_of_pair():
        return twelve_steps(torch.exp(raw[0]), torch.sigmoid(raw[1]) if with_momentum else 0.0)

    def closure():
        optimizer.zero_grad()
        loss = loss_of_pair()
        loss.backward()
        return loss

    optimizer.step(closure)
    return torch.exp(raw[0]).item(), torch.sigmoid(raw[1]).item(), loss_of_pair().item()


lr, _, without = best_pair(False)
print(f"without momentum: lr {lr:.4f}, loss {without:.2e}")
lr, momentum, with_it = best_pair(True)
print(f"with:             lr {lr:.4f}, momentum {momentum:.3f}, loss {with_it:.2e}")
x, r = start, -(H @ (start - 1))
d = r
for _ in range(12):
    alpha = (r @ r) / (d @ H @ d)
    x, new = x + alpha * d, r - alpha * (H @ d)
    r, d = new, new + (new @ new) / (r @ r) * d
print(f"conjugate gradients:                      loss {problem(x).item():.2e}")
assert problem(x).item() < with_it < 0.5 * without

# %% [markdown]
# ## 5. A learned learning rate for each layer
#
# Now a network with three layers, 15 steps of gradient descent on 150 digits. To learn something about *networks of
# this kind* rather than about one, several networks with different first weights are trained at the same time: their
# weights are stacked, `shape (starts, in, out)`.
#
# First the landscape: the loss after 15 steps, as a function of one constant learning rate.

# %%
x, y = images[:150], labels[:150]
sizes = [(64, 32), (32, 32), (32, 10)]
T = 15


def first_weights(starts):
    """PyTorch's default initialisation for each start; stacked."""
    networks = []
    for seed in starts:
        torch.manual_seed(seed)
        layers = [nn.Linear(*size) for size in sizes]
        pairs = [(layer.weight.detach().T, layer.bias.detach().reshape(1, -1)) for layer in layers]
        networks.append([t for pair in pairs for t in pair])
    return [torch.stack(same) for same in zip(*networks)]


def losses_of(weights):
    """The loss of each network."""
    h = x
    for i in range(0, len(weights), 2):
        h = h @ weights[i] + weights[i + 1]
        if i + 2 < len(weights):
            h = torch.tanh(h)
    starts = h.shape[0]
    return cross_entropy(h.reshape(-1, 10), y.repeat(starts), reduction="none").reshape(starts, -1).mean(1)


def train(lrs, starts, differentiable=False):
    """Losses before each step and after the last, (T + 1, starts); lrs has shape (T, layers)."""
    weights = [w.requires_grad_() for w in first_weights(starts)]
    if differentiable:
        weights = [w * 1 for w in weights]
    groups = [{"params": weights[2 * i : 2 * i + 2]} for i in range(len(sizes))]
    optimizer = optim.SGD(groups, lr=0.1, differentiable=differentiable)
    history = []
    for t in range(T):
        here = [w.clone() for w in weights]
        history.append(losses_of(here))
        gradients = torch.autograd.grad(history[-1].sum(), here, create_graph=differentiable)
        for w, g in zip(weights, gradients):
            w.grad = g
        for i, group in enumerate(optimizer.param_groups):
            group["lr"] = lrs[t][i]
        optimizer.step()
    return torch.stack([*history, losses_of(weights)])


known, unseen = range(4), range(10, 16)


def constant(lr):
    return np.full((T, len(sizes)), lr).tolist()


lrs = np.geomspace(0.02, 4, 60)
landscape = np.array([train(constant(lr), known)[-1].detach().numpy() for lr in lrs])
best = lrs[landscape.mean(1).argmin()]
print(f"the best constant learning rate is {best:.3f}: mean loss {landscape.mean(1).min():.3f}")

print("and the derivative of the mean loss by the logarithm of the learning rate:")
slopes = []
for lr in (0.1, 0.3, 0.6, 1.0, 1.5, 2.5):
    log = torch.tensor(np.log(lr), dtype=torch.float32, requires_grad=True)
    train(torch.exp(log).expand(T, len(sizes)), known, differentiable=True)[-1].mean().backward()
    slopes.append(log.grad.item())
    print(f"  at {lr:3}: {slopes[-1]:12.3f}")

# %% [markdown]
# Up to the best learning rate the landscape is smooth and the derivative says where to go. Beyond it there is a cliff,
# where each step overshoots; there the derivative is huge and says nothing about the shape of the land. So learn with
# care: begin well below the cliff, clip the derivative, and remember the best that was found.
#
# We learn $15 \times 3$ learning rates, one for each step and layer, with Adam on their logarithms, from four starts.
# (To learn by gradient descent how to do gradient descent: *meta-learning*.)

# %%
logs = torch.full((T, len(sizes)), np.log(0.3).item(), requires_grad=True)
meta = optim.Adam([logs], lr=0.05)
best_loss = np.inf
for _ in range(100):
    meta.zero_grad()
    loss = train(torch.exp(logs), known, differentiable=True)[-1].mean()
    loss.backward()
    nn.utils.clip_grad_norm_([logs], 1.0)
    if loss.item() < best_loss:
        best_loss, learned = loss.item(), torch.exp(logs).detach().numpy().copy()
    meta.step()

with_constant = train(constant(best), unseen).detach().numpy()
with_learned = train(learned.tolist(), unseen).detach().numpy()
print(f"known starts:  constant {landscape.mean(1).min():.3f}, learned {best_loss:.3f}")
print(f"unseen starts: constant {with_constant[-1].mean():.3f}, learned {with_learned[-1].mean():.3f}")
print("  each:", " ".join(f"{a:.2f}->{b:.2f}" for a, b in zip(with_constant[-1], with_learned[-1])))
assert with_learned[-1].mean() < 0.9 * with_constant[-1].mean()

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.8))
left.loglog(lrs, landscape, color="0.8", lw=1)
left.loglog(lrs, landscape.mean(1), color="0.3", lw=2)
left.axhline(best_loss, color="#d7301f", lw=2)
left.text(0.022, best_loss * 1.06, "learned, for each step and layer", color="#d7301f")
left.set(xlabel="constant learning rate", ylabel="loss after 15 steps", title="A valley, and a cliff")
for i, color in enumerate(["#2b8cbe", "#fdae61", "#756bb1"]):
    middle.semilogy(range(1, T + 1), learned[:, i], "o-", color=color, label=f"layer {i + 1}")
middle.axhline(best, color="0.4", ls="--", lw=1, label="best constant")
middle.set(xlabel="step", ylabel="learning rate", title="The learned learning rates")
middle.legend(frameon=False)
right.plot(with_constant, color="0.75", lw=1)
right.plot(with_learned, color="#d7301f", lw=1, alpha=0.4)
right.plot(with_constant.mean(1), color="0.3", lw=2.5, label="best constant")
right.plot(with_learned.mean(1), color="#d7301f", lw=2.5, label="learned")
right.set(xlabel="steps made", ylabel="loss", title="Six starts never seen before", ylim=(0, 2.6))
right.legend(frameon=False)
plt.show()

# %% [markdown]
# The learned learning rates do better also for the six starts that took no part in learning them. Look at the middle
# picture: for most of the run the three layers stay around the best constant. In the last steps the first layer is
# nearly held still, and the other two make enormous steps. The very last step alone halves the loss. It can afford to:
# no step comes after it that would have to pay for what it breaks. What was learned is a schedule for exactly 15
# steps, and it knows when the run ends.
#
# ## What to take home
#
# * `create_graph=True` records backward; a product of the Hessian with a vector costs two backward passes.
# * Few directions of a network are steep. The learning rate and the sharpness are bound together: gradient descent
#   hovers where the curvature is $2/\eta$.
# * With `differentiable=True` a training run is a function of its learning rates, and has a gradient. On a quadratic
#   the best learning rates are conjugate gradients.
# * Through many steps of a network that gradient explodes beyond a cliff. Clip it, begin below, and test what was
#   learned on starts that were not used.
#
# ## Sources
#
# * Pearlmutter, *Fast Exact Multiplication by the Hessian* (1994).
# * Sagun, Evci, Güney, Dauphin and Bottou, *Empirical Analysis of the Hessian of Over-Parametrized Neural Networks*
#   (2017), [arXiv:1706.04454](https://arxiv.org/abs/1706.04454).
# * Cohen, Kaur, Li, Kolter and Talwalkar, *Gradient Descent on Neural Networks Typically Occurs at the Edge of
#   Stability* (2021), [arXiv:2103.00065](https://arxiv.org/abs/2103.00065).
# * Baydin, Cornish, Rubio, Schmidt and Wood, *Online Learning Rate Adaptation with Hypergradient Descent* (2018),
#   [arXiv:1703.04782](https://arxiv.org/abs/1703.04782).
# * Metz, Maheswaranathan, Nixon, Freeman and Sohl-Dickstein, *Understanding and Correcting Pathologies in the Training
#   of Learned Optimizers* (2019), [arXiv:1810.10180](https://arxiv.org/abs/1810.10180): the cliff.
