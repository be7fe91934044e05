"""The same expression in both libraries, ours and PyTorch: values, dtypes, shapes and gradients must agree.

An expression is a string such as ``"torch.cat([x, y], 1)"``, in which ``torch`` is the library and the other names are
tensors; the string is also the name of the test. Where PyTorch is not installed, these tests skip.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours

inf = math.inf


def evaluated(expression: str, library: Any, arrays: dict[str, np.ndarray]) -> tuple[list[Any], dict[str, Any]]:
    """The tensors that ``expression`` gives, and the named tensors that it was given."""
    named = [name for name in arrays if re.search(rf"\b{name}\b", expression)]
    names = {name: library.from_numpy(arrays[name].copy()) for name in named}
    given = {}
    for name, tensor in names.items():
        if arrays[name].dtype.kind in "fc":
            tensor.requires_grad_()
            given[name] = tensor
            names[name] = tensor * 1  # not a leaf, so that it may be changed in place
    scope = {"torch": library, "inf": inf, "np": np, **names}
    *statements, last = [part.strip() for part in expression.split(";")]
    for statement in statements:
        exec(statement, scope)
    return listed(eval(last, scope), library), given


def listed(value: Any, library: Any) -> list[Any]:
    """All tensors and numbers in ``value``, in order."""
    if isinstance(value, library.Tensor):
        return [value]
    if isinstance(value, tuple | list):
        return [part for item in value for part in listed(item, library)]
    return [value]


def plain(value: Any) -> Any:
    if hasattr(value, "resolve_conj"):  # PyTorch conjugates when it must
        value = value.resolve_conj()
    return value.detach().numpy() if hasattr(value, "detach") else value


def weights(shape: Any, dtype: Any) -> np.ndarray:
    """An upstream gradient that differs from element to element."""
    return np.cos(np.arange(1.0, math.prod(shape) + 1)).reshape(tuple(shape)).astype(dtype)


def gradients(results: list[Any], given: dict[str, Any], library: Any) -> dict[str, Any]:
    roots = [r for r in results if isinstance(r, library.Tensor) and r.requires_grad]
    if not roots:
        return dict.fromkeys(given)
    upstream = [library.from_numpy(weights(r.shape, plain(r).dtype)) for r in roots]
    library.autograd.backward(roots, upstream)
    return {name: None if tensor.grad is None else plain(tensor.grad) for name, tensor in given.items()}


def agree(expression: str, arrays: dict[str, np.ndarray], rtol: float = 1e-6, atol: float = 1e-7) -> None:
    """``expression`` gives the same in both libraries, and so does the gradient by each real or complex tensor."""
    torch = pytest.importorskip("torch")
    found, ours_given = evaluated(expression, ours, arrays)
    expected, torch_given = evaluated(expression, torch, arrays)
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        a, b = plain(a), plain(b)
        assert getattr(a, "dtype", type(a)) == getattr(b, "dtype", type(b)), expression
        assert np.shape(a) == np.shape(b), expression
        np.testing.assert_allclose(a, b, rtol, atol, err_msg=expression)
    a_grads, b_grads = gradients(found, ours_given, ours), gradients(expected, torch_given, torch)
    for name, b in b_grads.items():
        a = a_grads[name]
        if b is None:
            assert a is None or not a.any(), f"{expression}: {name} got a gradient"
            continue
        assert a is not None, f"{expression}: {name} got no gradient"
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol * 10, atol * 10, err_msg=f"{expression}: gradient by {name}")


def refused(expression: str, arrays: dict[str, np.ndarray], kind: type[Exception], message: str) -> None:
    """``expression`` is an error of this kind, whose message begins so: here and in PyTorch."""
    with pytest.raises(kind) as error:
        evaluated(expression, ours, arrays)
    assert str(error.value).startswith(message), f"{expression}: {error.value}"
    torch = pytest.importorskip("torch")
    with pytest.raises(kind) as error:
        evaluated(expression, torch, arrays)
    assert str(error.value).startswith(message), f"PyTorch, {expression}: {error.value}"
