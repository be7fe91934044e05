"""What a step does to some parameters: see the table in ``driver.py``. Its first rows: ``dense.py``, ``rows.py``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Tensor, get_default_dtype
from ..autograd.tensor import new_tensor
from .formula import Options

if TYPE_CHECKING:
    from .driver import Rule


class Member:
    """A parameter in a plan, with its state."""

    def __init__(self, rule: Rule, p: Tensor, state: dict[str, Any]) -> None:
        self.p = p
        self.array = p._array
        self.real = p._array.real.dtype
        self.reals = 2 if p.dtype.kind == "c" else 1  # in an element: a complex number is a pair of them
        self.size = p._array.size * self.reals
        self.state = state
        assert p.grad is not None
        self.sparse = p.grad.is_sparse
        self.plain = not self.sparse and self.array.dtype.kind != "c"
        # Parameters of one kind can share a call: the same numbers for step and scalars, the same states in use.
        numbers = [state[name].item() for name in rule.numbers]
        self.kind = (self.real, *numbers, *[state.get(name) is None for name in rule.names])

    def held(self, name: str) -> Any:
        """The array of that state, which has the parameter's shape; None where there is no such state."""
        tensor = self.state.get(name)
        if not isinstance(tensor, Tensor):
            return None
        if tensor._array.shape != self.array.shape:
            raise ValueError(
                f"state {name!r} of a parameter of shape {self.array.shape} has shape {tensor._array.shape}: they must "
                f"be equal"
            )
        return tensor._array

    def gradient(self) -> Any:
        """The gradient as an array of the parameter's shape."""
        array = self.p._grad._array  # type: ignore[union-attr]
        return array.to_dense() if self.sparse else array

    def elements(self) -> Any:
        """The gradient as one dimension of reals, in C order. Never the parameter's own memory, which is written to."""
        g = self.p._grad._array.ravel() if self.plain else flat(self.gradient().ravel())  # type: ignore[union-attr]
        if self.p._grad._array is self.array:  # type: ignore[union-attr]
            g = g.copy()
        return g if g.dtype is self.real else g.astype(self.real)


class Numbers:
    """A state that is one number, of several parameters side by side; they are equal, and change together."""

    def __init__(self, name: str, members: list[Member]) -> None:
        self.name = name
        self.array = np.array([m.state[name].item() for m in members], get_default_dtype())
        for i, member in enumerate(members):
            hold(member.state, name, self.array[i : i + 1].reshape(()))
        self.last = self.array.tolist()
        self.countable = 2 / np.finfo(self.array.dtype).eps  # up to here the dtype has every whole number

    def following(self) -> Any:
        """One more, as far as the dtype can count."""
        return self.last[0] + 1 if self.last[0] < self.countable else self.last[0]

    def set(self, value: Any) -> None:
        """The new number of all."""
        self.array.fill(value)
        self.last = self.array.tolist()

    def are_ours(self) -> bool:
        """Whether they are as they were last set: the user may write into them."""
        return bool(self.array.tolist() == self.last)


class Job:
    """What a step does to some parameters. Where the rule raises, they are as they were, and so is their state."""

    def __init__(self, rule: Rule, members: list[Member]) -> None:
        self.rule = rule
        self.members = members
        self.numbers = {name: Numbers(name, members) for name in rule.numbers}
        self.created = False  # whether the last step brought new states into being

    def gathered(self) -> Iterator[tuple[Tensor, Any]]:
        """The parameters whose gradients are copied side by side before the step, with the places of these."""
        return iter(())

    def numbers_are_ours(self) -> bool:
        """Whether step counters and scalars are as the last step left them."""
        return not self.numbers or all(map(Numbers.are_ours, self.numbers.values()))

    def step(self, options: Options) -> None:
        """The next step."""
        if not self.rule.counts:
            self.apply(options)
            return
        counter = self.numbers["step"]
        t = counter.following()
        self.apply(options, t)
        counter.set(t)

    def apply(self, options: Options, t: Any = None) -> None:
        """Call the rule for step ``t`` and put its results into place."""
        raise NotImplementedError


class Whole(Job):
    """All elements of one parameter, in its own shape; a complex one as a flat array of reals.

    The arrays are in C order, wherever the user's lie in memory, so that sums come out the same.
    """

    def __init__(self, rule: Rule, member: Member) -> None:
        super().__init__(rule, [member])

    def apply(self, options: Options, t: Any = None) -> None:
        (member,) = self.members
        p, state, names = member.array, member.state, self.rule.names
        if not p.size:
            return
        arrays = [None if state.get(name) is None else state[name]._array for name in names]
        g = np.asarray(member.gradient(), p.dtype)
        given = [None if array is None else _reals(array) for array in (p, g, *arrays)]
        new_p, *new_states = self.rule.results(self.rule.function(*given, **self.rule.keywords(options, t)))
        _put(p, new_p)
        for name, array, new in zip(names, arrays, new_states, strict=True):
            if name in self.numbers:
                self.numbers[name].set(new)
            elif new is not None:
                if array is None:
                    array = np.empty_like(p)
                    state[name] = new_tensor(array)
                    self.created = True
                _put(array, new)


def flat(array: Any) -> Any:
    """A contiguous array as one dimension of reals: the same memory."""
    one_dimension = array.reshape(-1)
    return one_dimension.view(one_dimension.real.dtype) if one_dimension.dtype.kind == "c" else one_dimension


def _reals(array: Any) -> Any:
    """A real array in C order; a complex one flat, as pairs of reals."""
    return flat(np.ascontiguousarray(array)) if array.dtype.kind == "c" else np.asarray(array, order="C")


def _put(array: Any, new: Any) -> None:
    """Write what a rule returned, in the form that :func:`_reals` gave it."""
    if array.dtype.kind == "c":
        new = np.ascontiguousarray(new).view(array.dtype).reshape(array.shape)
    array[...] = new


def hold(state: dict[str, Any], name: str, array: Any) -> None:
    """Let the state's tensor hold ``array``; it stays the same tensor."""
    tensor = state.get(name)
    if isinstance(tensor, Tensor):
        tensor._array = array
    else:
        state[name] = new_tensor(array)
