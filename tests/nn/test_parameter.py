"""Parameter, Buffer and the parameters of lazy layers."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn.lazy import LazyModule


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
