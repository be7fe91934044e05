"""Layers that a model has and does not know of: in a plain list, or tensors that are no Parameters.

A module sees what is assigned to its attributes, not what is later put into a list there. So the lists are kept in mind
when they are assigned, and looked into when somebody asks for ``parameters()``.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..autograd.hints import hint
from ..autograd.tensor import Tensor
from .hooks import Hooked
from .parameter import Parameter

if TYPE_CHECKING:
    from .module import Module

PLAIN = frozenset((list, tuple, dict, Tensor))

# The attributes that may hold such layers. Empty, as it nearly always is, it costs a call of parameters() nothing.
suspects: weakref.WeakKeyDictionary[Module, set[str]] = weakref.WeakKeyDictionary()


def keep_in_mind(module: Module, name: str, value: Any) -> None:
    """Note an attribute of one of the types ``PLAIN``, if it holds layers or may come to hold some."""
    if type(value) is Tensor:
        suspicious = value._requires_grad and value._node is None
    else:
        suspicious = type(value) is not tuple if not value else any(True for _ in _layers(value))
    if suspicious:
        suspects.setdefault(module, set()).add(name)


def look_for_unregistered(root: Module) -> None:
    """Hint at parameters that ``root.parameters()`` will not give, once for each attribute that holds some."""
    if "_module_names" not in root.__dict__:  # made without Module.__init__(): the search for parameters will say so
        return
    registered = None
    for module in root.modules():
        for name in sorted(suspects.get(module, ())):
            if registered is None:
                registered = {id(p) for _, p in root.named_parameters()}
            value = module.__dict__.get(name)
            lost = {id(p) for p in _parameters(value) if p.requires_grad and p.is_leaf} - registered
            if lost and name not in module._buffer_names:
                suspects[module].discard(name)
                hint(_message(type(module).__name__, name, value, len(lost)))


def _layers(value: Any, depth: int = 3) -> Iterator[Any]:
    """The modules and parameters in ``value``, and in lists inside it."""
    if isinstance(value, Hooked | Parameter):
        yield value
    elif type(value) in (list, tuple, dict) and depth:
        for member in value.values() if type(value) is dict else value:
            yield from _layers(member, depth - 1)


def _parameters(value: Any) -> Iterator[Tensor]:
    if type(value) is Tensor:
        yield value
    for found in _layers(value):
        if isinstance(found, Tensor):
            yield found
        else:
            yield from (p for _, p in found.named_parameters())


def _message(owner: str, name: str, value: Any, count: int) -> str:
    if isinstance(value, Tensor):
        return (
            f"{owner}.{name} is a tensor that requires grad, but no Parameter: parameters() does not have it, so an "
            f"optimizer will not train it. Write self.{name} = nn.Parameter(...), or, if it is not to be trained, "
            f"self.register_buffer({name!r}, ...)"
        )
    found = list(_layers(value))
    kind = "Parameter" if all(isinstance(layer, Tensor) for layer in found) else "Module"
    what = f"{len(found)} {'parameter' if kind == 'Parameter' else 'layer'}{'s' * (len(found) > 1)}"
    parameters = f"{count} parameter{'s' * (count > 1)}"
    return (
        f"{owner}.{name} is a plain {type(value).__name__} with {what}: parameters() does not have their {parameters}, "
        f"so an optimizer will not train them. Write self.{name} = nn.{kind}{'Dict' if type(value) is dict else 'List'}"
        f"(...)"
    )
