"""lint_training: each rule finds its mistake and nothing else, a right step gives no finding, and all is put back."""

from __future__ import annotations

import copy
import functools
import gc
import inspect
import random
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim import lint_training, nn, optim
from minitorch_optim.nn import functional as F
from minitorch_optim.optim.lr_scheduler import LambdaLR, LinearLR, OneCycleLR, SequentialLR, StepLR
from minitorch_optim.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from minitorch_optim.utils.data import DataLoader, TensorDataset

CASES = runpy.run_path(str(Path(__file__).parents[1] / "optim" / "cases.py"))["CASES"]
EXAMPLES = Path(__file__).parents[2] / "examples"

INPUTS = torch.randn(32, 4, generator=torch.Generator().manual_seed(1))
CLASSES = torch.arange(32) % 3
NUMBERS = INPUTS.sum(1)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def network(*last: nn.Module) -> nn.Sequential:
    """A network with all that a mode matters for."""
    return nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3), *last
    )  # fmt: skip


def adam(model: nn.Module, lr: float = 1e-2) -> optim.Adam:
    return optim.Adam(model.parameters(), lr=lr)


def usual_step(
    model: Any, optimizer: Any, loss_fn: Any = F.cross_entropy, x: Any = INPUTS, y: Any = CLASSES
) -> Callable[[], Any]:
    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


# ---------------------------------------------------------------------------------------------- the mistakes


def forgotten_zero_grad() -> Any:
    model = network()
    optimizer = adam(model)

    def step() -> None:
        F.cross_entropy(model(INPUTS), CLASSES).backward()
        optimizer.step()

    return step


def forgotten_zero_grad_in_a_closure() -> Any:
    model = nn.Linear(4, 3)
    optimizer = optim.LBFGS(model.parameters(), lr=0.1)

    def closure() -> Any:
        loss = F.cross_entropy(model(INPUTS), CLASSES)
        loss.backward()
        return loss

    return lambda: optimizer.step(closure)


def forgotten_zero_grad_by_hand() -> Any:
    w = torch.zeros(4, 3, requires_grad=True)

    def step() -> None:
        F.cross_entropy(INPUTS @ w, CLASSES).backward()
        with torch.no_grad():
            w.sub_(0.1 * w.grad)

    return step


def zero_grad_too_late() -> Any:
    model = network()
    optimizer = adam(model)

    def step() -> None:
        F.cross_entropy(model(INPUTS), CLASSES).backward()
        optimizer.zero_grad()
        optimizer.step()

    return step


def zero_grad_to_none_too_late() -> Any:
    model = network()
    optimizer = adam(model)

    def step() -> None:
        F.cross_entropy(model(INPUTS), CLASSES).backward()
        model.zero_grad()
        optimizer.step()

    return step


def step_before_backward() -> Any:
    model = nn.Linear(4, 3)
    optimizer = adam(model)

    def step() -> None:
        optimizer.zero_grad()
        optimizer.step()
        F.cross_entropy(model(INPUTS), CLASSES).backward()

    return step


def no_backward() -> Any:
    model = network()
    optimizer = adam(model)

    def step() -> Any:
        loss = F.cross_entropy(model(INPUTS), CLASSES)
        optimizer.step()
        return loss

    return step


def no_step() -> Any:
    model = network()
    optimizer = adam(model)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(INPUTS), CLASSES).backward()

    return step


class Branches(nn.Module):
    """A branch that may be left out."""

    def __init__(self, use: bool = False) -> None:
        super().__init__()
        self.used, self.unused, self.use = nn.Linear(4, 3), nn.Linear(4, 3), use

    def forward(self, x: Any) -> Any:
        return self.used(x) + self.unused(x) if self.use else self.used(x)


def unused_layer() -> Any:
    model = Branches()
    return usual_step(model, adam(model))


def detached_layer() -> Any:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))

    def forward(x: Any) -> Any:
        return model[2](model[1](model[0](x)).detach())

    return usual_step(forward, optim.SGD(model.parameters(), lr=0.1))


def layer_not_in_the_optimizer() -> Any:
    model = network()
    return usual_step(model, optim.SGD(model[0].parameters(), lr=0.1))


def optimizer_of_the_model_before() -> Any:
    model = network()
    optimizer = adam(model)
    return usual_step(copy.deepcopy(model), optimizer)


def foreign_parameter() -> Any:
    model = nn.Linear(4, 3)
    other = torch.ones(2, requires_grad=True)
    return usual_step(model, optim.SGD([*model.parameters(), other], lr=0.1))


def optimizer_of_nothing_that_is_used() -> Any:
    model, old = nn.Linear(4, 3), nn.Linear(4, 3)
    left_over = optim.SGD(list(old.parameters()), lr=0.1)
    inner = usual_step(model, adam(model))

    def step() -> None:
        inner()
        left_over.step()

    return step


def step_too_small() -> Any:
    model = nn.Linear(4, 3)
    return usual_step(model, optim.SGD(model.parameters(), lr=1e-12))


def lr_of_zero() -> Any:
    model = network()
    return usual_step(model, adam(model, lr=0.0))


def eval_mode() -> Any:
    model = network().eval()
    return usual_step(model, adam(model))


def eval_mode_without_layers_that_mind() -> Any:
    model = nn.Linear(4, 3).eval()
    return usual_step(model, adam(model))


def one_layer_in_eval_mode() -> Any:
    model = network()
    model[1].eval()
    return usual_step(model, adam(model))


def optimizer_of_a_state_dict() -> Any:
    model = nn.Linear(4, 3)
    return usual_step(model, optim.SGD(model.state_dict().values(), lr=0.1))


def everything_frozen() -> Any:
    model = nn.Linear(4, 3).requires_grad_(False)
    return usual_step(model, optim.SGD(model.parameters(), lr=0.1))


def layers_in_a_plain_list() -> Any:
    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = [nn.Linear(4, 4)]
            self.last = nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            return self.last(self.hidden[0](x))

    model = Listed()
    with pytest.warns(torch.LearnerHint, match="plain list"):
        optimizer = optim.SGD(model.parameters(), lr=0.1)
    return usual_step(model, optimizer)


def layer_made_in_forward() -> Any:
    class Forgetful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return nn.Linear(4, 3)(self.first(x))

    model = Forgetful()
    return usual_step(model, optim.SGD(model.parameters(), lr=0.1))


def optimizer_made_in_the_step() -> Any:
    model = nn.Linear(4, 3)
    return lambda: usual_step(model, adam(model))()


def equal_weights() -> Any:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    for p in model.parameters():
        nn.init.constant_(p, 0.5)
    return usual_step(model, optim.SGD(model.parameters(), lr=0.1), F.mse_loss, y=NUMBERS.unsqueeze(1))


def lr_as_an_attribute() -> Any:
    model = nn.Linear(4, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    optimizer.lr = 0.01  # type: ignore[attr-defined]
    return usual_step(model, optimizer)


def targets_of_minus_one() -> Any:
    model = nn.Linear(4, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    return usual_step(model, optimizer, F.binary_cross_entropy_with_logits, y=NUMBERS.sign().unsqueeze(1))


def log_softmax_over_the_samples() -> Any:
    model = nn.Sequential(nn.Linear(4, 3), nn.LogSoftmax(dim=0))
    return usual_step(model, optim.SGD(model.parameters(), lr=0.1), F.nll_loss)


def softmax_before_cross_entropy() -> Any:
    model = network(nn.Softmax(dim=1))
    return usual_step(model, adam(model))


def softmax_before_smoothed_cross_entropy() -> Any:
    model = network(nn.Softmax(dim=1))
    return usual_step(model, adam(model), nn.CrossEntropyLoss(label_smoothing=0.1))


def log_softmax_before_cross_entropy() -> Any:
    model = network(nn.LogSoftmax(dim=1))
    return usual_step(model, adam(model))


def relu_before_cross_entropy() -> Any:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    return usual_step(model, adam(model))


def sigmoid_before_bce_with_logits() -> Any:
    model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
    return usual_step(model, adam(model), F.binary_cross_entropy_with_logits, y=(NUMBERS > 0).float().unsqueeze(1))


def scores_into_nll_loss() -> Any:
    model = network()
    return usual_step(model, adam(model), F.nll_loss)


def softmax_into_nll_loss() -> Any:
    model = network(nn.Softmax(dim=1))
    return usual_step(model, adam(model), F.nll_loss)


def softmax_of_one_column() -> Any:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1), nn.Softmax(dim=1))
    return usual_step(model, adam(model), nn.BCELoss(), y=(NUMBERS > 0).float().unsqueeze(1))


def cross_entropy_of_one_column() -> Any:
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    return usual_step(model, adam(model), y=CLASSES * 0)


def broadcast_by_hand() -> Any:
    model = nn.Linear(4, 1)
    return usual_step(model, adam(model), lambda a, b: ((a - b) ** 2).mean(), y=NUMBERS)


def broadcast_in_mse_loss() -> Any:
    model = nn.Linear(4, 1)
    return usual_step(model, adam(model), nn.MSELoss(), y=NUMBERS)


def broadcast_in_l1_loss_of_a_vector() -> Any:
    model = nn.Linear(4, 1)
    return usual_step(lambda x: model(x).squeeze(1), adam(model), nn.L1Loss(), y=NUMBERS.unsqueeze(1))


def logarithm_of_negative_numbers() -> Any:
    model = nn.Linear(4, 1)
    return usual_step(model, adam(model), lambda a, b: a.log().mean())


def nan_in_the_data() -> Any:
    model = nn.Linear(4, 3)
    x = INPUTS.clone()
    x[3, 2] = float("nan")
    return usual_step(model, adam(model), x=x)


def nan_in_the_gradient() -> Any:
    model = nn.Linear(4, 1)
    with torch.no_grad():
        model.weight.fill_(0)
    return usual_step(model, optim.SGD(model.parameters(), lr=0.1), lambda a, b: model.weight.norm() + (
        (model.weight * 1e20).exp() - 1).sum().sqrt() + a.mean())  # fmt: skip


def dead_relus() -> Any:
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    with torch.no_grad():
        model[0].bias[:12] -= 100
    return usual_step(model, optim.SGD(model.parameters(), lr=0.01))


def input_that_is_not_used() -> Any:
    class Blind(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            return self.layer(torch.ones(len(x), 4))

    model = Blind()
    return usual_step(model, adam(model))


def input_that_does_not_matter() -> Any:
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3))
    optimizer = optim.SGD(model[2].parameters(), lr=1.0)
    model[0].requires_grad_(False)
    with torch.no_grad():
        model[0].weight.fill_(0)
    return usual_step(model, optimizer)


def deep_sigmoids() -> Any:
    layers = [layer for _ in range(12) for layer in (nn.Linear(8, 8), nn.Sigmoid())]
    model = nn.Sequential(nn.Linear(4, 8), *layers, nn.Linear(8, 3))
    return usual_step(model, adam(model, lr=1e-4))


def huge_loss() -> Any:
    model = nn.Linear(4, 1)
    with torch.no_grad():
        model.weight.fill_(1e4)
    return usual_step(model, adam(model), lambda a, b: (a[:, 0] * 1e3 - b).pow(2).sum())


def huge_step() -> Any:
    model = network()
    return usual_step(model, optim.SGD(model.parameters(), lr=1e3))


def huge_step_of_adam() -> Any:
    """The second step is no larger than the weights, which the first has made as large."""
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    return usual_step(model, adam(model, lr=10.0), F.mse_loss, y=NUMBERS.unsqueeze(1))


def sum_of_losses() -> Any:
    model = network()
    optimizer = adam(model)
    total: Any = 0.0

    def step() -> None:
        nonlocal total
        optimizer.zero_grad()
        loss = F.cross_entropy(model(INPUTS), CLASSES)
        loss.backward()
        optimizer.step()
        total += loss

    return step


def list_of_losses() -> Any:
    model = network()
    losses: list[Any] = []
    inner = usual_step(model, adam(model))

    def step() -> None:
        losses.append(inner())

    return step


def schedule_before_optimizer() -> Any:
    model = nn.Linear(4, 3)
    optimizer = adam(model)
    scheduler = StepLR(optimizer, 10)

    def step() -> None:
        scheduler.step()
        usual_step(model, optimizer)()

    return step


MISTAKES: dict[Callable[[], Any], tuple[str, list[str]]] = {
    forgotten_zero_grad: ("gradients add up", ["model.0.bias", "zero_grad()"]),
    forgotten_zero_grad_in_a_closure: ("gradients add up", ["model.weight", "zero_grad()"]),
    forgotten_zero_grad_by_hand: ("gradients add up", ["w changed, and the next backward()", "w.grad.zero_()"]),
    zero_grad_too_late: ("gradients cleared too late", ["zeros", "before loss.backward()"]),
    zero_grad_to_none_too_late: ("gradients cleared too late", ["no gradient,", "before loss.backward()"]),
    step_before_backward: ("order of backward and step", ["Adam.step() comes before the first backward()"]),
    no_backward: ("order of backward and step", ["never calls backward()"]),
    no_step: ("order of backward and step", ["never calls optimizer.step()"]),
    unused_layer: ("parameters without a gradient", ["model.unused.bias, model.unused.weight", "freeze"]),
    detached_layer: ("parameters without a gradient", ["model.0.bias, model.0.weight", "detach()"]),
    layer_not_in_the_optimizer: ("parameters that no optimizer has", ["model.4.weight", "add_param_group"]),
    optimizer_of_the_model_before: ("parameters that no optimizer has", ["none of the model's", "after the model"]),
    foreign_parameter: ("optimizer with other parameters", ["optimizer.param_groups[0]['params'][2] of shape [2]"]),
    optimizer_of_nothing_that_is_used: (
        "optimizer with other parameters", ["the loss depends on none of the 2 parameters of left_over"]
    ),
    optimizer_of_a_state_dict: (
        "optimizer with other parameters", ["none of the 2 parameters of optimizer requires grad", "model.parameters()"]
    ),
    everything_frozen: ("optimizer with other parameters", ["requires grad", "requires_grad_()"]),
    layers_in_a_plain_list: ("parameters that nobody has", ["shape [4, 4], [4] that neither", "nn.ModuleList"]),
    layer_made_in_forward: ("parameters that nobody has", ["[3, 4], [3] that are new in each run", "__init__"]),
    optimizer_made_in_the_step: ("optimizer made anew", ["a new Adam for the same parameters", "before the loop"]),
    equal_weights: ("units that are all alike", ["the units of model.0.weight", "at random"]),
    lr_as_an_attribute: (
        "options in the wrong place",
        ["optimizer.lr was set to 0.01", "the steps use 0.1", "in optimizer.param_groups: group['lr'] = 0.01"],
    ),
    targets_of_minus_one: ("targets of the loss", ["from -1 to 1", "(target + 1) / 2"]),
    log_softmax_over_the_samples: ("log-probabilities before the loss", ["dimension 0, the samples", "dim=1"]),
    step_too_small: ("parameters that do not change", ["model.weight", "lr = 1e-12", "larger lr"]),
    lr_of_zero: ("learning rate 0", ["learning rate of Adam is 0", "positive lr"]),
    eval_mode: ("eval mode in training", ["BatchNorm1d and Dropout", "model.train()"]),
    eval_mode_without_layers_that_mind: ("eval mode in training", ["model is in eval mode while it is trained"]),
    one_layer_in_eval_mode: ("eval mode in training", ["model.1 is in eval mode", "model.train()"]),
    softmax_before_cross_entropy: ("scores before the loss", ["softmax goes into cross_entropy", "leave out"]),
    softmax_before_smoothed_cross_entropy: ("scores before the loss", ["softmax goes into log_softmax", "leave out"]),
    log_softmax_before_cross_entropy: ("scores before the loss", ["log_softmax goes into cross_entropy", "nll_loss"]),
    relu_before_cross_entropy: ("scores before the loss", ["relu goes into cross_entropy", "leave out the relu"]),
    sigmoid_before_bce_with_logits: ("scores before the loss", ["sigmoid goes into binary_cross_entropy_with_logits"]),
    scores_into_nll_loss: ("log-probabilities before the loss", ["raw scores", "log_softmax(scores, dim=1)"]),
    softmax_into_nll_loss: ("log-probabilities before the loss", ["the output of softmax", "log_softmax"]),
    softmax_of_one_column: ("softmax of one number", ["[32, 1]", "sigmoid"]),
    cross_entropy_of_one_column: ("softmax of one number", ["single score", "binary_cross_entropy_with_logits"]),
    broadcast_by_hand: ("broadcast in the loss", ["shapes [32, 1] and [32] were broadcast to [32, 32]", "squeeze(1)"]),
    broadcast_in_mse_loss: ("broadcast in the loss", ["[32, 1]", "[32, 32]", "squeeze(1)"]),
    broadcast_in_l1_loss_of_a_vector: ("broadcast in the loss", ["shape [32] was broadcast to [32, 32]"]),
    logarithm_of_negative_numbers: ("NaN in the loss", ["is nan", "LogBackward, of shape [32, 1]"]),
    nan_in_the_data: ("NaN in the loss", ["the input of the model, of shape [32, 4], is not finite", "data"]),
    nan_in_the_gradient: ("size of gradients", ["model.weight is not finite", "sqrt"]),
    dead_relus: ("dead ReLUs", ["12 of 16 units", "LeakyReLU"]),
    input_that_is_not_used: ("loss without inputs", ["does not depend on the inputs", "forward()"]),
    input_that_does_not_matter: ("loss without inputs", ["gradients are all 0"]),
    deep_sigmoids: ("size of gradients", ["that of model.25.weight", "vanishing"]),
    huge_loss: ("size of gradients", ["model.weight has a norm above 1e6", "clip_grad_norm_"]),
    huge_step: ("size of steps", ["model.4.weight", "lr = 1000", "smaller lr"]),
    huge_step_of_adam: ("size of steps", ["model.0.weight", "lr = 10", "smaller lr"]),
    sum_of_losses: ("graphs kept", ["total holds the graph of every step", "total += loss.item()"]),
    list_of_losses: ("graphs kept", ["losses holds the graph of every step", "losses.append(loss.item())"]),
    schedule_before_optimizer: ("warnings", ["before `optimizer.step()`", "test_lint.py"]),
}
MORE_THAN_ONE = {  # what a mistake brings with it
    softmax_of_one_column: {"loss without inputs", "size of gradients"},
    cross_entropy_of_one_column: {"loss without inputs", "size of gradients"},
    zero_grad_to_none_too_late: {"parameters that do not change"},
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_each_rule_finds_its_mistake_and_nothing_else(mistake: Callable[[], Any]) -> None:
    rule, words = MISTAKES[mistake]
    report = lint_training(mistake())
    found = [finding for finding in report if finding.rule == rule]
    assert len(found) == 1, report
    for word in words:
        assert word in f"{found[0].seen} -- {found[0].advice}", report
    assert set(report.rules) <= {rule} | MORE_THAN_ONE.get(mistake, set()), report
    assert str(found[0]) in str(report)
    assert str(report).startswith("1 mistake found" if len(report) == 1 else f"{len(report)} mistakes found")


def test_every_rule_has_a_mistake() -> None:
    checked = lint_training(usual_step(model := network(), adam(model)), evaluate=lambda: None).checked
    assert set(checked) == {rule for rule, _ in MISTAKES.values()} | {"training mode in evaluation"}


# ---------------------------------------------------------------------------------------------- steps without mistakes


def test_a_right_step_says_what_was_looked_at() -> None:
    model = network()
    optimizer = adam(model)
    report = lint_training(usual_step(model, optimizer))
    assert report == [] and report.rules == []
    assert str(report) == repr(report)
    assert str(report).startswith("No mistake found in a step of model with optimizer. Looked at: scores before the ")
    for rule in report.checked:
        assert rule in str(report)


def accumulating_batches() -> Any:
    model = network()
    optimizer = adam(model)

    def step() -> None:
        optimizer.zero_grad()
        for half in (slice(0, 16), slice(16, 32)):
            (F.cross_entropy(model(INPUTS[half]), CLASSES[half]) / 2).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def zero_grad_after_the_step() -> Any:
    model = network()
    optimizer = adam(model)

    def step() -> float:
        loss = F.cross_entropy(model(INPUTS), CLASSES)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    return step


def by_hand() -> Any:
    w = torch.randn(4, 3, requires_grad=True)
    b = torch.zeros(3, requires_grad=True)
    optimizer = optim.SGD([w, b], lr=0.1)
    return usual_step(lambda x: x @ w + b, optimizer)


def two_networks_against_each_other() -> Any:
    maker, judge = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    making, judging = adam(maker, 1e-3), adam(judge, 1e-3)
    one, zero = torch.ones(32, 1), torch.zeros(32, 1)

    def step() -> None:
        judging.zero_grad()
        F.binary_cross_entropy_with_logits(judge(INPUTS), one).backward()
        made = maker(torch.randn(32, 4))
        F.binary_cross_entropy_with_logits(judge(made.detach()), zero).backward()
        judging.step()
        making.zero_grad()
        F.binary_cross_entropy_with_logits(judge(made), one).backward()
        making.step()

    return step


def lbfgs() -> Any:
    model = nn.Linear(4, 3)
    optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")

    def step() -> Any:
        def closure() -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(INPUTS), CLASSES)
            loss.backward()
            return loss

        return optimizer.step(closure)

    return step


def frozen_features() -> Any:
    body, head = network().eval(), nn.Linear(3, 3)
    body.requires_grad_(False)
    optimizer = optim.SGD(head.parameters(), lr=0.1)
    return usual_step(lambda x: head(body(x)), optimizer)


def with_an_average_of_the_weights() -> Any:
    model = network()
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    inner = usual_step(model, adam(model))

    def step() -> None:
        inner()
        average.update_parameters(model)

    return step


def recurrent() -> Any:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.letters, self.lstm, self.out = nn.Embedding(10, 6), nn.LSTM(6, 8, batch_first=True), nn.Linear(8, 10)

        def forward(self, x: Any) -> Any:
            return self.out(self.lstm(self.letters(x))[0])

    model = Reader()
    text = torch.arange(60).reshape(6, 10) % 10
    loss = nn.CrossEntropyLoss()
    return usual_step(model, adam(model), lambda scores, y: loss(scores.transpose(1, 2), y), x=text, y=(text + 1) % 10)


def convolutional() -> Any:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)
    )
    return usual_step(model, adam(model), x=torch.randn(32, 1, 8, 8))


def log_softmax_and_nll() -> Any:
    model = network(nn.LogSoftmax(dim=1))
    return usual_step(model, adam(model), nn.NLLLoss())


def regression() -> Any:
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
    return usual_step(model, optim.SGD(model.parameters(), lr=0.05, momentum=0.9), nn.MSELoss(), y=NUMBERS.unsqueeze(1))


def inputs_as_an_array() -> Any:
    class OfArrays(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            return self.layer(torch.from_numpy(x.numpy() * 2))

    model = OfArrays()
    return usual_step(model, adam(model))


def by_hand_without_an_optimizer() -> Any:
    w, b = torch.zeros(4, 3, requires_grad=True), torch.zeros(3, requires_grad=True)

    def step() -> None:
        F.cross_entropy(INPUTS @ w + b, CLASSES).backward()
        for p in (w, b):
            p.data -= 0.1 * p.grad
            p.grad = None

    return step


def learning_from_a_teacher() -> Any:
    teacher, pupil = network().eval(), network()
    follower = copy.deepcopy(pupil)
    optimizer = adam(pupil)

    def step() -> None:
        optimizer.zero_grad()
        with torch.no_grad():
            wanted = teacher(INPUTS).softmax(1)
        F.kl_div(pupil(INPUTS).log_softmax(1), wanted, reduction="batchmean").backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(follower.parameters(), pupil.parameters(), strict=True):
                slow.lerp_(fast, 0.01)

    return step


RIGHT = [
    by_hand_without_an_optimizer, learning_from_a_teacher,
    accumulating_batches, zero_grad_after_the_step, by_hand, two_networks_against_each_other, lbfgs, frozen_features,
    with_an_average_of_the_weights, recurrent, convolutional, log_softmax_and_nll, regression, inputs_as_an_array,
]  # fmt: skip


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.__name__)
def test_a_right_step_has_no_finding(right: Callable[[], Any]) -> None:
    report = lint_training(right(), runs=3)
    assert not report, report


STEPPING = [c for c in CASES if c.sparse != "needed" and not c.needs_closure]


@pytest.mark.parametrize("case", STEPPING, ids=lambda c: c.name)
def test_no_optimizer_looks_like_a_mistake(case: Any) -> None:
    model = nn.Sequential(nn.Linear(4, 16, bias=False), nn.Tanh(), nn.Linear(16, 3, bias=False))
    options = {k: v for k, v in case.samples[0].items() if k != "differentiable"}
    optimizer = case.optimizer(model.parameters(), **{"lr": 1e-3, **options})
    if hasattr(optimizer, "train"):
        optimizer.train()
    report = lint_training(usual_step(model, optimizer))
    assert not report, report


@pytest.mark.parametrize("optimizer", ["Adam", "AdamW", "SGD"])
def test_the_training_of_the_examples(optimizer: str) -> None:
    example = SimpleNamespace(**runpy.run_path(str(EXAMPLES / "train_digits.py")))
    model = example.make_model()
    construct, lr = example.OPTIMIZERS[optimizer]
    images, labels = example.load_digits()
    loader = DataLoader(TensorDataset(images / 16, labels), batch_size=64, shuffle=True)
    trainer = construct(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    total, seen = 0.0, 0

    def step() -> None:
        nonlocal total, seen
        model.train()
        inputs, targets = next(iter(loader))
        trainer.zero_grad()
        loss = loss_fn(model(inputs), targets)
        loss.backward()
        trainer.step()
        total += loss.item()
        seen += 1

    report = lint_training(step, evaluate=lambda: example.evaluate(model, images[:64] / 16, labels[:64]))
    assert not report, report
    assert (total, seen, model.training) == (0.0, 0, True)
    assert report.watched == "model with trainer"


# ---------------------------------------------------------------------------------------------- evaluation


def test_evaluation_in_training_mode_and_with_a_graph() -> None:
    model = network()
    step = usual_step(model, adam(model))

    def good() -> None:
        model.eval()
        with torch.no_grad():
            model(INPUTS)

    assert not lint_training(step, evaluate=good)
    assert model.training
    before = model[1].running_mean.tolist()
    mode, graph = lint_training(step, evaluate=lambda: model(INPUTS))
    assert mode.rule == graph.rule == "training mode in evaluation"
    assert "model.1, model.3 are in training mode" in mode.seen and "model.eval()" in mode.advice
    assert "no_grad()" in graph.advice
    assert model[1].running_mean.tolist() == before


# ---------------------------------------------------------------------------------------------- finding things


class Trainer:
    """Model and optimizer as attributes, as many programs have them."""

    def __init__(self) -> None:
        self.net = network()
        self.opt = optim.SGD(self.net[0].parameters(), lr=0.1)
        self.steps = 0

    def step(self) -> None:
        self.opt.zero_grad()
        F.cross_entropy(self.net(INPUTS), CLASSES).backward()
        self.opt.step()
        self.steps += 1


def test_model_and_optimizer_are_found_in_an_object() -> None:
    trainer = Trainer()
    for step in (trainer.step, lambda: trainer.step(), functools.partial(Trainer.step, trainer)):
        (finding,) = lint_training(step)
        assert finding.rule == "parameters that no optimizer has" and "net.4.weight" in finding.seen
    assert trainer.steps == 0


def test_they_are_found_in_arguments_and_in_helpers() -> None:
    model = network()
    optimizer = optim.SGD(model[0].parameters(), lr=0.1)

    def train(net: Any, opt: Any, times: int = 1) -> None:
        for _ in range(times):
            usual_step(net, opt)()

    helper = functools.partial(train, model)
    for step in (
        functools.partial(train, model, opt=optimizer),
        lambda net=model, opt=optimizer: train(net, opt),
        lambda: helper(optimizer),
    ):
        (finding,) = lint_training(step)
        assert finding.rule == "parameters that no optimizer has" and ".4.weight" in finding.seen


GLOBAL_STEP = """
from minitorch_optim import nn, optim
net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
opt = optim.SGD(net.parameters(), lr=0.1)
count = 0
history = []

def step():
    global count
    count += 1
    opt.zero_grad()
    loss = net(x).pow(2).mean()
    loss.backward()
    history.append(loss.item())
    opt.step()

def other():
    return unrelated(2)
"""


def test_they_are_found_among_globals_which_are_put_back() -> None:
    program: dict[str, Any] = {"__name__": "program", "x": torch.ones(3, 2), "unrelated": nn.Linear(1, 1)}
    exec(GLOBAL_STEP, program)
    report = lint_training(program["step"])
    assert not report and report.watched == "net with opt"
    assert (program["count"], program["history"]) == (0, [])


def test_what_is_given_takes_the_place_of_what_is_found() -> None:
    model = network()
    optimizer = adam(model)
    step = usual_step(model, optimizer)
    report = lint_training(step, model={"whole": nn.ModuleList([model, nn.Linear(1, 1)])})
    assert report.rules == ["parameters without a gradient", "parameters that no optimizer has"]
    assert all("whole.1.weight" in finding.seen and "whole.0" not in finding.seen for finding in report)
    assert lint_training(step, model, optimizer).watched == "model with optimizer"
    for name in ("model", "optimizer"):
        with pytest.raises(TypeError, match=f"{name} must be of class (Module|Optimizer).*got int"):
            lint_training(step, **{name: 3})  # type: ignore[arg-type]


def test_an_optimizer_in_hiding_is_seen_when_it_steps() -> None:
    model = network()
    hidden = {"first": {"second": {"third": optim.SGD(model[0].parameters(), lr=0.1)}}}
    before = copy.deepcopy(model.state_dict())

    def step() -> None:
        one = hidden["first"]["second"]["third"]
        one.zero_grad()
        F.cross_entropy(model(INPUTS), CLASSES).backward()
        one.step()

    (finding,) = lint_training(step)
    assert finding.rule == "parameters that no optimizer has" and "model.4.weight" in finding.seen
    assert all(bool((before[k] == v).all()) for k, v in model.state_dict().items())


# ---------------------------------------------------------------------------------------------- all is put back


def bits(model: Any, optimizer: Any) -> list[Any]:
    """Everything that a step may change, in a form that can be compared."""
    state = optimizer.state_dict()
    return [
        {k: (v.tolist(), v._version[0]) for k, v in model.state_dict().items()},
        [None if p.grad is None else (id(p.grad), p.grad.tolist()) for p in model.parameters()],
        [m.training for m in model.modules()],
        [m.__dict__["_hooks"] for m in model.modules()],
        repr(state["param_groups"]),
        repr({k: {n: getattr(v, "tolist", lambda v=v: v)() for n, v in s.items()} for k, s in state["state"].items()}),
        torch.get_rng_state().tolist(),
        repr(np.random.get_state()),
        random.getstate(),
    ]


def small_lr(case: Any) -> dict[str, Any]:
    return {"lr": 0.01} if "lr" in inspect.signature(case.optimizer).parameters else {}


@pytest.mark.parametrize("case", [c for c in CASES if c.sparse != "needed"], ids=lambda c: c.name)
@pytest.mark.parametrize("warm", [0, 3])
def test_the_run_goes_on_to_the_bit_as_if_nothing_had_been(case: Any, warm: int) -> None:
    def run(lint: bool) -> list[Any]:
        torch.manual_seed(5)
        model = nn.Sequential(nn.Linear(4, 6, bias=False), nn.Dropout(0.2), nn.Tanh(), nn.Linear(6, 3, bias=False))
        optimizer = case.optimizer(model.parameters(), **case.samples[-1] | small_lr(case))
        if hasattr(optimizer, "train"):
            optimizer.train()

        def step() -> None:
            def closure() -> Any:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(INPUTS), CLASSES)
                loss.backward()
                return loss

            if case.needs_closure:
                optimizer.step(closure)
            else:
                closure()
                optimizer.step()

        for _ in range(warm):
            step()
        if lint:
            before = bits(model, optimizer)
            lint_training(step)
            assert bits(model, optimizer) == before
        for _ in range(3):
            step()
        return [p.tolist() for p in model.parameters()]

    if case.samples[-1].get("differentiable"):
        pytest.skip("a recorded step replaces what it is given")
    assert run(lint=True) == run(lint=False)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda o: StepLR(o, 2, gamma=0.5),
        lambda o: OneCycleLR(o, max_lr=0.1, total_steps=20),
        lambda o: LambdaLR(o, lambda t: 1 / (t + 1)),
        lambda o: SequentialLR(o, [LinearLR(o, total_iters=3), StepLR(o, 2)], milestones=[3]),
    ],
)
@pytest.mark.parametrize("warm", [0, 2])
def test_schedules_go_on_as_if_nothing_had_been(schedule: Any, warm: int) -> None:
    def run(lint: bool) -> list[Any]:
        torch.manual_seed(5)
        model = nn.Linear(4, 3)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        scheduler = schedule(optimizer)
        inner = usual_step(model, optimizer)

        def step() -> None:
            inner()
            scheduler.step()

        lrs = []
        for _ in range(warm):
            step()
        if lint:
            assert not lint_training(step)
        for _ in range(6):
            step()
            lrs.append(scheduler.get_last_lr())
        return [lrs, model.weight.tolist(), repr(scheduler.state_dict())]

    assert run(lint=True) == run(lint=False)


def test_an_error_in_the_step_comes_out_and_all_is_put_back() -> None:
    model = network()
    optimizer = adam(model)
    inner = usual_step(model, optimizer)
    backward = torch.Tensor.backward
    before = bits(model, optimizer)

    def step() -> None:
        model.eval()
        inner()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        lint_training(step)
    assert bits(model, optimizer) == before
    assert torch.Tensor.backward is backward


def test_an_interruption_comes_out_as_it_is() -> None:
    model = network()
    optimizer = adam(model)
    optimizer.register_step_post_hook(interrupt)
    before = bits(model, optimizer)
    with pytest.raises(KeyboardInterrupt):
        lint_training(usual_step(model, optimizer))
    assert bits(model, optimizer) == before


def interrupt(*args: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.skipif(sys.version_info < (3, 11), reason="errors have no notes before Python 3.11")
def test_backward_of_a_number_is_explained() -> None:
    model = nn.Linear(4, 3)
    with pytest.raises(AttributeError, match="'float' object has no attribute 'backward'") as raised:
        lint_training(usual_step(model, adam(model), lambda a, b: F.cross_entropy(a, b).item()))
    assert raised.value.__notes__[0] == "item() and float() give a plain number: call them after loss.backward()"


def test_an_error_says_what_was_found_before_it() -> None:
    model = network()
    optimizer = adam(model)

    def step() -> None:
        loss = F.cross_entropy(model(INPUTS), CLASSES)
        optimizer.zero_grad()
        optimizer.step()
        loss.backward()

    usual_step(model, optimizer)()
    with pytest.raises(RuntimeError, match="modified by an inplace operation") as raised:
        lint_training(step)
    notes = getattr(raised.value, "__notes__", None)  # from Python 3.11 on
    assert notes is None or any("order of backward and step" in note for note in notes)


def test_loaders_and_generators_are_put_back() -> None:
    model = network()
    generator = torch.Generator().manual_seed(3)
    loader = DataLoader(TensorDataset(INPUTS, CLASSES), batch_size=8, shuffle=True, generator=generator)
    optimizer = adam(model)

    def step() -> None:
        for x, y in loader:
            usual_step(model, optimizer, x=x, y=y)()
        torch.rand(3, generator=generator)
        random.random()
        np.random.rand()

    before = generator.get_state().tolist(), repr(loader.state_dict()), random.getstate(), repr(np.random.get_state())
    assert not lint_training(step)
    after = generator.get_state().tolist(), repr(loader.state_dict()), random.getstate(), repr(np.random.get_state())
    assert after == before


def test_attributes_of_modules_are_put_back() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.calls, self.seen = nn.Linear(4, 3), 0, []  # type: ignore[var-annotated]

        def forward(self, x: Any) -> Any:
            self.calls += 1
            self.seen.append(len(x))
            return self.layer(x)

    model = Counting()
    assert not lint_training(usual_step(model, adam(model)))
    assert (model.calls, model.seen) == (0, [])


# ---------------------------------------------------------------------------------------------- arguments


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match=r"step must be a function.*got Tensor.*def step\(\)"):
        lint_training(torch.ones(1))  # type: ignore[arg-type]
    for runs in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="runs must be a whole number from 1"):
            lint_training(lambda: None, runs=runs)  # type: ignore[arg-type]
    lazy = nn.LazyLinear(3)
    with pytest.raises(ValueError, match="lazy has lazy layers.*call it with a batch first"):
        lint_training(lambda: lazy(INPUTS))


def test_a_step_with_nothing_in_it() -> None:
    report = lint_training(lambda: None)
    assert report.rules == ["order of backward and step"]
    assert "give it as model=" in report.watched and "give it as optimizer=" in report.watched


def test_parameters_without_a_model_are_called_by_their_names() -> None:
    report = lint_training(by_hand_without_an_optimizer())
    assert report.watched == "w and b with no optimizer (give it as optimizer=)" or report.watched.startswith("b and w")


def test_one_run_is_enough_for_most_rules() -> None:
    assert lint_training(softmax_before_cross_entropy(), runs=1).rules == ["scores before the loss"]
    assert lint_training(forgotten_zero_grad(), runs=1).rules == []


def test_what_another_optimizer_trains_is_no_mistake() -> None:
    made, judge = nn.Linear(2, 4), nn.Linear(4, 1)
    optimizer = adam(made)
    step = usual_step(nn.Sequential(made, judge), optimizer, F.mse_loss, torch.ones(8, 2), torch.ones(8, 1))
    assert lint_training(step).rules == ["parameters that no optimizer has"]
    other = adam(judge)  # the step does not know it
    assert lint_training(step) == []
    del other
    gc.collect()
    assert lint_training(step).rules == ["parameters that no optimizer has"]


def test_large_steps_to_weights_that_are_far_away_are_no_mistake() -> None:
    model, x = nn.Linear(1, 1), torch.linspace(0, 1, 20).unsqueeze(1)
    with torch.no_grad():
        model.weight.fill_(0.2)
    step = usual_step(model, adam(model, lr=1.0), F.mse_loss, x, 1000 * x + 50)
    assert lint_training(step, runs=1).rules == ["size of steps"]
    assert lint_training(step) == []


def test_used_branches_have_no_finding() -> None:
    model = Branches(use=True)
    assert not lint_training(usual_step(model, adam(model)))


def test_a_step_with_arguments_is_told_how_to_get_them() -> None:
    model = nn.Linear(4, 1)

    def step(x: Any, y: Any) -> None:
        raise AssertionError("not to be called")

    with pytest.raises(TypeError, match=r"takes nothing \(missing a required argument: 'x'\).*lambda: step\(x, y\)"):
        lint_training(step, model)


def test_a_replayed_step_is_looked_at_on_the_tape() -> None:
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    optimizer = optim.Adam(model.parameters())

    @torch.replay
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(2):
        findings = lint_training(lambda: step(INPUTS, CLASSES))
        assert not findings, findings
        assert findings.watched == "model with optimizer"
        for _ in range(5):
            step(INPUTS, CLASSES)
        assert step.replays, "and then it is replayed as before"
