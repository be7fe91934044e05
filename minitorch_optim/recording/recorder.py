"""Recording: one step runs as ever, and every call of a primitive or of a rule goes into a program.

While a :class:`Recorder` is in force, the rows of the table call through it. A function is run with traced arrays; if
that cannot be done it runs as it is, and is called as a whole in the replay. What happens beside the table arrives by
the functions of ``autograd/watch.py``.
"""

from __future__ import annotations

import importlib
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.modes import modes
from ..autograd.table import TABLE
from ..autograd.tensor import Tensor, new_tensor
from .places import ANYTHING
from .program import Program, mentions, spoken, wrapped
from .traced import Traced, Untraceable, raw

backward: Any = importlib.import_module("..autograd.backward", __package__)  # the function hides the module
_PACKAGE = Path(__file__).resolve().parents[1]
_FLOORS = tuple(str(floor.resolve()) for floor in (_PACKAGE, _PACKAGE / "autograd", _PACKAGE / "nn"))
_swapping = threading.Lock()


class Recorder:
    """Makes a program of what happens inside ``with recorder.recording():``.

    Parameters
    ----------
    program : Program
    known : list of Tensor
        the tensors from outside that the step is known to reach
    before_action : callable, optional
        called where a segment ends, before an optimizer's step or the like
    """

    def __init__(
        self, program: Program, known: Iterable[Tensor], before_action: Callable[[], None] = lambda: None
    ) -> None:
        self.program = program
        self.before_action = before_action
        self.before = {leaf: leaf._grad._array for leaf in known if leaf._grad is not None}
        self.at_start: dict[Tensor, Any] = {}  # for each leaf: the array of its gradient, None, or ANYTHING
        self.reason = ""  # why this step cannot be replayed
        self._fillings: dict[Tensor, Any] = {}  # where the program fills a gradient with zeros

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Let everything in this thread go through the recorder."""
        with _swapping:
            rows = [(row, row.call, row.rules, row.every, row.joint) for row in TABLE.values()]
            helpers = [(module, name, getattr(module, name)) for module, name in _HELPERS]
            for row, call, rules, every, joint in rows:
                row.call = self._listening(call, row.name)
                row.rules = tuple(rule and Heard(self, rule, f"{row.name}_by_{i}") for i, rule in enumerate(rules))
                row.every = every and Heard(self, every, f"{row.name}_by_each")
                row.joint = joint and Heard(self, joint, f"{row.name}_by_all")
            for module, name, function in helpers:
                setattr(module, name, self._listening(function, name.strip("_")))
            accumulate, backward.accumulate = backward.accumulate, self._accumulate
            modes.recorder = self
            try:
                yield
            finally:
                modes.recorder = None
                backward.accumulate = accumulate
                for module, name, function in helpers:
                    setattr(module, name, function)
                for row, call, rules, every, joint in rows:
                    row.call, row.rules, row.every, row.joint = call, rules, every, joint

    @contextmanager
    def _paused(self) -> Iterator[None]:
        """What is called here is not recorded; a step that is replayed elsewhere runs on the tape meanwhile."""
        before, modes.recorder, modes.tape_only = modes.tape_only, None, True
        try:
            yield
        finally:
            modes.recorder, modes.tape_only = self, before

    def _listening(self, function: Any, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.call(function, name, args, kwargs)

    # -- what is heard ---------------------------------------------------------------------------

    def call(self, function: Any, name: str, args: Any, kwargs: Any, changes: Any = None) -> Any:
        """Run ``function`` and say it in the program."""
        if modes.recorder is not self or any(isinstance(arg, Tensor) for arg in args):
            # Another thread; or inside what is called as a whole; or with create_graph: what it calls will be heard.
            return function(*args, **kwargs)
        program = self.program
        lines, places, program.undo = len(program.segments[-1]), len(program.places), []
        try:
            if changes is not None:
                program.will_write(program.traced(changes))
            traced = wrapped(program, args), wrapped(program, kwargs)
            with self._paused():
                return raw(function(*traced[0], **traced[1]))
        except (Untraceable, AttributeError):
            del program.segments[-1][lines:], program.places[places:]
            for array, before in reversed(program.undo):
                array[...] = before
        finally:
            program.undo = None
        return self._call_whole(function, name, args, kwargs)

    def _call_whole(self, function: Any, name: str, args: Any, kwargs: Any) -> Any:
        with self._paused():
            result = function(*args, **kwargs)
        try:
            args, kwargs = (wrapped(self.program, given, tensors_too=False) for given in (args, kwargs))
            return raw(self.program.whole_call(function, name, args, kwargs, result))
        except Untraceable as why:
            self.refuse(f"{name} uses {why}")
            return result

    def aside(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Arrays that are computed beside the tape."""
        return self._call_whole(function, function.__name__.strip("_"), args, kwargs)

    def into(self, array: Any, function: Any, args: Any) -> None:
        """An array that is changed in place."""
        self.call(function, function.__name__.strip("_"), (array, *args), {}, changes=array)

    def decided(self, function: Any, args: Any) -> Any:
        """A branch."""
        with self._paused():
            result = function(*args)
        program = self.program
        try:
            given = wrapped(program, args, tensors_too=False)
        except Untraceable as why:
            self.refuse(f"a branch is taken by {why}")
            return result
        changed = [x for i, x in enumerate(program.inputs) if i in program.written_inputs]
        arrays = [part.array for part in given if type(part) is Traced]
        if any(np.may_share_memory(x, array) for x in changed for array in arrays):
            self.refuse(f"a branch is taken by an argument which it changes, by whether {spoken(function.__name__)}")
        elif all(part.name in program.is_given for part in given if type(part) is Traced):
            name = function.__name__.strip("_")
            call = f"{program.constant(function, name)}({', '.join(map(program.text, given))})"
            program.guards += [f"if {call} is not {result!r}:", f"    raise Changed({name!r})"]
        else:
            self.refuse(
                f"a branch is taken by values that the step computes, by whether {spoken(function.__name__)}: compute "
                f"them before the step, and give them as an argument"
            )
        return result

    def acting(self, method: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """An optimizer's step and the like: the replay calls it again."""
        of, name = method.args[0], method.func.__name__  # type: ignore[attr-defined]
        if any(callable(arg) and not hasattr(arg, "parameters") for arg in (*args, *kwargs.values())):
            self.refuse(f"{type(of).__name__}.{name}() is given a closure, which it may call any number of times")
        with self._paused():
            self.before_action()
        self.program.act(of, name, args, kwargs)
        with self._paused():
            return method(*args, **kwargs)

    def read(self, what: str) -> None:
        """Values leave for Python."""
        self.refuse(
            f"{what}{_where()}: what Python does with a value is not recorded. Return the tensor, and read it outside"
        )

    def cleared(self, leaf: Tensor) -> None:
        """The gradient of ``leaf`` is zero or None now."""
        held, program = leaf._grad, self.program
        self.at_start.setdefault(leaf, ANYTHING if held is None else held._array)
        if held is None:
            program.line(f"{program.constant(leaf)}._grad = None")
        elif not held.is_sparse:
            place = program.traced(held._array)
            program.will_write(place)
            self._fillings[leaf] = (program.segments[-1], len(program.segments[-1]), place.name)
            program.line(f"{place.name}.fill(0)")

    def assigned(self, leaf: Tensor) -> None:
        """Another gradient, or None, was put in the place of that of ``leaf``."""
        held, program = leaf._grad, self.program
        self._fillings.pop(leaf, None)
        self.at_start.setdefault(leaf, ANYTHING)
        if held is None:
            program.line(f"{program.constant(leaf)}._grad = None")
        elif held.is_sparse or held._node is not None:
            self.refuse("a gradient is sparse, or part of a graph")
        else:
            try:
                program.traced(held._array)
            except Untraceable as why:
                self.refuse(f"a gradient is {why}")
            program.line(f"{program.constant(leaf)}._grad = {program.constant(held)}")

    def gradients_at_start(self) -> dict[Tensor, Any]:
        """For each leaf whose gradient matters before the step: its array, None, or ANYTHING if only the leaf does."""
        read = {leaf: array for leaf, array in self.before.items() if self.program.reads(array)}
        return {leaf: array for leaf, array in {**self.at_start, **read}.items() if not self.program.owns(leaf._array)}

    def refuse(self, reason: str) -> None:
        """Remember why the step cannot be replayed; it still runs to its end."""
        self.reason = self.reason or reason

    # -- gradients -------------------------------------------------------------------------------

    def _accumulate(self, leaf: Tensor, g: Any, owned: bool) -> None:
        """As the tape's own; and the replay will leave the gradient in the same place."""
        program, held = self.program, leaf._grad
        if isinstance(g, Tensor) or hasattr(g, "indices") or (held is not None and held.is_sparse):
            self.refuse("a gradient is sparse, or part of a graph")
            _accumulate(leaf, g, owned)
        elif held is None:
            self.at_start.setdefault(leaf, None)
            leaf._grad = new_tensor(g if owned else self.call(backward._copied, "copied", (g,), {}))
            program.line(f"{program.constant(leaf)}._grad = {program.constant(leaf._grad)}")
        else:
            self.at_start.setdefault(leaf, held._array)
            if not self._fills_then_adds(leaf, g):
                self.call(backward._plus_into, "plus_into", (held._array, g), {})
            held._version[0] += 1

    def _fills_then_adds(self, leaf: Tensor, g: Any) -> bool:
        """Whether the gradient was filled with zeros and not touched since: then one line does both."""
        segment, i, name = self._fillings.pop(leaf, (None, 0, ""))
        program = self.program
        if segment is not program.segments[-1] or any(mentions(line, name) for line in segment[i + 1 :]):
            return False
        program.say("add", np.add, (program.traced(g), 0.0, program.traced(leaf._grad._array)))  # type: ignore[union-attr]
        segment[i] = ""
        leaf._grad._array += g  # type: ignore[union-attr]
        return True


class Heard:
    """A rule that is called through the recorder, and shows its code to who asks what it reads."""

    def __init__(self, recorder: Recorder, rule: Any, name: str) -> None:
        self.recorder, self.rule, self.name = recorder, rule, name
        self.__code__ = rule.__code__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if modes.recorder is self.recorder and any(isinstance(arg, Tensor) for arg in args):  # with create_graph
            return self._on_tensors(args, kwargs)
        return self.recorder.call(self.rule, self.name, args, kwargs)

    def _on_tensors(self, args: Any, kwargs: Any) -> Any:
        """What the rule does with tensors is heard as it is computed; so a gradient without history is made one too."""
        place = next((i for i, arg in enumerate(args[:2]) if isinstance(arg, np.ndarray)), None)
        if place is None:
            return self.rule(*args, **kwargs)
        result = self.rule(*args[:place], new_tensor(args[place]), *args[place + 1 :], **kwargs)
        return result._array if isinstance(result, Tensor) and not result._requires_grad else result


_HELPERS = [(backward, name) for name in ("_plus", "_plus_into", "_copied", "unbroadcast")]
_accumulate = backward.accumulate


def _where() -> str:
    """The user's line that is running."""
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(_FLOORS) and "contextlib" not in frame.filename:
            return f" at {Path(frame.filename).name}:{frame.lineno}"
    return ""
