"""Everything as it was: what a training step changes is kept before it and given back after it."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..autograd import Generator, Tensor
from ..nn import Module
from ..optim import Optimizer
from ..optim.lr_scheduler import LRScheduler
from ..utils.data import DataLoader
from ..utils.data.position import generators_of
from .copies import given_back
from .lint_variables import Variables


class Keeper:
    """Keeps objects as they are, and gives them back that way when the ``with`` block ends."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._kept: set[int] = set()

    def __enter__(self) -> Keeper:
        self._stack.enter_context(_random_numbers())
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.__exit__(*exception)

    def _is_new(self, thing: Any) -> bool:
        new = id(thing) not in self._kept
        self._kept.add(id(thing))
        return new

    def tensors(self, *tensors: Tensor) -> None:
        """Keep values, gradients and versions."""
        self._stack.enter_context(given_back(t for t in tensors if self._is_new(t)))

    def module(self, module: Module) -> None:
        """Keep parameters, buffers, modes, hooks and every other attribute, here and below."""
        for part in module.modules():
            if self._is_new(part):
                self._stack.enter_context(_attributes(part))
        self.tensors(*(p for _, p in module.named_parameters()), *module.buffers())

    def optimizer(self, optimizer: Optimizer) -> None:
        """Keep groups, state and the parameters."""
        if self._is_new(optimizer):
            for group in optimizer.param_groups:
                self.tensors(*group["params"], *(v for v in group.values() if isinstance(v, Tensor)))
            self._stack.enter_context(_of_optimizer(optimizer))
            states = optimizer.state.values()
            self.tensors(*(t for state in states for t in _dense_tensors(state)))
            for value in optimizer.__dict__.values():
                if isinstance(value, Optimizer):
                    self.optimizer(value)

    def variables(self, variables: Variables) -> None:
        """Keep what names refer to, what is in lists and dicts, and where schedules and generators are."""
        for _, cell in variables.cells:
            self._stack.enter_context(_cell(cell))
        for namespace, names in variables.namespaces:
            self._stack.enter_context(_names(namespace, names))
        for _, value in variables.named:
            if isinstance(value, list | dict) and self._is_new(value):
                self._stack.enter_context(_contents(value))
        for scheduler in variables.of_type(LRScheduler).values():
            self.scheduler(scheduler)
        for loader in variables.of_type(DataLoader).values():
            self._stack.enter_context(_attributes(loader))
            self._generators(*generators_of(loader))
        self._generators(*variables.of_type(Generator).values())
        self.tensors(*variables.of_type(Tensor).values())

    def _generators(self, *generators: Generator) -> None:
        for generator in generators:
            if self._is_new(generator):
                self._stack.callback(generator.set_state, generator.get_state())

    def scheduler(self, scheduler: Any) -> None:
        """Keep a schedule, and those it is made of."""
        if self._is_new(scheduler):
            self._stack.enter_context(_attributes(scheduler))
            for value in scheduler.__dict__.values():
                for part in value if isinstance(value, list | tuple) else ():
                    if isinstance(part, LRScheduler):
                        self.scheduler(part)


def _dense_tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in the state of a parameter, those in lists too."""
    if isinstance(value, Tensor) and not value.is_sparse:
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _dense_tensors(part)


def _copied(value: Any) -> Any:
    """The same tensors in lists and dicts of their own."""
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return list(value) if isinstance(value, list) else value


@contextlib.contextmanager
def _random_numbers() -> Iterator[None]:
    """NumPy's and Python's own; the library's are kept with the tensors."""
    numpy, python = np.random.get_state(), random.getstate()
    with given_back(()):
        try:
            yield
        finally:
            np.random.set_state(numpy)
            random.setstate(python)


@contextlib.contextmanager
def _attributes(thing: Any) -> Iterator[None]:
    """Each attribute, with its contents if it is a list or dict."""
    with _contents(thing.__dict__), contextlib.ExitStack() as stack:
        for value in thing.__dict__.values():
            if type(value) in (list, dict):
                stack.enter_context(_contents(value))
        yield


@contextlib.contextmanager
def _contents(container: Any) -> Iterator[None]:
    before = container.copy()
    try:
        yield
    finally:
        if isinstance(container, list):
            container[:] = before
        else:
            container.clear()
            container.update(before)


@contextlib.contextmanager
def _names(namespace: dict[str, Any], names: set[str]) -> Iterator[None]:
    before = {name: namespace[name] for name in names if name in namespace}
    try:
        yield
    finally:
        namespace.update(before)


@contextlib.contextmanager
def _cell(cell: Any) -> Iterator[None]:
    try:
        before = cell.cell_contents
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        cell.cell_contents = before


@contextlib.contextmanager
def _of_optimizer(optimizer: Optimizer) -> Iterator[None]:
    own = optimizer.__dict__
    before = dict(own)
    groups = list(optimizer.param_groups)
    options = [dict(group) for group in groups]
    members = [list(group["params"]) for group in groups]
    state = {key: _copied(value) for key, value in optimizer.state.items()}
    try:
        yield
    finally:
        own.clear()
        own.update(before)
        optimizer.param_groups[:] = groups
        for group, option, params in zip(groups, options, members, strict=True):
            group.clear()
            group.update(option)
            group["params"][:] = params
        optimizer.state.clear()
        optimizer.state.update(state)
        optimizer._plans.clear()  # they know the state of the steps that are undone
