"""Random programs (shared sub-expressions, broadcasting, views, changes in place) against a naive implementation.

A program is a list of instructions, drawn by Hypothesis, which shrinks it where it fails. It runs on Tensors, and on
``Dual`` numbers: forward mode, where an array carries along its derivative by every element of every input. Views and
changes in place need no thought there: value and derivative are NumPy arrays that are cut and changed in the same way.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from minitorch_optim.autograd import Tensor, grad, tensor
from minitorch_optim.autograd.gradcheck import gradgradcheck

# -- forward mode, naively


class Memory:
    """What views share."""

    def __init__(self, frozen: bool = False) -> None:
        self.frozen = frozen  # it must not change any more: a leaf, or saved by a nonlinear operation


class Dual(NamedTuple):
    value: np.ndarray  # shape S
    tangent: np.ndarray  # shape (*S, K): the derivative by each of the K elements of the inputs
    memory: Memory


def fresh(value: Any, tangent: Any) -> Dual:
    return Dual(np.array(value, order="C"), np.array(tangent, order="C"), Memory())


class Function(NamedTuple):
    """An elementwise function, its partial derivatives, and how a user of Tensors writes it."""

    value: Any
    partials: tuple[Any, ...]
    on_tensors: Any
    linear: bool = False

    def on_duals(self, *args: Dual) -> Dual:
        values = [a.value for a in args]
        value = self.value(*values)
        tangent = 0.0
        for partial, a in zip(self.partials, args, strict=True):
            slope = np.broadcast_to(partial(*values), np.shape(value))
            tangent = tangent + slope[..., None] * aligned(a.tangent, slope.ndim)
        return fresh(value, tangent)


def aligned(tangent: np.ndarray, ndim: int) -> np.ndarray:
    """With further dimensions of length 1 in front, so that it broadcasts as its value does."""
    return tangent.reshape((1,) * (ndim + 1 - tangent.ndim) + tangent.shape)


FUNCTIONS = {
    "sin": Function(np.sin, (np.cos,), lambda x: x.sin()),
    "tanh": Function(np.tanh, (lambda x: 1 / np.cosh(x) ** 2,), np.tanh),
    "neg": Function(np.negative, (lambda x: -1.0,), lambda x: -x, linear=True),
    "add": Function(np.add, (lambda x, y: 1.0, lambda x, y: 1.0), lambda x, y: x + y, linear=True),
    "sub": Function(np.subtract, (lambda x, y: 1.0, lambda x, y: -1.0), lambda x, y: x - y, linear=True),
    "mul": Function(np.multiply, (lambda x, y: y, lambda x, y: x), lambda x, y: x * y),
    "div": Function(np.divide, (lambda x, y: 1 / y, lambda x, y: -x / y**2), lambda x, y: x / y),
    "maximum": Function(
        np.maximum,
        (lambda x, y: (x > y) + 0.5 * (x == y), lambda x, y: (x < y) + 0.5 * (x == y)),
        np.maximum,
    ),
    "choose": Function(
        lambda x, y: np.where(x > 0.05, x, y),
        (lambda x, y: 1.0 * (x > 0.05), lambda x, y: 1.0 * (x <= 0.05)),
        lambda x, y: np.where(x > 0.05, x, y),
        linear=True,
    ),
}
IN_PLACE = ["add_", "sub_", "mul_", "div_", "neg_", "sin_", "tanh_"]
AUGMENTED = {"add_": "__iadd__", "sub_": "__isub__", "mul_": "__imul__", "div_": "__itruediv__"}

# Where a view looks, from the shape of the whole and any number.
INDICES = {
    "row": lambda shape, n: n % shape[0],
    "column": lambda shape, n: (slice(None), n % shape[1]),
    "part": lambda shape, n: slice(n % shape[0], None),
    "every other": lambda shape, n: slice(None, None, 2),
    "in front": lambda shape, n: None,
}
# Linear functions of the leading dimensions: the same code serves Tensors, values and tangents.
VIEWS = {
    "swap": lambda a, shape, n: np.swapaxes(a, 0, n % len(shape)),
    "repeat": lambda a, shape, n: np.broadcast_to(a, (2, *a.shape)),
    "detour": lambda a, shape, n: np.moveaxis(a, 0, len(shape) - 1)[None],
}
COPIES = {
    "flip": lambda a, shape, n: np.flip(a, n % len(shape)),
    "pick": lambda a, shape, n: a[np.array([n % shape[0], 0, n % shape[0]])],
    "sum": lambda a, shape, n: np.sum(a, axis=n % len(shape)),
    "mean": lambda a, shape, n: np.mean(a, axis=n % len(shape), keepdims=True),
    "cumsum": lambda a, shape, n: np.cumsum(a, axis=n % len(shape)),
    "join": lambda a, shape, n: np.concatenate([a, a[:1]], axis=0),
}

# -- programs

number = st.integers(0, 11)
instruction = st.one_of(
    st.tuples(st.just("function"), st.sampled_from(list(FUNCTIONS)), number, number),
    st.tuples(st.just("index"), st.sampled_from(list(INDICES)), number, number),
    st.tuples(st.just("view"), st.sampled_from(list(VIEWS)), number, number),
    st.tuples(st.just("copy"), st.sampled_from(list(COPIES)), number, number),
    st.tuples(st.just("in place"), st.sampled_from(IN_PLACE), number, number),
    st.tuples(st.just("assign"), st.sampled_from(list(INDICES)), number, number),
)
leaf = st.tuples(st.sampled_from([(), (3,), (2, 3), (3, 1), (2, 1, 3)]), st.booleans())  # shape, requires grad
program = st.tuples(
    st.lists(leaf, min_size=2, max_size=3).filter(lambda leaves: any(needs for _, needs in leaves)),
    st.lists(instruction, min_size=3, max_size=20),
    st.integers(0, 1000),
)


class Senseless(Exception):
    """An instruction that cannot be carried out where it stands: it is left out of the program."""


def sensible(result: Dual) -> Dual:
    """Tame numbers keep the comparison sharp."""
    tame = np.all(np.abs(result.value) < 1e3) and np.all(np.abs(result.tangent) < 1e3)
    if not (tame and result.value.size and result.value.ndim < 5):
        raise Senseless
    return result


def on_duals(variables: list[Dual], kind: str, name: str, x: Dual, y: Dual, n: int) -> None:
    """Carry out one instruction: a new variable, or a change of one."""
    shape = x.value.shape
    if kind == "function":
        function = FUNCTIONS[name]
        args = (x, y)[: len(function.partials)]
        result = sensible(applied(function, args))
        if not function.linear:
            for saved in (*args, result):
                saved.memory.frozen = True
        variables.append(result)
    elif kind == "in place":
        function = FUNCTIONS[name.rstrip("_")]
        args = (x, y)[: len(function.partials)]
        if x.memory.frozen or not x.value.flags.writeable or (y.memory is x.memory and not function.linear):
            raise Senseless
        result = sensible(applied(function, args))
        if result.value.shape != shape:
            raise Senseless
        if len(args) == 2 and not function.linear:
            y.memory.frozen = True
        x.value[...], x.tangent[...] = result.value, result.tangent
    elif not shape or (name == "column" and len(shape) < 2):
        raise Senseless
    elif kind == "assign":
        index = INDICES[name](shape, n)
        if x.memory.frozen or not x.value.flags.writeable:
            raise Senseless
        try:
            np.broadcast_to(y.value, x.value[index].shape)
        except ValueError:
            raise Senseless from None
        x.value[index] = y.value
        x.tangent[index] = aligned(y.tangent, x.value[index].ndim)
    elif kind == "index":
        index = INDICES[name](shape, n)
        index = (*index, ...) if isinstance(index, tuple) else (index, ...)  # NumPy's a[0] can be a number, not a view
        variables.append(sensible(Dual(x.value[index], x.tangent[index], x.memory)))
    elif kind == "view":
        variables.append(sensible(Dual(VIEWS[name](x.value, shape, n), VIEWS[name](x.tangent, shape, n), x.memory)))
    else:
        variables.append(sensible(fresh(COPIES[name](x.value, shape, n), COPIES[name](x.tangent, shape, n))))


def applied(function: Function, args: tuple[Dual, ...]) -> Dual:
    try:
        np.broadcast_shapes(*(a.value.shape for a in args))
    except ValueError:
        raise Senseless from None
    if function is FUNCTIONS["div"] and np.any(np.abs(args[1].value) < 0.1):
        raise Senseless
    return function.on_duals(*args)


def on_tensors(variables: list[Tensor], kind: str, name: str, x: Tensor, y: Tensor, n: int) -> None:
    shape = tuple(x.shape)
    if kind == "function":
        function = FUNCTIONS[name]
        variables.append(function.on_tensors(*(x, y)[: len(function.partials)]))
    elif kind == "in place":
        args = (y,)[: len(FUNCTIONS[name.rstrip("_")].partials) - 1]
        changing = AUGMENTED[name] if n % 2 and name in AUGMENTED else name  # x += y is x.add_(y)
        assert getattr(x, changing)(*args) is x
    elif kind == "assign":
        x[INDICES[name](shape, n)] = y
    elif kind == "index":
        variables.append(x[INDICES[name](shape, n)])
    else:
        variables.append((VIEWS if kind == "view" else COPIES)[name](x, shape, n))


class Run(NamedTuple):
    """A program as it was carried out on Duals."""

    arrays: list[np.ndarray]
    needs: list[bool]
    steps: list[tuple[str, str, int, int]]
    variables: list[Dual]
    weights: list[np.ndarray]


def carried_out(drawn: Any) -> Run:
    leaves, instructions, seed = drawn
    random = np.random.default_rng(seed)
    arrays = [random.uniform(-2, 2, shape) for shape, _ in leaves]
    needs = [needed for _, needed in leaves]
    total = sum(a.size for a, needed in zip(arrays, needs, strict=True) if needed)
    variables, start = [], 0
    for a, needed in zip(arrays, needs, strict=True):
        tangent = np.zeros((*a.shape, total))
        if needed:
            tangent.reshape(-1, total)[:, start : start + a.size] = np.eye(a.size)
            start += a.size
        variables.append(Dual(a.copy(), tangent, Memory(frozen=needed)))
    steps = []
    for kind, name, i, j in instructions:
        i %= len(variables)
        try:
            on_duals(variables, kind, name, variables[i], variables[j % len(variables)], j)
        except Senseless:
            continue
        steps.append((kind, name, i, j))
    return Run(arrays, needs, steps, variables, [random.normal(size=v.value.shape) for v in variables])


def repeated(run: Run, tensors: list[Tensor]) -> list[Tensor]:
    """The same program on Tensors: all its variables at the end."""
    variables = list(tensors)
    for kind, name, i, j in run.steps:
        on_tensors(variables, kind, name, variables[i], variables[j % len(variables)], j)
    return variables


def weighed(run: Run, variables: list[Tensor]) -> Tensor:
    """One number in which every element of every variable counts differently."""
    return sum((v * w).sum() for v, w in zip(variables, run.weights, strict=True))


@settings(max_examples=400)
@given(program)
def test_backward_agrees_with_forward_mode(drawn: Any) -> None:
    run = carried_out(drawn)
    leaves = [tensor(a.copy(), requires_grad=needed) for a, needed in zip(run.arrays, run.needs, strict=True)]
    variables = repeated(run, leaves)
    for v, dual in zip(variables, run.variables, strict=True):
        np.testing.assert_allclose(v.detach().numpy(), dual.value, rtol=1e-11, atol=1e-12)

    expected = sum(np.tensordot(w, d.tangent, w.ndim) for w, d in zip(run.weights, run.variables, strict=True))
    wanted = [leaf for leaf in leaves if leaf.requires_grad and leaf.is_leaf]
    found = grad(weighed(run, variables), wanted, allow_unused=True)
    got = [np.zeros(x.shape) if g is None else g.numpy() for x, g in zip(wanted, found, strict=True)]
    np.testing.assert_allclose(np.concatenate([g.ravel() for g in got]), expected, rtol=1e-8, atol=1e-8)


@settings(max_examples=40)
@given(program)
def test_second_derivatives_of_programs(drawn: Any) -> None:
    run = carried_out(drawn)

    def function(*wanted: Tensor) -> Tensor:
        given = iter(wanted)
        leaves = [next(given) if n else tensor(a.copy()) for a, n in zip(run.arrays, run.needs, strict=True)]
        return weighed(run, repeated(run, leaves))

    wanted = [tensor(a.copy(), requires_grad=True) for a, n in zip(run.arrays, run.needs, strict=True) if n]
    gradgradcheck(function, tuple(wanted), eps=1e-5, atol=1e-4, rtol=1e-4)


# -- deep graphs


def test_a_long_chain_goes_backward() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    assert y.tolist() == [100_001.0, 100_002.0]


DEEP = {
    "add": "y = y + 1.0",
    "multiply": "y = y * x",  # saves its arguments
    "views": "y = y.view(1, 2).view(2) * 1.0",
    "in place": "y = y.add_(x)",
    "changes of a view": "y[0].add_(x[1])",
    "functions": "y = Double.apply(y)",
    "hooks": "y = y + 1.0; y.register_hook(lambda g: g); y.retain_grad()",
}


def test_deep_graphs_are_dropped_without_recursion() -> None:
    """In an interpreter of its own: where the stack overflows in freeing, the whole process is gone."""
    code = f"""
from minitorch_optim.autograd import Function, grad, tensor
class Double(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 2
for name, step in {DEEP}.items():
    step = compile(step, name, "exec")
    for ending in ("y.sum().backward()", "g = grad(y.sum(), x, create_graph=True); del g"):
        x = tensor([0.5, 1.0], requires_grad=True)
        y = x * 1.0
        for _ in range(100_000 if name == "add" else 5_000):
            exec(step)
        exec(ending)
        del y
    print(name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines() == list(DEEP), done.stderr[-2000:]
