"""Parameter groups: what is given to an optimizer, brought into one form and checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Tensor
from ..autograd.arguments import meant
from ..autograd.hints import hint

if TYPE_CHECKING:
    from .optimizer import Optimizer


class _Required:
    """The default of an option that must be given, in the constructor or in each group."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()

# What a group may hold besides the optimizer's own options: names, and what schedules keep there.
ALSO_IN_A_GROUP = {
    "params", "param_names", "name", "initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr",
}  # fmt: skip


def as_groups(params: Any) -> list[dict[str, Any]]:
    """What was given as ``params``, as a list of groups."""
    if isinstance(params, Tensor | dict) or not isinstance(params, Iterable):
        if isinstance(params, type):
            advice = f"make a model of the class first, as in model = {params.__name__}(...)"
        elif hasattr(params, "parameters"):
            advice = "give its parameters, as in model.parameters()"
        elif isinstance(params, dict) and "params" not in params:
            advice = "give what is in it, as in model.parameters()"
        elif isinstance(params, dict):
            advice = "a dict is one group, so put it in a list, as in [{'params': model.parameters()}]"
        else:
            advice = "call it, as in model.parameters()" if callable(params) else "put it in a list, as in [params]"
        raise TypeError(
            "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
            f"{type(params).__name__}: {advice}"
        )
    _refuse_sets(params)
    entries = list(params)
    if not entries:
        raise ValueError(
            "optimizer got an empty parameter list: has an earlier loop used up a generator? Call model.parameters() "
            "anew. Or does the model keep its layers in a plain list (use nn.ModuleList), or its tensors without "
            "nn.Parameter?"
        )
    return entries if isinstance(entries[0], dict) else [{"params": entries}]


def new_group(optimizer: Optimizer, given: Any) -> dict[str, Any]:
    """A copy of the group that was given, with names apart and the defaults filled in, fit to join the others."""
    if not isinstance(given, dict):
        raise TypeError(f"param_group must be a dict, but got {type(given)}")
    if "params" not in given:
        raise ValueError(
            f"a parameter group needs the key 'params', got {sorted(given)}: write it as {{'params': "
            f"model.parameters(), ...}}"
        )
    params, names = _params_and_names(given["params"])
    group = {"params": params} if names is None else {"params": params, "param_names": names}
    for name, value in given.items():
        group.setdefault(name, value)
    defaults = optimizer.defaults
    for p in params:
        _check_param(p, group.get("differentiable", defaults.get("differentiable")))
    if optimizer.param_groups and ("param_names" in optimizer.param_groups[0]) != ("param_names" in group):
        current = "with names" if "param_names" in group else "without names"
        raise ValueError(
            f"all optimizer param groups should be with/without names. cannot add param group {current} to the "
            f"optimizer"
        )
    for name, default in defaults.items():
        if default is required and name not in group:
            raise ValueError(
                f"parameter group didn't specify a value of required optimization parameter {name}: give it to the "
                f"optimizer, as in {type(optimizer).__name__}(params, {name}=...)"
            )
        group.setdefault(name, default)
    for name in group:
        if name not in defaults and name not in ALSO_IN_A_GROUP:
            near = meant(name, [*defaults, *ALSO_IN_A_GROUP])
            raise ValueError(
                f"{type(optimizer).__name__} has no option {name!r} for a parameter group: "
                f"{f'did you mean {near!r}? Its' if near else 'its'} options are {sorted(defaults)}"
            )
    _look_for_repetitions(optimizer, params)
    return group


def _params_and_names(given: Any) -> tuple[list[Any], list[str] | None]:
    _refuse_sets(given)
    entries = [given] if isinstance(given, Tensor) else list(given)
    if entries and all(isinstance(entry, tuple) for entry in entries):
        return [p for _, p in entries], [name for name, _ in entries]
    if any(isinstance(entry, tuple) for entry in entries):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return entries, None


def _refuse_sets(params: Any) -> None:
    if isinstance(params, set | frozenset):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )


def _check_param(p: Any, differentiable: Any) -> None:
    if not isinstance(p, Tensor):
        raise TypeError(
            f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}: {_unpacked(p)}"
        )
    if p.dtype.kind not in "fc":
        hint(
            f"one of the params is a tensor of {p.dtype}: whole numbers have no gradient, so the optimizer will never "
            f"change it. Make it real, as in p.float(), before requires_grad_()"
        )
    if not differentiable and not p.is_leaf and not p.retains_grad:
        raise ValueError("can't optimize a non-leaf Tensor: optimize the leaves it was computed from, or its detach()")


def _unpacked(value: Any) -> str:
    """What to give instead of ``value``, which is no tensor, in a list of parameters."""
    if hasattr(value, "parameters"):
        return "give the parameters of the module, as in [*first.parameters(), *second.parameters()]"
    if isinstance(value, Iterable) and not isinstance(value, str | np.ndarray):
        return "unpack what is in it, as in [*first.parameters(), *second.parameters()]"
    if isinstance(value, str):
        return "a dict gives its keys, so give its values, or model.parameters()"
    return "make a tensor of it, with requires_grad=True"


def _look_for_repetitions(optimizer: Optimizer, params: list[Tensor]) -> None:
    taken = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if any(id(p) in taken for p in params):
        raise ValueError("some parameters appear in more than one parameter group")
    if len({id(p) for p in params}) != len(params):
        hint(
            "optimizer contains a parameter group with duplicate parameters: each step updates them once for every "
            "time they are listed, which is hardly ever what is meant",
            UserWarning,
        )
