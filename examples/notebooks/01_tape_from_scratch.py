# %% [markdown]
# # The tape from scratch
#
# To train a network we need the slope of one number, the loss, with respect to a million others, the weights.
# Reverse-mode automatic differentiation gives all of them, to the last digits, for the price of a few evaluations of
# the loss.
#
# The idea fits in forty lines. You will build it here, train a network with it, and then find the same parts in the
# library.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minitorch_optim as torch
from minitorch_optim import plot

plt.rcParams.update({"figure.dpi": 90, "figure.constrained_layout.use": True, "font.size": 10})
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. By hand
#
# Take $f(x, y) = x y + \sin x$ at $x = 2$, $y = 3$. A computer evaluates it in small steps:
#
# $$ a = x y, \qquad b = \sin x, \qquad f = a + b. $$
#
# Now walk the steps **backwards**, and ask at each one: if this value rose a little, how much would $f$ rise? Call that
# slope $\bar a$ for $a$, $\bar b$ for $b$, and so on. It starts with $\bar f = 1$. Each step hands its slope to its
# arguments, multiplied by its own derivative. Where a value was used twice, as $x$ was, the two parts are added.

# %%
x, y = 2.0, 3.0
a = x * y
b = np.sin(x)
f = a + b

f_bar = 1.0
a_bar = f_bar * 1.0  # f = a + b
b_bar = f_bar * 1.0
x_bar = b_bar * np.cos(x)  # b = sin(x)
x_bar = x_bar + a_bar * y  # a = x y: x again, so the part is added
y_bar = a_bar * x

print(f"f = {f:.6f}   df/dx = {x_bar:.6f}   df/dy = {y_bar:.6f}")
print(f"formula:       y + cos x = {y + np.cos(x):.6f}   x = {x:.6f}")

# %% [markdown]
# Nothing here needed the formula of $f$ as a whole. Each line needed the derivative of *one* small step, and the values
# at that step. So a machine can do it, if it has
#
# 1. a **table**: the derivative of each small step;
# 2. a **tape**: a list of the steps that were taken, with their values;
# 3. **backward**: read the tape from its end.
#
# ## 2. The table
#
# The small steps are functions of NumPy. A row of the table names one rule for each argument. A rule takes the slope
# `g` of the result (so far $\bar a$, $\bar b$ ...), the result `out`, and the arguments. It returns the slope of its
# argument.

# %%
TABLE = {}


def derivative(function, *rules):
    TABLE[function] = rules


derivative(np.add, lambda g, out, x, y: g, lambda g, out, x, y: g)
derivative(np.subtract, lambda g, out, x, y: g, lambda g, out, x, y: -g)
derivative(np.multiply, lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
derivative(np.negative, lambda g, out, x: -g)
derivative(np.sin, lambda g, out, x: g * np.cos(x))
derivative(np.cos, lambda g, out, x: -g * np.sin(x))
derivative(np.exp, lambda g, out, x: g * out)

# %% [markdown]
# The last row does not compute $e^x$ again: it is the result, and the tape has kept it.
#
# ## 3. The tape
#
# A `Value` holds an array and remembers how it was made. Python and NumPy do the rest: an operator such as `x * y`
# becomes a call of `np.multiply` (that is what `NDArrayOperatorsMixin` is for), and NumPy hands each call over to
# `__array_ufunc__` of our class. There we compute the result, and write the step on the tape.

# %%
TAPE = []


class Value(np.lib.mixins.NDArrayOperatorsMixin):
    def __init__(self, data):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = None
        self.function, self.arguments = None, ()  # how it was made

    def __array_ufunc__(self, function, method, *arguments):
        return apply(function, *arguments)


def apply(function, *arguments):
    arguments = [a if isinstance(a, Value) else Value(a) for a in arguments]
    out = Value(function(*[a.data for a in arguments]))
    out.function, out.arguments = function, arguments
    TAPE.append(out)
    return out


# %% [markdown]
# ## 4. Backward
#
# Every step on the tape is younger than its arguments. So if we read from the end, a slope is complete before it is
# handed on.

# %%
def backward(out):
    """The slope of ``out`` with respect to everything it was computed from, in ``.grad``."""
    out.grad = np.ones_like(out.data)
    for value in reversed(TAPE):
        if value.grad is None:
            continue  # out does not depend on it
        arrays = [argument.data for argument in value.arguments]
        for argument, rule in zip(value.arguments, TABLE[value.function]):
            part = rule(value.grad, value.data, *arrays)
            argument.grad = part if argument.grad is None else argument.grad + part


# %%
x, y = Value(2.0), Value(3.0)
f = x * y + np.sin(x)

print("the tape:")
for value in TAPE:
    given = ", ".join(f"{float(a.data):.4f}" for a in value.arguments)
    print(f"    {value.function.__name__:8}({given}) -> {float(value.data):.4f}")

backward(f)
print(f"df/dx = {x.grad:.6f}   df/dy = {y.grad:.6f}")

# %% [markdown]
# The same in the library. The names differ a little, the idea does not.

# %%
s, t = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
f = s * t + np.sin(s)
f.backward()
print(s.grad, t.grad, f)

# %% [markdown]
# ### Exercise 1
#
# Add rows for `np.tanh`, `np.log` and `np.divide`, and compare with the slope by differences, $\frac{f(x+h) -
# f(x-h)}{2h}$. Use the result `out` where that saves work.

# %%
derivative(np.tanh, ...)  # lambda g, out, x: your code
derivative(np.log, ...)
derivative(np.divide, ..., ...)

# %% tags=["solution", "hide-cell"]
# Solution
derivative(np.tanh, lambda g, out, x: g * (1 - out * out))
derivative(np.log, lambda g, out, x: g / x)
derivative(np.divide, lambda g, out, x, y: g / y, lambda g, out, x, y: -g * out / y)


def slope_by_differences(function, point, h=1e-6):
    return (function(point + h) - function(point - h)) / (2 * h)


def trial(x):
    return np.tanh(x) / np.log(x) + 2 / x


TAPE.clear()
x = Value(1.7)
backward(trial(x))
assert abs(x.grad - slope_by_differences(trial, 1.7)) < 1e-8

# %% [markdown]
# ## 5. How exact is it?
#
# The other way to a slope is to try: $\frac{f(x+h) - f(x)}{h}$. A large $h$ gives an error because $f$ is curved. A
# small $h$ gives an error because the subtraction cancels digits. There is no good $h$, only a least bad one. The tape
# has no $h$.

# %%
def wave(x):
    return np.exp(np.sin(x) * x) / (x * x + 1)


at = 1.3
exact = wave(at) * (np.cos(at) * at + np.sin(at) - 2 * at / (at * at + 1))  # by hand

TAPE.clear()
x = Value(at)
backward(wave(x))
error_of_tape = abs(x.grad / exact - 1)

hs = np.logspace(-16, 0, 200)
one_sided = abs((wave(at + hs) - wave(at)) / hs / exact - 1)
two_sided = abs((wave(at + hs) - wave(at - hs)) / (2 * hs) / exact - 1)

figure, ax = plt.subplots(figsize=(6.5, 3.6))
ax.loglog(hs, one_sided, ".", ms=4, color="C1", label=r"$(f(x+h) - f(x))\,/\,h$")
ax.loglog(hs, two_sided, ".", ms=4, color="C2", label=r"$(f(x+h) - f(x-h))\,/\,2h$")
ax.axhline(max(error_of_tape, 1e-16), color="C0", lw=2.5, label="the tape")
ax.set(xlabel="$h$", ylabel="relative error of the slope", ylim=(1e-17, 10))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
plt.show()
print(f"best of 200 one-sided: {one_sided.min():.0e}, two-sided: {two_sided.min():.0e}, the tape: {error_of_tape:.0e}")

# %% [markdown]
# The left branch of each cloud is cancellation: its error grows as $1/h$. The right branch is the bend of the function:
# $h\,f''/2$ on one side, and with two sides, where the curvature cancels, $h^2 f'''/6$. The blue line is a few units in
# the last place of float64. (The library's `gradcheck` tests rules against two-sided differences. In float32, with
# seven digits in place of sixteen, the clouds would lie so high that a rule a little wrong would pass for right.)
#
# ## 6. Arrays
#
# A `Value` already holds an array, and the rules above are true element by element. Networks need two functions more:
# the product of matrices and the sum. In $Z = XW$, that is $Z_{ik} = \sum_j X_{ij} W_{jk}$, the number $X_{ij}$ is used
# once in each column of $Z$, and the parts are added: $\bar X_{ij} = \sum_k \bar Z_{ik} W_{jk}$. Likewise for $W$. So
#
# $$ \bar X = \bar Z W^\top, \qquad \bar W = X^\top \bar Z. $$

# %%
derivative(np.matmul, lambda g, out, x, y: g @ y.T, lambda g, out, x, y: x.T @ g)
derivative(np.sum, lambda g, out, x: g * np.ones_like(x))

TAPE.clear()
X, W = Value([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), Value([[1.0], [-1.0]])
total = apply(np.sum, np.sin(X @ W))
backward(total)
print(X.grad.round(4))
print(W.grad.round(4))

# %% [markdown]
# ### Exercise 2
#
# One thing is missing. `X @ W + b` with a `b` of shape `(1,)` repeats `b` for every row. The rule of `np.add` then
# hands `b` a slope of shape `(3, 1)`, which is one slope for each copy. What was one number in forward must be one
# number in backward: **the slopes of the copies are added**.
#
# Write `unbroadcast(g, shape)`: sum `g` over every dimension along which an array of `shape` was repeated. NumPy
# repeats along dimensions that are missing on the left, and along those of length 1.

# %%
def unbroadcast(g, shape):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)  # missing on the left
    for axis, length in enumerate(shape):
        if length == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


ones = np.ones((4, 3, 2))
assert unbroadcast(ones, (4, 3, 2)).tolist() == ones.tolist()
assert unbroadcast(ones, (3, 1)).tolist() == [[8.0], [8.0], [8.0]]
assert unbroadcast(ones, (2,)).tolist() == [12.0, 12.0]
assert unbroadcast(ones, ()) == 24

# %% [markdown]
# It belongs in `backward`, for all functions at once. No rule has to know of it.

# %%
def backward(out):
    out.grad = np.ones_like(out.data)
    for value in reversed(TAPE):
        if value.grad is None:
            continue
        arrays = [argument.data for argument in value.arguments]
        for argument, rule in zip(value.arguments, TABLE[value.function]):
            part = unbroadcast(rule(value.grad, value.data, *arrays), argument.data.shape)
            argument.grad = part if argument.grad is None else argument.grad + part


# %% [markdown]
# ## 7. Your tape trains a network
#
# A network with one hidden layer of 16 tanh units, $h = \tanh(x W_1 + b_1)$ and $\hat y = h W_2 + b_2$, learns a curve
# from 40 noisy points. The loop is the one of every framework: clear, compute the loss, go backward, step downhill.

# %%
rng = np.random.default_rng(0)
x_train = np.sort(rng.uniform(-3, 3, (40, 1)), axis=0)
y_train = np.sin(2 * x_train) * np.exp(-0.2 * x_train**2) + 0.05 * rng.standard_normal((40, 1))
start = [rng.standard_normal((1, 16)) * 2, rng.uniform(-3, 3, 16), rng.standard_normal((16, 1)) / 4, np.zeros(1)]


def network(x, W1, b1, W2, b2):
    return np.tanh(x @ W1 + b1) @ W2 + b2


def mean_square(error):
    return (error * error).sum() / len(y_train)


Value.sum = lambda self: apply(np.sum, self)

weights = [Value(array) for array in start]
x_dense = np.linspace(-3.3, 3.3, 300).reshape(-1, 1)
losses, curves = [], {}
for step in range(3001):
    if step in (0, 30, 200, 1000, 3000):
        curves[step] = network(x_dense, *[w.data for w in weights])
    TAPE.clear()
    for w in weights:
        w.grad = None
    loss = mean_square(network(x_train, *weights) - y_train)
    backward(loss)
    for w in weights:
        w.data = w.data - 0.1 * w.grad
    losses.append(float(loss.data))

print(f"{len(TAPE)} calls on the tape; loss {losses[0]:.4f} -> {losses[-1]:.4f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=(5, 3))
colors = plt.cm.viridis_r(np.linspace(0.1, 1, len(curves)))
for (step, curve), color in zip(curves.items(), colors):
    left.plot(x_dense, curve, color=color, lw=2, label=f"{step} steps")
left.plot(x_train, y_train, "o", color="0.3", ms=4)
left.set(xlabel="$x$", ylabel="$y$", ylim=(-1.7, 1.2), title="what the network says")
left.legend(frameon=False, ncols=2, loc="lower right", fontsize=8)
right.loglog(np.arange(1, len(losses) + 1), losses, color="C0")
right.set(xlabel="step", ylabel="mean square error", title="the loss")
plt.show()

# %% [markdown]
# ## 8. The same parts in the library
#
# `network` above is written with NumPy's functions, and NumPy asks the arguments what to do. So the *very same
# function* takes the library's tensors. Are the slopes the same?

# %%
TAPE.clear()
mine = [Value(array) for array in start]
loss = mean_square(network(x_train, *mine) - y_train)
backward(loss)

theirs = [torch.tensor(array, requires_grad=True) for array in start]
loss_of_library = mean_square(network(torch.tensor(x_train), *theirs) - y_train)
loss_of_library.backward()

for name, own, other in zip(("W1", "b1", "W2", "b2"), mine, theirs):
    print(f"{name}: largest difference {abs(own.grad - other.grad.numpy()).max():.1e}")

# %% [markdown]
# Nothing, to the last bit: both do the same operations in the same order. So here is what you have built:
#
# | here | in the library | what it adds |
# | --- | --- | --- |
# | `TABLE` | `autograd/table.py`, `autograd/derivatives/` | a rule is asked only where a slope is wanted |
# | `Value` | `Tensor` | PyTorch's names, dtypes, views |
# | `apply` | `apply` in `autograd/tape.py` | keeps only what some rule will read |
# | `TAPE`, one list | a `Node` for each result | what nobody holds any more is freed |
# | `backward` | `autograd/backward.py` | notices values that were changed since they were saved |
#
# The library has no list. Each node holds the nodes of its arguments and a number, its place in time, and backward
# visits them by falling number. That is your list, kept by the loss itself. The table can be looked at. It is a
# dictionary, and its keys are functions, many of them NumPy's.

# %%
from minitorch_optim.autograd.table import TABLE as TABLE_OF_LIBRARY

ufuncs = sorted(f.__name__ for f in TABLE_OF_LIBRARY if isinstance(f, np.ufunc))
print("rows for", ", ".join(ufuncs[:14]), "...")

# %% [markdown]
# And the tape can be printed. `torch.tape` lists the operations behind a tensor in the order in which backward takes
# them, with the slope that arrives at each:

# %%
loss = mean_square(network(torch.tensor(x_train), *theirs) - y_train)
names = dict(zip(("W1", "b1", "W2", "b2"), theirs))
print(torch.tape(loss, names))

# %% [markdown]
# From each line backward computes the slopes of that line's arguments. `Mul` has the same argument twice, because we
# wrote `error * error`, and so the two parts are added. The same as a drawing: values go down along the arrows, slopes
# go up against them, and end at the leaves. (Nobody asks for the slopes of the data: they are not drawn.)

# %%
plot.graph(loss, names)
plt.show()

# %% [markdown]
# ### Exercise 3
#
# A famous trap. Take the two lines `for w in weights: w.grad = None` out of the training loop of section 7, and the
# loss ends near 0.07 in place of 0.0025: `backward` *adds* to `.grad`. That is why loops in PyTorch's style begin with
# `optimizer.zero_grad()`.
#
# Show it. Write `slopes_without_clearing(n)`: for $f(x) = x^2$ at $x = 3$, compute $f$ and call `backward` $n$ times,
# each time with a cleared tape, and never clear `x.grad`. Return the list of what `x.grad` is after each call. What
# will it be after the third?

# %%
def slopes_without_clearing(n):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def slopes_without_clearing(n):
    x, slopes = Value(3.0), []
    for _ in range(n):
        TAPE.clear()
        backward(x * x)
        slopes.append(float(x.grad))
    return slopes


def slopes_in_library(n):
    x, slopes = torch.tensor(3.0, requires_grad=True), []
    for _ in range(n):
        (x * x).backward()
        slopes.append(x.grad.item())
    return slopes


print(slopes_without_clearing(3))
assert slopes_without_clearing(3) == [6, 12, 18] == slopes_in_library(3)

# %% [markdown]
# ### Exercise 4
#
# Slopes of slopes. Our rules are written with `*`, `np.cos` and so on. Given arrays they compute. Given `Value`s they
# are *recorded* in their turn, and can be differentiated again. So the second derivative costs no new rule.
#
# Write `slope(out, x)`: like `backward`, but let the rules have `Value`s in place of arrays, keep the slopes in a
# dictionary (by `id(value)`) and not in `.grad`, and return the slope of `out` with respect to `x` as a `Value`. Leave
# `unbroadcast` out. Then draw $f(x) = \sin x \cdot e^{-x^2/8}$ and four of its derivatives.

# %%
def slope(out, x):
    ...


# %% tags=["solution", "hide-cell"]
# Solution
def slope(out, x):
    slopes = {id(out): Value(np.ones_like(out.data))}
    for value in list(reversed(TAPE)):  # a copy: the rules write on the tape as we read it
        if id(value) not in slopes:
            continue
        for argument, rule in zip(value.arguments, TABLE[value.function]):
            part = rule(slopes[id(value)], value, *value.arguments)
            slopes[id(argument)] = slopes[id(argument)] + part if id(argument) in slopes else part
    return slopes[id(x)]


TAPE.clear()
x = Value(np.linspace(-8, 8, 400))  # elementwise, so 400 slopes at once
orders = [np.sin(x) * np.exp(-x * x / 8)]
for _ in range(4):
    orders.append(slope(orders[-1], x))

figure, ax = plt.subplots(figsize=(7, 3.6))
for order, curve in enumerate(orders):
    ax.plot(x.data, curve.data, color=plt.cm.turbo(0.08 + 0.21 * order), lw=2, label="$f" + "'" * order + "$")
ax.legend(frameon=False)
ax.set(xlabel="$x$", title="one table, every order")
plt.show()

t = torch.linspace(-8, 8, 400, dtype=torch.float64, requires_grad=True)
same = np.sin(t) * np.exp(-t * t / 8)
for _ in range(4):
    (same,) = torch.autograd.grad(same.sum(), t, create_graph=True)
print("the fourth derivative is recorded in", len(TAPE), "calls")
assert np.allclose(orders[4].data, same.detach().numpy(), rtol=1e-10, atol=1e-10)

# %% [markdown]
# ## What to take home
#
# - A derivative is a row of a table. A tape is a list of calls. Backward reads the list from its end.
# - One walk backward gives the slopes of *all* weights. Differences would need one more evaluation for each weight.
# - Slopes are added: for a value that is used twice, for a broadcast, and for a `.grad` that nobody cleared.
#
# To go on, read `table.py`, `tape.py` and `backward.py` in `autograd/`. You know what you will find there.
