"""Linear, LazyLinear, Bilinear, Identity, Flatten, Unflatten and their functions."""

from __future__ import annotations

import copy
import pickle
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn import functional as F

oracle = runpy.run_path(str(Path(__file__).with_name("layer_oracle.py")))
compare, both, normal = oracle["compare"], oracle["both"], oracle["normal"]


@pytest.mark.parametrize("shape", [(4, 5), (5,), (2, 3, 5), (1, 5), (0, 5), (2, 1, 2, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear_is_pytorchs(shape: Any, bias: bool) -> None:
    compare(lambda nn: nn.Linear(5, 3, bias=bias), normal(*shape))


def test_linear_without_inputs_or_outputs_is_pytorchs() -> None:
    compare(lambda nn: nn.Linear(1, 3), normal(4, 1))
    compare(lambda nn: nn.Linear(3, 1), normal(4, 3))
    with pytest.warns(UserWarning, match="zero-element"):
        compare(lambda nn: nn.Linear(0, 3), normal(4, 0))


def test_other_layers_are_pytorchs() -> None:
    compare(lambda nn: nn.Bilinear(2, 3, 4), normal(5, 2), normal(5, 3))
    compare(lambda nn: nn.Bilinear(2, 3, 4, bias=False), normal(6, 5, 2), normal(6, 5, 3))
    compare(lambda nn: nn.Identity(3, anything="goes"), normal(2, 3))
    compare(lambda nn: nn.Flatten(), normal(2, 3, 4, 5))
    compare(lambda nn: nn.Flatten(1, 2), normal(2, 3, 4, 5))
    compare(lambda nn: nn.Unflatten(1, (2, -1)), normal(3, 6))


@pytest.mark.parametrize("bias_shape", [(4,), (), (1,), (2, 4), (2, 1)])
def test_functional_linear_broadcasts_its_bias(bias_shape: Any) -> None:
    class Layer(nn.Module):
        def forward(self, x: Any, w: Any, b: Any) -> Any:
            return F.linear(x, w, b)

    def make(library: Any) -> Any:
        if library is nn:
            return Layer()

        class Layer_(library.Module):  # type: ignore[misc, name-defined]
            def forward(self, x: Any, w: Any, b: Any) -> Any:
                return library.functional.linear(x, w, b)

        Layer_.__name__ = "Layer"
        return Layer_()

    compare(make, normal(2, 3), normal(4, 3), normal(*bias_shape))


def test_functional_linear_takes_a_weight_of_one_row() -> None:
    x, w = mt.tensor([[1.0, 2.0], [3.0, 4.0]]), mt.tensor([10.0, 1.0])
    assert F.linear(x, w).tolist() == [12.0, 34.0]
    assert F.linear(x, w, mt.tensor(0.5)).tolist() == [12.5, 34.5]


def test_one_step_of_the_tape() -> None:
    layer = nn.Linear(5, 3)
    out = layer(mt.ones(2, 7, 5))
    assert repr(out.grad_fn) == "<LinearBackward>"
    assert [id(edge) for edge in out.grad_fn.edges] == [id(None), id(layer.weight), id(layer.bias)]


def test_the_weight_is_not_kept_where_only_its_own_gradient_is_wanted() -> None:
    """The first layer's input needs no gradient: then the weight may be changed between forward and backward."""
    layer, x = nn.Linear(3, 2), mt.ones(4, 3)
    out = layer(x)
    with mt.no_grad():
        layer.weight.mul_(2.0)
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[4.0] * 3] * 2
    out = layer(x.clone().requires_grad_())
    with mt.no_grad():
        layer.weight.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


# -- errors


@pytest.mark.parametrize(
    ("shape", "sizes"), [((64, 10), "64x10 and 20x5"), ((10,), "1x10 and 20x5"), ((2, 3, 10), "6x10 and 20x5")]
)
def test_a_wrong_size_is_explained(shape: Any, sizes: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        nn.Linear(20, 5)(mt.zeros(shape))
    message = str(caught.value)
    assert message.startswith(f"mat1 and mat2 shapes cannot be multiplied ({sizes})")
    assert "in_features=20" in message and str(list(shape)) in message and "in_features=10" in message


def test_an_image_that_is_not_flattened_is_recognised() -> None:
    with pytest.raises(RuntimeError, match=r"1792x28 and 784x10.*nn\.Flatten\(\)"):
        nn.Linear(784, 10)(mt.zeros(64, 1, 28, 28))


@pytest.mark.parametrize(
    ("dtype", "names"), [(mt.int64, "Long and Float"), (mt.uint8, "Byte and Float"), (mt.float64, "Double and Float")]
)
def test_a_wrong_dtype_says_how_to_convert(dtype: Any, names: str) -> None:
    with pytest.raises(RuntimeError, match=rf"mat1 and mat2 must have the same dtype, but got {names}.*\.float\(\)"):
        nn.Linear(2, 2)(mt.zeros(3, 2, dtype=dtype))


def test_what_is_no_tensor_is_refused() -> None:
    with pytest.raises(TypeError, match=r"linear\(\): argument 'input' \(position 1\) must be Tensor, not list"):
        nn.Linear(2, 2)([1.0, 2.0])
    with pytest.raises(TypeError, match="must be Tensor, not ndarray"):
        nn.Linear(2, 2)(np.zeros(2, np.float32))
    with pytest.raises(RuntimeError, match="both arguments to linear need to be at least 1D, but they are 0D and 2D"):
        nn.Linear(2, 2)(mt.tensor(1.0))


def test_bilinear_and_unflatten_refuse_what_does_not_fit() -> None:
    layer = nn.Bilinear(2, 3, 4)
    with pytest.raises(RuntimeError, match="input1 size does not match weight size: got 3 but expected 2"):
        layer(mt.zeros(5, 3), mt.zeros(5, 3))
    with pytest.raises(RuntimeError, match="batch dimensions do not match at dim 0: got 5 and 6"):
        layer(mt.zeros(5, 2), mt.zeros(6, 3))
    with pytest.raises(ValueError, match="in1_features must be > 0"):
        nn.Bilinear(0, 3, 4)
    with pytest.raises(TypeError, match="must be tuple of ints, but found element of type str at pos 1"):
        nn.Unflatten(1, (2, "a"))


# -- LazyLinear


def test_a_lazy_layer_becomes_an_ordinary_one() -> None:
    torch = pytest.importorskip("torch")
    x = np.ones((2, 4), np.float32)
    results = []
    for library in (mt, torch):
        library.manual_seed(1)
        layer = library.nn.LazyLinear(3)
        assert repr(layer) == "LazyLinear(in_features=0, out_features=3, bias=True)"
        assert repr(layer.weight) == "<UninitializedParameter>"
        results.append(layer(library.from_numpy(x)).detach().numpy())
        assert type(layer) is library.nn.Linear and type(layer.weight) is library.nn.Parameter
        assert repr(layer) == "Linear(in_features=4, out_features=3, bias=True)"
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)


def test_a_lazy_parameter_can_be_given_to_an_optimizer_and_copied_but_not_used() -> None:
    model = nn.Sequential(nn.LazyLinear(3, bias=False), nn.ReLU())
    (weight,) = model.parameters()
    for use in (lambda: weight + 1, lambda: weight @ weight, lambda: weight.sum(), lambda: np.exp(weight)):
        with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter"):
            use()
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter"):
        weight.shape
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert isinstance(twin[0].weight, nn.UninitializedParameter) and twin[0].weight is not weight
    model.to(mt.float64)
    model(mt.ones(2, 5, dtype=mt.float64))
    assert model[0].weight is weight, "the object an optimizer holds is the one that is trained"
    assert weight.shape == (3, 5) and weight.dtype == mt.float64 and weight.requires_grad


def test_a_lazy_layer_takes_a_state() -> None:
    source, target = nn.Linear(4, 3), nn.LazyLinear(3)
    target.load_state_dict(source.state_dict())
    x = mt.ones(2, 4)
    assert target(x).tolist() == source(x).tolist()
    assert repr(target) == repr(source)
    lazy = nn.LazyLinear(3)
    assert lazy.load_state_dict(nn.LazyLinear(3).state_dict()) == ([], [])
    assert lazy(x).shape == (2, 3)
