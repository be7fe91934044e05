"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict: contents, order, state, printing, messages."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from typing import Any

import pytest

import minitorch_optim as mt
from minitorch_optim import nn


def words(container: Any) -> list[str]:
    return [type(module).__name__ for module in container]


# -- Sequential


def test_sequential_calls_one_after_the_other() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.ReLU())
    assert model(mt.ones(3, 2, 2)).shape == (3, 2)
    assert nn.Sequential()(7) == 7
    named = nn.Sequential(OrderedDict([("first", nn.Linear(4, 2)), ("act", nn.ReLU())]))
    assert named.first.out_features == 2 and list(named.state_dict()) == ["first.weight", "first.bias"]
    assert named(mt.ones(3, 4)).shape == (3, 2)


def test_sequential_is_a_sequence() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())
    assert len(model) == 3 and words(model) == ["ReLU", "Tanh", "Sigmoid"]
    assert isinstance(model[-1], nn.Sigmoid) and words(model[1:]) == ["Tanh", "Sigmoid"]
    assert model[1:][0] is model[1] and type(model[:1]) is nn.Sequential
    assert model.append(nn.ELU()) is model and model.extend([nn.GELU()]) is model
    model.insert(1, nn.Mish())
    assert words(model) == ["ReLU", "Mish", "Tanh", "Sigmoid", "ELU", "GELU"]
    assert isinstance(model.pop(1), nn.Mish)
    del model[0]
    del model[-2:]
    assert words(model) == ["Tanh", "Sigmoid"] and list(model._modules) == ["0", "1"]
    model[0] = nn.SiLU()
    assert words(model) == ["SiLU", "Sigmoid"] and words(model + nn.Sequential(nn.ReLU()))[-1] == "ReLU"
    assert len(model * 3) == 6 and (2 * model)[2] is model[0]
    model += nn.Sequential(nn.ReLU())
    assert len(model) == 3


def test_sequential_refuses_what_is_no_module() -> None:
    model = nn.Sequential(nn.ReLU())
    for call, kind, message in (
        (lambda: model[7], IndexError, "index 7 is out of range"),
        (lambda: model.insert(9, nn.ReLU()), IndexError, "Index out of range: 9"),
        (lambda: model.append(3), TypeError, "int is not a Module subclass"),
        (lambda: nn.Sequential(3), TypeError, "int is not a Module subclass"),
        (lambda: nn.Sequential([nn.ReLU()]), TypeError, "list is not a Module subclass"),
        (lambda: model + 3, ValueError, "add operator supports only objects of Sequential class, but <class 'int'>"),
        (lambda: model * 0, ValueError, "Non-positive multiplication factor 0"),
        (lambda: model["0"], TypeError, "'str' object cannot be interpreted as an integer"),
    ):
        with pytest.raises(kind, match=message):
            call()


def test_layers_of_a_sequential_may_be_added_by_hand() -> None:
    """As d2l does it in its own Sequential."""

    class Mine(nn.Module):
        def __init__(self, *args: nn.Module) -> None:
            super().__init__()
            for i, module in enumerate(args):
                self._modules[str(i)] = module

        def forward(self, x: Any) -> Any:
            for module in self._modules.values():
                x = module(x)
            return x

    model = Mine(nn.Linear(2, 3), nn.ReLU())
    assert model(mt.ones(1, 2)).shape == (1, 3) and list(model.state_dict()) == ["0.weight", "0.bias"]


# -- ModuleList and ModuleDict


def test_module_list() -> None:
    layers = nn.ModuleList([nn.ReLU(), nn.Tanh()])
    layers.insert(0, nn.Sigmoid())
    layers.append(nn.ELU()).extend(nn.ModuleList([nn.GELU()]))
    layers += [nn.Mish()]
    assert words(layers) == ["Sigmoid", "ReLU", "Tanh", "ELU", "GELU", "Mish"]
    assert words(layers[1:3]) == ["ReLU", "Tanh"] and type(layers[1:3]) is nn.ModuleList
    assert words(layers + [nn.SELU()])[-1] == "SELU" and len(layers) == 6
    del layers[1]
    assert isinstance(layers.pop(0), nn.Sigmoid) and list(layers._modules) == ["0", "1", "2", "3"]
    layers[-1] = nn.Linear(2, 2)
    assert list(layers.state_dict()) == ["3.weight", "3.bias"]
    with pytest.raises(TypeError, match="ModuleList.extend should be called with an iterable, but got int"):
        layers.extend(3)
    with pytest.raises(NotImplementedError, match=r'Module \[ModuleList\] is missing the required "forward"'):
        layers(1)
    with pytest.raises(IndexError, match="index 9 is out of range"):
        layers[9]


def test_module_dict() -> None:
    layers = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Linear(2, 2)})
    layers["c"] = nn.Tanh()
    layers.update([("d", nn.ELU())])
    layers.update(nn.ModuleDict({"b": nn.Mish()}))
    assert list(layers) == list(layers.keys()) == ["b", "a", "c", "d"] and words(layers.values())[0] == "Mish"
    assert "c" in layers and len(layers) == 4 and isinstance(layers.pop("c"), nn.Tanh) and "c" not in layers
    del layers["d"]
    assert list(layers.state_dict()) == ["a.weight", "a.bias"] and dict(layers.items())["a"] is layers.a
    layers.clear()
    assert len(layers) == 0
    for call, kind, message in (
        (lambda: layers["x"], KeyError, "x"),
        (lambda: layers.__setitem__("keys", nn.ReLU()), KeyError, "attribute 'keys' already exists"),
        (lambda: layers.update(3), TypeError, "iterable of key/value pairs, but got int"),
        (lambda: layers.update([("a", 1, 2)]), ValueError, "update sequence element #0 has length 3; 2 is required"),
    ):
        with pytest.raises(kind, match=message):
            call()


# -- parameters


def test_parameter_list() -> None:
    weights = nn.ParameterList([mt.zeros(2, 3), 1, nn.Parameter(mt.ones(2))])
    assert type(weights[0]) is nn.Parameter and weights[1] == 1 and len(weights) == 3
    assert [name for name, _ in weights.named_parameters()] == list(weights.state_dict()) == ["0", "2"]
    weights.append(mt.zeros(4)).extend([nn.Parameter(mt.zeros(1))])
    weights += [mt.zeros(5)]
    weights[-1] = mt.zeros(6)
    assert [len(w) for w in weights[3:]] == [4, 1, 6] and weights[-1].requires_grad
    for call, kind, message in (
        (lambda: weights[9], IndexError, "index 9 is out of range"),
        (lambda: weights.extend(3), TypeError, "should be called with an iterable, but got int"),
        (lambda: weights(1), RuntimeError, "ParameterList should not be called."),
    ):
        with pytest.raises(kind, match=message):
            call()


def test_parameter_dict() -> None:
    weights = nn.ParameterDict({"b": mt.zeros(2), "a": mt.ones(2)})
    assert list(weights) == ["a", "b"], "a plain dict's keys are put in order"
    weights["z"] = mt.zeros(3)
    weights.update(OrderedDict([("y", mt.zeros(1)), ("x", 5)]))
    assert list(weights.keys()) == ["a", "b", "z", "y", "x"] and weights["x"] == 5
    assert list(weights.state_dict()) == ["a", "b", "z", "y"] and weights.a is weights["a"]
    assert weights.pop("a").tolist() == [1.0, 1.0] and "a" not in weights
    assert weights.popitem() == ("x", 5) and weights.get("x") is None
    assert weights.setdefault("w", mt.zeros(2)) is weights["w"]
    assert list((weights | {"q": mt.zeros(1)}).keys()) == ["b", "z", "y", "w", "q"] and "q" not in weights
    assert weights.copy()["w"] is weights["w"]
    weights.clear()
    assert len(weights) == 0 and list(weights.parameters()) == []
    with pytest.raises(RuntimeError, match="ParameterDict should not be called."):
        weights(1)
    with pytest.raises(KeyError, match="'nope'"):
        weights["nope"]


# -- all of them


MAKERS = {
    "sequential": lambda nn, torch: nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()), nn.Sequential()),
    "list": lambda nn, torch: nn.ModuleList([nn.Linear(2, 2) for _ in range(3)] + [nn.ReLU()] + [nn.Linear(2, 2)] * 2),
    "empty": lambda nn, torch: nn.ModuleList([nn.ModuleList(), nn.ModuleDict(), nn.ParameterList()]),
    "blocks": lambda nn, torch: nn.ModuleList([nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU()), nn.Tanh()]),
    "dict": lambda nn, torch: nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Sequential(nn.ReLU(), nn.Tanh())}),
    "parameters": lambda nn, torch: nn.ParameterList([torch.zeros(2, 3), torch.zeros(2).double(), 3, torch.zeros(())]),
    "parameter dict": lambda nn, torch: nn.ParameterDict({"a": torch.zeros(2, 3), "b": 4}),
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_printing_is_pytorchs(maker: Any) -> None:
    torch = pytest.importorskip("torch")
    assert repr(maker(nn, mt)) == repr(maker(torch.nn, torch))


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies(maker: Any, twin_of: Any) -> None:
    container = maker(nn, mt)
    twin = twin_of(container)
    assert repr(twin) == repr(container) and list(twin.state_dict()) == list(container.state_dict())
    assert len(twin) == len(container)
    assert not {id(p) for p in twin.parameters()} & {id(p) for p in container.parameters()}
