"""A replayed step gives what the step gives, to the bit; and where it could not, the step itself runs and says why."""

import importlib.util
import itertools
import warnings
import weakref
from pathlib import Path

import numpy as np
import pytest

import minitorch_optim as torch
from minitorch_optim import nn
from minitorch_optim.autograd import derivative, primitive
from minitorch_optim.nn import functional as F
from minitorch_optim.recording import ReplayWarning

_spec = importlib.util.spec_from_file_location("steps_to_replay", Path(__file__).with_name("steps.py"))
steps = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(steps)


def batches(count, seed=1, rows=4):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield torch.tensor(rng.standard_normal((rows, 6), dtype=np.float32)), torch.tensor(rng.integers(0, 3, rows))


def flat(value):
    if isinstance(value, dict):
        return [part for v in value.values() for part in flat(v)]
    if isinstance(value, tuple | list):
        return [part for v in value for part in flat(v)]
    return [value]


def the_same(a, b):
    for x, y in zip(flat(a), flat(b), strict=True):
        if isinstance(x, torch.Tensor):
            assert x.dtype == y.dtype and x.shape == y.shape
            assert x.detach().numpy().tobytes() == y.detach().numpy().tobytes()
        else:
            assert x == y


def state_of(model):
    grads = [torch.zeros(0) if p.grad is None else p.grad for p in model.parameters()]
    return [*model.state_dict().values(), *grads]


@pytest.mark.parametrize("name", steps.STEPS)
def test_a_replayed_step_is_the_step_to_the_bit(name):
    torch.manual_seed(0)
    model, step = steps.STEPS[name]()
    torch.manual_seed(0)
    other, plain = steps.STEPS[name]()
    replayed = torch.replay(step)
    for i, (x, y) in enumerate(batches(9)):
        torch.manual_seed(i)
        expected = plain(x, y)
        stream = torch.get_rng_state()
        torch.manual_seed(i)
        the_same(replayed(x, y), expected)
        the_same(torch.get_rng_state(), stream)
        the_same(state_of(model), state_of(other))
    assert replayed.replays >= 5, replayed.reason


def model_and_step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return model, optimizer, step


def side_by_side(between, count=12, rows=None):
    """The step and the replayed step, with ``between(i, model, optimizer)`` called on both before call ``i``."""
    model, optimizer, step = model_and_step()
    other, its_optimizer, plain = model_and_step()
    replayed = torch.replay(step)
    for i, (x, y) in enumerate(batches(count)):
        between(i, model, optimizer)
        between(i, other, its_optimizer)
        if rows is not None:
            x, y = x[: rows(i)], y[: rows(i)]
        the_same(replayed(x, y), plain(x, y))
        the_same(state_of(model), state_of(other))
    return replayed


def test_a_smaller_last_batch_has_a_recording_of_its_own():
    replayed = side_by_side(lambda i, model, optimizer: None, rows=lambda i: 3 if i % 4 == 3 else 4, count=20)
    assert replayed.replays >= 12


def test_learning_rates_may_change_at_any_time():
    def between(i, model, optimizer):
        optimizer.param_groups[0]["lr"] = 0.1 / (i + 1)

    assert side_by_side(between).replays >= 8


def test_train_and_eval_are_told_apart():
    replayed = side_by_side(lambda i, model, optimizer: model.train(i % 3 != 0), count=20)
    assert replayed.replays >= 10


def test_states_may_be_loaded_between_steps():
    kept = {}

    def between(i, model, optimizer):
        if i == 6:
            kept[id(model)] = {k: v.clone() for k, v in model.state_dict().items()}
        if i == 8:
            model.load_state_dict(kept[id(model)])
            optimizer.load_state_dict(optimizer.state_dict())

    assert side_by_side(between).replays >= 8


def test_parameters_may_get_other_memory():
    def between(i, model, optimizer):
        if i == 7:
            model[0].weight.data = torch.ones(8, 6)

    assert side_by_side(between).replays >= 3


def test_gradients_may_be_cleared_outside_or_not():
    def between(i, model, optimizer):
        if i in (2, 5, 6):
            optimizer.zero_grad(set_to_none=True)

    assert side_by_side(between, count=20).replays >= 8


def test_a_batch_that_is_read_by_name_is_seen_to_change():
    model, optimizer, _ = model_and_step()
    other, its_optimizer, plain = model_and_step()
    x = y = None

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    replayed = torch.replay(step)
    for x, y in batches(8):
        the_same(replayed(), plain(x, y))
    assert replayed.replays >= 4


def test_objects_that_are_called_and_their_attributes():
    class Trainer:
        def __init__(self):
            self.model, self.optimizer, _ = model_and_step()
            self.scale = 1.0

        def __call__(self, x, y):
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(x) * self.scale, y)
            loss.backward()
            self.optimizer.step()
            return loss

    trainer, other = Trainer(), Trainer()
    replayed = torch.replay(trainer)
    for i, (x, y) in enumerate(batches(20)):
        trainer.scale = other.scale = 1.0 if i < 10 else 2.0
        the_same(replayed(x, y), other(x, y))
    assert replayed.replays >= 10


def test_where_numbers_stand_among_the_arguments_matters():
    w = torch.tensor([2.0], requires_grad=True)
    replayed = torch.replay(lambda a, b: torch.max(w * a - b, dim=0))
    x = torch.tensor([3.0])
    for _ in range(4):
        assert replayed(x, 1).values.item() == 5.0
        assert replayed(1, x).values.item() == -1.0
        assert replayed(x, 1.0).indices.item() == 0
    assert replayed.replays == 6


def test_one_tensor_given_twice():
    w = torch.tensor([2.0], requires_grad=True)
    replayed = torch.replay(lambda a, b: w * a - b)
    for i in range(5):
        x, y = torch.tensor([float(i)]), torch.tensor([1.0])
        assert replayed(x, x).item() == i and replayed(x, y).item() == 2 * i - 1
    assert replayed.replays == 6


def test_the_same_batch_for_long_and_then_another():
    model, _, step = model_and_step()
    _, _, plain = model_and_step()
    first, second = batches(2)
    replayed = torch.replay(step)
    for x, y in (*[first] * 6, *[second] * 3, *[first] * 3):
        the_same(replayed(x, y), plain(x, y))
    assert replayed.replays >= 7


def test_what_the_first_calls_cannot_tell_apart_is_noticed_when_inputs_change():
    w = torch.tensor([1.0, 2.0], requires_grad=True)

    def step(x):
        offset = torch.tensor([float(x._array[0]), 0.0])  # made of an input, unseen by the tape
        return (w * x + offset).sum()

    replayed = torch.replay(step)
    x = torch.tensor([1.0, 2.0])
    for _ in range(5):
        assert replayed(x).item() == 6.0
    assert replayed.replays == 3
    with pytest.warns(ReplayWarning, match="give them as arguments"):
        for _ in range(4):
            assert replayed(torch.tensor([2.0, 2.0])).item() == 8.0
            assert replayed(torch.tensor([3.0, 2.0])).item() == 10.0


def test_a_recording_is_compared_anew_now_and_then():
    w, calls = torch.tensor([1.0], requires_grad=True), itertools.count()

    def step(x):  # to count is Python's work: not done again in a replay
        return (w * x * (1.0 if next(calls) < 4 else 2.0)).sum()

    replayed = torch.replay(step)
    with pytest.warns(ReplayWarning, match="earlier replays may be wrong"):
        for i in range(40):
            replayed(torch.tensor([float(i)]))
            next(calls)
    assert replayed.replays == 10


# ---------------------------------------------------------------------------------------------- refused, aloud


def _reads_item(w, x, notes):
    notes.append(w.sum().item())
    return (w * x).sum()


def _branches(w, x, notes):
    return (w * x).sum() if x.sum() > 0 else (w + x).sum()


def _prints(w, x, notes):
    str(w.tolist())
    return (w * x).sum()


def _goes_to_numpy(w, x, notes):
    return (w * torch.from_numpy(np.tanh(x.numpy()))).sum()


def _has_a_hook(w, x, notes):
    h = w * x
    h.register_hook(notes.append)
    h.sum().backward()
    return h.sum()


def _makes_tensors_of_changing_data(w, x, notes):
    return (w * torch.tensor(float(next(notes.calls)))).sum()


def _counts(w, x, notes):
    notes.append(0)
    return (w * x).sum()


def _takes_a_closure(w, x, notes):
    lbfgs = torch.optim.LBFGS([w])

    def closure():
        lbfgs.zero_grad()
        loss = ((w - x) ** 2).sum()
        loss.backward()
        return loss

    return lbfgs.step(closure)


def _differs_in_work(w, x, notes):
    return (w * x).sum() if next(notes.calls) % 2 else (w + x).mean()


def _returns_a_float(w, x, notes):
    return (w * x).sum(), 0.5


class Notes(list):
    """A list; and calls that can be counted unseen."""

    def __init__(self):
        super().__init__()
        self.calls = itertools.count(1)


REFUSED = {
    _counts: "it changes 'notes', and a replay would not: count outside",
    _returns_a_float: "returns a float",
    _reads_item: "reading the values of a tensor at test_replay.py",
    _branches: "reading the values of a tensor at test_replay.py",
    _prints: "reading the values of a tensor at test_replay.py",
    _goes_to_numpy: "numpy.. at test_replay.py",
    _has_a_hook: "calling a hook",
    _makes_tensors_of_changing_data: "give them as arguments",
    _takes_a_closure: "closure",
    _differs_in_work: "did not compute the same",
}


@pytest.mark.parametrize("function", REFUSED)
def test_what_cannot_be_replayed_runs_on_the_tape_with_one_warning(function):
    results = []
    for make in (torch.replay, lambda step: step):
        w, notes = torch.tensor([1.0, 2.0], requires_grad=True), Notes()
        step = make(lambda x, w=w, notes=notes: function(w, x, notes))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results.append([flat(step(torch.tensor([float(i - 3), 1.0])))[0].item() for i in range(8)])
        said = [str(w.message) for w in caught if issubclass(w.category, ReplayWarning)]
        if make is torch.replay:
            assert len(said) == 1 and "run on the tape" in said[0]
            assert __import__("re").search(REFUSED[function], said[0]), said[0]
            assert step.reason
    assert results[0] == results[1]


def test_a_name_that_counts_is_named():
    w, x, count = torch.tensor([1.0], requires_grad=True), torch.tensor([1.0]), 0

    def step():
        return (w * x * count).sum()

    replayed = torch.replay(step)
    with pytest.warns(ReplayWarning, match="'count', which it reads, differs"):
        for count in range(40):
            assert replayed().item() == count


def test_a_class_that_does_not_exist_is_an_error_in_the_replay_too():
    _, _, step = model_and_step()
    replayed = torch.replay(step)
    for x, y in batches(6):
        replayed(x, y)
    assert replayed.replays
    with pytest.warns(ReplayWarning, match="branch"), pytest.raises(IndexError, match="Target 3 is out of bounds"):
        replayed(x, torch.tensor([0, 1, 2, 3]))


def test_an_error_in_the_step_leaves_nothing_behind():
    model, _, step = model_and_step()
    replayed = torch.replay(step)
    x, y = next(batches(1))
    with pytest.raises(RuntimeError, match="shapes"):
        replayed(x[:, :5], y)
    for x, y in batches(6):
        replayed(x, y)
    assert replayed.replays
    assert torch.autograd.modes.modes.recorder is None


def test_losses_that_are_kept_stay_as_they_were():
    _, _, step = model_and_step()
    _, _, plain = model_and_step()
    replayed = torch.replay(step)
    kept = [(replayed(x, y), plain(x, y).detach()) for x, y in batches(8)]
    the_same([a for a, _ in kept], [b for _, b in kept])


def test_the_source_is_the_program_that_one_would_write_by_hand():
    w = torch.tensor([[1.0, 2.0]], requires_grad=True)
    replayed = torch.replay(lambda x: torch.relu(x @ w.T))
    for i in range(3):
        replayed(torch.tensor([[float(i), 1.0]]))
    lines = [line.strip() for line in replayed.source.splitlines()]
    assert lines == [
        "def step(x0):",
        "matmul(x0, c1, t0)",
        "maximum(t0, n0, out=t1)",
        "return (t1.copy(), )",
    ]


def test_zeros_of_both_signs_are_two_numbers():
    step = torch.replay(lambda x: (torch.atan2(x * 0.0, x * 0.0 - 1), torch.atan2(x * -0.0, x * 0.0 - 1)))
    for i in range(1, 5):
        above, below = step(torch.tensor([float(i)]))
        assert above > 3 and below < -3
    assert step.replays


def test_what_recording_needed_is_freed_at_once(no_collector):
    _, _, step = model_and_step()
    replayed = torch.replay(step)
    made = []
    for x, y in batches(8):
        replayed(x, y)
        made += [weakref.ref(recording.program) for recording in replayed._recordings.values()]
    left = {id(program()) for program in made if program() is not None}
    assert replayed.replays and len(left) == 1


def test_the_loss_in_the_place_of_the_step_is_refused():
    with pytest.raises(TypeError, match="takes a function that makes a step, got Tensor: .* without calling it"):
        torch.replay(torch.ones(()))


@pytest.mark.parametrize("kind", [tuple, list])
def test_a_batch_in_one_piece_runs_on_the_tape_and_says_so(kind):
    w = torch.ones(6, requires_grad=True)
    step = torch.replay(lambda batch: (batch[0] * w).sum() + batch[1].sum())
    with pytest.warns(ReplayWarning, match=rf"an argument is a {kind.__name__} of tensors: .* step\(\*batch\)"):
        losses = [step(kind(batch)).item() for batch in batches(4)]
    assert losses == [((x * w).sum() + y.sum()).item() for x, y in batches(4)]
    assert step.replays == 0


def test_what_turns_out_to_be_untraceable_is_undone_first():
    seen = torch.tensor([1.0, 2.0])

    @primitive
    def add_one(array):
        before = array.copy()
        array.fill(0)
        if (before >= 0).all():  # a traced array has no truth
            array[...] = before + 1
        return array * 1.0

    derivative(add_one, lambda g, out, array: g)
    replayed = torch.replay(lambda x: x + torch.autograd.apply(add_one, seen))
    try:
        assert replayed(torch.tensor([0.0, 0.0])).tolist() == [2.0, 3.0]
        assert seen.tolist() == [2.0, 3.0]
    finally:
        del torch.TABLE[add_one]
