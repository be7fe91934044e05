"""Whatever happens between two calls: a step that has been replayed for a while does what the step does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim import nn

BEFORE = 8  # calls: recorded, compared with other inputs, and then replayed


class Run:
    """A model, its step as it is or replayed, and batches that are the same for every run."""

    def __init__(self, replayed: bool) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.01)
        self.weight, self.scale = torch.ones(3), 2.0
        self.rng, self.rows, self.results = np.random.default_rng(1), 4, []
        criterion = nn.CrossEntropyLoss()

        def step(x: Any, y: Any) -> Any:
            self.optimizer.zero_grad(set_to_none=True)
            loss = criterion(self.model(x) * self.weight, y) * self.scale
            if torch.is_grad_enabled():
                loss.backward()
                self.optimizer.step()
            return loss

        self.step = torch.replay(step) if replayed else step

    def batch(self) -> tuple[Any, Any]:
        x = self.rng.standard_normal((self.rows, 6), dtype=np.float32)
        return torch.tensor(x), torch.tensor(self.rng.integers(0, 3, self.rows))

    def go(self, count: int) -> None:
        for i in range(count):
            torch.manual_seed(i)
            self.results.append(self.step(*self.batch()).detach())

    def numbers(self) -> list[Any]:
        grads = [p.grad for p in self.model.parameters() if p.grad is not None]
        return [t.detach().numpy().copy() for t in [*self.results, *self.model.state_dict().values(), *grads]]


def nothing(run: Run) -> None:
    pass


def evaluated(run: Run) -> None:
    run.model.eval()


def one_layer_evaluated(run: Run) -> None:
    run.model[3].training = False


def smaller_batches(run: Run) -> None:
    run.rows = 3


def back_and_forth(run: Run) -> None:
    for rows in (3, 4, 3, 4):
        run.rows = rows
        run.go(3)


def other_weight(run: Run) -> None:
    run.weight = torch.tensor([1.0, 2.0, 3.0])


def other_number(run: Run) -> None:
    run.scale = 3.0


def number_of_another_type(run: Run) -> None:
    run.scale = 2


def other_memory(run: Run) -> None:
    run.model[0].weight.data = run.model[0].weight.data * 2


def frozen(run: Run) -> None:
    run.model[4].weight.requires_grad_(False)


def without_gradients(run: Run) -> None:
    with torch.no_grad():
        run.go(2)


def one_tensor_for_both(run: Run) -> None:
    x, _ = run.batch()
    with pytest.raises((RuntimeError, IndexError, ValueError)):
        run.step(x, x)


def by_keyword(run: Run) -> None:
    x, y = run.batch()
    torch.manual_seed(7)
    run.results.append(run.step(x, y=y).detach())


def double_precision(run: Run) -> None:
    x, y = run.batch()
    with pytest.raises(RuntimeError, match="dtype"):
        run.step(x.double(), y)


def gradient_for_the_input(run: Run) -> None:
    x, y = run.batch()
    x.requires_grad_()
    torch.manual_seed(7)
    run.results.append(run.step(x, y).detach())
    run.results.append(x.grad)


def too_few_arguments(run: Run) -> None:
    x, _ = run.batch()
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        run.step(x)


def gradients_left_behind(run: Run) -> None:
    for p in run.model.parameters():
        p.grad = torch.ones(p.shape)


def loaded(run: Run) -> None:
    run.optimizer.load_state_dict(copy.deepcopy(run.optimizer.state_dict()))


def steps_outside(run: Run) -> None:
    """The gradients of the last call, doubled, and then gradients from elsewhere."""
    for p in run.model.parameters():
        p.grad.mul_(2)
    run.optimizer.step()
    run.results += [p.grad.clone() for p in run.model.parameters()]
    for p in run.model.parameters():
        p.grad = torch.full(p.shape, 0.5)
    run.optimizer.step()


def another_optimizer(run: Run) -> None:
    run.optimizer = torch.optim.SGD(run.model.parameters(), lr=0.1, momentum=0.9)


def an_array(run: Run) -> None:
    x, y = run.batch()
    with pytest.raises((TypeError, AttributeError, RuntimeError)):
        run.step(x.tolist(), y)


HAPPENINGS: list[Callable[[Run], None]] = [
    nothing, evaluated, one_layer_evaluated, smaller_batches, back_and_forth, other_weight, other_number,
    number_of_another_type, other_memory, frozen, without_gradients, one_tensor_for_both, by_keyword, double_precision,
    gradient_for_the_input, too_few_arguments, gradients_left_behind, an_array, loaded,
    steps_outside, another_optimizer,
]  # fmt: skip


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda function: function.__name__)
@pytest.mark.filterwarnings("ignore::minitorch_optim.recording.ReplayWarning")
def test_whatever_happens_between_two_calls(happening: Callable[[Run], None]) -> None:
    plain, replayed = Run(False), Run(True)
    for run in (plain, replayed):
        run.go(BEFORE)
    (recording,) = replayed.step._recordings.values()  # type: ignore[attr-defined]
    assert recording.entry is not None and replayed.step.replays >= 3  # type: ignore[attr-defined]
    for run in (plain, replayed):
        happening(run)
        run.go(12)
    for mine, its in zip(replayed.numbers(), plain.numbers(), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_what_a_method_reads_of_its_object_by_way_of_others() -> None:
    class Settings:
        scale = 1.0

    class Trainer:
        def __init__(self) -> None:
            self.settings, self.weight = Settings(), torch.ones(2)
            self.p = torch.tensor([1.0, 2.0], requires_grad=True)

        def loss(self, x: Any) -> Any:
            return sum(part * self.settings.scale for part in [(self.p * self.weight * x).sum()])

        def step(self, x: Any) -> Any:
            return self.loss(x)

    trainer = Trainer()
    step = torch.replay(trainer.step)
    x = torch.tensor([1.0, 1.0])
    for scale, weight in [(1.0, 1.0), (2.0, 1.0), (2.0, 3.0), (0.5, 2.0)]:
        trainer.settings.scale, trainer.weight = scale, torch.full((2,), weight)
        for i in range(5):
            assert step(x * i).item() == scale * weight * 3 * i
    assert step.replays > 5, step.reason


def test_what_a_method_of_a_module_reads_of_it() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.factor = nn.Linear(2, 1, bias=False), 1.0
            self.register_buffer("shift", torch.zeros(1))

        def forward(self, x: Any) -> Any:
            return self.inner(x)

        def score(self, x: Any) -> Any:
            return (self(x) * self.factor + self.shift).sum()

    net = Net()
    score = torch.replay(net.score)
    x = torch.tensor([1.0, 1.0])
    for factor, shift in [(1.0, 0.0), (2.0, 0.0), (2.0, 3.0), (0.5, 2.0)]:
        net.factor, net.shift = factor, torch.full((1,), shift)
        for i in range(5):
            assert score(x * i).item() == net.score(x * i).item()
    assert score.replays > 5, score.reason
