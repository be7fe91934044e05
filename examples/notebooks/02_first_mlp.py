# %% [markdown]
# # A first network
#
# We train a multilayer perceptron, watch it bend its decision boundaries around the data, break it with bad learning
# rates, and let it learn noise by heart. Everything is two-dimensional, so everything can be seen.

# %%
import copy
import math

import matplotlib.pyplot as plt
import numpy as np

import minitorch_optim as torch
from minitorch_optim import nn, optim, plot
from minitorch_optim.nn import functional as F

plt.rcParams.update({"figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 10})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. The data
#
# Three spiral arms, one class each. No straight line separates them, so a linear model must fail.

# %%
COLORS = np.array(["#d1495b", "#edae49", "#00798c"])


def spirals(n_per_arm, noise=0.12):
    """Points of shape (3 n, 2) and their classes, shape (3 n,)."""
    classes = torch.arange(3).repeat_interleave(n_per_arm)
    radius = torch.rand(3 * n_per_arm).sqrt()  # even over the disc
    angle = 2 * math.pi / 3 * classes + 6 * radius + noise * torch.randn(3 * n_per_arm) / radius.clamp(min=0.2)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1) * 2, classes


torch.manual_seed(0)
x, y = spirals(100)
x_test, y_test = spirals(300)
print(x.shape, y.shape, x.dtype, y.dtype)


# %% [markdown]
# ## 2. The model and the loop
#
# A layer computes $h = \mathrm{ReLU}(x W^\top + b)$. Two of those, then a linear layer that gives three *scores*
# (logits) for each point. The loss is the cross-entropy: with scores $z$ and the right class $c$,
#
# $$ \ell = -\log \frac{e^{z_c}}{\sum_k e^{z_k}}. $$
#
# `cross_entropy` takes the scores as they are. It does the softmax itself, so the network must not.

# %%
def make_model(width=32):
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 3))


torch.manual_seed(1)
model = make_model()
print(model)
print(sum(p.numel() for p in model.parameters()), "parameters")
print(f"loss before training: {F.cross_entropy(model(x), y).item():.4f}")

# %% [markdown]
# ### Exercise 1
#
# A check that finds many mistakes before any training: a network that knows nothing should give each of $C$ classes
# about the same probability. What is the cross-entropy then? Write `know_nothing_loss(n_classes)` and compare with the
# line above.

# %%
def know_nothing_loss(n_classes):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def know_nothing_loss(n_classes):
    return math.log(n_classes)  # -log(1 / C)


print(f"for three classes: {know_nothing_loss(3):.4f}")
zeros = torch.zeros(5, 3)
assert abs(F.cross_entropy(zeros, torch.tensor([0, 1, 2, 0, 1])).item() - know_nothing_loss(3)) < 1e-6
assert abs(F.cross_entropy(make_model()(x), y).item() - know_nothing_loss(3)) < 0.2

# %% [markdown]
# ### Exercise 2
#
# Write `accuracy(model, x, y)`, the share of points for which the largest of the three scores is that of the right
# class, as a Python float. (`scores.argmax(dim=1)` is the place of the largest in each row, and `.item()` makes a
# Python number of a tensor.) Nothing is to be recorded for backward here, so compute inside `with torch.no_grad():`.

# %%
def accuracy(model, x, y):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def accuracy(model, x, y):
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()


class SaysOne(nn.Module):
    def forward(self, x):
        return torch.tensor([0.0, 1.0, 0.0]).repeat(len(x), 1)


assert accuracy(SaysOne(), x, y) == np.float32(1 / 3)
assert accuracy(SaysOne(), x[:100], torch.ones(100, dtype=torch.int64)) == 1

# %% [markdown]
# The loop of all loops: clear the gradients, compute the loss, go backward, let the optimizer make a step. Before the
# step we look at the losses, and now and then keep a copy of the model.

# %%
def train(model, x, y, optimizer, steps, x_test=None, y_test=None, snapshots=()):
    """Full-batch training. Gives the losses (training, test) after 0, 1, ... steps, and copies of the model."""
    losses, kept = [], {}
    for step in range(steps + 1):
        if step in snapshots:
            kept[step] = copy.deepcopy(model)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        test_loss = math.nan
        if x_test is not None:
            with torch.no_grad():
                test_loss = F.cross_entropy(model(x_test), y_test).item()
        losses.append((loss.item(), test_loss))
        if step < steps:
            optimizer.step()
    return np.array(losses), kept


optimizer = optim.Adam(model.parameters(), lr=0.01)
losses, kept = train(model, x, y, optimizer, 400, x_test, y_test, snapshots=(0, 20, 100, 400))
print(f"training loss {losses[-1, 0]:.3f}, test loss {losses[-1, 1]:.3f}")
print(f"accuracy: training {accuracy(model, x, y):.1%}, test {accuracy(model, x_test, y_test):.1%}")


# %% [markdown]
# Two easy mistakes raise no error, and the network even learns a little: softmax done twice, and gradients that nobody
# cleared. `torch.lint_training` finds such things. It runs a step twice, watches, and puts everything back:

# %%
careless = nn.Sequential(*make_model(), nn.Softmax(dim=1))
careless_optimizer = optim.Adam(careless.parameters(), lr=0.01)


def careless_step():
    loss = F.cross_entropy(careless(x), y)
    loss.backward()
    careless_optimizer.step()
    return loss


print(torch.lint_training(careless_step))


# %% [markdown]
# ## 3. What it has learned
#
# We ask the network at every point of a grid. The colour is the class it answers, and it is stronger where the network
# is more sure.

# %%
def draw_regions(ax, model, x, y, reach=2.4, size=6):
    side = torch.linspace(-reach, reach, 160)
    grid_y, grid_x = torch.meshgrid(side, side, indexing="ij")
    with torch.no_grad():
        p = F.softmax(model(torch.stack([grid_x.flatten(), grid_y.flatten()], dim=1)), dim=1).numpy()
    rgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in COLORS])
    sure = (p.max(1, keepdims=True) - 1 / 3) * 1.5 * 0.75
    image = 1 - sure * (1 - rgb[p.argmax(1)])
    extent = (-reach, reach, -reach, reach)
    ax.imshow(image.reshape(160, 160, 3), extent=extent, origin="lower", interpolation="bilinear")
    ax.scatter(*x.numpy().T, c=COLORS[y.numpy()], s=size, edgecolors="white", linewidths=0.3)
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)


figure, axes = plt.subplots(1, 4, figsize=(10, 3.1))
for ax, (step, snapshot) in zip(axes, kept.items()):
    draw_regions(ax, snapshot, x, y)
    ax.set_title(f"after {step} steps\n{accuracy(snapshot, x_test, y_test):.0%} of test points right")
plt.show()

# %% [markdown]
# At the start it knows nothing. Then it finds the coarse arrangement, and then it winds the boundaries inwards, where
# the arms are closest. Far from the data it is just as sure of itself. That is a property of these networks to keep in
# mind: **sure is not the same as right**.
#
# ## 4. The learning rate
#
# The most important number of a training run. We take plain gradient descent, $w \leftarrow w - \eta\, \nabla\ell(w)$,
# the same start each time, 300 steps, and 25 learning rates $\eta$.

# %%
rates = np.logspace(-3, 1, 25)
final, runs, models = [], {}, {}
for i, lr in enumerate(rates):
    torch.manual_seed(1)
    model = make_model()
    curve, _ = train(model, x, y, optim.SGD(model.parameters(), lr=lr), 300)
    final.append(curve[-20:, 0].mean())
    if i in (6, 17, 22):
        runs[lr], models[lr] = curve[:, 0], model

figure, axes = plt.subplot_mosaic("AAABBB;CCDDEE", figsize=(9, 6))
axes["A"].loglog(rates, final, "o-", color="0.4", ms=4)
axes["A"].axhline(math.log(3), color="0.7", ls=":")
axes["A"].set(xlabel="learning rate", ylabel="loss after 300 steps")
for (lr, curve), color in zip(runs.items(), ("C0", "C2", "C3")):
    axes["B"].semilogy(curve, color=color, label=f"{lr:.2g}")
    axes["A"].plot(lr, final[list(rates).index(lr)], "o", color=color, ms=9)
axes["B"].set(xlabel="step", ylabel="loss")
axes["B"].legend(title="learning rate", frameon=False)
for ax, (lr, model), word in zip((axes["C"], axes["D"], axes["E"]), models.items(), ("too low", "good", "too high")):
    draw_regions(ax, model, x, y)
    ax.set_title(f"{lr:.2g}: {word}")
plt.show()
print(f"best of the 25: {rates[np.argmin(final)]:.2g}")
for lr, model in models.items():
    silent = (model[:4](x) == 0).all(dim=0).sum().item()
    print(f"learning rate {lr:.2g}: {silent} of 32 units of the second layer are 0 at all points")

# %% [markdown]
# From 0.01 to 1.5 more is better: the network makes the same way in fewer steps. Then comes the edge. Beyond it a step
# jumps over the valley and lands higher on the other side, and the loss is thrown about. At 4.6 it ends with a network
# that says the same everywhere: all units of the second layer are dead. They give 0 at every point, and a unit that
# gives 0 gets no gradient, so it stays dead. The best learning rate lies *just below the edge*. Search in powers of ten
# from below, and stop where the loss becomes restless.
#
# ## 5. Learning by heart
#
# Now fewer points, a fifth of them with a wrong label, and a much larger network. Someone who understood the spirals
# would get four fifths of these labels right. Someone with a good memory gets nearly all.

# %%
def with_mistakes(y):
    """A fifth of the labels, drawn by chance, become one of the other two."""
    wrong = torch.rand(len(y)) < 0.2
    return torch.where(wrong, (y + torch.randint(1, 3, (len(y),))) % 3, y)


torch.manual_seed(2)
x_few, y_few = spirals(50)
y_noisy = with_mistakes(y_few)
print(f"{(y_noisy != y_few).sum().item()} of {len(y_few)} labels are wrong")

large = make_model(width=128)
print(sum(p.numel() for p in large.parameters()), "parameters for", len(y_few), "labels")
memory, stages = train(
    large, x_few, y_noisy, optim.Adam(large.parameters(), lr=0.004), 1500, x_test, y_test, snapshots=(100, 1500)
)
best = int(memory[:, 1].argmin())
print(f"training accuracy {accuracy(large, x_few, y_noisy):.0%}, test accuracy {accuracy(large, x_test, y_test):.0%}")
print(f"the test loss was lowest after {best} steps: {memory[best, 1]:.2f}; at the end it is {memory[-1, 1]:.2f}")

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3.3), width_ratios=(1.25, 1, 1))
plot.losses({"training": memory[:, 0], "test": memory[:, 1]}, ax=left, log=True, smoothing=0)
left.axvline(best, color="0.7", ls=":")
left.set(ylabel="cross-entropy")
for ax, (step, stage) in zip((middle, right), stages.items()):
    draw_regions(ax, stage, x_few, y_noisy, size=14)
    ax.set_title(f"after {step} steps\n{accuracy(stage, x_test, y_test):.0%} of test points right")
plt.show()

# %% [markdown]
# After a hundred steps the network has the arms, and takes the wrong labels for what they are. Then it begins to fence
# in every wrong point, and each fence costs test points. Look at the two losses: the training loss says that all is
# well. Only data that took no part in training can tell.

# %% [markdown]
# ### Exercise 3
#
# **Early stopping.** Keep the weights that were best on points that took no part in training. (Not on the test points:
# who chooses by them can no longer test with them.) Write `train_with_patience(model, x, y, x_held, y_held, patience)`:
# Adam with `lr=0.004`; after each step compute the loss on the held-out points; remember the best `state_dict` (a copy:
# the weights go on changing); stop when `patience` steps brought nothing better; load the best weights back. Return how
# many steps were made.
#
# For the held-out points draw `spirals(50)` anew, with mistakes in the labels as well.

# %%
def train_with_patience(model, x, y, x_held, y_held, patience=100):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def train_with_patience(model, x, y, x_held, y_held, patience=100):
    optimizer = optim.Adam(model.parameters(), lr=0.004)
    best_loss, best_weights, waited, steps = math.inf, None, 0, 0
    while waited < patience:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        steps += 1
        with torch.no_grad():
            loss = F.cross_entropy(model(x_held), y_held).item()
        if loss < best_loss:
            best_loss, best_weights, waited = loss, copy.deepcopy(model.state_dict()), 0
        else:
            waited += 1
    model.load_state_dict(best_weights)
    return steps


torch.manual_seed(3)
x_held, y_held = spirals(50)
y_held = with_mistakes(y_held)
stopped = make_model(width=128)
same_start = copy.deepcopy(stopped)
steps = train_with_patience(stopped, x_few, y_noisy, x_held, y_held)
print(f"stopped after {steps} steps: test accuracy {accuracy(stopped, x_test, y_test):.0%}",
      f"(learnt by heart: {accuracy(large, x_test, y_test):.0%})")  # fmt: skip
assert steps < 600
assert accuracy(stopped, x_test, y_test) > accuracy(large, x_test, y_test) + 0.05
train(same_start, x_few, y_noisy, optim.Adam(same_start.parameters(), lr=0.004), steps - 100)
assert torch.allclose(stopped(x_test), same_start(x_test))  # the weights of before the last 100 steps

# %% [markdown]
# ### Exercise 4
#
# **Weight decay.** The fences need large weights. `AdamW` takes $\eta\lambda w$ off each weight in each step, where
# $\lambda$ is its `weight_decay`. Train `make_model(128)` on the noisy points, 1000 steps with `lr=0.004`, for
# $\lambda$ = 0, 1, 3, 10 and 30. For each print the accuracies on the noisy training points and on the test points.
# Where is the best $\lambda$? How many of the noisy labels does that network get right, and how many *are* right?

# %%
results = ...  # {weight decay: (training accuracy, test accuracy, model)}

# %% tags=["solution", "hide-cell"]
# Solution
results = {}
for decay in (0, 1, 3, 10, 30):
    torch.manual_seed(4)
    model = make_model(width=128)
    train(model, x_few, y_noisy, optim.AdamW(model.parameters(), lr=0.004, weight_decay=decay), 1000)
    results[decay] = accuracy(model, x_few, y_noisy), accuracy(model, x_test, y_test), model

figure, axes = plt.subplots(1, 5, figsize=(10, 2.8))
for ax, (decay, (on_training, on_test, model)) in zip(axes, results.items()):
    print(f"weight decay {decay:2}: {on_training:.0%} of the noisy labels, {on_test:.0%} of the test points")
    draw_regions(ax, model, x_few, y_noisy, size=8)
    ax.set_title(rf"$\lambda$ = {decay}" f"\ntest {on_test:.0%}")
plt.show()

# At the best of them it contradicts about as many training labels as are wrong.
assert max(results, key=lambda decay: results[decay][1]) == 3
assert abs(results[3][0] - (y_noisy == y_few).float().mean().item()) < 0.05
assert results[0][0] > 0.95 and results[3][1] > 0.85 > results[0][1] > results[30][1]

# %% [markdown]
# ## What to take home
#
# - Five lines are a training loop: `zero_grad`, loss, `backward`, `step`, and a look at data that took no part.
# - Before training, the loss should be $\log C$.
# - The best learning rate lies just below the edge where training breaks. Search in powers of ten.
# - A large network can learn nearly any labels by heart. The training loss cannot show it. Held-out data can, and early
#   stopping and weight decay are two remedies.
