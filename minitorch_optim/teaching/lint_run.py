"""Watching a training step: the order of its events, and what the tape held before each backward freed it.

Nothing in the library is changed for it but ``Tensor.backward``, for as long as the ``with`` block lasts; the rest is
seen through hooks that everyone can register.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.modes import modes
from ..autograd.tape import Node
from ..nn import Module
from ..optim import Optimizer
from ..optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from .lint_state import Keeper
from .recorded import values


@dataclass(eq=False)
class Backward:
    """One call of ``backward()``.

    Attributes
    ----------
    run : int
        in which run of the step
    loss : Tensor
    nodes : list of Node
        the operations behind it, the oldest first
    leaves : set of Tensor
        the tensors that it passes gradients to
    kept : set of Tensor
        the parameters that held a gradient already when it began
    """

    run: int
    loss: Tensor
    nodes: list[Node]
    leaves: set[Tensor]
    kept: set[Tensor]
    inputs: list[Tensor]  # what stands for the inputs of the models
    passed: bool = False  # whether any parameter got a gradient that is not 0


@dataclass(eq=False)
class Step:
    """One step of an optimizer: values before and after, and the gradients it took, by parameter."""

    run: int
    optimizer: Optimizer
    backwards: int  # how many there were in this run when it began
    lrs: list[float]
    before: dict[Tensor, Any]
    gradients: dict[Tensor, Any]
    stale: set[Tensor] = field(default_factory=set)  # whose gradient holds that of an earlier step as well
    after: dict[Tensor, Any] = field(default_factory=dict)
    by_closure: bool = False  # whether backward was called inside it


@dataclass(eq=False)
class Call:
    """One call of a module while the tape was recording."""

    run: int
    module: Module
    training: bool


class Watch:
    """What happened in the runs of a step.

    Parameters
    ----------
    keeper : Keeper
        told of every optimizer that steps, before it does
    models : dict of str to Module
    optimizers : dict of str to Optimizer
        those known; others that step are added
    on_backward : callable(Watch, Backward)
        called while the graph is there
    inputs : bool
        whether to follow the inputs of the models to the loss
    """

    def __init__(
        self,
        keeper: Keeper,
        models: dict[str, Module],
        optimizers: dict[str, Optimizer],
        on_backward: Callable[[Watch, Backward], None],
        inputs: bool,
    ) -> None:
        self.keeper, self.models, self.optimizers = keeper, models, dict(optimizers)
        self._on_backward = on_backward
        self._follow_inputs = inputs
        self.run = 0
        self.interrupted = False  # whether the step raised an error
        self.backwards: list[Backward] = []
        self.steps: list[Step] = []
        self.calls: list[Call] = []
        self.inputs: list[Tensor] = []  # stand-ins for the inputs of the models: leaves
        self._used: set[Tensor] = set()  # parameters whose present gradient has been taken by a step
        self._stale: set[Tensor] = set()
        self._stepping: list[Step] = []
        self.stale_by_hand: set[Tensor] = set()  # as Step.stale, of parameters that no optimizer has
        self._by_hand: dict[Tensor, Any] = {}  # the values of these when they last got a gradient
        self._at_start: dict[Tensor, Any] = {}  # the values of all parameters when the watch began
        self.known: set[Tensor] = set()  # the parameters of every module that was found, whether it is trained or not

    def __deepcopy__(self, memo: dict[int, Any]) -> Watch:
        return self  # a copy that the step makes of a model has its hooks, and these tell the same watch

    # -- what is watched -------------------------------------------------------------------------

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what is done in the block."""
        on_tensors: Any = Tensor
        backward, watch = on_tensors.backward, self

        def watched(self: Tensor, *args: Any, **kwargs: Any) -> None:
            record = watch._before_backward(self)
            backward(self, *args, **kwargs)
            watch._after_backward(record)

        self._at_start = {p: np.array(values(p)) for p in self.parameters()}
        with contextlib.ExitStack() as stack:
            stack.callback(setattr, on_tensors, "backward", backward)
            stack.callback(setattr, modes, "tape_only", modes.tape_only)
            modes.tape_only = True  # a replayed step calls nothing that could be watched
            stack.enter_context(register_optimizer_step_pre_hook(self._before_step))
            stack.enter_context(register_optimizer_step_post_hook(self._after_step))
            for model in self.models.values():
                for module in model.modules():
                    stack.enter_context(module.register_forward_pre_hook(self._called))
                if self._follow_inputs:
                    stack.enter_context(model.register_forward_pre_hook(self._stood_in))
            on_tensors.backward = watched
            yield

    def parameters(self) -> dict[Tensor, None]:
        """Of the models and the optimizers, each once, in order."""
        found: dict[Tensor, None] = {}
        for model in self.models.values():
            found |= dict.fromkeys(p for _, p in model.named_parameters())
        return found | dict.fromkeys(self.optimized())

    def optimized(self) -> set[Tensor]:
        """The parameters that an optimizer has."""
        return {p for optimizer in self.optimizers.values() for p in params_of(optimizer)}

    def reached(self) -> set[Tensor]:
        """The leaves that some loss depends on."""
        return {p for record in self.backwards for p in record.leaves}

    def leave_out_bystanders(self) -> None:
        """Forget the models that the step does not train by a loss: a teacher, or a copy that follows by hand."""
        reached, optimized = self.reached(), self.optimized()
        all_are_reached = bool(optimized) and optimized <= reached
        taking_part, others = {}, {}
        for name, model in self.models.items():
            own: set[Tensor] = {p for _, p in model.named_parameters()}
            if own & optimized or (own & reached and (model.training or not all_are_reached)):
                taking_part[name] = model
            elif not own & reached and not any(self._has_changed(p) for p in own):
                others[name] = model
        self.models = taking_part or others  # neither a judge of what is optimized, nor a copy that follows

    def _has_changed(self, p: Tensor) -> bool:
        return p in self._at_start and not np.array_equal(self._at_start[p], values(p))

    def changed_by_hand(self, p: Tensor) -> bool:
        """Whether a parameter that no optimizer has is no longer what it was when it got its gradient."""
        return p in self._by_hand and not np.array_equal(self._by_hand[p], values(p))

    def interrupt(self) -> None:
        """Leave out the step that an error ended. What has not been done yet is then no mistake."""
        self.interrupted = True
        self.steps = [step for step in self.steps if all(step is not other for other in self._stepping)]

    def last(self, records: list[Any]) -> list[Any]:
        """Those of the last run."""
        return [record for record in records if record.run == self.run]

    # -- modules ---------------------------------------------------------------------------------

    def _called(self, module: Module, args: tuple[Any, ...]) -> None:
        if modes.grad:
            self.calls.append(Call(self.run, module, module.training))

    def _stood_in(self, module: Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Real inputs that do not require grad, computed from leaves that do: backward tells whether it meets them."""
        if not modes.grad:
            return None
        result = list(args)
        for i, arg in enumerate(args):
            if isinstance(arg, Tensor) and arg.dtype.kind in "fc" and not arg.requires_grad and not arg.is_sparse:
                leaf = arg.detach().requires_grad_()
                self.inputs.append(leaf)
                result[i] = leaf.clone()
        return tuple(result)

    # -- backward --------------------------------------------------------------------------------

    def _before_backward(self, loss: Tensor) -> Backward:
        nodes = nodes_behind(loss)
        leaves = {edge for node in nodes for edge in node.edges if isinstance(edge, Tensor)}
        held = {p for p in self.parameters() if p._grad is not None and bool(np.any(values(p._grad) != 0))}
        self._used &= held
        self._stale = self._stale & held | self._used
        self.stale_by_hand |= {
            p for p, before in self._by_hand.items()
            if p in leaves and p._grad is not None and np.any(values(p._grad) != 0) and np.any(values(p) != before)
        }  # fmt: skip
        record = Backward(self.run, loss, nodes, leaves, held, self.inputs)
        self.backwards.append(record)
        self._on_backward(self, record)
        return record

    def _after_backward(self, record: Backward) -> None:
        record.passed = any(np.any(values(p._grad) != 0) for p in record.leaves if p._grad is not None)
        optimized = self.optimized()
        self._by_hand = {p: np.array(values(p)) for p in record.leaves if p not in optimized}
        for step in self._stepping:  # a closure: each of its gradients is used at once
            step.stale |= self._stale & set(step.before)
            self._used |= {p for p in step.before if p._grad is not None}

    # -- steps -----------------------------------------------------------------------------------

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if all(optimizer is not known for known in self.optimizers.values()):
            self.optimizers[type(optimizer).__name__] = optimizer
        self.keeper.optimizer(optimizer)
        params = params_of(optimizer)
        step = Step(
            self.run,
            optimizer,
            len(self.last(self.backwards)),
            [float(group["lr"]) for group in optimizer.param_groups if group.get("lr") is not None],
            {p: np.array(values(p)) for p in params},
            {p: np.array(values(p._grad)) for p in params if p._grad is not None},
        )
        step.stale = self._stale & set(params)
        self._stepping.append(step)
        self.steps.append(step)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        step = self._stepping.pop()
        step.after = {p: np.array(values(p)) for p in step.before}
        step.by_closure = len(self.last(self.backwards)) > step.backwards
        if step.by_closure:
            step.gradients = {p: np.array(values(p._grad)) for p in step.before if p._grad is not None}
        self._used |= set(step.gradients)


def params_of(optimizer: Optimizer) -> list[Tensor]:
    """The parameters of all groups."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def nodes_behind(tensor: Tensor) -> list[Node]:
    """All operations that ``tensor`` was computed by, the oldest first."""
    stack = [] if tensor.grad_fn is None else [tensor.grad_fn]
    seen = set(stack)
    while stack:
        for edge in stack.pop().edges:
            if isinstance(edge, Node) and edge not in seen:
                seen.add(edge)
                stack.append(edge)
    return sorted(seen, key=lambda node: node.order)
