# %% [markdown]
# # Schedules
#
# The best learning rate at the start of training is not the best one at its end. A schedule changes it on the way. For
# the price of one line it is often the largest gain that is to be had. We look at the usual ones, measure on
# handwritten digits what each part is good for, and build our own.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minitorch_optim as torch
from minitorch_optim import nn, optim, plot
from minitorch_optim.datasets import load_digits
from minitorch_optim.nn import functional as F
from minitorch_optim.optim import lr_scheduler as schedules

plt.rcParams.update({"figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 10})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. A gallery
#
# A scheduler is given an optimizer and changes the `lr` in its `param_groups` at each `scheduler.step()`.
# `plot.schedule` draws what one would do. It walks on a copy, so nothing is changed.

# %%
T = 100
gallery = {
    "StepLR": lambda opt: schedules.StepLR(opt, step_size=25, gamma=0.4),
    "ExponentialLR": lambda opt: schedules.ExponentialLR(opt, gamma=0.96),
    "PolynomialLR": lambda opt: schedules.PolynomialLR(opt, total_iters=T, power=2),
    "CosineAnnealingLR": lambda opt: schedules.CosineAnnealingLR(opt, T_max=T),
    "CosineAnnealingWarmRestarts": lambda opt: schedules.CosineAnnealingWarmRestarts(opt, T_0=15, T_mult=2),
    "CyclicLR": lambda opt: schedules.CyclicLR(opt, 0.01, 0.1, step_size_up=15, mode="triangular2"),
    "OneCycleLR": lambda opt: schedules.OneCycleLR(opt, max_lr=0.1, total_steps=T),
    "CosineWarmupLR": lambda opt: schedules.CosineWarmupLR(opt, warmup_steps=15, total_steps=T),
    "WarmupStableDecayLR": lambda opt: schedules.WarmupStableDecayLR(opt, 10, 60, 30),
}
figure, axes = plt.subplots(3, 3, figsize=(10, 6), sharex=True)
for i, (ax, (name, make)) in enumerate(zip(axes.flat, gallery.items())):
    optimizer = optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9)
    plot.schedule(make(optimizer), T, ax=ax)
    color = plt.cm.viridis(i / 10)
    ax.lines[0].set(color=color, linewidth=2)
    ax.fill_between(ax.lines[0].get_xdata(), ax.lines[0].get_ydata(), color=color, alpha=0.15, lw=0)
    ax.set(title=name, xlabel="", ylabel="", ylim=(0, 0.108), yticks=(0, 0.05, 0.1))
for ax in figure.axes[9:]:
    ax.set(yticks=[], ylabel="")  # of the momentum
figure.supxlabel("step")
figure.supylabel("learning rate")
plt.show()

# %% [markdown]
# The dashed line is the momentum, where a schedule moves that too: when the learning rate is high, `OneCycleLR` and
# `CyclicLR` lower it.
#
# ## 2. Where the scheduler stands in the loop
#
# After the optimizer's step, once for each step (or once for each epoch, if you count in epochs):
#
# ```python
# optimizer.zero_grad()
# loss.backward()
# optimizer.step()
# scheduler.step()
# ```
#
# Here is our training, on 1,437 images of 8×8 pixels; 360 more are held out.

# %%
torch.manual_seed(0)
images, labels = load_digits()
images = images / 16
order = torch.randperm(len(images))
x, y = images[order[:1437]], labels[order[:1437]]
x_test, y_test = images[order[1437:]], labels[order[1437:]]


def make_model(depth=2, width=64):
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(64, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def train(make_optimizer, make_schedule, steps, seed=0, depth=2, batch=32):
    """Give the loss of each batch, the learning rates, and the loss and accuracy on all training and test images."""
    torch.manual_seed(seed)
    model = make_model(depth)
    optimizer = make_optimizer(model.parameters())
    scheduler = make_schedule(optimizer)
    losses, rates = [], []
    with np.errstate(all="ignore"):  # where the learning rate is too high, numbers overflow
        for _ in range(steps):
            chosen = torch.randint(0, len(x), (batch,))
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[chosen]), y[chosen])
            loss.backward()
            optimizer.step()
            rates.append(optimizer.param_groups[0]["lr"])
            scheduler.step()
            losses.append(loss.item())
        with torch.no_grad():
            final = F.cross_entropy(model(x), y).item()
            accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
    return losses, rates, final, accuracy


def sgd(lr):
    return lambda params: optim.SGD(params, lr=lr, momentum=0.9)


def constant(optimizer):
    return schedules.LambdaLR(optimizer, lambda step: 1.0)


STEPS = 450  # ten epochs
runs = {
    "constant, 0.15": train(sgd(0.15), constant, STEPS),
    "constant, 0.02": train(sgd(0.02), constant, STEPS),
    "cosine from 0.15": train(sgd(0.15), lambda opt: schedules.CosineAnnealingLR(opt, STEPS), STEPS),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), width_ratios=(5, 3))
plot.losses({name: run[0] for name, run in runs.items()}, ax=left, log=True)
for name, run in runs.items():
    right.plot(run[1], lw=2, label=name)
    print(f"{name:17} training loss {run[2]:.4f}, test accuracy {run[3]:.1%}")
left.set(xlabel="step", ylabel="loss of the batch", ylim=(3e-3, 3))
right.set(xlabel="step", ylabel="learning rate")
plt.show()

# %% [markdown]
# A high constant rate is fast at first, and then it only shakes: each batch pulls another way, and long steps make the
# walk wide. A low one is still on its way at the end. The cosine is fast first and calm at the end: its training loss
# is a fifth of the others' or less, and it gets more of the new images right.
#
# ## 3. A fair comparison
#
# For each schedule its own best learning rate, and the same number of steps for all. Two seeds each, and the geometric
# mean of their training losses:

# %%
peaks = (0.02, 0.04, 0.08, 0.12, 0.18, 0.27)
contest = {
    "constant": (constant, "#d1495b"),
    "StepLR": (lambda opt: schedules.StepLR(opt, STEPS // 3, gamma=0.2), "#edae49"),
    "CosineAnnealingLR": (lambda opt: schedules.CosineAnnealingLR(opt, STEPS), "#00798c"),
    "OneCycleLR": (lambda opt: schedules.OneCycleLR(opt, opt.param_groups[0]["lr"], total_steps=STEPS), "#5b3a8c"),
}
results = {}
figure, ax = plt.subplots(figsize=(7, 3.8))
for name, (make, color) in contest.items():
    trained = [[train(sgd(lr), make, STEPS, seed) for seed in range(2)] for lr in peaks]
    results[name] = [np.exp(np.mean([np.log(run[2]) for run in seeds])) for seeds in trained]
    scores = [np.mean([run[3] for run in seeds]) for seeds in trained]
    best = int(np.argmin(results[name]))
    ax.loglog(peaks, results[name], "o-", color=color, lw=2, label=name)
    print(f"{name:18} best at {peaks[best]:<5} training loss {results[name][best]:.4f}, test {scores[best]:.1%}")
ax.set(xlabel="largest learning rate", ylabel="training loss after ten epochs", xticks=peaks, xticklabels=peaks)
ax.set_yticks((0.02, 0.05, 0.1, 0.2, 0.5), labels=(0.02, 0.05, 0.1, 0.2, 0.5))
ax.minorticks_off()
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# Read the picture twice. Downwards: with its best rate each schedule that falls ends lower than the best constant. And
# sideways: their best rate is higher, and they forgive more. They can afford to be bold at first, because they will be
# calm later.

# %% [markdown]
# ### Exercise 1
#
# From step 0 to step $T$ the cosine takes the rate from $\eta_\text{max}$ down to $\eta_\text{min}$ along half a wave.
# Write `cosine(step, T, lr_max, lr_min)` and compare it with `CosineAnnealingLR` at every step.
# (`scheduler.get_last_lr()` is the list of rates, one for each group.)

# %%
def cosine(step, T, lr_max, lr_min=0.0):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def cosine(step, T, lr_max, lr_min=0.0):
    return lr_min + (lr_max - lr_min) * (1 + math.cos(math.pi * step / T)) / 2


optimizer = optim.SGD([torch.zeros(1)], lr=0.1)
scheduler = schedules.CosineAnnealingLR(optimizer, T_max=50, eta_min=0.01)
theirs = []
for _ in range(51):
    theirs.append(scheduler.get_last_lr()[0])
    optimizer.step()
    scheduler.step()
mine = [cosine(step, 50, 0.1, 0.01) for step in range(51)]
print(f"largest difference {max(abs(a - b) for a, b in zip(mine, theirs)):.0e}")
assert np.allclose(mine, theirs, rtol=1e-12, atol=0)

# %% [markdown]
# ## 4. Which learning rate? The range test
#
# The quickest way to a good peak (Smith, 2017): one short run in which the rate grows from far too low to far too high,
# by a constant factor per step. At first nothing happens, then the loss falls, then it explodes. A good peak lies at
# the lowest point or below it, within a factor of four or so, and half of it is a safe guess.

# %%
LOW, HIGH, TEST = 1e-4, 3.0, 200


def range_test(make_optimizer, seed=0, depth=2):
    growth = (HIGH / LOW) ** (1 / (TEST - 1))
    losses, rates, *_ = train(
        make_optimizer(LOW), lambda opt: schedules.ExponentialLR(opt, gamma=growth), TEST, seed, depth
    )
    return np.array(rates), np.array(losses)


rates, losses = range_test(sgd)
smooth = np.convolve(np.pad(losses, 7, mode="edge"), np.ones(15) / 15, "valid")
bottom = int(np.nanargmin(smooth))
figure, ax = plt.subplots(figsize=(7, 3.4))
ax.semilogx(rates, losses, color="#00798c", alpha=0.3, lw=1)
ax.semilogx(rates, smooth, color="#00798c", lw=2.5)
ax.axvline(rates[bottom], color="#d1495b", ls=":")
ax.axvspan(rates[bottom] / 4, rates[bottom], color="#edae49", alpha=0.25, lw=0)
ax.text(rates[bottom] / 2, 3.05, "try here", ha="center", color="#9a6b00")
ax.set(xlabel="learning rate", ylabel="loss of the batch", ylim=(0, 3.4))
plt.show()
print(f"lowest at {rates[bottom]:.2g}")

# %% [markdown]
# All the best rates of the contest above lie in the band. They took 48 runs to find. This took one, of 200 steps.

# %% [markdown]
# ### Exercise 2
#
# Make a rule of it: `suggest(rates, losses, window=15)` smooths the losses with a running mean, finds the rate at their
# lowest point, and returns half of it. Train with it as the peak of `OneCycleLR` for 225 steps (five epochs), with SGD
# and with Adam, each with its own suggestion. Do both reach 90% on the test images?

# %%
def suggest(rates, losses, window=15):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def suggest(rates, losses, window=15):
    half = window // 2
    smooth = np.convolve(np.pad(losses, half, mode="edge"), np.ones(window) / window, "valid")
    return float(rates[np.nanargmin(smooth)]) / 2


def adam(lr):
    return lambda params: optim.Adam(params, lr=lr)


suggested = {}
for name, make in (("SGD", sgd), ("Adam", adam)):
    lr = suggest(*range_test(make))
    *_, accuracy = train(make(lr), lambda opt, lr=lr: schedules.OneCycleLR(opt, lr, total_steps=225), 225)
    suggested[name] = lr, accuracy
    print(f"{name:5} suggested {lr:.3f}: test accuracy {accuracy:.1%}")
assert all(accuracy > 0.9 for _, accuracy in suggested.values())
assert suggested["Adam"][0] < suggested["SGD"][0]

# %% [markdown]
# ## 5. Why warm up
#
# Adam divides by $\sqrt{\hat v}$, the size that gradients had so far. At the first step this is the size of that very
# gradient, so $\hat m / \sqrt{\hat v} = \pm 1$, and **every weight moves by the full learning rate**, also one whose
# gradient is next to nothing. The few images of one batch decide on all of it. Here is the loss before the first step
# and after it, for a network with four hidden layers:

# %%
for lr in (0.001, 0.01, 0.04, 0.1):
    torch.manual_seed(0)
    model = make_model(depth=4)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    before = F.cross_entropy(model(x), y)
    F.cross_entropy(model(x[:32]), y[:32]).backward()
    start = [p.detach().clone() for p in model.parameters()]
    optimizer.step()
    moved = torch.cat([(p - old).abs().flatten() for p, old in zip(model.parameters(), start)]).detach()
    after = F.cross_entropy(model(x), y)
    print(f"lr {lr:<5}: loss {before.item():.2f} -> {after.item():9.2f}, median move {moved.median().item():.3g}")

# %% [markdown]
# A warmup begins with small steps, until the means have seen some batches and the weights have left their random start.
# Ten steps are enough to make a difference. `SequentialLR` plays one schedule after another:

# %%
def warm_cosine(warmup, steps):
    def make(optimizer):
        rise = schedules.LinearLR(optimizer, start_factor=0.01, end_factor=1.0, total_iters=warmup)
        fall = schedules.CosineAnnealingLR(optimizer, T_max=steps - warmup)
        return schedules.SequentialLR(optimizer, [rise, fall], milestones=[warmup])

    return make


peaks = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08)
ends = {
    "no warmup": [[], lambda opt: schedules.CosineAnnealingLR(opt, 300), "#d1495b"],
    "10 steps": [[], warm_cosine(10, 300), "#edae49"],
    "60 steps": [[], warm_cosine(60, 300), "#00798c"],
}
figure, ax = plt.subplots(figsize=(7, 3.6))
for name, (values, make, color) in ends.items():
    for lr in peaks:
        values.append(np.mean([train(adam(lr), make, 300, seed, depth=4)[3] for seed in range(3)]))
    ax.semilogx(peaks, [100 * value for value in values], "o-", color=color, lw=2, label=name)
ax.set(xlabel="largest learning rate of Adam", ylabel="test accuracy (%)", xticks=peaks, xticklabels=peaks)
ax.minorticks_off()
ax.legend(title="warmup", frameon=False)
plt.show()
for name, (values, *_) in ends.items():
    print(f"{name:10}", " ".join(f"{value:6.1%}" for value in values))

# %% [markdown]
# ### Exercise 3
#
# Warmup and cosine in one formula: write `warm_cosine_factor(step, warmup, steps)`, the factor by which the base rate
# is multiplied, so that `LambdaLR(optimizer, lambda step: warm_cosine_factor(step, 20, 100))` gives the same rates as
# `SequentialLR` above with `warm_cosine(20, 100)`. (The warmup is linear from 0.01 to 1.)

# %%
def warm_cosine_factor(step, warmup, steps):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def warm_cosine_factor(step, warmup, steps):
    if step < warmup:
        return 0.01 + 0.99 * step / warmup
    return (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2


def rates_of(make, steps):
    optimizer = optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


own = rates_of(lambda opt: schedules.LambdaLR(opt, lambda step: warm_cosine_factor(step, 20, 100)), 100)
sequence = rates_of(warm_cosine(20, 100), 100)
print(f"largest difference {max(abs(a - b) for a, b in zip(own, sequence)):.0e}; largest rate {max(own):.3g}")
assert np.allclose(own, sequence, rtol=1e-12)

# %% [markdown]
# ## 6. When the length is not known: ReduceLROnPlateau
#
# All these schedules must know how long training will be. `ReduceLROnPlateau` does not. It is shown a number after each
# epoch, the loss on held-out images for instance, and when that has not improved for more than `patience` epochs, it
# cuts the rate by `factor`. Here it is at work:

# %%
torch.manual_seed(0)
model = make_model()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = schedules.ReduceLROnPlateau(optimizer, factor=0.3, patience=3)
in_training, held_out, rates, cuts = [], [], [], []
for epoch in range(24):
    total = 0.0
    for chosen in torch.randperm(len(x)).split(32):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[chosen]), y[chosen])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(chosen) / len(x)
    with torch.no_grad():
        held_out.append(F.cross_entropy(model(x_test), y_test).item())
    in_training.append(total)
    rates.append(optimizer.param_groups[0]["lr"])
    scheduler.step(held_out[-1])
    if optimizer.param_groups[0]["lr"] < rates[-1]:
        cuts.append(epoch)

figure, (upper, lower) = plt.subplots(2, 1, figsize=(7, 4.6), sharex=True, height_ratios=(3, 2))
upper.semilogy(held_out, color="#00798c", lw=2, label="held out")
upper.semilogy(in_training, color="#edae49", lw=2, label="training")
lower.step(range(24), rates, where="mid", color="#d1495b", lw=2)
for epoch in cuts:
    for ax in (upper, lower):
        ax.axvline(epoch + 0.5, color="0.75", ls=":", lw=1)
upper.set(ylabel="loss")
upper.legend(frameon=False)
lower.set(xlabel="epoch", ylabel="learning rate", yscale="log")
plt.show()
print(f"cut after the epochs {cuts}; best held-out loss {min(held_out):.3f} in epoch {np.argmin(held_out)}")

# %% [markdown]
# With the first cut both losses fall at once: the walk was circling, and now it settles. The later cuts bring nothing
# for the held-out images. There is nothing left to gain, and it is time to stop.

# %% [markdown]
# ### Exercise 4
#
# Write it yourself: `Plateau(lr, factor, patience)` with a method `step(metric)` that returns the rate to be used next.
# An epoch is better if its metric is below $(1 - 10^{-4})$ times the best so far. Count the epochs that are not; when
# there are more than `patience` of them in a row, multiply the rate by `factor` and count anew. Compare with the
# library on the losses of the last cell, and on numbers drawn by chance.

# %%
class Plateau:
    ...


# %% tags=["solution", "hide-cell"]
# Solution
class Plateau:
    def __init__(self, lr, factor, patience):
        self.lr, self.factor, self.patience = lr, factor, patience
        self.best, self.waited = math.inf, 0

    def step(self, metric):
        if metric < self.best * (1 - 1e-4):
            self.best, self.waited = metric, 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.lr, self.waited = self.lr * self.factor, 0
        return self.lr


def rates_of_library(metrics):
    optimizer, rates = optim.SGD([torch.zeros(1)], lr=0.1), []
    scheduler = schedules.ReduceLROnPlateau(optimizer, factor=0.3, patience=3)
    for metric in metrics:
        scheduler.step(metric)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


plateau = Plateau(0.1, 0.3, 3)
assert np.allclose([plateau.step(loss) for loss in held_out], rates_of_library(held_out))
by_chance = np.random.default_rng(0).uniform(1, 2, 40).tolist()
plateau = Plateau(0.1, 0.3, 3)
assert np.allclose([plateau.step(loss) for loss in by_chance], rates_of_library(by_chance))

# %% [markdown]
# ## 7. Your own
#
# Any function of the step is a schedule, through `LambdaLR`. And schedules can be combined. `SequentialLR` plays them
# one after another. `ChainedScheduler` plays them all at once, and their factors multiply: each takes the rate as it
# finds it, and changes it by its own factor. (Those that set the rate to a value, such as
# `CosineAnnealingWarmRestarts`, forget at each step what the others did before them.)

# %%
def rise_and_stairs(optimizer):
    rise = schedules.LinearLR(optimizer, start_factor=0.05, total_iters=15)
    decay = schedules.ExponentialLR(optimizer, gamma=0.985)
    stairs = schedules.StepLR(optimizer, step_size=40, gamma=0.5)
    return schedules.ChainedScheduler([rise, decay, stairs])


def wave(optimizer):
    return schedules.LambdaLR(optimizer, lambda step: 0.55 + 0.45 * math.cos(step / 6) * math.exp(-step / 40))


figure, axes = plt.subplots(1, 2, figsize=(9, 2.5))
for ax, make in zip(axes, (rise_and_stairs, wave)):
    plot.schedule(make(optim.SGD([torch.zeros(1)], lr=0.1)), 100, ax=ax)
    ax.set(title=make.__name__.replace("_", " "), ylim=(0, 0.105))
plt.show()

# %% [markdown]
# ## What to take home
#
# - High first, then low. With a schedule that falls to zero, the peak can be higher than any good constant rate.
# - A warmup of a few steps protects the start, above all with Adam and in deep networks.
# - If you know the length of training: warmup and cosine, or `OneCycleLR`. If not: `ReduceLROnPlateau`, or
#   `WarmupStableDecayLR`, whose decay can begin when you decide.
# - `optimizer.step()` first, `scheduler.step()` after it.
#
# Smith, *Cyclical Learning Rates for Training Neural Networks* (2017),
# [arXiv:1506.01186](https://arxiv.org/abs/1506.01186); Loshchilov and Hutter, *SGDR: Stochastic Gradient Descent with
# Warm Restarts* (2017), [arXiv:1608.03983](https://arxiv.org/abs/1608.03983).
