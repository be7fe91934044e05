"""Where a DataLoader stands in a pass over the data, and how another one comes to stand there.

The order of a pass follows from the states of the generators at its start. So these and the number of batches taken are
all there is to save: whoever goes on draws the same order again and leaves out what was taken.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from ...autograd import Generator, Tensor, default_generator

__all__ = ["Pass", "generators_of", "replaying", "states_of", "without"]


class Pass:
    """One pass over the data.

    Attributes
    ----------
    start : list of Tensor
        the states of the generators when it began
    taken : int
        how many batches were handed out
    over : bool
        whether all were, or the loop was left
    """

    def __init__(self, start: Sequence[Tensor], taken: int = 0) -> None:
        self.start = list(start)
        self.taken = taken
        self.over = False

    def counting(self, batches: Iterator[Any]) -> Iterator[Any]:
        """``batches``, counted."""
        try:
            for batch in batches:
                self.taken += 1
                yield batch
        finally:
            self.over = True


def generators_of(loader: Any) -> list[Generator]:
    """What the order may be drawn from, each once: the global generator, then those of loader, samplers and dataset."""
    found = [default_generator]
    places = (loader, loader.sampler, loader.batch_sampler, getattr(loader.batch_sampler, "sampler", None))
    for place in (*places, loader.dataset):
        generator = getattr(place, "generator", None)
        if isinstance(generator, Generator) and all(generator is not other for other in found):
            found.append(generator)
    return found


def states_of(generators: Sequence[Generator]) -> list[Tensor]:
    """Their states, for ``set_state``."""
    return [generator.get_state() for generator in generators]


@contextlib.contextmanager
def replaying(resumed: Pass, generators: Sequence[Generator], ahead: bool) -> Iterator[None]:
    """Within the ``with`` block the generators are as at the start of the pass; then they are as they were before.

    Threads that work ``ahead`` had drawn more from the loader's own generators than the batches taken needed; these
    generators then stay where the batches taken leave them.
    """
    before = states_of(generators)
    for generator, state in zip(generators, resumed.start, strict=True):
        generator.set_state(state)
    yield
    for generator, state in zip(generators[:1] if ahead else generators, before, strict=False):
        generator.set_state(state)


def without(skipped: int, things: Iterator[Any]) -> Iterator[Any]:
    """``things`` after the first ``skipped``, which are drawn at once."""
    found = sum(1 for _ in itertools.islice(things, skipped))
    if found < skipped:
        raise ValueError(
            f"the DataLoader is to go on after {skipped} batches, and a pass has only {found}: dataset, batch size and "
            f"sampler must be the same as when its state was saved"
        )
    return things
