"""Datasets, samplers and the loader; where PyTorch is there, the same batches in the same order from the same seed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim.utils import data


def as_numbers(batches):
    return [
        [part.tolist() for part in batch] if isinstance(batch, list | tuple) else batch.tolist() for batch in batches
    ]


def pair(n=10):
    return data.TensorDataset(mt.arange(n).float().view(n, 1), mt.arange(n))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 16])
def test_length_and_order_without_shuffling(batch_size, drop_last):
    loader = data.DataLoader(pair(), batch_size=batch_size, drop_last=drop_last)
    batches = list(loader)
    assert len(batches) == len(loader)
    seen = list(itertools.chain.from_iterable(y.tolist() for _, y in batches))
    assert seen == list(range(10 // batch_size * batch_size if drop_last else 10))


def test_shuffling_gives_each_sample_once_and_another_order_each_pass():
    loader = data.DataLoader(pair(50), batch_size=8, shuffle=True, generator=mt.Generator().manual_seed(0))
    orders = [list(itertools.chain.from_iterable(y.tolist() for _, y in loader)) for _ in range(2)]
    assert [sorted(order) for order in orders] == [list(range(50))] * 2
    assert orders[0] != orders[1]


def test_batches_of_a_subset_are_those_of_single_samples():
    dataset = data.Subset(pair(), [7, 2, 5])
    fast = next(iter(data.DataLoader(dataset, batch_size=3)))
    slow = data.default_collate([dataset[i] for i in range(3)])
    assert as_numbers([fast]) == as_numbers([slow]) == [[[[7.0], [2.0], [5.0]], [7, 2, 5]]]


def test_collating_containers():
    batch = data.default_collate([{"x": np.ones(2), "n": 1, "name": "a"}, {"x": np.zeros(2), "n": 2, "name": "b"}])
    assert batch["x"].tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert batch["n"].tolist() == [1, 2]
    assert batch["name"] == ["a", "b"]


def test_collating_what_cannot_be_says_what_to_do():
    with pytest.raises(TypeError, match=r"batch must contain tensors.*collate_fn"):
        data.default_collate([object()])
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        data.default_collate([[1], [1, 2]])


def test_threads_prepare_batches_in_order():
    started = []
    loader = data.DataLoader(pair(20), batch_size=3, num_workers=2, worker_init_fn=started.append)
    assert as_numbers(loader) == as_numbers(data.DataLoader(pair(20), batch_size=3))
    assert set(started) <= {0, 1} and started


def test_an_error_in_a_thread_reaches_the_loop():
    class Broken(data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            raise RuntimeError(f"sample {index} is broken")

    with pytest.raises(RuntimeError, match="sample 0 is broken"):
        list(data.DataLoader(Broken(), num_workers=2))


def test_streams():
    class Stream(data.IterableDataset):
        def __iter__(self):
            return iter(range(5))

    assert as_numbers(data.DataLoader(Stream(), batch_size=2)) == [[0, 1], [2, 3], [4]]
    assert list(data.DataLoader(Stream(), batch_size=None)) == [0, 1, 2, 3, 4]
    assert list(Stream() + Stream()) == [0, 1, 2, 3, 4] * 2
    with pytest.raises(ValueError, match="IterableDataset"):
        data.DataLoader(Stream(), shuffle=True)


def test_random_split_divides():
    parts = data.random_split(range(10), [3, 7], generator=mt.Generator().manual_seed(1))
    assert [len(part) for part in parts] == [3, 7]
    assert sorted(itertools.chain(*([part[i] for i in range(len(part))] for part in parts))) == list(range(10))
    assert [len(part) for part in data.random_split(range(10), [0.25, 0.25, 0.5])] == [3, 2, 5]
    with pytest.raises(ValueError, match="Sum of input lengths does not equal"):
        data.random_split(range(10), [3, 3])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size should be a positive integer value, but got batch_size=0"),
        ({"num_workers": -1}, "num_workers option should be non-negative"),
        ({"shuffle": True, "sampler": [0]}, "sampler option is mutually exclusive with shuffle"),
        ({"batch_sampler": [[0]], "shuffle": True}, "batch_sampler option is mutually exclusive"),
        ({"batch_size": None, "drop_last": True}, "batch_size=None option disables auto-batching"),
    ],
)
def test_options_that_exclude_each_other(options, message):
    with pytest.raises(ValueError, match=message):
        data.DataLoader(pair(), **options)


def test_tensors_of_different_lengths_are_refused():
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        data.TensorDataset(mt.zeros(2), mt.zeros(3))


# -- the same draws as PyTorch


def both_orders(make, seed):
    torch = pytest.importorskip("torch")
    import torch.utils.data as torch_data

    result = []
    for library, module in ((mt, data), (torch, torch_data)):
        library.manual_seed(seed)
        drawn = [part for _ in range(2) for part in make(library, module)]
        result.append([*drawn, library.randint(0, 1000, (3,)).tolist()])  # the stream goes on alike
    return result


@pytest.mark.parametrize("seed", [0, 1, 42])
@pytest.mark.parametrize(
    "make",
    [
        lambda t, d: as_numbers(d.DataLoader(d.TensorDataset(t.arange(23)), batch_size=4, shuffle=True)),
        lambda t, d: as_numbers(
            d.DataLoader(d.TensorDataset(t.arange(23)), 5, shuffle=True, generator=t.Generator().manual_seed(3))
        ),
        lambda t, d: list(d.RandomSampler(range(70))),
        lambda t, d: list(d.RandomSampler(range(70), replacement=True, num_samples=90)),
        lambda t, d: list(d.SubsetRandomSampler(range(5, 30))),
        lambda t, d: list(d.WeightedRandomSampler([0.1, 0.4, 0.5], 20)),
        lambda t, d: [list(part.indices) for part in d.random_split(range(40), [0.5, 0.3, 0.2])],
    ],
    ids=["shuffled", "own generator", "random", "replacement", "subset", "weighted", "split"],
)
def test_draws_are_those_of_pytorch(make, seed):
    ours, theirs = both_orders(make, seed)
    assert ours == theirs
