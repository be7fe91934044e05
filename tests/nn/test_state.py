"""state_dict and load_state_dict: what is in it, what fits, and what is left alone."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
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
