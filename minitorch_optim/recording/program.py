"""A recorded step as a straight piece of Python: lines that call NumPy on arrays which are there already.

``print(fast.source)`` shows it. Names: ``x0 x1 ...`` are what the step is given, ``t0 t1 ...`` places for what it
computes, ``c0 c1 ...`` arrays from outside, such as the parameters, ``n0_5`` the number 0.5 as an array without
dimensions, which NumPy takes more quickly than a Python number, and ``k0 k1 ...`` other constants.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from .traced import Number, Traced, Untraceable, raw

_OURS = re.compile(r"[a-z]\d.*|step")  # names that a program gives itself


class Changed(Exception):
    """A branch would now go another way than when the step was recorded."""


def spoken(question: str) -> str:
    """The name of a question as words: ``every_class_exists`` as "every class exists"."""
    return question.strip("_").replace("_", " ")


class Program:
    """Lines in segments; between two segments lies a call that acts on objects, as an optimizer's step does.

    Parameters
    ----------
    inputs : sequence of ndarray
        what the step was given when it was recorded
    """

    def __init__(self, inputs: Sequence[Any]) -> None:
        self.segments: list[list[str]] = [[]]
        self.actions: list[str] = []  # the lines between them
        self.guards: list[str] = []  # lines in front of the first segment
        self.returned: list[str] = []  # what the last segment returns copies of
        self.names: dict[str, Any] = {"put": put, "Changed": Changed}
        self.inputs = list(inputs)
        self.places: list[str] = []  # the names of what it computes
        self.written: dict[int, Any] = {}  # arrays from outside that are changed in place
        self.written_inputs: set[int] = set()  # and which of the inputs are
        self.errors = np.geterr()  # what NumPy does at a division by zero and the like
        self.refused = ""  # why it cannot be run again, if it cannot
        self.undo: list[tuple[Any, Any]] | None = None  # what to put back if a call turns out to be untraceable
        self._traced: dict[int, Traced] = {}
        self._transposed: set[str] = set()  # what is returned, and is not in C order
        self._own: set[int] = set()  # the memory that belongs to the program
        self._views: dict[str, str] = {}  # lines that look into an input anew each time
        self._counts: dict[str, int] = {}
        self._constants: dict[tuple[int, str], str] = {}
        self._numbers: dict[tuple[str, Any], str] = {}
        for i, array in enumerate(self.inputs):
            self._traced[id(array)] = Traced(self, array, f"x{i}")

    # -- arrays ----------------------------------------------------------------------------------

    def traced(self, array: Any) -> Traced:
        """The place of an array in the program; one that is not known yet comes from outside."""
        known = self._traced.get(id(array))
        if known is not None and known.array is array:
            return known
        for x in self.inputs:
            if np.may_share_memory(x, array):
                return self._part_of(self._traced[id(x)], array)
        return self._enter(array, "t" if self.owns(array) else "c")

    def _part_of(self, given: Traced, array: Any) -> Traced:
        """A view of an input that was made beside the tape."""
        x = given.array
        if not x.flags.c_contiguous:
            raise Untraceable("a part of an input")
        if x.dtype == array.dtype and x.size == array.size and array.flags.c_contiguous:
            return self.view(array, given, f"{given.name}.reshape({array.shape!r})")
        offset = array.__array_interface__["data"][0] - x.__array_interface__["data"][0]
        where = f"{array.shape!r}, {self.constant(array.dtype)}, {given.name}, {offset}, {array.strides!r}"
        return self.view(array, given, f"{self.constant(np.ndarray, 'ndarray')}({where})")

    def fresh(self, array: Any) -> Traced:
        """The place for a result."""
        self._own.add(id(owner(array)))
        return self._enter(array, "t")

    def cast(self, of: Traced, dtype: Any) -> Traced:
        """The same values in an array of their own, in C order."""
        target = self.fresh(of.array.astype(dtype, order="C"))
        self.line(f"{target.name}[...] = {of.name}")
        return target

    def _enter(self, array: Any, kind: str) -> Traced:
        name = self._new_name(kind)
        self.names[name] = array
        if kind == "t":
            self.places.append(name)
        result = self._traced[id(array)] = Traced(self, array, name)
        return result

    def view(self, array: Any, source: Traced, how: str) -> Traced:
        """A view, by the expression ``how``: made once where memory stays, each time anew where it is an input's."""
        if array is source.array:
            return source
        if source.name not in self.names:  # an input, or a view of one
            name = self._new_name("v")
            self._views[name] = f"{name} = {how}"
            result = self._traced[id(array)] = Traced(self, array, name)
            return result
        return self._enter(array, source.name[0])

    def _new_name(self, kind: str) -> str:
        count = self._counts.get(kind, 0)
        self._counts[kind] = count + 1
        return f"{kind}{count}"

    def owns(self, array: Any) -> bool:
        """Whether the program computes ``array``, or what it looks into."""
        return id(owner(array)) in self._own

    def reads(self, array: Any) -> bool:
        """Whether ``array`` has a name in the program."""
        known = self._traced.get(id(array))
        return known is not None and known.array is array

    def will_write(self, target: Any) -> None:
        """``target`` is about to be changed in place."""
        if type(target) is not Traced:
            raise Untraceable("an array made on the way is changed in place")
        memory = owner(target.array)
        if id(memory) not in self._own:
            if self.undo is not None:
                self.undo.append((target.array, target.array.copy()))
            if target.name in self.is_given:
                shared = [np.may_share_memory(x, target.array) for x in self.inputs]
                self.written_inputs.update(i for i, is_shared in enumerate(shared) if is_shared)
            else:
                self.written.setdefault(id(memory), memory)

    # -- lines -----------------------------------------------------------------------------------

    def text(self, value: Any) -> str:
        """``value`` as it is written in a line."""
        if type(value) is Traced:
            return value.name
        if isinstance(value, np.ndarray):
            return self.traced(value).name
        if type(value) is Number:
            return value.name
        if value is None or value is Ellipsis or type(value) in (bool, int, str):
            return repr(value)
        if type(value) is float:
            return repr(value) if np.isfinite(value) else self.constant(value)
        if type(value) in (tuple, list):
            inside = "".join(f"{self.text(v)}, " for v in value)
            return f"({inside})" if type(value) is tuple else f"[{inside}]"
        if type(value) is slice:
            return f"slice({self.text(value.start)}, {self.text(value.stop)}, {self.text(value.step)})"
        return self.constant(value)

    def constant(self, value: Any, name: str = "") -> str:
        """A name for any object: its own where it has one."""
        key = (id(value), name)
        known = self._constants.get(key)
        if known is None:
            free = name.isidentifier() and not (keyword.iskeyword(name) or _OURS.fullmatch(name))
            taken = self.names.get(name, value)  # methods of ufuncs are equal, but made anew each time
            known = name if free and (taken is value or callable(taken) and taken == value) else self._new_name("k")
            self.names[known], self._constants[key] = value, known
        return known

    def number(self, value: float, dtype: Any) -> str:
        """A name for a number as an array without dimensions."""
        digits = repr(value).removesuffix(".0")  # not the value: 0.0 and -0.0 are equal
        key = (digits, dtype)
        if key not in self._numbers:
            array = np.array(value, dtype)
            array.flags.writeable = False
            name = "n" + "".join(c if c.isalnum() else {"-": "m", ".": "_"}.get(c, "") for c in digits)
            self._numbers[key] = name = f"{name}_{array.dtype}" if name in self.names else name
            self.names[name] = array
        return self._numbers[key]

    def act(self, of: Any, method: str, args: Any, kwargs: Any) -> None:
        """A method that acts on objects: it ends a segment."""
        name = self.constant(of, type(of).__name__.lower())
        self.actions.append(f"{name}.{method}({self._arguments(args, kwargs)})")
        self.segments.append([])

    def _arguments(self, args: Any, kwargs: Any) -> str:
        parts = [self.text(a) for a in args] + [f"{k}={self.text(v)}" for k, v in (kwargs or {}).items()]
        return ", ".join(parts)

    def line(self, text: str) -> None:
        """Append a line."""
        self.segments[-1].append(text)

    def say(self, name: str, function: Any, args: Any, kwargs: Any = None) -> None:
        """A call whose result has its place among the arguments."""
        self.line(f"{self.constant(function, name)}({self._arguments(args, kwargs)})")

    def say_method(self, of: Traced, name: str, args: Any, kwargs: Any, target: Traced | None) -> None:
        """A call of a method; its result is copied to ``target``."""
        call = f"{of.name}.{name}({self._arguments(args, kwargs)})"
        if target is not None:
            call = f"{target.name}[...] = {of.name if name == 'copy' else call}"
        self.line(call)

    def say_item(self, of: Traced, index: Any, value: Any) -> None:
        """An assignment into an array."""
        self.line(f"{of.name}[{self.text(index)}] = {self.text(value)}")

    def is_constant(self, *values: Any) -> bool:
        """Whether no array among ``values`` can change: then what is computed from them cannot either."""
        for value in values:
            if type(value) in (tuple, list, dict):
                if not self.is_constant(*(value.values() if type(value) is dict else value)):
                    return False
            elif isinstance(value, Traced | np.ndarray):
                array = raw(value)
                if owner(array).flags.writeable or isinstance(value, Traced) and value.name in self.is_given:
                    return False
        return True

    # -- results ---------------------------------------------------------------------------------

    def result_of(self, name: str, function: Any, args: Any, kwargs: Any, result: Any, has_out: bool) -> Any:
        """What a function of NumPy gave: a view, a number, or an array that gets a place."""
        if not isinstance(result, np.ndarray | np.generic):
            if isinstance(result, list | tuple) and any(isinstance(part, np.ndarray) for part in result):
                raise Untraceable(f"{name} gives several arrays")
            return result
        array = np.asarray(result)
        source = self._shared(array, (args, kwargs))
        if source is not None:
            return self.view(array, source, f"{self.constant(function, name)}({self._arguments(args, kwargs)})")
        target = self.fresh(array)
        if has_out and array.ndim:
            self.say(name, function, args, {**kwargs, "out": target})
        else:
            self.line(f"{target.name}[...] = {self.constant(function, name)}({self._arguments(args, kwargs)})")
        return target

    def result_of_method(self, of: Traced, name: str, args: Any, kwargs: Any, result: Any) -> Any:
        """What a method of an array gave."""
        if not isinstance(result, np.ndarray | np.generic):
            return result
        array = np.asarray(result)
        if np.may_share_memory(array, of.array):
            return self.view(array, of, f"{of.name}.{name}({self._arguments(args, kwargs)})")
        target = self.fresh(array)
        self.say_method(of, name, args, kwargs, target)
        return target

    def result_of_index(self, of: Traced, index: Any, result: Any) -> Any:
        """What an index gave."""
        array = np.asarray(result)
        if np.may_share_memory(array, of.array):
            return self.view(array, of, f"{of.name}[{self.text(index)}]")
        target = self.fresh(array)
        if type(index) is Traced and index.array.dtype.kind == "i" and array.ndim > 1:
            self.line(f"{of.name}.take({index.name}, 0, {target.name})")
        else:
            self.line(f"{target.name}[...] = {of.name}[{self.text(index)}]")
        return target

    def _shared(self, array: Any, value: Any) -> Traced | None:
        """Which of the arguments ``array`` looks into."""
        if type(value) is Traced:
            return value if np.may_share_memory(array, value.array) else None
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        return next((found for found in (self._shared(array, part) for part in parts) if found is not None), None)

    def whole_call(self, function: Any, name: str, args: Any, kwargs: Any, result: Any) -> Any:
        """A function that is called as a whole each time, and its results copied to their places."""
        places = self._places(result)
        call = f"{self.constant(function, name)}({self._arguments(args, kwargs)})"
        self.line(f"put({call}, {self.text(places)})")
        return places

    def _places(self, result: Any) -> Any:
        if isinstance(result, np.ndarray | np.generic):
            return self.fresh(np.array(result))
        if type(result) in (tuple, list):
            return type(result)(map(self._places, result))
        return result

    # -- what becomes of it ----------------------------------------------------------------------

    @property
    def is_given(self) -> set[str]:
        """The names of the inputs and of views of them."""
        return {f"x{i}" for i in range(len(self.inputs))} | set(self._views)

    @property
    def source(self) -> str:
        """The program as text: a function of what the step is given."""
        lines = self.lines_of(0)
        for i, action in enumerate(self.actions, 1):
            lines += [action, *self.lines_of(i)]
        return self._function(lines, ends=True)

    def lines_of(self, i: int) -> list[str]:
        """What segment ``i`` does, without views and what it returns."""
        return [*(self.guards if i == 0 else ()), *filter(None, self.segments[i])]

    def _function(self, lines: list[str], ends: bool) -> str:
        """A function with these lines, and before them the views that they use; at its end it returns copies."""
        if ends:
            lines = [*lines, f"return ({''.join(f'{self._copy_of(name)}, ' for name in self.returned)})"]
        used = " ".join(lines)
        views: list[str] = []
        for name, text in reversed(self._views.items()):
            if mentions(used, name):
                views.insert(0, text)
                used += " " + text.partition("=")[2]
        arguments = ", ".join(f"x{k}" for k in range(len(self.inputs)))
        return "\n    ".join([f"def step({arguments}):", *([*views, *lines] or ["pass"])]) + "\n"

    def give_back(self, array: Any) -> int:
        """Let the last segment return a copy of ``array``; its number among what it returns."""
        self.returned.append(self.traced(array).name)
        if not array.flags.c_contiguous:
            self._transposed.add(self.returned[-1])
        return len(self.returned) - 1

    def _copy_of(self, name: str) -> str:
        """A copy whose elements lie in memory in the same order."""
        return f"{name}.copy('K')" if name in self._transposed else f"{name}.copy()"

    def forget(self) -> None:
        """Let go of the arrays of the recording: the segments that are compiled have theirs."""
        self._traced.clear()  # they know the program: without them it is freed at once
        self.names.clear()
        self.inputs = [None] * len(self.inputs)

    def whole(self, names: dict[str, Any]) -> Callable[..., Any]:
        """The program as a function of the inputs, on the arrays that ``names`` says."""
        return _compiled(self.source, names)

    def parts(self, names: dict[str, Any]) -> list[Callable[..., Any]]:
        """The segments as such functions: between two of them the actions are to be done."""
        last = len(self.segments) - 1
        return [_compiled(self._function(self.lines_of(i), i == last), names) for i in range(last + 1)]


def _compiled(source: str, names: dict[str, Any]) -> Callable[..., Any]:
    space = dict(names)
    exec(compile(source, "<replay>", "exec"), space)
    function: Callable[..., Any] = space.pop("step")  # popped: no cycle keeps the arrays
    return function


def mentions(text: str, name: str) -> bool:
    """Whether ``name`` is a word of ``text``."""
    return re.search(rf"\b{name}\b", text) is not None


def put(result: Any, places: Any) -> None:
    """Copy arrays to their places, in tuples of any depth."""
    if isinstance(places, np.ndarray):
        np.copyto(places, result)
    elif isinstance(places, tuple | list):
        for part, place in zip(result, places, strict=True):
            put(part, place)


def owner(array: Any) -> Any:
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def wrapped(program: Program, value: Any, tensors_too: bool = True) -> Any:
    """``value`` with traced arrays in the place of arrays; those inside tensors too, or tensors as they are."""
    if isinstance(value, np.ndarray):
        return program.traced(value)
    if isinstance(value, Tensor):
        return _twin(program, value) if tensors_too else value
    if type(value) in (tuple, list):
        return type(value)(wrapped(program, part, tensors_too) for part in value)
    if type(value) is dict:
        return {k: wrapped(program, part, tensors_too) for k, part in value.items()}
    return value


def _twin(program: Program, tensor: Tensor) -> Tensor:
    """A tensor that is the same but for the traced array in it."""
    twin = object.__new__(Tensor)
    for slot in ("_node", "_requires_grad", "_version", "_view", "_hooks", "_grad"):
        setattr(twin, slot, getattr(tensor, slot))
    twin._array = program.traced(tensor._array)
    return twin
