"""Whether a training run that was killed and begun again is the run that was not."""

from __future__ import annotations

import contextlib
import itertools
import random
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd import Tensor, default_generator

__all__ = ["assert_resumes_bitwise"]


def assert_resumes_bitwise(train: Callable[[Path], Iterator[Any]], k: int | Iterable[int]) -> None:
    """Raise AssertionError unless ``train``, killed after ``k`` yields and begun again, goes on to the bit.

    Parameters
    ----------
    train : callable(path), giving an iterator; most easily a function with ``yield``
        the run: it builds its parts, loads the checkpoint at ``path`` if there is one, trains, saves to ``path`` as
        often as it likes, and yields what is to be compared after each step (or epoch): a loss, a ``state_dict()``,
        any tensors, numbers and containers of them
    k : int or iterable of int
        after how many yields to kill it; several are tried one after the other

    The random numbers of the resumed run begin elsewhere, as in a new process: whatever its checkpoint does not restore
    shows. The resumed run may repeat the steps since the last save. Compared are bits: 0.0 is not -0.0, NaN is NaN.

    >>> import minitorch_optim as torch
    >>> from minitorch_optim import nn, optim
    >>> def train(path):
    ...     torch.manual_seed(0)
    ...     model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    ...     optimizer = optim.Adam(model.parameters(), lr=0.01)
    ...     checkpoint = torch.Checkpoint(model=model, optimizer=optimizer)
    ...     first = checkpoint.load(path)["step"] if path.exists() else 0
    ...     for step in range(first, 6):
    ...         optimizer.zero_grad()
    ...         loss = (model(torch.randn(16, 4)) ** 2).mean()
    ...         loss.backward()
    ...         optimizer.step()
    ...         checkpoint.save(path, step=step + 1)
    ...         yield loss, model.state_dict()
    >>> assert_resumes_bitwise(train, k=range(1, 6))

    Without ``optimizer=`` in the checkpoint it says::

        AssertionError: killed after 1 of 6 steps, the resumed run differs in step 2, value[1]['0.weight'] ...
    """
    with tempfile.TemporaryDirectory() as folder, _same_random_numbers():
        whole = _Run(train, Path(folder, "checkpoint"))
        whole.go()
        whole.end()
    for after in [k] if isinstance(k, int) else k:
        _try(train, whole.yields, after)


def _try(train: Callable[[Path], Iterator[Any]], expected: list[dict[str, Any]], after: int) -> None:
    total = len(expected)
    if not 0 < after < total:
        raise ValueError(f"k must be between 0 and the {total} yields of the run, exclusive, got {after}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint")
        killed, resumed = _Run(train, path), _Run(train, path)
        with _same_random_numbers():
            killed.go(after)
        if not path.exists():
            raise AssertionError(
                f"nothing was saved in the first {after} steps: save before the yield, or choose k larger"
            )
        with _same_random_numbers():
            default_generator.manual_seed(0x5EED)
            random.seed(0x5EED)
            np.random.seed(0x5EED)
            resumed.go()
        # Only now: what a killed run does in `finally` must not help the one that goes on.
        killed.end()
        resumed.end()
    killed_at = f"killed after {after} of {total} steps, the resumed run"
    found = resumed.yields
    if not found:
        raise AssertionError(f"{killed_at} yields nothing")
    if len(found) >= total:
        raise AssertionError(f"{killed_at} begins anew, as it yields {len(found)} times: does it load the checkpoint?")
    if len(found) < total - after:
        raise AssertionError(f"{killed_at} yields {len(found)} times instead of {total - after}: steps are left out")
    for step, (ours, theirs) in enumerate(zip(found, expected[-len(found) :], strict=True), total - len(found) + 1):
        for place in {**theirs, **ours}:
            if ours.get(place) != theirs.get(place):
                raise AssertionError(
                    f"{killed_at} differs in step {step}, value{place}: {_shown(ours.get(place))} instead of "
                    f"{_shown(theirs.get(place))}"
                )


class _Run:
    """A run of ``train`` in steps, and what it yielded, in a form that later steps cannot change."""

    def __init__(self, train: Callable[[Path], Iterator[Any]], path: Path) -> None:
        self.train, self.path = train, path
        self.yields: list[dict[str, Any]] = []
        self.iterator: Any = None

    def go(self, count: int | None = None) -> None:
        """``count`` steps, or all."""
        self.iterator = iter(self.train(self.path))
        for value in itertools.islice(self.iterator, count):
            self.yields.append(dict(_leaves(value, "")))

    def end(self) -> None:
        """Let the run's ``finally`` clauses happen."""
        if hasattr(self.iterator, "close"):
            self.iterator.close()


@contextlib.contextmanager
def _same_random_numbers() -> Iterator[None]:
    """At the end of the ``with`` block all random numbers go on as if it had not been there."""
    states = default_generator.get_state(), random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        default_generator.set_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Where each number of a nested value stands, and its bits."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, f"{place}[{key!r}]")
        return
    if isinstance(value, list | tuple):
        for i, member in enumerate(value):
            yield from _leaves(member, f"{place}[{i}]")
        return
    if isinstance(value, Tensor):
        value = (value.detach().to_dense() if value.is_sparse else value.detach()).numpy()
    if isinstance(value, np.ndarray | np.generic | float | complex):
        array = np.asarray(value)
        yield place, (array.dtype.str, array.shape, array.tobytes())
    else:
        yield place, (type(value).__name__, (), repr(value).encode())


def _shown(leaf: Any) -> str:
    if leaf is None:
        return "nothing"
    dtype, shape, content = leaf
    if dtype[0] not in "<>|":
        return str(content.decode())
    array = np.frombuffer(content, dtype).reshape(shape)
    return f"{array.tolist() if array.size < 10 else array} ({array.dtype})"
