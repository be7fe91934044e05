"""Errors begin with PyTorch's words, then name the operation, the shapes and the next step."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import minitorch_optim.autograd as ours


class Mistake(NamedTuple):
    make: Callable[[Any], Any]  # with a library
    words: str  # how the messages of both begin
    further: tuple[str, ...] = ()  # what ours says as well
    kind: type[Exception] = RuntimeError


def leaf(lib: Any, *shape: int) -> Any:
    return lib.ones(*shape, requires_grad=True)


def second_backward(lib: Any) -> None:
    y = (leaf(lib, 3) * leaf(lib, 3)).sum()
    y.backward()
    y.backward()


def second_grad(lib: Any) -> None:
    x = leaf(lib, 3)
    y = x.exp().sum()
    for _ in range(2):
        lib.autograd.grad(y, x) if hasattr(lib, "autograd") else lib.grad(y, x)


def grad(lib: Any, *args: Any, **options: Any) -> Any:
    return (lib.autograd.grad if lib is not ours else ours.grad)(*args, **options)


def changed_in_place(lib: Any) -> None:
    y = leaf(lib, 3) * 1
    z = y.exp()
    z.add_(1)
    z.sum().backward()


class Backwards:
    """A Function of the library whose backward gives what it is told to."""

    def __init__(self, *answer: Any) -> None:
        self.answer = answer if len(answer) != 1 else answer[0]

    def __call__(self, lib: Any) -> Any:
        answer = self.answer

        class Odd((lib.autograd if lib is not ours else lib).Function):  # type: ignore[misc]
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x * 2

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return answer if not callable(answer) else answer(lib)

        return Odd.apply(leaf(lib, 3)).sum().backward()


MISTAKES = {
    "backward from several numbers": Mistake(
        lambda lib: (leaf(lib, 2, 3) * 2).backward(),
        "grad can be implicitly created only for scalar outputs",
        ("[2, 3]", "mean()"),
    ),
    "grad of several numbers": Mistake(
        lambda lib: grad(lib, (x := leaf(lib, 3)) * 2, x), "grad can be implicitly created only for scalar outputs"
    ),
    "second backward": Mistake(
        second_backward,
        "Trying to backward through the graph a second time",
        ("MulBackward", "retain_graph=True"),
    ),
    "second grad": Mistake(second_grad, "Trying to backward through the graph a second time", ("ExpBackward",)),
    "nothing requires grad": Mistake(
        lambda lib: lib.ones(()).backward(),
        "element 0 of tensors does not require grad and does not have a grad_fn",
        ("requires_grad=True", "no_grad"),
    ),
    "detached": Mistake(
        lambda lib: leaf(lib, 3).sum().detach().backward(),
        "element 0 of tensors does not require grad and does not have a grad_fn",
    ),
    "gradient of another shape": Mistake(
        lambda lib: (leaf(lib, 2, 3) * 2).backward(lib.ones(3)), "Mismatch in shape: grad_output[0] has a shape of"
    ),
    "grad_output of another shape": Mistake(
        lambda lib: grad(lib, (x := leaf(lib, 3)) * 2, x, lib.ones(2)),
        "Mismatch in shape: grad_output[0] has a shape of",
        ("[2]", "[3]"),
    ),
    "unused input": Mistake(
        lambda lib: grad(lib, leaf(lib, 3).sum(), leaf(lib, 2)),
        "The differentiated Tensor at index 0 appears to not have been used in the graph",
        ("allow_unused=True", "[2]"),
    ),
    "input that does not require grad": Mistake(
        lambda lib: grad(lib, leaf(lib, 3).sum(), lib.ones(2)),
        "One of the differentiated Tensors does not require grad",
        ("requires_grad_()",),
    ),
    "whole numbers that require grad": Mistake(
        lambda lib: lib.tensor([1, 2], requires_grad=True),
        "Only Tensors of floating point and complex dtype can require gradients",
    ),
    "whole numbers set to require grad": Mistake(
        lambda lib: setattr(lib.tensor([1, 2]), "requires_grad", True),
        "only Tensors of floating point",
        ("int64", "float()"),
    ),
    "a result set not to require grad": Mistake(
        lambda lib: setattr(leaf(lib, 3) * 2, "requires_grad", False),
        "you can only change requires_grad flags of leaf variables.",
        ("detach()",),
    ),
    "numpy of a tensor that requires grad": Mistake(
        lambda lib: leaf(lib, 3).numpy(), "Can't call numpy() on Tensor that requires grad.", ("detach().numpy()",)
    ),
    "numpy function on a tensor that requires grad": Mistake(
        lambda lib: np.asarray(leaf(lib, 3)), "Can't call numpy() on Tensor that requires grad."
    ),
    "saved array changed in place": Mistake(
        changed_in_place,
        "one of the variables needed for gradient computation has been modified by an inplace operation",
        ("ExpBackward", "version 1", "clone()"),
    ),
    "leaf changed in place": Mistake(
        lambda lib: leaf(lib, 3).add_(1),
        "a leaf Variable that requires grad is being used in an in-place operation",
        ("add_", "no_grad"),
    ),
    "view of a leaf changed in place": Mistake(
        lambda lib: leaf(lib, 3)[0].add_(1),
        "a view of a leaf Variable that requires grad is being used in an in-place operation",
    ),
    "retain_grad without requires_grad": Mistake(
        lambda lib: lib.ones(3).retain_grad(), "can't retain_grad on Tensor that has requires_grad=False"
    ),
    "hook without requires_grad": Mistake(
        lambda lib: lib.ones(3).register_hook(lambda g: g),
        "cannot register a hook on a tensor that doesn't require gradient",
    ),
    "deepcopy of a result": Mistake(
        lambda lib: __import__("copy").deepcopy(leaf(lib, 3) * 2),
        "Only Tensors created explicitly by the user",
        ("detach()",),
    ),
    "shapes that do not broadcast": Mistake(
        lambda lib: lib.ones(2, 3) + lib.ones(4), "The size of tensor a (3) must match the size of tensor b (4)"
    ),
    "shapes that do not multiply": Mistake(
        lambda lib: lib.ones(2, 3) @ lib.ones(2, 3), "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"
    ),
    "several elements as a truth value": Mistake(
        lambda lib: bool(lib.ones(2)), "Boolean value of Tensor with more than one value is ambiguous"
    ),
    "several elements as a number": Mistake(
        lambda lib: lib.ones(2).item(), "a Tensor with 2 elements cannot be converted to Scalar"
    ),
    "a reshape that does not fit": Mistake(
        lambda lib: lib.ones(2, 3).reshape(4, 2), "shape '[4, 2]' is invalid for input of size 6"
    ),
    "a dimension that is not there": Mistake(
        lambda lib: lib.ones(2, 3).sum(2),
        "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
        kind=IndexError,
    ),
    "an index that is not there": Mistake(
        lambda lib: lib.ones(2, 3)[2], "index 2 is out of bounds for dimension 0 with size 2", kind=IndexError
    ),
    "too many gradients from a Function": Mistake(
        Backwards(lambda lib: (lib.ones(3), lib.ones(3))),
        "function OddBackward returned an incorrect number of gradients (expected 1, got 2)",
    ),
    "a gradient of another shape from a Function": Mistake(
        Backwards(lambda lib: lib.ones(2)), "Function OddBackward returned an invalid gradient at index 0 - got [2]"
    ),
}


def message(mistake: Mistake, lib: Any) -> str:
    with pytest.raises(mistake.kind) as error:
        mistake.make(lib)
    return str(error.value)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_the_message(mistake: Mistake) -> None:
    said = message(mistake, ours)
    assert said.startswith(mistake.words)
    for part in mistake.further:
        assert part in said, f"{part!r} is not in {said!r}"


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_pytorch_begins_with_the_same_words(mistake: Mistake) -> None:
    torch = pytest.importorskip("torch")
    said = message(mistake, torch)
    assert re.match(re.escape(mistake.words), said, re.IGNORECASE), said


def test_after_an_error_in_backward_the_mode_is_as_before() -> None:
    with pytest.raises(RuntimeError, match="second time"):
        second_backward(ours)
    assert ours.is_grad_enabled()
    assert (leaf(ours, 2) * 2).requires_grad


def test_a_gradient_that_is_half_computed_leaves_no_trace() -> None:
    x = leaf(ours, 3)
    y = x * 1
    z = y.exp()
    w = z * 2
    z.add_(1)
    with pytest.raises(RuntimeError, match="ExpBackward"):
        w.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (np.ones(3), TypeError, "assigned grad expected to be a Tensor or None but got grad of type ndarray"),
        (ours.tensor([1.0, 2.0]), RuntimeError, r"assigned grad has data of a different size: \[2\], and .* has \[3\]"),
        (ours.tensor([1, 2, 3]), RuntimeError, "assigned grad has data of a different type: int64"),
    ],
)
def test_a_gradient_that_does_not_fit_is_refused(value: Any, error: Any, message: str) -> None:
    x = ours.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x.grad = held = ours.tensor([0.0, 0.0, 1.0])
    with pytest.raises(error, match=message):
        x.grad = value
    assert x.grad is held
