"""Tensors that belong to a module: parameters, which are trained, and buffers, which are only kept."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.ops.values import check_device, dtype_of
from ..autograd.tensor import Tensor, new_tensor

__all__ = ["Buffer", "Parameter", "UninitializedParameter", "is_lazy"]


class Parameter(Tensor):
    """A tensor to be trained: assigned to an attribute of a module, it is one of the module's ``parameters()``.

    Parameters
    ----------
    data : Tensor, optional
        the first values; the parameter shares its memory. Default: a tensor without elements
    requires_grad : bool
        whether a gradient is computed for it (default True)

    >>> from minitorch_optim.autograd import ones
    >>> Parameter(ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        result: Parameter = _belonging(cls, data, requires_grad)
        return result

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        # As in PyTorch, the copy of a parameter begins without a gradient.
        if id(self) not in memo:
            result = new_tensor(self._array.copy(), self._requires_grad, type(self))
            result.__dict__.update(copy.deepcopy(self.__dict__, memo))
            memo[id(self)] = result
        found: Tensor = memo[id(self)]
        return found


class Buffer(Tensor):
    """A tensor that is part of a module's state but not trained: assigning one is like ``register_buffer``.

    Parameters
    ----------
    data : Tensor, optional
        the values; the buffer shares their memory
    persistent : bool
        whether it is in the module's ``state_dict`` (default True)
    """

    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        result: Buffer = _belonging(cls, data, data is not None and data.requires_grad)
        result.persistent = persistent
        return result


def _belonging(kind: Any, data: Any, requires_grad: bool) -> Any:
    """A leaf of class ``kind`` in the memory of ``data``."""
    if data is None:
        data = new_tensor(np.empty(0, dtype_of(None)))
    if not isinstance(data, Tensor):
        raise TypeError(
            f"{kind.__name__}() holds a Tensor, and got {type(data).__name__}: write {kind.__name__}(tensor(...))"
        )
    result = new_tensor(data._array, False, kind)
    result._version = data._version
    result.requires_grad = requires_grad
    return result


def empty_parameter(*shape: int, device: Any = None, dtype: Any = None) -> Parameter:
    """A parameter whose values are still to be drawn by ``reset_parameters``."""
    check_device(device)
    try:
        array = np.empty(shape, dtype_of(dtype))
    except ValueError:
        wrong = next((n for n in shape if n < 0), None)
        if wrong is None:
            raise
        raise ValueError(
            f"Trying to create tensor with negative dimension {wrong}: {list(shape)}. A layer's sizes are whole "
            f"numbers from 0"
        ) from None
    except TypeError:
        wrong = next((n for n in shape if not hasattr(n, "__index__")), None)
        if wrong is None:
            raise
        raise TypeError(
            f"empty(): argument 'size' must be tuple of ints, not {type(wrong).__name__}: a layer's sizes are whole "
            f"numbers, got {wrong!r}. Divide with //, or convert with int()"
        ) from None
    return Parameter(new_tensor(array))


# -- parameters of lazy layers ------------------------------------------------------------------


class UninitializedParameter(Parameter):
    """The parameter of a lazy layer that has seen no input yet: of a dtype, but without shape and values.

    ``materialize(shape)`` makes an ordinary parameter of it; the layer calls that when its first input comes. The
    object stays the same, so an optimizer that was given it earlier trains it.
    """

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        check_device(device)
        result: Any = new_tensor(np.empty(0, dtype_of(dtype)), requires_grad, Parameter)
        result.__class__ = cls
        return result

    # The array is there, for its dtype, and out of reach: whatever would compute with it gets the error instead.
    @property
    def _array(self) -> Any:
        raise ValueError(
            "Attempted to use an uninitialized parameter: the layer is lazy and learns its input size from its first "
            "input. Call the model with a batch (of any values) before using its parameters"
        )

    @property
    def shape(self) -> Any:
        """Not known yet: raises RuntimeError."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. Call `forward` of the lazy layer, with a "
            "batch of any values, to initialize it first."
        )

    @property
    def dtype(self) -> Any:
        """The dtype that the values will have."""
        return Parameter._array.__get__(self).dtype

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary :class:`Parameter` of ``shape``, with values still to be drawn."""
        check_device(device)
        dtype = dtype_of(dtype, self.dtype)
        self.__class__ = Parameter  # type: ignore[assignment]
        self._array = np.empty(shape, dtype)  # type: ignore[misc]

    def convert(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Take the dtype that ``fn`` gives a tensor of this one."""
        Parameter._array.__set__(self, fn(new_tensor(np.empty(0, self.dtype)))._array)

    def __repr__(self) -> str:
        return "<UninitializedParameter>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return memo.setdefault(id(self), type(self)(self.requires_grad, dtype=self.dtype))  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self.dtype)


def is_lazy(parameter: Any) -> bool:
    """Whether ``parameter`` is still waiting for its shape."""
    return isinstance(parameter, UninitializedParameter)
