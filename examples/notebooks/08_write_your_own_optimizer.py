# %% [markdown]
# # Write your own optimizer, and check it
#
# An optimizer is one formula. Everything around it, parameter groups, state, saving, large and small parameters,
# sparse gradients, is the same for all, and the library's driver does it. In this notebook you write the formula of
# *Signum* (Bernstein et al., 2018), and then try hard to show that it is wrong.
#
# You will
#
# 1. write a rule of two lines and a class of a dozen, and see what you get for free;
# 2. look at what it does, in a picture and in numbers;
# 3. check it against a closed form, against a second implementation to the last bit, against a relative, and in a run
#    that is killed and resumed;
# 4. let it take sparse gradients, and let gradients flow through its steps;
# 5. find bugs that were planted in other rules.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minitorch_optim as torch
from minitorch_optim import nn, optim, plot
from minitorch_optim.datasets import load_digits
from minitorch_optim.nn.functional import cross_entropy
from minitorch_optim.optim.checks import learning_rate, requirement
from minitorch_optim.teaching import explain
from minitorch_optim.testing import assert_resumes_bitwise, functions, ulp_distance

plt.rcParams.update({"figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 10})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
plt.rcParams["axes.prop_cycle"] = plt.cycler(color=["#2b8cbe", "#9aa5b1", "#d7301f"])  # the last is Signum's

# %% [markdown]
# ## 1. The rule and the class
#
# Signum keeps a running mean $m$ of the gradient $g$ and uses only its sign:
#
# $$ m \leftarrow \beta\, m + (1-\beta)\, g, \qquad p \leftarrow p - \eta\,\operatorname{sign}(m). $$
#
# A rule is a pure function: arrays in, new arrays out. The driver relies on that: it may call the rule once, write down
# what it computes, and repeat that in the next steps. Its *signature* tells the driver the rest. After `p` and `g`
# come the names of the state; by keyword come the options. (With `t` among the keywords it would get the number of the
# step.)


# %%
def signum(p, g, momentum_buffer, *, lr, momentum):
    momentum_buffer = momentum * momentum_buffer + (1 - momentum) * g
    return p - lr * np.sign(momentum_buffer), momentum_buffer


# %% [markdown]
# The class names the rule, says which values of the options are allowed, and what the state starts from.


# %%
class Signum(optim.Optimizer):
    rule = staticmethod(signum)
    sparse = True  # it can take sparse gradients: section 4
    checks = {
        "lr": learning_rate,
        "momentum": requirement("momentum value", "from 0 to below 1", lambda value: 0 <= value < 1),
    }

    def __init__(self, params, lr=1e-3, momentum=0.9, *, differentiable=False):
        defaults = {"lr": lr, "momentum": momentum, "differentiable": differentiable}
        super().__init__(params, defaults)

    def initial(self, group, p):
        return {"momentum_buffer": 0}

    def rows_suffice(self, group):
        return group["momentum"] == 0  # section 4


# %% [markdown]
# That is all. It has groups with options of their own, takes schedules, saves its state, refuses nonsense, and prints
# itself:

# %%
w, b = torch.randn(3, 2, requires_grad=True), torch.zeros(2, requires_grad=True)
optimizer = Signum([{"params": [w], "lr": 0.01}, {"params": [b], "momentum": 0.0}])
print(optimizer)
try:
    Signum([w], momentum=1.5)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# ## 2. What it does
#
# Every element of every parameter moves by exactly `lr` in each step (unless its $m$ is 0), whatever the size of its
# gradient. So Signum does not care how the loss is scaled, and not how each *coordinate* is scaled. But it cares how
# the valley lies between the coordinates. Here is the same quadratic valley, turned by 0, 20 and 45 degrees. Without
# momentum a step has only four directions, the diagonals: the background and the arrows show which it takes where.


# %%
def valley(degrees):
    """A quadratic valley, 25 times as steep across as along, turned; its Hessian."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s], [s, c]])
    return turn, turn @ np.diag([1.0, 25.0]) @ turn.T


def descend(make, hessian, start, steps):
    A = torch.tensor(hessian)
    x = torch.tensor(start, requires_grad=True)
    optimizer = make([x])
    path = [start]
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * x @ A @ x).backward()
        optimizer.step()
        path.append(x.detach().numpy().copy())
    return np.array(path)


fig, axes = plt.subplots(1, 3, figsize=(11.5, 4.1))
xs, ys = np.meshgrid(np.linspace(-2.6, 2.6, 400), np.linspace(-2.6, 2.6, 400))
tints = np.array([[0.83, 0.91, 1.0], [0.86, 0.96, 0.85], [1.0, 0.92, 0.80], [0.98, 0.83, 0.90]])
for ax, degrees in zip(axes, (0, 20, 45)):
    turn, hessian = valley(degrees)
    slope = np.einsum("ij,jab->iab", hessian, np.array([xs, ys]))
    pointing = 2 * (slope[0] > 0) + (slope[1] > 0)
    ax.imshow(tints[pointing], extent=(-2.6, 2.6, -2.6, 2.6), origin="lower")
    for quadrant in range(4):
        place = np.argwhere(pointing == quadrant).mean(0) * 5.2 / 399 - 2.6
        to = -np.array([1 if quadrant & 2 else -1, 1 if quadrant & 1 else -1])
        ends = place[::-1] + 0.25 * to, place[::-1] - 0.25 * to
        ax.annotate("", *ends, arrowprops={"arrowstyle": "->", "color": "0.5"})
    height = 0.5 * (xs * slope[0] + ys * slope[1])
    ax.contour(xs, ys, height, np.geomspace(0.05, 80, 12), colors="white", linewidths=1.2)
    start = turn @ np.array([-2.4, 0.9])
    plain = descend(lambda p: optim.SGD(p, lr=0.07), hessian, start, 60)
    signs = descend(lambda p: Signum(p, lr=0.12, momentum=0.0), hessian, start, 60)
    ax.plot(*plain.T, "o-", color="#2b8cbe", ms=3, lw=1.2, label="gradient descent")
    ax.plot(*signs.T, "o-", color="#d7301f", ms=4.5, lw=1.6, label="Signum")
    ax.plot(0, 0, "*", color="black", mfc="white", ms=14)
    ax.set(title=f"turned by {degrees} degrees", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))
    ax.axis("off")
axes[0].legend(loc="lower left", frameon=False)
plt.show()

print("distance from the minimum, without momentum")
for degrees in (0, 20, 45):
    turn, hessian = valley(degrees)
    for lr, steps in [(0.12, 60), (0.12, 1000), (0.012, 1000)]:
        path = descend(lambda p, lr=lr: Signum(p, lr=lr, momentum=0.0), hessian, turn @ np.array([-2.4, 0.9]), steps)
        back = "and goes to and fro" if np.allclose(path[-1], path[-3]) else ""
        print(f"  {degrees:2} degrees, lr {lr:<5} {steps:5} steps: {np.linalg.norm(path[-1]):.4f} {back}")

# %% [markdown]
# Gradient descent does the same thing in all three, turned. Signum does not. In the valley that lies along an axis it
# walks down the axis until it is no more than a step away. In the turned ones it gets stuck much earlier: it jumps from
# one wall to the other and back, for ever. Only a smaller learning rate lets it come closer. This is why methods of
# this kind (Lion and Adam are relatives) want a schedule that takes the learning rate down.
#
# Now a network on handwritten digits, full of different scales. Signum's learning rate is much smaller than SGD's,
# because it *is* the step.


# %%
images, labels = load_digits()
images = images / 16


def train(make, epochs=12):
    torch.manual_seed(0)
    order = torch.randperm(len(images))
    training, held_out = order[360:], order[:360]
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = make(model.parameters())
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * 44)
    losses = []
    for _ in range(epochs):
        for batch in training[torch.randperm(len(training))].split(32)[:44]:
            optimizer.zero_grad()
            loss = cross_entropy(model(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
    right = (model(images[held_out]).argmax(1) == labels[held_out]).float().mean().item()
    return np.array(losses), right


runs = {}
for name, make in {
    "SGD, lr 0.1, momentum 0.9": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam, lr 0.01": lambda p: optim.Adam(p, lr=0.01),
    "Signum, lr 0.002": lambda p: Signum(p, lr=0.002),
}.items():
    losses, right = train(make)
    runs[f"{name}: {right:.1%} of held-out images right"] = losses
assert right > 0.93  # Signum's
ax = plot.losses(runs, log=True, smoothing=0.95)
ax.figure.set_size_inches(8, 3.6)
ax.set(ylabel="loss of the batch", ylim=(5e-3, 4), title="Handwritten digits")
plt.show()

# %% [markdown]
# It learns. That is no proof that it is right: many wrong optimizers learn, too. So let us check.
#
# ## 3. Check it
#
# ### Against a closed form
#
# If the gradient is a constant $c$, then $m_t = c\,(1 - \beta^t)$, and $p_t = p_0 - t\,\eta\,\operatorname{sign}(c)$.

# %%
c = torch.tensor([3.0, -0.02, 0.0, 1e-30], dtype=torch.float64)
p = torch.zeros(4, dtype=torch.float64, requires_grad=True)
optimizer = Signum([p], lr=0.5, momentum=0.9)
for t in range(1, 11):
    p.grad = c.clone()
    optimizer.step()
    m = optimizer.state[p]["momentum_buffer"]
    assert torch.allclose(m, c * (1 - 0.9**t), rtol=1e-12, atol=0)
    assert torch.equal(p.detach(), -t * 0.5 * torch.sign(c))
print("after 10 steps:", p.detach())

# %% [markdown]
# ### Against your own eyes
#
# `explain` tries one step out, on a copy, and prints every value that your own lines compute. Here one element has a
# large gradient, one a small one, and one a momentum against its gradient.

# %%
p = torch.tensor([1.0, 1.0, 1.0], requires_grad=True)
optimizer = Signum([p], lr=0.1, momentum=0.9)
p.grad = torch.tensor([80.0, 0.001, -4.0])
optimizer.step()
p.grad = torch.tensor([90.0, 0.002, 5.0])
explanation = explain(optimizer)
print(explanation)
assert np.allclose(explanation.changes[0].step, 0.1)

# %% [markdown]
# ### Against a second implementation, to the last bit
#
# The driver does clever things: it gathers small parameters into one array, and cuts large ones into blocks that fit
# the cache. A second implementation should be as dumb as possible. `ulp_distance` counts how many floating-point
# numbers lie between two results; 0 means the same bits.


# %%
def dumb_signum(p, gradients, lr, momentum):
    """With NumPy, without any library: one array, step after step."""
    p, m = p.copy(), np.zeros_like(p)
    for g in gradients:
        m = momentum * m + (1 - momentum) * g
        p = p - lr * np.sign(m)
    return p


random = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    shapes = [(), (1,), (7, 3), (5,), (40_000,), (300, 300)]  # the last two need several blocks
    starts = [random.normal(size=shape).astype(dtype) for shape in shapes]
    gradients = [[random.normal(size=shape).astype(dtype) for shape in shapes] for _ in range(20)]
    params = [torch.tensor(start, requires_grad=True) for start in starts]
    optimizer = Signum(params, lr=0.01, momentum=0.8)
    for step in gradients:
        for p, g in zip(params, step):
            p.grad = torch.tensor(g)
        optimizer.step()
    worst = 0
    for i, p in enumerate(params):
        expected = dumb_signum(starts[i], [step[i] for step in gradients], 0.01, 0.8)
        worst = max(worst, ulp_distance(p.detach().numpy(), expected).max())
    print(f"{np.dtype(dtype).name}: {len(shapes)} parameters, 20 steps, largest distance {worst} ulp")
    assert worst == 0

# %% [markdown]
# ### Against a relative
#
# `Lion` uses the sign of $\beta_1 m + (1-\beta_1) g$ and then updates $m$ with $\beta_2$. With
# $\beta_1 = \beta_2 = \beta$ the two are the same algorithm. Follow both on all test functions of
# `minitorch_optim.testing.functions`:

# %%
same = 0
for problem in functions.all_problems():
    ends = []
    for make in (
        lambda x: Signum(x, lr=0.01, momentum=0.9),
        lambda x: optim.Lion(x, lr=0.01, betas=(0.9, 0.9)),
    ):
        x = problem.at_start()
        optimizer = make([x])
        for _ in range(50):
            optimizer.zero_grad()
            problem(x).backward()
            optimizer.step()
        ends.append(x.detach().numpy())
    same += ulp_distance(*ends).max() == 0
print(f"to the bit the same on {same} of {len(functions.all_problems())} functions")
assert same == len(functions.all_problems())

# %% [markdown]
# ### Killed and resumed
#
# A run that is killed and started again from its checkpoint must go on as if nothing had happened. That only works if
# *everything* the rule remembers is in the state. `assert_resumes_bitwise` kills the run after each step, and compares
# bits.


# %%
def training_run(make):
    """A short run that saves a checkpoint after every step, and goes on from what it finds."""

    def run(path):
        torch.manual_seed(0)
        model = nn.Linear(4, 2)
        optimizer = make(model.parameters())
        checkpoint = torch.Checkpoint(model=model, optimizer=optimizer)
        first = checkpoint.load(path)["step"] if path.exists() else 0
        for step in range(first, 6):
            optimizer.zero_grad()
            loss = (model(torch.randn(16, 4)) ** 2).mean()
            loss.backward()
            optimizer.step()
            checkpoint.save(path, step=step + 1)
            yield loss, model.state_dict(), optimizer.state_dict()

    return run


assert_resumes_bitwise(training_run(lambda p: Signum(p, lr=0.01)), k=range(1, 6))
print("killed after step 1, 2, 3, 4 and 5, and resumed: the same bits")

# %% [markdown]
# ### Exercise 1
#
# Add *decoupled weight decay*, as AdamW has it: before the step, $p \leftarrow p\,(1 - \eta\,\lambda)$. Write the rule
# `signumw` and the class `SignumW`. With gradients of zero, what is $p_t$?


# %%
def signumw(p, g, momentum_buffer, *, lr, momentum, weight_decay):
    ...  # your code here, and below it the class


# %% tags=["solution", "hide-cell"]
# Solution
def signumw(p, g, momentum_buffer, *, lr, momentum, weight_decay):
    return signum(p * (1 - lr * weight_decay), g, momentum_buffer, lr=lr, momentum=momentum)


class SignumW(optim.Optimizer):
    rule = staticmethod(signumw)
    checks = {**Signum.checks, "weight_decay": requirement("weight_decay", "at least 0", lambda value: value >= 0)}

    def __init__(self, params, lr=1e-3, momentum=0.9, weight_decay=0.01):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def initial(self, group, p):
        return {"momentum_buffer": 0}


# With gradients of zero: p_t = p_0 (1 - lr weight_decay)^t. Without decay: Signum. And Lion again.
p = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
optimizer = SignumW([p], lr=0.1, weight_decay=0.5)
for t in range(1, 8):
    p.grad = torch.zeros(1, dtype=torch.float64)
    optimizer.step()
    assert np.isclose(p.item(), 2 * (1 - 0.1 * 0.5) ** t, rtol=1e-14)
ends = []
for make in (
    lambda x: SignumW(x, lr=0.01, momentum=0.9, weight_decay=0.3),
    lambda x: optim.Lion(x, lr=0.01, betas=(0.9, 0.9), weight_decay=0.3),
):
    x = functions.rosenbrock().at_start()
    optimizer = make([x])
    for _ in range(100):
        optimizer.zero_grad()
        functions.rosenbrock()(x).backward()
        optimizer.step()
    ends.append(x.detach().numpy())
assert ulp_distance(*ends).max() == 0

# %% [markdown]
# ### Exercise 2
#
# Some rules need to see a whole parameter at once: a norm, say. The driver must be told, by `whole = True` in the
# class; otherwise the rule may be given a block of a large parameter, or several small ones in one array. Write
# `NormalizedSGD`, whose step is $p \leftarrow p - \eta\, g / \lVert g \rVert$, with one norm for each parameter (and
# no step where $g = 0$). Without a state, the rule returns only the new `p`, and the class needs no `initial`.


# %%
def normalized_sgd(p, g, *, lr):
    ...  # your code here, and below it the class


# %% tags=["solution", "hide-cell"]
# Solution
def normalized_sgd(p, g, *, lr):
    length = float(np.sqrt((g * g).sum()))
    return p - lr * g / length if length > 0 else p


class NormalizedSGD(optim.Optimizer):
    rule = staticmethod(normalized_sgd)
    whole = True
    checks = {"lr": learning_rate}

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})


torch.manual_seed(0)
params = [torch.randn(*shape, requires_grad=True) for shape in [(3,), (2, 2), (50_000,)]]
before = [p.detach().clone() for p in params]
for p in params:
    p.grad = torch.randn(*p.shape)
NormalizedSGD(params, lr=0.25).step()
lengths = [(p.detach() - old).norm().item() for p, old in zip(params, before)]
print("lengths of the steps:", [round(length, 5) for length in lengths])
assert np.allclose(lengths, 0.25, rtol=1e-4)
params[0].grad = torch.zeros(3)
before = params[0].detach().clone()
NormalizedSGD(params).step()
assert torch.equal(params[0].detach(), before)

# %% [markdown]
# ## 4. Sparse gradients, and gradients through the step
#
# An embedding of 1000 words sees a few of them in a batch. With `sparse=True` its gradient names only those rows. May
# an optimizer skip the others? For Signum without momentum yes: where the gradient is 0, so is its sign. With momentum
# no: a row that was seen yesterday still has momentum today. That is what `rows_suffice` says. Check both against
# dense gradients, and then see what would happen if `rows_suffice` were wrong.


# %%
class Lazy(Signum):
    def rows_suffice(self, group):
        return True


def embedding_run(make, sparse, **options):
    torch.manual_seed(0)
    words = nn.Embedding(1000, 4, sparse=sparse)
    target = torch.randn(1000, 4)
    start = words.weight.detach().clone()
    optimizer = make(words.parameters(), lr=0.01, **options)
    for _ in range(5):
        batch = torch.randint(1000, (8,))
        optimizer.zero_grad()
        ((words(batch) - target[batch]) ** 2).sum().backward()
        optimizer.step()
    return words.weight.detach(), (words.weight.detach() - start).abs().sum().item() / 0.01


print("        momentum     dense    sparse   (all ways that weights went, in units of lr)")
for make in (Signum, Lazy):
    for momentum in (0.0, 0.9):
        dense, moved = embedding_run(make, sparse=False, momentum=momentum)
        rows, moved_by_rows = embedding_run(make, sparse=True, momentum=momentum)
        same = torch.equal(dense, rows)
        verdict = "the same bits" if same else "NOT the same"
        print(f"{make.__name__:8}{momentum:8}{moved:10.0f}{moved_by_rows:10.0f}   {verdict}")
        assert same == (make is Signum or momentum == 0)

# %% [markdown]
# `differentiable=True` makes the step itself part of the graph: the driver calls the very same rule with tensors in
# the place of arrays. So we can ask how the end of a run depends on the learning rate. For Signum the answer is known:
# $\partial p_T / \partial \eta = -\sum_t \operatorname{sign}(m_t)$.

# %%
lr = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
p = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
end = p.clone()
optimizer = Signum([end], lr=lr, momentum=0.5, differentiable=True)
signs = torch.zeros(2, dtype=torch.float64)
for t in range(6):
    end.grad = torch.tensor([np.cos(t / 2), 1.0 - t], dtype=torch.float64)
    optimizer.step()
    signs += torch.sign(optimizer.state[end]["momentum_buffer"].detach())
by_tape = [torch.autograd.grad(end[i], lr, retain_graph=True)[0].item() for i in range(2)]
print("by backward through six steps:", by_tape)
print("minus the sum of the signs:   ", (-signs).tolist())
assert by_tape == (-signs).tolist()

# %% [markdown]
# ### Exercise 3
#
# The sign has the derivative 0 almost everywhere, so nothing can be learned through it about the gradients. A soft
# sign, $\tanh(m/\tau)$, can. Write the rule `soft_signum` with the option `temperature` ($\tau$) and the class
# `SoftSignum`, and check with `torch.autograd.gradcheck` that the derivative of a step is right.


# %%
def soft_signum(p, g, momentum_buffer, *, lr, momentum, temperature):
    ...  # your code here, and below it the class


# %% tags=["solution", "hide-cell"]
# Solution
def soft_signum(p, g, momentum_buffer, *, lr, momentum, temperature):
    momentum_buffer = momentum * momentum_buffer + (1 - momentum) * g
    return p - lr * np.tanh(momentum_buffer / temperature), momentum_buffer


class SoftSignum(optim.Optimizer):
    rule = staticmethod(soft_signum)
    checks = {**Signum.checks, "temperature": requirement("temperature", "above 0", lambda value: value > 0)}

    def __init__(self, params, lr=1e-3, momentum=0.9, temperature=1.0, *, differentiable=False):
        options = {"lr": lr, "momentum": momentum, "temperature": temperature, "differentiable": differentiable}
        super().__init__(params, options)

    def initial(self, group, p):
        return {"momentum_buffer": 0}


def two_steps(p, g):
    p = p.clone()
    optimizer = SoftSignum([p], lr=0.3, momentum=0.5, temperature=0.7, differentiable=True)
    for _ in range(2):
        p.grad = g * p.clone()  # a clone, since the step changes p in place
        optimizer.step()
    return p


inputs = [torch.tensor(values, dtype=torch.float64, requires_grad=True) for values in ([0.5, -1.0], [0.3, 0.8])]
assert torch.autograd.gradcheck(two_steps, inputs)
p, q = (torch.tensor([1.0, -2.0], requires_grad=True) for _ in range(2))
p.grad, q.grad = torch.tensor([3.0, -5.0]), torch.tensor([3.0, -5.0])
SoftSignum([p], lr=0.1, temperature=1e-3).step()
Signum([q], lr=0.1).step()
assert torch.equal(p, q)  # a cold soft sign is the sign

# %% [markdown]
# ## 5. Find the bugs
#
# Here are four optimizers. At least one of them is right. All of them *learn*, so a look at the loss will not do. (Try
# to find the bugs with tests before you read the rules.)


# %%
calls = 0


def rule_a(p, g, momentum_buffer, *, lr, momentum):
    global calls
    if g.any():
        calls += 1
    momentum_buffer = momentum * momentum_buffer + (1 - momentum) * g
    return p - lr * min(1.0, calls / 10) * np.sign(momentum_buffer), momentum_buffer


def rule_b(p, g, momentum_buffer, *, lr, momentum):
    g *= 1 - momentum
    momentum_buffer = momentum * momentum_buffer + g
    return p - lr * np.sign(momentum_buffer), momentum_buffer


def rule_c(p, g, momentum_buffer, *, lr, momentum):
    g = g / (1e-12 + np.sqrt((g * g).mean()))
    momentum_buffer = momentum * momentum_buffer + (1 - momentum) * g
    return p - lr * np.tanh(momentum_buffer), momentum_buffer


class A(Signum):
    rule = staticmethod(rule_a)


class B(Signum):
    rule = staticmethod(rule_b)


class C(Signum):
    rule = staticmethod(rule_c)


class D(Signum):
    rule = staticmethod(signum)


for suspect in (A, B, C, D):
    losses, right = train(lambda p, suspect=suspect: suspect(p, lr=0.002), epochs=4)
    print(f"{suspect.__name__}: loss {losses[0]:.2f} at the start, {losses[-20:].mean():.2f} at the end, "
          f"{right:.1%} of held-out images right")

# %% [markdown]
# ### Exercise 4
#
# Write three tests. Each takes the class of an optimizer and returns whether it passes. Then say which suspect fails
# which test.
#
# * `writes_nothing`: the rule does not write into the arrays that it is given. Call
#   `suspect.rule(p, g, momentum_buffer, lr=..., momentum=...)` yourself, with arrays for which
#   `array.flags.writeable = False`; NumPy raises a `ValueError` where one is written to.
# * `alone_as_together`: two parameters in one optimizer move as they do in two optimizers.
# * `resumes`: `assert_resumes_bitwise(training_run(...), k=3)` raises no `AssertionError`.


# %%
def writes_nothing(suspect):
    ...  # your code here


def alone_as_together(suspect):
    ...


def resumes(suspect):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def writes_nothing(suspect):
    arrays = [np.array([1.0, -2.0]), np.array([0.5, 0.25]), np.array([0.1, 0.3])]
    for array in arrays:
        array.flags.writeable = False
    try:
        suspect.rule(*arrays, lr=0.1, momentum=0.9)
    except ValueError as error:
        print(f"   {suspect.__name__}: {error}")
        return False
    return True


def alone_as_together(suspect):
    together = [torch.ones(3, requires_grad=True), torch.ones(2, requires_grad=True)]
    alone = [torch.ones(3, requires_grad=True), torch.ones(2, requires_grad=True)]
    for p, q in zip(together, alone):
        p.grad = torch.arange(1.0, len(p) + 1)
        q.grad = p.grad.clone()
        suspect([q], lr=0.1).step()
    suspect(together, lr=0.1).step()
    return all(torch.equal(p, q) for p, q in zip(together, alone))


def resumes(suspect):
    global calls
    calls = 0  # as in a new process
    try:
        assert_resumes_bitwise(training_run(lambda p: suspect(p, lr=0.01)), k=3)
    except AssertionError as error:
        print(f"   {suspect.__name__}: {str(error)[:80]} ...")
        return False
    return True


tests = (writes_nothing, alone_as_together, resumes)
failed = {suspect.__name__: [test.__name__ for test in tests if not test(suspect)] for suspect in (A, B, C, D)}
for name, names in failed.items():
    print(f"{name}: {'fails ' + ', '.join(names) if names else 'passes'}")
# A remembers the number of calls outside of its state. B writes into the gradient. C takes a mean over whatever
# array it is given, which may hold several parameters: it lacks `whole = True`.
assert "resumes" in failed["A"] and "writes_nothing" in failed["B"] and "alone_as_together" in failed["C"]
assert failed["D"] == []

# %% [markdown]
# ## What to take home
#
# * A rule is a pure function. Whatever it remembers is in its state; whatever it is given it leaves alone; if it needs
#   a whole parameter, it says so.
# * That a loss goes down proves little. A closed form, a dumb second implementation, a relative with a known answer,
#   and a run that is killed and resumed prove more, and cost a few lines each.
# * The optimizers of the library are tested in the same ways. To add yours to it, see `CONTRIBUTING.md`.
#
# ## Sources
#
# * Bernstein, Wang, Azizzadenesheli and Anandkumar, *signSGD: Compressed Optimisation for Non-Convex Problems* (2018),
#   [arXiv:1802.04434](https://arxiv.org/abs/1802.04434).
# * Chen et al., *Symbolic Discovery of Optimization Algorithms* (2023),
#   [arXiv:2302.06675](https://arxiv.org/abs/2302.06675): Lion.
# * Balles, Pedregosa and Le Roux, *The Geometry of Sign Gradient Descent* (2020),
#   [arXiv:2002.08056](https://arxiv.org/abs/2002.08056): why it matters how the valley lies between the coordinates.
