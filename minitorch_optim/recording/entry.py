"""Whether a call is like the one that was recorded, asked in one function.

A replay is worth the time that it saves, and to ask all this by loops takes as long as a product of small matrices. So
the questions are written as Python, one after the other, and compiled, once a recording is proven.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.modes import modes
from ..autograd.watch import changes
from .finder import GONE
from .names import Names
from .places import Places


def entry(
    count: int, arrays: list[Any], names: Names, settings: list[Any], places: Places, seen: list[Any]
) -> Callable[..., list[Any] | None]:
    """A function of ``count`` arguments that gives their arrays, and those read by name; None where anything differs.

    Parameters
    ----------
    count : int
        how many arguments the step is given, all of them tensors
    arrays : list of ndarray
        of such a call: the arguments', then those of the tensors that the step reads by name
    names, settings
        what else it reads, and the values of the numbers and strings among it
    places : Places
        where parameters and gradients must be
    seen : list of one object
        ``changes.last`` (``autograd/watch.py``) when all other things were last found to be as they should
    """
    space: dict[str, Any] = {**names.space, "modes": modes, "changes": changes, "seen": seen}
    lines: list[str] = []
    asked = ["changes.last is seen[0]", "modes.recorder is None", "not modes.tape_only", f"modes.grad is {modes.grad}"]
    for i, array in enumerate(arrays):
        if i >= count:
            lines.append(f"a{i} = {names.tensors[i - count].text}")
        lines.append(f"x{i} = a{i}._array")
        space[f"shape{i}"], space[f"dtype{i}"], space[f"strides{i}"] = array.shape, array.dtype, array.strides
        asked += [f"x{i}.shape == shape{i}", f"x{i}.dtype == dtype{i}", f"x{i}.strides == strides{i}"]
        asked += [f"not a{i}._requires_grad", *[f"x{i} is not x{j}" for j in range(i)]]
    for i, (read, value) in enumerate(zip(names.settings, settings, strict=True)):
        space[f"value{i}"] = value
        lines.append(f"s{i} = {read.text}")
        asked.append(f"s{i} == value{i} and type(s{i}) is type(value{i})")
        if isinstance(value, float | complex) and not value:  # 0.0 and -0.0 are equal
            asked.append(f"repr(s{i}) == repr(value{i})")
    for i, (read, value) in enumerate(names.objects):
        space[f"object{i}"] = value
        asked.append(f"{read.text} is object{i}")
    for i, (tensor, array) in enumerate(zip(places.tensors, places.arrays, strict=True)):
        space[f"known{i}"], space[f"place{i}"] = tensor, array
        asked.append(f"known{i}._array is place{i}")
        asked.append(f"known{i}._requires_grad" if places.trained[i] else f"not known{i}._requires_grad")
    for i, (leaf, gradient) in enumerate(places.gradients):
        space[f"before{i}"], space[f"gradient{i}"] = leaf, gradient
        asked.append(f"before{i}._grad is None" if gradient is None else f"before{i}._grad._array is gradient{i}")
    arguments = ", ".join(f"a{i}" for i in range(count))
    source = [
        f"def enter({arguments}):",
        "    try:",
        *(f"        {line}" for line in lines),
        f"        if {' and '.join(asked)}:",
        f"            return [{', '.join(f'x{i}' for i in range(len(arrays)))}]",
        "    except gone:  # something is no tensor, or not there",
        "        pass",
        "    return None",
    ]
    space["gone"] = GONE
    exec(compile("\n".join(source) + "\n", "<entry>", "exec"), space)
    enter: Callable[..., list[Any] | None] = space.pop("enter")
    return enter
