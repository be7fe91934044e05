"""Equal seeds give PyTorch's numbers: first weights, dropout, splits, shuffles, and whole training runs.

Draws one by one are compared in ``autograd/test_random.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours

torch = pytest.importorskip("torch")

SIZES = (1, 7, 15, 16, 17, 40, 1000)
SEEDS = (0, 1, 42, 2**40 + 3)

# Every class of nn with parameters that are drawn.
LAYERS: dict[str, Callable[[Any], Any]] = {
    "Linear": lambda nn: nn.Linear(7, 5),
    "Linear without bias": lambda nn: nn.Linear(33, 40, bias=False),
    "Bilinear": lambda nn: nn.Bilinear(3, 4, 5),
    "Embedding": lambda nn: nn.Embedding(11, 6, padding_idx=2),
    "Conv1d": lambda nn: nn.Conv1d(3, 4, 5),
    "Conv2d": lambda nn: nn.Conv2d(4, 6, 3, groups=2),
    "Conv3d": lambda nn: nn.Conv3d(2, 3, 2),
    "ConvTranspose1d": lambda nn: nn.ConvTranspose1d(3, 4, 5),
    "ConvTranspose2d": lambda nn: nn.ConvTranspose2d(4, 6, 3, groups=2),
    "ConvTranspose3d": lambda nn: nn.ConvTranspose3d(2, 3, 2),
    "RNN": lambda nn: nn.RNN(3, 4, num_layers=2, bidirectional=True),
    "LSTM": lambda nn: nn.LSTM(3, 4, num_layers=2, bias=False),
    "GRU": lambda nn: nn.GRU(3, 4),
    "RNNCell": lambda nn: nn.RNNCell(3, 4),
    "LSTMCell": lambda nn: nn.LSTMCell(3, 4),
    "GRUCell": lambda nn: nn.GRUCell(3, 4),
    "MultiheadAttention": lambda nn: nn.MultiheadAttention(6, 2, add_bias_kv=True, kdim=3),
    "TransformerEncoderLayer": lambda nn: nn.TransformerEncoderLayer(6, 2, 9),
    "TransformerDecoderLayer": lambda nn: nn.TransformerDecoderLayer(6, 2, 9),
    "Transformer": lambda nn: nn.Transformer(6, 2, 2, 1, 9),
}
WITHOUT_DRAWS = {  # constants, or no parameters at all
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "LayerNorm", "PReLU", "RMSNorm",
}  # fmt: skip


def both(act: Callable[[Any], Any], seed: int) -> tuple[list[Any], list[Any]]:
    """What ``act`` gives in either library from the same seed, and a draw that comes after it."""
    results = []
    for library in (ours, torch):
        library.manual_seed(seed)
        results.append([np.asarray(x.detach() if hasattr(x, "detach") else x) for x in act(library)])
        results[-1].append(library.rand(3).numpy())
    return results[0], results[1]


def equal(act: Callable[[Any], Any], seed: int) -> None:
    for mine, theirs in zip(*both(act, seed), strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", LAYERS)
def test_first_weights(name: str, seed: int) -> None:
    equal(lambda t: list(LAYERS[name](t.nn).parameters()), seed)


def test_no_layer_is_forgotten() -> None:
    def draws(kind: Any) -> bool:
        """Whether making one may draw: it has parameters of its own making."""
        return "reset_parameters" in dir(kind) or "_reset_parameters" in dir(kind)

    layers = {n for n in ours.nn.__all__ if isinstance(getattr(ours.nn, n), type) and draws(getattr(ours.nn, n))}
    bases = {"NonDynamicallyQuantizableLinear", "RNNBase"}
    assert {name for name in layers if not name.startswith("Lazy")} - bases <= set(LAYERS) | WITHOUT_DRAWS


@pytest.mark.parametrize("name", ["LazyLinear(5)", "LazyConv2d(4, 3)"])
def test_first_weights_of_lazy_layers(name: str) -> None:
    def act(t: Any) -> Any:
        layer = eval(f"nn.{name}", {"nn": t.nn})
        layer(t.ones(2, 3, 6, 6))
        return list(layer.parameters())

    equal(act, 0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", SIZES)
def test_initialisation(size: int, seed: int) -> None:
    def act(t: Any) -> Any:
        init = t.nn.init
        w = t.empty(size, 3)
        yield init.uniform_(t.empty(size), -0.3, 0.8)
        yield init.normal_(t.empty(size), 0.1, 0.02)
        yield init.xavier_uniform_(w, gain=init.calculate_gain("tanh"))
        yield init.xavier_normal_(w)
        yield init.kaiming_uniform_(w, nonlinearity="relu")
        yield init.kaiming_normal_(w, mode="fan_out")
        yield init.constant_(w, 0.3)
        yield init.dirac_(t.empty(size, 2, 3))
        yield init.eye_(w)
        yield init.sparse_(w, sparsity=0.4)

    def copied(t: Any) -> Any:
        return [x.clone() for x in act(t)]

    for mine, theirs in zip(*both(copied, seed), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", SIZES)
def test_truncated_and_orthogonal_initialisation(size: int, seed: int) -> None:
    def act(t: Any) -> Any:
        return [t.nn.init.trunc_normal_(t.empty(size), std=0.5), t.nn.init.orthogonal_(t.empty(min(size, 40), 3))]

    for mine, theirs in zip(*both(act, seed), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", SIZES)
def test_dropout(size: int, seed: int) -> None:
    def act(t: Any) -> Any:
        F, x = t.nn.functional, t.arange(1.0, 2 * size + 1)
        for p in (0.1, 0.5, 0.73):
            yield F.dropout(x, p)
            yield F.dropout(x.view(size, 2).t(), p)  # along the memory, not the shape
        yield F.dropout1d(x.view(1, size, 2))
        yield F.dropout2d(x.view(1, size, 2, 1), 0.3)
        yield F.dropout3d(x.view(size, 1, 1, 2, 1), 0.3)
        yield F.dropout(x.double(), 0.2)

    equal(lambda t: [x.clone() for x in act(t)], seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_alpha_dropout(seed: int) -> None:
    mine, theirs = both(lambda t: [t.nn.functional.alpha_dropout(t.arange(40.0), 0.3, training=True)], seed)
    np.testing.assert_allclose(mine[0], theirs[0], rtol=2e-6)
    np.testing.assert_array_equal(mine[1], theirs[1])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", SIZES)
def test_splits_and_shuffles(size: int, seed: int) -> None:
    def act(t: Any) -> Any:
        data = t.utils.data
        for part in data.random_split(range(size), [size // 3, size - size // 3]):
            yield list(part.indices)
        for part in data.random_split(range(size), [0.6, 0.4]):
            yield list(part.indices)
        for sampler in (
            data.RandomSampler(range(size)),
            data.RandomSampler(range(size), replacement=True, num_samples=50),
            data.SubsetRandomSampler(range(0, size, 2)),
            data.WeightedRandomSampler([1.0 + i % 3 for i in range(size)], 9),
        ):
            yield list(sampler)
        for shuffle in (True, False):
            loader = data.DataLoader(data.TensorDataset(t.arange(size)), batch_size=3, shuffle=shuffle)
            for _ in range(2):
                yield t.cat([batch for (batch,) in loader])
                yield t.rand(2)
        generator = t.Generator().manual_seed(5)
        loader = data.DataLoader(range(size), shuffle=True, generator=generator)
        yield t.cat([*loader, *loader])

    equal(act, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_states(seed: int) -> None:
    def act(t: Any) -> Any:
        state = t.get_rng_state()
        yield t.randn(5)
        with t.random.fork_rng():
            yield t.randn(17)
        yield t.rand(4)
        t.set_rng_state(state)
        yield t.randn(5)
        yield state

    equal(act, seed)


# -- training -----------------------------------------------------------------------------------


def train(t: Any, seed: int, steps: int = 100) -> tuple[list[np.ndarray[Any, Any]], np.ndarray[Any, Any]]:
    """The first weights, and the loss at every step."""
    nn, data = t.nn, t.utils.data
    t.manual_seed(seed)
    loader = data.DataLoader(
        data.TensorDataset(t.randn(256, 10), t.randint(0, 4, (256,))), batch_size=32, shuffle=True
    )
    model = nn.Sequential(
        nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 32), nn.BatchNorm1d(32), nn.Tanh(),
        nn.Dropout(0.1), nn.Linear(32, 4),
    )  # fmt: skip
    first = [p.detach().numpy().copy() for p in model.parameters()]
    optimizer = t.optim.Adam(model.parameters(), lr=1e-3)
    scheduler = t.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
    losses: list[float] = []
    while True:
        for inputs, targets in loader:
            loss = nn.functional.cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == steps:
                return first, np.array(losses)
            scheduler.step()


@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_steps_of_training(seed: int) -> None:
    (mine_first, mine), (its_first, its) = train(ours, seed), train(torch, seed)
    for a, b in zip(mine_first, its_first, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(mine, its, rtol=1e-5, atol=0)
