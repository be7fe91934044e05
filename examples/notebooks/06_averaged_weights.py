# %% [markdown]
# # Averaged weights
#
# The last weights of a training run are one point of a noisy walk. The mean of many points of the walk is often a
# better network than any of them. This is **stochastic weight averaging** (SWA), and its cousin is the **exponential
# moving average** (EMA).
#
# In this notebook you will
#
# 1. measure what an average does to the noise, on a problem where theory says the answer exactly;
# 2. draw the valley that a real network ends in, with the steps of SGD around and the average in the middle;
# 3. see why batch normalisation needs one more pass over the data (`update_bn`), and what `SWALR` is for;
# 4. train on handwritten digits, with and without averages, and compare.

# %%
import copy

import matplotlib.pyplot as plt
import numpy as np

import minitorch_optim as torch
from minitorch_optim import nn, optim, plot
from minitorch_optim.datasets import load_digits
from minitorch_optim.nn.functional import cross_entropy
from minitorch_optim.optim.lr_scheduler import CosineAnnealingLR
from minitorch_optim.optim.swa_utils import SWALR, AveragedModel, get_ema_avg_fn, update_bn
from minitorch_optim.utils.data import DataLoader, TensorDataset

plt.rcParams.update({"figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 10})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. The noise floor
#
# The simplest valley is a parabola, $f(x) = \tfrac{1}{2} \lambda x^2$. SGD does not see its slope $\lambda x$, but the
# slope plus noise, as from a random batch:
#
# $$ x_{t+1} = x_t - \eta\,(\lambda x_t + \sigma \xi_t), \qquad \xi_t \sim \mathcal N(0, 1). $$
#
# After a while $x$ no longer comes closer to 0. It is shaken as much as it is pulled back. Its variance $v$ then
# satisfies $v = (1-\eta\lambda)^2 v + \eta^2\sigma^2$, so
#
# $$ v = \frac{\eta\,\sigma^2}{\lambda\,(2 - \eta\lambda)}. $$
#
# To measure a variance we need many runs. A parameter with 4000 elements is 4000 independent runs at once.

# %%
curvature, sigma, lr = 1.0, 1.0, 0.1
runs = 4000


class Walkers(nn.Module):
    """Many walkers in the same valley, each at a point of the stationary distribution."""

    def __init__(self):
        super().__init__()
        spread = (lr * sigma**2 / (curvature * (2 - lr * curvature))) ** 0.5
        self.x = nn.Parameter(spread * torch.randn(runs))

    def noisy_loss(self):
        """Its gradient is the true slope plus noise."""
        noise = sigma * torch.randn(runs)
        return (0.5 * curvature * self.x**2 + noise * self.x).sum()


def true_loss(model):
    """The mean of the noiseless loss over all runs."""
    return 0.5 * curvature * (model.x.detach() ** 2).mean().item()


# %% [markdown]
# `AveragedModel` is a copy of a model whose parameters are averages. By default it is the plain mean of everything it
# has been shown (SWA). With `avg_fn=get_ema_avg_fn(d)` it is the exponential average $a \leftarrow d\,a + (1-d)\,x$.

# %%
torch.manual_seed(0)
walkers = Walkers()
optimizer = optim.SGD(walkers.parameters(), lr=lr)
decay = 0.98
swa = AveragedModel(walkers)
ema = AveragedModel(walkers, avg_fn=get_ema_avg_fn(decay))

history = []
for _ in range(2000):
    optimizer.zero_grad()
    walkers.noisy_loss().backward()
    optimizer.step()
    swa.update_parameters(walkers)
    ema.update_parameters(walkers)
    history.append((true_loss(walkers), true_loss(ema.module), true_loss(swa.module)))
last, exponential, mean = np.array(history).T
print(f"last {last[-1]:.6f}   EMA {exponential[-1]:.6f}   SWA {mean[-1]:.6f}")

# %% [markdown]
# What should they be? Write $\varphi = 1 - \eta\lambda$ for the part of $x$ that survives a step. Two points of the
# walk that are $k$ steps apart have the covariance $v\varphi^k$. Sums of geometric series then give
#
# $$ \operatorname{Var}(\text{mean of } T) = \frac{v}{T}\left[\frac{1+\varphi}{1-\varphi} -
#    \frac{2\varphi\,(1-\varphi^T)}{T(1-\varphi)^2}\right] \;\approx\; \frac{\sigma^2}{\lambda^2\,T},
# \qquad
# \operatorname{Var}(\text{EMA}) = v\,\frac{1-d}{1+d}\cdot\frac{1+\varphi d}{1-\varphi d}. $$
#
# Look at the approximation for the mean of $T$ points: **the learning rate is gone**. With large steps each point is
# worse, but the points are also less alike, and the two effects cancel. And the floor is gone too: the error goes to 0
# as $1/T$. The EMA keeps a floor, a lower one.

# %%
phi = 1 - lr * curvature
v = lr * sigma**2 / (curvature * (2 - lr * curvature))
T = np.arange(1, len(history) + 1)
theory_last = 0.5 * curvature * v * np.ones(len(T))
bracket = (1 + phi) / (1 - phi) - 2 * phi * (1 - phi**T) / (T * (1 - phi) ** 2)
theory_mean = 0.5 * curvature * v / T * bracket
shrinking = (1 - decay) / (1 + decay) * (1 + phi * decay) / (1 - phi * decay)
theory_ema = 0.5 * curvature * v * shrinking

for name, measured, theory in [
    ("last", last[-500:].mean(), theory_last[0]),
    ("EMA", exponential[-500:].mean(), theory_ema),
    ("SWA", mean[-1], theory_mean[-1]),
]:
    print(f"{name:5} measured {measured:.6f}   theory {theory:.6f}   ratio {measured / theory:.3f}")

fig, ax = plt.subplots(figsize=(8, 4.2))
for values, color, label in [
    (last, "#9aa5b1", "last iterate"),
    (exponential, "#2b8cbe", f"EMA, decay {decay}"),
    (mean, "#d7301f", "SWA: mean of all so far"),
]:
    ax.loglog(T, values, color=color, lw=3, alpha=0.55, label=label)
ax.loglog(T, theory_last, "k--", lw=1, label="theory")
ax.loglog(T, theory_mean, "k--", lw=1)
ax.axhline(theory_ema, color="k", ls="--", lw=1)
ax.set(xlabel="step $T$", ylabel="loss above the minimum", title="The last iterate has a floor; the mean has none")
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ### Exercise 1
#
# An EMA with decay $d$ forgets. How many equally weighted points is it worth? For *independent* points, the mean of
# $n$ has the variance $v/n$, and the EMA has $v\,(1-d)/(1+d)$. Write `points(d)`, the $n$ at which the two are equal,
# and its inverse `decay_for(n)`. What is the decay for 100 points?


# %%
def points(d):
    ...  # your code here


def decay_for(n):
    ...  # and here


# %% tags=["solution", "hide-cell"]
# Solution
def points(d):
    return (1 + d) / (1 - d)


def decay_for(n):
    return (n - 1) / (n + 1)


print(f"100 points: decay {decay_for(100):.4f};  decay 0.999: {points(0.999):.0f} points")

# Test: feed independent noise to an EMA, and compare with the prediction.
torch.manual_seed(1)
noise = nn.ParameterList([nn.Parameter(torch.randn(20_000))])
average = AveragedModel(noise, avg_fn=get_ema_avg_fn(decay_for(20)))
for _ in range(150):
    noise[0].data = torch.randn(20_000)
    average.update_parameters(noise)
variance = (average.module[0].detach() ** 2).mean().item()
assert abs(variance * 20 - 1) < 0.05
assert abs(decay_for(points(0.9)) - 0.9) < 1e-12

# %% [markdown]
# ### Exercise 2
#
# SWA remembers the first points forever, also the bad ones of the time before the walk has arrived. *Polynomial-decay
# averaging* (Shamir and Zhang, 2013) leans to the young points and still has no floor:
#
# $$ a_{n+1} = \Bigl(1 - \tfrac{\gamma+1}{n+\gamma+1}\Bigr)\,a_n + \tfrac{\gamma+1}{n+\gamma+1}\,x_{n+1}. $$
#
# Here $n$ is the number of points already in the average, which is what `avg_fn` is given as its third argument.
# ($\gamma=0$ is SWA.) Write it, so that `AveragedModel(model, avg_fn=polynomial)` works.


# %%
def polynomial(average, value, n, gamma=3.0):
    ...  # your code here


# %% tags=["solution", "hide-cell"]
# Solution
def polynomial(average, value, n, gamma=3.0):
    weight = (gamma + 1) / (n + gamma + 1)
    return average + weight * (value - average)


# Test: with gamma = 0 it is the mean; with gamma = 3 a far start is forgotten faster.
torch.manual_seed(2)
walkers = Walkers()
with torch.no_grad():
    walkers.x += 30  # far away
optimizer = optim.SGD(walkers.parameters(), lr=lr)
plain = AveragedModel(walkers)
zero = AveragedModel(walkers, avg_fn=lambda average, value, n: polynomial(average, value, n, gamma=0.0))
leaning = AveragedModel(walkers, avg_fn=polynomial)
for _ in range(500):
    optimizer.zero_grad()
    walkers.noisy_loss().backward()
    optimizer.step()
    for averaged in (plain, zero, leaning):
        averaged.update_parameters(walkers)
print(f"from a far start:  SWA {true_loss(plain.module):.5f}   polynomial {true_loss(leaning.module):.5f}")
assert torch.allclose(plain.module.x, zero.module.x, atol=1e-5)
assert true_loss(leaning.module) < 0.1 * true_loss(plain.module)

# %% [markdown]
# ## 2. The valley of a real network
#
# Now a network with batch normalisation, on 8×8 pixel digits. 360 of the 1,797 images are held out. We train for ten
# epochs. Then we raise the learning rate and let SGD walk on. We leave it 60 epochs to settle, and keep its weights at
# the end of each of the next 180. These are 11,000 steps that all do the same, so we let `torch.replay` write down once
# what a step asks of NumPy, and repeat that without the tape: the same bits, in less time.

# %%
torch.manual_seed(0)
images, labels = load_digits()
order = torch.randperm(len(images))
images, labels = images[order] / 16, labels[order]
held_out = images[:360], labels[:360]
training = images[360:], labels[360:]
loader = DataLoader(TensorDataset(*training), batch_size=32, shuffle=True, drop_last=True)


def make_model():
    return nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))


def training_step(model, optimizer):
    @torch.replay
    def step(x, y):
        optimizer.zero_grad()
        cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def train_epoch(model, step, loader):
    model.train()
    for x, y in loader:
        step(x, y)


def vector(model):
    """All weights as one vector."""
    return nn.utils.parameters_to_vector(model.parameters()).detach().numpy().astype(np.float64)


model = make_model()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
step = training_step(model, optimizer)
for _ in range(10):
    train_epoch(model, step, loader)

optimizer.param_groups[0]["lr"] = 0.2
for _ in range(60):
    train_epoch(model, step, loader)
walk = []
for _ in range(180):
    train_epoch(model, step, loader)
    walk.append(vector(model))
walk = np.array(walk)
print("points of the walk:", len(walk), "  weights in each:", walk.shape[1])

# %% [markdown]
# To look at a loss in 4,938 dimensions we cut it with a plane. Three points fix a plane: we take three epochs of the
# walk. The mean of the three lies in the plane too. (The idea of the picture is Figure 1 of Izmailov et al., 2018.)
#
# At each point of a grid in this plane we put the weights into a network, compute the statistics of its batch
# normalisation anew with `update_bn` (section 3 says why), and measure the loss.

# %%
probe = make_model()


def losses(weights):
    """Training loss, held-out loss and held-out error of a network with these weights."""
    nn.utils.vector_to_parameters(torch.tensor(weights, dtype=torch.float32), probe.parameters())
    update_bn([training[0]], probe)
    probe.eval()
    with torch.no_grad():
        scores = probe(held_out[0])
        error = (scores.argmax(1) != held_out[1]).float().mean().item()
        on_training = cross_entropy(probe(training[0]), training[1]).item()
        return on_training, cross_entropy(scores, held_out[1]).item(), error


first, second, third = walk[[0, 90, 179]]
origin = (first + second + third) / 3
u = second - first
u /= np.linalg.norm(u)
w = third - first
w -= (w @ u) * u
w /= np.linalg.norm(w)


def on_plane(point):
    """The two coordinates of the foot of the perpendicular from a point to the plane."""
    return np.array([(point - origin) @ u, (point - origin) @ w])


corners = np.array([on_plane(p) for p in (first, second, third)])
middle = corners.mean(0)
reach = 1.25 * np.abs(corners - middle).max()
grid = np.linspace(-reach, reach, 31)
across, up = grid + middle[0], grid + middle[1]
surface = np.array([[losses(origin + a * u + b * w) for a in across] for b in up])

for name, point in zip(["first", "second", "third", "mean"], [first, second, third, origin]):
    on_training, on_held_out, error = losses(point)
    print(f"{name:7} training loss {on_training:.4f}   held-out loss {on_held_out:.4f}   error {error:.2%}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(11, 4.7), sharex=True, sharey=True)
shadows = np.array([on_plane(p) for p in walk])
for ax, k, title in [(axes[0], 0, "training loss"), (axes[1], 1, "held-out loss")]:
    levels = np.geomspace(surface[..., k].min() * 0.999, np.quantile(surface[..., k], 0.9), 16)
    height = surface[..., k]
    filled = ax.contourf(across, up, height, levels, cmap="YlGnBu_r", extend="both")
    ax.contour(across, up, height, levels, colors="white", linewidths=0.4)
    ax.plot(*shadows.T, ".", color="white", ms=3.5, alpha=0.8, label="all 180 epochs: their shadows on the plane")
    ax.plot(*corners.T, "o", color="black", mfc="#fdae61", ms=10, ls="none", label="three epochs of SGD")
    ax.plot(*middle, "*", color="black", mfc="#ff4040", ms=20, ls="none", label="their mean")
    ax.set(title=title, aspect="equal", xlim=middle[0] + reach * np.array([-1, 1]))
    ax.set(xlabel="distance along the side from the first to the second epoch")
    bar = fig.colorbar(filled, ax=ax, shrink=0.85, ticks=levels[::3])
    bar.ax.set_yticklabels([f"{x:.3f}" for x in levels[::3]])
axes[0].set_ylabel("distance at right angles to it")
axes[0].legend(loc="lower left", fontsize=8, facecolor="#8fb4c9", framealpha=0.9)
plt.show()

# %% [markdown]
# The three epochs of SGD lie on the wall of the valley, and their mean is near its bottom. SGD cannot come down there
# by itself, because with this learning rate it is shaken back up.
#
# The shadows seem to cross the bottom. That is an illusion of the plane: the points themselves stand far off to the
# sides of it, in the other 4,936 dimensions. Their losses tell:

# %%
typical = np.array([losses(point) for point in walk])
above = np.array([np.linalg.norm(point - origin - u * a - w * b) for point, (a, b) in zip(walk, shadows)])
best, median = typical[:, 0].min(), np.median(typical[:, 0])
print(f"training loss of the 180 epochs: best {best:.4f}, median {median:.4f}")
print(f"                 of their mean:  {losses(walk.mean(0))[0]:.4f}")
print(f"distance from the plane: median {np.median(above):.2f};  side of the triangle: "
      f"{np.linalg.norm(second - first):.2f}")
assert losses(walk.mean(0))[0] < typical[:, 0].min()

# %% [markdown]
# ### Exercise 3
#
# In many dimensions, points that scatter independently around a centre are all about equally far from it, and the
# lines from the centre to any two of them meet at a right angle. So two of them are $\sqrt{2}$ times as far from each
# other as from the centre. Measure this for epochs of the walk that are 30 apart (`walk[::30]`): take their mean as
# the centre, and compute the mean distance to the centre and the mean distance of pairs. (With only $n$ points their
# own mean is a little too close: expect $\sqrt{2n/(n-1)}$ instead of $\sqrt{2}$.)

# %%
far = walk[::30]
to_centre = ...
between = ...

# %% tags=["solution", "hide-cell"]
# Solution
far = walk[::30]
n = len(far)
to_centre = np.linalg.norm(far - far.mean(0), axis=1).mean()
between = np.mean([np.linalg.norm(a - b) for i, a in enumerate(far) for b in far[:i]])
print(f"to the centre {to_centre:.2f}, to each other {between:.2f}: ratio {between / to_centre:.3f}; "
      f"for independent points {np.sqrt(2 * n / (n - 1)):.3f}")
assert abs(between / to_centre / np.sqrt(2 * n / (n - 1)) - 1) < 0.05

# %% [markdown]
# ## 3. An averaged network needs its own statistics
#
# Batch normalisation keeps running statistics of what flows through the network: `running_mean` and `running_var`.
# They belong to the weights that were there when the data flowed. The averaged weights have never seen any data.
# `AveragedModel` copies the statistics of the last model, and these are wrong for the average.
# `update_bn(loader, model)` runs the data through once and sets them right.

# %%
swa_model = AveragedModel(model)
for point in walk:
    nn.utils.vector_to_parameters(torch.tensor(point, dtype=torch.float32), model.parameters())
    swa_model.update_parameters(model)


@torch.no_grad()
def score(network, x, y):
    """Loss and error."""
    network.eval()
    scores = network(x)
    return cross_entropy(scores, y).item(), (scores.argmax(1) != y).float().mean().item()


layer = swa_model.module[1]
stale_mean = layer.running_mean.clone().numpy()
stale_deviation = layer.running_var.sqrt().numpy()
before = score(swa_model, *held_out)
update_bn(loader, swa_model)
after = score(swa_model, *held_out)
print(f"averaged, statistics of the last epoch:  held-out loss {before[0]:.4f}, error {before[1]:.2%}")
print(f"averaged, after update_bn:               held-out loss {after[0]:.4f}, error {after[1]:.2%}")

# %% [markdown]
# How far off were they? Every dot is a hidden unit. To the right: by how many standard deviations its mean was wrong.
# Upwards: by what factor its standard deviation was wrong. A unit whose statistics were right would lie on the cross.

# %%
right_mean, right_deviation = layer.running_mean.numpy(), layer.running_var.sqrt().numpy()
shift = (stale_mean - right_mean) / right_deviation
stretch = stale_deviation / right_deviation

fig, ax = plt.subplots(figsize=(6.4, 3.6))
ax.axhline(1, color="0.8", lw=1)
ax.axvline(0, color="0.8", lw=1)
ax.plot(shift, stretch, "o", color="#2b8cbe", mec="white", ms=8, alpha=0.8)
ax.plot(0, 1, "+", color="black", ms=14, mew=2)
ax.set(xlabel="error of the mean, in standard deviations", ylabel="factor of the standard deviation")
ax.set_title("The statistics of the last epoch, seen from the average")
plt.show()
print(f"means are off by {np.sqrt((shift**2).mean()):.2f} standard deviations, at most {abs(shift).max():.2f}")
print(f"standard deviations are off by factors from {stretch.min():.2f} to {stretch.max():.2f}")

# %% [markdown]
# ### Exercise 4
#
# Write `update_bn` yourself for this network. With `momentum=None` a `BatchNorm1d` layer keeps the plain average of
# the statistics of all batches since `reset_running_stats()`. Leave the layer's momentum and the mode (`train` or
# `eval`) as they were, and do not record gradients.


# %%
def my_update_bn(batches, model):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def my_update_bn(batches, model):
    layer = model[1]
    momentum, was_training = layer.momentum, model.training
    layer.momentum = None
    layer.reset_running_stats()
    model.train()
    with torch.no_grad():
        for x in batches:
            model(x)
    layer.momentum = momentum
    model.train(was_training)


batches = training[0].split(100)[:-1]
probe.eval()
my_update_bn(batches, probe)
mine = probe[1].running_mean.clone(), probe[1].running_var.clone()
update_bn(batches, probe)
assert torch.equal(mine[0], probe[1].running_mean) and torch.equal(mine[1], probe[1].running_var)
assert probe[1].momentum == 0.1 and not probe.training

# %% [markdown]
# ## 4. The recipe: `SWALR`
#
# An ordinary schedule takes the learning rate down to 0, so that the noise dies out. SWA wants noise: a learning rate
# at which SGD still walks around the valley, while we average. `SWALR` anneals from wherever the learning rate is,
# here upwards, to `swa_lr`, and stays there.

# %%
epochs, swa_start = 60, 30


def swa_schedule(optimizer):
    """A cosine for the first half, SWALR for the second."""
    falling = CosineAnnealingLR(optimizer, T_max=epochs)
    annealing = SWALR(optimizer, swa_lr=0.2, anneal_epochs=5)
    return falling, annealing


example = optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
falling, annealing = swa_schedule(example)
rates = []
for epoch in range(epochs):
    rates.append(example.param_groups[0]["lr"])
    example.step()
    (annealing if epoch >= swa_start else falling).step()

fig, ax = plt.subplots(figsize=(7, 2.6))
plot.schedule(CosineAnnealingLR(optim.SGD([torch.zeros(1)], lr=0.1), T_max=epochs), epochs, ax=ax)
ax.lines[0].set(color="0.7", lw=2, label="cosine to 0")
ax.plot(rates, color="#d7301f", lw=2, label="cosine, then SWALR")
ax.axvspan(swa_start, epochs, color="#d7301f", alpha=0.07)
ax.text(swa_start + 8, 0.1, "weights are averaged here", color="#d7301f")
ax.set(xlabel="epoch", xlim=(0, epochs))
ax.legend(frameon=False, loc="upper left")
plt.show()

# %% [markdown]
# Four ways to end a run, with five seeds each. The seed draws the split, the first weights and the batches.
#
# * **cosine**: the ordinary schedule, down to 0; its last weights.
# * **SWA**, **EMA**: averages of the weights at the end of the epochs in the second half, at `swa_lr`.
# * **last**: the last weights of that same run, not averaged.


# %%
def settings(model):
    return optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)


def four_ways(seed):
    """The held-out (loss, error) of each way to end."""
    torch.manual_seed(seed)
    order = torch.randperm(len(images))
    held_out = images[order[:360]], labels[order[:360]]
    loader = DataLoader(TensorDataset(images[order[360:]], labels[order[360:]]), 32, shuffle=True, drop_last=True)

    model = make_model()
    start = copy.deepcopy(model)
    optimizer = settings(model)
    scheduler = CosineAnnealingLR(optimizer, T_max=epochs)
    step = training_step(model, optimizer)
    for _ in range(epochs):
        train_epoch(model, step, loader)
        scheduler.step()
    results = {"cosine": score(model, *held_out)}

    model = start
    optimizer = settings(model)
    falling, annealing = swa_schedule(optimizer)
    averages = {"SWA": AveragedModel(model), "EMA": AveragedModel(model, avg_fn=get_ema_avg_fn(0.9))}
    step = training_step(model, optimizer)
    for epoch in range(epochs):
        train_epoch(model, step, loader)
        if epoch < swa_start:
            falling.step()
            continue
        annealing.step()
        for averaged in averages.values():
            averaged.update_parameters(model)
    results["last"] = score(model, *held_out)
    for name, averaged in averages.items():
        update_bn(loader, averaged)
        results[name] = score(averaged, *held_out)
    return results


table = [four_ways(seed) for seed in range(5)]
columns = {name: np.array([row[name] for row in table]) for name in ("last", "cosine", "EMA", "SWA")}
for name, column in columns.items():
    each = " ".join(f"{loss:.3f}" for loss in column[:, 0])
    print(f"{name:7} held-out loss {column[:, 0].mean():.4f} (each: {each})   error {column[:, 1].mean():.2%}")

# %%
fig, ax = plt.subplots(figsize=(7, 3.2))
ax.plot(range(4), [column[:, 0] for column in columns.values()], color="0.8", lw=1)
for i, (column, color) in enumerate(zip(columns.values(), ["#9aa5b1", "#636363", "#2b8cbe", "#d7301f"])):
    ax.plot([i] * 5, column[:, 0], "o", color=color, ms=8, mec="white")
    ax.hlines(column[:, 0].mean(), i - 0.2, i + 0.2, color=color, lw=3)
ax.set_xticks(range(4), columns)
ax.set(ylabel="held-out loss", title="Five seeds; a bar is a mean, a grey line is one seed")
plt.show()

# %% [markdown]
# The average beats the last weights of its own run for every seed. Against the cosine, which also ends in quiet, the
# gain is small: in the mean over the seeds the averages have the lower loss and the lower error, but not for each
# seed. One held-out image is 0.28 % here, so a difference in the error of two columns is a matter of one image or so.
#
# ## What to take home
#
# * Averaging weights lowers the noise floor. On a parabola the loss of the mean of $T$ iterates falls as
#   $\sigma^2 / (2 \lambda T)$, whatever the learning rate.
# * SGD at a constant learning rate walks around the valley. The average lies at its bottom.
# * The averaged network needs `update_bn` if it has batch normalisation.
# * The program `examples/swa_digits.py` is this recipe from beginning to end.
#
# ## Sources
#
# * Polyak and Juditsky, *Acceleration of Stochastic Approximation by Averaging* (1992).
# * Shamir and Zhang, *Stochastic Gradient Descent for Non-smooth Optimization* (2013).
# * Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, *Averaging Weights Leads to Wider Optima and Better
#   Generalization* (2018), [arXiv:1803.05407](https://arxiv.org/abs/1803.05407).
