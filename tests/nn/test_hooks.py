"""Hooks of modules: around forward, around the backward pass, around the state."""

from __future__ import annotations

from typing import Any

import pytest

import minitorch_optim as mt
from minitorch_optim import nn


def test_forward_hooks() -> None:
    calls: list[Any] = []
    layer = nn.ReLU()
    x = mt.tensor([-1.0, 2.0])
    first = layer.register_forward_pre_hook(lambda module, args: calls.append("pre") or (args[0] + 1,))
    layer.register_forward_pre_hook(lambda module, args: calls.append("earlier"), prepend=True)
    layer.register_forward_hook(lambda module, args, out: calls.append("post") or out * 10)
    layer.register_forward_hook(
        lambda module, args, kwargs, out: calls.append(sorted(kwargs)), with_kwargs=True, prepend=True
    )
    assert layer(x).tolist() == [0.0, 30.0] and calls == ["earlier", "pre", [], "post"]
    first.remove()
    assert layer(x).tolist() == [0.0, 20.0]
    with layer.register_forward_pre_hook(lambda module, args: -args[0]):  # not in a tuple
        assert layer(x).tolist() == [10.0, 0.0]
    assert layer(x).tolist() == [0.0, 20.0]


def test_forward_pre_hook_with_keywords() -> None:
    class Net(nn.Module):
        def forward(self, x: Any, factor: float = 1.0) -> Any:
            return x * factor

    net = Net()
    handle = net.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {"factor": kwargs["factor"] + 1}), with_kwargs=True
    )
    assert net(mt.ones(1), factor=2.0).item() == 3.0
    handle.remove()
    net.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple of \(new_args, new_kwargs\)"):
        net(mt.ones(1), factor=2.0)


def listed(gradients: Any) -> list[Any]:
    return [None if g is None else g.tolist() for g in gradients]


class Product(nn.Module):
    def forward(self, x: Any, y: Any) -> Any:
        return x * y


def run_backward_hook(library: Any, wanted: Any, use: Any) -> list[Any]:
    class Net(library.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any, y: Any) -> Any:
            return x * y, x + 2 * y

    found: list[Any] = []
    net = Net()
    net.register_full_backward_hook(lambda module, gi, go: found.append((listed(gi), listed(go))))
    x = library.tensor([1.0, 2.0], requires_grad=wanted[0])
    y = library.tensor([3.0, 4.0], requires_grad=wanted[1])
    loss = use(*net(x * 1, y * 1))
    loss.backward()
    found.append(listed([x.grad, y.grad]))
    return found


@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("use", [lambda a, b: (a * b).sum(), lambda a, b: (a * a).sum(), lambda a, b: b.sum()])
@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_full_backward_hooks_see_what_pytorchs_see(wanted: Any, use: Any) -> None:
    torch = pytest.importorskip("torch")
    assert run_backward_hook(mt, wanted, use) == run_backward_hook(torch, wanted, use)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_full_backward_hook_of_the_first_layer() -> None:
    """Where no input requires grad the hook is called all the same, as PyTorch's."""
    torch = pytest.importorskip("torch")
    found = []
    for library in (mt, torch):
        layer = library.nn.Linear(2, 1)
        layer.register_full_backward_hook(lambda module, gi, go: found.append((listed(gi), listed(go))))
        layer(library.ones(1, 2)).sum().backward()
    assert found == [([None], [[[1.0]]])] * 2


def test_a_backward_hook_may_replace_the_gradients_of_the_inputs() -> None:
    layer = nn.ReLU()
    layer.register_full_backward_hook(lambda module, gi, go: (gi[0] * 10,))
    x = mt.tensor([1.0, -1.0], requires_grad=True)
    for _ in range(2):
        layer(x).sum().backward()
    assert x.grad.tolist() == [20.0, 0.0]

    y = mt.tensor([1.0, -1.0], requires_grad=True)
    product = Product()
    product.register_full_backward_hook(lambda module, gi, go: (gi[1], gi[0] + 1))
    product(x, y).sum().backward()
    assert y.grad.tolist() == [2.0, 0.0]


def test_hooked_modules_compute_the_same_second_derivatives() -> None:
    layer = nn.Tanh()
    x = mt.tensor([0.3, -0.7], requires_grad=True)

    def second() -> Any:
        (g,) = mt.autograd.grad(layer(x).sum(), x, create_graph=True)
        return mt.autograd.grad(g.sum(), x)[0].tolist()

    plain, seen = second(), []
    layer.register_full_backward_hook(lambda module, gi, go: seen.append(len(gi)))
    assert second() == plain and seen[0] == 1


def test_hooks_around_the_state() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model.register_state_dict_post_hook(lambda module, state, prefix, metadata: state.__delitem__("0.bias"))
    assert list(model.state_dict()) == ["0.weight"]
    with model.register_state_dict_post_hook(lambda module, state, prefix, metadata: state):
        with pytest.raises(RuntimeError, match="state_dict post-hook must return None"):
            model.state_dict()

    def renamed(module: Any, state: Any, prefix: str, *rest: Any) -> None:
        state[prefix + "weight"] = state.pop(prefix + "w")

    seen = []
    model[0].register_load_state_dict_pre_hook(renamed)
    model.register_load_state_dict_post_hook(lambda module, keys: seen.append(list(keys.missing_keys)))
    model.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    given = {"0.w": mt.ones(2, 2)}
    result = model.load_state_dict(given, strict=False)
    assert model[0].weight.tolist() == [[1.0, 1.0]] * 2 and list(given) == ["0.w"]
    assert seen == [["0.bias"]] and result.missing_keys == []
    prefixes = []
    model[0].register_state_dict_pre_hook(lambda module, prefix, keep_vars: prefixes.append(prefix))
    model.state_dict()
    assert prefixes == ["0."]
