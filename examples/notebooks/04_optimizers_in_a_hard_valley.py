# %% [markdown]
# # Optimizers in a hard valley
#
# Training goes downhill in a space of many dimensions, where nothing can be seen. Two dimensions are enough for the
# main difficulty: a valley that is steep across and flat along. We measure how fast methods get through it, compare
# with what theory says, and then let them race.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minitorch_optim as torch
from minitorch_optim import optim, plot
from minitorch_optim.testing import functions

plt.rcParams.update({"figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 10})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. Gradient descent in a bowl
#
# Near a minimum every smooth function looks like a quadratic, $f(x) = \tfrac{1}{2} \sum_i \lambda_i x_i^2$ in suitable
# axes. There gradient descent multiplies each coordinate by a factor of its own:
#
# $$ x_i \leftarrow x_i - \eta \lambda_i x_i = (1 - \eta \lambda_i)\, x_i. $$
#
# With curvatures from $\mu$ (flat) to $L$ (steep), all coordinates shrink only if $\eta < 2/L$. The steep direction
# forbids large steps, and the flat direction suffers from it. Here $\mu = 1$ and $L = 20$:

# %%
MU, L = 1.0, 20.0


def bowl(x, y):
    return (MU * x**2 + L * y**2) / 2


figure, axes = plt.subplots(1, 4, figsize=(11, 3.1), sharey=True)
for ax, (word, lr) in zip(axes, {"timid": 0.02, "bold": 0.085, "on the edge": 2 / L, "too bold": 0.1015}.items()):
    plot.trajectories(
        [lambda params, lr=lr: optim.SGD(params, lr=lr)], bowl, start=(10, 1), steps=40, ax=ax,
        minima=[(0, 0)], xlim=(-1.5, 11.5), ylim=(-2.6, 2.6),
    )  # fmt: skip
    ax.get_legend().remove()
    ax.set(title=rf"{word}: $\eta$ = {lr:g}", ylabel="")
axes[0].set_ylabel("y")
plt.show()

# %% [markdown]
# After many steps only the slowest coordinate is left. So the error falls by the factor $\rho(\eta) = \max(|1 -
# \eta\mu|, |1 - \eta L|)$ per step. We measure it: run, and see by how much the distance to the minimum shrinks.

# %%
def measured_rate(make, curvatures, steps=200, skip=50):
    """The mean factor by which the distance to the minimum changes per step, after the first ``skip`` steps."""
    curvatures = torch.tensor(curvatures, dtype=torch.float64)
    x = torch.ones(len(curvatures), dtype=torch.float64, requires_grad=True)
    optimizer = make([x])
    for step in range(steps):
        if step == skip:
            before = x.detach().norm().item()
        optimizer.zero_grad()
        (0.5 * curvatures * x * x).sum().backward()
        optimizer.step()
    return (x.detach().norm().item() / before) ** (1 / (steps - skip))


etas = np.linspace(0.004, 0.11, 200)
few = np.linspace(0.004, 0.11, 28)
measured = [measured_rate(lambda params, lr=float(lr): optim.SGD(params, lr=lr), (MU, L)) for lr in few]

figure, ax = plt.subplots(figsize=(7, 3.4))
ax.plot(etas, abs(1 - etas * MU), "--", color="0.7", label=r"$|1 - \eta\mu|$, the flat direction")
ax.plot(etas, abs(1 - etas * L), ":", color="0.5", label=r"$|1 - \eta L|$, the steep direction")
ax.plot(few, measured, "o", color="#00798c", ms=5, label="measured")
ax.axhline(1, color="0.85", lw=1, zorder=0)
ax.axvline(2 / L, color="#d1495b", lw=1)
ax.text(2 / L, 0.2, " $2/L$", color="#d1495b")
ax.set(xlabel=r"learning rate $\eta$", ylabel="factor per step", ylim=(0, 1.25))
ax.legend(frameon=False, loc="center", bbox_to_anchor=(0.46, 0.56))
plt.show()

# %% [markdown]
# ### Exercise 1
#
# Which $\eta$ is best, and how fast is it? Find the formula from the picture: at the best point the two lines cross.
# Write `best_lr(mu, L)` and `best_rate(mu, L)`. Express the rate with the *condition number* $\kappa = L/\mu$, and
# check with `measured_rate`.

# %%
def best_lr(mu, L):
    ...


def best_rate(mu, L):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def best_lr(mu, L):
    return 2 / (mu + L)  # 1 - eta mu = eta L - 1


def best_rate(mu, L):
    kappa = L / mu
    return (kappa - 1) / (kappa + 1)


for mu, large in ((1.0, 20.0), (0.5, 3.0), (2.0, 200.0)):
    rate = measured_rate(lambda params: optim.SGD(params, lr=best_lr(mu, large)), (mu, large))  # noqa: B023
    print(f"kappa = {large / mu:5.0f}: theory {best_rate(mu, large):.6f}, measured {rate:.6f}")
    assert abs(rate - best_rate(mu, large)) < 1e-9

# %% [markdown]
# ## 2. Momentum
#
# A ball that rolls has inertia: it averages the zigzag away and gathers speed along the valley. Polyak's *heavy ball*
# is
#
# $$ v \leftarrow \beta v + g, \qquad x \leftarrow x - \eta v. $$
#
# On a quadratic the best choice is known (Polyak, 1964), and so is the rate. The condition number enters only by its
# root:
#
# $$ \eta = \frac{4}{(\sqrt L + \sqrt\mu)^2}, \qquad
# \beta = \left(\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}\right)^2, \qquad \rho = \sqrt\beta. $$
#
# Nesterov's method takes the gradient a little further along. With $\eta = 1/L$ and $\beta = \frac{\sqrt\kappa -
# 1}{\sqrt\kappa + 1}$ its rate is $1 - 1/\sqrt\kappa$. How many steps does it take to come closer by a factor of a
# million?

# %%
def steps_until(make, curvatures, closer=1e-6, limit=20_000):
    curvatures = torch.tensor(curvatures, dtype=torch.float64)
    x = torch.ones(len(curvatures), dtype=torch.float64, requires_grad=True)
    optimizer, goal, steps = make([x]), closer * math.sqrt(len(curvatures)), 0
    while x.detach().norm().item() > goal and steps < limit:
        optimizer.zero_grad()
        (0.5 * curvatures * x * x).sum().backward()
        optimizer.step()
        steps += 1
    return steps


def descent(kappa):
    return lambda params: optim.SGD(params, lr=2 / (1 + kappa))


def heavy_ball(kappa):
    beta = ((math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)) ** 2
    return lambda params: optim.SGD(params, lr=4 / (math.sqrt(kappa) + 1) ** 2, momentum=beta)


def nesterov(kappa):
    beta = (math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)
    return lambda params: optim.SGD(params, lr=1 / kappa, momentum=beta, nesterov=True)


kappas = (4, 10, 30, 100, 300, 600)
k = np.geomspace(3, 800, 100)
theory = {
    "gradient descent": (descent, (k - 1) / (k + 1), "#d1495b"),
    "Nesterov": (nesterov, 1 - 1 / np.sqrt(k), "#edae49"),
    "heavy ball": (heavy_ball, (np.sqrt(k) - 1) / (np.sqrt(k) + 1), "#00798c"),
}
figure, ax = plt.subplots(figsize=(7, 3.8))
for name, (method, rate, color) in theory.items():
    counts = [steps_until(method(kappa), (1.0, float(kappa))) for kappa in kappas]
    ax.loglog(k, np.log(1e-6) / np.log(rate), color=color, lw=1.5, alpha=0.6)
    ax.loglog(kappas, counts, "o", color=color, label=name)
    print(f"{name:17}", " ".join(f"{count:6}" for count in counts))
ax.set(xlabel=r"condition number $\kappa = L/\mu$", ylabel="steps until a million times closer")
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# The lines are $\ln 10^{-6} / \ln \rho$, and the dots lie on them or somewhat above. (At their best choice the two
# momentum methods have a double root, and approach as $t\,\rho^t$. That is the "somewhat".) At $\kappa = 100$ the heavy
# ball needs 93 steps in place of 691, and the valleys of networks have condition numbers far beyond 100.

# %% [markdown]
# ### Exercise 2
#
# Why is $\rho = \sqrt\beta$? In one coordinate of curvature $\lambda$ the heavy ball maps $(x_t, x_{t-1})$ to
# $(x_{t+1}, x_t)$ by a matrix, since $x_{t+1} = (1 + \beta - \eta\lambda)\,x_t - \beta\,x_{t-1}$. The rate is the
# largest absolute eigenvalue of that matrix (its *spectral radius*). Write `spectral_radius(curvature, lr, beta)` with
# `np.linalg.eigvals`. Draw it over $\lambda$ from 1 to 100 for Polyak's choice, and say in words what you see.

# %%
def spectral_radius(curvature, lr, beta):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def spectral_radius(curvature, lr, beta):
    return max(abs(np.linalg.eigvals([[1 + beta - lr * curvature, -beta], [1, 0]])))


kappa = 100
beta = ((math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)) ** 2
polyak = 4 / (math.sqrt(kappa) + 1) ** 2
curvatures = np.linspace(0.2, 110, 400)
figure, ax = plt.subplots(figsize=(7, 3.2))
ax.plot(curvatures, [spectral_radius(c, polyak, beta) for c in curvatures], color="#00798c", lw=2.5, label="heavy ball")
ax.plot(curvatures, abs(1 - 2 / 101 * curvatures), color="#d1495b", lw=1.5, label="gradient descent")
ax.set(xlabel=r"curvature $\lambda$", ylabel="factor per step", ylim=(0, 1.2))
ax.legend(frameon=False)
plt.show()
# From mu to L the factor is the same, the root of beta: every direction is equally fast. (The eigenvalues are complex
# there, a pair of absolute value sqrt(beta): each coordinate is a damped oscillation.) Gradient descent is fast in the
# middle, where nothing needs it, and slow at both ends.
inside = [spectral_radius(c, polyak, beta) for c in np.linspace(1.01, 99.9, 50)]
assert np.allclose(inside, math.sqrt(beta))
rate = measured_rate(lambda params: optim.SGD(params, lr=polyak, momentum=beta), (1.5, 40.0, 90.0), steps=1000)
assert abs(rate - math.sqrt(beta)) < 2e-3

# %% [markdown]
# ## 3. The race
#
# Rosenbrock's valley is curved as well: $f(x, y) = 100\,(y - x^2)^2 + (1 - x)^2$. Entering it is easy. Following it
# around the bend to $(1, 1)$ is the task. Here is every optimizer of the library, 200 steps each. (Only `SparseAdam` is
# missing: it is Adam for sparse gradients.) The learning rates were chosen by hand, so that each shows its character.

# %%
racers = {
    "SGD": lambda params: optim.SGD(params, lr=1e-3),
    "momentum": lambda params: optim.SGD(params, lr=1e-3, momentum=0.9),
    "Nesterov": lambda params: optim.SGD(params, lr=1e-3, momentum=0.9, nesterov=True),
    "ASGD": lambda params: optim.ASGD(params, lr=2e-3),
    "ScheduleFreeSGD": lambda params: optim.ScheduleFreeSGD(params, lr=2e-3),
    "SAM": lambda params: optim.SAM(optim.SGD(params, lr=1e-3, momentum=0.9), rho=0.02),
    "Lookahead": lambda params: optim.Lookahead(optim.SGD(params, lr=1e-3, momentum=0.9), k=5),
    "Adagrad": lambda params: optim.Adagrad(params, lr=0.5),
    "Adadelta": lambda params: optim.Adadelta(params, lr=10),
    "RMSprop": lambda params: optim.RMSprop(params, lr=0.03),
    "Adam": lambda params: optim.Adam(params, lr=0.1),
    "AdamW": lambda params: optim.AdamW(params, lr=0.1),
    "NAdam": lambda params: optim.NAdam(params, lr=0.1),
    "RAdam": lambda params: optim.RAdam(params, lr=2e-3),
    "Adamax": lambda params: optim.Adamax(params, lr=0.3),
    "AdaBelief": lambda params: optim.AdaBelief(params, lr=0.1),
    "Yogi": lambda params: optim.Yogi(params, lr=0.1),
    "Adafactor": lambda params: optim.Adafactor(params, lr=0.3),
    "ScheduleFreeAdamW": lambda params: optim.ScheduleFreeAdamW(params, lr=0.3),
    "Prodigy": lambda params: optim.Prodigy(params, lr=1),
    "LAMB": lambda params: optim.LAMB(params, lr=0.05),
    "LARS": lambda params: optim.LARS(params, lr=4, momentum=0.9),
    "Muon": lambda params: optim.Muon(params, lr=0.05),
    "Lion": lambda params: optim.Lion(params, lr=0.02),
    "Rprop": lambda params: optim.Rprop(params, lr=1e-2),
    "SciPy's CG": lambda params: optim.ScipyMinimize(params, "CG"),
    "LBFGS": lambda params: optim.LBFGS(params, line_search_fn="strong_wolfe"),
    "SciPy's trust-exact": lambda params: optim.ScipyMinimize(params, "trust-exact"),
}
colors = ["#ff7a1a"] * 7 + ["#0077cc"] * 13 + ["#b5179e"] * 5 + ["#20262b"] * 3

# In one picture 28 paths are a tangle, so each line gets a picture of its own. (As a matrix of one row, for Muon.)
window = {"xlim": (-1.8, 1.5), "ylim": (-0.6, 1.9)}
tangle = plot.trajectories(racers, functions.rosenbrock(), steps=200, shape=(1, 2), **window)
plt.close(tangle.figure)
grid_x, grid_y = np.meshgrid(np.linspace(*window["xlim"], 160), np.linspace(*window["ylim"], 120))
height = np.log10(100 * (grid_y - grid_x**2) ** 2 + (1 - grid_x) ** 2 + 1e-2)

figure, axes = plt.subplots(4, 7, figsize=(12, 6.4))
for ax, line, label, color in zip(axes.flat, tangle.lines, tangle.get_legend().get_texts(), colors):
    ax.contourf(grid_x, grid_y, height, 12, cmap="bone", alpha=0.75)
    ax.plot(*line.get_data(), color=color, lw=1.5)
    ax.plot(*line.get_xydata()[-1], "o", color=color, ms=7, mec="white")
    ax.plot(1, 1, "*", color="#ffe45c", mec="black", ms=10)
    name, reached = label.get_text().split(": ")
    ax.set_title(f"{name}\n{reached}", fontsize=9, color=color)
    ax.set(**window)
    ax.axis("off")
plt.show()

# %% [markdown]
# Every path shows the character of its method. The number is the value of $f$ that was reached. Look at them by colour:
#
# - **Orange: the gradient itself.** SGD may not take larger steps than the walls allow, and so it creeps along the
#   floor. With momentum it rolls like a ball, up one wall and up the other, and travels far. Nesterov's gradient is
#   taken where the ball will be, and the swings die out sooner.
# - **Blue: divided by the size that gradients had**, coordinate by coordinate. The steps of RMSprop and Adam are about
#   as long as the learning rate, whether the slope is 200 or 0.2. Adagrad sums up the squares, so its steps become ever
#   shorter. RAdam does not divide in its first five steps, and these forbid the learning rate that the later ones would
#   need. Prodigy looks for the learning rate by itself, and tries one that is too large.
# - **Purple: only the direction.** For Lion and Rprop it is the sign of each coordinate. Rprop's steps grow by a fifth
#   as long as the sign stays, and are halved where it changes. Muon, LARS and LAMB give the whole matrix one length.
# - **Black: curvature**, learned from the differences of gradients, or asked from the tape (`trust-exact`). They are at
#   the minimum. (An iteration counts as a step here. It may evaluate $f$ more than once: see notebook 7.)
#
# ## 4. How much does the learning rate matter?
#
# A race with one learning rate each is not fair. So we take 13 for each method, on Beale's function this time, and
# count the steps until $f < 10^{-4}$. A method is good if its curve is low, and *easy to use* if its curve is broad.

# %%
def steps_to_goal(make, problem, goal=1e-4, limit=600):
    x, steps = problem.at_start(), 0
    optimizer = make([x])
    with np.errstate(all="ignore"):  # some will fly off
        while steps < limit:
            optimizer.zero_grad()
            loss = problem(x)
            if loss.item() < goal:
                return steps
            loss.backward()
            optimizer.step()
            steps += 1
            if not math.isfinite(loss.item()):
                break
    return math.nan


methods = {
    "SGD": (lambda params, lr: optim.SGD(params, lr=lr), "#ff7a1a"),
    "momentum": (lambda params, lr: optim.SGD(params, lr=lr, momentum=0.9), "#d81b60"),
    "RMSprop": (lambda params, lr: optim.RMSprop(params, lr=lr), "#00a86b"),
    "Adam": (lambda params, lr: optim.Adam(params, lr=lr), "#00aeef"),
    "Rprop": (lambda params, lr: optim.Rprop(params, lr=lr), "#8d5524"),
}
beale = functions.beale()
rates = np.geomspace(1e-4, 1.0, 13)
figure, ax = plt.subplots(figsize=(8, 3.8))
for name, (method, color) in methods.items():
    counts = [steps_to_goal(lambda params, lr=float(lr), m=method: m(params, lr), beale) for lr in rates]
    ax.loglog(rates, counts, "o-", color=color, lw=2, ms=5, label=name)
    arrived = [count for count in counts if count == count]
    print(f"{name:9} arrives with {len(arrived):2} of 13, at best after {min(arrived, default=0)} steps")
ax.axhline(600, color="0.8", ls=":")
ax.set(xlabel="learning rate", ylabel="steps to the goal", title="Beale's function; what is missing never arrived")
ax.set_yticks((50, 100, 200, 500), labels=(50, 100, 200, 500))
ax.minorticks_off()
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# SGD has the narrowest window: below it 600 steps are too few, above it SGD flies off. Adam arrives with every rate
# from its first to the right end. Rprop always arrives: its learning rate is only a first guess, which it changes by
# itself. Before you take Rprop for everything: it needs the sign of the *true* gradient. With gradients of random
# batches, signs change by chance, and its steps shrink to nothing.
#
# ## 5. One step of Adam, line by line
#
# Adam keeps running means of the gradient and of its square, and corrects both for having started at zero:
#
# $$ m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2, \qquad
# x \leftarrow x - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \varepsilon}. $$
#
# `torch.explain` tries out the next step of an optimizer and shows what each line of its code computes. Nothing is
# changed by that. This is the third step from Rosenbrock's start:

# %%
x = functions.rosenbrock().at_start()
adam = optim.Adam([x], lr=0.1)
for step in range(3):
    adam.zero_grad()
    functions.rosenbrock()(x).backward()
    if step < 2:
        adam.step()
print(torch.explain(adam))

# %% [markdown]
# Each line of the code is followed by its numbers. Two things to see. The gradients of the two coordinates differ by a
# factor of two, the ratios `exp_avg / denom` hardly differ, so both go about equally far: Adam takes the *size* out of
# the gradient. And the gradient has just changed its sign, because the walk has crossed the valley, while `exp_avg`
# still has the old one: for this step, Adam rolls on uphill.

# %% [markdown]
# ### Exercise 3
#
# Write Adam yourself, as a function of NumPy arrays: `adam_path(gradient, start, lr, steps)` returns the array of all
# points, shape `(steps + 1, n)`. Compare with `optim.Adam` over 100 steps on Rosenbrock. How close do the two stay?
# (`functions.rosenbrock().value_and_gradient(point)` gives a pair.)

# %%
def adam_path(gradient, start, lr, steps, beta1=0.9, beta2=0.999, eps=1e-8):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def adam_path(gradient, start, lr, steps, beta1=0.9, beta2=0.999, eps=1e-8):
    x = np.array(start, float)
    m, v, points = np.zeros_like(x), np.zeros_like(x), [x]
    for t in range(1, steps + 1):
        g = gradient(x)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        x = x - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        points.append(x)
    return np.array(points)


problem = functions.rosenbrock()
mine = adam_path(lambda x: problem.value_and_gradient(x)[1], problem.start, 0.1, 100)
x = problem.at_start()
adam, theirs = optim.Adam([x], lr=0.1), [problem.start]
for _ in range(100):
    adam.zero_grad()
    problem(x).backward()
    adam.step()
    theirs.append(x.tolist())
print(f"largest distance over 100 steps: {abs(mine - theirs).max():.0e}")
assert abs(mine - theirs).max() < 1e-9

# %% [markdown]
# ## 6. Adam's blind spot
#
# Adam divides coordinate by coordinate. In an ill-conditioned bowl whose axes are the coordinate axes, that cures the
# bad condition. But turn the bowl by 45°, and both coordinates see the same mixture of steep and flat. There is nothing
# left to divide by. Gradient descent and momentum know no axes, and do not care.

# %%
def turned(degrees, mu=1.0, large=100.0):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def valley(x, y):
        along, across = c * x + s * y, c * y - s * x
        return (mu * along**2 + large * across**2) / 2

    return valley, (c * 4 - s * 1, s * 4 + c * 1)  # and the start, turned with it


figure, axes = plt.subplots(1, 2, figsize=(10, 4.6))
for ax, degrees in zip(axes, (0, 45)):
    valley, start = turned(degrees)
    both = {
        "momentum": lambda params: optim.SGD(params, lr=0.01, momentum=0.8),
        "Adam": lambda params: optim.Adam(params, lr=0.2),
    }
    plot.trajectories(both, valley, start, steps=60, ax=ax, minima=[(0, 0)], xlim=(-2, 5.2), ylim=(-2.4, 4.2))
    ax.set_title(f"turned by {degrees} degrees")
plt.show()

# %% [markdown]
# ### Exercise 4
#
# Put numbers to it. Write `value_after(make, degrees, steps=60)`, the value of the turned valley that an optimizer
# reaches, and draw it for momentum, Adam, RMSprop and Rprop over angles from 0° to 90°. Which of the four curves is
# flat, and which methods would you call *invariant under rotation*?

# %%
def value_after(make, degrees, steps=60):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def value_after(make, degrees, steps=60):
    valley, start = turned(degrees)
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make([x])
    for _ in range(steps):
        optimizer.zero_grad()
        valley(*x).backward()
        optimizer.step()
    return valley(*x).item()


angles = np.arange(0, 91, 5)
four = {
    "momentum": (lambda params: optim.SGD(params, lr=0.01, momentum=0.8), "#d81b60"),
    "Adam": (lambda params: optim.Adam(params, lr=0.2), "#00aeef"),
    "RMSprop": (lambda params: optim.RMSprop(params, lr=0.1), "#00a86b"),
    "Rprop": (lambda params: optim.Rprop(params, lr=0.2), "#8d5524"),
}
values = {name: [value_after(make, float(angle)) for angle in angles] for name, (make, _) in four.items()}
figure, ax = plt.subplots(figsize=(7, 3.2))
for name, (_, color) in four.items():
    ax.semilogy(angles, values[name], "o-", color=color, label=name)
ax.set(xlabel="angle (degrees)", ylabel="value after 60 steps", xticks=range(0, 91, 15))
ax.legend(frameon=False)
plt.show()
# Momentum is linear in the gradient: turn the valley, and the path turns with it. The others treat each coordinate by
# itself, so they depend on the axes: along them they are quick, and askew slow.
assert np.ptp(np.log(values["momentum"])) < 1e-6
assert max(values["Adam"]) > 20 * values["Adam"][0]
assert all(max(values[name]) > 1e6 * values[name][0] for name in ("RMSprop", "Rprop"))

# %% [markdown]
# ## What to take home
#
# - The steepest direction limits the learning rate ($\eta < 2/L$), and the flattest one then takes the time: about
#   $\kappa$ steps for gradient descent, about $\sqrt\kappa$ with momentum.
# - Adam, RMSprop and Rprop rescale each coordinate. Their learning rate is a length, and so it is easier to choose. It
#   helps where the coordinates differ in scale, and does not help where a valley lies askew.
# - L-BFGS learns the curvature in all directions. It needs exact gradients, not those of random batches.
#
# To go on: `optim/sgd.py`, `optim/adam.py` and `optim/rprop.py` in `minitorch_optim/` are about a page each.
