"""Each mistake that learners make ends in an error or a hint that says what to do.

The table has a small program for each mistake, the kind of error or warning, PyTorch's words with which it begins, and
what it says as well. Where PyTorch fails too, it is run on the same program, so that the beginning is its own.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import pickle
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import minitorch_optim
from minitorch_optim import LearnerHint, nn, optim
from minitorch_optim.nn import functional as F


class Mistake(NamedTuple):
    make: Callable[[Any], Any]  # with a library
    kind: type[Exception]  # or warning
    start: str  # how the message begins, in PyTorch too
    further: tuple[str, ...] = ()  # what ours says as well
    in_torch: bool = True  # whether PyTorch says it, with this beginning


def leaf(t: Any, *shape: int) -> Any:
    return t.ones(*(shape or (3,)), requires_grad=True)


def model_class(t: Any, init: Callable[[Any], None], base: bool = True) -> Any:
    class Net(t.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            if base:
                super().__init__()
            init(self)

        def forward(self, x: Any) -> Any:
            return x

    return Net


def backward_twice(t: Any) -> None:
    loss = (leaf(t) * leaf(t)).sum()
    loss.backward()
    loss.backward()


def hidden_state_kept(t: Any) -> None:
    rnn, h = t.nn.RNN(2, 3), t.zeros(1, 1, 3)
    for _ in range(2):
        out, h = rnn(t.ones(4, 1, 2), h)
        out.sum().backward()


def leaf_in_place(t: Any) -> None:
    w = leaf(t)
    w += 1


def update_without_no_grad(t: Any) -> None:
    w = leaf(t)
    (w * w).sum().backward()
    w -= 0.1 * w.grad


def leaf_by_index(t: Any) -> None:
    leaf(t)[0] = 1


def saved_in_place(t: Any) -> None:
    y = leaf(t).exp()
    y += 1
    y.sum().backward()


def step_between_forward_and_backward(t: Any) -> None:
    first, second = t.nn.Linear(2, 2), t.nn.Linear(2, 1)
    optimizer = t.optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)
    loss = second(first(t.ones(1, 2))).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    loss.backward()


def loss_in_no_grad(t: Any) -> None:
    with t.no_grad():
        loss = t.nn.Linear(2, 1)(t.ones(1, 2)).sum()
    loss.backward()


def parameter_replaced(t: Any) -> None:
    w = leaf(t)
    (w * w).sum().backward()
    w = w - 0.1 * w.grad
    (w * w).sum().backward()
    assert w.grad is None


def unregistered(t: Any, name: str, value: Any) -> None:
    model = model_class(t, lambda self: setattr(self, name, value))()
    model.out = t.nn.Linear(2, 1)
    t.optim.SGD(model.parameters(), lr=0.1)


def appended_later(t: Any) -> None:
    def init(self: Any) -> None:
        self.layers, self.out = [], t.nn.Linear(2, 1)
        for _ in range(3):
            self.layers.append(t.nn.Linear(2, 2))

    t.optim.SGD(model_class(t, init)().parameters(), lr=0.1)


def misspelt_forward(t: Any) -> None:
    class Net(t.nn.Module):  # type: ignore[misc]
        def foward(self, x: Any) -> Any:
            return x

    Net()(t.ones(2))


def forward_without_return(t: Any) -> None:
    class Net(t.nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            x + 1

    t.F.cross_entropy(Net()(t.ones(1, 2)), t.tensor([0]))


def generator_used_up(t: Any) -> None:
    parameters = t.nn.Linear(2, 2).parameters()
    sum(p.numel() for p in parameters)
    t.optim.SGD(parameters, lr=0.1)


def lbfgs(t: Any, closure: Callable[[Any, Any], Any]) -> None:
    w = leaf(t)
    optimizer = t.optim.LBFGS([w])
    optimizer.step(lambda: closure(w, optimizer))


def schedule_first(t: Any) -> None:
    optimizer = t.optim.SGD([leaf(t)], lr=0.1)
    scheduler = t.optim.lr_scheduler.StepLR(optimizer, 2)
    scheduler.step()
    optimizer.step()


def step_of_a_loss(t: Any) -> None:
    w = leaf(t)
    t.optim.SGD([w], lr=0.1).step((w * w).sum())


CANNOT = "mat1 and mat2 shapes cannot be multiplied"
PARAMS = "params argument given to the optimizer should be an iterable of Tensors or dicts, but got"
ONLY = "optimizer can only optimize Tensors, but one of the params is"
IN_PLACE = "one of the variables needed for gradient computation has been modified by an inplace operation"
NO_GRAD_FN = "element 0 of tensors does not require grad and does not have a grad_fn"
SIZES = "Using a target size (torch.Size([4])) that is different to the input size (torch.Size([4, 1]))"
REAL = "nly Tensors of floating point"

SHAPES = {
    "Linear": Mistake(
        lambda t: t.nn.Linear(7, 2)(t.ones(3, 8)), RuntimeError, f"{CANNOT} (3x8 and 7x2)",
        ("[3, 8]", "Linear layer has in_features=7", "Make the layer with in_features=8", "(..., 7)"),
    ),
    "Linear of images": Mistake(
        lambda t: t.nn.Linear(784, 2)(t.ones(3, 1, 28, 28)), RuntimeError, CANNOT, ("nn.Flatten()", "x.flatten(1)")
    ),
    "Linear of an array": Mistake(
        lambda t: t.nn.Linear(3, 2)(np.ones((2, 3))),
        TypeError, "linear(): argument 'input' (position 1) must be Tensor",
        ("ndarray", "torch.from_numpy(...)"),
    ),
    "Linear of float64": Mistake(
        lambda t: t.nn.Linear(3, 2)(t.ones(2, 3, dtype=t.float64)), RuntimeError,
        "mat1 and mat2 must have the same dtype, but got Double and Float", ("input.float()",),
    ),
    "Linear of an LSTM's output": Mistake(
        lambda t: t.nn.Sequential(t.nn.LSTM(4, 3), t.nn.Linear(3, 2))(t.ones(5, 2, 4)), TypeError,
        "linear(): argument 'input' (position 1) must be Tensor, not tuple", ("returns (output, state)",),
    ),
    "Linear of a layer": Mistake(
        lambda t: t.nn.Linear(3, 2)(t.nn.ReLU()), TypeError, "linear(): argument 'input' (position 1) must be Tensor",
        ("not ReLU", "ReLU()(x)"),
    ),
    "Linear of half a size": Mistake(
        lambda t: t.nn.Linear(8 / 2, 3), TypeError, "empty(): argument 'size'", ("4.0", "Divide with //")
    ),
    "Conv2d, channels last": Mistake(
        lambda t: t.nn.Conv2d(3, 8, 3)(t.ones(2, 28, 28, 3)), RuntimeError,
        "Given groups=1, weight of size [8, 3, 3, 3], expected input[2, 28, 28, 3] to have 3 channels, but got 28",
        ("Conv2d takes shape (N, C, H, W) with C = 3", "x.permute(0, 3, 1, 2)"),
    ),
    "Conv2d, no channels": Mistake(
        lambda t: t.nn.Conv2d(1, 8, 3)(t.ones(16, 28, 28)), RuntimeError, "Given groups=1", ("x.unsqueeze(1)",)
    ),
    "Conv2d, other channels": Mistake(
        lambda t: t.nn.Conv2d(3, 8, 3)(t.ones(2, 4, 9, 9)), RuntimeError, "Given groups=1", ("in_channels=4",)
    ),
    "Conv1d, other channels": Mistake(
        lambda t: t.nn.Conv1d(3, 8, 3)(t.ones(2, 4, 9)), RuntimeError, "Given groups=1", ("(N, C, L) with C = 3",)
    ),
    "Conv2d of vectors": Mistake(
        lambda t: t.nn.Conv2d(1, 8, 3)(t.ones(2, 784)),
        RuntimeError, "Expected 3D (unbatched) or 4D (batched) input to conv2d",
        ("[2, 784]", "x.view(-1, 1, 28, 28)"),
    ),
    "Conv2d of small images": Mistake(
        lambda t: t.nn.Conv2d(1, 8, 5)(t.ones(2, 1, 3, 3)), RuntimeError,
        "Calculated padded input size per channel: (3 x 3). Kernel size: (5 x 5)", ("pad the input",),
    ),
    "Conv2d of nothing": Mistake(
        lambda t: t.nn.Conv2d(1, 8, 3)(None), TypeError, "conv2d()", ("must be Tensor, not NoneType", "return")
    ),
    "BatchNorm1d": Mistake(
        lambda t: t.nn.BatchNorm1d(4)(t.ones(3, 5)), RuntimeError, "running_mean should contain 5 elements not 4",
        ("[3, 5]", "Make the layer with 5 channels", "(N, 4, ...)"),
    ),
    "BatchNorm2d of vectors": Mistake(
        lambda t: t.nn.BatchNorm2d(4)(t.ones(3, 4)), ValueError, "expected 4D input (got 2D input)",
        ("BatchNorm2d was given a tensor of shape [3, 4]", "BatchNorm1d"),
    ),
    "BatchNorm1d of one sample": Mistake(
        lambda t: t.nn.BatchNorm1d(4)(t.ones(1, 4)), ValueError, "Expected more than 1 value per channel when training",
        ("drop_last=True", "model.eval()"),
    ),
    "LayerNorm": Mistake(
        lambda t: t.nn.LayerNorm(4)(t.ones(3, 5)),
        RuntimeError, "Given normalized_shape=[4], expected input with shape [*, 4]",
        ("here [5]",),
    ),
    "Embedding out of range": Mistake(
        lambda t: t.nn.Embedding(10, 3)(t.tensor([1, 10])), IndexError, "index out of range in self",
        ("Embedding has rows 0 to 9", "asked for 10", "num_embeddings"),
    ),
    "Embedding of real numbers": Mistake(
        lambda t: t.nn.Embedding(10, 3)(t.tensor([1.0])), RuntimeError, "Expected tensor for argument #1 'indices'",
        ("input.long()",),
    ),
    "RNN": Mistake(
        lambda t: t.nn.RNN(4, 3)(t.ones(5, 2, 3)), RuntimeError,
        "input.size(-1) must be equal to input_size. Expected 4, got 3",
        ("the RNN was given shape [5, 2, 3]", "(T, N, 4)", "input_size=3"),
    ),
    "LSTM, a state of another size": Mistake(
        lambda t: t.nn.LSTM(4, 3)(t.ones(5, 2, 4), (t.zeros(1, 5, 3), t.zeros(1, 5, 3))), RuntimeError,
        "Expected hidden[0] size (1, 2, 3), got [1, 5, 3]", ("LSTM has N = 2", "batch_first=True"),
    ),
    "LSTM, one state": Mistake(
        lambda t: t.nn.LSTM(4, 3)(t.ones(5, 2, 4), t.zeros(1, 2, 3)), RuntimeError, "For batched 3-D input",
        ("a pair of states, (h_0, c_0)",), in_torch=False,
    ),
    "LSTM of a vector": Mistake(
        lambda t: t.nn.LSTM(4, 3)(t.ones(4)), ValueError, "LSTM: Expected input to be 2D or 3D, got 1D instead",
        ("[4]", "(T, N, 4)", "(T, 4)"),
    ),
    "RNNCell": Mistake(
        lambda t: t.nn.RNNCell(4, 3)(t.ones(5, 3)), RuntimeError, "input has inconsistent input_size: got 3 expected 4",
        ("RNNCell was given shape [5, 3]", "(N, 4)", "input_size=3"),
    ),
    "MultiheadAttention": Mistake(
        lambda t: t.nn.MultiheadAttention(4, 2)(*[t.ones(5, 2, 3)] * 3), AssertionError,
        "was expecting embedding dimension of 4, but got 3", ("embed_dim=3",),
    ),
    "matrices": Mistake(lambda t: t.ones(2, 3) @ t.ones(2, 3), RuntimeError, CANNOT, ("last dimension", "a @ b.T")),
    "sums": Mistake(
        lambda t: t.ones(2, 3) + t.ones(2),
        RuntimeError, "The size of tensor a (3) must match the size of tensor b (2)",
        ("[2, 3] and [2]", "unsqueeze()"),
    ),
}  # fmt: skip

GRADIENTS = {
    "backward twice": Mistake(
        backward_twice, RuntimeError, "Trying to backward through the graph a second time",
        ("MulBackward", "Compute the loss anew", "retain_graph=True"),
    ),
    "hidden state kept over two steps": Mistake(
        hidden_state_kept, RuntimeError, "Trying to backward through the graph a second time", ("RnnBackward",)
    ),
    "leaf changed in place": Mistake(
        leaf_in_place, RuntimeError, "a leaf Variable that requires grad is being used in an in-place operation",
        ("with no_grad():", "x = x.add("),
    ),
    "update outside no_grad": Mistake(
        update_without_no_grad,
        RuntimeError, "a leaf Variable that requires grad is being used in an in-place operation",
        ("with no_grad():",),
    ),
    "element of a leaf changed": Mistake(
        leaf_by_index,
        RuntimeError, "a view of a leaf Variable that requires grad is being used in an in-place operation",
        ("with no_grad():",),
    ),
    "saved array changed in place": Mistake(
        saved_in_place, RuntimeError, IN_PLACE, ("ExpBackward", "x = x + 1", "clone()"),
    ),
    "step between forward and backward": Mistake(
        step_between_forward_and_backward, RuntimeError, IN_PLACE, ("LinearBackward", "version 2")
    ),
    "backward of several numbers": Mistake(
        lambda t: (leaf(t) * 2).backward(), RuntimeError, "grad can be implicitly created only for scalar outputs",
        ("[3]", "loss.mean()"),
    ),
    "loss in no_grad": Mistake(loss_in_no_grad, RuntimeError, NO_GRAD_FN, ("requires_grad=True", "no_grad()")),
    "loss of argmax": Mistake(
        lambda t: t.F.mse_loss(leaf(t, 2, 3).argmax(1).float(), t.ones(2)).backward(), RuntimeError, NO_GRAD_FN
    ),
    "whole numbers that require grad": Mistake(
        lambda t: t.tensor([1, 2], requires_grad=True), RuntimeError, "O" + REAL, ("int64", "dtype=float32")
    ),
    "whole numbers told to require grad": Mistake(
        lambda t: t.tensor([1, 2]).requires_grad_(), RuntimeError, "o" + REAL, ("int64", "x.float()")
    ),
    "Parameter of whole numbers": Mistake(
        lambda t: t.nn.Parameter(t.tensor([1, 2])), RuntimeError, "nly Tensors of floating", ("int64", "x.float()")
    ),
    "grad of a computed tensor": Mistake(
        parameter_replaced, UserWarning, "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed.",
        ("retain_grad()", "w -= lr * w.grad"),
    ),
    "gradient of another shape": Mistake(
        lambda t: setattr(leaf(t), "grad", t.ones(2)), RuntimeError, "assign", ("[2]", "[3]")
    ),
    "numpy of a parameter": Mistake(
        lambda t: leaf(t).numpy(), RuntimeError, "Can't call numpy() on Tensor that requires grad. Use",
        ("tensor.detach().numpy()", "tensor.item()"),
    ),
    "list of losses to NumPy": Mistake(
        lambda t: np.array([leaf(t).sum()]), RuntimeError, "Can't call numpy() on Tensor that requires grad.",
        ("tensor.item()",),
    ),
    "tensors in an if": Mistake(
        lambda t: bool(t.ones(2) == t.ones(2)), RuntimeError,
        "Boolean value of Tensor with more than one value is ambiguous", ("[2]", "any() or all()"),
    ),
    "item of several": Mistake(
        lambda t: t.ones(2).item(),
        RuntimeError, "a Tensor with 2 elements cannot be converted to Scalar", ("x.mean()",)
    ),
    "format of several": Mistake(
        lambda t: f"{t.ones(2):.3f}", TypeError, "unsupported format string passed to Tensor.__format__",
        ("'.3f'", "[2]", "x.mean()"),
    ),
}  # fmt: skip

BEFORE = "before Module.__init__() call"
MODELS = {
    "no super().__init__(), a layer": Mistake(
        lambda t: model_class(t, lambda self: setattr(self, "fc", t.nn.Linear(2, 2)), base=False)(), AttributeError,
        f"cannot assign module {BEFORE}", ("__init__ of Net with super().__init__()",),
    ),
    "no super().__init__(), called": Mistake(
        lambda t: model_class(t, lambda self: None, base=False)()(t.ones(2)),
        AttributeError, "'Net' object has no attribute",
        (BEFORE, "super().__init__()"),
    ),
    "no super().__init__(), parameters": Mistake(
        lambda t: list(model_class(t, lambda self: None, base=False)().parameters()), AttributeError,
        "'Net' object has no attribute", (BEFORE, "super().__init__()"),
    ),
    "no super().__init__(), train": Mistake(
        lambda t: model_class(t, lambda self: None, base=False)().train(), AttributeError,
        "'Net' object has no attribute", (BEFORE, "super().__init__()"),
    ),
    "no super().__init__(), printed": Mistake(
        lambda t: repr(model_class(t, lambda self: None, base=False)()), AttributeError,
        "'Net' object has no attribute", (BEFORE, "super().__init__()"),
    ),
    "layers in a list": Mistake(
        lambda t: unregistered(t, "layers", [t.nn.Linear(2, 2)]),
        LearnerHint, "Net.layers is a plain list with 1 layer",
        ("their 2 parameters", "self.layers = nn.ModuleList(...)"), in_torch=False,
    ),
    "layers in a list of lists": Mistake(
        lambda t: unregistered(t, "layers", [[t.nn.Linear(2, 2)], [t.nn.Linear(2, 2)]]), LearnerHint,
        "Net.layers is a plain list with 2 layers", ("their 4 parameters",), in_torch=False,
    ),
    "layers in a list, later": Mistake(
        appended_later, LearnerHint, "Net.layers is a plain list with 3 layers", ("nn.ModuleList",), in_torch=False
    ),
    "layers in a dict": Mistake(
        lambda t: unregistered(t, "layers", {"a": t.nn.Linear(2, 2)}), LearnerHint,
        "Net.layers is a plain dict with 1 layer", ("self.layers = nn.ModuleDict(...)",), in_torch=False,
    ),
    "parameters in a tuple": Mistake(
        lambda t: unregistered(t, "w", (t.nn.Parameter(t.ones(2)),)), LearnerHint,
        "Net.w is a plain tuple with 1 parameter", ("self.w = nn.ParameterList(...)",), in_torch=False,
    ),
    "a tensor that is no Parameter": Mistake(
        lambda t: unregistered(t, "w", leaf(t)), LearnerHint, "Net.w is a tensor that requires grad, but no Parameter",
        ("self.w = nn.Parameter(...)", "register_buffer('w', ...)"), in_torch=False,
    ),
    "forward misspelt": Mistake(
        misspelt_forward, NotImplementedError, 'Module [Net] is missing the required "forward" function',
        ("is 'foward' meant to be it?",),
    ),
    "no forward": Mistake(
        lambda t: t.nn.Module()(t.ones(2)),
        NotImplementedError, 'Module [Module] is missing the required "forward" function',
        ("def forward(self, x)",),
    ),
    "a ModuleList called": Mistake(
        lambda t: t.nn.ModuleList([t.nn.ReLU()])(t.ones(2)), NotImplementedError,
        'Module [ModuleList] is missing the required "forward" function', ("one by one in a loop", "nn.Sequential"),
    ),
    "forward without return": Mistake(
        forward_without_return,
        TypeError, "cross_entropy_loss(): argument 'input' (position 1) must be Tensor, not NoneType",
        ("return",),
    ),
    "Sequential of a list": Mistake(
        lambda t: t.nn.Sequential([t.nn.ReLU()]), TypeError, "list is not a Module subclass", ("Sequential(*layers)",)
    ),
    "Sequential of a class": Mistake(
        lambda t: t.nn.Sequential(t.nn.ReLU), TypeError, "", ("is not a Module subclass", "as in ReLU()")
    ),
    "Sequential of a function": Mistake(
        lambda t: t.nn.Sequential(t.F.relu), TypeError, "", ("is not a Module subclass", "ReLU() for relu")
    ),
    "a layer's class called": Mistake(
        lambda t: t.nn.ReLU(t.ones(2)), TypeError, "ReLU() makes a layer", ("nn.ReLU()(x)",), in_torch=False
    ),
    "a loss's class called": Mistake(
        lambda t: t.nn.MSELoss(t.ones(2), t.ones(2)), TypeError, "MSELoss() makes the loss function",
        ("2 tensors", "loss_fn = nn.MSELoss(); loss = loss_fn(input, target)"), in_torch=False,
    ),
    "CrossEntropyLoss called": Mistake(
        lambda t: t.nn.CrossEntropyLoss(t.ones(2, 3), t.tensor([0, 1])), TypeError, "CrossEntropyLoss() makes the loss",
        ("loss_fn = nn.CrossEntropyLoss()",), in_torch=False,
    ),
    "a tensor assigned to a parameter": Mistake(
        lambda t: setattr(t.nn.Linear(2, 2), "weight", t.ones(2, 2)), TypeError,
        "cannot assign 'torch.FloatTensor' as parameter 'weight'", ("Parameter(...)", "weight.copy_(...)"),
    ),
    "load_state_dict of a name": Mistake(
        lambda t: t.nn.Linear(2, 2).load_state_dict("model.pt"), TypeError, "Expected state_dict to be dict-like, got",
        ("torch.load('model.pt')",),
    ),
    "load_state_dict of a model": Mistake(
        lambda t: t.nn.Linear(2, 2).load_state_dict(t.nn.Linear(2, 2)), TypeError,
        "Expected state_dict to be dict-like, got", ("Linear.state_dict()",),
    ),
    "load_state_dict of another shape": Mistake(
        lambda t: t.nn.Linear(2, 2).load_state_dict(t.nn.Linear(3, 2).state_dict()), RuntimeError,
        "Error(s) in loading state_dict for Linear", ("size mismatch for weight", "[2, 3]", "[2, 2]"),
    ),
}  # fmt: skip

LOSSES = {
    "softmax before cross_entropy": Mistake(
        lambda t: t.F.cross_entropy(leaf(t, 2, 3).softmax(1), t.tensor([0, 1])), LearnerHint,
        "cross_entropy was given the output of softmax",
        ("raw scores (logits)", "Leave out the softmax"), in_torch=False,
    ),
    "Softmax layer before CrossEntropyLoss": Mistake(
        lambda t: t.nn.CrossEntropyLoss()(t.nn.Softmax(dim=1)(leaf(t, 2, 3)), t.tensor([0, 1])), LearnerHint,
        "cross_entropy was given the output of softmax", ("Leave out the softmax",), in_torch=False,
    ),
    "softmax before smoothed cross_entropy": Mistake(
        lambda t: t.F.cross_entropy(leaf(t, 2, 3).softmax(1), t.tensor([0, 1]), label_smoothing=0.1), LearnerHint,
        "cross_entropy was given the output of softmax", (), in_torch=False,
    ),
    "sigmoid before BCEWithLogitsLoss": Mistake(
        lambda t: t.nn.BCEWithLogitsLoss()(t.nn.Sigmoid()(leaf(t, 2, 1)), t.ones(2, 1)), LearnerHint,
        "binary_cross_entropy_with_logits was given the output of sigmoid", ("Leave out the sigmoid", "BCELoss"),
        in_torch=False,
    ),
    "softmax before nll_loss": Mistake(
        lambda t: t.F.nll_loss(leaf(t, 2, 3).softmax(1), t.tensor([0, 1])), LearnerHint,
        "nll_loss takes the logarithms of probabilities", ("the output of softmax", "log_softmax(scores, dim=1)"),
        in_torch=False,
    ),
    "scores before nll_loss": Mistake(
        lambda t: t.F.nll_loss(leaf(t, 2, 3), t.tensor([0, 1])), LearnerHint,
        "nll_loss takes the logarithms of probabilities",
        ("positive", "cross_entropy on the raw scores"), in_torch=False,
    ),
    "scores before binary_cross_entropy": Mistake(
        lambda t: t.F.binary_cross_entropy(t.tensor([3.0, -1.0]), t.ones(2)), RuntimeError,
        "all elements of input should be between 0 and 1", ("from -1 to 3", "BCEWithLogitsLoss"),
    ),
    "softmax without dim": Mistake(
        lambda t: t.F.softmax(t.ones(2, 3)), UserWarning, "Implicit dimension choice for softmax has been deprecated",
        ("dim=X",),
    ),
    "classes that are real": Mistake(
        lambda t: t.F.cross_entropy(t.ones(2, 3), t.tensor([0.0, 1.0])), RuntimeError,
        "expected target dtype to be Long or Byte, but got Float", (".long()",),
    ),
    "one-hot classes of whole numbers": Mistake(
        lambda t: t.F.cross_entropy(t.ones(2, 3), t.tensor([[0, 1, 0], [1, 0, 0]])), RuntimeError,
        "Expected floating point type for target with class probabilities, got Long", (".float()", "target.argmax(1)"),
    ),
    "classes in a column": Mistake(
        lambda t: t.F.cross_entropy(t.ones(2, 3), t.tensor([[0], [1]])), RuntimeError,
        "0D or 1D target tensor expected, multi-target not supported", ("[2, 1]", "target.squeeze(1)"),
    ),
    "a class out of range": Mistake(
        lambda t: t.F.cross_entropy(t.ones(2, 3), t.tensor([1, 3])), IndexError, "Target 3 is out of bounds.",
        ("0 to 2", "target - 1", "more outputs"),
    ),
    "another number of classes than of samples": Mistake(
        lambda t: t.F.cross_entropy(t.ones(2, 3), t.tensor([0, 1, 2])), ValueError,
        "Expected input batch_size (2) to match target batch_size (3).", ("[2, 3]", "[3]"),
    ),
    "scores and classes swapped": Mistake(
        lambda t: t.F.cross_entropy(t.tensor([0, 1]), t.ones(2, 3)), RuntimeError, "scores of classes are real numbers",
        ("int64", "the first argument is the raw scores"), in_torch=False,
    ),
    "classes as a list": Mistake(
        lambda t: t.F.cross_entropy(t.ones(2, 3), [0, 1]), TypeError,
        "cross_entropy_loss(): argument 'target' (position 2) must be Tensor, not list", ("torch.tensor(...)",),
    ),
    "numbers as a list": Mistake(
        lambda t: t.F.mse_loss(t.ones(3), [1.0, 2.0, 3.0]), TypeError, "mse_loss(): argument 'target' (position 2)",
        ("must be Tensor, not list", "torch.tensor(...)"), in_torch=False,
    ),
    "numbers as an array": Mistake(
        lambda t: t.nn.L1Loss()(t.ones(3), np.ones(3)), TypeError, "l1_loss(): argument 'target' (position 2)",
        ("ndarray", "torch.from_numpy(...)"), in_torch=False,
    ),
    "a list for nll_loss": Mistake(
        lambda t: t.F.nll_loss(t.ones(1, 3), [0]), TypeError, "nll_loss", ("must be Tensor, not list",)
    ),
    "a list for binary_cross_entropy": Mistake(
        lambda t: t.F.binary_cross_entropy(t.ones(3), [0]), TypeError, "binary_cross_entropy(): argument 'target'",
        ("must be Tensor, not list",), in_torch=False,
    ),
    "a list for binary_cross_entropy_with_logits": Mistake(
        lambda t: t.F.binary_cross_entropy_with_logits(t.ones(3), [0]), TypeError, "binary_cross_entropy_with_logits()",
        ("must be Tensor, not list",), in_torch=False,
    ),
    "mse_loss of a column and a vector": Mistake(
        lambda t: t.F.mse_loss(t.ones(4, 1), t.ones(4)), UserWarning, SIZES,
        ("every input is compared with every target", "input.squeeze(1)"),
    ),
    "mse_loss of a vector and a column": Mistake(
        lambda t: t.nn.MSELoss()(t.ones(4), t.ones(4, 1)), UserWarning, "Using a target size (torch.Size([4, 1]))",
        ("target.squeeze(1)",),
    ),
    "binary_cross_entropy of a column and a vector": Mistake(
        lambda t: t.F.binary_cross_entropy(t.ones(4, 1), t.ones(4)), ValueError, SIZES, ("target.view_as(input)",)
    ),
    "binary_cross_entropy_with_logits of a column and a vector": Mistake(
        lambda t: t.F.binary_cross_entropy_with_logits(t.ones(4, 1), t.ones(4)), ValueError,
        "Target size (torch.Size([4])) must be the same as input size (torch.Size([4, 1]))", ("input.squeeze(1)",),
    ),
}  # fmt: skip

OPTIMIZERS = {
    "no parameters": Mistake(
        lambda t: t.optim.SGD([], lr=0.1), ValueError, "optimizer got an empty parameter list",
        ("generator", "nn.ModuleList", "nn.Parameter"),
    ),
    "a generator used up": Mistake(
        generator_used_up, ValueError, "optimizer got an empty parameter list", ("Call model.parameters() anew",)
    ),
    "a method": Mistake(
        lambda t: t.optim.SGD(t.nn.Linear(2, 2).parameters, lr=0.1), TypeError, PARAMS + " method",
        ("as in model.parameters()",), in_torch=False,
    ),
    "a model": Mistake(
        lambda t: t.optim.SGD(t.nn.Linear(2, 2), lr=0.1), TypeError, PARAMS + " Linear",
        ("give its parameters, as in model.parameters()",), in_torch=False,
    ),
    "a tensor": Mistake(
        lambda t: t.optim.SGD(leaf(t), lr=0.1), TypeError, PARAMS, ("put it in a list, as in [params]",)
    ),
    "a dict": Mistake(
        lambda t: t.optim.SGD(t.nn.Linear(2, 2).state_dict(), lr=0.1), TypeError, PARAMS + " OrderedDict",
        ("as in model.parameters()",), in_torch=False,
    ),
    "a list of models": Mistake(
        lambda t: t.optim.SGD([t.nn.Linear(2, 2)], lr=0.1), TypeError, ONLY,
        ("Linear", "[*first.parameters(), *second.parameters()]"),
    ),
    "a list of generators": Mistake(
        lambda t: t.optim.SGD([t.nn.Linear(2, 2).parameters()], lr=0.1), TypeError, ONLY, ("generator", "unpack"),
    ),
    "a list of lists": Mistake(
        lambda t: t.optim.SGD([[leaf(t)]], lr=0.1), TypeError, ONLY + " list", ("unpack what is in it",)
    ),
    "a list of names": Mistake(
        lambda t: t.optim.SGD(["weight"], lr=0.1), TypeError, ONLY + " str", ("model.parameters()",)
    ),
    "an array": Mistake(
        lambda t: t.optim.SGD([np.ones(2)], lr=0.1), TypeError, ONLY, ("ndarray: make a tensor of it",)
    ),
    "a computed parameter": Mistake(
        lambda t: t.optim.SGD([leaf(t) * 2], lr=0.1), ValueError, "can't optimize a non-leaf Tensor", ("detach()",)
    ),
    "whole numbers": Mistake(
        lambda t: t.optim.SGD([t.tensor([1, 2])], lr=0.1), LearnerHint, "one of the params is a tensor of int64",
        ("never change it", "p.float()"), in_torch=False,
    ),
    "a parameter twice": Mistake(
        lambda t: t.optim.SGD([(p := leaf(t)), p], lr=0.1), UserWarning,
        "optimizer contains a parameter group with duplicate parameters", ("once for every time",),
    ),
    "no lr": Mistake(
        lambda t: t.optim.SGD([leaf(t)]), ValueError,
        "parameter group didn't specify a value of required optimization parameter lr", ("SGD(params, lr=...)",),
        in_torch=False,
    ),
    "the loss given to step": Mistake(
        step_of_a_loss, TypeError, "step() takes a closure", ("Tensor", "call loss.backward() and then step()"),
        in_torch=False,
    ),
    "LBFGS without a closure": Mistake(
        lambda t: t.optim.LBFGS([leaf(t)]).step(), TypeError, "LBFGS.step()", ("closure", "optimizer.step(closure)")
    ),
    "LBFGS, a closure without return": Mistake(
        lambda t: lbfgs(t, lambda w, o: (w * w).sum().backward()), TypeError, "the closure returned None",
        ("return loss",), in_torch=False,
    ),
    "LBFGS, a closure without backward": Mistake(
        lambda t: lbfgs(t, lambda w, o: (w * w).sum()), LearnerHint, "the closure left no gradient",
        ("loss.backward()", "optimizer.zero_grad()"), in_torch=False,
    ),
    "the schedule first": Mistake(
        schedule_first, UserWarning, "Detected call of `lr_scheduler.step()` before `optimizer.step()`",
        ("call `optimizer.step()` before `lr_scheduler.step()`",),
    ),
    "a schedule of a model": Mistake(
        lambda t: t.optim.lr_scheduler.StepLR(t.nn.Linear(2, 2), 2), TypeError, "Linear is not an Optimizer",
        ("StepLR(optimizer, ...)",),
    ),
}  # fmt: skip

TABLE = {**SHAPES, **GRADIENTS, **MODELS, **LOSSES, **OPTIMIZERS}


class Library:
    """A library's top level, with ``F`` for its functions."""

    def __init__(self, name: str) -> None:
        self._top = importlib.import_module(name)
        self.nn, self.optim = (importlib.import_module(f"{name}.{part}") for part in ("nn", "optim"))
        self.F = self.nn.functional

    def __getattr__(self, name: str) -> Any:
        return getattr(self._top, name)


def said(library: Any, mistake: Mistake) -> tuple[type, str, str]:
    """The kind and the text of the error or the one warning, and the file to which the warning points."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            mistake.make(library)
        except Exception as error:
            assert not warned
            return type(error), str(error), ""
    (warning,) = warned
    return warning.category, str(warning.message), warning.filename


@pytest.mark.parametrize("name", TABLE)
def test_each_mistake_says_what_to_do(name: str) -> None:
    mistake = TABLE[name]
    kind, text, file = said(Library("minitorch_optim"), mistake)
    assert kind is mistake.kind, text
    assert mistake.start in text[: len(mistake.start) + 3], text
    for words in mistake.further:
        assert words in text, text
    if issubclass(kind, Warning):
        assert file == __file__  # the user's line, not one of the library


@pytest.mark.parametrize("name", [name for name, mistake in TABLE.items() if mistake.in_torch])
def test_it_begins_with_pytorchs_words(name: str) -> None:
    pytest.importorskip("torch")
    mistake = TABLE[name]
    kind, text, _ = said(Library("torch"), mistake)
    assert kind is mistake.kind, text
    assert mistake.start in text[: len(mistake.start) + 25], text


# ---------------------------------------------------------------------------------------------- which layer it was


@contextlib.contextmanager
def notes_of(error: type[Exception]) -> Iterator[list[str]]:
    found: list[str] = []
    with pytest.raises(error) as raised:
        yield found
    found += getattr(raised.value, "__notes__", [])


@pytest.mark.skipif(sys.version_info < (3, 11), reason="errors have no notes before Python 3.11")
def test_an_error_names_the_layer_by_its_path() -> None:
    class Net(nn.Module):
        def __init__(self, *hidden: nn.Module) -> None:
            super().__init__()
            self.body = nn.Sequential(*hidden)
            self.unlisted = [nn.Linear(1, 1)]

        def forward(self, x: Any) -> Any:
            return self.unlisted[0](x) if x.ndim == 1 else self.body(x)

    good, bad = nn.Linear(4, 8), nn.Linear(7, 2)
    with notes_of(RuntimeError) as notes:
        Net(good, nn.ReLU(), bad)(minitorch_optim.ones(3, 4))
    assert notes == ["This was in layer 'body.2' of Net: Linear(in_features=7, out_features=2, bias=True)"]
    with notes_of(RuntimeError) as notes:
        bad(minitorch_optim.ones(3, 4))
    assert notes == ["This was in Linear(in_features=7, out_features=2, bias=True)"]
    with notes_of(RuntimeError) as notes:
        Net()(minitorch_optim.ones(2))
    assert notes == ["This was in layer 'Linear' of Net: Linear(in_features=1, out_features=1, bias=True)"]
    with notes_of(RuntimeError) as notes:  # the same error again is not told twice
        model = nn.Sequential(bad)
        model.register_forward_pre_hook(lambda module, args: None)
        model(minitorch_optim.ones(3, 4))
    assert len(notes) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="errors have no notes before Python 3.11")
@pytest.mark.parametrize("name", ["_init_", "__int__", "init"])
def test_a_misspelt_init_is_named(name: str) -> None:
    def forward(self: Any, x: Any) -> Any:
        return self.layer(x)

    Net = type("Net", (nn.Module,), {name: lambda self: None, "forward": forward})
    with notes_of(AttributeError) as notes:
        nn.Sequential(Net())(minitorch_optim.ones(2))
    assert notes == [
        f"Net.{name} is never called: is it meant to be __init__?", "This was in layer '0' of Sequential: Net()",
    ]  # fmt: skip


@pytest.mark.skipif(sys.version_info < (3, 11), reason="errors have no notes before Python 3.11")
def test_errors_of_users_keep_their_text_and_notes() -> None:
    class Mine(nn.Module):
        def forward(self, x: Any) -> Any:
            error = ValueError("mine")
            error.add_note("a note")
            raise error

    with pytest.raises(ValueError, match="mine") as raised:
        nn.Sequential(Mine())(minitorch_optim.ones(1))
    assert str(raised.value) == "mine"
    assert raised.value.__notes__ == ["a note", "This was in layer '0' of Sequential: Mine()"]


# ---------------------------------------------------------------------------------------------- no false alarm


@pytest.fixture
def no_hints() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.usefixtures("no_hints")
def test_right_losses_give_no_hint() -> None:
    scores = minitorch_optim.ones(2, 3, requires_grad=True)
    classes = minitorch_optim.tensor([0, 1])
    F.cross_entropy(scores, classes)
    F.cross_entropy(scores.log_softmax(1), classes)
    F.cross_entropy(scores.softmax(1).log(), classes)
    F.nll_loss(scores.log_softmax(1), classes)
    F.nll_loss(scores.softmax(1).log(), classes)
    F.nll_loss(minitorch_optim.zeros(2, 3), classes)
    F.nll_loss(scores.log_softmax(1).unsqueeze(2).squeeze(2), classes)
    F.cross_entropy(minitorch_optim.cat([scores.softmax(1), scores * 2], 1), classes)  # features, as it were
    F.binary_cross_entropy(scores.sigmoid(), minitorch_optim.ones(2, 3))
    F.binary_cross_entropy_with_logits(scores, minitorch_optim.ones(2, 3))
    F.mse_loss(scores, minitorch_optim.ones(2, 3))


@pytest.mark.usefixtures("no_hints")
def test_right_models_give_no_hint() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.sizes, self.history, self.table = [1, 2, 3], [], {}  # type: ignore[var-annotated]
            self.layers = nn.ModuleList([nn.Linear(2, 2)])
            self.same = list(self.layers)
            self.teacher = [nn.Linear(2, 2).requires_grad_(False)]
            self.register_buffer("mask", minitorch_optim.ones(2))
            self.first = minitorch_optim.ones(2)

        def forward(self, x: Any) -> Any:
            self.history.append(x)
            self.last = self.layers[0](x)
            return self.last

    for model in (Net(), copy.deepcopy(Net()), pickle.loads(pickle.dumps(nn.Sequential(nn.Linear(2, 2), nn.ReLU())))):
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        model(minitorch_optim.ones(1, 2)).sum().backward()
        optimizer.step()
        assert len(list(model.parameters())) == 2


def test_a_hint_on_a_list_comes_once_for_each_model() -> None:
    def fill(self: Any) -> None:
        self.layers = [nn.Linear(2, 2)]

    Net = model_class(types.SimpleNamespace(nn=nn), fill)
    model = Net()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for _ in range(3):
            list(model.parameters())
        model.zero_grad()
        assert len(warned) == 1
        list(Net().parameters())
        assert len(warned) == 2


def test_a_hint_is_shown_once_for_each_place(tmp_path: Path) -> None:
    program = """
from minitorch_optim import nn, ones, tensor
loss_fn, model = nn.CrossEntropyLoss(), nn.Sequential(nn.Linear(2, 3), nn.Softmax(dim=1))
for _ in range(3):
    loss_fn(model(ones(1, 2)), tensor([0]))
"""
    (tmp_path / "program.py").write_text(program)
    shown = subprocess.run([sys.executable, tmp_path / "program.py"], capture_output=True, text=True, check=True).stderr
    assert shown.count("LearnerHint") == 1 and "program.py:5:" in shown


def test_a_hint_can_be_an_error_or_nothing() -> None:
    scores = minitorch_optim.ones(2, 3, requires_grad=True).softmax(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", LearnerHint)
        with pytest.raises(LearnerHint, match="Leave out the softmax"):
            F.cross_entropy(scores, minitorch_optim.tensor([0, 1]))
        warnings.simplefilter("ignore", LearnerHint)
        F.cross_entropy(scores, minitorch_optim.tensor([0, 1]))


def test_attributes_of_modules_fail_as_ever() -> None:
    class Net(nn.Module):
        @property
        def broken(self) -> Any:
            return self.nothing

    model = Net()
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'widht'"):
        _ = model.widht
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'nothing'"):  # the one inside
        _ = model.broken
    assert not hasattr(model, "foo") and getattr(model, "foo", 3) == 3
