"""What a step does, for every optimizer: where it leads, and what makes no difference to it."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_optim import optim
from minitorch_optim.autograd.tensor import Tensor, new_tensor
from minitorch_optim.optim.dense import BLOCK

KIT = runpy.run_path(str(Path(__file__).with_name("kit.py")))
Bowl, Given, Run, pattern = (KIT[name] for name in ("Bowl", "Given", "Run", "pattern"))
each_case, each_sample, steppable, cases_that = (
    KIT[name] for name in ("each_case", "each_sample", "steppable", "cases_that")
)
with_lr, same, same_states, shapes_of = (KIT[name] for name in ("with_lr", "same", "same_states", "shapes_of"))


def closure_of(optimizer: Any, params: Any, bowl: Any) -> Any:
    def closure() -> Any:
        optimizer.zero_grad()
        loss = bowl.loss(params)
        loss.backward()
        return loss

    return closure


# ---------------------------------------------------------------------------------------------- where it leads


@each_case
def test_it_comes_to_the_minimum(case: Any) -> None:
    bowl = Bowl(shapes_of(case), "float64", noise=0)
    if case.sparse == "needed":
        assert bowl.distance(Run(case, case.reaches, bowl).step(case.steps).params) < 1e-2
        return
    params = [new_tensor(start.copy(), True) for start in bowl.starts]
    optimizer = case.optimizer(params, **case.reaches)
    closure = closure_of(optimizer, params, bowl)
    first = closure().item()
    losses = [optimizer.step(closure).item() for _ in range(case.steps)]
    assert losses[0] == first, "the loss before the update is returned"
    assert bowl.distance(params) < 1e-2
    assert closure().item() < 1e-4 * first


@cases_that(lambda case: case.maximize)
def test_to_maximize_is_to_minimize_the_negative(case: Any) -> None:
    for options in case.samples:
        options = with_lr(case, {k: v for k, v in options.items() if k != "maximize"})
        bowl = Bowl(shapes_of(case), "float64")
        up, down = (Run(case, {**options, "maximize": up}, bowl) for up in (True, False))
        assert (up.sign, down.sign) == (-1, 1), "one is given the gradients of -f, the other those of f"
        same(up.step(5).arrays, down.step(5).arrays)


# ---------------------------------------------------------------------------------------------- what makes no
# difference


@each_sample
def test_groups_and_their_order(case: Any, options: Any) -> None:
    """All parameters in one group, or each in its own, or in another order: the same to the bit."""
    if case.optimizer.together:  # it has one step size for all parameters of a group
        return
    bowl = Bowl([*shapes_of(case), *shapes_of(case)], "float32")
    together = Run(case, options, bowl).step(5)
    split = Run(case, options, bowl, groups=lambda params: [{"params": [p]} for p in params]).step(5)
    backwards = Run(case, options, bowl, groups=lambda params: params[::-1]).step(5)
    for other in (split, backwards):
        same(other.arrays, together.arrays)
        same_states(other.states(), together.states())


def layouts(array: Any) -> dict[str, Any]:
    """The same values, elsewhere in memory."""
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 1] = array
    return {
        "in columns": np.array(array, order="F"),
        "every other": wide[..., 1],
        "backwards": np.flip(np.flip(array).copy()) if array.ndim else array.copy(),
    }


@each_sample
def test_memory_layout(case: Any, options: Any) -> None:
    for dtype in ("float32", "complex64") if case.complex else ("float32",):
        bowl = Bowl(shapes_of(case), dtype)
        plain = Run(case, options, bowl).step(3)
        for name in layouts(bowl.starts[0]):
            arrays = [layouts(start)[name] for start in bowl.starts]
            run = Run(case, options, bowl, params=[new_tensor(array, True) for array in arrays]).step(3)
            assert all(p._array is array for p, array in zip(run.params, arrays, strict=True))
            same(run.arrays, plain.arrays)
            same_states(run.states(), plain.states())


@cases_that(lambda case: not case.needs_closure and not case.optimizer.whole and case.sparse != "needed")
def test_large_parameters_are_stepped_as_small_ones(case: Any) -> None:
    """In blocks, whole in one pack, in several packs: the same to the bit."""
    size = 2 * BLOCK + 4321
    cuts = 9999 * np.arange(1, 7)
    for options in case.samples:
        for dtype in ("float32", "complex64") if case.complex else ("float32",):
            start = pattern((size,), 1, dtype)
            large = new_tensor(start.copy(), True)
            pieces = [new_tensor(part.copy(), True) for part in np.split(start, cuts)]
            rows = new_tensor(start[: size // 2 * 2].copy().reshape(2, -1).T, True)  # not contiguous
            made = [case.optimizer(params, **with_lr(case, options)) for params in ([large], pieces, [rows])]
            for t in range(3):
                g = pattern((size,), 10 + t, dtype)
                large.grad = new_tensor(g)
                rows.grad = new_tensor(g[: rows.numel()].reshape(2, -1).T)
                for p, part in zip(pieces, np.split(g, cuts), strict=True):
                    p.grad = new_tensor(part)
                for optimizer in made:
                    optimizer.step()
            np.testing.assert_array_equal(large._array, np.concatenate([p._array for p in pieces]))
            np.testing.assert_array_equal(large._array[: rows.numel()], rows._array.T.ravel())
            for name, state in made[0].state[large].items():
                if state.ndim:
                    parts = [made[1].state[p][name]._array for p in pieces]
                    np.testing.assert_array_equal(state._array, np.concatenate(parts))


@cases_that(lambda case: not case.needs_closure and not case.optimizer.together)
def test_dtypes_side_by_side(case: Any) -> None:
    """Parameters of several dtypes in one group are stepped each in its own, and their state has it too."""
    dtypes = ["float32", "float64", "complex64", "complex128"] if case.complex else ["float32", "float64"]
    for options in case.samples:
        runs = [Run(case, options, Bowl(shapes_of(case), dtype)) for dtype in dtypes]
        alone = [Run(case, options, Bowl(shapes_of(case), dtype)).step(3) for dtype in dtypes]
        together = case.optimizer([p for run in runs for p in run.params], **with_lr(case, options))
        for run in runs:
            run.optimizer = together
        for _ in range(3):
            for run in runs:
                run.give_gradients()
            together.step()
        for run, other, dtype in zip(runs, alone, dtypes, strict=True):
            same(run.arrays, other.arrays)
            same_states(run.states(), other.states())
            for array, state in zip(run.arrays, run.states(), strict=True):
                assert array.dtype == dtype
                single = {"step", *case.optimizer.scalars}
                assert {x.dtype.name for name, x in state.items() if name not in single} <= {dtype}


# ---------------------------------------------------------------------------------------------- None and zero


@each_sample
def test_a_parameter_without_a_gradient_is_skipped(case: Any, options: Any) -> None:
    """It and its state stay as they are, and it is stepped later as if the other steps had not been."""
    bowl = Bowl([*shapes_of(case), *shapes_of(case)], "float64")
    run = Run(case, options, bowl)
    alone = [Run(case, options, bowl, groups=lambda params, i=i: [params[i]]) for i in range(len(bowl.starts))]
    for t in range(6):
        run.give_gradients()
        skipped = [i for i in range(len(run.params)) if (i + t) % 3]
        for i in skipped:
            run.params[i].grad = None
        arrays, states = run.arrays, run.states()
        run.optimizer.step()
        same([run.arrays[i] for i in skipped], [arrays[i] for i in skipped])
        same_states([run.states()[i] for i in skipped], [states[i] for i in skipped])
        for i, single in enumerate(alone):
            single.give_gradients()
            if i not in skipped:
                single.optimizer.step()
    same(run.arrays, [single.arrays[i] for i, single in enumerate(alone)])


@steppable
def test_a_gradient_of_zero_is_a_gradient(case: Any) -> None:
    """Counters go on, and so do momentum and weight decay, where a gradient of None would stop them."""
    for options in case.samples:
        run = Run(case, options, Bowl(shapes_of(case), "float64")).step(3)
        before, states = run.arrays, run.states()
        run.optimizer.zero_grad()
        run.optimizer.step()
        for state, old in zip(run.states(), states, strict=True):
            assert state.get("step", 1) == old.get("step", 0) + 1
        moved = any(np.any(x != y) for x, y in zip(run.arrays, before, strict=True))
        assert moved == bool(options.get("momentum") or options.get("weight_decay") or not case.rests)
        run.optimizer.zero_grad(set_to_none=True)
        assert all(p.grad is None for p in run.params)
        before = run.arrays
        run.optimizer.step()
        same(run.arrays, before)


# ---------------------------------------------------------------------------------------------- memory


@each_sample
def test_the_arrays_of_the_user_see_the_step(case: Any, options: Any) -> None:
    run = Run(case, options, Bowl(shapes_of(case), "float32"))
    views = [p.detach().numpy() for p in run.params]
    grads = []
    for _ in range(3):
        run.give_gradients()
        grads = [p.grad for p in run.params]
        kept = [g.to_dense()._array.copy() if g.is_sparse else g._array.copy() for g in grads]
        before = [view.copy() for view in views]
        run.optimizer.step()
        assert all(np.any(view != old) for view, old in zip(views, before, strict=True))
        assert all(p._array is view for p, view in zip(run.params, views, strict=True))
        assert all(p.grad is g for p, g in zip(run.params, grads, strict=True))
        same([g.to_dense()._array if g.is_sparse else g._array for g in grads], kept)


@each_sample
def test_state_that_is_replaced_or_written_into_is_used(case: Any, options: Any) -> None:
    bowl = Bowl(shapes_of(case), "float64")
    untouched, replaced, doubled, written = (Run(case, options, bowl).step(3) for _ in range(4))
    if not case.states(options):
        return
    for p in replaced.params:
        replaced.optimizer.state[p] = {k: v.clone() for k, v in replaced.optimizer.state[p].items()}
    for p, q in zip(doubled.params, written.params, strict=True):
        name = next(name for name in doubled.optimizer.state[p] if name not in ("step", "prev", "x0", "s"))
        doubled.optimizer.state[p][name] = doubled.optimizer.state[p][name] * 2
        written.optimizer.state[q][name].mul_(2)
    for run in (untouched, replaced, doubled, written):
        run.step(2)
    same(replaced.arrays, untouched.arrays)
    same(doubled.arrays, written.arrays)
    assert any(np.any(x != y) for x, y in zip(doubled.arrays, untouched.arrays, strict=True))


@cases_that(lambda case: "step" in case.states({}))
def test_a_counter_that_is_written_into_is_used(case: Any) -> None:
    run, other = (Run(case, case.samples[1], Bowl(shapes_of(case), "float64")).step(2) for _ in range(2))
    for p in run.params[:1]:
        run.optimizer.state[p]["step"].fill_(100)
    for p in other.params[:1]:
        other.optimizer.state[p]["step"] = 100  # a Python number will do
    same(run.step(2).arrays, other.step(2).arrays)
    assert [s["step"] for s in run.states()] == [102] + [4] * (len(run.params) - 1)


def test_a_change_by_an_optimizer_is_noticed_by_the_tape() -> None:
    p = new_tensor(np.ones(3), True)
    loss = (p * p).sum()
    p.grad = new_tensor(np.ones(3))
    optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation|changed in place"):
        loss.backward()


# ---------------------------------------------------------------------------------------------- options that change


@each_sample
def test_options_changed_between_steps_take_effect(case: Any, options: Any) -> None:
    """As if the optimizer had been made with them, and given the state."""
    bowl = Bowl(shapes_of(case), "float64")
    run = Run(case, options, bowl).step(2)
    for other_options in case.samples:
        changes = {**case.optimizer([new_tensor(np.ones((2, 2)), True)], **with_lr(case, {})).defaults}
        changes.update(with_lr(case, other_options))
        run.sign = -1 if changes.get("maximize") else 1
        fresh = Run(case, other_options, bowl, params=[new_tensor(a, True) for a in run.arrays])
        state_dict = run.optimizer.state_dict()
        fresh.optimizer.load_state_dict({**state_dict, "param_groups": fresh.optimizer.state_dict()["param_groups"]})
        run.optimizer.param_groups[0].update(changes)
        fresh.t, fresh.sign = run.t, run.sign
        same(run.step(2).arrays, fresh.step(2).arrays)


def tensor(*values: float) -> Tensor:
    return new_tensor(np.array(values), True)


@pytest.mark.parametrize(
    ("optimizer", "options", "switch", "state", "start"),
    [
        (optim.Adam, {}, {"amsgrad": True}, "max_exp_avg_sq", 0.0),
        (optim.AdamW, {}, {"amsgrad": True}, "max_exp_avg_sq", 0.0),
        (optim.RMSprop, {}, {"momentum": 0.9}, "momentum_buffer", 0.0),
        (optim.RMSprop, {}, {"centered": True}, "grad_avg", 0.0),
        (optim.SGD, {"lr": 0.1}, {"momentum": 0.9, "dampening": 0.5}, "momentum_buffer", None),
    ],
)
def test_a_flag_switched_on_starts_its_state(optimizer: Any, options: Any, switch: Any, state: str, start: Any) -> None:
    p, q = tensor(1.0, -2.0), tensor(1.0, -2.0)
    p.grad = q.grad = tensor(0.5, 3.0).detach()
    switched, reference = optimizer([p], **options), optimizer([q], **{**options, **switch})
    switched.step()
    assert state not in switched.state[p]
    q._array[...] = p._array
    reference.state[q].update({name: value.clone() for name, value in switched.state[p].items()})
    if start is not None:
        reference.state[q][state] = tensor(start, start).detach()
    switched.param_groups[0].update(switch)
    switched.step(), reference.step()
    np.testing.assert_array_equal(p._array, q._array)
    np.testing.assert_array_equal(switched.state[p][state]._array, reference.state[q][state]._array)
    if start is None:  # the first velocity is the gradient, without dampening
        np.testing.assert_array_equal(switched.state[p][state]._array, p.grad._array)


def test_centered_rmsprop_can_clamp_a_variance_below_zero() -> None:
    """Equal gradients: the variance is nothing but rounding, and comes out negative now and then."""
    runs = {}
    for clamp in (False, True):
        p = new_tensor(np.ones(1000, np.float32), True)
        optimizer = optim.RMSprop([p], centered=True, alpha=0.9, eps=1.0, clamp_variance=clamp)
        p.grad = new_tensor(pattern((1000,), 3, np.float32))
        with np.errstate(invalid="ignore"):
            for _ in range(300):
                optimizer.step()
        runs[clamp] = np.isnan(p._array).sum()
    assert runs[False] > 0 and runs[True] == 0


# ---------------------------------------------------------------------------------------------- gradients


def test_hyperparameters_that_are_numpy_numbers_leave_float32_alone() -> None:
    for lr in (np.float64(0.1), np.array(0.1)):
        p, q = new_tensor(np.ones(3, np.float32), True), new_tensor(np.ones(3, np.float32), True)
        p.grad = q.grad = new_tensor(np.full(3, 0.3, np.float32))
        optim.Adam([p], lr=lr, betas=(np.float64(0.9), np.float64(0.999))).step()
        optim.Adam([q], lr=0.1).step()
        np.testing.assert_array_equal(p._array, q._array)


def test_parameters_with_no_elements() -> None:
    p = new_tensor(np.ones((0, 3), np.float32), True)
    p.grad = new_tensor(np.ones((0, 3), np.float32))
    for kind in (optim.SGD, optim.Adam, optim.Adagrad, optim.Rprop, optim.Adafactor):
        kind([p], lr=0.1).step()
    assert p.shape == (0, 3)


@cases_that(lambda case: not case.needs_closure and case.sparse != "needed")
def test_a_parameter_may_be_its_own_gradient(case: Any) -> None:
    """As for the loss p.p / 2: the step writes into the parameter while it reads the gradient."""
    ends = []
    for own in (True, False):
        p = new_tensor(pattern((40, 50), 1, "float32"), True)
        optimizer = case.optimizer([p], **with_lr(case, case.samples[0]))
        for _ in range(8):
            p.grad = p.detach() if own else p.detach().clone()
            optimizer.step()
        ends.append(p._array)
    np.testing.assert_array_equal(*ends)
