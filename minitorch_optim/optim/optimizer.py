"""``Optimizer``: parameters in groups, state for each, steps, saving and loading.

An optimizer of the library adds three things to it: its hyperparameters, the checks they must pass, and one pure rule, which
``driver.py`` applies to all parameters.
"""

from __future__ import annotations

import difflib
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from ..autograd import Tensor, enable_grad, no_grad
from .checks import Check
from .driver import Plan, Rule
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


class _Required:
    """The default of an option that must be given, in the constructor or in each group."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()

# What a group may hold besides the optimizer's own options: names, and what schedules keep there.
_ALSO_IN_A_GROUP = {
    "params", "param_names", "name", "initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr",
}  # fmt: skip


class Optimizer:
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

    rule: ClassVar[Rule | None] = None
    checks: ClassVar[dict[str, Check]] = {}
    whole: ClassVar[bool] = False  # whether the rule needs whole tensors, not any elements
    together: ClassVar[bool] = False  # whether it needs all elements of a group at once
    sparse: ClassVar[bool] = False  # whether it can work on the rows that a sparse gradient names
    scalars: ClassVar[tuple[str, ...]] = ()  # states that are one number for each parameter
    eager: ClassVar[bool] = False  # whether state is there before the first step

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        step = cls.__dict__.get("step")
        if step is not None and not hasattr(step, "has_hooks"):
            cls.step = with_step_hooks(step)  # type: ignore[method-assign]
        if cls.rule is not None:
            cls._rule = Rule.of(cls)

    _rule: ClassVar[Any] = None

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._prepare()
        self._check_options({k: v for k, v in defaults.items() if v is not required})
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{type(params).__name__}: put it in a list, as in [tensor]"
            )
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        if isinstance(params, set):
            raise TypeError("optimizer parameters need to be organized in ordered collections, but the ordering of sets "
                            "changes between runs. Please use a list instead.")  # fmt: skip
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list: were they used up by an earlier loop over a generator?")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _prepare(self) -> None:
        """What is not saved with an optimizer: hooks, and the plans of how to step."""
        self._step_pre_hooks = Hooks()
        self._step_post_hooks = Hooks()
        self._state_dict_pre_hooks = Hooks()
        self._state_dict_post_hooks = Hooks()
        self._load_state_dict_pre_hooks = Hooks()
        self._load_state_dict_post_hooks = Hooks()
        self._plans: dict[int, Plan] = {}

    # -- groups ----------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, as when layers that were frozen join the training.

        Parameters
        ----------
        param_group : dict
            ``params``: a tensor, a list of them, or (name, tensor) pairs; and the options of the group. What it does not
            give is taken from the defaults. On an error the optimizer stays as it was.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        if "params" not in param_group:
            raise ValueError(f"a parameter group needs the key 'params', got {sorted(param_group)}")
        group = dict(param_group)
        given = group["params"]
        if isinstance(given, Tensor):
            given = [given]
        elif isinstance(given, set):
            raise TypeError("optimizer parameters need to be organized in ordered collections, but the ordering of sets "
                            "changes between runs. Please use a list instead.")  # fmt: skip
        group["params"] = params = list(given)
        if params and all(isinstance(entry, tuple) for entry in params):
            group["param_names"] = [name for name, _ in params]
            group["params"] = params = [p for _, p in params]
        elif any(isinstance(entry, tuple) for entry in params):
            raise ValueError("all optimizer params should be with/without names. Some param names are missing")

        for p in params:
            self._check_param(p, group)
        if any("param_names" in g for g in self.param_groups) != ("param_names" in group) and self.param_groups:
            current = "with names" if "param_names" in group else "without names"
            raise ValueError(f"all optimizer param groups should be with/without names. cannot add param group {current}")

        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            group.setdefault(name, default)
        for name in group:
            if name not in self.defaults and name not in _ALSO_IN_A_GROUP:
                near = difflib.get_close_matches(name, [*self.defaults, *_ALSO_IN_A_GROUP], n=1, cutoff=0.0)
                raise ValueError(
                    f"{type(self).__name__} has no option {name!r} for a parameter group: did you mean {near[0]!r}? "
                    f"Its options are {sorted(self.defaults)}"
                )
        self._check_options(group)

        if len({id(p) for p in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "each is updated once a step",
                stacklevel=3,
            )
        taken = {id(p) for g in self.param_groups for p in g["params"]}
        if any(id(p) in taken for p in params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(group)
        if self.eager:
            for p in params:
                self._rule.prepare(self, group, p)

    def _check_param(self, p: Any, group: dict[str, Any]) -> None:
        if not isinstance(p, Tensor):
            raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
        differentiable = group.get("differentiable", self.defaults.get("differentiable"))
        if not differentiable and not p.is_leaf and not p.retains_grad:
            raise ValueError(
                "can't optimize a non-leaf Tensor: optimize the leaves it was computed from, or its detach()"
            )

    def _check_options(self, options: dict[str, Any]) -> None:
        """Raise ValueError if an option is out of its range. Subclasses add what involves several options."""
        for name, check in self.checks.items():
            if name in options:
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
        the value of the closure, which is the loss *before* the update; or None
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if self._rule is None:
            raise NotImplementedError(f"{type(self).__name__} has neither a rule nor a step of its own")
        for i, group in enumerate(self.param_groups):
            if group.get("differentiable"):
                self._rule.step_recorded(self, group)
                continue
            plan = self._plans.get(i)
            if plan is None or not plan.holds(self, group):
                plan = self._plans[i] = self._rule.plan(self, group)
            with no_grad():
                plan.step()
        return loss

    def initial(self, group: dict[str, Any], p: Tensor) -> dict[str, Any]:
        """What each state of ``p`` starts from: a number to fill it with, an array, or None for a state not in use."""
        raise NotImplementedError

    def check_sparse(self, group: dict[str, Any]) -> None:
        """Raise RuntimeError if this optimizer cannot take a sparse gradient."""
        if not self.sparse:
            raise RuntimeError(f"{type(self).__name__} does not support sparse gradients")

    def state_names(self) -> set[str]:
        """The names that the state of a parameter may have; empty where anything goes."""
        return set() if self._rule is None else {*self._rule.names, "step"}

    def shape_of(self, name: str, p: Tensor) -> tuple[int, ...] | None:
        """The shape that state ``name`` of ``p`` must have, or None if it may have any."""
        return None if self.whole else tuple(p.shape)

    def zero_grad(self, set_to_none: bool = False) -> None:
        """Make the gradients of all parameters zero.

        Parameters
        ----------
        set_to_none : bool
            set them to None instead. A step *skips* a parameter whose gradient is None, and *updates* one whose gradient is
            zero: momentum and weight decay go on.
        """
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if set_to_none or p.grad.is_sparse:
                    p.grad = None
                    continue
                if p.grad.requires_grad:
                    p.grad = p.grad.detach()
                p.grad._array.fill(0)
                p.grad._version[0] += 1

    # -- saving ----------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state as a dict of two entries, in PyTorch's layout.

        ``state`` maps the number of each parameter to its state; ``param_groups`` holds the groups, with numbers in the place
        of parameters. The tensors in it are those of the optimizer: ``copy.deepcopy`` it to keep them as they are.
        """
        for hook in self._state_dict_pre_hooks.values():
            hook(self)
        result = saved(self.state, self.param_groups)
        for hook in self._state_dict_post_hooks.values():
            changed = hook(self, result)
            if changed is not None:
                result = changed
        return result

    @no_grad()
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
