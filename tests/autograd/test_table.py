"""The table of derivatives, walked: every rule of every row against differences, in first and second order.

The list of tests is the table itself, so a new row is tested as soon as it has samples, and fails until it has.
"""

from __future__ import annotations

import copy
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim.autograd.derivatives.special
import minitorch_optim.nn  # noqa: F401 (its layers have rows of their own)
from minitorch_optim.autograd.backward import backward, grad
from minitorch_optim.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from minitorch_optim.autograd.table import TABLE, Row
from minitorch_optim.autograd.tape import apply
from minitorch_optim.autograd.tensor import Tensor, new_tensor

TESTS = Path(__file__).resolve().parents[1]
SAMPLES = {
    primitive: samples
    for file in ("autograd/samples.py", "autograd/array_samples.py", "nn/samples.py")
    for primitive, samples in runpy.run_path(str(TESTS / file))["SAMPLES"].items()
}
PRECISION = {"eps": 1e-4, "atol": 1e-8, "rtol": 1e-6}

DIFFERENTIABLE = [row for row in TABLE.values() if row.differentiable]
SAMPLED = [row for row in DIFFERENTIABLE if row.primitive in SAMPLES]
each_row = pytest.mark.parametrize("row", SAMPLED, ids=lambda row: row.name)

# -- samples become calls


def has_rule(row: Row, i: int) -> bool:
    return row.every is not None or row.joint is not None or (i < len(row.rules) and row.rules[i] is not None)


def is_numbers(arg: Any) -> bool:
    return isinstance(arg, np.ndarray) and arg.dtype.kind in "fc"


def arguments(row: Row, sample: Any, change: Any = np.copy) -> list[Any]:
    """The sample's arguments: Tensors that require grad where the row has a rule, each array laid out by ``change``."""
    result = []
    for i, arg in enumerate(sample.args):
        if is_numbers(arg):
            arg = new_tensor(change(arg), has_rule(row, i))
        elif isinstance(arg, tuple) and hasattr(arg, "array"):  # Fixed
            arg = new_tensor(change(arg.array))
        result.append(arg)
    return result


def calls(row: Row) -> list[Any]:
    """The samples in which there is something to differentiate by."""
    return [sample for sample in SAMPLES[row.primitive] if watched(arguments(row, sample))]


def call(row: Row, sample: Any, args: Any) -> Tensor:
    if sample.call is not None:
        return sample.call(*args, **sample.kwargs)
    return apply(row.primitive, *args, **sample.kwargs)


def watched(args: Any) -> list[Tensor]:
    return [a for a in args if isinstance(a, Tensor) and a.requires_grad]


def upstream(out: Tensor) -> np.ndarray:
    """A gradient for ``out`` that differs from element to element."""
    g = np.cos(np.arange(1.0, out._array.size + 1)).reshape(out.shape)
    return np.asarray(g * (1 - 0.5j) if out.dtype.kind == "c" else g, out.dtype)


def gradients(row: Row, sample: Any, args: Any, create_graph: bool = False) -> list[Any]:
    out = call(row, sample, args)
    found = grad(out, watched(args), new_tensor(upstream(out)), create_graph=create_graph, allow_unused=True)
    return [None if g is None else (g.to_dense() if g.is_sparse else g)._array for g in found]


def check(row: Row, sample: Any, checker: Any) -> None:
    """Run ``gradcheck`` or ``gradgradcheck`` on a sample; a failure names the row and the argument."""
    args = tuple(arguments(row, sample))
    try:
        checker(lambda *args: call(row, sample, args), args, **PRECISION)
    except GradcheckError as error:
        raise AssertionError(f"{row.name}({sample}): {error}") from None


def assert_same(expected: Any, found: Any, where: str) -> None:
    assert (expected is None) == (found is None), where
    if expected is not None:
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12, err_msg=where)


# -- the walk


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_every_row_has_samples_for_every_rule(row: Row) -> None:
    samples = SAMPLES.get(row.primitive, [])
    assert samples, f"{row.name}: no sample inputs for {row.primitive.__module__}.{row.primitive.__name__}"
    count = len(row.rules) or 1
    for i in range(count):
        if has_rule(row, i):
            assert any(len(s.args) > i and is_numbers(s.args[i]) for s in samples), f"{row.name}: none for argument {i}"


@each_row
def test_first_derivatives(row: Row) -> None:
    for sample in calls(row):
        check(row, sample, gradcheck)


@each_row
def test_second_derivatives(row: Row) -> None:
    for sample in calls(row):
        check(row, sample, gradgradcheck)


@each_row
def test_memory_is_shared_by_views_only(row: Row) -> None:
    """A result that looks into an argument without being known as a view would change behind the tape's back."""
    for sample in calls(row):
        args = arguments(row, sample)
        out = call(row, sample, args)
        shared = any(np.shares_memory(out._array, x._array) for x in watched(args))
        assert shared == (out._view is not None), f"{row.name}({sample})"
        assert not shared or out._version is args[0]._version


LAYOUTS = {
    "transposed": lambda a: a.T.copy().T,
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else np.stack([a, a])[1, ...],
    "backwards": lambda a: np.asarray(np.flip(np.flip(a).copy())),
    "part of a whole": lambda a: np.stack([a, a], axis=-1)[..., 1],
}


@each_row
def test_memory_layout_makes_no_difference(row: Row) -> None:
    for sample in calls(row):
        args = arguments(row, sample)
        expected = [call(row, sample, args)._array, *gradients(row, sample, args)]
        for name, layout in LAYOUTS.items():
            args = arguments(row, sample, layout)
            found = [call(row, sample, args)._array, *gradients(row, sample, args)]
            for a, b in zip(expected, found, strict=True):
                assert_same(a, b, f"{row.name}({sample}), {name}")


@each_row
def test_nothing_that_was_given_is_changed(row: Row) -> None:
    """Arguments, result and upstream gradient cannot be written to; each is used twice, so that gradients add up."""

    def locked(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array.flags.writeable = False
        return array

    for sample in calls(row):
        if sample.call is not None:
            continue  # changes its own copy
        args = arguments(row, sample, locked)
        outs = [call(row, sample, args), call(row, sample, args)]
        for out in outs:
            out._array.flags.writeable = False
        g = new_tensor(locked(upstream(outs[0])))
        for create_graph in (False, True):
            backward(outs, [g, g], retain_graph=True, create_graph=create_graph, inputs=watched(args))


@each_row
def test_shapes_and_dtypes(row: Row) -> None:
    """Gradients have the argument's shape and dtype, in float32 too; single precision gives single precision."""
    single = {"f": np.float32, "c": np.complex64}

    for sample in calls(row):
        double = call(row, sample, arguments(row, sample))
        args = arguments(row, sample, lambda a: a.astype(single[a.dtype.kind]))
        out = call(row, sample, args)
        assert out.shape == double.shape
        if row.name != "ToCopy" and double.dtype.kind in single:
            assert out.dtype == single[double.dtype.kind], f"{row.name}({sample}): {out.dtype} from single precision"
        for create_graph in (False, True):
            for x, g in zip(watched(args), gradients(row, sample, args, create_graph), strict=True):
                if g is not None:
                    assert (g.shape, g.dtype) == (x.shape, x.dtype), f"{row.name}({sample}): {g.dtype} {g.shape}"


@each_row
def test_a_gradient_does_not_depend_on_who_else_wants_one(row: Row) -> None:
    """What a node saves is decided by who needs a gradient: each argument alone gets what it gets beside the others."""
    for sample in calls(row):
        args = arguments(row, sample)
        together = gradients(row, sample, args)
        recorded = gradients(row, sample, args, create_graph=True)
        for i, x in enumerate(watched(args)):
            alone = [new_tensor(a._array, a is x) if isinstance(a, Tensor) else a for a in args]
            (found,) = gradients(row, sample, alone)
            for g in (found, recorded[i]):
                assert_same(together[i], g, f"{row.name}({sample}), argument {i} of those that need a gradient")


# -- test the tester


def spoiled(row: Row, which: int) -> Row:
    """A copy of ``row`` whose rule for argument ``which`` is wrong by 0.05 %."""

    def wrong(part: Any, g: Any) -> Any:
        flat = part is None or (part.shape == g.shape and not np.any(getattr(part, "values", part)))
        return 0.0005 * g if flat else 1.0005 * part  # what is zero is wrong by 0.05 % of the gradient

    result = copy.copy(row)
    result.reads = {}
    if row.joint is not None:

        def joint(needs: Any, g: Any, *args: Any, **kwargs: Any) -> Any:
            parts = list(row.joint(needs, g, *args, **kwargs))
            return [wrong(part, g) if i == which and needs[i] else part for i, part in enumerate(parts)]

        result.joint = joint
    elif row.every is not None:
        result.every = lambda i, g, *args, **kwargs: (
            wrong(row.every(i, g, *args, **kwargs), g) if i == which else row.every(i, g, *args, **kwargs)
        )
    else:
        rule = row.rules[which]
        rules = list(row.rules)
        rules[which] = lambda g, *args, **kwargs: wrong(rule(g, *args, **kwargs), g)
        result.rules = tuple(rules)
    return result


def spoilable() -> Iterator[Any]:
    """Every rule: its row, and which argument it is for."""
    for row in SAMPLED:
        numbers = {i for sample in SAMPLES[row.primitive] for i, arg in enumerate(sample.args) if is_numbers(arg)}
        for i in sorted(i for i in numbers if has_rule(row, i)):
            yield pytest.param(row, i, id=f"{row.name}-{i}")


@pytest.mark.parametrize(("row", "which"), list(spoilable()))
def test_a_rule_that_is_slightly_wrong_is_caught_and_named(
    row: Row, which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLE, row.primitive, spoiled(row, which))
    with pytest.raises(AssertionError) as caught:
        for sample in calls(row):
            check(row, sample, gradcheck)
    assert str(caught.value).startswith(f"{row.name}(")
    assert f"with respect to input {which}," in str(caught.value)
