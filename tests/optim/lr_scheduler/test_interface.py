"""What programs rely on around the values: warnings, errors, subclasses, previews, groups added later, no cycles."""

from __future__ import annotations

import gc
import inspect
import json
import math
import pickle
import runpy
import types
import warnings
import weakref
from pathlib import Path
from typing import Any

import pytest

from minitorch_optim.autograd import tensor
from minitorch_optim.optim import SGD, Adam, Optimizer, Rprop
from minitorch_optim.optim import lr_scheduler as L
from minitorch_optim.optim.wrappers import Lookahead

CASES = runpy.run_path(str(Path(__file__).with_name("cases.py")))
ALL = {**CASES["SCHEDULES"], **CASES["BEYOND"], **CASES["COMPOSITES"]}
every = pytest.mark.parametrize("name", ALL)


def optimizer(lr: Any = 0.1, momentum: float = 0.9) -> Any:
    return SGD([tensor([1.0], requires_grad=True)], lr=lr, momentum=momentum)


# -- names ----------------------------------------------------------------------------------------


def test_one_base_class_with_two_names() -> None:
    assert L._LRScheduler is L.LRScheduler
    for name in L.__all__:
        thing = getattr(L, name)
        assert not isinstance(thing, type) or issubclass(thing, L.LRScheduler)


def test_signatures_of_the_page() -> None:
    page = {
        "LambdaLR": "lr_lambda, last_epoch=-1, verbose=False",
        "MultiplicativeLR": "lr_lambda, last_epoch=-1, verbose=False",
        "StepLR": "step_size, gamma=0.1, last_epoch=-1, verbose=False",
        "MultiStepLR": "milestones, gamma=0.1, last_epoch=-1, verbose=False",
        "ExponentialLR": "gamma, last_epoch=-1, verbose=False",
        "CosineAnnealingLR": "T_max, eta_min=0.0, last_epoch=-1, verbose=False",
        "ReduceLROnPlateau": "mode=min, factor=0.1, patience=10, threshold=0.0001, threshold_mode=rel, cooldown=0, "
        "min_lr=0, eps=1e-08, verbose=False",
        "CyclicLR": "base_lr, max_lr, step_size_up=2000, step_size_down=None, mode=triangular, gamma=1.0, "
        "scale_fn=None, scale_mode=cycle, cycle_momentum=True, base_momentum=0.8, max_momentum=0.9, "
        "last_epoch=-1, verbose=False",
        "OneCycleLR": "max_lr, total_steps=None, epochs=None, steps_per_epoch=None, pct_start=0.3, "
        "anneal_strategy=cos, cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, div_factor=25.0, "
        "final_div_factor=10000.0, last_epoch=-1, verbose=False",
        "CosineAnnealingWarmRestarts": "T_0, T_mult=1, eta_min=0.0, last_epoch=-1, verbose=False",
    }
    for name, expected in page.items():
        parameters = list(inspect.signature(getattr(L, name)).parameters.values())[1:]
        shown = [
            p.name if p.default is p.empty else f"{p.name}={p.default}" for p in parameters if p.kind != p.KEYWORD_ONLY
        ]
        assert ", ".join(shown) == expected, name


def test_state_dicts_have_the_keys_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for name, make in CASES["SCHEDULES"].items():
        theirs = make(torch.optim.lr_scheduler, torch.optim.SGD([torch.ones(1)], lr=0.1, momentum=0.9)).state_dict()
        assert set(theirs) <= set(make(L, optimizer()).state_dict()), name


def test_a_state_of_pytorch_can_be_loaded() -> None:
    torch = pytest.importorskip("torch")
    for name, make in {**CASES["SCHEDULES"], "together": CASES["COMPOSITES"]["together"]}.items():
        o = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1, momentum=0.9)
        theirs = make(torch.optim.lr_scheduler, o)
        for _ in range(23):
            o.step()
            theirs.step()
        mine = make(L, optimizer(lr=0.3))
        mine.load_state_dict(theirs.state_dict())
        for _ in range(30):
            o.step()
            theirs.step()
            mine.step()
            assert mine.get_last_lr() == pytest.approx(theirs.get_last_lr(), rel=1e-12), name


# -- previews -------------------------------------------------------------------------------------


@every
def test_looking_ahead_touches_nothing(name: str) -> None:
    o, twin = optimizer(), optimizer()
    s, reference = ALL[name](L, o), ALL[name](L, twin)
    for _ in range(4):
        o.step()
        twin.step()
        s.step()
        reference.step()
    before, groups = json.dumps(s.state_dict()), repr(o.param_groups)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ahead = s.preview(30)
        curve = [s.at(t) for t in range(34)]
    assert json.dumps(s.state_dict()) == before and repr(o.param_groups) == groups
    assert ahead == curve[4:]
    for expected in ahead:
        assert s.get_last_lr() == expected
        s.step()


def test_preview_goes_from_the_lr_in_force() -> None:
    o = optimizer(lr=1.0)
    s = L.ExponentialLR(o, 0.5)
    o.param_groups[0]["lr"] = 3.0
    assert s.preview(3) == [[3.0], [1.5], [0.75]] and [s.at(t) for t in range(3)] == [[1.0], [0.5], [0.25]]
    for wrong in (-1, 1.5):
        with pytest.raises(ValueError, match="Expected integer n >= 0"):
            s.preview(wrong)
    with pytest.raises(ValueError, match="Expected t >= 0"):
        s.at(-1)


# -- schedules of one's own -----------------------------------------------------------------------


class Recursive(L.LRScheduler):
    def __init__(self, optimizer: Any, factor: float, last_epoch: int = -1) -> None:
        self.factor = factor
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return [group["lr"] for group in self.optimizer.param_groups]
        return [group["lr"] * self.factor for group in self.optimizer.param_groups]


class Closed(L._LRScheduler):
    def get_lr(self) -> list[float]:
        return [base / (1 + self.last_epoch) for base in self.base_lrs]

    def _get_closed_form_lr(self) -> list[float]:
        return [base / (1 + self.last_epoch) for base in self.base_lrs]


@pytest.mark.filterwarnings("ignore:Detected call")
def test_subclasses_by_get_lr() -> None:
    o = optimizer(lr=1.0)
    s = Recursive(o, 0.5)
    assert s.preview(3) == [[1.0], [0.5], [0.25]] and s.at(3) == [0.125] and s.base_lrs == [1.0]
    o.step()
    s.step()
    other = Recursive(optimizer(lr=0.9), 0.1)
    other.load_state_dict(json.loads(json.dumps(s.state_dict())))
    assert other.factor == 0.5 and other.optimizer.param_groups[0]["lr"] == 0.5
    o = optimizer(lr=1.0)
    chain = L.ChainedScheduler([Closed(o), Recursive(o, 0.5)])
    assert [lr for (lr,) in chain.preview(3)] == [1.0, 0.25, 1 / 6]
    o = optimizer(lr=1.0)
    sequence = L.SequentialLR(o, [Closed(o), Recursive(o, 0.5), Closed(o)], [2, 4])
    assert [lr for (lr,) in sequence.preview(6)] == [1.0, 0.5, 0.5, 0.25, 1.0, 0.5]
    with pytest.warns(UserWarning, match="epoch parameter"):
        s = Closed(optimizer(lr=1.0))
        s.step(3)
    assert s.get_last_lr() == [0.25]


def test_get_lr_with_an_argument_is_a_type_error() -> None:
    class Wrong(L.LRScheduler):
        def get_lr(self, step: int) -> list[float]:  # type: ignore[override]
            return [0.0]

    with pytest.raises(TypeError):
        Wrong(optimizer())


def test_get_lr_outside_step_warns() -> None:
    for make in (lambda o: L.StepLR(o, 1), L.ReduceLROnPlateau, lambda o: L.ChainedScheduler([L.StepLR(o, 1)])):
        s = make(optimizer())
        with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
            assert s.get_lr() == [0.1]


def test_a_subclass_of_a_schedule() -> None:
    class Late(L.StepLR):
        def get_lr(self) -> list[float]:
            return list(self.base_lrs) if self.last_epoch < 4 else super().get_lr()

    o = optimizer(lr=1.0)
    s = Late(o, 2, 0.5)
    expected = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    assert [lr for (lr,) in s.preview(8)] == expected == [lr for t in range(8) for lr in s.at(t)]


def test_a_schedule_that_hands_over_to_another() -> None:
    """The warmup that many programs carry along: a schedule that steps a second one itself."""

    class Warmup(L.LRScheduler):
        def __init__(self, optimizer: Any, steps: int, after: Any) -> None:
            self.steps, self.after, self.finished = steps, after, False
            super().__init__(optimizer)

        def get_lr(self) -> list[float]:
            if self.last_epoch > self.steps:
                self.finished = True
                return self.after.get_last_lr()
            return [base * self.last_epoch / self.steps for base in self.base_lrs]

        def step(self, epoch: Any = None) -> None:
            if self.finished:
                self.after.step()
                self._last_lr = self.after.get_last_lr()
            else:
                super().step(epoch)

    o = optimizer(lr=1.0)
    s = Warmup(o, 4, L.ExponentialLR(o, 0.5))
    before = repr((o.param_groups, s.after.state_dict(), s.finished))
    ahead = s.preview(9)
    assert repr((o.param_groups, s.after.state_dict(), s.finished)) == before
    assert [lr for (lr,) in ahead] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 0.5, 0.25, 0.125]
    for expected in ahead:
        assert [o.param_groups[0]["lr"]] == expected
        o.step()
        s.step()


def test_a_preview_copies_callable_objects_but_not_what_they_hold() -> None:
    class Counting:
        def __init__(self, held: Any) -> None:
            self.calls = 0
            self.held = held

        def __call__(self, t: int) -> float:
            self.calls += 1
            return 0.5**t

        def method(self, t: int) -> float:
            return 0.5**t

    counting = Counting(held=iter([]).__next__)  # an example of what cannot be copied
    s = L.LambdaLR(optimizer(lr=1.0), counting)
    assert s.preview(3) == [[1.0], [0.5], [0.25]] and counting.calls == 1
    assert L.LambdaLR(optimizer(lr=1.0), counting.method).preview(2) == [[1.0], [0.5]]


# -- warnings -------------------------------------------------------------------------------------


def caught(call: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        call()
    return [str(w.message) for w in record]


def test_order_of_the_two_steps() -> None:
    o = optimizer()
    s = L.StepLR(o, 3)
    (message,) = caught(s.step)
    assert "how-to-adjust-learning-rate" in message and caught(s.step) == []
    o = optimizer()
    s = L.StepLR(o, 3)
    o.step()
    assert caught(s.step) == []
    o.param_groups[0]["initial_lr"] = 0.01
    o = SGD([{"params": [tensor([1.0])], "initial_lr": 0.1}], lr=0.1)
    s = L.StepLR(o, 3, last_epoch=10)
    assert len(caught(s.step)) == 1


def test_overridden_optimizer_step() -> None:
    o = optimizer()
    s = L.StepLR(o, 3)
    old = o.step

    def step(self: Any, *args: Any) -> Any:
        return old(*args)

    o.step = types.MethodType(step, o)
    o.step()
    (message,) = caught(s.step)
    assert message.startswith("Seems like `optimizer.step()` has been overridden")
    again = L.StepLR(o, 3)  # which takes the new step for what it is
    o.step()
    assert caught(again.step) == []


def test_named_epochs_warn_once() -> None:
    for name in ("StepLR(step_size=1)", "ExponentialLR(gamma=0.9)", "LambdaLR(lr_lambda=0.99^t)"):
        s = ALL[name](L, optimizer())
        s.optimizer.step()
        for epoch in (3, 1, 2):
            with warnings.catch_warnings(record=True) as record:
                warnings.simplefilter("always")
                s.step(epoch)
            (warning,) = record
            assert warning.message.args == (L.EPOCH_DEPRECATION_WARNING,)
    s = L.CosineAnnealingWarmRestarts(optimizer(), 3)
    assert caught(lambda: s.step(2.5)) == []


def test_constructors_do_not_warn() -> None:
    for name in ALL:
        assert caught(lambda name=name: ALL[name](L, optimizer())) == []


def test_verbose(capsys: Any) -> None:
    o = optimizer(lr=1e-2)
    s = L.StepLR(o, 1, verbose=True)
    o.step()
    s.step()
    s.at(3), s.preview(4)
    with pytest.warns(UserWarning):
        s.step(5)
    assert capsys.readouterr().out.splitlines() == [
        "Adjusting learning rate of group 0 to 1.0000e-02.",
        "Adjusting learning rate of group 0 to 1.0000e-03.",
        "Epoch     5: adjusting learning rate of group 0 to 1.0000e-07.",
    ]


# -- groups added later ---------------------------------------------------------------------------


@every
def test_a_group_added_later_is_scheduled_too(name: str) -> None:
    o = optimizer()
    s = ALL[name](L, o)
    for _ in range(3):
        o.step()
        s.step()
    o.add_param_group({"params": [tensor([1.0], requires_grad=True)], "lr": 0.05})
    for _ in range(20):
        o.step()
        s.step()
    first, added = s.get_last_lr()
    assert [g["lr"] for g in o.param_groups] == [first, added] and math.isfinite(added)
    if name.startswith("ExponentialLR"):
        assert added == pytest.approx(0.05 * s.gamma**20)


@pytest.mark.filterwarnings("ignore:Detected call")
def test_arguments_by_group_do_not_reach_a_group_added_later() -> None:
    two = [{"params": [tensor([1.0])]}, {"params": [tensor([1.0])]}]
    o = SGD(two, lr=0.1)
    s = L.LambdaLR(o, [lambda t: 1.0, lambda t: 0.5])
    o.add_param_group({"params": [tensor([1.0])]})
    with pytest.raises(ValueError, match="Expected 3 lr_lambdas, but got 2"):
        s.step()
    s.lr_lambdas.append(lambda t: 0.25)
    s.step()
    assert s.get_last_lr() == [0.1, 0.05, 0.025]
    two = [{"params": [tensor([1.0])]}, {"params": [tensor([1.0])]}]
    o = SGD(two, lr=0.1)
    cyclic = L.CyclicLR(o, [0.1, 0.2], 1.0)
    o.add_param_group({"params": [tensor([1.0])]})
    with pytest.raises(ValueError, match="base_lrs differs between groups"):
        cyclic.step()


# -- memory ---------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Detected call")
def test_a_scheduler_dies_with_its_last_reference(no_collector: None) -> None:
    for name, make in ALL.items():
        o = optimizer()
        s = make(L, o)
        for _ in range(3):
            o.step()
            s.step()
        s.preview(3)
        family = [weakref.ref(one) for one in [s, *getattr(s, "_schedulers", [])]]
        del s
        assert [ref() for ref in family] == [None] * len(family), name
        assert [r for r in gc.get_referrers(o) if not isinstance(r, types.FrameType)] == [], name
        ref = weakref.ref(o)
        del o
        assert ref() is None, name
    assert gc.collect() == 0


def test_the_method_of_a_dead_optimizer() -> None:
    o = optimizer()
    L.StepLR(o, 1)
    step = o.step
    del o
    with pytest.raises(ReferenceError):
        step()


# -- errors ---------------------------------------------------------------------------------------

WRONG = [
    (L.StepLR, {"step_size": 0}, "Expected positive integer step_size, but got 0"),
    (L.StepLR, {"step_size": 1.5}, "Expected positive integer step_size, but got 1.5"),
    (L.StepLR, {"step_size": 2, "gamma": -0.1}, "Expected non-negative gamma, but got -0.1"),
    (L.MultiStepLR, {"milestones": [5, 2]}, r"Expected increasing milestones, but got \[5, 2\]"),
    (L.MultiStepLR, {"milestones": [1.5]}, "Expected integer milestones >= 0, but got 1.5"),
    (L.ExponentialLR, {"gamma": -1}, "Expected non-negative gamma, but got -1"),
    (L.ExponentialLR, {"gamma": math.nan}, "Expected non-negative gamma, but got nan"),
    (L.ConstantLR, {"factor": 1.1}, "Constant multiplicative factor expected to be between 0 and 1."),
    (L.ConstantLR, {"total_iters": -1}, "Expected integer total_iters >= 0, but got -1"),
    (L.LinearLR, {"start_factor": 0.0}, "Starting multiplicative factor expected to be greater than 0 and less or eq"),
    (L.LinearLR, {"start_factor": 1.1}, "Starting multiplicative factor"),
    (L.LinearLR, {"end_factor": -0.1}, "Ending multiplicative factor expected to be between 0 and 1."),
    (L.PolynomialLR, {"total_iters": 0}, "Expected positive integer total_iters, but got 0"),
    (L.PolynomialLR, {"power": -1}, "Expected non-negative power, but got -1"),
    (L.CosineAnnealingLR, {"T_max": 0}, "Expected positive T_max, but got 0"),
    (L.CosineAnnealingLR, {"T_max": 3, "eta_min": -1}, "Expected non-negative eta_min, but got -1"),
    (L.CosineAnnealingWarmRestarts, {"T_0": 0}, "Expected positive integer T_0, but got 0"),
    (L.CosineAnnealingWarmRestarts, {"T_0": 1, "T_mult": 0}, "Expected integer T_mult >= 1, but got 0"),
    (L.CosineAnnealingWarmRestarts, {"T_0": 1, "eta_min": "a"}, "Expected float or int eta_min, but got a of type"),
    (L.CyclicLR, {"base_lr": 0.2, "max_lr": 0.1}, "Expected 0 <= base_lr <= max_lr, but got 0.2 and 0.1"),
    (L.CyclicLR, {"base_lr": 0.1, "max_lr": 0.2, "step_size_up": 0}, "Expected positive step_size_up, but got 0"),
    (L.CyclicLR, {"base_lr": 0.1, "max_lr": 0.2, "step_size_down": 0}, "Expected positive step_size_down, but got 0"),
    (L.CyclicLR, {"base_lr": 0.1, "max_lr": 0.2, "mode": "CATS"}, "mode is invalid and scale_fn is None"),
    (
        L.CyclicLR,
        {"base_lr": 0.1, "max_lr": 0.2, "scale_mode": "x"},
        "scale_mode must be one of 'cycle' or 'iterations'",
    ),
    (L.CyclicLR, {"base_lr": [0.1, 0.2], "max_lr": 1}, "base_lr must have the same length as optimizer.param_groups"),
    (L.CyclicLR, {"base_lr": 0.1, "max_lr": 1, "base_momentum": 1.0}, "Expected 0 <= base_momentum <= max_momentum"),
    (L.OneCycleLR, {"max_lr": 0.1}, r"You must define either total_steps OR \(epochs AND steps_per_epoch\)"),
    (L.OneCycleLR, {"max_lr": 0.1, "total_steps": 0}, "Expected positive integer total_steps, but got 0"),
    (L.OneCycleLR, {"max_lr": 0.1, "epochs": 0, "steps_per_epoch": 1}, "Expected positive integer epochs, but got 0"),
    (L.OneCycleLR, {"max_lr": 0.1, "total_steps": 9, "pct_start": 1.1}, "Expected float between 0 and 1 pct_start"),
    (
        L.OneCycleLR,
        {"max_lr": 0.1, "total_steps": 9, "anneal_strategy": "x"},
        "anneal_strategy must be one of 'cos' or",
    ),
    (L.OneCycleLR, {"max_lr": 0.1, "total_steps": 9, "div_factor": 0}, "Expected positive div_factor, but got 0"),
    (
        L.OneCycleLR,
        {"max_lr": 1, "total_steps": 9, "pct_start": 0.8, "three_phase": True},
        "at most one half with three",
    ),
    (L.LambdaLR, {"lr_lambda": [math.cos] * 2}, "Expected 1 lr_lambdas, but got 2"),
    (L.WarmupStableDecayLR, {"warmup_steps": -1, "stable_steps": 1, "decay_steps": 1}, "Expected integer warmup_steps"),
    (L.CosineWarmupLR, {"warmup_steps": 9, "total_steps": 9}, "Expected total_steps above warmup_steps"),
]


@pytest.mark.parametrize(
    ("kind", "options", "message"), WRONG, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_values_out_of_range(kind: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(optimizer(), **options)


def test_other_errors() -> None:
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        L.StepLR(3, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="lr_lambda should be a function, but got int"):
        L.MultiplicativeLR(optimizer(), 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Expected non-negative epoch, but got -1"):
        L.CosineAnnealingWarmRestarts(optimizer(), 3).step(-1)
    for make in ALL.values():
        if "last_epoch" in inspect.signature(make).parameters:
            continue
        with pytest.raises(KeyError, match="param 'initial_lr' is not specified in param_groups\\[0\\] when resuming"):
            make(L, optimizer(), last_epoch=3)
    rprop = Rprop([tensor([1.0])])
    for momentum in (lambda: L.CyclicLR(rprop, 0.1, 1.0), lambda: L.OneCycleLR(rprop, 0.1, 10)):
        with pytest.raises(ValueError, match="must support momentum or beta1 with `cycle_momentum` option enabled"):
            momentum()
    with pytest.raises(ValueError, match="learning rates for 2 parameter groups, and the optimizer has 1"):
        two = Adam([{"params": [tensor([1.0])]}, {"params": [tensor([1.0])]}])
        L.StepLR(optimizer(), 1).load_state_dict(L.StepLR(two, 1).state_dict())
    with pytest.raises(NotImplementedError, match="must define get_lr"):
        L.LRScheduler(optimizer())


def test_errors_of_composites() -> None:
    o, other = optimizer(), optimizer()
    step = L.StepLR(o, 1)
    for call, error, message in (
        (lambda: L.SequentialLR(o, [], []), ValueError, "expects at least one scheduler, but got no scheduler"),
        (lambda: L.SequentialLR(o, [step], [3]), ValueError, "number of schedulers provided to be one more than"),
        (
            lambda: L.SequentialLR(o, [step, L.StepLR(o, 1), L.StepLR(o, 1)], [3, 1]),
            ValueError,
            "increasing milestones",
        ),
        (lambda: L.SequentialLR(o, [step, 3], [3]), TypeError, "at index 1 should have `optimizer` as its attribute"),
        (lambda: L.SequentialLR(o, [step, L.StepLR(other, 1)], [3]), ValueError, "belong to the same optimizer"),
        (lambda: L.SequentialLR(o, [step, step], [3]), ValueError, "the same scheduler twice"),
        (lambda: L.ChainedScheduler([]), ValueError, "expects at least one scheduler to be chained"),
        (lambda: L.ChainedScheduler([step, L.StepLR(other, 1)]), ValueError, "belong to the same optimizer"),
        (lambda: L.ChainedScheduler([step], other), ValueError, "belong to the same optimizer"),
        (lambda: L.ChainedScheduler([step, L.ReduceLROnPlateau(o)]).step(), ValueError, r"call step\(metrics\)"),
    ):
        with pytest.raises(error, match=message):
            call()


@pytest.mark.filterwarnings("ignore:Detected call")
def test_plateau_in_composites() -> None:
    o = optimizer(lr=1.0)
    s = L.ChainedScheduler([L.ExponentialLR(o, 0.5), L.ReduceLROnPlateau(o, patience=0, factor=0.25)])
    for _ in range(3):
        s.step(1.0)
    assert s.get_last_lr() == [0.125 * 0.0625]
    o = optimizer(lr=1.0)
    s = L.SequentialLR(o, [L.ConstantLR(o, 0.5, 2), L.ReduceLROnPlateau(o, patience=0, factor=0.5)], [3])
    s.step()
    s.step()
    s.step()  # the plateau takes over, from the lr that it finds
    assert s.get_last_lr() == [1.0]
    with pytest.raises(ValueError, match="ReduceLROnPlateau"):
        s.step()
    assert s.last_epoch == 3
    for _ in range(2):
        s.step(1.0)
    assert s.get_last_lr() == [0.5]


def test_any_optimizer_will_do() -> None:
    class Plain(Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {"lr": 0.5})

        def step(self, closure: Any = None) -> None:
            return None

    o = Plain([tensor([1.0])])
    s = L.StepLR(o, 1)
    o.step()
    s.step()
    assert s.get_last_lr() == [0.05]


def test_a_scheduler_of_an_optimizer_around_another_can_be_pickled() -> None:
    o = Lookahead(optimizer())
    s = L.OneCycleLR(o, 1.0, 10)
    o.step()
    s.step()
    assert o.optimizer.param_groups[0]["lr"] == s.get_last_lr()[0]
    twin = pickle.loads(pickle.dumps(s))
    assert twin.preview(5) == s.preview(5) and twin.optimizer is not o
