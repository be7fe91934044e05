"""``lint_training``: run a training step and say which mistakes are in it that no error can catch.

A step may run without an error and still not do what was meant: gradients of two batches add up, a layer is not in the
optimizer, softmax is done twice. ``lint_training`` runs the step a few times, watches what happens, and puts everything
back. The rules are in ``lint_graph.py`` (about the graph behind the loss) and ``lint_rules.py`` (about the rest).
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.hints import LearnerHint
from ..autograd.modes import modes
from ..nn import Module
from ..nn.parameter import UninitializedParameter
from ..optim import Optimizer
from ..optim.swa_utils import AveragedModel
from .lint_graph import GRAPH_RULES
from .lint_rules import STEP_RULES
from .lint_run import Backward, Call, Watch, nodes_behind
from .lint_state import Keeper
from .lint_variables import Variables, outermost
from .lint_words import depends_on_mode, path_of

__all__ = ["Finding", "Findings", "lint_training"]


@dataclass(frozen=True)
class Finding:
    """One thing that is probably wrong.

    Attributes
    ----------
    rule : str
        which rule found it, such as ``"gradients add up"``
    seen : str
        what was seen, with names and numbers
    advice : str
        what to do
    """

    rule: str
    seen: str
    advice: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.seen}.\n    {self.advice[:1].upper()}{self.advice[1:]}."


class Findings(list[Finding]):
    """A list of :class:`Finding`. Printed, it says for each what was seen and what to do; empty, what was checked.

    Attributes
    ----------
    checked : list of str
        the rules that were looked at
    watched : str
        which model and optimizer were found
    """

    def __init__(self, findings: Iterable[Finding], checked: list[str], watched: str) -> None:
        super().__init__(findings)
        self.checked = checked
        self.watched = watched

    @property
    def rules(self) -> list[str]:
        """The rules that found something, each once."""
        return list(dict.fromkeys(finding.rule for finding in self))

    def __str__(self) -> str:
        if not self:
            return f"No mistake found in a step of {self.watched}. Looked at: {', '.join(self.checked)}."
        count = "1 mistake" if len(self) == 1 else f"{len(self)} mistakes"
        lines = [f"{count} found in a step of {self.watched}:"]
        return "\n".join([*lines, *(f"{i}. {finding}" for i, finding in enumerate(self, start=1))])

    __repr__ = __str__


def lint_training(
    step: Callable[[], Any],
    model: Module | Mapping[str, Module] | None = None,
    optimizer: Optimizer | Mapping[str, Optimizer] | None = None,
    *,
    evaluate: Callable[[], Any] | None = None,
    runs: int = 2,
) -> Findings:
    """Run a training step and report the mistakes that no error can catch.

    The step is run twice, since some mistakes, such as a forgotten ``zero_grad()``, show only the second time. After it
    all is as it was: parameters, buffers, gradients, modes, the state of optimizers, schedules and random numbers, and
    the variables that the step assigns. Only what was taken from an iterator is gone.

    Parameters
    ----------
    step : callable()
        one training step, as in the loop: it clears gradients, computes a loss, calls backward and
        ``optimizer.step()``. What it returns is the loss, or a tuple with it, or nothing
    model : Module or dict of str to Module, optional
        what is trained. By default every module with parameters that the step refers to: in its closure, among the
        globals it names, in its default arguments, among the attributes of the object whose method it is; the same for
        the functions of the program that it calls. What is given here takes the place of what would be found
    optimizer : Optimizer or dict of str to Optimizer, optional
        what trains it; found likewise, and every optimizer that steps is seen as well
    evaluate : callable(), optional
        evaluates the model once: reports a model that is left in training mode, and gradients recorded in vain
    runs : int
        how often the step is run (default 2)

    Returns
    -------
    Findings
        a list of :class:`Finding`, each with ``rule``, ``seen`` and ``advice``; empty if nothing was found

    Raises
    ------
    TypeError, ValueError
        if ``step`` is no function, or the model is lazy and has not seen its first batch
    Exception
        whatever the step raises; everything is as it was then too

    >>> from minitorch_optim import nn, optim
    >>> from minitorch_optim.autograd import manual_seed, ones, zeros
    >>> _ = manual_seed(0)
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> def step():
    ...     loss = nn.functional.mse_loss(model(ones(4, 2)), zeros(4, 1))
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> print(lint_training(step))
    1 mistake found in a step of model with optimizer:
    1. gradients add up: SGD.step() used gradients of model.bias, model.weight that still hold those of the step before.
        Call optimizer.zero_grad() once for each step, before loss.backward().
    """
    if not callable(step):
        raise TypeError(
            f"step must be a function that takes nothing and does one training step, got {type(step).__name__}: "
            f"put the body of the loop into `def step(): ...` and give it as lint_training(step)"
        )
    try:
        inspect.signature(step).bind()
    except TypeError as error:
        raise TypeError(
            f"step must be a function that takes nothing ({error}): give it what it needs, as in "
            f"lint_training(lambda: step(x, y))"
        ) from None
    except ValueError:  # a function without a signature
        pass
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < 1:
        raise ValueError(f"runs must be a whole number from 1, got {runs!r}")
    variables = Variables(step)
    models, optimizers = _given("model", model, Module), _given("optimizer", optimizer, Optimizer)
    every_module = {**variables.of_type(Module), **(models or {})}
    if models is None:
        models = outermost({k: m for k, m in every_module.items() if not isinstance(m, AveragedModel)})
    if optimizers is None:
        optimizers = variables.of_type(Optimizer)
    _refuse_lazy(models)

    def keep(keeper: Keeper) -> None:
        for module in every_module.values():
            keeper.module(module)
        for one in [*optimizers.values(), *variables.of_type(Optimizer).values()]:
            keeper.optimizer(one)
        keeper.variables(variables)

    for follow_inputs in (True, False):
        lint = _Lint(variables, models, optimizers, models_were_found=model is None)
        lint.known = {p for module in every_module.values() for _, p in module.named_parameters()}
        try:
            lint.run(step, keep, runs, follow_inputs)
            break
        except Exception as error:  # perhaps because an input is now computed from a leaf: once more without
            if not follow_inputs:
                if sys.version_info >= (3, 11):
                    if "'float' object has no attribute 'backward'" in str(error):
                        error.add_note("item() and float() give a plain number: call them after loss.backward()")
                    if lint.found:
                        error.add_note(f"lint_training found before this error:\n{lint.findings(evaluated=False)}")
                raise
    if evaluate is not None:
        lint.run_evaluation(evaluate, keep)
    return lint.findings(evaluated=evaluate is not None)


class _Lint:
    """The findings of some runs of a step, put together."""

    def __init__(
        self,
        variables: Variables,
        models: dict[str, Module],
        optimizers: dict[str, Optimizer],
        models_were_found: bool,
    ) -> None:
        self.variables, self.models, self.optimizers = variables, models, optimizers
        self.models_were_found = models_were_found
        self.known: set[Tensor] = set()
        self.found: dict[tuple[str, str], Finding] = {}
        self.stepped: dict[str, Optimizer] = dict(optimizers)

    def add(self, rule: str, seen: Iterator[tuple[str, str]]) -> None:
        """What a rule yields, each only once."""
        for what, advice in seen:
            self.found.setdefault((rule, what), Finding(rule, what, advice))

    def run(self, step: Callable[[], Any], keep: Callable[[Keeper], None], runs: int, inputs: bool) -> None:
        with Keeper() as keeper:
            keep(keeper)
            watch = Watch(keeper, self.models, self.optimizers, self._on_backward, inputs)
            watch.known = self.known
            lengths: list[dict[str, int]] = []
            try:
                with warnings.catch_warnings(record=True) as warned, watch.watching():
                    warnings.simplefilter("always")
                    for run in range(runs):
                        watch.run = run
                        step()
                        lengths.append(self._histories())
            except BaseException:
                watch.interrupt()
                raise
            finally:  # what was seen until an error may explain it
                if self.models_were_found:
                    watch.leave_out_bystanders()
                self.models, self.stepped = watch.models, watch.optimizers
                for rule, check in STEP_RULES.items():
                    self.add(rule, check(watch, self.name))
            self.add("graphs kept", _growing(lengths, self.variables.current()))
            self.add("warnings", _warnings(warned))

    def _on_backward(self, watch: Watch, record: Backward) -> None:
        spoilt = any(not np.isfinite(g).all() for step in watch.steps for g in step.gradients.values())
        spoilt = spoilt or any(finding.rule == "NaN in the loss" for finding in self.found.values())
        for rule, check in GRAPH_RULES.items():
            if rule != "NaN in the loss" or not spoilt:  # where NaN came from is seen the first time only
                self.add(rule, check(record, self.name))

    def run_evaluation(self, evaluate: Callable[[], Any], keep: Callable[[Keeper], None]) -> None:
        with Keeper() as keeper:
            keep(keeper)
            keeper.variables(Variables(evaluate))
            calls: list[tuple[Call, bool]] = []
            modules = {module for model in self.models.values() for module in model.modules()}
            handles = [
                module.register_forward_pre_hook(lambda m, _: calls.append((Call(0, m, m.training), modes.grad)))
                for module in modules
            ]
            try:
                evaluate()
            finally:
                for handle in handles:
                    handle.remove()
        self.add("training mode in evaluation", _evaluation(self.models, calls))

    def name(self, tensor: Tensor) -> str:
        """What a parameter is called: by its path in a model, by its variable, or by its place in an optimizer."""
        for prefix, model in self.models.items():
            for path, parameter in model.named_parameters():
                if parameter is tensor:
                    return f"{prefix}.{path}"
        for label, value in self.variables.of_type(Tensor).items():
            if value is tensor:
                return label
        for prefix, optimizer in self.stepped.items():
            for i, group in enumerate(optimizer.param_groups):
                for j, p in enumerate(group["params"]):
                    if p is tensor:
                        place = f"{prefix}.param_groups[{i}]['params'][{j}]"
                        return f"{place} of shape {list(p.shape)}"
        return f"a tensor of shape {list(tensor.shape)}"

    def _histories(self) -> dict[str, int]:
        """How many operations are behind the tensors that variables hold between two steps."""
        current = self.variables.current()
        return {name: sum(len(nodes_behind(t)) for t in _tensors_in(value)) for name, value in current.items()}

    def findings(self, evaluated: bool) -> Findings:
        checked = [*GRAPH_RULES, *STEP_RULES, "graphs kept", "warnings"]
        if evaluated:
            checked.append("training mode in evaluation")
        by_hand = [name for name, t in self.variables.of_type(Tensor).items() if t.requires_grad and t.is_leaf]
        names = " and ".join(self.models or by_hand) or "a model that was not found (give it as model=)"
        trainers = " and ".join(self.stepped) or "no optimizer (give it as optimizer=)"
        return Findings(self.found.values(), checked, f"{names} with {trainers}")


def _tensors_in(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | dict):
        for member in list(value.values() if isinstance(value, dict) else value)[-1000:]:
            if isinstance(member, Tensor):
                yield member


def _growing(lengths: list[dict[str, int]], current: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Variables with more history after each run: sums and lists of losses that keep every graph alive."""
    for name in lengths[-1] if len(lengths) > 1 else ():
        before, after = lengths[-2].get(name, 0), lengths[-1][name]
        if 0 < before < after:
            yield (
                f"{name} holds the graph of every step: {before} operations after one, {after} after the next",
                f"keep the number only: {name}.append(loss.item())"
                if isinstance(current.get(name), list) else f"add the number only: {name} += loss.item()",
            )


def _warnings(warned: list[warnings.WarningMessage]) -> Iterator[tuple[str, str]]:
    """What the step warned of; the hints have rules of their own, which say the same."""
    for warning in warned:
        text = str(warning.message)
        own_rule = issubclass(warning.category, LearnerHint) or "Using a target size" in text
        if issubclass(warning.category, UserWarning) and not own_rule:
            yield text.rstrip("."), f"see line {warning.lineno} of {warning.filename}"


def _evaluation(models: dict[str, Module], calls: list[tuple[Call, bool]]) -> Iterator[tuple[str, str]]:
    sensitive = {call.module for call, _ in calls if call.training and depends_on_mode(call.module)}
    if sensitive:
        names = sorted(path_of(models, module) for module in sensitive)
        yield (
            f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} in training mode while the model is evaluated: "
            f"dropout drops, and batch normalisation uses and learns from the test data",
            "call model.eval() before the evaluation, and model.train() after it",
        )
    if any(recording for _, recording in calls):
        yield (
            "the evaluation records a graph that nobody needs",
            "evaluate inside `with no_grad():`, which is quicker and takes less memory",
        )


def _given(name: str, value: Any, kind: type) -> dict[str, Any] | None:
    """An argument as a dict; None if it was not given."""
    if value is None:
        return None
    found = dict(value) if isinstance(value, Mapping) else {name: value}
    for key, one in found.items():
        if not isinstance(one, kind):
            got = type(one).__name__ if key == name else f"{type(one).__name__} for {key!r}"
            raise TypeError(f"{name} must be of class {kind.__name__}, or a dict of them, got {got}")
    return found


def _refuse_lazy(models: dict[str, Module]) -> None:
    for name, model in models.items():
        if any(isinstance(p, UninitializedParameter) for _, p in model.named_parameters()):
            raise ValueError(f"{name} has lazy layers that have seen no input yet: call it with a batch first")
