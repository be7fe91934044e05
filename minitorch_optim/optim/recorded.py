"""A rule that was recorded: the program of a step, and what gives the numbers of the next one without the rule.

A rule is to be a pure function. One that is not, because it draws random numbers or counts its calls, would be frozen
by a recording. So each recording is compared with another one, of the next step, before it takes the place of the rule;
where they differ the rule is recorded in every step. A rule that keeps an array is called on arrays in every step.
"""

from __future__ import annotations

import gc
import importlib
import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .formula import Answers, Formula, Options, numbers_at
from .jobs import Numbers
from .program import Notes, Program

if TYPE_CHECKING:
    from .driver import Rule

FAILING = frozenset(("raise", "call"))  # what ``np.seterr`` may have told NumPy to do, so that a call ends in an error

# What np.geterr() reads is one object, which every change replaces. To see that it is the same takes a fortieth of the
# time that np.geterr() takes, and a step of small parameters is short; where NumPy keeps it elsewhere, geterr does.
_settings = getattr(importlib.import_module("numpy._core.umath"), "_extobj_contextvar", None)
error_settings: Callable[[], Any] = np.geterr if _settings is None else _settings.get


class Recorded:
    """A rule as a program, for parameters that have the same states and are at the same step.

    Parameters
    ----------
    rule : Rule
    numbers : dict of Numbers
        the states that are one number, and the number of the step, by name
    absent : set of str
        states that do not exist yet; whoever brings one into being takes it out, and calls :meth:`forget`
    dtype : dtype
        of the parameters, as reals

    Attributes
    ----------
    program : Program or None
        of the last step
    possible : bool
        whether the rule can be recorded
    steady : bool
        whether formulas can say what it does with the number of the step, scalars, and options that move
    anew : bool
        whether the rule was asked for the last step, and not only formulas; somebody else clears it
    new_numbers : dict
        the scalars after this step
    missing : list of str
        absent states that the program brings into being
    """

    def __init__(self, rule: Rule, numbers: dict[str, Numbers], absent: set[str], dtype: Any) -> None:
        self.rule, self.numbers, self.absent, self.dtype = rule, numbers, absent, dtype
        self.names = rule.arrays
        self.scalars = [name for name in rule.names if name in rule.scalars]
        self.program: Program | None = None
        self.possible = self.steady = True
        self.anew = False
        self.new_numbers: dict[str, Any] = {}
        self.missing: list[str] = []
        self.new_numbers_at: Callable[..., list[Any]] | None = None
        self.answers_hold_at: Callable[..., bool] | None = None  # whether the rule would decide as it did
        self.noted: Any = None  # what is in the program
        self.said: Any = None  # and with which numbers
        self.proven = False  # whether the rule said the same once more
        # It was recorded for these options, of which those may have other values, and when NumPy was to do this about
        # errors.
        self.options: Options | None = None
        self.follows: tuple[str, ...] = ()
        self.errors: Any = None

    def at(self, options: Options, t: Any) -> Program | None:
        """The program of step ``t``: that of the last one, with new numbers, if the rule does the same. Or None."""
        if not self.possible or sys.gettrace() is not None:
            return None
        errors = error_settings()
        if self.steady and options is self.options and options.moving is self.follows and errors == self.errors:
            values = self.changing(options, t)
            if self.answers_hold_at is None or self.answers_hold_at(*values):
                return self._once_more(options, t, values)
        self.anew, self.proven = True, False
        self.errors = errors
        return self._from_rule(options, t)

    def _once_more(self, options: Options, t: Any, values: list[Any]) -> Program | None:
        """The program with new numbers; the rule is asked for them until it has said the same twice."""
        if not self.proven:
            before = self.said
            program = self._from_rule(options, t)
            self.proven, self.said = self.said == before, None
            if not self.proven:
                self.anew, self.steady = True, False
            return program
        assert self.program is not None
        self.program.advance(*values)
        if self.new_numbers_at is not None:
            self.new_numbers = dict(zip(self.scalars, self.new_numbers_at(*values)))
        return self.program

    def _from_rule(self, options: Options, t: Any) -> Program | None:
        """The program as the rule says it now."""
        in_place = FAILING.isdisjoint(np.geterr().values())
        attempts = (True, True, False) if options.moving else (True, False)  # the second one when none moves any more
        for steady in attempts if self.steady else (False,):
            notes = Notes(2 + len(self.names))
            try:
                program = self._record(notes, options, steady, t, in_place)
            except (TypeError, AttributeError):  # the rule does with a number what no formula can say: with an option,
                options.settle()  # or else with t or a scalar; or there is a mistake, and calling the rule will tell
                continue
            finally:
                notes.open = False
            alive = weakref.ref(notes)
            del notes
            if alive() is not None:
                gc.collect()  # it may be that only a cycle holds them
            if alive() is None:
                return program
            break  # the rule has kept a symbol
        self.possible = False
        return None

    def forget(self) -> None:
        """Record anew in the next step."""
        self.options = None

    def changing(self, options: Options, t: Any) -> list[Any]:
        """What may change from step to step: its number, the scalars as they are before it, and options that move."""
        values = [t]
        if self.scalars:
            values += [self.numbers[name].array[0] for name in self.scalars]
        if options.moving:
            values += [options[name] for name in options.moving]
        return values

    def _record(self, notes: Notes, options: Options, steady: bool, t: Any, in_place: bool) -> Program:
        """Let the rule write its program: for any step if it is ``steady``, else for this one."""
        now = self.changing(options, t)
        names, given, scalars = ["t", *self.scalars, *options.moving], dict(options), now[1 : 1 + len(self.scalars)]
        answers = Answers(names, now)
        if steady:
            t, scalars = Formula("t", answers), [Formula(name, answers, narrow=True) for name in self.scalars]
            given |= options.formulas(answers)
        states = self._states(notes, dict(zip(self.scalars, scalars, strict=True)))
        new_p, *new_states = self.rule.results(
            self.rule.function(notes.given(1), notes.given(0), *states, **self.rule.keywords(given, t))
        )
        new_numbers, results = {}, [(1, new_p.place)]
        for name, new in zip(self.rule.names, new_states, strict=True):
            if name in self.scalars:
                new_numbers[name] = new
            elif new is not None:
                results.append((2 + self.names.index(name), new.place))
        noted = (notes.calls, in_place, results)
        if self.program is None or noted != self.noted:
            self.missing = sorted({self.names[target - 2] for target, _ in results[1:]} & self.absent)
            self.program = Program(notes.calls, [self.dtype] * (2 + len(self.names)), results, in_place)
        self.program.set(notes.numbers, names, now)
        self.answers_hold_at, self.new_numbers_at, self.new_numbers = answers.hold_at(), None, new_numbers
        if self.scalars and steady:
            self.new_numbers_at = numbers_at(list(new_numbers.values()), names)
            self.new_numbers = dict(zip(self.scalars, self.new_numbers_at(*now)))
        self.options, self.follows, self.steady, self.noted = options, options.moving, steady, noted
        self.said = (noted, *map(_in_words, (*notes.numbers, *new_numbers.values())))
        return self.program

    def _states(self, notes: Notes, scalars: dict[str, Any]) -> list[Any]:
        """The arguments of the rule after ``p`` and ``g``: symbols for arrays, None for absent ones, and scalars."""
        return [
            scalars[name]
            if name in scalars
            else None
            if name in self.absent
            else notes.given(2 + self.names.index(name))
            for name in self.rule.names
        ]


def _in_words(number: Any) -> str:
    return number.text if type(number) is Formula else repr(number)
