"""Memory for the arrays of a program: what no later line reads makes room for what the next lines compute.

While a step is recorded each result has memory of its own, as on the tape. A program knows the life of each: from the
line that computes it to the last one that reads it, or looks into it by a view.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..optim import Optimizer
from ..optim.workspace import workspace
from .program import Program, owner

_WORD = re.compile(r"\bt\d+\b")


def with_shared_memory(program: Program) -> tuple[dict[str, Any], list[str]]:
    """The names of a program with arrays that share memory; and those of results that keep memory of their own.

    Gradients do not share it, because tensors hold them, and constants neither.
    """
    held = {id(owner(value._array)) for value in program.names.values() if isinstance(value, Tensor)}
    arrays = {name: program.names[name] for name in program.places}
    owners = {name: owner(array) for name, array in arrays.items()}
    lives = _lives(program, owners)
    free: dict[int, list[Any]] = {}  # by size
    rooms: dict[int, Any] = {}
    ending: dict[int, list[int]] = {}  # by line
    for key, (first, last, memory) in sorted(lives.items(), key=lambda item: item[1][0]):
        if key in held or not memory.flags.writeable:
            continue
        for line in [line for line in ending if line < first]:
            for over in ending.pop(line):
                free.setdefault(rooms[over].nbytes, []).append(rooms[over])
        fitting = free.get(memory.nbytes)
        rooms[key] = fitting.pop() if fitting else workspace(memory.nbytes, np.uint8)
        ending.setdefault(last, []).append(key)
    names = dict(program.names)
    for name, array in arrays.items():
        room = rooms.get(id(owners[name]))
        if room is not None:
            offset = _address(array) - _address(owners[name])
            names[name] = np.ndarray(array.shape, array.dtype, room, offset, array.strides)
    _put_gradients_where_they_are_gathered(program, names)
    return names, [name for name in arrays if id(owners[name]) not in rooms]


def _put_gradients_where_they_are_gathered(program: Program, names: dict[str, Any]) -> None:
    """An optimizer copies small gradients side by side, to step them together: let them be computed there."""
    places = {id(program.names[name]): name for name in program.places}
    constants = list(program.names.values())
    ours = {id(value) for value in constants if isinstance(value, Tensor)}
    for optimizer in [value for value in constants if isinstance(value, Optimizer)]:
        for p, room in optimizer.gathered():
            gradient = p._grad
            if gradient is None or id(gradient) not in ours:
                continue
            array = gradient._array
            if id(array) in places and array.base is None and array.dtype == room.dtype:
                room[...] = array
                gradient._array = names[places[id(array)]] = room


def _lives(program: Program, owners: dict[str, Any]) -> dict[int, tuple[int, int, Any]]:
    """For each piece of memory the first and the last line that mention it."""
    lives: dict[int, tuple[int, int, Any]] = {}
    lines = [line for segment in program.segments for line in segment]
    for i, line in enumerate([*lines, " ".join(program.returned)]):
        for name in _WORD.findall(line):
            if name in owners:
                memory = owners[name]
                first, _, _ = lives.get(id(memory), (i, i, memory))
                lives[id(memory)] = first, i, memory
    return lives


def _address(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
