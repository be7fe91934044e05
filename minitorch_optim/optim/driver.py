"""The driver: how one pure rule is applied to all parameters of a group.

A rule takes arrays and gives new ones; it knows nothing of tensors, groups or sparsity::

    def rule(p, g, exp_avg, ..., *, t, lr, ...):
        ...
        return new_p, new_exp_avg, ...

Its signature says the rest: the arguments after ``p`` and ``g`` are the names of its state, the keywords are options of the group
(and ``t``, the number of this step, from 1). There are four ways to call it:

========  =====================================================  ==============================================================
Dense     the elements of one parameter, or of several small     a large one is taken in blocks that stay in the cache: plain
          ones gathered into one flat array                      expressions are then as fast as hand-tuned loops. Small ones
                                                                 share one call
Rows      the rows of a parameter that a sparse gradient names   untouched rows cost nothing
Whole     a parameter as it is                                   for rules with norms and matrix products
Recorded  Tensors                                                ``differentiable=True``: the step becomes part of the graph
========  =====================================================  ==============================================================
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Tensor, get_default_dtype
from ..autograd.inplace import overwrite
from ..autograd.tensor import new_tensor
from .checks import number

if TYPE_CHECKING:
    from .optimizer import Optimizer

BLOCK = 32768  # elements: a block of float32 with its gradient and state fits into a second-level cache


class Rule:
    """A rule, and what its signature says about it."""

    def __init__(self, function: Callable[..., tuple[Any, ...]], scalars: tuple[str, ...]) -> None:
        parameters = inspect.signature(function).parameters.values()
        arrays = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        self.function = function
        self.names = arrays[2:]  # of the state, in order
        self.scalars = frozenset(scalars)  # those of them that are one number for each parameter
        self.counts = "t" in keywords
        self.options = [name for name in keywords if name != "t"]

    @classmethod
    def of(cls, optimizer: type[Optimizer]) -> Rule:
        """The rule of an optimizer class."""
        assert optimizer.rule is not None
        return cls(optimizer.rule, optimizer.scalars)

    def options_of(self, optimizer: Optimizer, group: dict[str, Any], recorded: bool = False) -> dict[str, Any]:
        """The keywords of the rule from the options in force; tensors among them as numbers, unless all is recorded."""
        options = {}
        for name in self.options:
            value = group[name] if name in group else optimizer.defaults[name]
            if not recorded:
                value = tuple(map(number, value)) if isinstance(value, tuple | list) else number(value)
            options[name] = value
        return options

    def prepare(self, optimizer: Optimizer, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        """The state of ``p``, with what is missing of it filled in and what is there brought to the right form."""
        state = optimizer.state[p]
        if self.counts and not isinstance(state.get("step"), Tensor):
            state["step"] = new_tensor(np.array(number(state.get("step", 0)), get_default_dtype()))
        for name, start in optimizer.initial(group, p).items():
            value = state.get(name)
            if value is None:
                if start is None:
                    continue
                if name in self.scalars:
                    array = np.array(start, get_default_dtype())
                elif isinstance(start, np.ndarray):
                    array = start
                else:
                    array = np.empty(p.shape, p.dtype)
                    _flat(array).fill(start)
                state[name] = new_tensor(array)
            elif not isinstance(value, Tensor):
                state[name] = new_tensor(np.array(value, get_default_dtype() if name in self.scalars else p.dtype))
        return state

    # -- the four ways ---------------------------------------------------------------------------

    def plan(self, optimizer: Optimizer, group: dict[str, Any]) -> Plan:
        """Decide how to step the parameters of ``group`` that have a gradient now."""
        members = []
        for p in dict.fromkeys(group["params"]):
            if p.grad is not None:
                if p.grad.is_sparse:
                    optimizer.check_sparse(group)
                members.append(Member(self, p, self.prepare(optimizer, group, p)))
        jobs: list[Job] = []
        packs: dict[Any, list[Member]] = {}
        for member in members:
            if member.sparse:
                jobs.append(Rows(self, member))
            elif optimizer.whole:
                jobs.append(Whole(self, member))
            elif member.size > BLOCK and not optimizer.together:
                jobs.append(Dense(self, [member]))
            else:
                packs.setdefault(member.kind, []).append(member)
        for alike in packs.values():
            if optimizer.together:
                jobs.append(Dense(self, alike, block=sum(member.size for member in alike)))
            else:
                jobs += [Dense(self, pack) for pack in _packed(alike)]
        return Plan(self, optimizer, group, members, jobs)

    def step_recorded(self, optimizer: Optimizer, group: dict[str, Any]) -> None:
        """One step on Tensors: gradients flow through it to parameters, gradients, state and options."""
        options = self.options_of(optimizer, group, recorded=True)
        for p in group["params"]:
            if p.grad is None:
                continue
            if p.grad.is_sparse:
                raise RuntimeError(f"{type(optimizer).__name__} with differentiable=True does not support sparse gradients")
            state = self.prepare(optimizer, group, p)
            if self.counts:
                state["step"] = step = state["step"].detach() + 1
                options["t"] = step.item()
            new_p, *new_state = self.function(p, p.grad, *(state.get(name) for name in self.names), **options)
            overwrite(p, new_p, "step")
            state.update({name: value for name, value in zip(self.names, new_state, strict=True) if value is not None})


class Member:
    """A parameter in a plan, with its state as arrays."""

    def __init__(self, rule: Rule, p: Tensor, state: dict[str, Any]) -> None:
        self.p = p
        self.array = p._array
        self.size = p._array.size * (2 if p.dtype.kind == "c" else 1)  # a complex number is a pair of reals
        self.state = state
        assert p.grad is not None
        self.sparse = p.grad.is_sparse
        self.tensors = [state.get(name) for name in rule.names]
        if rule.counts:
            self.tensors.append(state["step"])
        # Parameters of one kind can share a call: the same numbers for step and scalars, the same states in use.
        numbers = [t.item() for n, t in zip([*rule.names, "step"], self.tensors) if t is not None and t.ndim == 0 and (
            n in rule.scalars or n == "step")]  # fmt: skip
        self.kind = (p._array.real.dtype, *numbers, *[t is None for t in self.tensors])
        self.expected: list[Any] = []

    def remember(self, rule: Rule) -> None:
        """Note which arrays hold the state, to see later if the user has put others in their place."""
        names = [*rule.names, "step"] if rule.counts else rule.names
        self.expected = [
            (name, self.state[name]._array) for name in names if isinstance(self.state.get(name), Tensor)
        ]

    def holds(self, p: Tensor, state: Any) -> bool:
        """Whether parameter and state are still the arrays that the plan was made for."""
        if p is not self.p or p._array is not self.array or state is not self.state:
            return False
        for name, array in self.expected:
            tensor = self.state.get(name)
            if tensor is None or getattr(tensor, "_array", None) is not array:
                return False
        return p.grad is not None and p.grad.is_sparse is self.sparse


class Plan:
    """How to step one group, as long as the same parameters have gradients and nobody replaces an array."""

    def __init__(
        self, rule: Rule, optimizer: Optimizer, group: dict[str, Any], members: list[Member], jobs: list[Job]
    ) -> None:
        self.rule, self.members, self.jobs = rule, members, jobs
        self.defaults, self.state = optimizer.defaults, optimizer.state
        self.switches = self._switches(optimizer, group)
        for member in members:
            member.remember(rule)

    def _switches(self, optimizer: Optimizer, group: dict[str, Any]) -> tuple[bool, ...]:
        """Which options are on: switching one on may call for state that is not there yet."""
        self.options = self.rule.options_of(optimizer, group)
        return tuple(map(bool, self.options.values()))

    def holds(self, optimizer: Optimizer, group: dict[str, Any]) -> bool:
        """Whether the plan still fits; and take over the options now in force."""
        if self._switches(optimizer, group) != self.switches:
            return False
        members, i, state = self.members, 0, optimizer.state
        for p in group["params"]:
            if p.grad is not None:
                if i == len(members) or not members[i].holds(p, state.get(p)):
                    return False
                i += 1
        return i == len(members) and all(job.in_step() for job in self.jobs)

    def step(self) -> None:
        """Apply the rule to everything once."""
        for job in self.jobs:
            job.step(self.options)
            for member in job.members:
                member.p._version[0] += 1
                if job.created:
                    member.remember(self.rule)
            job.created = False


class Job:
    """One call of the rule a step (or one for each block)."""

    def __init__(self, rule: Rule, members: list[Member]) -> None:
        self.rule = rule
        self.members = members
        self.created = False  # whether the last step brought new states into being
        if rule.counts:
            self.steps = np.array([float(m.state["step"].item()) for m in members], get_default_dtype())
            for i, member in enumerate(members):
                member.state["step"]._array = self.steps[i : i + 1].reshape(())
            self.last = self.steps.tolist()

    def in_step(self) -> bool:
        """Whether the step counters are as the last step left them (the user may write into them)."""
        return not self.rule.counts or self.steps.tolist() == self.last

    def count(self, options: dict[str, Any]) -> None:
        """The next step: tell the rule its number."""
        if self.rule.counts:
            self.steps += 1
            self.last = self.steps.tolist()
            options["t"] = self.last[0]

    def step(self, options: dict[str, Any]) -> None:
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
            self.p = _flat(only.array)
        else:
            self.p, self.g = np.empty(self.size, dtype), np.empty(self.size, dtype)
            self.p_parts, self.g_parts = self._parts_of(self.p), self._parts_of(self.g)
        self.states: list[Any] = []
        for name in rule.names:
            given = [m.state.get(name) for m in members]
            if given[0] is None:
                self.states.append(None)
            elif name in rule.scalars:
                self.states.append(self._adopt_scalar(name, [t._array for t in given if t is not None]))
            else:
                self.states.append(self._adopt(name, [t._array for t in given if t is not None]))

    def _parts_of(self, flat: Any) -> list[Any]:
        """Views of ``flat``, one in the shape and dtype of each member."""
        parts, start = [], 0
        for member in self.members:
            part = flat[start : start + member.size]
            parts.append(part.view(member.array.dtype).reshape(member.array.shape))
            start += member.size
        return parts

    def _adopt(self, name: str, arrays: list[Any]) -> Any:
        """A flat array with the values of ``arrays``; from now on the members' states are views of it."""
        flat = np.empty(self.size, self.p.dtype)
        for member, part, array in zip(self.members, self._parts_of(flat), arrays, strict=True):
            if array.shape != part.shape:
                raise ValueError(
                    f"state {name!r} of a parameter of shape {part.shape} has shape {array.shape}: they must be equal"
                )
            np.copyto(part, array, casting="same_kind")
            _hold(member.state, name, part)
        return flat

    def _adopt_scalar(self, name: str, arrays: list[Any]) -> Any:
        numbers = np.array([float(a) for a in arrays], get_default_dtype())
        for i, member in enumerate(self.members):
            _hold(member.state, name, numbers[i : i + 1].reshape(()))
        return numbers

    def step(self, options: dict[str, Any]) -> None:
        self.count(options)
        if self.direct:
            g = _flat(np.ascontiguousarray(self.members[0].p.grad._array))  # type: ignore[union-attr]
        else:
            g = self.g
            for member, p_part, g_part in zip(self.members, self.p_parts, self.g_parts, strict=True):
                np.copyto(p_part, member.array)
                np.copyto(g_part, member.p.grad._array)  # type: ignore[union-attr]
        if self.size <= self.block:
            self._block(slice(None), g, options)
        else:
            for start in range(0, self.size, self.block):
                self._block(slice(start, start + self.block), g, options)
        if not self.direct:
            for member, part in zip(self.members, self.p_parts, strict=True):
                np.copyto(member.array, part)

    def _block(self, block: slice, g: Any, options: dict[str, Any]) -> None:
        scalars, first = self.rule.scalars, block.start in (None, 0)
        given = [
            s if s is None else s[0] if name in scalars else s[block]
            for name, s in zip(self.rule.names, self.states, strict=True)
        ]
        new_p, *new_states = self.rule.function(self.p[block], g[block], *given, **options)
        self.p[block] = new_p
        last = block.stop is None or block.stop >= self.size
        for i, (name, new) in enumerate(zip(self.rule.names, new_states, strict=True)):
            if name in scalars:
                if last:
                    self.states[i][:] = new
            elif new is not None:
                if self.states[i] is None and first:
                    self.states[i] = self._adopt(name, [np.zeros_like(m.array) for m in self.members])
                    self.created = True
                self.states[i][block] = new


class Whole(Job):
    """One parameter in its own shape."""

    def __init__(self, rule: Rule, member: Member) -> None:
        super().__init__(rule, [member])

    def step(self, options: dict[str, Any]) -> None:
        self.count(options)
        (member,) = self.members
        state = member.state
        given = [state[n]._array if state.get(n) is not None else None for n in self.rule.names]
        new_p, *new_states = self.rule.function(member.array, member.p.grad._array, *given, **options)  # type: ignore[union-attr]
        np.copyto(member.array, new_p, casting="same_kind")
        for name, old, new in zip(self.rule.names, given, new_states, strict=True):
            if new is None:
                continue
            if old is None:
                state[name] = new_tensor(np.array(new))
                self.created = True
            else:
                np.copyto(old, new, casting="same_kind")


class Rows(Job):
    """The rows of a parameter that a sparse gradient names, repeated ones summed first."""

    def __init__(self, rule: Rule, member: Member) -> None:
        super().__init__(rule, [member])

    def step(self, options: dict[str, Any]) -> None:
        self.count(options)
        (member,) = self.members
        gradient = member.p.grad._array.coalesce()  # type: ignore[union-attr]
        rows = tuple(gradient.indices)
        arrays = [None if member.state.get(n) is None else member.state[n]._array for n in self.rule.names]
        given = [a if a is None or n in self.rule.scalars else a[rows] for n, a in zip(self.rule.names, arrays)]
        new_p, *new_states = self.rule.function(member.array[rows], gradient.values, *given, **options)
        member.array[rows] = new_p
        for array, new in zip(arrays, new_states, strict=True):
            if array is not None:
                array[rows if array.ndim else ...] = new


def _packed(members: list[Member]) -> list[list[Member]]:
    """The members in packs of at most one block."""
    packs: list[list[Member]] = [[]]
    size = 0
    for member in members:
        if size + member.size > BLOCK and packs[-1]:
            packs.append([])
            size = 0
        packs[-1].append(member)
        size += member.size
    return packs


def _flat(array: Any) -> Any:
    """A contiguous array as one dimension of reals: the same memory."""
    flat = array.reshape(-1)
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _hold(state: dict[str, Any], name: str, array: Any) -> None:
    """Let the state's tensor hold ``array``; it stays the same tensor."""
    tensor = state.get(name)
    if isinstance(tensor, Tensor):
        tensor._array = array
    else:
        state[name] = new_tensor(array)
