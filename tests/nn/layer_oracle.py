"""The same layer in both libraries, ours and PyTorch: first values, printing, results and all gradients must agree.

``make`` builds it from a library's ``nn``. Test folders are no packages: tests read this file with ``runpy.run_path``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours

TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 2e-6}, np.float64: {"rtol": 1e-11, "atol": 1e-12}}


def both(make: Callable[[Any], Any], seed: int = 3) -> tuple[Any, Any]:
    """Our layer and PyTorch's from the same seed, printed alike and with the same first values."""
    torch = pytest.importorskip("torch")
    layers = []
    for library in (ours, torch):
        library.manual_seed(seed)
        layers.append(make(library.nn))
        library.manual_seed(seed)
    mine, theirs = layers
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in mine.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    for name, tensor in theirs.state_dict().items():
        # PyTorch may round x * width + low once or twice, depending on the machine.
        found = mine.state_dict()[name]
        np.testing.assert_allclose(found.numpy(), tensor.numpy(), rtol=3e-7, atol=3e-8, err_msg=name)
        found.copy_(ours.from_numpy(tensor.numpy()))
    return mine, theirs


def flat(value: Any) -> list[Any]:
    """The tensors in nested tuples and lists, in order."""
    if isinstance(value, tuple | list):
        return [tensor for part in value for tensor in flat(part)]
    return [] if value is None else [value]


def weighted(outputs: list[Any], library: Any) -> Any:
    """A number that depends on every element of every output in its own way."""
    total = 0.0
    for out in outputs:
        weights = np.cos(np.arange(1.0, out.numel() + 1)).reshape(tuple(out.shape))
        total = total + (out * library.from_numpy(weights).to(out.dtype)).sum()
    return total


def run(layer: Any, arrays: tuple[Any, ...], library: Any, dtype: Any, prepare: Any) -> dict[str, Any]:
    """Outputs and gradients by name, as arrays."""
    layer = layer.to(getattr(library, np.dtype(dtype).name))
    inputs = []
    for array in arrays:
        is_real = array.dtype.kind == "f"
        tensor = library.from_numpy(array.astype(dtype) if is_real else array.copy())
        inputs.append(tensor.requires_grad_() if is_real else tensor)
    library.manual_seed(5)
    outputs = flat(layer(*prepare(*inputs)))
    total = weighted(outputs, library)
    found = {f"output {i}": out.detach().numpy() for i, out in enumerate(outputs)}
    if total.requires_grad:
        total.backward()
    leaves = {f"gradient of input {i}": x for i, x in enumerate(inputs) if x.requires_grad}
    leaves |= {f"gradient of {name}": p for name, p in layer.named_parameters()}
    for name, leaf in leaves.items():
        found[name] = None if leaf.grad is None else leaf.grad.numpy()
        leaf.grad = None
    return found


def compare(
    make: Callable[[Any], Any],
    *arrays: Any,
    train: bool = True,
    prepare: Any = lambda *inputs: inputs,
    dtypes: Any = (np.float32, np.float64),
) -> None:
    """Compare the two libraries' layers on ``arrays``, in both precisions. ``prepare`` makes arguments of inputs."""
    torch = pytest.importorskip("torch")
    for dtype in dtypes:
        mine, theirs = (layer.train(train) for layer in both(make))
        found, expected = (
            run(layer, arrays, library, dtype, prepare) for layer, library in ((mine, ours), (theirs, torch))
        )
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            if value is None:
                assert found[name] is None, f"{name}: {found[name]} instead of None"
                continue
            assert found[name].dtype == value.dtype, f"{name}: {found[name].dtype} instead of {value.dtype}"
            np.testing.assert_allclose(found[name], value, **TOLERANCE[dtype], err_msg=f"{name}, {np.dtype(dtype)}")


_draws = np.random.default_rng(11)


def normal(*shape: int) -> Any:
    return _draws.normal(size=shape)
