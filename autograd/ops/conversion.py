"""From tensors to Python and between dtypes; copying into a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import shapes
from ..dtypes import DType, common_dtype, is_differentiable, promoted
from ..inplace import overwrite, put
from ..modes import modes
from ..tape import apply, cast
from ..tensor import Tensor, array_of, new_tensor
from ..watch import into, read
from .creation import zeros_like
from .naming import method, op
from .values import check_device, dtype_of, values_of

__all__ = [
    "can_cast", "clone", "is_complex", "is_floating_point", "is_nonzero", "is_signed", "promote_types", "result_type",
]  # fmt: skip


# -- to Python ----------------------------------------------------------------------------------


@op
def item(input: Tensor) -> Any:
    """The only element, as a Python number.

    Raises
    ------
    RuntimeError
        if there is not exactly one element

    >>> from minitorch_optim.autograd import tensor
    >>> tensor([2.5]).item()
    2.5
    """
    array = _dense(input)
    if array.size != 1:
        raise RuntimeError(
            f"a Tensor with {array.size} elements cannot be converted to Scalar: its shape is {list(array.shape)}. "
            f"Use tolist() for all elements, or reduce it first, as in x.mean()"
        )
    return array.item()


def _dense(input: Tensor) -> Any:
    read("reading the values of a tensor")
    return input._array.to_dense() if input.is_sparse else input._array


@op
def tolist(input: Tensor) -> Any:
    """The elements as nested lists of Python numbers; a number for a 0-d tensor.

    >>> from minitorch_optim.autograd import tensor
    >>> tensor([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return _dense(input).tolist()


@op(names=("__bool__",))
def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not zero: what ``if tensor:`` asks.

    >>> from minitorch_optim.autograd import tensor
    >>> is_nonzero(tensor([0.5]))
    True
    """
    array = _dense(input)
    if array.size != 1:
        count = "no values" if array.size == 0 else "more than one value"
        raise RuntimeError(
            f"Boolean value of Tensor with {count} is ambiguous: its shape is {list(array.shape)}. Use any() or all()"
        )
    return bool(array.item())


def _only_element(self: Tensor) -> Any:
    array = _dense(self)
    if array.size != 1:
        raise ValueError(
            f"only one element tensors can be converted to Python scalars, and this one has shape {list(array.shape)}: "
            f"use tolist() for all elements, or reduce it first, as in x.mean()"
        )
    return array.item()


for _python in (float, int, complex):
    method(f"__{_python.__name__}__")(lambda self, _python=_python: _python(_only_element(self)))


@method("__index__")
def _to_index(self: Tensor) -> int:
    if self.dtype.kind in "fc" or self._array.size != 1:
        raise TypeError(
            f"only integer tensors of a single element can be converted to an index, and this one has dtype "
            f"{self.dtype} and shape {list(self.shape)}"
        )
    return int(_dense(self).item())


@method("__format__")
def _format(self: Tensor, spec: str) -> str:
    """A 0-d tensor takes the formats of its number."""
    if spec and self.ndim:
        raise TypeError(
            f"unsupported format string passed to Tensor.__format__: {spec!r} formats one number, and this tensor has "
            f"shape {list(self.shape)}. Reduce it first, as in x.mean(), or format its elements, x.tolist(), one by one"
        )
    return format(self.item(), spec) if self.ndim == 0 else str(self)


# -- to another dtype ---------------------------------------------------------------------------


@op
def clone(input: Tensor, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own; the gradient flows through it. ``memory_format`` is for torch's sake: C order.

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> x.clone()
    tensor([1., 2.], grad_fn=<CloneBackward>)
    """
    return apply(shapes.clone, input)


def _cast(input: Tensor, dtype: DType) -> Tensor:
    """``input`` itself if it has this dtype, otherwise converted: the gradient flows back in the old dtype."""
    if input.dtype == dtype:
        return input
    return apply(cast, input if is_differentiable(dtype) else input.detach(), dtype)


@method("to")
def _to(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, **options: Any) -> Tensor:
    """This tensor in another dtype; the tensor itself if nothing is to change.

    ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other_tensor)``; then ``non_blocking`` and ``copy``, as
    in torch. There is one device, so moving is free. ``copy=True`` always gives a new tensor.

    >>> from minitorch_optim.autograd import float64, tensor
    >>> tensor([1, 2]).to("cpu", float64)
    tensor([1., 2.], dtype=torch.float64)
    """
    flags = []
    for arg in args:
        if isinstance(arg, Tensor):
            dtype = arg.dtype
        elif isinstance(arg, bool):
            flags.append(arg)
        elif _is_dtype(arg):
            dtype = arg
        elif arg is not None:
            device = arg
    if unknown := options.keys() - {"non_blocking", "memory_format"}:
        raise TypeError(f"to() got an unexpected keyword argument {min(unknown)!r}")
    check_device(device)
    if len(flags) > 1:
        copy = flags[1]
    result = self if dtype is None else _cast(self, dtype_of(dtype))
    return clone(result) if copy and result is self else result


def _is_dtype(value: Any) -> bool:
    return isinstance(value, np.dtype | type)


_TYPES = {
    "Float": "float32", "Double": "float64", "Half": "float16", "ComplexFloat": "complex64",
    "ComplexDouble": "complex128", "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
    "Bool": "bool",
}  # fmt: skip
_TYPE_NAMES = {np.dtype(dtype): f"torch.{word}Tensor" for word, dtype in _TYPES.items()}


@method("type")
def _type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """In ``dtype``, which may be a legacy name; without an argument that name, such as ``'torch.FloatTensor'``.

    >>> from minitorch_optim.autograd import tensor
    >>> tensor([1.0]).type()
    'torch.FloatTensor'
    >>> tensor([1.0]).type("torch.LongTensor")
    tensor([1])
    """
    if dtype is None:
        return _TYPE_NAMES[self.dtype]
    if isinstance(dtype, str):
        known = {name: kind for kind, name in _TYPE_NAMES.items()}
        if dtype not in known:
            raise ValueError(f"invalid type: {dtype!r}; known are {', '.join(known)}")
        return _cast(self, known[dtype])
    return _cast(self, dtype_of(getattr(dtype, "dtype", dtype)))


@method("type_as")
def _type_as(self: Tensor, other: Tensor) -> Tensor:
    """In the dtype of ``other``."""
    return _cast(self, other.dtype)


def _caster(name: str, dtype: str) -> Any:
    def to_dtype(self: Tensor) -> Tensor:
        return _cast(self, np.dtype(dtype))

    to_dtype.__name__ = name
    to_dtype.__qualname__ = f"Tensor.{name}"
    to_dtype.__doc__ = f"In {dtype}; the tensor itself if it is."
    return to_dtype


for _name, _dtype in (
    ("float", "float32"), ("double", "float64"), ("half", "float16"), ("cfloat", "complex64"),
    ("cdouble", "complex128"), ("long", "int64"), ("int", "int32"), ("short", "int16"), ("char", "int8"),
    ("byte", "uint8"), ("bool", "bool"),
):  # fmt: skip
    method(_name)(_caster(_name, _dtype))


# -- to another place: there is one -------------------------------------------------------------


@method("cpu", "pin_memory", "share_memory_")
def _stay(self: Tensor, *where: Any) -> Tensor:
    """The tensor itself: it is on the CPU, in memory of this process."""
    return self


@method("cuda")
def _cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """There is no such device: raises the error of ``device("cuda")``."""
    check_device("cuda")
    return self


@method("is_pinned", "is_shared")
def _is_not(self: Tensor) -> bool:
    """False: the memory is this process's own."""
    return False


@method("get_device")
def _get_device(self: Tensor) -> int:
    """-1, torch's number for the CPU."""
    return -1


# -- about the dtype and the memory -------------------------------------------------------------


@op
def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are real numbers.

    >>> from minitorch_optim.autograd import tensor
    >>> is_floating_point(tensor([1.0])), is_floating_point(tensor([1]))
    (True, False)
    """
    return input.dtype.kind == "f"


@op
def is_complex(input: Tensor) -> bool:
    """Whether the elements are complex numbers.

    >>> from minitorch_optim.autograd import tensor
    >>> is_complex(tensor([1j]))
    True
    """
    return input.dtype.kind == "c"


def promote_types(type1: DType, type2: DType) -> DType:
    """The dtype of an operation on tensors of these two.

    >>> promote_types(np.dtype("int64"), np.dtype("float32"))
    dtype('float32')
    """
    return common_dtype((type1, type2))


def result_type(tensor1: Any, tensor2: Any) -> DType:
    """The dtype of an operation on these two tensors or numbers.

    >>> from minitorch_optim.autograd import tensor
    >>> result_type(tensor([1, 2]), 2.5)
    dtype('float32')
    """
    arrays = [array_of(t) for t in (tensor1, tensor2)]
    return promoted([a for a in arrays if hasattr(a, "dtype")], [a for a in arrays if not hasattr(a, "dtype")])


def can_cast(from_: DType, to: DType) -> bool:
    """Whether PyTorch's rules let a result of one dtype be stored in the other: never to a lower kind.

    >>> can_cast(np.dtype("float64"), np.dtype("float32")), can_cast(np.dtype("float32"), np.dtype("int64"))
    (True, False)
    """
    rank = "buifc".index
    return rank(np.dtype(from_).kind) <= rank(np.dtype(to).kind) or {from_.kind, to.kind} == {"u", "i"}


@op
def is_signed(input: Tensor) -> bool:
    """Whether the dtype holds negative numbers.

    >>> from minitorch_optim.autograd import tensor, uint8
    >>> is_signed(tensor([1])), is_signed(tensor([1], dtype=uint8))
    (True, False)
    """
    return input.dtype.kind not in "bu"


@method("element_size")
def _element_size(self: Tensor) -> int:
    """The bytes of one element."""
    return self.dtype.itemsize


@method("data_ptr")
def _data_ptr(self: Tensor) -> int:
    """The address of the first element."""
    return int(self._array.ctypes.data)


method("itemsize")(property(_element_size))
method("nbytes")(property(lambda self: self._array.nbytes, doc="The bytes of all elements together."))


# -- into this tensor ---------------------------------------------------------------------------


@method("copy_")
def _copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Take the values of ``src``, broadcast to this shape, in this dtype. The gradient flows to ``src``."""
    return _taken(self, src, "copy_")


def _taken(self: Tensor, src: Any, what: str) -> Tensor:
    source = src if isinstance(src, Tensor) else new_tensor(values_of(src, self.dtype))
    if self.is_sparse or source.is_sparse:
        return _copy_sparse(self, source)
    if source._array.shape != self._array.shape and not _fits(source.shape, self.shape):
        raise RuntimeError(
            f"copy_: output with shape {list(self.shape)} doesn't match the broadcast shape of the source, whose shape "
            f"is {list(source.shape)}"
        )
    if modes.grad and (self.requires_grad or source.requires_grad):
        return overwrite(self, apply(shapes.replaced, self, _cast(source, self.dtype)), what)
    into(self._array, put, source._array)
    self._version[0] += 1
    return self


def _fits(shape: tuple[int, ...], into: tuple[int, ...]) -> bool:
    """Whether ``shape`` broadcasts to ``into``."""
    return len(shape) <= len(into) and all(n in (1, m) for n, m in zip(shape[::-1], into[::-1]))


def _copy_sparse(self: Tensor, source: Tensor) -> Tensor:
    if not (self.is_sparse and source.is_sparse):
        raise RuntimeError(
            f"copy_() between dense and sparse Tensors is not implemented: from {source.layout} to {self.layout}. Use "
            f"to_dense() or to_sparse() first"
        )
    return overwrite(self, _to(source, self.dtype, copy=True), "copy_")


@method("fill_")
def _fill_(self: Tensor, value: Any) -> Tensor:
    """Set every element to one number, or to the value of a 0-d tensor, to which the gradient flows."""
    if np.ndim(array_of(value)) != 0:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {np.ndim(array_of(value))} dimensions."
        )
    return _taken(self, value, "fill_")


@method("zero_")
def _zero_(self: Tensor) -> Tensor:
    """Set every element to 0; a sparse tensor loses its entries."""
    if self.is_sparse:
        return _copy_(self, zeros_like(self))
    return _taken(self, 0, "zero_")
