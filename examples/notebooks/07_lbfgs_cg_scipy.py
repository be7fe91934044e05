# %% [markdown]
# # L-BFGS, conjugate gradients and SciPy
#
# Where gradients are exact, because the whole data set goes into each of them, there are methods that need tens of
# evaluations where gradient descent needs thousands. They learn the curvature of the valley from the gradients they
# see.
#
# In this notebook you will
#
# 1. race gradient descent, conjugate gradients and Newton on a quadratic, where theory says who wins by how much;
# 2. write the *two-loop recursion*, the heart of L-BFGS, and check it against the library and against a full matrix;
# 3. watch a *strong Wolfe* line search at work;
# 4. send `LBFGS` and eight methods of SciPy through Rosenbrock's valley, and count evaluations;
# 5. solve a logistic regression on handwritten digits until no entry of the gradient is above $10^{-8}$.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minitorch_optim as torch
from minitorch_optim import optim
from minitorch_optim.datasets import load_digits
from minitorch_optim.nn.functional import cross_entropy
from minitorch_optim.optim.line_search import Point, strong_wolfe
from minitorch_optim.testing.functions import quadratic, rosenbrock

plt.rcParams.update({"figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 10})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. A quadratic
#
# Near a minimum every smooth loss is almost a quadratic, $f(x) = \tfrac{1}{2} (x-x^*)^\top A\,(x-x^*)$. What matters
# is the *condition number* $\kappa$, the largest eigenvalue of $A$ divided by the smallest: how much longer the valley
# is than wide, squared. Here it is 1000, in 40 dimensions.
#
# * **Gradient descent** with the best learning rate shrinks the distance to $x^*$ by $\frac{\kappa-1}{\kappa+1}$ at
#   each step.
# * **Conjugate gradients** (CG) chooses directions that do not spoil each other: $d_i^\top A d_j = 0$. It shrinks the
#   distance (measured with $A$) by about $\frac{\sqrt{\kappa}-1}{\sqrt{\kappa}+1}$ at each step, and in exact
#   arithmetic it has arrived after as many steps as $A$ has *different* eigenvalues.
# * **Newton** solves $A d = -g$ and has arrived after one step. But it needs $A$.
#
# CG never asks for $A$, only for products $A v$. For any loss, `torch.autograd.functional.hvp` gives the product of
# the Hessian with a vector at the cost of about two gradients.


# %%
def conjugate_gradients(product, b, steps):
    """Solve A x = b from x = 0, given v -> A v. Gives every x on the way."""
    x, r = torch.zeros_like(b), b
    d, rr = r, r @ r
    path = [x]
    for _ in range(steps):
        if rr == 0:
            break
        Ad = product(d)
        alpha = rr / (d @ Ad)  # the exact minimum along d
        x, r = x + alpha * d, r - alpha * Ad
        rr, old = r @ r, rr
        d = r + (rr / old) * d  # the new direction, conjugate to all before it
        path.append(x)
    return path


def cg_on(problem, steps):
    """The loss after each step of CG on a quadratic problem, from its start."""
    start = problem.at_start()
    problem(start).backward()
    product = lambda v: torch.autograd.functional.hvp(problem.function, start, v)[1]
    moves = conjugate_gradients(product, -start.grad, steps)
    return [problem(start.detach() + move).item() for move in moves]


kappa = 1000.0
spectrum = np.geomspace(1, kappa, 40)
problem = quadratic(list(spectrum))

x = problem.at_start()
optimizer = optim.SGD([x], lr=2 / (1 + kappa))  # the best that a fixed learning rate can do
descent = []
for _ in range(301):
    optimizer.zero_grad()
    loss = problem(x)
    loss.backward()
    optimizer.step()
    descent.append(loss.item())

x = problem.at_start()
optimizer = optim.LBFGS(
    [x], max_iter=300, tolerance_grad=1e-10, tolerance_change=0, line_search_fn="strong_wolfe"
)
bfgs = []


def closure():
    optimizer.zero_grad()
    loss = problem(x)
    loss.backward()
    bfgs.append(loss.item())
    return loss


optimizer.step(closure)

# The same condition number, but only three different eigenvalues.
three = quadratic([1.0] * 15 + [30.0] * 15 + [kappa] * 10)
curves = {
    "gradient descent": (descent, "#9aa5b1"),
    "L-BFGS": (bfgs, "#2b8cbe"),
    "CG": (cg_on(problem, 120), "#d7301f"),
    "CG, three different eigenvalues": (cg_on(three, 4), "#fdae61"),
}

fig, ax = plt.subplots(figsize=(8, 4))
for name, (values, color) in curves.items():
    values = np.array(values) / values[0]
    ax.semilogy(values, color=color, lw=2.2, label=name, marker="o" if len(values) < 10 else None)
k = np.arange(0, 160)
rate = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
ax.semilogy(k, 4 * rate ** (2 * k), "k:", lw=1.2, label="the bound of CG")
ax.set(xlim=(-1, 160), ylim=(1e-22, 3), xlabel="gradients or products", ylabel="loss / loss at the start")
ax.set_title(r"A quadratic in 40 dimensions, $\kappa = 1000$")
ax.legend(frameon=False, loc="center right", bbox_to_anchor=(1, 0.45))
plt.show()

after = 100
print(f"after {after}: gradient descent {descent[after] / descent[0]:.1e}, L-BFGS {bfgs[after] / bfgs[0]:.1e}, "
      f"CG {curves['CG'][0][after] / descent[0]:.1e}")
losses = curves["CG, three different eigenvalues"][0]
print("CG with three different eigenvalues:", " ".join(f"{loss:.1e}" for loss in losses))

# %% [markdown]
# The dotted line is $4\,\bigl(\frac{\sqrt{\kappa}-1}{\sqrt{\kappa}+1}\bigr)^{2k}$. This bound is for the worst
# spectrum, and CG does better. In exact arithmetic it would have arrived after 40 steps, one for each eigenvalue.
# Rounding makes it forget that its directions are conjugate, so it takes about twice as many. With three different
# eigenvalues it has arrived after three. L-BFGS knows nothing of quadratics, and is not far behind.
#
# Newton needs one step, as promised:

# %%
x = problem.at_start()
hessian = torch.autograd.functional.hessian(problem.function, x.detach())
problem(x).backward()
with torch.no_grad():
    x -= torch.linalg.solve(hessian, x.grad)
print(f"loss before {descent[0]:.3f}, after one Newton step {problem(x).item():.1e}")

# %% [markdown]
# ## 2. The two-loop recursion
#
# BFGS keeps an estimate $H$ of the *inverse* Hessian. After each step $s$, along which the gradient changed by $y$, it
# changes $H$ as little as possible such that $H y = s$, which is what the true inverse would give on a quadratic:
#
# $$ H \leftarrow (I - \rho\, s y^\top)\, H\, (I - \rho\, y s^\top) + \rho\, s s^\top, \qquad \rho = 1 / (y^\top s). $$
#
# For a network with a million weights, $H$ would have $10^{12}$ entries. L-BFGS keeps only the last few pairs $(s, y)$
# and computes $d = -Hg$ directly from them. Going through the pairs from the youngest to the oldest, and back again,
# does it:
#
# $$
# \begin{aligned}
# &q = -g \\
# &\text{youngest to oldest:} && \alpha_i = \rho_i\, s_i^\top q, \quad q \leftarrow q - \alpha_i\, y_i \\
# &d = \gamma\, q, && \gamma = s^\top y / y^\top y \text{ of the youngest pair} \\
# &\text{oldest to youngest:} && \beta = \rho_i\, y_i^\top d, \quad d \leftarrow d + (\alpha_i - \beta)\, s_i
# \end{aligned}
# $$
#
# Let the library make 12 iterations on Rosenbrock's function in ten dimensions, and look into its memory.

# %%
valley = rosenbrock(10)
x = valley.at_start()
optimizer = optim.LBFGS([x], max_iter=12, history_size=8, line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = valley(x)
    loss.backward()
    return loss


optimizer.step(closure)
memory = optimizer.state[x]
S = [s.numpy() for s in memory["old_stps"]]  # the youngest is the last
Y = [y.numpy() for y in memory["old_dirs"]]
g = memory["prev_flat_grad"].numpy()  # the gradient at which the last direction was computed
direction = memory["d"].numpy()
print(f"{len(S)} pairs of vectors of {len(g)} numbers")
print("why the step ended:", optimizer.result.reason)


# %% [markdown]
# The same with the full matrix, as the formula says:

# %%
H = np.eye(len(g)) * (S[-1] @ Y[-1]) / (Y[-1] @ Y[-1])
for s, y in zip(S, Y):
    rho = 1 / (y @ s)
    left = np.eye(len(g)) - rho * np.outer(s, y)
    H = left @ H @ left.T + rho * np.outer(s, s)
print("largest difference between -H g and the library's direction:", f"{abs(-H @ g - direction).max():.1e}")

# %% [markdown]
# ### Exercise 1
#
# Write the two-loop recursion. `S` and `Y` are lists of vectors, the youngest last.


# %%
def two_loop(g, S, Y):
    ...  # your code here


# %% tags=["solution", "hide-cell"]
# Solution
def two_loop(g, S, Y):
    q = -g
    alphas = []
    for s, y in zip(reversed(S), reversed(Y)):
        alphas.append((s @ q) / (y @ s))
        q = q - alphas[-1] * y
    d = q * (S[-1] @ Y[-1]) / (Y[-1] @ Y[-1])
    for s, y, alpha in zip(S, Y, reversed(alphas)):
        beta = (y @ d) / (y @ s)
        d = d + (alpha - beta) * s
    return d


print(f"largest difference from the library: {abs(two_loop(g, S, Y) - direction).max():.1e}")
assert np.allclose(two_loop(g, S, Y), direction, rtol=1e-10)
assert np.allclose(two_loop(g, S, Y), -H @ g, rtol=1e-8)

# %% [markdown]
# ## 3. How far to go
#
# A direction is half of a step. The other half is its length $t$. Along the direction the loss is a function of one
# number, $\varphi(t) = f(x + t d)$. A length is accepted if it satisfies the two *strong Wolfe* conditions:
#
# $$ \varphi(t) \le \varphi(0) + c_1 t\, \varphi'(0) \qquad\text{and}\qquad |\varphi'(t)| \le c_2\, |\varphi'(0)|. $$
#
# The first says that the loss falls by a part of what the slope promised: the step is not too long. The second says
# that the slope has become flatter: the step is not too short. The second also makes sure that $y^\top s > 0$, without
# which $H$ would not stay positive.
#
# Below the green stretches are where both hold. The numbered points are those that the library's search tries, from a
# first guess that is far too short (left) and from one that is far too long (right).


# %%
def landscape(t):
    """Value and slope at t. With only one direction, the gradient is the slope."""
    t = torch.tensor(float(t), dtype=torch.float64, requires_grad=True)
    value = 0.1 * (t - 5) ** 2 + 0.7 * torch.sin(1.3 * t + 2)
    value.backward()
    return Point(t.item(), value.item(), t.grad.numpy().reshape(1), t.grad.item())


c1, c2 = 0.1, 0.2
ts = np.linspace(0, 13, 600)
points = [landscape(t) for t in ts]
f, slope = np.array([p.f for p in points]), np.array([p.slope for p in points])
start = landscape(0)
good = (f <= start.f + c1 * ts * start.slope) & (abs(slope) <= c2 * abs(start.slope))

fig, axes = plt.subplots(1, 2, figsize=(11, 3.9), sharey=True)
for ax, guess in zip(axes, (0.1, 12.0)):
    tried = []

    def phi(t, tried=tried):
        tried.append(landscape(t))
        return tried[-1]

    search = strong_wolfe(phi, start, guess, c1=c1, c2=c2)
    ax.fill_between(ts, 0, 1, where=good, transform=ax.get_xaxis_transform(), color="#a1d99b", alpha=0.5, lw=0)
    ax.plot(ts, f, color="0.25", lw=2)
    ax.plot(ts, start.f + c1 * ts * start.slope, "k--", lw=1, label=r"$\varphi(0) + c_1 t\,\varphi'(0)$")
    for i, p in enumerate(tried, 1):
        ax.plot(p.t, p.f, "o", ms=9, mfc="#d7301f" if p is tried[-1] else "white", mec="0.25", zorder=3)
        ax.annotate(str(i), (p.t, p.f), (0, 9), textcoords="offset points", ha="center", fontsize=13)
    ax.set(xlabel="$t$", title=f"first guess {guess}; accepted: number {search.evaluations}, t = {search.point.t:.2f}")
    assert search.accepted
axes[0].set_ylabel(r"$\varphi(t)$")
axes[0].legend(frameon=False)
plt.show()

# %% [markdown]
# ### Exercise 2
#
# The simplest line search is *backtracking*: begin with a length $t$, and halve it until the first of the two
# conditions holds (it is also called Armijo's condition). Write it. `phi(t)` gives a `Point` with the fields `t`, `f`
# and `slope`.


# %%
def backtracking(phi, start, t, c1=1e-4):
    ...  # your code here


# %% tags=["solution", "hide-cell"]
# Solution
def backtracking(phi, start, t, c1=1e-4):
    point = phi(t)
    while not point.f <= start.f + c1 * point.t * start.slope:
        point = phi(point.t / 2)
    return point


found = backtracking(landscape, start, 12.0, c1=0.1)
print(f"from 12 it comes to t = {found.t}, where the slope is {found.slope:.2f}, at the start {start.slope:.2f}")
assert found.f <= start.f + 0.1 * found.t * start.slope
before = landscape(2 * found.t)
assert before.f > start.f + 0.1 * before.t * start.slope  # the last length that was refused
assert backtracking(landscape, start, 1e-3).t == 1e-3  # it cannot make a step longer

# %% [markdown]
# ## 4. Rosenbrock's valley
#
# $f(x, y) = 100\,(y - x^2)^2 + (1 - x)^2$ has a curved valley that is easy to enter and hard to follow.
# `ScipyMinimize` is `scipy.optimize.minimize` behind `step(closure)`: one step is a whole minimization. The gradients,
# and for the methods of second order the products of the Hessian with vectors, come from the tape.
#
# We write down every point at which the loss is evaluated.


# %%
banana = rosenbrock(2)


def run(make, steps=1):
    """Everywhere the loss was evaluated: points, shape (n, 2), and losses, shape (n,)."""
    x = banana.at_start()
    optimizer = make([x])
    points, values = [], []

    def closure():
        optimizer.zero_grad()
        loss = banana(x)
        points.append(x.detach().numpy().copy())
        values.append(loss.item())
        if not isinstance(optimizer, optim.ScipyMinimize):
            loss.backward()  # ScipyMinimize calls it itself, where the method needs gradients
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return np.array(points), np.array(values), optimizer


exact = {"tolerance_grad": 1e-10, "tolerance_change": 0, "line_search_fn": "strong_wolfe"}
contestants = {
    "gradient descent": (lambda p: optim.SGD(p, lr=2e-3), 2000),
    "Adam": (lambda p: optim.Adam(p, lr=0.05), 2000),
    "Nelder-Mead": (lambda p: optim.ScipyMinimize(p, "Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-18}), 1),
    "CG": (lambda p: optim.ScipyMinimize(p, "CG", options={"gtol": 1e-9}), 1),
    "L-BFGS": (lambda p: optim.LBFGS(p, max_iter=200, **exact), 1),
    "BFGS": (lambda p: optim.ScipyMinimize(p, "BFGS", options={"gtol": 1e-9}), 1),
    "L-BFGS-B": (lambda p: optim.ScipyMinimize(p, "L-BFGS-B", options={"gtol": 1e-9, "ftol": 0}), 1),
    "TNC": (lambda p: optim.ScipyMinimize(p, "TNC", options={"gtol": 1e-9, "ftol": 0, "xtol": 0}), 1),
    "Newton-CG": (lambda p: optim.ScipyMinimize(p, "Newton-CG", options={"xtol": 1e-9}), 1),
    "trust-ncg": (lambda p: optim.ScipyMinimize(p, "trust-ncg", options={"gtol": 1e-9}), 1),
    "trust-exact": (lambda p: optim.ScipyMinimize(p, "trust-exact", options={"gtol": 1e-9}), 1),
}
races = {name: run(*contestant) for name, contestant in contestants.items()}


def first_below(values, level):
    """How many evaluations it took, or None."""
    places = np.flatnonzero(np.array(values) < level)
    return int(places[0]) + 1 if len(places) else None


print(f"{'method':18}{'evaluations':>12}{'to 1e-10':>10}{'best loss':>12}   Hessians or products")
for name, (_, values, optimizer) in races.items():
    second = optimizer.result.get("nhev", "") if isinstance(optimizer, optim.ScipyMinimize) else ""
    reached = first_below(values, 1e-10) or "never"
    print(f"{name:18}{len(values):12}{reached:>10}{values.min():12.1e}   {second}")

# %%
fig, axes = plt.subplots(2, 3, figsize=(11, 6.6), sharex=True, sharey=True)
xs, ys = np.meshgrid(np.linspace(-1.7, 1.5, 300), np.linspace(-0.6, 2.2, 300))
height = np.log10(100 * (ys - xs**2) ** 2 + (1 - xs) ** 2 + 1e-3)
for ax, name in zip(axes.flat, ["gradient descent", "Nelder-Mead", "CG", "L-BFGS", "Newton-CG", "trust-exact"]):
    points, values, _ = races[name]
    ax.contourf(xs, ys, height, 24, cmap="bone")
    ax.plot(*points.T, color="#fdae61", lw=0.8, alpha=0.8)
    ax.scatter(*points.T, c=np.arange(len(points)), cmap="autumn_r", s=14, zorder=3, lw=0)
    ax.plot(1, 1, "*", ms=15, mfc="white", mec="black", zorder=4)
    reached = first_below(values, 1e-10)
    text = f"{reached} evaluations" if reached else f"not there after {len(values)}"
    ax.set(title=f"{name}: {text}", xlim=(-1.7, 1.5), ylim=(-0.6, 2.2), xticks=[], yticks=[])
    ax.axis("off")
plt.show()

# %% [markdown]
# The pictures show every evaluation, also those that a line search tried and refused; the colour runs from yellow
# (first) to red (last). Gradient descent finds the valley at once and then creeps. Nelder-Mead uses no gradients at
# all. The others follow the valley in steps of a good length, and at the end they jump.
#
# Evaluations are not the whole price. `trust-exact` needs the fewest, and asks for a Hessian at each point of the way.
# In two dimensions that is cheap. With $n$ parameters, a Hessian costs $n$ products.
#
# ## 5. A logistic regression, to the last digit
#
# Digits once more: 1,797 images, one linear layer, and a penalty that makes the minimum unique:
#
# $$ f(W, b) = \frac{1}{N} \sum_i \text{cross-entropy}(W x_i + b,\, y_i)
# + \frac{\mu}{2} \left(\lVert W\rVert^2 + \lVert b\rVert^2\right), \qquad \mu = 10^{-3}. $$
#
# The penalty also tells how good an answer is without knowing the right one. The curvature is at least $\mu$ in every
# direction, so $\lVert w - w^*\rVert \le \lVert \nabla f(w)\rVert / \mu$. We want no entry of the gradient above
# $10^{-8}$.

# %%
images, labels = load_digits()
images = (images / 16).double()
mu = 1e-3


def regression(make, steps=1):
    """The weights found, the largest entry of every gradient on the way, and the optimizer."""
    W = torch.zeros(10, 64, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(10, dtype=torch.float64, requires_grad=True)
    optimizer = make([W, b])
    history = []

    def closure():
        optimizer.zero_grad()
        loss = cross_entropy(images @ W.T + b, labels) + mu / 2 * ((W * W).sum() + (b * b).sum())
        gradient = torch.autograd.grad(loss, [W, b], retain_graph=True)  # to write it down
        history.append(max(g.abs().max().item() for g in gradient))
        if not isinstance(optimizer, optim.ScipyMinimize):
            loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return np.concatenate([W.detach().numpy().ravel(), b.detach().numpy()]), history, optimizer


def scipy(method, **options):
    return lambda p: optim.ScipyMinimize(p, method, options=options)


solvers = {
    "gradient descent": (lambda p: optim.SGD(p, lr=0.7), 1000, "#9aa5b1"),
    "Adam": (lambda p: optim.Adam(p, lr=0.03), 1000, "#fdae61"),
    "CG": (scipy("CG", gtol=1e-8, maxiter=2000), 1, "#78c679"),
    "L-BFGS-B of SciPy": (scipy("L-BFGS-B", gtol=1e-8, ftol=0, maxiter=2000), 1, "#2b8cbe"),
    "LBFGS": (
        lambda p: optim.LBFGS(p, max_iter=2000, tolerance_grad=1e-8, tolerance_change=0, line_search_fn="strong_wolfe"),
        1,
        "#d7301f",
    ),
    "trust-ncg": (scipy("trust-ncg", gtol=1e-8), 1, "#542788"),
}
solved = {name: regression(make, steps) for name, (make, steps, _) in solvers.items()}

fig, ax = plt.subplots(figsize=(8, 4.2))
for name, (_, history, _) in solved.items():
    ax.semilogy(range(1, len(history) + 1), history, color=solvers[name][2], lw=2, label=name)
ax.axhline(1e-8, color="k", lw=1, ls="--")
ax.set(xscale="log", xlabel="evaluations of loss and gradient", ylabel="largest entry of the gradient")
ax.set_title("Logistic regression on digits, 650 parameters")
ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.2))
plt.show()

for name, (_, history, _) in solved.items():
    print(f"{name:18} {len(history):5} evaluations, gradient at the end {history[-1]:.1e}")
print(f"trust-ncg asked for {solved['trust-ncg'][2].result.nhev} products of the Hessian besides")
apart = np.linalg.norm(solved["LBFGS"][0] - solved["trust-ncg"][0])
norms = 650**0.5 * (solved["LBFGS"][1][-1] + solved["trust-ncg"][1][-1])  # at most
print(f"LBFGS and trust-ncg end {apart:.1e} from each other; the bound is {norms / mu:.1e}")
assert apart < norms / mu

# %% [markdown]
# Both axes are logarithmic. Gradient descent would need very long to reach the dashed line, and Adam with a constant
# learning rate does not even settle. The methods that learn the curvature come down ever faster. With true
# curvature, in `trust-ncg`, the last five evaluations do nearly all of the work; the products of the Hessian are what
# that costs.

# %% [markdown]
# ### Exercise 3
#
# How much memory does L-BFGS need? Solve the regression with `history_size` 1, 3, 10, 30 and 100, and put the number
# of evaluations into a dict `counts`. Is more always better?
# (`regression(lambda p: optim.LBFGS(p, history_size=..., ...))`.)

# %%
counts = ...

# %% tags=["solution", "hide-cell"]
# Solution
counts = {}
for size in (1, 3, 10, 30, 100):
    weights, history, optimizer = regression(
        lambda p, size=size: optim.LBFGS(
            p, max_iter=2000, tolerance_grad=1e-8, tolerance_change=0, history_size=size, line_search_fn="strong_wolfe"
        )
    )
    assert optimizer.result.converged and history[-1] <= 1e-8
    assert np.linalg.norm(weights - solved["trust-ncg"][0]) < 1e-4
    counts[size] = len(history)
print(counts)  # enough memory for all steps is best; in between, more is not always better
assert counts[100] < counts[10] < counts[1]

# %% [markdown]
# ### Exercise 4
#
# Some methods of SciPy keep parameters between bounds: `ScipyMinimize(params, "L-BFGS-B", bounds=(0, None))` keeps all
# at or above 0. Solve a non-negative least squares problem, $\min_{x \ge 0} \lVert A x - b\rVert^2$, with it. How do
# you know that you are there? At the minimum, a coordinate either is inside, and its slope is 0, or it sits at the
# bound, and its slope points out of the allowed region (here it is $\ge 0$). Check this.

# %%
random = np.random.default_rng(0)
A = torch.tensor(random.normal(size=(30, 8)))
b = A @ torch.tensor(random.normal(size=8)) + 0.3 * torch.tensor(random.normal(size=30))
x = torch.ones(8, dtype=torch.float64, requires_grad=True)
optimizer = ...

# %% tags=["solution", "hide-cell"]
# Solution
optimizer = optim.ScipyMinimize([x], "L-BFGS-B", bounds=(0, None), options={"gtol": 1e-10, "ftol": 0})
optimizer.step(lambda: ((A @ x - b) ** 2).sum())
(slope,) = torch.autograd.grad(((A @ x - b) ** 2).sum(), x)
for value, g in zip(x.tolist(), slope.tolist()):
    print(f"x = {value:6.3f}   slope {g:10.2e}   {'at the bound' if value == 0 else 'inside'}")
inside = x.detach() > 0
assert 0 < inside.sum() < 8
assert (x >= 0).all() and (slope[inside].abs() < 1e-6).all() and (slope[~inside] > 0).all()

# %% [markdown]
# ## What to take home
#
# * Curvature is what gradient descent lacks. CG builds it into its directions, L-BFGS into a memory of pairs $(s, y)$,
#   Newton takes it from the tape.
# * `LBFGS(..., line_search_fn="strong_wolfe")` is the one to try first where gradients are exact. `optimizer.result`
#   says why it stopped.
# * `ScipyMinimize` gives you SciPy's methods with exact gradients, and exact products of the Hessian.
# * All of them compare losses and gradients of nearby points, so they need the *same* data in every evaluation. With
#   small random batches, noise looks like curvature: use SGD or Adam there.
#
# ## Sources
#
# * Nocedal and Wright, *Numerical Optimization*, 2nd edition (2006), chapters 3, 5, 6 and 7.
# * Nocedal, *Updating Quasi-Newton Matrices with Limited Storage* (1980).
# * Liu and Nocedal, *On the limited memory BFGS method for large scale optimization* (1989).
