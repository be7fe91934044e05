"""Module: registration, the tree, modes, conversion, copies, printing, messages."""

from __future__ import annotations

import copy
import pickle
import weakref
from typing import Any

import pytest

import minitorch_optim as mt
from minitorch_optim import nn


class Block(nn.Module):
    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.scale = nn.Parameter(mt.ones(width))
        self.register_buffer("count", mt.zeros(1))
        self.register_buffer("cache", mt.zeros(3), persistent=False)
        self.register_parameter("absent", None)

    def forward(self, x: Any) -> Any:
        return self.fc(x) * self.scale


def tree() -> nn.Module:
    model = nn.Sequential(Block(), nn.ReLU())
    model.add_module("tail", Block())
    return model


# -- registration: attributes and registries are one


def test_parameters_buffers_and_modules_are_attributes_and_the_other_way_round() -> None:
    block = Block()
    assert block.scale is block._parameters["scale"] and block.fc is block._modules["fc"]
    assert list(block._parameters) == ["scale", "absent"] and list(block._buffers) == ["count", "cache"]
    block._modules["fc"] = other = nn.Linear(2, 2)
    assert block.fc is other and dict(block.named_children()) == {"fc": other}
    block._parameters["scale"] = None
    assert block.scale is None and "scale" not in block.state_dict()
    for i in range(3):
        block._modules[str(i)] = nn.ReLU()
    assert len(block._modules) == 4 and isinstance(getattr(block, "1"), nn.ReLU)
    del block._modules["1"]
    assert not hasattr(block, "1")
    assert "fc" in dir(block)


def test_assignment_replaces_in_place_and_changes_the_kind() -> None:
    block = Block()
    block.fc = new = nn.Linear(2, 2)
    block.scale = nn.Parameter(mt.zeros(2))
    assert [name for name, _ in block.named_parameters()] == ["scale", "fc.weight", "fc.bias"]
    assert block.fc is new
    block.count = nn.Linear(1, 1)  # a buffer's name may be taken by a module
    assert list(block._modules) == ["fc", "count"] and "count" not in block._buffers
    block.fc = nn.Parameter(mt.zeros(1))
    assert list(block._modules) == ["count"] and "fc" in block._parameters
    del block.fc
    assert not hasattr(block, "fc") and "fc" not in block._parameters
    block.fc = 3
    assert block.fc == 3 and "fc" not in block.state_dict()


def test_a_tensor_assigned_to_a_buffers_name_replaces_the_buffer() -> None:
    block = Block()
    block.count = mt.ones(1)
    assert block.state_dict()["count"].tolist() == [1.0] and list(block._buffers) == ["count", "cache"]
    block.count = None
    assert "count" not in block.state_dict() and dict(block.named_buffers()).keys() == {"cache"}
    block.mean = nn.Buffer(mt.zeros(2), persistent=False)
    assert "mean" in block._buffers and "mean" not in block.state_dict()


def test_wrong_assignments_are_pytorchs_type_errors() -> None:
    block = Block()
    for name, value, message in (
        ("scale", mt.zeros(2), r"cannot assign 'torch.FloatTensor' as parameter 'scale' \(torch.nn.Parameter or None"),
        ("scale", 5, "cannot assign 'int' as parameter 'scale'"),
        ("fc", 3, r"cannot assign 'int' as child module 'fc' \(torch.nn.Module or None expected\)"),
        ("fc", mt.zeros(2), "cannot assign 'torch.FloatTensor' as child module 'fc'"),
        ("count", 3, r"cannot assign 'int' as buffer 'count' \(torch.nn.Buffer, torch.Tensor or None expected\)"),
    ):
        with pytest.raises(TypeError, match=message):
            setattr(block, name, value)
    block.scale = None
    block.scale = nn.Parameter(mt.ones(2))
    assert "scale" in block.state_dict()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda self: setattr(self, "fc", nn.ReLU()), "cannot assign module before Module.__init__() call"),
        (lambda self: setattr(self, "w", nn.Parameter(mt.ones(1))), "cannot assign parameters before Module.__init__"),
        (lambda self: self.register_buffer("b", mt.ones(1)), "cannot assign buffer before Module.__init__() call"),
        (lambda self: self.register_parameter("p", None), "cannot assign parameter before Module.__init__() call"),
    ],
)
def test_a_forgotten_super_init_is_named(value: Any, message: str) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            value(self)

    with pytest.raises(AttributeError) as caught:
        Net()
    assert str(caught.value).startswith(message) and "super().__init__()" in str(caught.value)


def test_names_are_checked() -> None:
    block = Block()
    for call, kind, message in (
        (lambda: block.register_parameter("a.b", None), KeyError, "parameter name can.*t contain"),
        (lambda: block.register_parameter("", None), KeyError, "parameter name can.*t be empty string"),
        (lambda: block.register_parameter("forward", None), KeyError, "attribute 'forward' already exists"),
        (lambda: block.register_parameter(3, None), TypeError, "parameter name should be a string. Got int"),
        (lambda: block.register_parameter("q", mt.ones(1)), TypeError, "cannot assign 'torch.FloatTensor' object to"),
        (lambda: block.register_buffer("fc", None), KeyError, "attribute 'fc' already exists"),
        (lambda: block.register_buffer("b", 3), TypeError, "cannot assign 'int' object to buffer 'b'"),
        (lambda: block.add_module("x.y", None), KeyError, "module name can.*t contain"),
        (lambda: block.add_module("scale", nn.ReLU()), KeyError, "attribute 'scale' already exists"),
        (lambda: block.add_module("q", 3), TypeError, "int is not a Module subclass"),
        (lambda: block.nope, AttributeError, "'Block' object has no attribute 'nope'"),
        (lambda: delattr(block, "nope"), AttributeError, "nope"),
    ):
        with pytest.raises(kind, match=message):
            call()


def test_a_module_without_forward_says_so() -> None:
    class Net(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match=r'Module \[Net\] is missing the required "forward" function'):
        Net()(1)


# -- walking the tree


def test_everything_is_found_once_and_in_order() -> None:
    model = tree()
    model.tail.fc = model[0].fc  # shared
    model.again = model[0]
    assert [name for name, _ in model.named_parameters()] == ["0.scale", "0.fc.weight", "0.fc.bias", "tail.scale"]
    assert [name for name, _ in model.named_modules()] == ["", "0", "0.fc", "1", "tail"]
    assert [name for name, _ in model.named_children()] == ["0", "1", "tail"]
    assert [name for name, _ in model.named_buffers()] == ["0.count", "0.cache", "tail.count", "tail.cache"]
    assert len(list(model.parameters())) == 4 and len(list(model.modules())) == 5
    assert list(model.parameters(recurse=False)) == []
    assert "again.fc.weight" in dict(model.named_parameters(remove_duplicate=False))
    assert next(iter(model.named_parameters(prefix="net")))[0] == "net.0.scale"
    assert "again.scale" in model.state_dict() and "tail.fc.bias" in model.state_dict()


def test_paths() -> None:
    model = tree()
    assert model.get_submodule("0.fc") is model[0].fc and model.get_submodule("") is model
    assert model.get_parameter("0.fc.bias") is model[0].fc.bias
    assert model.get_buffer("tail.cache") is model.tail.cache
    for call, message in (
        (lambda: model.get_submodule("0.x"), "Block has no attribute `x`"),
        (lambda: model.get_submodule("0.scale"), "`scale` is not an nn.Module"),
        (lambda: model.get_parameter("0.count"), "`count` is not an nn.Parameter"),
        (lambda: model.get_buffer("0.scale"), "`scale` is not a buffer"),
    ):
        with pytest.raises(AttributeError, match=message):
            call()


def test_apply_visits_children_first() -> None:
    seen: list[str] = []
    model = tree()
    assert model.apply(lambda module: seen.append(type(module).__name__)) is model
    assert seen == ["Linear", "Block", "ReLU", "Linear", "Block", "Sequential"]


# -- modes and conversion


def test_modes() -> None:
    model = tree()
    assert model.eval() is model and not any(module.training for module in model.modules())
    model.train()
    assert all(module.training for module in model.modules())
    with pytest.raises(ValueError, match="training mode is expected to be boolean"):
        model.train("yes")
    model.requires_grad_(False)
    assert not any(p.requires_grad for p in model.parameters())


def test_zero_grad() -> None:
    model = nn.Linear(2, 1)
    model(mt.ones(3, 2)).sum().backward()
    held = model.weight.grad
    model.zero_grad(set_to_none=False)
    assert model.weight.grad is not None and model.weight.grad.tolist() == [[0.0, 0.0]]
    assert held.tolist() == [[0.0, 0.0]]
    model.zero_grad()
    assert model.weight.grad is None


def test_conversion_keeps_the_parameters_and_leaves_whole_numbers() -> None:
    model = nn.Linear(2, 1)
    model.register_buffer("steps", mt.tensor(3))
    model.register_buffer("mean", mt.zeros(2))
    weight = model.weight
    model(mt.ones(3, 2)).sum().backward()
    for convert, dtype in (
        (lambda m: m.double(), mt.float64), (lambda m: m.float(), mt.float32), (lambda m: m.half(), mt.float16),
        (lambda m: m.to(mt.float64), mt.float64), (lambda m: m.to("cpu", mt.float32), mt.float32),
        (lambda m: m.to(mt.zeros(1, dtype=mt.float64)), mt.float64), (lambda m: m.to(dtype=mt.float32), mt.float32),
        (lambda m: m.to(mt.complex64), mt.complex64),
    ):  # fmt: skip
        assert convert(model) is model
        assert model.weight is weight and weight.dtype == dtype == model.mean.dtype == weight.grad.dtype
        assert model.steps.dtype == mt.int64 and weight.requires_grad and weight.is_leaf
    assert model.to("cpu").cpu().to(mt.device("cpu")) is model
    with pytest.raises(TypeError, match="only accepts floating point or complex dtypes"):
        model.to(mt.int64)
    for move in (lambda: model.cuda(), lambda: model.to("cuda")):
        with pytest.raises(RuntimeError, match="'cuda' is not available"):
            move()


# -- copies


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_whole_and_apart(twin_of: Any) -> None:
    model = tree()
    model.tail.fc = model[0].fc
    model(mt.ones(1, 2)).sum().backward()
    twin = twin_of(model)
    assert repr(twin) == repr(model) and twin.tail.fc is twin[0].fc and type(twin[0].scale) is nn.Parameter
    assert twin[0].scale.requires_grad and twin[0].scale.grad is None
    assert [n for n, _ in twin.named_parameters()] == [n for n, _ in model.named_parameters()]
    with mt.no_grad():
        twin[0].scale.fill_(9.0)
    assert model[0].scale.tolist() == [1.0, 1.0] and twin[0]._parameters["scale"].tolist() == [9.0, 9.0]
    assert twin(mt.ones(1, 2)).shape == (1, 2)


def test_a_model_leaves_no_reference_cycle(no_collector: Any) -> None:
    model = tree()
    model.register_full_backward_hook(lambda *args: None)
    model[0].register_forward_hook(lambda *args: None)
    model(mt.ones(1, 2, requires_grad=True)).sum().backward()
    model.load_state_dict(model.state_dict())
    left = [weakref.ref(part) for part in (*model.modules(), *model.parameters())]
    del model
    assert not any(part() is not None for part in left)


# -- printing


def test_printing() -> None:
    model = tree()
    model.empty = nn.Sequential()
    model.nothing = None
    model.register_module("gone", None)
    assert repr(model) == (
        "Sequential(\n  (0): Block(\n    (fc): Linear(in_features=2, out_features=2, bias=True)\n  )\n  (1): ReLU()\n"
        "  (tail): Block(\n    (fc): Linear(in_features=2, out_features=2, bias=True)\n  )\n  (empty): Sequential()\n"
        "  (gone): None\n)"
    )


def test_extra_repr_with_children_and_with_lines() -> None:
    class Net(nn.Module):
        def extra_repr(self) -> str:
            return "width=3"

    net = Net()
    assert repr(net) == "Net(width=3)"
    net.act = nn.ReLU()
    assert repr(net) == "Net(\n  width=3\n  (act): ReLU()\n)"
