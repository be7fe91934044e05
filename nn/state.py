"""A module's state as a dict from paths to tensors, and back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, NamedTuple

from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from .parameter import Parameter, UninitializedParameter

if TYPE_CHECKING:
    from .module import Module


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` left alone: keys the module has and the dict lacks, and the other way round.

    >>> IncompatibleKeys([], [])
    <All keys matched successfully>
    """

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"

    def __str__(self) -> str:
        return repr(self)


def own_state(module: Module) -> dict[str, Tensor]:
    """The parameters and persistent buffers that ``module`` itself holds."""
    names = [*module._parameter_names, *(name for name, persistent in module._buffer_names.items() if persistent)]
    return {name: tensor for name in names if (tensor := getattr(module, name)) is not None}


def collect(module: Module, destination: dict[str, Any] | None, prefix: str, keep_vars: bool) -> dict[str, Any]:
    """Write the state of ``module`` and of all below it into ``destination``."""
    result: dict[str, Any] = OrderedDict() if destination is None else destination
    for hook, _ in module._registered("state_dict_pre"):
        hook(module, prefix, keep_vars)
    for name, tensor in own_state(module).items():
        as_it_is = keep_vars or isinstance(tensor, UninitializedParameter)
        result[prefix + name] = tensor if as_it_is else tensor.detach()
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=result, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook, _ in module._registered("state_dict_post"):
        if hook(module, result, prefix, {}) is not None:
            raise RuntimeError("state_dict post-hook must return None: change the dict that it is given")
    return result


def load(module: Module, state_dict: Mapping[str, Any], strict: bool, assign: bool) -> IncompatibleKeys:
    """Compare everything first, then write: a dict that does not fit leaves the module as it was."""
    if not isinstance(state_dict, Mapping):
        advice = ""
        if isinstance(state_dict, str | PathLike):
            advice = f" Read the file first: model.load_state_dict(torch.load({fspath(state_dict)!r}))"
        elif hasattr(state_dict, "state_dict"):
            advice = f" Give its state: {type(state_dict).__name__}.state_dict()"
        elif callable(state_dict):
            advice = " Call it, as in model.state_dict()"
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.{advice}")
    given = OrderedDict(state_dict)  # the pre-hooks may change it
    keys = IncompatibleKeys([], [])
    errors: list[str] = []
    writes: list[tuple[Module, str, Tensor]] = []
    known: set[str] = set()
    for path, part in module.named_modules(remove_duplicate=False):
        prefix = path + "." if path else ""
        for hook, _ in part._registered("load_pre"):
            hook(part, given, prefix, {}, strict, keys.missing_keys, keys.unexpected_keys, errors)
        for name, own in own_state(part).items():
            key = prefix + name
            known.add(key)
            if key not in given:
                keys.missing_keys.append(key)
            elif problem := _misfit(key, own, given[key]):
                errors.append(problem)
            else:
                writes.append((part, name, given[key]))
    keys.unexpected_keys.extend(key for key in given if key not in known)

    if strict:
        for what, names in (("Unexpected", keys.unexpected_keys), ("Missing", keys.missing_keys)):
            if names:
                errors.insert(0, f"{what} key(s) in state_dict: " + ", ".join(f'"{name}"' for name in names) + ". ")
    if errors:
        errors += _advice(keys, given)
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(module).__name__}:\n\t" + "\n\t".join(errors)
        )

    with no_grad():
        for part, name, value in writes:
            _write(part, name, value, assign)
    for _, part in module.named_modules():
        for hook, _ in part._registered("load_post"):
            hook(part, keys)
    return keys


def _advice(keys: IncompatibleKeys, given: Mapping[str, Any]) -> list[str]:
    """What to do about keys that do not fit, where they show it."""
    if not (keys.missing_keys and keys.unexpected_keys):
        return []
    for key in keys.unexpected_keys:
        if isinstance(given[key], Mapping) and set(keys.missing_keys) <= set(given[key]):
            return [f"The state seems to be the entry {key!r} of a checkpoint: load_state_dict(checkpoint[{key!r}])"]
    if {"state", "param_groups"} <= set(given):
        return ["This is the state of an optimizer: give it to optimizer.load_state_dict"]
    for short, long in ((keys.missing_keys, keys.unexpected_keys), (keys.unexpected_keys, keys.missing_keys)):
        prefix = long[0].removesuffix(short[0])
        if prefix.endswith(".") and [prefix + key for key in short] == long:
            change = f"key.removeprefix({prefix!r})" if long is keys.unexpected_keys else f"{prefix!r} + key"
            return [f"The keys differ by {prefix!r} only: load_state_dict({{{change}: t for key, t in state.items()}})"]
    return []


def _misfit(key: str, own: Tensor, value: Any) -> str | None:
    """Why ``value`` cannot become the values of ``own``, or None if it can."""
    if not isinstance(value, Tensor):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(value)}"
        )
    if isinstance(own, UninitializedParameter) or isinstance(value, UninitializedParameter):
        return None
    if own.shape != value.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, the shape in current "
            f"model is {own.shape}."
        )
    return None


def _write(module: Module, name: str, value: Tensor, assign: bool) -> None:
    own = getattr(module, name)
    if assign:
        if isinstance(own, Parameter) and not isinstance(value, Parameter):
            value = Parameter(value, own.requires_grad)
        setattr(module, name, value)
        return
    if isinstance(value, UninitializedParameter):
        return
    if isinstance(own, UninitializedParameter):
        own.materialize(value.shape)
    own.copy_(value.detach().to(own.dtype))
