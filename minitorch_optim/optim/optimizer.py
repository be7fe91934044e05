"""``Optimizer``: parameters in groups, state for each, steps, saving and loading.

An optimizer of the library adds three things to it: its hyperparameters, the checks they must pass, and one pure rule,
which ``driver.py`` applies to all parameters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from ..autograd import Tensor, enable_grad
from ..autograd.arguments import NamesArguments
from ..autograd.backward import clear
from .checks import Check
from .driver import Plan, Rule
from .groups import as_groups, new_group, required
from .hooks import (
    Hook,
    Hooks,
    RemovableHandle,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    with_step_hooks,
)
from .saving import loaded, saved

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook", "required"]


class Optimizer(NamesArguments):
    """Base class for all optimizers.

    Parameters
    ----------
    params : iterable of Tensors, of (name, Tensor) pairs, or of dicts
        what to optimize. A dict is a parameter group: ``params`` and options of its own. The order must be the same
        from run to run, so a set is refused
    defaults : dict
        the options of groups that do not give their own

    Attributes
    ----------
    param_groups : list of dict
        the options in force, and ``params``; changes take effect at the next step
    state : dict
        for each parameter a dict of named values, such as ``exp_avg``; they may be read, changed and replaced
    defaults : dict
        as given

    To write an optimizer of your own, override :meth:`step`, or give a ``rule`` (see ``CONTRIBUTING.md``):

    >>> from minitorch_optim.autograd import tensor, no_grad
    >>> class Plain(Optimizer):
    ...     def __init__(self, params, lr):
    ...         super().__init__(params, {"lr": lr})
    ...     @no_grad()
    ...     def step(self, closure=None):
    ...         for group in self.param_groups:
    ...             for p in group["params"]:
    ...                 p -= group["lr"] * p.grad
    >>> p = tensor([1.0, 2.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> Plain([p], lr=0.25).step()
    >>> p
    tensor([0.5000, 1.0000], requires_grad=True)
    """

    rule: ClassVar[Callable[..., tuple[Any, ...]] | None] = None
    checks: ClassVar[dict[str, Check]] = {}
    scalars: ClassVar[tuple[str, ...]] = ()  # states that are one number for each parameter
    counts: ClassVar[bool] = False  # whether the state has the number of steps though the rule does not ask for it
    whole: ClassVar[bool] = False  # whether the rule needs whole tensors, not any elements
    together: ClassVar[bool] = False  # whether it needs all elements of a group at once
    sparse: ClassVar[bool] = False  # whether it can take sparse gradients
    eager: ClassVar[bool] = False  # whether state is there before the first step

    _rule: ClassVar[Any] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        step = cls.__dict__.get("step")
        if step is not None and not hasattr(step, "has_hooks"):
            cls.step = with_step_hooks(step)  # type: ignore[method-assign]
        if cls.rule is not None:
            cls._rule = Rule(cls)

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._prepare()
        self._check_options(defaults)
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        for group in as_groups(params):
            self.add_param_group(group)

    if not TYPE_CHECKING:  # a type checker is to go on finding misspelt names

        def __getattr__(self, name: str) -> Any:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if "_plans" not in self.__dict__:  # what _prepare() sets last
                message += (
                    f" before Optimizer.__init__() call: the __init__ of {type(self).__name__} is to call "
                    f"super().__init__(params, defaults)"
                )
            elif name in self.defaults:
                message += f": it is an option of each parameter group, optimizer.param_groups[0][{name!r}]"
            raise AttributeError(message, name=name, obj=self)

    @classmethod
    def _check_arguments(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if len(args) > 1 and isinstance(args[0], int | float):
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{args[0]!r}: the parameters come first, as in {cls.__name__}(model.parameters(), lr={args[0]})"
            )

    def _prepare(self) -> None:
        """What is not saved with an optimizer: hooks, and the plans of how to step."""
        self._step_pre_hooks = Hooks()
        self._step_post_hooks = Hooks()
        self._state_dict_pre_hooks = Hooks()
        self._state_dict_post_hooks = Hooks()
        self._load_state_dict_pre_hooks = Hooks()
        self._load_state_dict_post_hooks = Hooks()
        self._stepping = False  # whether a step is under way
        self._plans: dict[int, Plan] = {}

    # -- groups ----------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, as when layers that were frozen join the training.

        Parameters
        ----------
        param_group : dict
            ``params``: a tensor, a list of them, or (name, tensor) pairs; and the options of the group. What it does
            not give is taken from the defaults. On an error the optimizer stays as it was.
        """
        group = new_group(self, param_group)
        self._check_options(group)
        for p in group["params"]:
            self.check_param(p)
        self.param_groups.append(group)
        if self.eager:
            for p in group["params"]:
                self._rule.prepare(self, group, p)

    def check_param(self, p: Tensor) -> None:
        """Raise if this optimizer cannot work on ``p``. Subclasses say so here."""

    def _check_options(self, options: dict[str, Any]) -> None:
        """Raise ValueError if an option is out of its range. Subclasses add what involves several options."""
        for name, check in self.checks.items():
            if options.get(name, required) is not required:
                check(options[name])

    # -- stepping --------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; one whose ``grad`` is None is left as it is.

        Parameters
        ----------
        closure : callable, optional
            clears the gradients, computes the loss, calls backward and returns the loss

        Returns
        -------
        Tensor or None
            the value of the closure, which is the loss *before* the update
        """
        loss = None
        if closure is not None:
            if not callable(closure):
                raise TypeError(
                    f"step() takes a closure, a function that computes the loss, and was given a "
                    f"{type(closure).__name__}: call loss.backward() and then step(), with nothing between the brackets"
                )
            with enable_grad():
                loss = closure()
        if self._rule is None:
            raise NotImplementedError(f"{type(self).__name__} has neither a rule nor a step of its own")
        for i, group in enumerate(self.param_groups):
            if group.get("differentiable"):
                self._rule.step_recorded(self, group)
                continue
            plan = self._plans.get(i)
            if plan is not None and plan.straight is not None and plan.straight(self, group):
                continue
            if plan is None or not plan.holds(self, group):
                plan = self._plans[i] = self._rule.plan(self, group, group["params"])
            plan.step(self, group)
            while plan.repeated:
                plan = self._rule.plan(self, group, plan.repeated)
                plan.step(self, group)
        return loss

    def gathered(self) -> Iterator[tuple[Tensor, Any]]:
        """The parameters that are stepped together, each with the array into which its gradient is copied for that."""
        for plan in self._plans.values():
            for job in plan.jobs:
                yield from job.gathered()

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        """What each state of ``p`` starts from: a number to fill it with, an array, or None for a state not in use.

        To be given by every optimizer whose rule takes a state.
        """
        if self._rule.names:
            states = ", ".join(f"{name!r}: 0" for name in self._rule.names)
            raise NotImplementedError(
                f"{type(self).__name__} has a rule with a state, and does not say what that starts from: write "
                f"`def initial(self, group, p): return {{{states}}}`"
            )
        return {}

    def check_gradient(self, group: dict[str, Any], p: Tensor) -> None:
        """Raise RuntimeError if this optimizer cannot take a gradient of such a kind as that of ``p``."""
        if p.grad is not None and p.grad.is_sparse and not self.sparse:
            raise RuntimeError(f"{type(self).__name__} does not support sparse gradients")

    def rows_suffice(self, group: dict[str, Any]) -> bool:
        """Whether a sparse gradient needs its own rows only, because a row without a gradient stays as it is."""
        return True

    def state_names(self) -> set[str]:
        """The names that the state of a parameter may have; empty where anything goes."""
        return set() if self._rule is None else {*self._rule.names, "step"}

    def shape_of(self, name: str, p: Tensor) -> tuple[int, ...] | None:
        """The shape that state ``name`` of ``p`` must have, or None if it may have any."""
        return () if name == "step" or name in self.scalars else tuple(p.shape)

    def state_to_save(self, state: Any) -> Any:
        """The state of one parameter in the form in which PyTorch saves it."""
        return state

    def zero_grad(self, set_to_none: bool = False) -> None:
        """Make the gradients of all parameters zero.

        Parameters
        ----------
        set_to_none : bool
            set them to None instead. A step *skips* a parameter whose gradient is None, and *updates* one whose
            gradient is zero: momentum and weight decay go on.
        """
        for group in self.param_groups:
            for p in group["params"]:
                clear(p, set_to_none)

    # -- saving ----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state as a dict of two entries, in PyTorch's layout.

        ``state`` maps the number of each parameter to its state; ``param_groups`` holds the groups, with numbers in the
        place of parameters. The tensors in it are those of the optimizer: ``copy.deepcopy`` it to keep them as they
        are.
        """
        for hook in self._state_dict_pre_hooks.values():
            hook(self)
        result = saved(self)
        for hook in self._state_dict_post_hooks.values():
            changed = hook(self, result)
            if changed is not None:
                result = changed
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state that :meth:`state_dict`, here or in PyTorch, returned. Everything is copied.

        Raises
        ------
        ValueError
            if groups, names, shapes or the kind of state do not fit; the optimizer is then as it was
        """
        state_dict = dict(state_dict)
        for hook in self._load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            if changed is not None:
                state_dict = changed
        self.state, self.param_groups = loaded(self, state_dict)
        self._plans.clear()
        for hook in self._load_state_dict_post_hooks.values():
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])

    # -- hooks -----------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ``(args, kwargs)``."""
        return self._step_pre_hooks.register(hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self._step_post_hooks.register(hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` before each :meth:`state_dict`."""
        return self._state_dict_pre_hooks.register(hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after each :meth:`state_dict`; it may return another dict."""
        return self._state_dict_post_hooks.register(hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before loading; it may return another dict."""
        return self._load_state_dict_pre_hooks.register(hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(optimizer)`` after loading."""
        return self._load_state_dict_post_hooks.register(hook, prepend)


Optimizer.step = with_step_hooks(Optimizer.step)  # type: ignore[method-assign]
