"""An explanation is what the step then does, to the bit, and leaves no trace."""

from __future__ import annotations

import linecache
import math
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.autograd import Tensor, get_rng_state, manual_seed, tensor
from minitorch_optim.autograd.tensor import new_tensor
from minitorch_optim.optim.jobs import flat
from minitorch_optim.teaching import explain, watching

KIT = runpy.run_path(str(Path(__file__).parents[1] / "optim" / "kit.py"))
Bowl, Run, each_sample, shapes_of, CASES = (KIT[n] for n in ("Bowl", "Run", "each_sample", "shapes_of", "CASES"))
with_lr = KIT["with_lr"]


def trace_of(optimizer: Any) -> Any:
    """Everything of an optimizer and its parameters that could tell that it was looked at."""
    params = [p for group in optimizer.param_groups for p in group["params"]]
    tensors = [t for p in params for t in (p, p.grad) if t is not None]
    tensors += [t for state in optimizer.state.values() for t in state.values() if isinstance(t, Tensor)]
    contents = [(id(t), id(t._array), t._version[0], np.asarray(_dense(t)).tobytes()) for t in tensors]
    others = {k: v for k, v in optimizer.__dict__.items() if isinstance(v, int | float | str | type(None))}
    groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    states = [(id(state), list(state)) for state in optimizer.state.values()]
    plans = sorted(map(id, optimizer._plans.values()))
    return contents, others, repr(groups), states, plans, get_rng_state().numpy().tobytes(), sys.gettrace()


def _dense(t: Tensor) -> Any:
    return t._array.to_dense() if t.is_sparse else t._array


def explained(optimizer: Any, *closure: Any) -> Any:
    before = trace_of(optimizer)
    explanation = explain(optimizer, *closure)
    after = trace_of(optimizer)
    for old, new in zip(before, after, strict=True):
        assert old == new
    assert str(explanation) == str(explain(optimizer, *closure))
    return explanation


def bits(array: Any) -> bytes:
    return bytes(np.ascontiguousarray(array).tobytes())


# ---------------------------------------------------------------------------------------------- every optimizer


@each_sample
def test_it_holds_the_parameter_that_the_step_then_makes(case: Any, options: Any) -> None:
    for dtype in ("float32", "float64", *(["complex64"] if case.complex else [])):
        run = Run(case, options, Bowl(shapes_of(case), dtype))
        for _ in range(3):  # the first step, and later ones
            run.give_gradients()
            explanation = explained(run.optimizer)
            starts = run.arrays
            run.optimizer.step()
            for change, start, p in zip(explanation.changes, starts, run.params, strict=True):
                assert bits(change.after) == bits(p._array) and bits(change.before) == bits(start)
                assert change.step.shape == tuple(p.shape)
            text = str(explanation)
            assert max(map(len, text.splitlines())) <= 100
            _check_sections(case, explanation, run)


def _check_sections(case: Any, explanation: Any, run: Any) -> None:
    """Each parameter is in one section, whose last value of ``p`` is where it came to."""
    assert sorted(name.split(": ")[0] for section in explanation for name in section.params) == sorted(
        f"parameter {i} {tuple(p.shape)}" for i, p in enumerate(run.params)
    )
    rule = case.optimizer._rule
    for section in explanation:
        assert f"{rule.function.__name__}() in " in section.title and set(section.options) <= {*rule.options, "t"}
        assert section.lines[-1].returns and "p" in section.lines[-1].assigned
    if case.sparse != "needed":
        ends = np.concatenate([np.ravel(section["p"]) for section in explanation])
        params = np.concatenate([flat(p._array) for p in run.params])
        assert sorted(ends.tolist()) == sorted(params.tolist())


@pytest.mark.parametrize("case", [c for c in CASES if c.differentiable], ids=lambda case: case.name)
def test_a_differentiable_step(case: Any) -> None:
    run = Run(case, {"differentiable": True}, Bowl(shapes_of(case), "float32"))
    starts = [new_tensor(array.copy(), True) for array in run.arrays]
    run.params = [start * 1 for start in starts]
    for p in run.params:
        p.retain_grad()
    optimizer = case.optimizer(run.params, **with_lr(case, {"differentiable": True}))
    run.optimizer = optimizer
    for _ in range(2):
        run.give_gradients()
        nodes = [p.grad_fn for p in run.params]
        explanation = explained(optimizer)
        assert nodes == [p.grad_fn for p in run.params] and optimizer.param_groups[0]["differentiable"]
        optimizer.step()
        for change, p in zip(explanation.changes, run.params, strict=True):
            np.testing.assert_array_equal(change.after, p._array)


def closure_for(optimizer: Any, params: Any, bowl: Any) -> Any:
    def closure() -> Any:
        optimizer.zero_grad()
        loss = bowl.loss(params)
        loss.backward()
        return loss

    return closure


@pytest.mark.parametrize("options", [c for c in CASES if c.name == "LBFGS"][0].samples, ids=str)
def test_lbfgs(options: Any) -> None:
    bowl = Bowl([(), (5,), (3, 4)], "float64", noise=0)
    params = [new_tensor(start.copy(), True) for start in bowl.starts]
    optimizer = optim.LBFGS(params, **{"max_iter": 3, **options})
    closure = closure_for(optimizer, params, bowl)
    for _ in range(2):
        explanation = explained(optimizer, closure)
        start = closure()
        optimizer.zero_grad(set_to_none=True)
        optimizer.step(closure)
        for change, p in zip(explanation.changes, params, strict=True):
            assert bits(change.after) == bits(p._array)
        result = optimizer.result
        assert explanation.reason == result.reason and len(explanation.iterations) == result.iterations
        assert sum(len(each.tried) for each in explanation.iterations) == result.evaluations - 1
        assert explanation.start.loss == start.item()
        last = explanation.iterations[-1]
        assert last.loss is None or last.loss == result.loss
        assert bits(last.direction) == bits(optimizer.state[params[0]]["d"]._array)
        text = str(explanation)
        assert result.reason in text.replace("\n", " ") and max(map(len, text.splitlines())) <= 100


def test_lbfgs_without_a_closure_says_what_to_do() -> None:
    with pytest.raises(TypeError, match="give it a closure"):
        explain(optim.LBFGS([tensor([1.0], requires_grad=True)]))
    assert sys.gettrace() is None or "coverage" in repr(sys.gettrace()).lower()


def test_scipy_steps_are_scipys() -> None:
    optimizer = optim.ScipyMinimize([tensor([1.0], requires_grad=True)])
    for each in (optimizer, optim.Lookahead(optimizer)):
        with pytest.raises(TypeError, match=r"taken by SciPy.*optimizer\.result.*callback"):
            explain(each)


# ---------------------------------------------------------------------------------------------- wrappers


def test_lookahead() -> None:
    p = tensor([1.0, -2.0], requires_grad=True)
    optimizer = optim.Lookahead(optim.SGD([p], lr=0.1, momentum=0.9), k=2)
    for step in range(4):
        p.grad = tensor([0.5, 1.0])
        explanation = explained(optimizer)
        optimizer.step()
        assert bits(explanation.changes[0].after) == bits(p._array)
        titles = [section.title for section in explanation]
        assert titles == ["Group 0: sgd() in sgd.py", "step() in wrappers.py"]
        if step % 2:
            assert bits(explanation[1]["slow"]) == bits(p._array)
        else:
            assert bits(explanation[0]["p"]) == bits(p._array)


def test_sam() -> None:
    p = tensor([1.0, -2.0], requires_grad=True)
    optimizer = optim.SAM(optim.Adam([p], lr=0.1), rho=0.5)
    calls = []

    def closure() -> Any:
        calls.append(p.detach().clone())
        optimizer.zero_grad()
        loss = (p**4).sum()
        loss.backward()
        return loss

    for _ in range(2):
        explanation = explained(optimizer, closure)
        climbed = calls[-1]
        optimizer.step(closure)
        assert bits(explanation.changes[0].after) == bits(p._array) == bits(explanation[1]["p"])
        assert explanation[0]["length"] > 0 and bits(explanation[0]["p._array"]) == bits(climbed._array)
    with pytest.raises(TypeError, match="SAM needs a closure"):
        explain(optimizer)


# ---------------------------------------------------------------------------------------------- what is in it


def adam(count: int = 1) -> Any:
    p = tensor([1.0, -2.0], requires_grad=True)
    optimizer = optim.Adam([p], lr=0.1, betas=(0.9, 0.99))
    for _ in range(count):
        p.grad = tensor([0.5, 1.0])
        optimizer.step()
    p.grad = tensor([0.5, 1.0])
    return optimizer


def test_numbers_without_a_name_are_shown_as_they_are_written() -> None:
    (section,) = explained(adam(2))
    assert section["t"] == 3 and section["lr"] == 0.1
    assert section["1 - beta1**t"] == 1 - 0.9**3
    assert section["(1 - beta2**t) ** 0.5"] == (1 - 0.99**3) ** 0.5
    assert section["step_size"] == 0.1 / (1 - 0.9**3)
    text = str(section)
    assert f"step_size = {0.1 / (1 - 0.9**3)!r}" in text and "1 - beta1**t = 0.2709999999999999" in text
    with pytest.raises(KeyError):
        section["beta3"]


def test_lines_are_those_of_the_file() -> None:
    source = Path(optim.adam.__file__).read_text(encoding="utf-8").splitlines()  # type: ignore[attr-defined]
    (section,) = explain(adam())
    assert [line.number for line in section.lines] == sorted(line.number for line in section.lines)
    for line in section.lines:
        assert source[line.number - 1].strip() == line.source
    assert {name for line in section.lines for name in line.assigned} == {
        "beta1", "beta2", "exp_avg", "exp_avg_sq", "second", "step_size", "denom", "p",
    }  # fmt: skip


def test_a_name_that_is_assigned_again_is_shown_each_time() -> None:
    p = tensor([1.0, -2.0], requires_grad=True)
    p.grad = tensor([0.5, 1.0])
    (section,) = explain(optim.SGD([p], lr=0.1, momentum=0.5, weight_decay=2.0, maximize=True))
    shown = [line.assigned["g"].tolist() for line in section.lines if "g" in line.assigned]
    assert shown == [[-0.5, -1.0], [1.5, -5.0], [1.5, -5.0]]
    assert section.before["g"].tolist() == [0.5, 1.0]


def test_rprop_says_which_signs_changed() -> None:
    p = tensor([1.0, -2.0, 3.0], requires_grad=True)
    optimizer = optim.Rprop([p], lr=0.1)
    p.grad = tensor([1.0, 1.0, 1.0])
    optimizer.step()
    p.grad = tensor([1.0, -1.0, 0.0])
    (section,) = explained(optimizer)
    assert section["trend"].tolist() == [1, -1, 0]
    text = " ".join(str(section).split())
    assert (
        "trend = [1, -1, 0]" in text and "# 1 where the gradient has kept its sign, -1 where the sign changed" in text
    )
    many = tensor(np.ones(50, np.float32), requires_grad=True)
    optimizer = optim.Rprop([many])
    many.grad = tensor(np.ones(50, np.float32))
    optimizer.step()
    many.grad = tensor(np.where(np.arange(50) < 8, -1, 1).astype(np.float32))
    assert "trend = -1 at 8, 1 at 42 of 50 elements" in str(explain(optimizer))


def test_branches_that_are_not_taken_are_not_shown() -> None:
    p = tensor([[0.0, 0.0]], requires_grad=True)
    p.grad = tensor([[1.0, 2.0]])
    (section,) = explained(optim.LARS([p], lr=0.1, weight_decay=0.5))  # 0 / 0, had the branch been taken
    assert section["trust"] == 1.0 and not any("trust_coefficient *" in part for line in section.lines
                                               for part in line.parts)  # fmt: skip


def test_functions_that_a_rule_calls_are_shown_inside_it() -> None:
    p = tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    p.grad = tensor([[1.0, 2.0], [3.0, 4.0]])
    (section,) = explained(optim.Muon([p], ns_steps=3))
    inner = [line for line in section.lines if line.depth == 1]
    assert {line.function for line in inner} == {"orthogonalized"}
    assert sum(line.source.startswith("gram = bfloat16(b * gram") for line in inner) == 3
    (section,) = explained(optim.ScheduleFreeSGD([p]))
    assert section["averaged()"][0].tolist() == section["p"].tolist() and "averaged() =" not in str(section)
    large = torch.ones(200, 200).requires_grad_()
    large.grad = torch.ones(200, 200)
    (section,) = explained(optim.ScheduleFreeSGD([large]))
    assert section["averaged()"][0].shape == (200, 200)
    (section,) = explained(optim.Adafactor([p]))
    assert section["rms()"] == pytest.approx(math.sqrt(np.mean(np.square(section["update"]))), rel=1e-6)


# ---------------------------------------------------------------------------------------------- groups


def test_parameters_of_a_group_share_a_section_and_groups_do_not() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    model(torch.ones(4, 2)).sum().backward()
    optimizer = optim.AdamW(
        [{"params": model[0].parameters()}, {"params": model[1].parameters(), "lr": 0.5, "weight_decay": 0.0}]
    )
    first, second = explain(optimizer, params=model)
    assert first.params == ["0.weight (3, 2)", "0.bias (3,)"] and second.params == ["1.weight (1, 3)", "1.bias (1,)"]
    assert first["p"].size == 9 and second["p"].size == 4
    assert first["weight_decay"] == 0.01 and second["lr"] == 0.5
    assert first.title.startswith("Group 0") and second.title.startswith("Group 1")
    assert [change.name for change in explain(optimizer, params=model).changes] == [
        "0.weight", "0.bias", "1.weight", "1.bias",
    ]  # fmt: skip


def test_parameters_at_different_steps_have_sections_of_their_own() -> None:
    a, b = tensor([1.0], requires_grad=True), tensor([2.0], requires_grad=True)
    optimizer = optim.Adam([a, b])
    a.grad = tensor([1.0])
    optimizer.step()
    b.grad = tensor([1.0])
    first, second = explained(optimizer)
    assert (first["t"], second["t"]) == (2, 1)


def test_a_large_parameter_is_put_together_again() -> None:
    manual_seed(0)
    p, q = torch.randn(300, 300).requires_grad_(), torch.randn(7).requires_grad_()
    p.grad, q.grad = torch.randn(300, 300), torch.randn(7)
    optimizer = optim.Adam([p, q])
    explanation = explained(optimizer)
    assert len(explanation) == 1 and explanation[0]["denom"].shape == (90007,)
    optimizer.step()
    assert bits(explanation.changes[0].after) == bits(p._array)
    assert bits(explanation[0]["p"]) == bits(np.concatenate([np.ravel(p._array), q._array]))


def test_the_shape_of_a_single_parameter_is_kept() -> None:
    p = tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    p.grad = tensor([[1.0, 2.0], [3.0, 4.0]])
    (section,) = explain(optim.SGD([p], lr=1.0))
    assert section["p"].tolist() == [[0, -4], [-2.5, -1]]


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group with duplicate")
def test_a_parameter_that_is_listed_twice_is_explained_twice() -> None:
    p = tensor([1.0, 2.0], requires_grad=True)
    p.grad = tensor([1.0, 1.0])
    first, second = explained(optim.SGD([p, p], lr=0.5))
    assert first["p"].tolist() == [0.5, 1.5] and second["p"].tolist() == [0.0, 1.0]


def test_a_parameter_without_a_gradient_stays() -> None:
    a, b = tensor([1.0], requires_grad=True), tensor([2.0], requires_grad=True)
    a.grad = tensor([1.0])
    explanation = explained(optim.SGD([a, b], lr=0.5))
    assert explanation[0].params == ["parameter 0 (1,)"] and explanation.changes[1].after.tolist() == [2.0]
    assert "stays where it is" in str(explanation).splitlines()[-1]


def test_a_sparse_gradient_names_rows() -> None:
    table = nn.Embedding(5, 2, sparse=True)
    table(tensor([3, 1, 3])).sum().backward()
    optimizer = optim.SparseAdam(table.parameters(), lr=0.5)
    (section,) = explained(optimizer)
    assert section.params == ["parameter 0 (5, 2): the rows that its sparse gradient names"]
    assert section["g"].tolist() == [[1, 1], [2, 2]]
    optimizer.step()
    np.testing.assert_array_equal(section["p"], table.weight[[1, 3]].detach())


def test_rows_of_several_parameters_are_one_section() -> None:
    tables = [nn.Embedding(5, 2, sparse=True), nn.Embedding(4, 3, sparse=True)]
    (tables[0](tensor([3])).sum() + tables[1](tensor([0, 1])).sum()).backward()
    (section,) = explained(optim.SparseAdam([table.weight for table in tables], lr=0.5))
    assert section.params == [
        "parameter 0 (5, 2): the rows that its sparse gradient names",
        "parameter 1 (4, 3): the rows that its sparse gradient names",
    ]
    assert section["g"].tolist() == [1] * 8


def test_names_that_the_optimizer_knows() -> None:
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    assert explain(optim.SGD(model.named_parameters(), lr=0.1))[0].params == ["weight (1, 2)", "bias (1,)"]


def test_an_option_that_is_a_tensor() -> None:
    lr = tensor(0.5, requires_grad=True) * 1
    p = tensor([1.0], requires_grad=True)
    p.grad = tensor([1.0])
    assert explained(optim.SGD([p], lr=lr))[0]["lr"] == 0.5


# ---------------------------------------------------------------------------------------------- one's own


class Signed(optim.Optimizer):
    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, {"lr": lr})
        self.taken: list[float] = []

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for p in group["params"]:
                scale = group["lr"] * 2
                self.taken.append(scale)
                p -= scale * p.grad.sign()


class Clipped(optim.SGD):
    def step(self, closure: Any = None) -> Any:
        params = [p for group in self.param_groups for p in group["params"]]
        total = nn.utils.clip_grad_norm_(params, 1.0)
        self.last = total.item()
        return super().step(closure)


def test_a_step_of_ones_own() -> None:
    p, q = tensor([1.0, -2.0], requires_grad=True), tensor([3.0], requires_grad=True)
    p.grad, q.grad = tensor([0.5, -1.0]), tensor([2.0])
    optimizer = Signed([p, q], lr=0.1)
    explanation = explained(optimizer)
    assert not optimizer.taken
    optimizer.step()
    assert [line.source for line in explanation[0].lines] == [
        'scale = group["lr"] * 2', "p -= scale * p.grad.sign()",
    ] * 2  # fmt: skip
    assert bits(explanation[0]["p"]) == bits(q._array) and explanation[0].lines[0].assigned == {"scale": 0.2}
    assert bits(explanation.changes[0].after) == bits(p._array)


def test_a_step_around_that_of_the_library() -> None:
    p, q = tensor([1.0, -2.0], requires_grad=True), tensor([3.0], requires_grad=True)
    p.grad, q.grad = tensor([3.0, 0.0]), tensor([4.0])
    optimizer = Clipped([p, q], lr=1.0)
    own, rule = explained(optimizer)
    assert own["total"] == 5.0 and rule["g"].tolist() == pytest.approx([0.6, 0.0, 0.8])
    assert not hasattr(optimizer, "last") and p.grad.tolist() == [3.0, 0.0]


# ---------------------------------------------------------------------------------------------- no trace


def test_a_closure_for_any_optimizer_and_a_model_with_dropout_and_statistics() -> None:
    manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    x = torch.randn(8, 3)
    optimizer = optim.RMSprop(model.parameters())

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        return loss

    before = [(name, bits(t._array)) for name, t in model.state_dict().items()]
    trace = trace_of(optimizer)
    explanation = explain(optimizer, closure, params=model)
    assert trace_of(optimizer) == trace and all(p.grad is None for p in model.parameters())
    assert [(name, bits(t._array)) for name, t in model.state_dict().items()] == before
    optimizer.step(closure)
    for change, (name, p) in zip(explanation.changes, model.named_parameters(), strict=True):
        assert change.name == name and bits(change.after) == bits(p._array)


def test_no_hook_is_called_and_no_schedule_notices() -> None:
    optimizer = adam()
    calls: list[Any] = []
    handles = [
        optimizer.register_step_pre_hook(lambda *a: calls.append(a)),
        optim.optimizer.register_optimizer_step_post_hook(lambda *a: calls.append(a)),
    ]
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1)
    try:
        explained(optimizer)
        assert not calls and not optimizer._opt_called
        with pytest.warns(UserWarning, match="before `optimizer.step"):
            scheduler.step()
    finally:
        for handle in handles:
            handle.remove()


def test_a_graph_that_was_recorded_before_still_goes_backward() -> None:
    p = tensor([2.0, 3.0], requires_grad=True)
    loss = (p * p).sum()
    p.grad = tensor([1.0, 1.0])
    explain(optim.SGD([p], lr=0.1))
    loss.backward()
    assert p.grad.tolist() == [5.0, 7.0]


def test_a_debugger_goes_on_and_an_error_is_passed_on() -> None:
    events: list[str] = []

    def tracer(frame: Any, event: str, arg: Any) -> Any:
        events.append(frame.f_code.co_name)
        return None

    p = tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    seen = None
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        with pytest.raises(ZeroDivisionError):
            explain(optimizer, lambda: 1 / 0)
        seen = sys.gettrace()
        p.grad = tensor([1.0])
        explain(optimizer)
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert seen is tracer and after is tracer
    assert "sgd" not in events and p.tolist() == [1.0]


def test_an_error_in_the_closure_of_lbfgs_gives_the_parameters_back() -> None:
    p = tensor([1.0, 2.0], requires_grad=True)
    count = [0]

    def closure() -> Any:
        count[0] += 1
        if count[0] == 3:
            raise KeyboardInterrupt
        p.grad = None
        loss = (p**4).sum()
        loss.backward()
        return loss

    optimizer = optim.LBFGS([p], lr=0.01)
    before = trace_of(optimizer)
    with pytest.raises(KeyboardInterrupt):
        explain(optimizer, closure)
    assert trace_of(optimizer) == before


# ---------------------------------------------------------------------------------------------- what it refuses


def test_what_it_refuses() -> None:
    p = tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"no parameter.*has a gradient.*loss\.backward\(\) first"):
        explain(optim.SGD([p], lr=0.1))
    with pytest.raises(TypeError, match="expected an optimizer, got Tensor"):
        explain(p)  # type: ignore[arg-type]
    p.grad = tensor([1.0])
    with pytest.raises(TypeError, match="params: expected a Module or a dict"):
        explain(optim.SGD([p], lr=0.1), params=[p])


def test_code_without_a_source() -> None:
    space: dict[str, Any] = {}
    exec("def rule(p, g, *, lr):\n    return (p - lr * g,)\n", space)

    class Typed(optim.Optimizer):
        rule = staticmethod(space["rule"])

        def __init__(self, params: Any) -> None:
            super().__init__(params, {"lr": 0.1})

        def initial(self, group: Any, p: Any) -> Any:
            return {}

    p = tensor([1.0], requires_grad=True)
    p.grad = tensor([1.0])
    before = sys.gettrace()
    with pytest.raises(RuntimeError, match=r"source of rule\(\) cannot be read.*in a file or in a notebook"):
        explain(Typed([p]))
    assert sys.gettrace() is before and p.tolist() == [1.0]


def test_a_rule_that_is_a_lambda() -> None:
    class Short(optim.Optimizer):
        rule = staticmethod(lambda p, g, *, lr: (p - lr * g,))

        def __init__(self, params: Any) -> None:
            super().__init__(params, {"lr": 0.5})

        def initial(self, group: Any, p: Any) -> Any:
            return {}

    p = tensor([1.0], requires_grad=True)
    p.grad = tensor([1.0])
    with pytest.raises(RuntimeError, match="is a lambda.*write it with def"):
        explain(Short([p]))
    assert p.tolist() == [1.0]


def test_a_rule_in_a_cell_of_a_notebook() -> None:
    source = "def rule(w, g, *, lr):\n    step = lr * g\n    return (w - step,)\n"
    space: dict[str, Any] = {"__name__": "cell"}
    linecache.cache["<cell-7>"] = (len(source), None, source.splitlines(keepends=True), "<cell-7>")
    exec(compile(source, "<cell-7>", "exec"), space)

    class Mine(optim.Optimizer):
        rule = staticmethod(space["rule"])

        def __init__(self, params: Any) -> None:
            super().__init__(params, {"lr": 0.5})

        def initial(self, group: Any, p: Any) -> Any:
            return {}

    p = tensor([1.0], requires_grad=True)
    p.grad = tensor([1.0])
    try:
        (section,) = explained(Mine([p]))
    finally:
        del linecache.cache["<cell-7>"]
    assert section.title == "Group 0: rule() in a cell"
    assert [(line.number, line.source) for line in section.lines] == [(2, "step = lr * g"), (3, "return (w - step,)")]
    assert section["step"].tolist() == [0.5] and section["w"].tolist() == [0.5]


# ---------------------------------------------------------------------------------------------- watching


def watched(function: Any, *args: Any) -> list[watching.Line]:
    watcher = watching.Watcher([function.__code__])
    with watcher.watching():
        function(*args)
    return watcher.calls[0].lines


def helper(x: int) -> int:
    y = x + 1
    return y * 2


def various(n: int, flag: bool) -> Any:
    a, (b, *rest) = 1, (2, 3, 4)
    d = [0, *rest]
    for i in range(n):
        d[i] = i + 1
    try:
        e = 1 // (n - 2)
        f = e
    except ZeroDivisionError:
        f = -1
    total = (
        a
        + b
    )  # fmt: skip
    g: float = 2.5 if flag else n / (n - 2)
    g += helper(total)
    with np.errstate():
        return 2 * (g + f)


def rounds(n: int) -> list[int]:
    a = [i * i for i in range(n) if i]
    for k in range(2):
        b = [[i + k for i in a] for _ in range(2)]
    while True:
        n -= sum([1 for _ in a])
        if n < 0:
            return b[0]


def test_a_comprehension_of_several_rounds_is_one_line() -> None:
    found = [line.assigned for line in watched(rounds, 3)]
    assert found == [
        {"a": [1, 4]}, {"b": [[1, 4], [1, 4]]}, {"b": [[2, 5], [2, 5]]}, {"n": 1}, {"n": -1}, {"rounds()": [2, 5]},
    ]  # fmt: skip


class WithText:
    def method(self, n: int) -> str:
        text = """first
second"""
        match n:
            case 1:
                text += "!"
        return text


def test_a_method_with_text_that_is_not_indented() -> None:
    lines = watched(WithText().method.__func__, WithText(), 1)  # type: ignore[attr-defined]
    source = Path(__file__).read_text(encoding="utf-8").splitlines()
    assert [source[line.number - 1].split()[0] for line in lines] == ["text", "text", "return"]
    assert lines[1].source == 'text += "!"' and lines[1].assigned == {"text": "first\nsecond!"}


def test_all_kinds_of_assignments() -> None:
    lines = watched(various, 2, True)
    found = [(line.source, line.assigned, line.depth) for line in lines]
    assert found == [
        ("a, (b, *rest) = 1, (2, 3, 4)", {"a": 1, "b": 2, "rest": [3, 4]}, 0),
        ("d = [0, *rest]", {"d": [0, 3, 4]}, 0),
        ("d[i] = i + 1", {"d[i]": 1}, 0),
        ("d[i] = i + 1", {"d[i]": 2}, 0),
        ("f = -1", {"f": -1}, 0),
        ("total = ( a + b )", {"total": 3}, 0),
        ("g: float = 2.5 if flag else n / (n - 2)", {"g": 2.5}, 0),
        ("y = x + 1", {"y": 4}, 1),
        ("return y * 2", {"helper()": 8}, 1),
        ("g += helper(total)", {"g": 10.5}, 0),
        ("return 2 * (g + f)", {"various()": 19.0}, 0),
    ]
    assert lines[6].parts == {} and lines[-1].parts == {"g + f": 9.5}
    other = [line for line in watched(various, 1, False) if line.source.startswith("g: float")]
    assert other[0].assigned == {"g": -1.0} and other[0].parts == {"n / (n - 2)": -1.0, "n - 2": -1}
