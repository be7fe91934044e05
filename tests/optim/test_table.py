"""The table of cases, walked: every optimizer is made, and refuses what it must refuse."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_optim import optim
from minitorch_optim.autograd.sparse import COO
from minitorch_optim.autograd.tensor import new_tensor

KIT = runpy.run_path(str(Path(__file__).with_name("kit.py")))
CASES, Bowl, Run, with_lr = KIT["CASES"], KIT["Bowl"], KIT["Run"], KIT["with_lr"]
each_case, each_sample, steppable, shapes_of = (
    KIT[name] for name in ("each_case", "each_sample", "steppable", "shapes_of")
)
each_error = pytest.mark.parametrize(
    ("case", "refused"),
    [(case, refused) for case in CASES for refused in case.errors],
    ids=lambda value: value.name if hasattr(value, "samples") else str(value.options),
)


def params_of(case: Any) -> list[Any]:
    return [new_tensor(np.ones(shape, np.float32), True) for shape in shapes_of(case)]


def made(case: Any, options: Any, params: Any = None) -> Any:
    return case.optimizer(params_of(case) if params is None else params, **with_lr(case, options))


def test_every_optimizer_is_in_the_table() -> None:
    """Whichever module it is in; Lookahead and SAM go around one of the others."""
    offered = set()
    for module in pkgutil.walk_packages(optim.__path__, optim.__name__ + "."):
        imported = importlib.import_module(module.name)
        members = [getattr(imported, name) for name in getattr(imported, "__all__", ())]
        offered |= {x for x in members if isinstance(x, type) and issubclass(x, optim.Optimizer)}
    around = {"Optimizer", "Lookahead", "SAM"}
    assert {kind.__name__ for kind in offered} - around == {case.name for case in CASES}
    assert offered >= {case.optimizer for case in CASES}


@each_case
def test_every_option_is_tried(case: Any) -> None:
    """No option of the rule may be without a sample, or without a way to be drawn."""
    if case.needs_closure:
        return
    options = set(case.optimizer._rule.options) & set(inspect.signature(case.optimizer).parameters)
    assert options - {"clamp_variance"} <= {name for sample in case.samples for name in sample} | set(case.draws)


@each_case
def test_samples_can_be_made(case: Any) -> None:
    for options in case.samples:
        optimizer = made(case, options)
        (group,) = optimizer.param_groups
        assert {name: group[name] for name in options} == options
        assert group.keys() == {"params", *optimizer.defaults}
        assert optimizer.__class__.__doc__


@each_error
def test_the_constructor_refuses(case: Any, refused: Any) -> None:
    with pytest.raises(refused.error) as raised:
        made(case, refused.options)
    assert is_told(refused.message, str(raised.value))


@each_error
def test_a_group_refuses(case: Any, refused: Any) -> None:
    with pytest.raises(refused.error) as raised:
        made(case, {}, [{"params": params_of(case), **refused.options}])
    assert is_told(refused.message, str(raised.value))
    if case.needs_closure:  # it has one group only
        return
    optimizer = made(case, {})
    with pytest.raises(refused.error) as raised:
        optimizer.add_param_group({"params": params_of(case), **refused.options})
    assert is_told(refused.message, str(raised.value))
    assert len(optimizer.param_groups) == 1, "an error leaves the optimizer as it was"


@each_error
def test_loading_refuses(case: Any, refused: Any) -> None:
    optimizer = made(case, {})
    state_dict = optimizer.state_dict()
    state_dict["param_groups"][0].update(refused.options)
    before = dict(optimizer.param_groups[0])
    with pytest.raises(refused.error) as raised:
        optimizer.load_state_dict(state_dict)
    assert is_told(refused.message, str(raised.value))
    assert optimizer.param_groups[0] == before


def with_nan(value: Any) -> list[Any]:
    """The value with NaN in the place of each number in it."""
    if isinstance(value, tuple):
        return [(*value[:i], math.nan, *value[i + 1 :]) for i in range(len(value))]
    return [math.nan] if isinstance(value, int | float) and not isinstance(value, bool) else []


@each_case
def test_nan_is_refused_everywhere(case: Any) -> None:
    options = {k: v for sample in case.samples for k, v in sample.items()}
    options.update({k: v for k, v in made(case, {}).defaults.items() if v is not None})
    tried = 0
    for name, number in options.items():
        for value in with_nan(number):
            tried += 1
            with pytest.raises(ValueError, match="nan"):
                made(case, {name: value})
            with pytest.raises(ValueError, match="nan"):
                made(case, {}, [{"params": params_of(case), name: value}])
    assert tried


@each_case
def test_options_are_checked_before_parameters(case: Any) -> None:
    refused = case.errors[0]
    with pytest.raises(refused.error) as raised:
        made(case, refused.options, [])
    assert is_told(refused.message, str(raised.value))
    with pytest.raises(ValueError, match="empty parameter list"):
        made(case, {}, [])


def is_told(message: str, text: str) -> bool:
    """Whether a text is the message, to which the rule may have been added where that is in PyTorch's words."""
    rule = text.removeprefix(f"{message}: ")
    return text == message or (message.startswith("Invalid") and rule != text and " must be " in rule)


@each_case
def test_an_unknown_option_of_a_group_is_refused_with_a_suggestion(case: Any) -> None:
    with pytest.raises(ValueError) as raised:
        made(case, {}, [{"params": params_of(case), "learning_rate": 0.1}])
    defaults = made(case, {}).defaults
    question = "did you mean 'lr'? Its" if "lr" in defaults else "its"
    assert str(raised.value) == (
        f"{case.name} has no option 'learning_rate' for a parameter group: {question} options are {sorted(defaults)}"
    )
    some = list(defaults)[0]
    with pytest.raises(ValueError, match=f"did you mean '{some}'"):
        made(case, {}, [{"params": params_of(case), some + "_": 0.1}])


@each_case
def test_an_unknown_argument_is_refused_with_a_suggestion(case: Any) -> None:
    with pytest.raises(TypeError) as raised:
        case.optimizer(params_of(case), learning_rate=0.1)
    arguments = inspect.signature(case.optimizer).parameters
    question = "did you mean 'lr'? It" if "lr" in arguments else "it"
    assert str(raised.value) == (
        f"{case.name}.__init__() got an unexpected keyword argument 'learning_rate': {question} takes "
        f"{', '.join(name for name, p in arguments.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))}"
    )


@each_case
def test_capabilities_are_what_the_class_says(case: Any) -> None:
    arguments = inspect.signature(case.optimizer).parameters
    assert ("maximize" in arguments) == case.maximize
    assert ("differentiable" in arguments) == case.differentiable


@steppable
def test_sparse_gradients_are_taken_or_refused(case: Any) -> None:
    p = new_tensor(np.ones((2, 2), np.float32), True)
    optimizer = made(case, {}, [p])
    p.grad = new_tensor(COO([[1]], np.ones((1, 2), np.float32), (2, 2)))  # type: ignore[arg-type]
    if case.sparse == "refused":
        with pytest.raises(RuntimeError) as raised:
            optimizer.step()
        assert str(raised.value) == (case.refuses_sparse or f"{case.name} does not support sparse gradients")
        assert np.all(p._array == 1)
    else:
        optimizer.step()
        np.testing.assert_array_equal(p._array != 1, [[False, False], [True, True]])


@steppable
def test_complex_parameters_are_taken_or_refused(case: Any) -> None:
    p = new_tensor(np.ones((2, 2), np.complex64), True)
    p.grad = new_tensor(np.ones((2, 2), np.complex64))
    if case.complex:
        optimizer = made(case, {}, [p])
        optimizer.step()
        assert p.dtype == np.complex64
    else:
        with pytest.raises((RuntimeError, ValueError), match=f"{case.name} does not support complex parameters"):
            made(case, {}, [p]).step()


@each_case
def test_arguments_are_those_of_the_page(case: Any) -> None:
    """In order and with the defaults of the page; what came later is by keyword only."""
    signature = inspect.signature(case.optimizer)
    positional = [
        (p.name, p.default) for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD
    ][1:]
    if case.name in PAGE:
        assert positional == PAGE[case.name]
    else:
        assert not case.torch


PAGE = {
    "SGD": [
        ("lr", optim.optimizer.required), ("momentum", 0), ("dampening", 0), ("weight_decay", 0), ("nesterov", False),
    ],
    "Adam": [("lr", 1e-3), ("betas", (0.9, 0.999)), ("eps", 1e-8), ("weight_decay", 0), ("amsgrad", False)],
    "AdamW": [("lr", 1e-3), ("betas", (0.9, 0.999)), ("eps", 1e-8), ("weight_decay", 1e-2), ("amsgrad", False)],
    "Adagrad": [
        ("lr", 1e-2), ("lr_decay", 0), ("weight_decay", 0), ("initial_accumulator_value", 0), ("eps", 1e-10),
    ],
    "Adadelta": [("lr", 1.0), ("rho", 0.9), ("eps", 1e-6), ("weight_decay", 0)],
    "Adamax": [("lr", 2e-3), ("betas", (0.9, 0.999)), ("eps", 1e-8), ("weight_decay", 0)],
    "ASGD": [("lr", 1e-2), ("lambd", 1e-4), ("alpha", 0.75), ("t0", 1e6), ("weight_decay", 0)],
    "RMSprop": [
        ("lr", 1e-2), ("alpha", 0.99), ("eps", 1e-8), ("weight_decay", 0), ("momentum", 0), ("centered", False),
    ],
    "Rprop": [("lr", 1e-2), ("etas", (0.5, 1.2)), ("step_sizes", (1e-6, 50))],
    "SparseAdam": [("lr", 1e-3), ("betas", (0.9, 0.999)), ("eps", 1e-8), ("maximize", False)],
    "LBFGS": [
        ("lr", 1), ("max_iter", 20), ("max_eval", None), ("tolerance_grad", 1e-7), ("tolerance_change", 1e-9),
        ("history_size", 100), ("line_search_fn", None),
    ],
    "NAdam": [
        ("lr", 2e-3), ("betas", (0.9, 0.999)), ("eps", 1e-8), ("weight_decay", 0), ("momentum_decay", 4e-3),
        ("decoupled_weight_decay", False),
    ],
    "RAdam": [
        ("lr", 1e-3), ("betas", (0.9, 0.999)), ("eps", 1e-8), ("weight_decay", 0), ("decoupled_weight_decay", False),
    ],
    "Adafactor": [("lr", 1e-2), ("beta2_decay", -0.8), ("eps", (None, 1e-3)), ("d", 1.0), ("weight_decay", 0.0)],
    "Muon": [
        ("lr", 1e-3), ("weight_decay", 0.1), ("momentum", 0.95), ("nesterov", True),
        ("ns_coefficients", (3.4445, -4.775, 2.0315)), ("eps", 1e-7), ("ns_steps", 5), ("adjust_lr_fn", None),
    ],
}  # fmt: skip


@each_case
def test_arguments_are_those_of_pytorch(case: Any) -> None:
    """Every option of PyTorch is accepted, and kept in the group."""
    torch = pytest.importorskip("torch")
    if not case.torch:
        pytest.skip("PyTorch has no such optimizer")
    theirs = inspect.signature(getattr(torch.optim, case.name)).parameters
    ours = inspect.signature(case.optimizer).parameters
    assert set(theirs) <= set(ours)
    for name, parameter in theirs.items():
        if name not in ("params", "lr") and parameter.default is not parameter.empty:
            assert ours[name].default == parameter.default, name
    there = getattr(torch.optim, case.name)([torch.nn.Parameter(torch.ones(2, 2))], lr=0.5)
    here = made(case, {"lr": 0.5})
    assert set(there.param_groups[0]) <= set(here.param_groups[0])


@each_sample
def test_names_of_the_state(case: Any, options: Any) -> None:
    run = Run(case, options, Bowl([(3, 4)], "float32")).step(2)
    (p,) = run.params
    assert list(run.optimizer.state[p] if p in run.optimizer.state else {}) == case.states(options)
