"""Module, Parameter, Buffer: registration, traversal, state, modes, conversion, copies, hooks, messages."""

from __future__ import annotations

import copy
import gc
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn.lazy import LazyModule


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


# -- state


def test_the_state_is_ordered_detached_and_shares_memory() -> None:
    model = tree()
    state = model.state_dict()
    assert isinstance(state, OrderedDict)
    assert list(state) == [f"{b}.{n}" for b in ("0", "tail") for n in ("scale", "count", "fc.weight", "fc.bias")]
    assert not any(t.requires_grad for t in state.values())
    with mt.no_grad():
        model[0].scale.fill_(7.0)
    assert state["0.scale"].tolist() == [7.0, 7.0]
    assert model.state_dict(keep_vars=True)["0.scale"] is model[0].scale
    given: dict[str, Any] = {"before": 1}
    assert model[0].fc.state_dict(destination=given, prefix="x.") is given and list(given) == [
        "before", "x.weight", "x.bias",
    ]  # fmt: skip


def test_loading_copies_and_keeps_dtype_and_identity() -> None:
    model, other = tree(), tree().double()
    weight, memory = model[0].fc.weight, model[0].fc.weight._array
    result = model.load_state_dict(other.state_dict())
    assert repr(result) == str(result) == "<All keys matched successfully>" and result.missing_keys == []
    assert model[0].fc.weight is weight and weight._array is memory and weight.dtype == mt.float32
    np.testing.assert_allclose(weight.detach().numpy(), other[0].fc.weight.detach().numpy(), rtol=1e-6)


def test_assign_takes_the_tensors_themselves() -> None:
    model, state = Block(), Block().double().state_dict()
    model.scale.requires_grad_(False)
    model.load_state_dict(state, assign=True)
    assert model.scale._array is state["scale"]._array and model.scale.dtype == mt.float64
    assert isinstance(model.scale, nn.Parameter) and not model.scale.requires_grad and model.fc.weight.requires_grad
    assert model.count is state["count"]


def test_a_state_that_does_not_fit_is_reported_and_leaves_the_module_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = {name: tensor + 1 for name, tensor in before.items()}
    del state["0.weight"]
    state |= {"foo": mt.zeros(1), "bar": mt.zeros(1), "1.bias": mt.zeros(7), "1.weight": [1, 2]}
    with pytest.raises(RuntimeError) as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        'Error(s) in loading state_dict for Sequential:\n\tMissing key(s) in state_dict: "0.weight". \n\t'
        'Unexpected key(s) in state_dict: "foo", "bar". \n\t'
        'While copying the parameter named "1.weight", expected torch.Tensor or Tensor-like object from checkpoint but '
        "received <class 'list'>\n\t"
        "size mismatch for 1.bias: copying a param with shape torch.Size([7]) from checkpoint, the shape in current "
        "model is torch.Size([1])."
    )
    assert all((model.state_dict()[name] == tensor).all() for name, tensor in before.items())
    with pytest.raises(RuntimeError, match="size mismatch"):
        model.load_state_dict(state, strict=False)
    del state["1.bias"], state["1.weight"]
    result = model.load_state_dict(state, strict=False)
    assert result == (["0.weight", "1.weight", "1.bias"], ["foo", "bar"])
    assert repr(result) == (
        "_IncompatibleKeys(missing_keys=['0.weight', '1.weight', '1.bias'], unexpected_keys=['foo', 'bar'])"
    )
    assert (model.state_dict()["0.bias"] == before["0.bias"] + 1).all()
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'int'>"):
        model.load_state_dict(3)


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


def test_a_model_leaves_no_reference_cycle() -> None:
    gc.collect()
    gc.disable()
    try:
        model = tree()
        model.register_full_backward_hook(lambda *args: None)
        model[0].register_forward_hook(lambda *args: None)
        model(mt.ones(1, 2, requires_grad=True)).sum().backward()
        model.load_state_dict(model.state_dict())
        del model
        assert gc.collect() == 0
    finally:
        gc.enable()


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


# -- hooks


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


# -- parameters


def test_a_parameter_shares_memory_prints_and_requires_grad() -> None:
    data = mt.zeros(2)
    parameter = nn.Parameter(data)
    data[0] = 5.0
    assert repr(parameter) == "Parameter containing:\ntensor([5., 0.], requires_grad=True)"
    assert parameter.is_leaf and isinstance(parameter, mt.Tensor) and type(parameter * 2) is mt.Tensor
    assert repr(nn.Parameter(data, requires_grad=False)) == "Parameter containing:\ntensor([5., 0.])"
    assert nn.Parameter(nn.Parameter(data, False)).requires_grad
    assert nn.Parameter(mt.ones(1, requires_grad=True) * 2).is_leaf
    assert nn.Parameter().shape == (0,)
    with pytest.raises(RuntimeError, match="nly Tensors of floating point and complex dtype can require gradients"):
        nn.Parameter(mt.tensor([1]))
    assert nn.Parameter(mt.tensor([1]), requires_grad=False).tolist() == [1]
    with pytest.raises(TypeError, match=r"Parameter\(\) holds a Tensor, and got list"):
        nn.Parameter([1.0])


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_copies_of_parameters_and_buffers(twin_of: Any) -> None:
    parameter = nn.Parameter(mt.ones(2), requires_grad=False)
    parameter.note = "kept"
    twin = twin_of(parameter)
    assert type(twin) is nn.Parameter and not twin.requires_grad and twin.note == "kept"
    twin[0] = 3.0
    assert parameter.tolist() == [1.0, 1.0]
    buffer = twin_of(nn.Buffer(mt.ones(2), persistent=False))
    assert type(buffer) is nn.Buffer and not buffer.persistent


def test_a_lazy_module_of_ones_own() -> None:
    class Bias(nn.Module):
        def __init__(self, n: int) -> None:
            super().__init__()
            self.b = nn.Parameter(mt.zeros(n))

        def forward(self, x: Any) -> Any:
            return x + self.b

    class LazyBias(LazyModule, Bias):
        cls_to_become = Bias

        def __init__(self) -> None:
            nn.Module.__init__(self)
            self.b = nn.UninitializedParameter()

        def initialize_parameters(self, x: Any) -> None:
            if self.has_uninitialized_params():
                self.b.materialize((x.shape[-1],))
                nn.init.ones_(self.b)

    model = nn.Sequential(LazyBias())
    assert model(mt.zeros(2, 3)).tolist() == [[1.0] * 3] * 2 and type(model[0]) is Bias
