"""What a step reads beside its arguments may be another thing in the next call: the replay does what the step does."""

from __future__ import annotations

import copy
import dataclasses
import enum
import functools
import random
import threading
import types
import warnings

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim import nn
from minitorch_optim.nn import functional as F
from minitorch_optim.recording import ReplayWarning

BEFORE, AFTER = 6, 5  # calls before the change and after it: enough to be replayed, too few to be compared anew

SITUATIONS = {}


def situation(make):
    """``make()`` returns a step, what to change after some calls, and the tensors that must come out equal."""
    SITUATIONS[make.__name__] = make
    return make


def model(*between):
    return nn.Sequential(nn.Linear(6, 8), *between, nn.Linear(8, 3))


def training(net, loss=F.cross_entropy, of=None):
    optimizer = torch.optim.SGD((of or net).parameters(), lr=0.1)

    def step(x, y):
        optimizer.zero_grad()
        value = loss(net(x), y)
        value.backward()
        optimizer.step()
        return value

    step.optimizer = optimizer
    return step


def attribute(layer, name, value):
    """A step with ``layer`` in the model, whose attribute changes."""

    def make():
        net = model(layer())
        return training(net), lambda: setattr(net[1], name, copy.deepcopy(value)), lambda: [*net.state_dict().values()]

    return make


for _layer, _name, _value in [
    (lambda: nn.Dropout(0.3), "p", 0.7), (lambda: nn.BatchNorm1d(8), "momentum", 0.5),
    (lambda: nn.BatchNorm1d(8), "eps", 0.5), (lambda: nn.LeakyReLU(0.1), "negative_slope", 0.5),
    (lambda: nn.ELU(), "alpha", 0.5), (lambda: nn.LayerNorm(8), "eps", 0.5), (lambda: nn.Softmax(1), "dim", 0),
    (lambda: nn.BatchNorm1d(8), "running_mean", torch.ones(8)), (lambda: nn.Dropout(0.3), "training", False),
]:  # fmt: skip
    SITUATIONS[f"{_name} of {type(_layer()).__name__}"] = attribute(_layer, _name, _value)


class Net(nn.Module):
    """A model of the user, with all that one writes into such a class."""

    offset = 0.0

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 3)
        self.scale = 1.0
        self.mask = torch.ones(3)
        self.options = {"power": 1.0, "parts": [1.0, 2.0]}
        self.function = torch.tanh
        self.register_buffer("shift", torch.zeros(3))

    def forward(self, x):
        h = self.function(self.linear(x)) * self.scale * self.mask + self.shift + self.offset
        return h * self.options["power"] + self.options["parts"][1]


def in_the_model(change):
    def make():
        net = Net()
        return training(net), lambda: change(net), lambda: [*net.parameters()]

    SITUATIONS[f"net: {change.__name__}"] = make
    return change


@in_the_model
def number(net):
    net.scale = 2.0


@in_the_model
def tensor(net):
    net.mask = torch.tensor([0.0, 1.0, 2.0])


@in_the_model
def buffer(net):
    net.shift = torch.tensor([0.0, 1.0, 2.0])


@in_the_model
def memory_of_a_buffer(net):
    net.shift.data = torch.tensor([0.0, 1.0, 2.0])


@in_the_model
def entry_of_a_dict(net):
    net.options["power"] = 3.0


@in_the_model
def member_of_a_list_in_a_dict(net):
    net.options["parts"][1] = 3.0


@in_the_model
def function_in_an_attribute(net):
    net.function = torch.sin


@in_the_model
def replaced_layer(net):
    net.linear = nn.Linear(6, 3)


@in_the_model
def replaced_parameter(net):
    net.linear.weight = nn.Parameter(torch.ones(3, 6))


@in_the_model
def parameter_by_registry(net):
    net.linear._parameters["bias"] = nn.Parameter(torch.ones(3))


@in_the_model
def hook_on_a_parameter(net):
    net.linear.weight.register_hook(lambda g: g * 2)


@in_the_model
def hook_after_a_gradient(net):
    net.linear.weight.register_post_accumulate_grad_hook(lambda p: p.grad.mul_(2))


@in_the_model
def hook_on_a_layer(net):
    net.linear.register_forward_hook(lambda module, args, output: output * 2)


@in_the_model
def hook_on_the_way_back(net):
    net.linear.register_full_backward_hook(lambda module, grad_input, grad_output: None)


@in_the_model
def frozen(net):
    net.linear.bias.requires_grad_(False)


@situation
def a_hook_is_removed():
    net = model(nn.Tanh())
    handle = net[1].register_forward_hook(lambda module, args, output: output * 2)
    return training(net), handle.remove, lambda: [*net.parameters()]


@situation
def a_class_attribute_of_the_model():
    class Own(Net):
        pass

    net = Own()

    def change():
        Own.offset = 1.0

    return training(net), change, list


@situation
def layers_are_unfrozen():
    net = model(nn.ReLU())
    net[0].requires_grad_(False)
    step = training(net, of=net[2])

    def change():
        net[0].requires_grad_(True)
        step.optimizer.add_param_group({"params": list(net[0].parameters())})

    return step, change, lambda: [*net.parameters()]


def evaluated(change):
    """A step that computes no gradients: nothing in it holds the parameters but the model."""

    def make():
        net = model(nn.BatchNorm1d(8)).eval()
        return torch.no_grad()(lambda x, y: net(x)), lambda: change(net), list

    SITUATIONS[f"evaluated: {change.__name__}"] = make
    return change


@evaluated
def other_memory(net):
    net[0].weight.data = torch.ones(8, 6)


@evaluated
def state_that_is_assigned(net):
    net.load_state_dict({name: value * 2 for name, value in net.state_dict().items()}, assign=True)


@evaluated
def trained_again(net):
    net.train()


@evaluated
def another_layer(net):
    net[2] = nn.Linear(8, 3)


# ---------------------------------------------------------------------------------------------- names


class Mode(enum.Enum):
    ONE, TWO = 1, 2


@dataclasses.dataclass
class Config:
    value: object
    inner: object = None

    @property
    def doubled(self):
        return self.value * 2


class Scaling:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return x * self.factor

    def scaled(self, x):
        return x * self.factor


class Halving(Scaling):
    def scaled(self, x):
        return super().scaled(x) / 2


class Counted:
    factor = 1.0

    @classmethod
    def scaled(cls, x):
        return x * cls.factor


def named(first, second, compute=lambda thing, x: x * thing):
    """A step that computes with what a name stands for: first one thing, then another."""

    def make():
        thing = first()

        def step(x, y):
            return compute(thing, x).sum()

        def change():
            nonlocal thing
            thing = second(thing)

        return step, change, lambda: [thing.grad] if isinstance(thing, torch.Tensor) else []

    return make


def changed(**attributes):
    def change(thing):
        for name, value in attributes.items():
            setattr(thing, name, value)
        return thing

    return change


def with_item(key, value):
    def change(thing):
        thing[key] = value
        return thing

    return change


def _with_gradient(w, x):
    loss = (w * x).sum()
    loss.backward()
    return loss


def _twice(x):
    return x * 2


def _thrice(x):
    return x * 3


SITUATIONS |= {
    "a function": named(lambda: torch.relu, lambda _: torch.tanh, lambda f, x: f(x)),
    "a function of the user": named(lambda: _twice, lambda _: _thrice, lambda f, x: f(x)),
    "an enumeration": named(lambda: Mode.ONE, lambda _: Mode.TWO, lambda mode, x: x * 2 if mode is Mode.ONE else x),
    "the sign of zero": named(lambda: 0.0, lambda _: -0.0, lambda zero, x: torch.atan2(x * zero, -1 - x * x)),
    "a tuple": named(lambda: (1.0, 2.0), lambda _: (1.0, 3.0), lambda pair, x: x * pair[1]),
    "a list that grows": named(lambda: [1.0], lambda xs: [*xs, 2.0], lambda xs, x: sum(x * n for n in xs)),
    "a list of tensors": named(lambda: [torch.ones(6)], with_item(0, torch.full((6,), 2.0)), lambda ts, x: x * ts[0]),
    "a dict": named(lambda: {"k": 1.0}, with_item("k", 2.0), lambda d, x: x * d["k"]),
    "a dict in a dict": named(
        lambda: {"k": {"n": 1.0, "t": torch.ones(6)}}, lambda d: {"k": {**d["k"], "n": 2.0}},
        lambda d, x: x * d["k"]["n"],
    ),
    "a parameter in a dict": named(
        lambda: {"w": torch.ones(6, requires_grad=True)}, with_item("w", torch.full((6,), 2.0, requires_grad=True)),
        lambda d, x: _with_gradient(d["w"], x),
    ),
    "a parameter": named(
        lambda: torch.ones(6, requires_grad=True), lambda _: torch.full((6,), 2.0, requires_grad=True), _with_gradient
    ),
    "a tensor that requires grad now": named(lambda: torch.ones(6), lambda w: w.requires_grad_(), lambda w, x: w * x),
    "a number for a tensor": named(lambda: torch.ones(1), lambda _: 2.0),
    "a tensor for a number": named(lambda: 2.0, lambda _: torch.ones(1)),
    "an attribute": named(lambda: Config(1.0), changed(value=2.0), lambda c, x: x * c.value),
    "a function in an attribute": named(
        lambda: Config(torch.relu), changed(value=torch.tanh), lambda c, x: c.value(x)
    ),
    "an object that is called": named(
        lambda: Scaling(1.0), changed(factor=2.0), lambda scaling, x: scaling(x)
    ),
    "what an overridden method reads": named(
        lambda: Halving(1.0), changed(factor=2.0), lambda scaling, x: scaling.scaled(x)
    ),
    "a class with methods of its own": named(
        lambda: type("Own", (Counted,), {})(), lambda own: changed(factor=2.0)(type(own))(),
        lambda own, x: own.scaled(x),
    ),
    "an attribute by getattr": named(lambda: Config(1.0), changed(value=2.0), lambda c, x: x * getattr(c, "value", 3)),
    "an attribute that is new": named(
        lambda: Config(1.0), changed(more=2.0), lambda c, x: x * c.more if hasattr(c, "more") else x
    ),
    "an attribute that was None": named(
        lambda: Config(None), changed(value=2.0), lambda c, x: x if c.value is None else x * c.value
    ),
    "a property": named(lambda: Config(1.0), changed(value=2.0), lambda c, x: x * c.doubled),
    "an inner object": named(
        lambda: Config(1.0, Config(1.0)), changed(inner=Config(2.0)), lambda c, x: x * c.inner.value
    ),
    "an array": named(lambda: np.ones(6, "f"), lambda a: a * 2, lambda a, x: x * torch.from_numpy(a)),
    "an array that is copied": named(lambda: np.ones(6, "f"), lambda a: a * 2, lambda a, x: x * torch.tensor(a)),
    "an array that changes in place": named(
        lambda: np.ones(6, "f"), lambda a: np.multiply(a, 2, out=a), lambda a, x: x * torch.tensor(a)
    ),
}  # fmt: skip


@situation
def a_number_that_a_function_of_another_module_reads():
    other = types.ModuleType("helpers_of_a_test")
    exec("FACTOR = 1.0\ndef scaled(x):\n    return x * FACTOR", other.__dict__)
    return lambda x, y: other.scaled(x), lambda: setattr(other, "FACTOR", 2.0), list


@situation
def one_of_two_names_of_an_object():
    first = second = Config(1.0)

    def change():
        nonlocal second
        second = Config(2.0)

    return lambda x, y: (x * first.value).sum() + (x * second.value).sum(), change, list


@situation
def one_of_two_names_of_a_list():
    first = second = [torch.ones(6)]

    def change():
        nonlocal second
        second = [torch.full((6,), 2.0)]

    return lambda x, y: (x * first[0]).sum() + (x * second[0]).sum(), change, list


@situation
def one_of_two_names_of_an_array():
    first = second = np.ones(6, "f")

    def change():
        nonlocal second
        second = first * 2

    return lambda x, y: (x * torch.tensor(first)).sum() + (x * torch.tensor(second)).sum(), change, list


@situation
def a_number_that_a_wrapper_reads():
    factor = 1.0

    def scaled(function):
        @functools.wraps(function)
        def inside(*args):
            return function(*args) * factor

        return inside

    def change():
        nonlocal factor
        factor = 2.0

    return scaled(lambda x, y: x.sum()), change, list


def reached_by(way):
    """The model is a default, a part of a list ...: the step must see that it is evaluated now."""

    def make():
        net = model(nn.Dropout(0.5))
        return way(net), net.eval, list

    SITUATIONS[f"model {way.__name__}"] = make
    return way


@reached_by
def as_a_default(net):
    return lambda x, y, net=net: net(x)


@reached_by
def as_a_partial_argument(net):
    return functools.partial(lambda net, x, y: net(x), net)


@reached_by
def in_a_list(net):
    nets = [net]
    return lambda x, y: sum(one(x).sum() for one in nets)


@reached_by
def in_an_object(net):
    config = Config(Config(net))
    return lambda x, y: config.value.value(x)


@situation
def a_model_in_the_place_of_another():
    net = model(nn.Dropout(0.5))

    def change():
        nonlocal net
        net = model(nn.Dropout(0.5)).eval()

    return lambda x, y: net(x), change, list


@situation
def a_number_that_another_replayed_function_reads():
    config = Config(1.0)
    inner = torch.replay(lambda x: x * config.value)
    return lambda x, y: inner(x).sum(), lambda: setattr(config, "value", 2.0), list


@situation
def the_default_dtype():
    return lambda x, y: x * torch.tensor([0.1]), lambda: torch.set_default_dtype(torch.float64), list


# ---------------------------------------------------------------------------------------------- the tests


def bits(value):
    if isinstance(value, tuple | list):
        return [bits(part) for part in value]
    return value if value is None else (value.dtype, value.shape, value.detach().numpy().tobytes())


def run(make, replayed):
    torch.manual_seed(0)
    step, change, state = make()
    step, rng, seen = torch.replay(step) if replayed else step, np.random.default_rng(1), []
    try:
        for i in range(BEFORE + AFTER):
            if i == BEFORE:
                assert not replayed or step.replays >= 3, step.reason
                change()
            torch.manual_seed(i)
            x = torch.tensor(rng.standard_normal((4, 6), dtype=np.float32))
            y = torch.tensor(rng.integers(0, 3, 4))
            seen.append([bits(step(x, y)), bits(torch.get_rng_state()), bits(state())])
    finally:
        torch.set_default_dtype(torch.float32)
    return seen


@pytest.mark.filterwarnings("ignore::minitorch_optim.recording.ReplayWarning")
@pytest.mark.parametrize("name", SITUATIONS)
def test_what_has_changed_is_noticed(name):
    expected, found = run(SITUATIONS[name], replayed=False), run(SITUATIONS[name], replayed=True)
    assert expected[BEFORE][:2] != expected[BEFORE - 1][:2]
    for i, (mine, its) in enumerate(zip(found, expected, strict=True)):
        assert mine == its, f"call {i}"


@pytest.mark.parametrize("way", ["the model itself", "its forward", "an argument"])
def test_models_that_are_the_step_or_are_given_to_it(way):
    net = model(nn.Dropout(0.5))
    step = {"the model itself": net, "its forward": net.forward, "an argument": lambda x, net: net(x)}[way]
    more = (net,) if way == "an argument" else ()
    replayed = torch.replay(step)
    for i in range(12):
        net.train(i < 6)
        x = torch.randn(4, 6)
        torch.manual_seed(i)
        expected = net(x)
        torch.manual_seed(i)
        assert bits(replayed(x, *more)) == bits(expected)
    assert replayed.replays >= 6


@pytest.mark.parametrize("order", ["C", "F", "cut"])
def test_elements_may_lie_otherwise_in_memory(order):
    replayed = torch.replay(lambda x: (x.exp() * x).sum())
    rng = np.random.default_rng(0)
    for i in range(12):
        array = rng.standard_normal((37, 41), dtype=np.float32)
        if i >= 6:
            array = np.repeat(array, 2, axis=1)[:, ::2] if order == "cut" else np.asarray(array, order=order)
        x = torch.from_numpy(array)
        assert bits(replayed(x)) == bits((x.exp() * x).sum())
    assert replayed.replays >= 6


@pytest.mark.parametrize("at", range(5))
def test_parameters_may_be_copied_elsewhere_at_any_time(at):
    """Even between two recordings, where the old memory still holds the same numbers."""
    net, other = model(nn.Tanh()), model(nn.Tanh())
    other.load_state_dict(net.state_dict())
    step, replayed = training(other), torch.replay(training(net))
    for i in range(14):
        if i == at:
            for p in (*net.parameters(), *other.parameters()):
                p.data = p.data.clone()
        x, y = torch.randn(4, 6), torch.randint(3, (4,))
        assert bits(replayed(x, y)) == bits(step(x, y))
        assert bits([*net.parameters()]) == bits([*other.parameters()])
    assert replayed.replays >= 3


def test_gradients_that_are_assigned():
    nets = [model(nn.Tanh()) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    steps = []
    for net in nets:
        optimizer = torch.optim.Adam(net.parameters(), lr=0.1)

        def step(x, y, net=net, optimizer=optimizer):
            loss = F.cross_entropy(net(x), y)
            for p, g in zip(net.parameters(), torch.autograd.grad(loss, list(net.parameters()))):
                p.grad = g
            optimizer.step()
            return loss

        steps.append(step)
    replayed = torch.replay(steps[0])
    for _ in range(8):
        x, y = torch.randn(4, 6), torch.randint(3, (4,))
        assert bits(replayed(x, y)) == bits(steps[1](x, y))
        assert bits(list(nets[0].parameters())) == bits(list(nets[1].parameters()))
    assert replayed.replays >= 5


def test_gradients_from_outside_are_those_of_this_call():
    w = torch.ones(6, requires_grad=True)

    def step(x):
        with torch.no_grad():
            w.sub_(w.grad * 0.5)
        return w * x

    replayed, values = torch.replay(step), np.ones(6, "f")
    for i in range(10):
        w.grad = torch.full((6,), float(i))
        values -= np.float32(i * 0.5)
        assert replayed(torch.ones(6)).tolist() == values.tolist()


def test_an_argument_that_is_changed_in_place_is_changed_once():
    replayed = torch.replay(lambda x: x.mul_(2) + 1)
    for i in range(8):
        x = torch.full((3,), float(i))
        assert replayed(x).tolist() == [2.0 * i + 1] * 3
        assert x.tolist() == [2.0 * i] * 3
    assert replayed.replays >= 5


def test_questions_about_an_argument_that_the_step_changes_are_not_asked_too_early():
    net = model(nn.Tanh())
    replayed = torch.replay(lambda x, y: F.cross_entropy(net(x), y.add_(1)))
    with pytest.warns(ReplayWarning, match="an argument which it changes"):
        for _ in range(4):
            replayed(torch.randn(4, 6), torch.tensor([0, 1, 0, 1]))
    with pytest.raises(IndexError, match="Target 3 is out of bounds"):
        replayed(torch.randn(4, 6), torch.tensor([0, 1, 2, 1]))


def test_parts_of_an_argument():
    net = model(nn.Tanh())

    def step(x, y):
        return sum(F.cross_entropy(net(x[i : i + 2]), y[i : i + 2]) for i in (0, 2))

    replayed = torch.replay(step)
    for _ in range(6):
        x, y = torch.randn(4, 6), torch.randint(3, (4,))
        assert bits(replayed(x, y)) == bits(step(x, y))
    assert replayed.replays >= 3


def test_a_generator_of_its_own_is_drawn_from_once_in_each_call():
    mine, its = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    replayed = torch.replay(lambda x: x * torch.rand(6, generator=mine))
    for _ in range(8):
        x = torch.randn(4, 6)
        assert bits(replayed(x)) == bits(x * torch.rand(6, generator=its))
    assert replayed.replays >= 5


own_stream = np.random.default_rng(0)


@pytest.mark.parametrize(
    "draw", [random.random, np.random.rand, own_stream.random, random.Random(0).random],
    ids=["Python", "NumPy", "a generator of NumPy", "a generator of Python"],
)  # fmt: skip
def test_random_numbers_of_others_are_refused(draw):
    owner = draw.__self__

    def step(x):
        assert owner is not None
        return x * 2 if draw() < 0.9 else x

    with pytest.warns(ReplayWarning, match="it draws random numbers from Python or NumPy"):
        torch.replay(step)(torch.ones(2))


def test_what_is_returned_lies_in_memory_as_on_the_tape():
    replayed = torch.replay(lambda x: (x.T * 2, (x * 2)[:, 1:]))
    for _ in range(5):
        x = torch.randn(4, 6)
        for mine, its in zip(replayed(x), (x.T * 2, (x * 2)[:, 1:].clone()), strict=True):
            assert mine.stride() == its.stride()
    assert replayed.replays


def test_what_numpy_computes_of_tensors_without_gradient():
    replayed = torch.replay(lambda x: np.exp(x) * np.sum(x, axis=1, keepdims=True) + np.mean(x) + np.max(x))
    for _ in range(6):
        x = torch.randn(4, 6)
        expected = np.exp(x) * np.sum(x, axis=1, keepdims=True) + np.mean(x) + np.max(x)
        assert bits(replayed(x)) == bits(expected)
    assert replayed.replays >= 3, replayed.reason


def test_sums_of_gradients_in_second_derivatives_are_computed_anew():
    """In exact arithmetic this sum is a constant; what rounding adds to that is another number in each call."""
    net = model(nn.Tanh())

    def step(x, y):
        loss = F.cross_entropy(net(x), y, label_smoothing=0.1)
        grads = torch.autograd.grad(loss, list(net.parameters()), create_graph=True)
        return loss + sum((g * g).sum() for g in grads)

    replayed = torch.replay(step)
    for _ in range(6):
        x, y = torch.randn(4, 6), torch.randint(3, (4,))
        assert bits(replayed(x, y)) == bits(step(x, y).detach())
    constants = [array for array in replayed._last.whole.__globals__.values() if isinstance(array, np.ndarray)]
    assert (4, 1) not in [array.shape for array in constants if array.base is None and array.flags.writeable], "a sum"


def test_learning_rates_that_are_asked_for_are_numbers_of_their_call():
    w = torch.ones(3, requires_grad=True)
    schedule = torch.optim.lr_scheduler.StepLR(torch.optim.SGD([w], lr=0.5), 1, gamma=0.5)
    with pytest.warns(ReplayWarning, match=r"get_last_lr\(\)"):
        torch.replay(lambda: w * schedule.get_last_lr()[0])()


def test_leaves_that_the_step_makes():
    net = model(nn.Tanh())

    def step(x, y):
        own = x.clone().requires_grad_()
        F.cross_entropy(net(own), y).backward()
        return own + 0.1 * own.grad.sign()

    replayed = torch.replay(step)
    for _ in range(6):
        net.zero_grad(set_to_none=True)
        x, y = torch.randn(4, 6), torch.randint(3, (4,))
        found = replayed(x, y)
        net.zero_grad(set_to_none=True)
        assert bits(found) == bits(step(x, y).detach())
    assert replayed.replays >= 3


def test_a_hook_that_calls_the_step_again_leaves_its_numbers_alone():
    net = model(nn.Tanh())
    step = training(net)
    inner, wanted = (torch.ones(2, 6), torch.tensor([0, 1])), False

    def again(*_):
        nonlocal wanted
        if wanted:
            wanted = False
            replayed(*inner)

    def both(x, y):
        loss = step(x, y)
        return loss * 1, net(x).sum()

    step.optimizer.register_step_post_hook(again)
    replayed = torch.replay(both)
    for i in range(20):
        x, y = torch.randn(2, 6), torch.randint(3, (2,))
        wanted = i == 12
        before = {name: value.clone() for name, value in net.state_dict().items()}
        found = replayed(x, y)
        after = {name: value.clone() for name, value in net.state_dict().items()}
        net.load_state_dict(before)
        wanted = i == 12
        expected = both(x, y)
        assert bits(found) == bits([part.detach() for part in expected])
        net.load_state_dict(after)
    assert replayed.replays >= 10


def test_threads_may_share_a_replayed_function():
    net = model(nn.Tanh(), nn.Linear(8, 8), nn.Tanh())
    replayed = torch.replay(torch.no_grad()(lambda x: net(x)))
    for _ in range(4):
        replayed(torch.randn(256, 6))
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(150):
            x = torch.tensor(rng.standard_normal((256, 6), dtype=np.float32))
            with torch.no_grad():
                if bits(replayed(x)) != bits(net(x)):
                    wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and replayed.replays > 4


def test_a_model_that_keeps_what_it_computed_is_replayed():
    class Keeping(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(6, 3)

        def forward(self, x):
            self.last = self.linear(x)
            return self.last

    net = Keeping()
    replayed = torch.replay(lambda x: net(x).sum())
    for _ in range(8):
        x = torch.randn(4, 6)
        assert bits(replayed(x)) == bits(net(x).sum().detach())
    assert replayed.replays >= 3


def test_a_model_that_counts_its_calls_is_refused():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.calls = nn.Linear(6, 3), 0

        def forward(self, x):
            self.calls += 1
            return self.linear(x) * (1 if self.calls < 5 else 2)

    net = Counting()
    replayed = torch.replay(lambda x: net(x))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for i in range(8):
            x = torch.randn(4, 6)
            assert bits(replayed(x)) == bits(net.linear(x) * (1 if i < 4 else 2))
    assert "it changes 'calls', and a replay would not: count outside" in str(said[0].message)


def test_learning_rates_in_groups_that_the_step_goes_through_do_not_count():
    net = model(nn.Tanh())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        for group in optimizer.param_groups:
            nn.utils.clip_grad_norm_(group["params"], 0.1)
        optimizer.step()
        schedule.step()
        return loss

    replayed = torch.replay(step)
    for _ in range(24):
        replayed(torch.randn(4, 6), torch.randint(3, (4,)))
    assert replayed.replays >= 20, replayed.reason
