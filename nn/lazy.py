"""Lazy layers: they learn the size of their input from the first input."""

from __future__ import annotations

from typing import Any

from .module import Module
from .parameter import is_lazy

__all__: list[str] = []


class LazyModule(Module):
    """The first half of a lazy layer's bases, as in ``class LazyLinear(LazyModule, Linear)``.

    At the first call it has :meth:`initialize_parameters` give the parameters their shapes, and then becomes a module
    of the class ``cls_to_become``.
    """

    cls_to_become: type[Module]

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materialize the parameters for these inputs of ``forward``, and draw their values."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is initialized")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter is still without a shape."""
        return any(is_lazy(tensor) for tensor in [*self._parameters.values(), *self._buffers.values()])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.initialize_parameters(*args, **kwargs)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        return self(*args, **kwargs)
