# %% [markdown]
# # Batch normalisation from inside
#
# Batch normalisation is three lines of arithmetic between two layers. Those lines decide whether a deep network learns
# at all. They are also the reason for `model.train()` and `model.eval()`, and for some of the most common mistakes. We
# look at every number on the way.

# %%
import copy

import matplotlib.pyplot as plt
import numpy as np

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.datasets import load_digits
from minitorch_optim.nn import functional as F

plt.rcParams.update({"figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 10})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
PLAIN, NORMED = "#d1495b", "#00798c"

# %% [markdown]
# ## 1. A deep network that does not learn
#
# The data are 8×8 pixel images of handwritten digits. The network is deeper than the task needs: ten hidden layers of
# 48 units, so that what happens from layer to layer can be seen. With `norm=True` a `BatchNorm1d` stands between each
# linear layer and its ReLU.

# %%
DEPTH, WIDTH = 10, 48

torch.manual_seed(0)
images, labels = load_digits()
images = images / 16
order = torch.randperm(len(images))
x, y = images[order[:1437]], labels[order[:1437]]
x_test, y_test = images[order[1437:]], labels[order[1437:]]


def make_model(norm, depth=DEPTH):
    layers, n = [], 64
    for _ in range(depth):
        layers.append(nn.Linear(n, WIDTH))
        if norm:
            layers.append(nn.BatchNorm1d(WIDTH))
        layers.append(nn.ReLU())
        n = WIDTH
    return nn.Sequential(*layers, nn.Linear(n, 10))


def before_relu(model, x):
    """What each ReLU receives: a list of arrays of shape (N, WIDTH). We use a copy, so that looking changes nothing."""
    seen, copied = [], copy.deepcopy(model)
    for module in copied:
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda module, given, out: seen.append(given[0].numpy()))
    with torch.no_grad():
        copied(x)
    return seen


def signal(model, x):
    """For each layer: how much its units differ from image to image (standard deviation, mean over the units)."""
    return [a.std(axis=0).mean() for a in before_relu(model, x)]


def train(model, lr, steps=300, batch=64, look=None):
    """SGD with momentum on batches drawn by chance. Gives the loss of each step."""
    torch.manual_seed(1)
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(steps):
        if look is not None:
            look(model)
        chosen = torch.randint(0, len(x), (batch,))
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[chosen]), y[chosen])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def accuracy(model, x, y):
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


trained, signals, at_start = {}, {}, {}
for norm in (False, True):
    torch.manual_seed(0)
    model = make_model(norm)
    at_start[norm], signals[norm] = copy.deepcopy(model), []
    losses = train(model, lr=0.05, look=lambda model, norm=norm: signals[norm].append(signal(model, x[:200])))
    model.eval()
    trained[norm] = model
    print(f"{'with' if norm else 'without':8}batch norm: loss {np.mean(losses[-20:]):.3f}, "
          f"test accuracy {accuracy(model, x_test, y_test):.1%}")  # fmt: skip

# %% [markdown]
# A guess at random would be right for 10% of the images. The network without batch norm learns nothing, and here is
# why.
#
# ## 2. What each layer sees
#
# Take 200 training images and look at what arrives at the ReLU of each layer: how do the values *differ from image to
# image*? Each ridge below is the distribution of these differences in one layer, before any training.

# %%
def ridges(ax, arrays, shades, reach=2.5):
    steps = np.linspace(-4, 4, 81)
    for layer, a in enumerate(arrays):
        differences = a - a.mean(axis=0)
        density = np.histogram(differences, steps * differences.std())[0]
        density = np.convolve(density / density.max(), np.ones(5) / 5, "same") * 2
        middles = (steps[1:] + steps[:-1]) / 2 * differences.std()
        shade = shades(1 - layer / 14)
        ax.plot(middles, density - layer, color="white", lw=4, zorder=layer)
        ax.fill_between(middles, -layer, density - layer, facecolor=shade, edgecolor=shade, lw=1.4, zorder=layer)
    ax.set(yticks=-np.arange(len(arrays)), yticklabels=np.arange(1, len(arrays) + 1), xlim=(-reach, reach))
    ax.spines["left"].set_visible(False)
    ax.tick_params(left=False)


figure, axes = plt.subplots(1, 2, figsize=(9, 4.6))
for ax, norm, shades in zip(axes, (False, True), (plt.cm.Reds, plt.cm.GnBu)):
    ridges(ax, before_relu(at_start[norm], x[:200]), shades)
    ax.set(title="with batch norm" if norm else "without batch norm", xlabel="difference from the unit's mean")
axes[0].set_ylabel("layer")
plt.show()
for norm in (False, True):
    print("with   " if norm else "without", " ".join(f"{value:.5f}" for value in signal(at_start[norm], x[:200])))

# %% [markdown]
# Without batch norm each layer multiplies the differences by about 0.4. (The usual initialisation of `Linear` draws
# weights with variance $\frac{1}{3n}$ for $n$ inputs, and ReLU lets half of the power pass: $\sqrt{1/6} \approx 0.41$.)
# After ten layers all images look the same. What differs by less than a ten-thousandth cannot be told apart by the last
# layer, and no useful gradient finds its way back.
#
# With batch norm every layer sees the full width, whatever the layers before it do. Here are both through training:

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
for ax, norm, title in zip(axes, (False, True), ("without batch norm", "with batch norm")):
    for layer in range(DEPTH):
        ax.semilogy([values[layer] for values in signals[norm]], color=plt.cm.viridis(layer / DEPTH), lw=1.3)
    ax.set(xlabel="step", title=title)
axes[0].set_ylabel("difference from image to image")
scale = plt.cm.ScalarMappable(plt.Normalize(1, DEPTH), "viridis")
figure.colorbar(scale, ax=axes, label="layer", ticks=(1, 4, 7, 10))
plt.show()

# %% [markdown]
# ## 3. The three lines
#
# For each unit, over the batch $x_1, \ldots, x_N$:
#
# $$ \mu = \frac1N \sum_i x_i, \qquad \sigma^2 = \frac1N \sum_i (x_i - \mu)^2, \qquad
# y_i = \gamma\, \frac{x_i - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta. $$
#
# The scale $\gamma$ and the shift $\beta$ are parameters: they start at 1 and 0, and let a layer take back the
# normalisation where it is better without.

# %% [markdown]
# ### Exercise 1
#
# Write `normalize(x, gamma, beta, eps=1e-5)` for `x` of shape (N, C), with means and products only, so that the tape
# can differentiate it. Compare its values and the gradient by `x` with `nn.BatchNorm1d`.

# %%
def normalize(x, gamma, beta, eps=1e-5):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def normalize(x, gamma, beta, eps=1e-5):
    mean = x.mean(dim=0)
    var = ((x - mean) ** 2).mean(dim=0)
    return gamma * (x - mean) / (var + eps).sqrt() + beta


torch.manual_seed(2)
ours = (3 + 5 * torch.randn(8, 4)).requires_grad_()
theirs = ours.detach().clone().requires_grad_()
upstream = torch.randn(8, 4)
layer = nn.BatchNorm1d(4)
(normalize(ours, layer.weight, layer.bias) * upstream).sum().backward()
(layer(theirs) * upstream).sum().backward()
print("largest difference of the gradients:", f"{(ours.grad - theirs.grad).abs().max().item():.0e}")
assert torch.allclose(normalize(ours, layer.weight, layer.bias), layer(theirs), atol=1e-5)
assert torch.allclose(ours.grad, theirs.grad, atol=1e-5)

# %% [markdown]
# The gradient has a shape of its own. Add a constant to all $x_i$, and $y$ stays the same. Multiply all by 2, and (but
# for $\varepsilon$) $y$ stays the same. A function that does not change along a direction has no slope along it. So the
# gradient by $x$ sums to zero over the batch, and is at right angles to $\hat x$, the normalised $x$:

# %%
torch.manual_seed(3)
z = (3 + 5 * torch.randn(64, 4)).requires_grad_()
normed = F.batch_norm(z, None, None, training=True)
normed.sin().sum().backward()
print("sum over the batch:   ", z.grad.sum(dim=0))
print("product with x-hat:   ", (z.grad * normed.detach()).sum(dim=0))
print("size of the gradient: ", z.grad.norm(dim=0))

# %% [markdown]
# One consequence: a bias in front of batch norm does nothing, and its gradient is zero. `nn.Linear(n, m, bias=False)`
# is enough there. Another one: the *size* of the weights in front of it does nothing either. A network with weights
# twice as large computes the same.
#
# ## 4. What comes back
#
# Now the way back. How large is the gradient of the weights of each layer, at the start?

# %%
figure, ax = plt.subplots(figsize=(7, 3.2))
for norm, color, label in ((False, PLAIN, "without batch norm"), (True, NORMED, "with batch norm")):
    model = copy.deepcopy(at_start[norm])
    F.cross_entropy(model(x[:200]), y[:200]).backward()
    sizes = [module.weight.grad.norm().item() for module in model if isinstance(module, nn.Linear)]
    ax.semilogy(np.arange(1, DEPTH + 2), sizes, "o-", color=color, label=label)
    print(f"{label:19}: first layer {sizes[0]:.1e}, last but one {sizes[-2]:.1e}")
ax.set(xlabel="layer", ylabel="norm of the gradient", xticks=range(1, DEPTH + 2))
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# Without batch norm the first layers hear next to nothing of the loss. That is the other side of section 2: the factor
# of about 0.4 per layer acts on the way back, too.
#
# ## 5. Is it the only remedy?
#
# No. If the trouble is the factor 0.41, one can draw larger weights: Kaiming's initialisation gives them variance
# $\frac{2}{n}$, and the factor becomes 1. That holds at the start. Batch norm holds it through training, so it bears a
# wider range of learning rates. See for yourself: three networks, eight learning rates, 200 steps each.

# %%
def kaiming(model):
    for module in model:
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)
    return model


rates = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
kinds = {
    "usual start": (lambda: make_model(False), PLAIN),
    "Kaiming's start": (lambda: kaiming(make_model(False)), "#edae49"),
    "batch norm": (lambda: make_model(True), NORMED),
}
figure, ax = plt.subplots(figsize=(7, 3.4))
reached = {}
for name, (make, color) in kinds.items():
    reached[name] = []
    for lr in rates:
        torch.manual_seed(0)
        model = make()
        with np.errstate(over="ignore", invalid="ignore"):  # some will explode: that is what we want to see
            train(model, lr, steps=200)
            model.eval()
            score = accuracy(model, x_test, y_test)
        reached[name].append(100 * score)
    ax.semilogx(rates, reached[name], "o-", color=color, lw=2, label=name)
ax.set(xlabel="learning rate", ylabel="test accuracy (%)", ylim=(0, 102))
ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
plt.show()
for name, values in reached.items():
    print(f"{name:16}", " ".join(f"{value:5.1f}" for value in values))

# %% [markdown]
# The usual start never learns here. Kaiming's start reaches 85% within one power of ten of learning rates, batch norm
# reaches more than 90% within two. (A third remedy, skip connections, is what very deep networks use in addition.)
#
# ## 6. Running statistics
#
# In training, $\mu$ and $\sigma$ come from the batch. So the answer for one image depends on the images it happens to
# be with. For a trained network one does not want that. Therefore the layer keeps *running statistics* as it trains,
#
# $$ r \leftarrow (1 - m)\, r + m\, \mu_\text{batch}, \qquad m = 0.1, $$
#
# and the same for the variance (with $N - 1$ in place of $N$). They start at 0 and 1. `model.eval()` makes the layer
# use them in place of the batch's, and `model.train()` goes back. Here is one unit through the first 150 steps:

# %%
torch.manual_seed(0)
model = make_model(norm=True)
of_batches, running = [], []
first = model[1]
first.register_forward_pre_hook(lambda layer, given: of_batches.append(given[0].detach().numpy()[:, 3].mean()))
train(model, lr=0.05, steps=150, look=lambda model: running.append(model[1].running_mean[3].item()))

figure, ax = plt.subplots(figsize=(7, 3.2))
ax.plot(of_batches, ".", color="0.65", label="mean of the batch")
ax.plot(running, color=NORMED, lw=2.5, label="running mean")
ax.set(xlabel="step", ylabel="mean of unit 3, first layer")
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ### Exercise 2
#
# How long must the layer train before its running mean can be used? Suppose all batches have the same mean $\mu$. Then
# after $n$ batches $r_n = \bigl(1 - (1-m)^n\bigr)\mu$. Write `batches_until(share, momentum)`: the smallest $n$ for
# which $r_n \ge$ `share` $\cdot\,\mu$. Check it with a real layer, fed with a batch of mean 1. Then think of a network
# that was trained for five batches and is put into `eval()`.

# %%
def batches_until(share, momentum=0.1):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def batches_until(share, momentum=0.1):
    return int(np.ceil(np.log(1 - share) / np.log(1 - momentum)))


for share in (0.5, 0.95, 0.99):
    layer, n = nn.BatchNorm1d(1), 0
    while layer.running_mean.item() < share:
        layer(torch.tensor([[0.0], [2.0]]))
        n += 1
    print(f"{share:.0%} after {n} batches")
    assert n == batches_until(share)

# %% [markdown]
# ## 7. Train or eval
#
# The most common mistake with batch norm is to test in the wrong mode. (`torch.lint_training(step, evaluate=...)`
# reports it.) It can go unnoticed for long: with test batches that look like the training batches it costs little.
# Watch what happens when they do not.

# %%
model = trained[True]
by_class = [y_test == label for label in range(10)]


def accuracy_by_batches(model, batches):
    right = sum((model(x_test[batch]).argmax(1) == y_test[batch]).sum().item() for batch in batches)
    return right / len(x_test)


together = [torch.arange(len(x_test)) % 6 == part for part in range(6)]
with torch.no_grad():
    for mode in ("eval", "train"):
        for name, batches in (("mixed batches", together), ("one class per batch", by_class)):
            tested = copy.deepcopy(model)
            tested.train(mode == "train")
            print(f"{mode + '()':8} {name:20} {accuracy_by_batches(tested, batches):.1%}")

# %% [markdown]
# In training mode, with one class per batch, the layer subtracts exactly what is common to the images, and that was the
# class. And there is a second damage: a forward pass in training mode also changes the running statistics, even within
# `no_grad()`. (We used copies for that reason.) One image alone has no spread at all, and the layer says so:

# %%
model.train()
try:
    model(x_test[:1])
except ValueError as error:
    print("ValueError:", error)
model.eval()
print("in eval mode:", model(x_test[:1]).argmax(1).item(), "- the label is", y_test[0].item())

# %% [markdown]
# ### Exercise 3
#
# In eval mode $\mu$, $\sigma$, $\gamma$ and $\beta$ are constants, so batch norm is a scale and a shift, and can be
# folded into the linear layer before it:
#
# $$ W' = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}}\, W, \qquad
# b' = \frac{\gamma\,(b - \mu)}{\sqrt{\sigma^2 + \varepsilon}} + \beta. $$
#
# This is what is done before a network goes into use: the normalisation then costs nothing. Write `fold(linear, norm)`,
# which returns a new `nn.Linear`, and `fold_all(model)`, which returns a `Sequential` without batch norm that gives the
# same scores.

# %%
def fold(linear, norm):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def fold(linear, norm):
    with torch.no_grad():
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        folded = nn.Linear(linear.in_features, linear.out_features)
        folded.weight.copy_(scale[:, None] * linear.weight)
        folded.bias.copy_(scale * (linear.bias - norm.running_mean) + norm.bias)
    return folded


def fold_all(model):
    layers = []
    for module in model:
        if isinstance(module, nn.BatchNorm1d):
            layers[-1] = fold(layers[-1], module)
        else:
            layers.append(module)
    return nn.Sequential(*layers)


folded = fold_all(model)
difference = (folded(x_test) - model(x_test)).abs().max().item()
print(f"{len(model)} layers became {len(folded)}; largest difference of the scores {difference:.0e}")
assert len(folded) == len(model) - DEPTH
assert difference < 1e-4

# %% [markdown]
# ## 8. Why $\varepsilon$
#
# Some pixels at the rim are 0 in all images. Their variance is 0, and $(x - \mu)/\sigma$ would be 0/0. With
# $\varepsilon = 10^{-5}$ the result is 0. More exactly: a unit with spread $\sigma$ comes out with the spread
# $\sigma/\sqrt{\sigma^2 + \varepsilon}$, which is 1 as long as $\sigma$ is well above $\sqrt\varepsilon \approx 0.003$.
# What is smaller is amplified too, but by no more than $1/\sqrt\varepsilon \approx 316$.

# %%
always_0 = (x == 0).all(dim=0)
print("pixels that are 0 in all training images:", always_0.sum().item())
normed = F.batch_norm(x, None, None, training=True)
print("normalised, they are between", normed[:, always_0].min().item(), "and", normed[:, always_0].max().item())

torch.manual_seed(4)
unit = torch.randn(2000, 1)
sigmas = np.logspace(-6, 1, 60)
figure, ax = plt.subplots(figsize=(7, 3.2))
for eps, shade in ((1e-3, 0.25), (1e-5, 0.55), (1e-8, 0.9)):
    out = [F.batch_norm(unit * float(s), None, None, training=True, eps=eps).numpy().std() for s in sigmas]
    ax.loglog(sigmas, out, color=plt.cm.GnBu(shade + 0.1), lw=2.5, label=rf"$\varepsilon$ = {eps:g}")
    ax.axvline(eps**0.5, color=plt.cm.GnBu(shade + 0.1), ls=":", lw=1)
ax.set(xlabel=r"spread $\sigma$ of the input", ylabel="spread of the output")
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ### Exercise 4
#
# If $\mu$ and $\sigma$ were treated as constants in backward, the network would compute the same values and get another
# gradient. Write `normalize_carelessly(x)` which does that (`detach()` cuts a tensor from the tape), and compare the
# sum of its gradient over the batch with that of the real layer. That sum is the gradient of a bias in front of it:
# what would gradient descent do to the bias? (The inventors tell in section 2 of their paper that they had tried.)

# %%
def normalize_carelessly(x, eps=1e-5):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def normalize_carelessly(x, eps=1e-5):
    mean = x.mean(dim=0).detach()
    var = ((x - mean) ** 2).mean(dim=0).detach()
    return (x - mean) / (var + eps).sqrt()


torch.manual_seed(5)
data, upstream = torch.randn(64, 3), torch.rand(64, 3)
sums = []
for function in (normalize_carelessly, lambda x: F.batch_norm(x, None, None, training=True)):
    leaf = data.clone().requires_grad_()
    (function(leaf) * upstream).sum().backward()
    sums.append(leaf.grad.sum(dim=0))
print("carelessly:", sums[0])
print("really:    ", sums[1])
# The careless gradient pushes the bias the same way in every step, and the loss does not change by it: so it drifts
# off without end. The real one leaves it alone.
assert torch.allclose(normalize_carelessly(data), F.batch_norm(data, None, None, training=True), atol=1e-5)
assert (sums[0].abs() > 10).all() and (sums[1].abs() < 1e-4).all()

# %% [markdown]
# ## What to take home
#
# - Without care, differences between images fade or grow by a constant factor per layer. Batch norm resets them to 1 at
#   every layer, at every step.
# - Train mode: the batch's statistics, and the running ones are updated. Eval mode: the running ones. Choose the mode
#   before you test.
# - No bias is needed before batch norm, and the size of the weights before it has no effect on the output.
# - In eval mode it is a scale and a shift, and folds away.
#
# Ioffe and Szegedy, *Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift*
# (2015), [arXiv:1502.03167](https://arxiv.org/abs/1502.03167). The layer is in `nn/batch_norm.py`, and its arithmetic
# in `nn/functional/normalization.py`.
