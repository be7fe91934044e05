"""The layout of an optimizer's ``state_dict``, PyTorch's: numbers stand in the place of parameters."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Tensor
from ..autograd.tensor import new_tensor
from .groups import ALSO_IN_A_GROUP

if TYPE_CHECKING:
    from .optimizer import Optimizer

# Options that came after the first state dicts were saved, or that PyTorch's do not have: they may be missing.
YOUNGER = {"maximize", "foreach", "differentiable", "capturable", "fused", "decoupled_weight_decay", "clamp_variance"}


def saved(optimizer: Optimizer) -> dict[str, Any]:
    """``{"state": {number: {...}}, "param_groups": [{..., "params": [numbers]}]}``.

    Parameters are numbered as they first appear; entries of the state that belong to no parameter keep their key.
    """
    numbers: dict[int, int] = {}
    for group in optimizer.param_groups:
        for p in group["params"]:
            numbers.setdefault(id(p), len(numbers))
    return {
        "state": {
            numbers.get(id(key), key) if isinstance(key, Tensor) else key: optimizer.state_to_save(value)
            for key, value in optimizer.state.items()
        },
        "param_groups": [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
            for group in optimizer.param_groups
        ],
    }


def loaded(optimizer: Optimizer, state_dict: dict[str, Any]) -> tuple[defaultdict[Any, Any], list[dict[str, Any]]]:
    """State and groups for ``optimizer`` from a state dict, which shares nothing with them."""
    name = type(optimizer).__name__
    if not {"state", "param_groups"} <= set(state_dict):
        raise ValueError(
            f"loaded state dict for {name} needs the entries 'state' and 'param_groups', and has {list(state_dict)}"
        )
    groups, given = optimizer.param_groups, state_dict["param_groups"]
    if len(groups) != len(given):
        raise ValueError(
            f"loaded state dict has a different number of parameter groups: {len(given)}, and {name} has {len(groups)}"
        )
    params: dict[Any, Tensor] = {}
    new_groups = []
    for i, (group, other) in enumerate(zip(groups, given, strict=True)):
        _check_group(optimizer, i, group, other)
        params.update(zip(other["params"], group["params"], strict=True))
        new_group = {k: _copied(v) for k, v in other.items() if k != "params"}
        for option, default in optimizer.defaults.items():
            new_group.setdefault(option, group.get(option, default))
        if "param_names" in group:
            new_group["param_names"] = group["param_names"]
        optimizer._check_options(new_group)
        new_groups.append({"params": group["params"], **new_group})

    new_state: defaultdict[Any, Any] = defaultdict(dict)
    for key, value in state_dict["state"].items():
        if key in params:
            new_state[params[key]] = _state_of(params[key], value, optimizer, key)
        else:
            new_state[key] = _copied(value)
    return new_state, new_groups


def _check_group(optimizer: Optimizer, i: int, group: dict[str, Any], other: dict[str, Any]) -> None:
    """Raise ValueError unless the group ``other`` of a state dict fits ``group``."""
    name = type(optimizer).__name__
    if len(group["params"]) != len(other["params"]):
        raise ValueError(
            f"loaded state dict contains a parameter group that doesn't match the size of optimizer's group: group {i} "
            f"has {len(other['params'])} parameters there and {len(group['params'])} in {name}"
        )
    missing = sorted(set(optimizer.defaults) - set(other) - YOUNGER)
    foreign = sorted(set(other) - set(optimizer.defaults) - set(group) - ALSO_IN_A_GROUP)
    if missing or foreign:
        raise ValueError(
            f"loaded state dict is not of {name}: its group {i} lacks the options {missing} and has {foreign}, which "
            f"{name} does not know"
        )
    ours, theirs = group.get("param_names"), other.get("param_names")
    if ours is not None and theirs is not None and ours != theirs:
        own, saved = next((a, b) for a, b in zip(ours, theirs, strict=True) if a != b)
        raise ValueError(f"loaded state dict has other names in group {i}: {saved!r} where {name} has {own!r}")


def _state_of(p: Tensor, state: dict[str, Any], optimizer: Optimizer, key: Any) -> dict[str, Any]:
    known = optimizer.state_names()
    foreign = sorted(set(state) - known) if known else []
    if foreign:
        raise ValueError(
            f"loaded state dict is not of {type(optimizer).__name__}: parameter {key} has the state {foreign}, and "
            f"{type(optimizer).__name__} knows {sorted(known)}"
        )
    result = {}
    for name, value in state.items():
        array = _array(value)
        if array is not None and array.ndim and known and optimizer.shape_of(name, p) not in (None, array.shape):
            raise ValueError(
                f"loaded state dict has {name!r} of shape {tuple(array.shape)} for parameter {key} of shape "
                f"{tuple(p.shape)}: is the order of the parameters the same?"
            )
        # What is one number for each parameter keeps its own dtype, as it is no part of the parameter's arithmetic.
        result[name] = _copied(value, None if name == "step" or name in optimizer.scalars else p.dtype)
    return result


def _array(value: Any) -> Any:
    """The values of a tensor, ours or another library's, or None for what is not a tensor."""
    if getattr(value, "is_sparse", False):
        value = value.to_dense()
    if isinstance(value, Tensor):
        return value._array
    return np.asarray(value) if hasattr(value, "__array__") and hasattr(value, "shape") else None


def _copied(value: Any, dtype: Any = None) -> Any:
    """A copy with our tensors in the place of any library's, also in lists; those of ``dtype``'s kind get that
    dtype."""
    if type(value) in (list, tuple):
        return type(value)(_copied(entry, dtype) for entry in value)
    array = _array(value)
    if array is None:
        return copy.deepcopy(value)
    cast = dtype is not None and array.dtype.kind == dtype.kind in "fc"
    return new_tensor(np.array(array, dtype if cast else array.dtype))
