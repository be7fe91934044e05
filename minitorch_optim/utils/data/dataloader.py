"""``DataLoader``: batches from a dataset, in the order of a sampler."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from ...autograd import Generator, Tensor, as_tensor, float64, stack, tensor
from ...autograd.arguments import NamesArguments
from . import position
from .dataset import IterableDataset
from .position import Pass
from .sampler import BatchSampler, RandomSampler, SequentialSampler, fresh_generator

__all__ = ["DataLoader", "default_collate", "default_convert"]


def default_collate(batch: list[Any]) -> Any:
    """A batch from a list of samples: tensors and arrays stacked, numbers as a tensor, containers member by member.

    >>> default_collate([(tensor([1.0]), 3), (tensor([2.0]), 4)])
    [tensor([[1.],
            [2.]]), tensor([3, 4])]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, np.ndarray | np.generic):
        return as_tensor(np.stack(batch))
    if isinstance(first, bool | int):
        return tensor(batch)
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([sample[key] for sample in batch]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*map(default_collate, map(list, zip(*batch, strict=True))))
    if isinstance(first, tuple | list):
        if len({len(sample) for sample in batch}) > 1:
            raise RuntimeError("each element in list of batch should be of equal size: pad them in a collate_fn")
        return [default_collate(list(members)) for members in zip(*batch, strict=True)]
    raise TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type(first)}. "
        f"Give a collate_fn that makes a batch of them"
    )


def default_convert(sample: Any) -> Any:
    """What a loader without batches does to a sample: arrays become tensors, the rest stays."""
    return as_tensor(sample) if isinstance(sample, np.ndarray) else sample


class DataLoader(NamesArguments):
    """An iterable of batches.

    Parameters
    ----------
    dataset : Dataset, or anything with ``__getitem__`` and ``__len__``, or an IterableDataset
        the samples
    batch_size : int or None
        samples in a batch (default 1); None gives single samples
    shuffle : bool
        a new random order for each pass (default False)
    sampler, batch_sampler : iterable, optional
        the indices, or lists of indices, in place of ``shuffle`` (and of ``batch_size`` and ``drop_last``)
    num_workers : int
        threads that prepare batches ahead (default 0: none); the order stays the same
    collate_fn : callable, optional
        makes a batch of a list of samples (default :func:`default_collate`)
    drop_last : bool
        leave out a last batch that is not full (default False)
    worker_init_fn : callable(number), optional
        called in each thread when it starts
    prefetch_factor : int, optional
        batches in work ahead for each thread (default 2)
    generator : Generator, optional
        where the order is drawn from (default: the global stream)
    pin_memory, timeout, persistent_workers
        for other machines' sake; there is one kind of memory here, and threads need neither

    >>> loader = DataLoader(range(10), batch_size=4, drop_last=True)
    >>> len(loader), [batch.tolist() for batch in loader]
    (2, [[0, 1, 2, 3], [4, 5, 6, 7]])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        generator: Generator | None = None,
    ) -> None:
        if isinstance(batch_size, Tensor | np.ndarray):
            raise TypeError("DataLoader takes one dataset: put inputs and targets into it with TensorDataset(x, y)")
        if not isinstance(dataset, IterableDataset) and not hasattr(dataset, "__getitem__"):
            raise TypeError(
                f"DataLoader takes a dataset, with __getitem__ and __len__, and was given {type(dataset).__name__}: "
                f"make one of tensors with TensorDataset(x, y)"
            )
        if sampler is None and batch_sampler is None and not isinstance(dataset, IterableDataset):
            if not hasattr(dataset, "__len__"):
                raise TypeError(f"{type(dataset).__name__} needs a __len__ that says how many samples there are")
        if num_workers < 0:
            raise ValueError(f"num_workers option should be non-negative, got {num_workers}: use 0 for none")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
            )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if batch_sampler is not None:
            batch_size = None  # it decides
        alone = batch_size is None and batch_sampler is None
        streaming = isinstance(dataset, IterableDataset)
        if streaming and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError("DataLoader with IterableDataset: expected no shuffle, sampler or batch_sampler option")
        if sampler is None and not streaming:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is None and batch_size is not None and not streaming:
            assert sampler is not None
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn or (default_convert if alone else default_collate)
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.prefetch_factor = prefetch_factor
        self.persistent_workers = persistent_workers
        self.generator = generator
        self._pass: Pass | None = None  # the one that was begun last
        self._resumed: Pass | None = None  # the one that load_state_dict() gave, until it is gone on with

    def __len__(self) -> int:
        if isinstance(self.dataset, IterableDataset):
            n = len(self.dataset)  # type: ignore[arg-type]
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.batch_sampler if self.batch_sampler is not None else self.sampler)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        resumed, self._resumed = self._resumed, None
        generators = position.generators_of(self)
        if resumed is None:
            self._pass = Pass(position.states_of(generators))
            return self._pass.counting(self._batches(0))
        self._pass = resumed
        with position.replaying(resumed, generators, ahead=self.num_workers > 0):
            batches = self._batches(resumed.taken)
        return resumed.counting(batches)

    def _batches(self, skipped: int) -> Iterator[Any]:
        """The batches of one pass; as many as are ``skipped`` are drawn, but not fetched."""
        fresh_generator(self.generator)  # PyTorch draws a seed for its workers here; the stream stays the same
        if isinstance(self.dataset, IterableDataset):
            return position.without(skipped, self._stream(iter(self.dataset)))
        if self.batch_sampler is None:
            assert self.sampler is not None
            indices = position.without(skipped, iter(self.sampler))
            return (self.collate_fn(self.dataset[index]) for index in indices)
        groups = position.without(skipped, iter(self.batch_sampler))
        return self._ahead(groups) if self.num_workers else map(self._fetch, groups)

    # -- the position in the data ----------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The position in the data, with which :meth:`load_state_dict` of another such loader goes on.

        ``"taken"``: how many batches of the running pass were handed out, None between two passes. ``"start"``: the
        states of the generators when it began, the global one first. ``"own"``: their states now, without the global
        one, which belongs to the program (``get_rng_state()``).

        >>> from minitorch_optim.autograd import get_rng_state, set_rng_state
        >>> loader = DataLoader(range(6), shuffle=True)
        >>> batches = iter(loader)
        >>> seen = [next(batches) for _ in range(4)]
        >>> state, stream = loader.state_dict(), get_rng_state()
        >>> rest = list(batches)
        >>> other = DataLoader(range(6), shuffle=True)
        >>> other.load_state_dict(state); set_rng_state(stream)
        >>> list(other) == rest
        True
        """
        own = position.states_of(position.generators_of(self)[1:])
        running = self._resumed or self._pass
        if running is None or running.over:
            return {"taken": None, "start": None, "own": own}
        return {"taken": running.taken, "start": list(running.start), "own": own}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Let the next ``iter()`` go on where :meth:`state_dict` was called: same order, the batches taken left out.

        Dataset, batch size and sampler must be the same. The order is drawn again from the states that the generators
        had at the start, and afterwards the global generator has its state back. So this does not hold for a sampler
        or an IterableDataset that draws from the *global* generator in the middle of a pass: give it one of its own,
        as its attribute ``generator``. A batch counts as taken when it was handed out. A pass that a ``break`` ended is
        over.
        """
        generators = position.generators_of(self)
        if len(state_dict["own"]) != len(generators) - 1:
            raise ValueError(
                f"the state is of a DataLoader with {len(state_dict['own'])} generators of its own, and this one has "
                f"{len(generators) - 1}: give the same generator= and sampler as when it was saved"
            )
        for generator, state in zip(generators[1:], state_dict["own"], strict=True):
            generator.set_state(state)
        self._pass = None
        self._resumed = None if state_dict["taken"] is None else Pass(state_dict["start"], state_dict["taken"])

    def _fetch(self, indices: list[Any]) -> Any:
        if self.collate_fn is default_collate and hasattr(self.dataset, "batch"):
            return self.dataset.batch(indices)
        return self.collate_fn([self.dataset[index] for index in indices])

    def _stream(self, samples: Iterator[Any]) -> Iterator[Any]:
        if self.batch_size is None:
            yield from map(self.collate_fn, samples)
            return
        for batch in BatchSampler(samples, self.batch_size, self.drop_last):
            yield self.collate_fn(batch)

    def _ahead(self, batches: Iterator[list[Any]]) -> Iterator[Any]:
        """Batches in order, while threads prepare the next ones."""
        started = iter(range(self.num_workers))

        def initialise() -> None:
            if self.worker_init_fn is not None:
                self.worker_init_fn(next(started))

        ahead = self.num_workers * (2 if self.prefetch_factor is None else self.prefetch_factor)
        waiting: collections.deque[Future[Any]] = collections.deque()
        with ThreadPoolExecutor(self.num_workers, initializer=initialise) as pool:
            for indices in batches:
                waiting.append(pool.submit(self._fetch, indices))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
