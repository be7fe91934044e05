"""The same function in both libraries, ours and PyTorch: values, gradients and second derivatives must agree.

``call(torch, *tensors)`` gets a library under the name ``torch``. Test folders are no packages: tests read this file
with ``runpy.run_path``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours

TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 2e-5}, np.float64: {"rtol": 1e-10, "atol": 1e-10}}
_draws = np.random.default_rng(21)


def normal(*shape: int) -> Any:
    return _draws.normal(size=shape)


def positive(*shape: int) -> Any:
    """Numbers between 0 and 1, away from both."""
    return _draws.uniform(0.05, 0.95, size=shape)


def signs(*shape: int) -> Any:
    """Whole numbers 1 and -1."""
    return _draws.choice([-1, 1], size=shape)


def classes(count: int, *shape: int) -> Any:
    return _draws.integers(0, count, size=shape)


def by_name(name: str, *arguments: Any, **options: Any) -> Callable[..., Any]:
    """A call of ``nn.functional``'s function of that name with tensors, and then these arguments."""
    return lambda torch, *tensors: getattr(torch.nn.functional, name)(*tensors, *arguments, **options)


def upstream(shape: Any, seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=tuple(shape))


def tensors(library: Any, arrays: Any, dtype: Any) -> list[Any]:
    """Real arrays as tensors of ``dtype`` that require grad, others as they are."""
    made = [library.from_numpy(np.array(a, dtype=dtype if a.dtype.kind == "f" else None)) for a in arrays]
    return [t.requires_grad_() if a.dtype.kind == "f" else t for t, a in zip(made, arrays, strict=True)]


def results(library: Any, call: Callable[..., Any], arrays: Any, dtype: Any, second: bool) -> dict[str, Any]:
    """Values and derivatives by name, as arrays."""
    inputs = tensors(library, arrays, dtype)
    leaves = [t for t in inputs if t.requires_grad]
    out = call(library, *inputs)
    found = {"value": out}
    if leaves:
        g = library.from_numpy(upstream(out.shape, 1).astype(out.detach().numpy().dtype)).requires_grad_(second)
        grads = library.autograd.grad(out, leaves, g, create_graph=second, allow_unused=True)
        found |= {f"gradient {i}": t for i, t in enumerate(grads)}
    if leaves and second:
        # A number that depends on each gradient, and not linearly, so that its derivative is not constant.
        total = sum(
            ((t * library.from_numpy(upstream(t.shape, 2 + i)).to(t.dtype)) ** 2).sum()
            for i, t in enumerate(grads)
            if t is not None
        )
        again = library.autograd.grad(total, [*leaves, g], allow_unused=True)
        for i, (t, x) in enumerate(zip(again, [*leaves, g], strict=True)):
            found[f"second derivative {i}"] = 0 * x if t is None else t
    return {name: None if t is None else np.array((t + 0).detach().numpy()) for name, t in found.items()}


def compare(call: Callable[..., Any], *arrays: Any, second: bool = True) -> None:
    """Compare in float32 and float64, second derivatives in float64 only."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    for dtype in (np.float32, np.float64):
        also_second = second and dtype is np.float64
        expected = results(torch, call, arrays, dtype, also_second)
        found = results(ours, call, arrays, dtype, also_second)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            if value is None:
                assert found[name] is None, f"{name}: {found[name]} instead of None"
                continue
            assert (found[name].shape, found[name].dtype) == (value.shape, value.dtype), name
            np.testing.assert_allclose(found[name], value, **TOLERANCE[dtype], err_msg=f"{name}, {np.dtype(dtype)}")


def same_error(call: Callable[..., Any], *arrays: Any, start: int | None = None) -> None:
    """Both libraries raise the same kind of exception, and ours begins with PyTorch's words, or their ``start``."""
    torch = pytest.importorskip("torch")
    messages, kinds = [], []
    for library in (torch, ours):
        with pytest.raises((RuntimeError, ValueError, IndexError, TypeError, NotImplementedError)) as caught:
            call(library, *[library.from_numpy(np.array(a)) for a in arrays])
        messages.append(str(caught.value))
        kinds.append(caught.type)
    assert kinds[0] is kinds[1], f"{kinds[1].__name__} instead of {kinds[0].__name__}: {messages[1]}"
    words = messages[0].rstrip(".")[:start]
    assert messages[1].startswith(words), f"\n{messages[1]}\ninstead of\n{messages[0]}"
