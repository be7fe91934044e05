"""The layout of an optimizer's ``state_dict``, PyTorch's: numbers stand in the place of parameters."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import Tensor
from ..autograd.tensor import new_tensor

if TYPE_CHECKING:
    from .optimizer import Optimizer


def saved(state: dict[Any, Any], groups: list[dict[str, Any]]) -> dict[str, Any]:
    """``{"state": {number: {...}}, "param_groups": [{..., "params": [numbers]}]}``.

    Parameters are numbered as they first appear; entries of the state that belong to no parameter keep their key.
    """
    numbers: dict[int, int] = {}
    for group in groups:
        for p in group["params"]:
            numbers.setdefault(id(p), len(numbers))
    return {
        "state": {numbers.get(id(key), key) if isinstance(key, Tensor) else key: value for key, value in state.items()},
        "param_groups": [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
            for group in groups
        ],
    }


def loaded(optimizer: Optimizer, state_dict: dict[str, Any]) -> tuple[defaultdict[Any, Any], list[dict[str, Any]]]:
    """State and groups for ``optimizer`` from a state dict, which shares nothing with them."""
    name = type(optimizer).__name__
    if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= set(state_dict):
        raise ValueError(f"loaded state dict for {name} needs the entries 'state' and 'param_groups'")
    groups, given = optimizer.param_groups, state_dict["param_groups"]
    if len(groups) != len(given):
        raise ValueError(
            f"loaded state dict has a different number of parameter groups: {len(given)}, and {name} has {len(groups)}"
        )
    params: dict[Any, Tensor] = {}
    new_groups = []
    for i, (group, other) in enumerate(zip(groups, given, strict=True)):
        if len(group["params"]) != len(other["params"]):
            raise ValueError(
                f"loaded state dict contains a parameter group that doesn't match the size of optimizer's group: group {i} "
                f"has {len(other['params'])} parameters there and {len(group['params'])} in {name}"
            )
        ours, theirs = group.get("param_names"), other.get("param_names")
        if ours is not None and theirs is not None and ours != theirs:
            differing = next((a, b) for a, b in zip(ours, theirs, strict=True) if a != b)
            raise ValueError(
                f"loaded state dict has other parameter names in group {i}: {differing[1]!r} where {name} has {differing[0]!r}"
            )
        params.update(zip(other["params"], group["params"], strict=True))
        new_group = {k: _copied(v) for k, v in other.items() if k != "params"}
        for option, default in optimizer.defaults.items():  # options that are younger than the saved dict
            new_group.setdefault(option, group.get(option, default))
        if ours is not None:
            new_group["param_names"] = ours
        new_group["params"] = group["params"]
        optimizer._check_options(new_group)
        new_groups.append(new_group)

    new_state: defaultdict[Any, Any] = defaultdict(dict)
    for key, value in state_dict["state"].items():
        if key in params:
            new_state[params[key]] = _state_of(params[key], value, optimizer, key)
        else:
            new_state[key] = _copied(value)
    return new_state, new_groups


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
        result[name] = _copied(value, None if name == "step" else p.dtype)
    return result


def _array(value: Any) -> Any:
    """The values of a tensor, ours or another library's, or None for what is not a tensor."""
    if isinstance(value, Tensor):
        return value._array
    return np.asarray(value) if hasattr(value, "__array__") and hasattr(value, "shape") else None


def _copied(value: Any, dtype: Any = None) -> Any:
    """A copy with our tensors in the place of any library's, also in lists; vectors of the kind of ``dtype`` get that dtype."""
    if type(value) in (list, tuple):
        return type(value)(_copied(entry, dtype) for entry in value)
    array = _array(value)
    if array is None or getattr(value, "is_sparse", False):
        return copy.deepcopy(value)
    cast = dtype is not None and array.ndim and array.dtype.kind == dtype.kind in "fc"
    return new_tensor(np.array(array, dtype if cast else array.dtype))
