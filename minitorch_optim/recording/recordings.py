"""The recording of one kind of call: made, compared with the tape, and run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.tensor import Tensor, new_tensor
from .comparison import Comparison, same
from .memory import with_shared_memory
from .names import Names
from .places import Places
from .program import Program
from .recorder import Recorder
from .streams import other_streams
from .traced import Untraceable

RECORDINGS = 8  # how often a step may turn out otherwise before it is given up
FIRST_CHECK = 10  # a recording is compared anew after 10 replays, after 100, after 1000 ...
PATIENCE = 3  # how many calls in a row may find parameters or gradients elsewhere


class Recording:
    """The program of a step, for one combination of shapes and settings."""

    whole: Callable[..., Any]  # the program
    build: Callable[[Any], Any]  # makes what the step returns
    inputs: list[Any]  # of the recording
    versions: list[Any]  # the program on arrays of their own, and on arrays that share memory: see comparison.py

    def __init__(self, step: Callable[..., Any]) -> None:
        self.step = step
        self.program: Program | None = None
        self.ready = False  # whether it gave what the tape gave
        self.unproven: list[int] = []  # which inputs were, in every comparison so far, those of the recording
        self.reason = ""
        self.count = 0
        self.runs = 0
        self.due = FIRST_CHECK  # how many runs are made before the next comparison
        self.left_out = 0  # how often, since the last replay, gradients or parameters were elsewhere
        self.places = Places({}, [])
        self.in_general = False  # whether its calls have different tensors for arguments, and nothing else
        self.entry: Callable[..., list[Any] | None] | None = None  # see entry.py
        self.arguments = 0  # how many it takes
        self.seen: list[Any] = [None]  # what the entry compares with `changes.last`

    def needs_no_proof(self, arrays: list[Any]) -> bool:
        """Whether no other comparison is due: with inputs that were never others, and ever more rarely in any case."""
        if self.runs == self.due:
            return False
        return not self.unproven or all(same(arrays[i], self.inputs[i]) for i in self.unproven)

    def leave_out(self, args: Any, kwargs: Any) -> Any:
        """Run the step itself, this time; and record it anew if that happens again and again."""
        self.left_out += 1
        if self.left_out == PATIENCE:
            self.left_out, self.runs, self.count, self.ready = 0, 0, 0, False
            self.program, self.places, self.entry = None, Places({}, []), None
        return detached(self.step(*args, **kwargs))

    def run(self, arrays: list[Any]) -> Any:
        """Replay the step."""
        self.left_out = 0
        self.runs += 1
        return self.build(self.whole(*arrays))

    def record(self, arrays: list[Any], names: Names, args: Any, kwargs: Any) -> Any:
        """Run the step itself, recording it; and compare with what was recorded before, if anything was."""
        program, comparison, nothing = Program(arrays), None, "there is nothing to compare with"
        if self.program is not None and not self.places.unchanged():  # it may read what nobody looks at any more
            self.program.forget()
            self.program, nothing = None, "parameters or gradients lie elsewhere in memory from call to call"
        if self.program is not None:
            leaves, generators = self.places.leaves, names.generators()
            comparison = Comparison(self.program, self.versions, program, arrays, leaves, generators)
        known = names.known_tensors()
        recorder = Recorder(program, known, comparison.at_boundary if comparison else lambda: None)
        contents, streams, inputs = names.contents.now(), other_streams(names), [array.copy() for array in arrays]
        with recorder.recording():
            result = self.step(*args, **kwargs)
        names.contents.leave_out(contents)
        if other_streams(names) != streams:
            recorder.refuse("it draws random numbers from Python or NumPy: draw them with torch.rand and the like")
        build = _builder(recorder, result)
        difference = comparison.finish() if comparison else nothing
        self.count += 1
        self.reason = recorder.reason or program.refused or self._why_not(difference)
        if not self.reason and difference:
            self._take_over(program, build, inputs)
        elif not self.reason:
            self._prove(arrays)
        if program is not self.program:
            program.forget()
        self.places, self.entry = Places(recorder.gradients_at_start(), known), None
        return detached(result)

    def _why_not(self, difference: str) -> str:
        """Why to give up, if calls differ."""
        if difference and self.runs:
            return f"{difference}. Numbers of earlier replays may be wrong"
        return difference if self.count == RECORDINGS else ""

    def _prove(self, arrays: list[Any]) -> None:
        """The recording gave what the tape gave, on these inputs: from now on it is replayed."""
        if self.ready and self.runs >= self.due:
            self.due *= FIRST_CHECK
        self.ready = True
        if self.program is not None and len(self.versions) > 1:
            del self.versions[0]  # from now on the one that needs less memory will do
            self.whole = self.program.whole(self.versions[0][1])
            self.program.forget()
        self.unproven = [i for i in self.unproven if same(arrays[i], self.inputs[i])]
        self.inputs = self.inputs if self.unproven else []

    def _take_over(self, program: Program, build: Callable[[Any], Any], inputs: list[Any]) -> None:
        """A new recording, in the place of the last one, to be compared with the next call."""
        if self.program is not None:
            self.program.forget()
        self.program, self.build = program, build
        shared, kept = with_shared_memory(program)
        self.versions = [
            (program.parts(program.names), program.names, program.places),
            (program.parts(shared), shared, kept),
        ]
        self.inputs, self.unproven = inputs, list(range(len(inputs)))
        self.ready = False


def _builder(recorder: Recorder, result: Any) -> Callable[[Any], Any]:
    """How to make what the step returns from the arrays that the program returns."""
    if isinstance(result, Tensor):
        if result.is_leaf and result.requires_grad:  # a parameter
            return lambda arrays: result
        try:
            place = recorder.program.give_back(result._array)
        except Untraceable as why:
            recorder.refuse(f"it returns {why}")
            return lambda arrays: result
        return lambda arrays: new_tensor(arrays[place])
    if isinstance(result, tuple | list):
        parts = [_builder(recorder, part) for part in result]
        return lambda arrays: _like(result, [part(arrays) for part in parts])
    if type(result) is dict:
        named = {k: _builder(recorder, part) for k, part in result.items()}
        return lambda arrays: {k: part(arrays) for k, part in named.items()}
    if not isinstance(result, int | str | type(None)):
        recorder.refuse(f"it returns a {type(result).__name__}, which Python made: return tensors")
    return lambda arrays: result


def _like(sequence: Any, parts: list[Any]) -> Any:
    """A list, a tuple or a named tuple of ``parts``."""
    return type(sequence)(*parts) if hasattr(sequence, "_fields") else type(sequence)(parts)


def detached(result: Any) -> Any:
    """What the step returned, out of the memory that replays will use."""
    if isinstance(result, Tensor):
        return result if result.is_leaf and result.requires_grad else new_tensor(result._array.copy("K"))
    if isinstance(result, tuple | list):
        return _like(result, [detached(part) for part in result])
    if type(result) is dict:
        return {k: detached(part) for k, part in result.items()}
    return result
