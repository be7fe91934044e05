"""Parameters in sequences and dictionaries."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..autograd.tensor import Tensor
from .containers import pairs_of
from .module import Module
from .parameter import Parameter
from .registry import typename

__all__ = ["ParameterDict", "ParameterList"]


class _Parameters(Module):
    """Values under names. Tensors become parameters; what is no tensor is kept, but is no part of the state."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}

    def _get(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def _set(self, key: str, value: Any) -> None:
        if key not in self._keys and hasattr(self, key):
            raise KeyError(f"attribute '{key}' already exists")
        self._keys[key] = None
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, key, value)

    def _drop(self, key: str) -> None:
        self._get(key)
        del self._keys[key]
        delattr(self, key)

    def _type_of(self, value: Parameter) -> str:
        return typename(value)

    def __len__(self) -> int:
        return len(self._keys)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """A container of parameters computes nothing."""
        raise RuntimeError(f"{type(self).__name__} should not be called.")

    def extra_repr(self) -> str:
        """A line for each value."""
        lines = []
        for key in self._keys:
            value = self._get(key)
            if isinstance(value, Parameter):
                size = "x".join(str(n) for n in value.shape)
                lines.append(f"  ({key}): Parameter containing: [{self._type_of(value)} of size {size}]")
            elif not isinstance(value, Module):
                lines.append(f"  ({key}): Object of type: {type(value).__name__}")
        return "\n".join(lines)


class ParameterList(_Parameters):
    """A list of parameters that belong to the model. Tensors that are put in become parameters.

    >>> from minitorch_optim import nn
    >>> from minitorch_optim.autograd import zeros
    >>> weights = nn.ParameterList([zeros(2, 3), zeros(2)])
    >>> [tuple(w.shape) for w in weights], list(weights.state_dict())
    ([(2, 3), (2,)], ['0', '1'])
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        if values is not None:
            self.extend(values)

    def _type_of(self, value: Parameter) -> str:
        return f"torch.{value.dtype}"

    def _key(self, index: Any) -> str:
        i: int = operator.index(index)
        if not -len(self) <= i < len(self):
            raise IndexError(f"index {i} is out of range")
        return str(i % len(self))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self._get(self._key(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self._set(self._key(index), value)

    def __iter__(self) -> Iterator[Any]:
        return iter([self._get(key) for key in self._keys])

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def append(self, value: Any) -> ParameterList:
        """Add a value at the end, and return the list."""
        self._set(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add several values at the end, and return the list."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self


class ParameterDict(_Parameters):
    """A dictionary of parameters that belong to the model. Tensors that are put in become parameters.

    The keys of a plain dict are put in order, as in PyTorch; an ``OrderedDict``, another ``ParameterDict`` and a
    sequence of pairs keep theirs.

    >>> from minitorch_optim import nn
    >>> from minitorch_optim.autograd import zeros
    >>> weights = nn.ParameterDict({"left": zeros(2), "right": zeros(3)})
    >>> weights["right"].shape, "left" in weights
    (torch.Size([3]), True)
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        return self._get(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._set(key, value)

    def __delitem__(self, key: str) -> None:
        self._drop(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __or__(self, other: Any) -> ParameterDict:
        result = ParameterDict(OrderedDict(self.items()))
        result.update(other)
        return result

    def __ior__(self, other: Any) -> ParameterDict:
        self.update(other)
        return self

    def keys(self) -> Any:
        """The names."""
        return self._keys.keys()

    def values(self) -> Iterator[Any]:
        """The values."""
        return (self._get(key) for key in list(self._keys))

    def items(self) -> Iterator[tuple[str, Any]]:
        """Pairs of name and value."""
        return ((key, self._get(key)) for key in list(self._keys))

    def get(self, key: str, default: Any = None) -> Any:
        """The value of ``key``, or ``default``."""
        return self._get(key) if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of ``key``, which is ``default`` from now on if there was none."""
        if key not in self._keys:
            self._set(key, default)
        return self._get(key)

    def pop(self, key: str) -> Any:
        """Take one value out, and return it."""
        value = self._get(key)
        self._drop(key)
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last pair out, and return it."""
        key = list(self._keys)[-1]
        return key, self.pop(key)

    def clear(self) -> None:
        """Take all values out."""
        for key in list(self._keys):
            self._drop(key)

    def copy(self) -> ParameterDict:
        """Another dictionary of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def update(self, parameters: Any) -> None:
        """Add the values of a mapping, or of pairs of name and value; known names get the new value."""
        if isinstance(parameters, ParameterDict):
            parameters = OrderedDict(parameters.items())
        pairs = pairs_of(parameters, "ParameterDict")
        plain = isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict)
        for key, value in sorted(pairs, key=lambda pair: pair[0]) if plain else pairs:
            self._set(key, value)
