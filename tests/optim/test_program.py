"""Rules that are recorded: the program does what the rule does, to the bit, and leaves nothing half-written."""

from __future__ import annotations

import runpy
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim
from minitorch_optim import optim
from minitorch_optim.autograd.tensor import Tensor, new_tensor
from minitorch_optim.optim import dense
from minitorch_optim.optim.dense import BLOCK, Dense
from minitorch_optim.optim.driver import Plan
from minitorch_optim.optim.optimizer import Optimizer
from minitorch_optim.optim.program import FEW, OPERATORS, Notes, Program

KIT = runpy.run_path(str(Path(__file__).with_name("kit.py")))
cases_that, with_lr, pattern, same, same_states = (
    KIT[name] for name in ("cases_that", "with_lr", "pattern", "same", "same_states")
)


def of_rule(rule: Any) -> type[Optimizer]:
    """An optimizer with this rule, whose states start at 1."""

    class Made(Optimizer):
        def __init__(self, params: Any, **defaults: Any) -> None:
            super().__init__(params, defaults)

        def initial(self, group: Any, p: Tensor) -> dict[str, Any]:
            return dict.fromkeys(self._rule.names, 1)

    return type("Made", (Made,), {"rule": staticmethod(rule)})


def stepped(kind: Any, *, traced: bool = False, **options: Any) -> list[Any]:
    """Parameters of several sizes and their state after three steps; ``traced``: the rule itself is called."""
    params = [new_tensor(pattern((size,), i, "float32"), True) for i, size in enumerate((7, 5000, 2 * BLOCK + 9, 3))]
    optimizer = kind(params, **options)
    for t in range(3):
        for i, p in enumerate(params):
            p.grad = new_tensor(pattern(tuple(p.shape), 10 * t + i, "float32"))
        before = sys.gettrace()
        if traced:
            sys.settrace(lambda *_: None)
        try:
            optimizer.step()
        finally:
            sys.settrace(before)
    return [p._array for p in params] + [x._array for p in params for x in optimizer.state[p].values()]


@cases_that(lambda case: not case.needs_closure and not case.optimizer.whole and case.sparse != "needed")
def test_the_program_does_what_the_rule_does(case: Any) -> None:
    for options in case.samples:
        options = with_lr(case, options)
        same(stepped(case.optimizer, **options), stepped(case.optimizer, traced=True, **options))


@cases_that(lambda case: not case.needs_closure and not case.optimizer.whole and case.sparse != "needed")
def test_every_rule_that_can_be_cut_is_recorded(case: Any) -> None:
    for options in case.samples:
        p = new_tensor(np.ones(5), True)
        p.grad = new_tensor(np.ones(5))
        optimizer = case.optimizer([p], **with_lr(case, options))
        optimizer.step()
        (job,) = optimizer._plans[0].jobs
        assert job.recorded.possible is not case.optimizer.together


def everything(p: Any, g: Any, m: Any, *, lr: float) -> tuple[Any, Any]:
    q = abs(g) + 0.5
    for function in OPERATORS.values():
        if function not in (np.bitwise_and, np.bitwise_or):
            q = q + function(p, q) + function(2, q) + function(q, 3.0)
    q = np.where((p > 0) & (g > 0) | ~(m < 1), q, -p) + np.clip(g, -0.5, lr) + np.where(g > 0, p, 1.0)
    q = q + abs(p) ** 2 + abs(p) ** 0.5 + abs(p) ** 1 + (1 + p * p) ** -1 + abs(p) ** 2.5 + 2.0 ** abs(g)
    return np.arctan2(q, np.float32(2) + m), np.hypot(m, g) * np.float32(0.5)


def swapped(p: Any, g: Any, m: Any, n: Any, *, lr: float) -> tuple[Any, Any, Any]:
    return p - lr * m, n, m


def same_twice(p: Any, g: Any, m: Any, n: Any, *, lr: float) -> tuple[Any, ...]:
    return p, p, p - lr * g


def in_its_place(p: Any, g: Any, m: Any, *, lr: float) -> tuple[Any, Any]:
    m *= 0.5
    m += g
    p -= lr * m
    return p, m


def asks_for_values(p: Any, g: Any, m: Any, *, lr: float) -> tuple[Any, Any]:
    g = g if g.max() < 0 else -g
    return p - lr * g, m + g


def reads_one(p: Any, g: Any, m: Any, *, lr: float) -> tuple[Any, Any]:
    return p - lr * g.clip(-0.5, 0.5), np.add.accumulate(m) * 0 + 2


def a_number_for_a_state(p: Any, g: Any, m: Any, *, lr: float) -> tuple[Any, Any]:
    return p - lr * g, 3.0


def in_the_dark(p: Any, g: Any, m: Any, *, lr: float) -> tuple[Any, Any]:
    return p - lr * g if p is not None and (g > 2) is not None and bool(np.size(g)) else p, m


def asks_the_step(p: Any, g: Any, m: Any, *, t: float, lr: float) -> tuple[Any, Any]:
    even = (t / 2).is_integer()
    return p - (lr if even else 2 * lr) * g, m + 0.5**t * g


@pytest.mark.parametrize(
    "rule",
    [
        asks_the_step,
        everything,
        swapped,
        same_twice,
        in_its_place,
        asks_for_values,
        reads_one,
        a_number_for_a_state,
        in_the_dark,
    ],
    ids=lambda rule: rule.__name__,
)
def test_rules_of_others(rule: Any) -> None:
    """Whatever NumPy can do, in a program or, where it cannot be recorded, on the arrays."""
    kind = of_rule(rule)
    with np.errstate(all="ignore"):
        same(stepped(kind, lr=0.25), stepped(kind, traced=True, lr=0.25))


def test_a_mistake_in_a_rule_is_told_as_it_is() -> None:
    def mistaken(p: Any, g: Any, *, lr: float) -> tuple[Any, ...]:
        return (p.shap - lr * g,)

    with pytest.raises(AttributeError, match="'numpy.ndarray' object has no attribute 'shap'"):
        stepped(of_rule(mistaken), lr=0.1)


def test_scratch_is_used_again() -> None:
    """Adam needs two arrays besides what it is given, however many operations it has."""
    notes = Notes(4)
    g, p, m, v = map(notes.given, range(4))
    options = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False, "maximize": False}
    results = optim.Adam.rule(p, g, m, v, None, t=3.0, lr=0.1, decoupled_weight_decay=False, **options)  # type: ignore[misc]
    targets = [(p.place, results[0].place), (m.place, results[1].place), (v.place, results[2].place)]
    program = Program(notes.calls, [np.dtype("float32")] * 4, targets, True)
    assert len(program.scratch) == 2
    assert "[...]" not in program.source, "results go straight into their places"


def test_to_multiply_by_one_costs_nothing() -> None:
    """SGD with momentum multiplies the gradient by ``1 - dampening``, which is 1 unless somebody wants it otherwise."""
    counts = {}
    for dampening in (0, 0.5):
        p = new_tensor(np.ones(5, np.float32), True)
        p.grad = new_tensor(np.ones(5, np.float32))
        optimizer = optim.SGD([p], lr=0.1, momentum=0.9, dampening=dampening)
        optimizer.step(), optimizer.step()
        (job,) = optimizer._plans[0].jobs
        assert isinstance(job, Dense) and job.recorded.program is not None
        counts[dampening] = job.recorded.program.length
    assert counts == {0: 4, 0.5: 5}


def failing(p: Any, g: Any, m: Any, *, lr: float) -> tuple[Any, Any]:
    m = m + g
    return p - lr * np.sqrt(m), m


def test_an_operation_that_raises_leaves_its_block_as_it_was() -> None:
    """``np.errstate(all="raise")``: the state is computed before the root fails, but not stored."""
    p = new_tensor(np.ones(5), True)
    p.grad = new_tensor(np.ones(5))
    optimizer = of_rule(failing)([p], lr=0.1)
    optimizer.step()
    p.grad = new_tensor(np.full(5, -9.0))
    p_before, m_before = p._array.copy(), optimizer.state[p]["m"]._array.copy()
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        optimizer.step()
    np.testing.assert_array_equal(p._array, p_before)
    np.testing.assert_array_equal(optimizer.state[p]["m"]._array, m_before)
    with np.errstate(all="ignore"):
        optimizer.step()
    assert np.isnan(p._array).all()
    np.testing.assert_array_equal(optimizer.state[p]["m"]._array, m_before - 9)


def test_a_rule_that_raises_changes_nothing() -> None:
    """Not even the number of the step."""

    def stubborn(p: Any, g: Any, m: Any, *, t: float, lr: float) -> tuple[Any, Any]:
        if t == 2:
            raise ArithmeticError("no")
        return p - lr * g, m + g

    params = [new_tensor(np.ones(n, np.float32), True) for n in (3, BLOCK + 5)]
    for p in params:
        p.grad = new_tensor(np.ones_like(p._array))
    optimizer = of_rule(stubborn)(params, lr=0.1)
    optimizer.step()
    before = [p._array.copy() for p in params] + [x._array.copy() for p in params for x in optimizer.state[p].values()]
    with pytest.raises(ArithmeticError, match="no"):
        optimizer.step()
    same([p._array for p in params] + [x._array for p in params for x in optimizer.state[p].values()], before)


def test_gradients_are_not_kept_alive() -> None:
    """After a step their memory belongs to their tensors alone."""
    params = [new_tensor(np.ones(size, np.float32), True) for size in (3, 9999, BLOCK + 5)]
    for p in params:
        p.grad = new_tensor(np.ones_like(p._array))
    optimizer = optim.Adam(params)
    optimizer.step()
    arrays = [weakref.ref(p.grad._array) for p in params if p.grad is not None]
    for p in params:
        p.grad = None
    assert [array() for array in arrays] == [None, None, None]


def test_the_program_is_kept_while_the_rule_does_the_same() -> None:
    p = new_tensor(np.ones(5, np.float32), True)
    p.grad = new_tensor(np.ones(5, np.float32))
    optimizer = optim.Adam([p])
    optimizer.step()
    plan: Plan = optimizer._plans[0]
    (job,) = plan.jobs
    assert isinstance(job, Dense)
    first = job.recorded.program
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    assert optimizer._plans[0] is plan and job.recorded.program is first
    optimizer.param_groups[0]["maximize"] = True
    optimizer.step()
    assert optimizer._plans[0].jobs[0].recorded.program is not first


# ---------------------------------------------------------------------------------------------- threads


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the machine one of many processors, and sharing worth it for any size; set the number of threads."""
    monkeypatch.setattr(dense, "WORTH_A_THREAD", 1)
    monkeypatch.setattr(dense, "processors", lambda: 8)
    before = minitorch_optim.get_num_threads()
    yield minitorch_optim.set_num_threads
    minitorch_optim.set_num_threads(before)


@cases_that(lambda case: not case.needs_closure and not case.optimizer.whole and case.sparse != "needed")
def test_any_number_of_threads_gives_the_same(case: Any, threads: Any) -> None:
    for options in case.samples:
        options = with_lr(case, options)
        results = []
        for count in (1, 2, 5):
            threads(count)
            results.append(stepped(case.optimizer, **options))
        same(results[1], results[0])
        same(results[2], results[0])


def test_threads_are_used_and_no_more_than_processors(threads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    share = dense.share
    monkeypatch.setattr(dense, "share", lambda work, tasks, count: (seen.append(count), share(work, tasks, count)))
    for count in (1, 3, 20):
        threads(count)
        stepped(optim.SGD, lr=0.1)
    assert seen == [3] * 3 + [8] * 3


def test_small_parameters_are_not_worth_a_thread() -> None:
    p = new_tensor(np.ones(9999), True)
    p.grad = new_tensor(np.ones(9999))
    optimizer = optim.SGD([p], lr=0.1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dense, "share", None)
        patch.setattr(dense, "processors", lambda: 8)
        optimizer.step()
    assert p._array[0] == 0.9


def test_a_failure_in_a_thread_is_raised_and_its_block_is_as_it_was(threads: Any) -> None:
    """With several threads as with one; and the threads have the error settings of the caller."""
    for count in (1, 2):
        threads(count)
        p = new_tensor(np.ones(20 * BLOCK), True)
        p.grad = new_tensor(np.ones(20 * BLOCK))
        optimizer = of_rule(failing)([p], lr=0.1)
        optimizer.step()
        p.grad._array[-1] = -9.0
        m = optimizer.state[p]["m"]._array
        before, m_before = p._array.copy(), m.copy()
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError, match="invalid value encountered in sqrt"):
            optimizer.step()
        last = slice(-1000, None)
        np.testing.assert_array_equal(p._array[last], before[last])
        np.testing.assert_array_equal(m[last], m_before[last])


def test_the_number_of_threads_is_checked() -> None:
    before = minitorch_optim.get_num_threads()
    with pytest.raises(TypeError, match="set_num_threads expects an int, but got float"):
        minitorch_optim.set_num_threads(2.0)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="set_num_threads expects a positive integer, but got 0"):
        minitorch_optim.set_num_threads(0)
    assert minitorch_optim.get_num_threads() == before


@pytest.mark.parametrize("size", [FEW, FEW + 1])
def test_scratch_for_few_elements_does_not_lie_idle_between_steps(size: int) -> None:
    p = new_tensor(np.ones(size, np.float32), True)
    p.grad = new_tensor(np.ones(size, np.float32))
    optimizer = optim.Adam([p])
    optimizer.step()
    (job,) = optimizer._plans[0].jobs
    assert any(job.recorded.program.memory.values()) == (size > FEW)


# ---------------------------------------------------------------------------------------------- rules that are not pure


def steps_of(rule: Any, count: int) -> list[float]:
    """Where a parameter is that starts from 0, after each of some steps with gradient 1 and lr 1."""
    p = new_tensor(np.zeros(1), True)
    p.grad = new_tensor(np.ones(1))
    optimizer = of_rule(rule)([p], lr=1.0)
    path = []
    for _ in range(count):
        optimizer.step()
        path.append(p.item())
    return path


def test_a_rule_that_draws_a_number_draws_one_in_each_step() -> None:
    rng = np.random.default_rng(0)

    def noisy(p: Any, g: Any, *, lr: float) -> tuple[Any]:
        return (p - lr * g + rng.normal(),)

    moves = np.diff(steps_of(noisy, 20))
    assert len({*moves}) == len(moves)


def test_a_rule_that_keeps_a_number_is_called_in_each_step() -> None:
    seen = []

    def counting(p: Any, g: Any, *, lr: float) -> tuple[Any]:
        seen.append(lr)
        return (p - lr * len(seen) * g,)

    moves = -np.diff(steps_of(counting, 20))
    assert (np.diff(moves) > 0).all() and len(seen) >= 20


@pytest.mark.parametrize("size", [1, 40000])
def test_a_rule_that_keeps_an_array_is_told_where_to_keep_it(size: int) -> None:
    memory: dict[str, Any] = {}

    def forgetful(p: Any, g: Any, *, lr: float) -> tuple[Any]:
        memory["b"] = g if "b" not in memory else 0.9 * memory["b"] + g
        return (p - lr * memory["b"],)

    p = new_tensor(np.zeros(size), True)
    p.grad = new_tensor(np.ones(size))
    optimizer = of_rule(forgetful)([p], lr=1.0)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="kept from an earlier call.*Let what it remembers be a state"):
            optimizer.step()
    assert not p.detach().numpy().any()


def test_a_rule_may_show_its_arrays_to_somebody() -> None:
    shown = []

    def showing(p: Any, g: Any, *, lr: float) -> tuple[Any]:
        shown.append(g)
        return (p - lr * g,)

    assert steps_of(showing, 5) == [-1, -2, -3, -4, -5]
    assert [float(g[0]) for g in shown[1:]] == [1.0] * 5
    with pytest.raises(RuntimeError, match="kept from an earlier call"):
        shown[0] + 1


def test_a_pure_rule_is_soon_left_in_peace() -> None:
    calls = []

    def pure(p: Any, g: Any, *, lr: float) -> tuple[Any]:
        calls.append(1)
        return (p - lr * g,)

    steps_of(pure, 20)
    assert len(calls) == 2
