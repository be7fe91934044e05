"""Averages of weights against their definition; SWALR and update_bn against PyTorch, and one pass over all data."""

from __future__ import annotations

import copy
import gc
import itertools
import json
import math
import pickle
import sys
import types
import weakref
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from minitorch_optim import nn
from minitorch_optim.autograd import Tensor, no_grad, tensor
from minitorch_optim.autograd.tensor import new_tensor
from minitorch_optim.optim import SGD, Adam
from minitorch_optim.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LRScheduler, SequentialLR
from minitorch_optim.optim.swa_utils import (
    SWALR,
    AveragedModel,
    get_ema_avg_fn,
    get_ema_multi_avg_fn,
    get_swa_avg_fn,
    get_swa_multi_avg_fn,
    update_bn,
)

UPDATES = 12
rng = np.random.default_rng(0)


def model(dtype: str = "float64") -> Any:
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    return net.double() if dtype == "float64" else net


def scramble(net: Any) -> None:
    """Other values in every parameter and buffer, the integers counting up."""
    with no_grad():
        for p in itertools.chain(net.parameters(), net.buffers()):
            if p._array.dtype.kind == "f":
                p.copy_(new_tensor(rng.normal(size=p.shape).astype(p._array.dtype)))
            else:
                p.add_(1)


def arrays(net: Any) -> dict[str, Any]:
    return {name: t.detach().numpy().copy() for name, t in net.state_dict().items()}


def history(averaged: Any, net: Any) -> list[dict[str, Any]]:
    values = []
    for _ in range(UPDATES):
        scramble(net)
        averaged.update_parameters(net)
        values.append(arrays(net))
    assert averaged.n_averaged.item() == UPDATES
    return values


# -- averages -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", [{}, {"avg_fn": get_swa_avg_fn()}, {"multi_avg_fn": get_swa_multi_avg_fn()}])
def test_swa_is_its_definition_to_the_bit(dtype: str, options: dict[str, Any]) -> None:
    net = model(dtype)
    averaged = AveragedModel(net, **options)
    values = history(averaged, net)
    for name, average in arrays(averaged.module).items():
        expected = values[0][name].copy()
        for n, value in enumerate(v[name] for v in values[1:]):
            if "running" in name or "num" in name:
                expected = value
            else:
                expected = expected + (value - expected) / expected.dtype.type(n + 2)
        assert average.dtype == expected.dtype and (average == expected).all(), name
        if "weight" in name and dtype == "float64":
            mean = [float(sum(map(Fraction, column)) / UPDATES) for column in zip(*(v[name].flat for v in values))]
            assert np.allclose(average.flat, mean, rtol=0, atol=1e-15)


@pytest.mark.parametrize("options", [{"avg_fn": get_ema_avg_fn(0.9)}, {"multi_avg_fn": get_ema_multi_avg_fn(0.9)}])
@pytest.mark.parametrize("use_buffers", [False, True])
def test_ema_is_its_definition(options: dict[str, Any], use_buffers: bool) -> None:
    net = model()
    averaged = AveragedModel(net, use_buffers=use_buffers, **options)
    values = history(averaged, net)
    for name, average in arrays(averaged.module).items():
        if name.endswith("num_batches_tracked"):
            expected = 1
            for n in range(2, UPDATES + 1):
                kept, new = np.float32(0.9) * np.float32(expected), np.float32(1 - 0.9) * np.float32(n)
                expected = int(kept + new) if use_buffers else n
            assert average == expected
        elif "running" in name and not use_buffers:
            assert (average == values[-1][name]).all()
        else:
            exact = [Fraction(x) for x in values[0][name].flat]
            for value in values[1:]:
                exact = [Fraction(9, 10) * a + Fraction(1, 10) * Fraction(x) for a, x in zip(exact, value[name].flat)]
            assert np.allclose(average.flat, [float(x) for x in exact], rtol=0, atol=1e-15)


def test_swa_of_buffers() -> None:
    net = model()
    averaged = AveragedModel(net, use_buffers=True)
    values = history(averaged, net)
    mean = np.mean([v["1.running_var"] for v in values], 0)
    assert np.allclose(averaged.module[1].running_var.numpy(), mean, rtol=1e-14)
    assert averaged.module[1].num_batches_tracked.item() == 1  # 1, then 1 + 1/2, 1 + 2/3, ...: the fraction is cut off


def test_a_function_of_the_user() -> None:
    seen = []

    def average(old: Any, new: Any, n: Any) -> Any:
        seen.append(int(n))
        return 0.1 * old + 0.9 * new

    net = nn.Linear(1, 1, bias=False)
    averaged = AveragedModel(net, avg_fn=average)
    for value in (1.0, 2.0, 3.0):
        with no_grad():
            net.weight.fill_(value)
        averaged.update_parameters(net)
    assert averaged.module.weight.item() == pytest.approx(0.1 * (0.1 + 1.8) + 2.7) and seen == [1, 2]


def test_saving_and_pickling() -> None:
    for options in ({}, {"avg_fn": get_ema_avg_fn()}, {"multi_avg_fn": get_swa_multi_avg_fn()}):
        net = model("float32")
        averaged = AveragedModel(net, **options)
        assert list(averaged.state_dict()) == ["n_averaged", *(f"module.{name}" for name in net.state_dict())]
        history(averaged, net)
        other = AveragedModel(model("float32"), **options)
        other.load_state_dict(averaged.state_dict())
        for twin in (other, pickle.loads(pickle.dumps(averaged)), copy.deepcopy(averaged)):
            scramble(net)
            reference = copy.deepcopy(averaged)
            for one in (twin, reference):
                one.update_parameters(net)
            assert {k: v.tolist() for k, v in arrays(twin).items()} == {
                k: v.tolist() for k, v in arrays(reference).items()
            }


def test_the_copy_is_a_copy() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    averaged = AveragedModel(net, device="cpu")
    weight = averaged.module[0].weight
    memory = weight.detach().numpy()
    scramble(net)
    averaged.update_parameters(net)
    assert averaged.module[0].weight is weight and (memory == net[0].weight.detach().numpy()).all()
    scramble(net)
    assert not (memory == net[0].weight.detach().numpy()).any()
    x = tensor([[1.0, 2.0, 3.0]])
    assert (averaged.eval()(x) == averaged.module(x)).all() and not averaged.module.training


def test_wrong_arguments() -> None:
    net = model()
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
        AveragedModel(net, avg_fn=get_swa_avg_fn(), multi_avg_fn=get_swa_multi_avg_fn())
    with pytest.raises(TypeError, match="the second argument is the device"):
        AveragedModel(net, get_ema_multi_avg_fn(0.9), use_buffers=True)
    with pytest.raises(TypeError, match="takes a Module, but got list"):
        AveragedModel([net])  # type: ignore[arg-type]
    for make, decay in itertools.product((get_ema_avg_fn, get_ema_multi_avg_fn), (-0.1, 1.1, math.nan)):
        with pytest.raises(ValueError, match="Invalid decay value"):
            make(decay)
    averaged = AveragedModel(net)
    before = arrays(averaged)
    for other in (nn.Sequential(nn.Linear(3, 4)), nn.Sequential(nn.Linear(5, 4), *list(model())[1:])):
        with pytest.raises(ValueError, match="model must have the parameters of the one that was copied"):
            averaged.update_parameters(other)
    assert all((before[name] == value).all() for name, value in arrays(averaged).items())


# -- SWALR ----------------------------------------------------------------------------------------


def optimizer(lr: Any = 0.1, groups: int = 1) -> Any:
    params = [{"params": [tensor([1.0], requires_grad=True)], "lr": lr * (i + 1)} for i in range(groups)]
    return SGD(params, lr=lr, momentum=0.9)


def both(make: Any, steps: int, start: int = 0) -> None:
    """Steps of the optimizer, from step ``start`` with SWALR, here and in PyTorch."""
    torch = pytest.importorskip("torch")
    mine = optimizer(groups=2)
    theirs = torch.optim.SGD(
        [{"params": [torch.ones(1)], "lr": 0.1}, {"params": [torch.ones(1)], "lr": 0.2}], momentum=0.9
    )
    a, b = make(sys.modules["minitorch_optim.optim"], mine), make(torch.optim, theirs)
    for t in range(steps):
        for o, (before, after) in ((mine, a), (theirs, b)):
            o.step()
            (before if t < start else after).step()
        for x, y in zip(mine.param_groups, theirs.param_groups):
            assert math.isclose(x["lr"], y["lr"], rel_tol=1e-12)
            assert x["swa_lr"] == y["swa_lr"]


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 2, 10, 37])
@pytest.mark.parametrize("start", [0, 7])
def test_swalr_against_pytorch(strategy: str, epochs: int, start: int) -> None:
    def make(O: Any, o: Any) -> Any:
        swa = O.swa_utils.SWALR
        return O.lr_scheduler.ExponentialLR(o, 0.9), swa(o, [0.05, 0.5], epochs, strategy)

    both(make, 60, start)


@pytest.mark.filterwarnings("ignore:Detected call")
def test_swalr_on_its_curve() -> None:
    s = SWALR(optimizer(), 0.05, 10)
    assert isinstance(s, LRScheduler) and s.optimizer.param_groups[0]["lr"] == 0.1
    for t in range(15):
        a = (1 - math.cos(math.pi * min(t, 10) / 10)) / 2
        assert s.get_last_lr() == s.at(t) == pytest.approx([0.05 * a + 0.1 * (1 - a)], rel=1e-14)
        s.step()
    assert s.get_last_lr() == [0.05]


@pytest.mark.filterwarnings("ignore:Detected call")
@pytest.mark.parametrize("late", [False, True])
def test_swalr_resumes_exactly(late: bool) -> None:
    def start(o: Any) -> Any:
        cosine, swa = CosineAnnealingLR(o, 20), SWALR(o, 0.05, 8)
        for _ in range(6 if late else 0):
            cosine.step()
        return swa

    o = optimizer()
    s = start(o)
    trace, states = [o.param_groups[0]["lr"]], [(copy.deepcopy(o.state_dict()), json.dumps(s.state_dict()))]
    for _ in range(20):
        s.step()
        trace.append(o.param_groups[0]["lr"])
        states.append((copy.deepcopy(o.state_dict()), json.dumps(s.state_dict())))
    for k, way in itertools.product(range(1, 15), range(4)):
        o = optimizer(lr=0.1)
        if way == 0:
            o.load_state_dict(states[k][0])
            s = SWALR(o, 0.05, 8, last_epoch=k - 1)
        else:
            s = SWALR(o, 0.05, 8)
            if way == 1:
                o.load_state_dict(states[k][0])
            s.load_state_dict(json.loads(states[k][1]))
            if way == 2:
                o.load_state_dict(states[k][0])
        again = [o.param_groups[0]["lr"]]
        for _ in range(5):
            s.step()
            again.append(o.param_groups[0]["lr"])
        assert again == trace[k : k + 6], (k, way)
        for twin in (pickle.loads(pickle.dumps(s)), copy.deepcopy(s)):
            assert {k: v for k, v in vars(twin).items() if k != "optimizer"} == {
                k: v for k, v in vars(s).items() if k != "optimizer"
            }


@pytest.mark.filterwarnings("ignore:Detected call")
def test_swalr_in_a_sequence_goes_from_the_lr_it_finds() -> None:
    torch = pytest.importorskip("torch")
    traces = []
    for o, swa, sequence, exponential in (
        (optimizer(), SWALR, SequentialLR, ExponentialLR),
        (
            torch.optim.SGD([torch.ones(1)], lr=0.1),
            torch.optim.swa_utils.SWALR,
            torch.optim.lr_scheduler.SequentialLR,
            torch.optim.lr_scheduler.ExponentialLR,
        ),
    ):
        s = sequence(o, [exponential(o, 0.9), swa(o, 0.01, 4)], [3])
        trace = []
        for _ in range(10):
            o.step()
            s.step()
            trace.append(o.param_groups[0]["lr"])
        traces.append(trace)
    assert traces[0] == pytest.approx(traces[1], rel=1e-12)


def test_swalr_and_groups_added_later() -> None:
    o = optimizer()
    s = SWALR(o, 0.05, 4, "linear")
    o.add_param_group({"params": [tensor([1.0])], "lr": 0.9})
    o.step()
    s.step()
    assert s.get_last_lr() == pytest.approx([0.0875, 0.6875]) and o.param_groups[1]["swa_lr"] == 0.05


def test_swalr_errors_and_memory(no_collector: Any) -> None:
    for options, message in (
        ({"swa_lr": 1.0, "anneal_strategy": "exponential"}, "anneal_strategy must"),
        ({"swa_lr": 1.0, "anneal_epochs": -1}, "anneal_epochs must"),
        ({"swa_lr": 1.0, "anneal_epochs": 1.7}, "anneal_epochs must"),
        ({"swa_lr": [1.0, 0.1, 0.01]}, "swa_lr must"),
        ({"swa_lr": -1.0}, "Expected non-negative swa_lr"),
    ):
        with pytest.raises(ValueError, match=message):
            SWALR(optimizer(), **options)
    o = Adam([tensor([1.0], requires_grad=True)])
    s = SWALR(o, 0.1)
    o.step()
    s.step()
    ref = weakref.ref(s)
    del s
    assert ref() is None and [r for r in gc.get_referrers(o) if not isinstance(r, types.FrameType)] == []


# -- update_bn ------------------------------------------------------------------------------------


def data(n: int = 103, size: int = 16) -> tuple[Any, list[Any]]:
    """Rows that drift, and batches of them with a small last one."""
    x = (rng.normal(size=(n, 3)) * np.linspace(0.5, 2, n)[:, None] + np.linspace(-3, 5, n)[:, None]).astype(np.float32)
    return x, [x[i : i + size] for i in range(0, n, size)]


def deep() -> Any:
    return nn.Sequential(
        nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 4), nn.BatchNorm1d(4, momentum=0.3), nn.Tanh(),
        nn.BatchNorm1d(4),
    )  # fmt: skip


def statistics(net: Any) -> list[Any]:
    layers = [m for m in net.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    return [getattr(m, name).numpy().copy() for m in layers for name in ("running_mean", "running_var")]


def test_by_batches_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    _, batches = data()
    net = deep()
    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.BatchNorm1d(5), torch.nn.Tanh(), torch.nn.Linear(5, 4),
        torch.nn.BatchNorm1d(4, momentum=0.3), torch.nn.Tanh(), torch.nn.BatchNorm1d(4),
    )  # fmt: skip
    theirs.load_state_dict({name: torch.tensor(np.asarray(t.detach().numpy())) for name, t in net.state_dict().items()})
    update_bn([tensor(b) for b in batches], net)
    torch.optim.swa_utils.update_bn([torch.tensor(b) for b in batches], theirs)
    for name, value in theirs.state_dict().items():
        assert np.allclose(net.state_dict()[name].detach().numpy(), value.numpy(), rtol=1e-5, atol=1e-6), name
    assert net[1].num_batches_tracked.item() == len(batches) and net[4].momentum == 0.3


@pytest.mark.parametrize("size", [1, 7, 16, 103])
def test_by_samples_as_one_batch_of_all_data(size: int) -> None:
    x, batches = data(size=size)
    net = deep()
    whole = copy.deepcopy(net)
    for layer in (whole[1], whole[4], whole[6]):
        layer.momentum = None
    whole.train()(tensor(x))
    for loader in ([tensor(b) for b in batches], (tensor(b) for b in batches)):  # one that can be read once, too
        scramble(net[1]), scramble(net[4])
        net[1].load_state_dict(whole[1].state_dict())
        net[4].load_state_dict(whole[4].state_dict())
        update_bn(loader, net, sample_weighted=True)
        for a, b in zip(statistics(net), statistics(whole)):
            assert np.allclose(a, b, rtol=2e-5, atol=2e-6)
        assert net.training and net[4].momentum == 0.3 and net[1].momentum == 0.1


def test_by_samples_in_float64_and_over_space() -> None:
    x = rng.normal(3, 2, (21, 2, 4, 5))
    net = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)).double()
    whole = copy.deepcopy(net)
    for layer in (whole[0], whole[2]):
        layer.momentum = None
    whole(new_tensor(x))
    update_bn([new_tensor(x[i : i + 4]) for i in range(0, 21, 4)], net, sample_weighted=True)
    for a, b in zip(statistics(net), statistics(whole)):
        assert np.allclose(a, b, rtol=1e-12)
    assert np.allclose(net[0].running_var.numpy(), x.transpose(1, 0, 2, 3).reshape(2, -1).var(1, ddof=1), rtol=1e-13)


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(3)
        self.unused = nn.BatchNorm1d(2)

    def forward(self, image: Any, scale: Any = 1.0) -> Any:
        return self.bn(image * scale)


@pytest.mark.parametrize("sample_weighted", [False, True])
def test_kinds_of_batches(sample_weighted: bool) -> None:
    x, batches = data()
    y = tensor([0.0])
    expected = Named()
    update_bn([tensor(b) for b in batches], expected, sample_weighted=sample_weighted)
    for pack in (
        lambda b: [b, y],
        lambda b: (b, y),
        lambda b: {"label": y, "image": b},
        lambda b: {"scale": 2.0, "image": b / 2},
        lambda b: {"x": b, "y": y},
    ):
        for wrap in (lambda net: net, AveragedModel):
            net = wrap(Named())
            update_bn([pack(tensor(b)) for b in batches], net, device="cpu", sample_weighted=sample_weighted)
            for a, b in zip(statistics(net), statistics(expected)):
                assert np.allclose(a, b, rtol=1e-6)
    assert expected.unused.running_mean.tolist() == [0, 0] and expected.unused.num_batches_tracked.item() == 0


@pytest.mark.parametrize("sample_weighted", [False, True])
def test_a_loader_that_fails_leaves_no_trace(sample_weighted: bool) -> None:
    def loader(after: int) -> Iterator[Any]:
        yield from [tensor(b) for b in data()[1][:after]]
        raise OSError("the disk is gone")

    class Twice:
        """Fails when it is read for the second time."""

        def __init__(self) -> None:
            self.reads = 0

        def __iter__(self) -> Iterator[Any]:
            self.reads += 1
            return loader(3) if self.reads == 2 else iter([tensor(b) for b in data()[1]])

    for failing in (loader(0), loader(3), *([Twice()] if sample_weighted else [])):
        net = deep()
        net(tensor(data()[0]))
        net[4].eval()
        before, modes = arrays(net), [(m.training, getattr(m, "momentum", 0)) for m in net.modules()]
        with pytest.raises(OSError, match="the disk is gone"):
            update_bn(failing, net, sample_weighted=sample_weighted)
        assert all((arrays(net)[name] == value).all() for name, value in before.items())
        assert [(m.training, getattr(m, "momentum", 0)) for m in net.modules()] == modes
        assert not any(m._registered("forward_pre") for m in net.modules())


def test_modes_are_put_back_one_by_one() -> None:
    net = deep().eval()
    net[1].train()
    update_bn([tensor(b) for b in data()[1]], net)
    assert [m.training for m in net] == [False, True, False, False, False, False, False] and not net.training


def test_without_layers_the_loader_is_not_read() -> None:
    update_bn(iter(lambda: pytest.fail("read"), 0), nn.Linear(1, 1))
    update_bn(iter(lambda: pytest.fail("read"), 0), nn.BatchNorm1d(1, track_running_stats=False))


def test_progress(capsys: Any) -> None:
    pytest.importorskip("tqdm")
    update_bn([tensor(b) for b in data()[1]], deep(), progress=True)
    assert "7/7" in capsys.readouterr().err
    assert isinstance(deep()[1].running_mean, Tensor)
