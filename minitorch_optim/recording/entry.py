"""Whether a call is like the one that was recorded, asked in one function.

A replay is worth the time that it saves, and to ask all this by loops takes as long as a product of small matrices. So
the questions are written as Python, one after the other, and compiled, once a recording is proven.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.modes import modes
from .names import Names
from .places import Places


def entry(count: int, arrays: list[Any], names: Names, places: Places) -> Callable[..., list[Any] | None]:
    """A function of ``count`` arguments that gives their arrays, and those read by name; None where anything differs.

    Parameters
    ----------
    count : int
        how many arguments the step is given, all of them tensors
    arrays : list of ndarray
        of such a call: the arguments', then those of the tensors that the step reads by name
    names, places
        what else must be as it is now
    """
    space: dict[str, Any] = {"modes": modes}
    lines: list[str] = []
    asked = ["modes.recorder is None", "not modes.tape_only", f"modes.grad is {modes.grad}"]
    for i, array in enumerate(arrays):
        if i >= count:
            space[f"tensor{i}"] = names.tensors[i - count]
            lines.append(f"a{i} = tensor{i}()")
        lines.append(f"x{i} = a{i}._array")
        space[f"shape{i}"], space[f"dtype{i}"] = array.shape, array.dtype
        asked += [f"x{i}.shape == shape{i}", f"x{i}.dtype == dtype{i}", f"not a{i}._requires_grad"]
        asked += [f"x{i} is not x{j}" for j in range(i)]
    for i, module in enumerate(names.modules):
        space[f"module{i}"] = module
        asked.append(f"module{i}.training is {module.training}")
    for i, (_, setting) in enumerate(names.settings):
        space[f"setting{i}"], space[f"value{i}"] = setting, setting()
        lines.append(f"s{i} = setting{i}()")
        asked.append(f"s{i} == value{i} and type(s{i}) is type(value{i})")
    for i, (_, get) in enumerate(names.objects):
        space[f"get{i}"], space[f"object{i}"] = get, get()
        asked.append(f"get{i}() is object{i}")
    for i, (leaf, array) in enumerate(zip(places.leaves, places.arrays, strict=True)):
        space[f"leaf{i}"], space[f"place{i}"] = leaf, array
        asked.append(f"leaf{i}._array is place{i} and leaf{i}._requires_grad")
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
        "    except (AttributeError, LookupError, ValueError):  # something is no tensor, or not there",
        "        pass",
        "    return None",
    ]
    exec(compile("\n".join(source) + "\n", "<entry>", "exec"), space)
    enter: Callable[..., list[Any] | None] = space.pop("enter")
    return enter
