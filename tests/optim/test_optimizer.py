"""``Optimizer`` itself: what parameters it takes; hooks, closures, printing, optimizers of one's own."""

from __future__ import annotations

import re
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim import optim
from minitorch_optim.autograd import is_grad_enabled, no_grad
from minitorch_optim.autograd.sparse import COO
from minitorch_optim.autograd.tensor import Tensor, new_tensor
from minitorch_optim.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook


def param(*shape: int) -> Tensor:
    return new_tensor(np.ones(shape, np.float32), True)


def with_grad(*shape: int) -> Tensor:
    p = param(*shape)
    p.grad = new_tensor(np.ones(shape, np.float32))
    return p


# ---------------------------------------------------------------------------------------------- parameters and groups


def test_forms_of_parameters() -> None:
    a, b = param(2), param(3)
    for given in ([a, b], (a, b), iter([a, b]), {"x": a, "y": b}.values(), (p for p in [a, b])):
        (group,) = optim.SGD(given, lr=0.1).param_groups
        assert group["params"] == [a, b] or all(x is y for x, y in zip(group["params"], [a, b], strict=True))
    optimizer = optim.SGD([{"params": a, "lr": 0.5}, {"params": [b]}], lr=0.1, momentum=0.9)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1]
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 1]
    assert optim.SGD(params=[a], lr=0.1).param_groups[0]["params"][0] is a
    assert optim.SGD([{"params": []}], lr=0.1).step() is None


def test_a_group_that_was_given_is_not_changed() -> None:
    given = {"params": param(2), "lr": 0.5}
    optimizer = optim.SGD([given], lr=0.1)
    assert set(given) == {"params", "lr"} and isinstance(given["params"], Tensor)
    optimizer.param_groups[0]["lr"] = 1.0
    assert given["lr"] == 0.5


def test_lr_may_come_from_the_groups_alone() -> None:
    a, b = param(2), param(3)
    optimizer = optim.SGD([{"params": a, "lr": 0.5}, {"params": b, "lr": 0.25}])
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.25]
    message = "parameter group didn't specify a value of required optimization parameter lr"
    for given in ([a], [{"params": a, "lr": 0.1}, {"params": b}]):
        with pytest.raises(ValueError) as raised:
            optim.SGD(given)
        assert str(raised.value).startswith(message)
    assert repr(optimizer.defaults["lr"]) == "<required parameter>"


def message_of(error: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(error) as raised:
        optim.SGD(*args, **{"lr": 0.1, **kwargs})
    return str(raised.value)


def test_what_is_no_parameter() -> None:
    a = param(2)
    start = "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
    assert message_of(TypeError, a).startswith(start + "Tensor")
    assert message_of(TypeError, {"params": [a]}).startswith(start + "dict")
    assert message_of(TypeError, None) == start + "NoneType: put it in a list, as in [params]"
    forgotten = torch.nn.Linear(2, 2).parameters
    assert message_of(TypeError, forgotten) == start + "method: call it, as in model.parameters()"
    sets = "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will"
    assert message_of(TypeError, {a}).startswith(sets)
    assert message_of(TypeError, [{"params": {a}}]).startswith(sets)
    assert message_of(ValueError, []).startswith("optimizer got an empty parameter list")
    assert message_of(ValueError, (p for p in [])).startswith("optimizer got an empty parameter list")
    only = "optimizer can only optimize Tensors, but one of the params is "
    assert message_of(TypeError, [a, 3]).startswith(only + "int")
    assert message_of(TypeError, [a, np.ones(2)]).startswith(only + "ndarray: make a tensor")
    assert message_of(ValueError, [a * 2]).startswith("can't optimize a non-leaf Tensor")
    assert message_of(ValueError, [{"lr": 0.1}]) == (
            "a parameter group needs the key 'params', got ['lr']: write it as {'params': model.parameters(), ...}"
        )
    with pytest.raises(TypeError, match=r"param_group must be a dict, but got <class 'list'>"):
        optim.SGD([a], lr=0.1).add_param_group([a])  # type: ignore[arg-type]


def test_non_leaves_where_they_make_sense() -> None:
    computed = param(2) * 2
    computed.retain_grad()
    optim.SGD([computed], lr=0.1)
    optim.SGD([param(2) * 2], lr=0.1, differentiable=True)
    optim.SGD([{"params": param(2) * 2, "differentiable": True}], lr=0.1)


def test_parameters_need_not_require_grad() -> None:
    frozen, given = new_tensor(np.ones(2)), new_tensor(np.ones(2))
    given.grad = new_tensor(np.ones(2))
    optim.SGD([frozen, given], lr=0.5).step()
    np.testing.assert_array_equal(frozen._array, [1, 1])
    np.testing.assert_array_equal(given._array, [0.5, 0.5])


def test_a_parameter_in_two_groups() -> None:
    a, b = param(2), param(3)
    message = "some parameters appear in more than one parameter group"
    assert message_of(ValueError, [{"params": [a, b]}, {"params": [a]}]) == message
    optimizer = optim.SGD([a], lr=0.1)
    with pytest.raises(ValueError, match=message):
        optimizer.add_param_group({"params": [b, a]})
    assert len(optimizer.param_groups) == 1
    optimizer.add_param_group({"params": b, "lr": 0.3})
    assert optimizer.param_groups[1]["lr"] == 0.3 and optimizer.param_groups[1]["momentum"] == 0


def test_a_parameter_twice_in_a_group_is_one_warning() -> None:
    a = with_grad(2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        optimizer = optim.SGD([a, a], lr=0.25)
        optimizer.step()
    (warning,) = caught
    assert "a parameter group with duplicate parameters" in str(warning.message)
    assert warning.category is UserWarning and warning.filename == __file__
    np.testing.assert_array_equal(a._array, np.float32([0.5, 0.5]))


def test_names() -> None:
    a, b, c = param(2), param(3), param(4)
    optimizer = optim.SGD([("weight", a), ("bias", b)], lr=0.1)
    (group,) = optimizer.param_groups
    assert group["param_names"] == ["weight", "bias"] and group["params"][0] is a
    optimizer.add_param_group({"params": [("scale", c)]})
    assert optimizer.param_groups[1]["param_names"] == ["scale"]
    assert "param_names: ['scale']" in repr(optimizer)
    missing = "all optimizer params should be with/without names. Some param names are missing"
    assert message_of(ValueError, [("weight", a), b]) == message_of(ValueError, [b, ("weight", a)]) == missing
    start = "all optimizer param groups should be with/without names. cannot add param group "
    groups = [{"params": [("weight", a)]}, {"params": [b]}]
    assert message_of(ValueError, groups) == start + "without names to the optimizer"
    assert message_of(ValueError, groups[::-1]) == start + "with names to the optimizer"


def test_printing() -> None:
    optimizer = optim.SGD([{"params": param(2)}, {"params": param(3), "lr": 0.5}], lr=0.1, momentum=0.9)
    options = "    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n    lr: {}\n"
    options += "    maximize: False\n    momentum: 0.9\n    nesterov: False\n    weight_decay: 0\n"
    first, second = (f"Parameter Group {i}\n" + options.format(lr) for i, lr in enumerate((0.1, 0.5)))
    assert repr(optimizer) == f"SGD (\n{first}{second})".replace("\n)", "\n)")


# ---------------------------------------------------------------------------------------------- closures and gradients


def test_closures() -> None:
    p = with_grad(2)
    optimizer = optim.SGD([p], lr=0.25)
    loss = object()

    def closure() -> object:
        assert is_grad_enabled()
        np.testing.assert_array_equal(p._array, np.float32([1, 1]))
        return loss

    with no_grad():
        assert optimizer.step(closure) is loss
    assert optimizer.step() is None and optimizer.step(closure=None) is None
    np.testing.assert_array_equal(p._array, np.float32([0.25, 0.25]))


def test_zero_grad() -> None:
    a, b, none = with_grad(2), with_grad(3), param(2)
    optimizer = optim.SGD([a, b, none], lr=0.1)
    gradient = a.grad
    optimizer.zero_grad()
    assert a.grad is gradient and none.grad is None
    np.testing.assert_array_equal(a.grad._array, [0, 0])
    optimizer.zero_grad(set_to_none=True)
    assert a.grad is None and b.grad is None
    a.grad = a * 2  # a gradient with a history, as create_graph leaves it
    optimizer.zero_grad()
    assert not a.grad.requires_grad
    a.grad = new_tensor(COO([[1, 1]], np.ones(2, np.float32), (2,)))  # type: ignore[arg-type]
    optimizer.zero_grad()
    assert a.grad is not None and a.grad.is_sparse and a.grad._array.values.size == 0
    optimizer.step()
    np.testing.assert_array_equal(a._array, [1, 1])


def test_a_closure_that_fails_changes_nothing() -> None:
    p = with_grad(2)
    optimizer = optim.Adam([p])

    def closure() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        optimizer.step(closure)
    np.testing.assert_array_equal(p._array, [1, 1])
    assert not optimizer.state
    calls: list[int] = []
    optimizer.register_step_pre_hook(lambda *args: calls.append(1))
    optimizer.step()
    assert calls == [1], "hooks still run"


# ---------------------------------------------------------------------------------------------- hooks


def test_hooks_run_in_order() -> None:
    optimizer = optim.SGD([with_grad(2)], lr=0.1)
    calls: list[str] = []

    def note(name: str) -> Any:
        def hook(given: Any, args: Any, kwargs: Any) -> None:
            assert given is optimizer and args == (optimizer,) and kwargs == {"closure": closure}
            calls.append(name)

        return hook

    def closure() -> None:
        calls.append("step")

    handles = [
        optimizer.register_step_post_hook(note("own post")),
        optimizer.register_step_pre_hook(note("own pre")),
        register_optimizer_step_post_hook(note("global post")),
        register_optimizer_step_pre_hook(note("global pre")),
    ]
    expected = ["global pre", "own pre", "step", "own post", "global post"]
    try:
        optimizer.step(closure=closure)
        assert calls == expected
    finally:
        for handle in handles:
            handle.remove()
    optimizer.step(closure=closure)
    assert calls == [*expected, "step"]


def test_a_pre_hook_may_change_the_arguments() -> None:
    optimizer = optim.SGD([with_grad(2)], lr=0.1)
    with optimizer.register_step_pre_hook(lambda given, args, kwargs: ((given, lambda: "other"), {})):
        assert optimizer.step(lambda: "mine") == "other"
    assert optimizer.step(lambda: "mine") == "mine"
    optimizer.register_step_pre_hook(lambda *args: 3)
    message = "step must return None or a tuple of (new_args, new_kwargs), but got 3."
    with pytest.raises(RuntimeError, match=re.escape(message)):
        optimizer.step()


def test_a_step_that_calls_the_one_it_overrides_is_one_step() -> None:
    class Mine(optim.Adam):
        def step(self, closure: Any = None) -> Any:
            return super().step(closure)

    optimizer = Mine([with_grad(2)])
    calls: list[str] = []
    optimizer.register_step_pre_hook(lambda *args: calls.append("pre"))
    optimizer.register_step_post_hook(lambda *args: calls.append("post"))
    optimizer.step()
    assert calls == ["pre", "post"]


def test_handles_keep_no_optimizer_alive(no_collector: Any) -> None:
    optimizer = optim.SGD([param(2)], lr=0.1)
    handle = optimizer.register_step_pre_hook(lambda *args: None)
    watched = weakref.ref(optimizer)
    del optimizer
    assert watched() is None
    handle.remove()


# ---------------------------------------------------------------------------------------------- optimizers of one's own


def test_an_optimizer_with_a_step_of_its_own() -> None:
    class Plain(optim.Optimizer):
        def __init__(self, params: Any, lr: float = 0.5, unusual: int = 3) -> None:
            super().__init__(params, {"lr": lr, "unusual": unusual})

        @no_grad()
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    p -= group["lr"] * p.grad
                    self.state[p]["seen"] = self.state[p].get("seen", 0) + 1

    p = with_grad(2)
    optimizer = Plain([p])
    optimizer.step()
    optimizer.step()
    np.testing.assert_array_equal(p._array, [0, 0])
    other = Plain([p], lr=0.1)
    other.load_state_dict(optimizer.state_dict())
    assert other.state[p] == {"seen": 2} and other.param_groups[0]["lr"] == 0.5


def test_an_optimizer_with_a_rule_of_its_own() -> None:
    def heavy(p: Any, g: Any, velocity: Any, last: Any, *, t: float, lr: float, beta: float) -> Any:
        velocity = beta * velocity + g
        return p - lr * velocity / t, velocity, t

    class Heavy(optim.Optimizer):
        rule = staticmethod(heavy)
        scalars = ("last",)

        def __init__(self, params: Any, lr: float, beta: float = 0.5) -> None:
            super().__init__(params, {"lr": lr, "beta": beta})

        def initial(self, group: Any, p: Any) -> Any:
            return {"velocity": 0, "last": 0}

    params = [with_grad(2), with_grad(3, 4), with_grad()]
    optimizer = Heavy(params, lr=0.25)
    optimizer.step()
    optimizer.step()
    for p in params:
        np.testing.assert_array_equal(p._array, np.full(p.shape, 1 - 0.25 - 0.25 * 1.5 / 2, np.float32))
        assert optimizer.state[p]["last"].item() == 2
    with pytest.raises(NotImplementedError, match="Neither has neither a rule nor a step of its own"):
        type("Neither", (optim.Optimizer,), {})([param(2)], {}).step()


def test_sparse_parameters_and_gradients_that_are_not_taken() -> None:
    sparse = new_tensor(COO([[0]], np.ones(1, np.float32), (2,)), True)  # type: ignore[arg-type]
    for given in ([sparse], [{"params": [param(2), sparse]}]):
        with pytest.raises(ValueError, match="SparseAdam requires dense parameter tensors"):
            optim.SparseAdam(given)
    p = with_grad(2)
    with pytest.raises(RuntimeError, match="SparseAdam does not support dense gradients, please consider Adam instead"):
        optim.SparseAdam([p]).step()
    p.grad = new_tensor(COO([[0]], np.ones(1, np.float32), (2,)))  # type: ignore[arg-type]
    for kind in (optim.SGD, optim.Adagrad):
        with pytest.raises(RuntimeError, match="weight_decay option is not compatible with sparse gradients"):
            kind([p], lr=0.1, weight_decay=0.1).step()


def test_a_tensor_lr_of_several_elements() -> None:
    for kind in (optim.SGD, optim.Adam, optim.SparseAdam, optim.Adafactor):
        with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
            kind([param(2, 2)], lr=new_tensor(np.ones(2)))
    for adam in (optim.Adam, optim.AdamW):
        with pytest.raises(ValueError, match="lr as a Tensor is not supported for capturable=False and foreach=True"):
            adam([param(2)], lr=new_tensor(np.ones(())), foreach=True)
        adam([param(2)], lr=new_tensor(np.ones(())), foreach=True, capturable=True)
        mixed = (0.9, new_tensor(np.array(0.99)))
        with pytest.raises(ValueError, match="betas must be either both floats or both Tensors"):
            adam([param(2)], betas=mixed)


# ------------------------------------------------------------------------------------- mistakes in a rule of one's own


def own(rule: Any, initial: Any = None, **defaults: float) -> type[optim.Optimizer]:
    """An optimizer with that rule; ``initial`` is what its method of that name gives, if it has one."""
    members: dict[str, Any] = {
        "rule": staticmethod(rule),
        "__init__": lambda self, params: optim.Optimizer.__init__(self, params, defaults),
    }
    if initial is not None:
        members["initial"] = lambda self, group, p: initial
    return type("Own", (optim.Optimizer,), members)


@pytest.mark.parametrize("whole", [False, True])
def test_a_rule_without_state_needs_neither_initial_nor_a_tuple(whole: bool) -> None:
    class Plain(optim.Optimizer):
        def rule(p, g, *, lr):  # type: ignore[no-untyped-def, misc]
            return p - lr * g

    Plain.whole = whole
    for differentiable in (False, True):
        p = with_grad(2, 3)
        leaf = p.clone() if differentiable else p
        leaf.grad = p.grad
        optimizer = Plain([p], {"lr": 0.25, "differentiable": False})
        optimizer.param_groups[0].update(params=[leaf], differentiable=differentiable)
        optimizer.step()
        assert leaf.tolist() == [[0.75] * 3] * 2


def test_a_state_may_start_from_a_tensor() -> None:
    def rule(p: Any, g: Any, m: Any, *, lr: float) -> Any:
        m = m + g
        return p - lr * m, m

    start = torch.ones(3)
    p = with_grad(3)
    optimizer = own(rule, {"m": start}, lr=0.25)([p])
    optimizer.step()
    assert p.tolist() == [0.5] * 3
    assert optimizer.state[p]["m"].tolist() == [2.0] * 3
    assert start.tolist() == [1.0] * 3


def test_a_rule_may_call_functions_of_tensors() -> None:
    p = with_grad(3)
    own(lambda p, g, *, lr: p - lr * torch.sign(g), lr=0.25)([p]).step()
    assert p.tolist() == [0.75] * 3


def forgets_its_state(p: Any, g: Any, m: Any, *, lr: float) -> Any:
    return p - lr * (m + g)


@pytest.mark.parametrize(
    "make, error, message",
    [
        (own(forgets_its_state, {"m": 0}, lr=0.1), TypeError,
         r"forgets_its_state\(\) returned 1 of 2 results: it is to return the new parameter, m, in this order"),
        (own(lambda p, g, m, *, lr: (p, m, m), {"m": 0}, lr=0.1), TypeError, "returned 3 of 2 results"),
        (own(forgets_its_state, {"mean": 0}, lr=0.1), TypeError,
         r"Own.initial\(\) says what 'mean' starts from, and forgets_its_state\(\) has no such state: .* is m$"),
        (own(forgets_its_state, lr=0.1), NotImplementedError,
         r"write `def initial\(self, group, p\): return {'m': 0}`"),
        (own(forgets_its_state, {"m": 0}), TypeError,
         "takes 'lr', which is no option of Own: name it among the defaults"),
    ],
)  # fmt: skip
def test_mistakes_in_a_rule_are_named(make: Any, error: type[Exception], message: str) -> None:
    p = with_grad(3)
    with pytest.raises(error, match=message):
        make([p]).step()
    assert p.tolist() == [1.0] * 3


@pytest.mark.parametrize("use", [lambda o: o.step(), lambda o: o.zero_grad(), repr, lambda o: o.state_dict()])
def test_init_of_the_base_class_forgotten(use: Any) -> None:
    class Own(optim.Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            self.lr = lr

    with pytest.raises(AttributeError, match=r"before Optimizer.__init__\(\) call: .* Own is to call super"):
        use(Own([param(2)], lr=0.1))
    with pytest.raises(AttributeError, match="^'SGD' object has no attribute 'rate'$"):
        _ = optim.SGD([param(2)], lr=0.1).rate  # type: ignore[attr-defined]
