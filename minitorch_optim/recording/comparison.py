"""Whether a recording does what the tape does: every array that both compute is compared, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.generator import Generator, default_generator
from .program import Program

Version = tuple[list[Callable[[Any], Any]], dict[str, Any], list[str]]


class Comparison:
    """Runs the segments of an old recording side by side with a step on the tape, each from the same state.

    Parameters
    ----------
    old : Program
        the recording to be checked
    versions : list of (list of callable, dict, list of str)
        its segments compiled on some arrays; the names of these; those of them that are to be compared
    new : Program
        the one that is made of the step under way
    arrays : list of ndarray
        what this step is given
    leaves : list of Tensor
        whose gradients are to stay as the tape leaves them
    generators : list of Generator
        whose random numbers the step may draw, beside the default one
    """

    def __init__(
        self, old: Program, versions: list[Version], new: Program, arrays: list[Any], leaves: list[Any],
        generators: list[Generator],
    ) -> None:  # fmt: skip
        self.old, self.versions, self.new = old, versions, new
        self.arrays, self.leaves = arrays, leaves
        self.generators = [default_generator, *generators]
        self.outside = [*old.written.values(), *[arrays[i] for i in old.written_inputs]]  # what it changes in place
        self.done = 0
        self.difference = ""
        self._remember()

    def _remember(self) -> None:
        self.before = [array.copy() for array in self.outside]
        self.streams = self._streams()

    def _streams(self) -> list[Any]:
        return [generator.get_state() for generator in self.generators]

    def at_boundary(self) -> None:
        """The tape has done one segment: go back to where that began, let the recording do it, and compare."""
        i, self.done = self.done, self.done + 1
        if self.difference or i >= len(self.old.segments) or self.old.lines_of(i) != self.new.lines_of(i):
            self.difference = self.difference or "they did not compute the same things"
            return
        after, streams = [array.copy() for array in self.outside], self._streams()
        own = {name: self.new.names[name].copy() for name in self.new.places}
        grads = [(leaf, leaf._grad) for leaf in self.leaves]
        for segments, names, places in self.versions:
            self._restore(self.before, self.streams)
            try:
                returned = segments[i](*self.arrays)
            except Exception as error:
                self.difference = f"{type(error).__name__} in the replay: {error}"
                break
            compared = [name for name in places if name in own]
            replayed, taped = [names[name] for name in compared], [own[name] for name in compared]
            for array, name in zip(returned or (), self.new.returned, strict=True):
                if name in own:
                    replayed.append(array)
                    taped.append(own[name])
            if not all(map(same, [*replayed, *self.outside], [*taped, *after])):
                self.difference = self.difference or (
                    "what was recorded gives other numbers than the tape. The step uses values that are made anew in "
                    "each call, beside the tape: give them as arguments"
                )
        self._restore(after, streams)
        for leaf, grad in grads:
            leaf._grad = grad
        self._remember()

    def _restore(self, values: list[Any], streams: list[Any]) -> None:
        for array, value in zip(self.outside, values, strict=True):
            array[...] = value
        for generator, stream in zip(self.generators, streams, strict=True):
            generator.set_state(stream)

    def finish(self) -> str:
        """Compare the last segment; then what differed, or nothing."""
        self.at_boundary()
        if not self.difference and (self.done != len(self.old.segments) or self.old.actions != self.new.actions):
            self.difference = "they did not compute the same things"
        return self.difference


def same(a: Any, b: Any) -> bool:
    """Whether two arrays are equal to the bit."""
    return bool(a is b or (a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()))
