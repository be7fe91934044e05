"""In which order the samples of a dataset are taken, and in what batches.

A sampler is an iterable of indices. Where it is random it draws from a generator: its own if one is given; otherwise
a new one for each pass, seeded by one draw from the global stream, as in PyTorch: so ``manual_seed`` fixes the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np

from ...autograd import Generator, as_tensor, empty, float64, int64, multinomial, randint, randperm

__all__ = [
    "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler",
]  # fmt: skip


class Sampler:
    """Base of samplers: ``__iter__`` gives indices, ``__len__`` says how many."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} needs an __iter__ that gives indices")


class SequentialSampler(Sampler):
    """0, 1, 2 ...

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


def fresh_generator(generator: Generator | None = None) -> Generator:
    """A generator for one pass, seeded by one draw from ``generator`` or the global stream."""
    seed = int(empty((), dtype=int64).random_(generator=generator).item())
    return Generator().manual_seed(seed)


class RandomSampler(Sampler):
    """Every index once in random order; or, with ``replacement``, ``num_samples`` independent draws.

    Parameters
    ----------
    data_source : sized
        the dataset
    replacement : bool
        draw with replacement (default False)
    num_samples : int, optional
        how many indices a pass gives (default: as many as the dataset has)
    generator : Generator, optional
        where to draw from

    >>> from minitorch_optim.autograd import Generator
    >>> sorted(RandomSampler("abcd", generator=Generator().manual_seed(0)))
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if num_samples is not None and (not isinstance(num_samples, int) or num_samples <= 0):
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.data_source = data_source
        self.replacement = replacement
        self.generator = generator
        self._num_samples = num_samples

    @property
    def num_samples(self) -> int:
        """How many indices a pass gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n, left = len(self.data_source), self.num_samples
        generator = self.generator if self.generator is not None else fresh_generator()
        while left > 0:  # in blocks of 32, or of whole permutations, as PyTorch draws them
            if self.replacement:
                block = randint(high=n, size=(min(left, 32),), dtype=int64, generator=generator).tolist()
            else:
                block = randperm(n, generator=generator).tolist()[:left]
            yield from block
            left -= len(block)
        if not self.replacement and self.num_samples % n == 0:
            randperm(n, generator=generator)  # PyTorch draws one more, of which it takes nothing

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The given indices in random order.

    >>> sorted(SubsetRandomSampler([3, 5]))
    [3, 5]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """``num_samples`` indices, each drawn with a probability proportional to its weight.

    >>> set(WeightedRandomSampler([0.0, 1.0], 5))
    {1}
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(num_samples, int) or num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        self.weights = as_tensor(np.asarray(weights), dtype=float64)
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """The indices of another sampler in lists of ``batch_size``; the last may be shorter, unless ``drop_last``.

    >>> list(BatchSampler(SequentialSampler("abcde"), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        batch = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
