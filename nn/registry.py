"""What a module has registered: names are kept, values are ordinary attributes.

A module notes which of its attributes are parameters, buffers or submodules. Reading one of them is then the quickest
thing Python knows, a look into the object's ``__dict__``, and nothing is stored twice.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from ..autograd.tensor import Tensor
from ..autograd.watch import changes


def before_init(module: Any, name: str) -> str:
    """What to say where ``Module.__init__`` was forgotten."""
    kind = type(module).__name__
    return (
        f"{kind!r} object has no attribute {name!r} before Module.__init__() call: begin the __init__ of {kind} with "
        f"super().__init__()"
    )


class BeforeInit:
    """An attribute of a module that ``Module.__init__`` has not set. (``__getattr__`` would slow all others down.)"""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, module: Any, owner: type) -> Any:
        raise AttributeError(before_init(module, self.name) if module is not None else self.name)


class Registry(MutableMapping[str, Any]):
    """The parameters (or buffers, or submodules) of one module by name: a live view that can be written to.

    ``module._modules["fc"] = Linear(2, 3)`` is seen as ``module.fc``, and the other way round.
    """

    __slots__ = ("_attributes", "_names")

    def __init__(self, attributes: dict[str, Any], names: dict[str, bool]) -> None:
        self._attributes = attributes
        self._names = names

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._attributes[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._names.setdefault(name, True)
        self._attributes[name] = value
        changes.note()

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        del self._attributes[name]
        changes.note()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))


def check_name(owner: Any, what: str, name: Any, taken: dict[str, bool]) -> None:
    """Raise unless ``name`` can be registered: a string without dots, and no attribute of ``owner`` of another kind."""
    if not isinstance(name, str):
        raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
    if hasattr(owner, name) and name not in taken:
        raise KeyError(f"attribute '{name}' already exists")
    if "." in name:
        raise KeyError(f'{what} name can\'t contain ".", got: {name}')
    if name == "":
        raise KeyError(f'{what} name can\'t be empty string ""')


def typename(value: Any) -> str:
    """How an error names the type of ``value``: ``torch.FloatTensor`` for a tensor, ``int`` for a number."""
    return str(value.type()) if isinstance(value, Tensor) else type(value).__name__


def framed(name: str, extra: str, children: list[tuple[str, str]]) -> str:
    """``Name(extra)``, with a line for each labelled child.

    >>> print(framed("Sequential", "", [("(0)", "ReLU()")]))
    Sequential(
      (0): ReLU()
    )
    """
    if not children and "\n" not in extra:
        return f"{name}({extra})"
    lines = [extra] if extra else []
    lines += [f"{label}: {text}" for label, text in children]
    return f"{name}(\n  " + "\n".join(lines).replace("\n", "\n  ") + "\n)"
