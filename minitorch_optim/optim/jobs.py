"""Three ways in which the driver calls a rule on arrays: see the table in ``driver.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Tensor, get_default_dtype
from ..autograd.tensor import new_tensor

if TYPE_CHECKING:
    from .driver import Rule

BLOCK = 32768  # elements: a block of float32 with its gradient and state fits into a second-level cache


class Member:
    """A parameter in a plan, with its state."""

    def __init__(self, rule: Rule, p: Tensor, state: dict[str, Any]) -> None:
        self.p = p
        self.array = p._array
        self.size = p._array.size * (2 if p.dtype.kind == "c" else 1)  # a complex number is a pair of reals
        self.state = state
        assert p.grad is not None
        self.sparse = p.grad.is_sparse
        # Parameters of one kind can share a call: the same numbers for step and scalars, the same states in use.
        numbers = [state[name].item() for name in rule.numbers]
        self.kind = (p._array.real.dtype, *numbers, *[state.get(name) is None for name in rule.names])
        self.expected: list[tuple[str, Any]] = []

    def gradient(self) -> Any:
        """The gradient as an array of the parameter's shape."""
        array = self.p.grad._array  # type: ignore[union-attr]
        return array.to_dense() if self.sparse else array

    def remember(self, rule: Rule) -> None:
        """Note which arrays hold the state, to see later if the user has put others in their place."""
        self.expected = [
            (name, self.state[name]._array)
            for name in [*rule.names, "step"]
            if isinstance(self.state.get(name), Tensor)
        ]

    def holds(self, p: Tensor, state: Any) -> bool:
        """Whether parameter and state are still the arrays that the plan was made for."""
        if p is not self.p or p._array is not self.array:
            return False
        if state is not self.state and (state or self.state):  # an empty one may not have been stored
            return False
        for name, array in self.expected:
            tensor = self.state.get(name)
            if tensor is None or getattr(tensor, "_array", None) is not array:
                return False
        return p.grad is not None and p.grad.is_sparse is self.sparse


class Numbers:
    """A state that is one number, of several parameters side by side; they are equal, and change together."""

    def __init__(self, name: str, members: list[Member]) -> None:
        self.array = np.array([m.state[name].item() for m in members], get_default_dtype())
        for i, member in enumerate(members):
            hold(member.state, name, self.array[i : i + 1].reshape(()))
        self.last = self.array.tolist()

    def set(self, value: Any) -> None:
        """The new number of all."""
        self.array[:] = value
        self.last = self.array.tolist()

    def are_ours(self) -> bool:
        """Whether they are as they were last set: the user may write into them."""
        return bool(self.array.tolist() == self.last)


class Job:
    """One call of the rule a step (or one for each block)."""

    def __init__(self, rule: Rule, members: list[Member]) -> None:
        self.rule = rule
        self.members = members
        self.numbers = {name: Numbers(name, members) for name in rule.numbers}
        self.created = False  # whether the last step brought new states into being

    def numbers_are_ours(self) -> bool:
        """Whether step counters and scalars are as the last step left them."""
        return all(numbers.are_ours() for numbers in self.numbers.values())

    def step(self, options: dict[str, Any]) -> None:
        """The next step; tell the rule its number."""
        if self.rule.counts:
            steps = self.numbers["step"]
            steps.set(steps.array + 1)
            if self.rule.reads_step:
                options["t"] = steps.last[0]
        self.apply(options)

    def apply(self, options: dict[str, Any]) -> None:
        """Call the rule and put its results into place."""
        raise NotImplementedError


class Dense(Job):
    """The elements of some parameters as one flat array; a single contiguous one where it lies."""

    def __init__(self, rule: Rule, members: list[Member], block: int = BLOCK) -> None:
        super().__init__(rule, members)
        self.block = block
        only = members[0]
        self.direct = len(members) == 1 and only.array.flags.c_contiguous
        self.size = sum(m.size for m in members)
        dtype = only.array.real.dtype
        if self.direct:
            self.p = flat(only.array)
        else:
            self.p, self.g = np.empty(self.size, dtype), np.empty(self.size, dtype)
            self.p_parts, self.g_parts = self._parts_of(self.p), self._parts_of(self.g)
        self.states: list[Any] = [
            None if name in rule.scalars or members[0].state.get(name) is None
            else self._adopt(name, [m.state[name]._array for m in members])
            for name in rule.names
        ]  # fmt: skip

    def _parts_of(self, whole: Any) -> list[Any]:
        """Views of a flat array, one in the shape and dtype of each member."""
        parts, start = [], 0
        for member in self.members:
            part = whole[start : start + member.size]
            parts.append(part.view(member.array.dtype).reshape(member.array.shape))
            start += member.size
        return parts

    def _adopt(self, name: str, arrays: list[Any]) -> Any:
        """A flat array with the values of ``arrays``; from now on the members' states are views of it."""
        whole = np.empty(self.size, self.p.dtype)
        for member, part, array in zip(self.members, self._parts_of(whole), arrays, strict=True):
            if array.shape != part.shape:
                raise ValueError(
                    f"state {name!r} of a parameter of shape {part.shape} has shape {array.shape}: they must be equal"
                )
            np.copyto(part, array, casting="same_kind")
            hold(member.state, name, part)
        return whole

    def apply(self, options: dict[str, Any]) -> None:
        if self.direct:
            (member,) = self.members
            g = flat(np.ascontiguousarray(member.gradient(), member.array.dtype))
        else:
            g = self.g
            for member, p_part, g_part in zip(self.members, self.p_parts, self.g_parts, strict=True):
                np.copyto(p_part, member.array)
                np.copyto(g_part, member.gradient())
        states = list(self.states)
        numbers = {name: self.numbers[name].array[0] for name in self.rule.scalars}
        if self.size <= self.block:
            self._apply(slice(None), g, states, numbers, options)
        else:
            for start in range(0, self.size, self.block):
                self._apply(slice(start, start + self.block), g, states, numbers, options)
        if not self.direct:
            for member, part in zip(self.members, self.p_parts, strict=True):
                np.copyto(member.array, part)

    def _apply(self, block: slice, g: Any, states: list[Any], numbers: dict[str, Any], options: dict[str, Any]) -> None:
        """The rule on one block. ``states`` and ``numbers`` are as before the step, for every block."""
        names = self.rule.names
        given = [numbers.get(name) if s is None else s[block] for name, s in zip(names, states, strict=True)]
        new_p, *new_states = self.rule.function(self.p[block], g[block], *given, **options)
        self.p[block] = new_p
        for i, (name, new) in enumerate(zip(names, new_states, strict=True)):
            if name in numbers:
                self.numbers[name].set(new)
            elif new is not None:
                if self.states[i] is None:
                    self.states[i] = self._adopt(name, [np.zeros_like(m.array) for m in self.members])
                    self.created = True
                self.states[i][block] = new


class Whole(Job):
    """All elements of one parameter, in its own shape; a complex one as a flat array of reals.

    The arrays are in C order, wherever the user's lie in memory, so that sums come out the same.
    """

    def __init__(self, rule: Rule, member: Member) -> None:
        super().__init__(rule, [member])

    def apply(self, options: dict[str, Any]) -> None:
        (member,) = self.members
        p, state, names = member.array, member.state, self.rule.names
        if not p.size:
            return
        arrays = [None if state.get(name) is None else state[name]._array for name in names]
        g = np.asarray(member.gradient(), p.dtype)
        given = [None if array is None else _reals(array) for array in (p, g, *arrays)]
        new_p, *new_states = self.rule.function(*given, **options)
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


class Rows(Job):
    """The rows of a parameter that a sparse gradient names, repeated ones summed first."""

    def __init__(self, rule: Rule, member: Member) -> None:
        super().__init__(rule, [member])

    def apply(self, options: dict[str, Any]) -> None:
        (member,) = self.members
        gradient = member.p.grad._array.coalesce()  # type: ignore[union-attr]
        rows = tuple(gradient.indices)
        arrays = [None if member.state.get(n) is None else member.state[n]._array for n in self.rule.names]
        given = [
            self.numbers[n].array[0] if n in self.numbers else None if a is None else _reals(a[rows])
            for n, a in zip(self.rule.names, arrays, strict=True)
        ]
        g = np.asarray(gradient.values, member.array.dtype)
        new_p, *new_states = self.rule.function(_reals(member.array[rows]), _reals(g), *given, **options)
        _put(member.array, new_p, rows)
        for name, array, new in zip(self.rule.names, arrays, new_states, strict=True):
            if name in self.numbers:
                self.numbers[name].set(new)
            elif array is not None:
                _put(array, new, rows)


def flat(array: Any) -> Any:
    """A contiguous array as one dimension of reals: the same memory."""
    one_dimension = array.reshape(-1)
    return one_dimension.view(one_dimension.real.dtype) if one_dimension.dtype.kind == "c" else one_dimension


def _reals(array: Any) -> Any:
    """A real array in C order; a complex one flat, as pairs of reals."""
    return flat(np.ascontiguousarray(array)) if array.dtype.kind == "c" else np.asarray(array, order="C")


def _put(array: Any, new: Any, where: Any = ...) -> None:
    """Write what a rule returned, in the form that :func:`_reals` gave it."""
    if array.dtype.kind == "c":
        new = np.ascontiguousarray(new).view(array.dtype).reshape(array[where].shape)
    array[where] = new


def hold(state: dict[str, Any], name: str, array: Any) -> None:
    """Let the state's tensor hold ``array``; it stays the same tensor."""
    tensor = state.get(name)
    if isinstance(tensor, Tensor):
        tensor._array = array
    else:
        state[name] = new_tensor(array)
