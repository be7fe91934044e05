"""The Tensor: one NumPy array, and the place where its history is kept.

This file holds the data structure only. What can be *done* with a tensor (``exp``, ``+``, ``sum``,
``backward`` ...) is written in ``tape.py`` and ``ops/`` and hung onto the class from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .dtypes import CPU, DType, Size, device, float32, is_differentiable, sparse_coo, strided
from .watch import assigned, read

if TYPE_CHECKING:
    from .tape import Node

Array = Any  # numpy.ndarray of any dtype; inside a tensor with layout sparse_coo, a sparse.COO


class Tensor:
    """An n-dimensional array whose history can be recorded, so that gradients flow back through it.

    Make one with :func:`tensor`, :func:`zeros`, :func:`from_numpy` ...; calling the class itself is torch's
    legacy constructor: ``Tensor([1, 2])`` holds these values as float32, ``Tensor(3, 4)`` is uninitialised.

    Attributes
    ----------
    grad : Tensor or None
        where ``backward()`` adds up the gradient of a leaf; same shape and dtype
    requires_grad : bool
        whether operations on this tensor are recorded; only real and complex tensors can
    data : Tensor
        the same memory without the history

    >>> from minitorch_optim.autograd import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    # _array          the values: a numpy.ndarray
    # _node           the step of the tape that made this tensor; None for a leaf
    # _requires_grad  true for a leaf that was asked to, and for all that is computed from one
    # _version        [n]: how often the values were changed in place; shared by views and detach()
    # _view           how this tensor looks into another one's memory, or None
    # _hooks          functions to call with the gradient of this leaf, or None
    __slots__ = ("__dict__", "__weakref__", "_array", "_grad", "_hooks", "_node", "_requires_grad", "_version", "_view")

    __array_priority__ = 1000

    _array: Array
    _node: Node | None
    _requires_grad: bool
    _version: list[int]
    _view: Any
    _hooks: dict[int, Any] | None
    _grad: Tensor | None

    def __new__(cls, *data: Any, **options: Any) -> Tensor:
        return legacy_constructor(cls, data, options)

    # -- what it is ------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The length of each dimension."""
        return Size(self._array.shape)

    @property
    def dtype(self) -> DType:
        """The type of the elements, a NumPy dtype under torch's name."""
        dtype: DType = self._array.dtype
        return dtype

    @property
    def device(self) -> device:
        """Always ``device("cpu")``."""
        return CPU

    @property
    def layout(self) -> str:
        """``strided`` for an ordinary tensor, ``sparse_coo`` for a sparse one."""
        return sparse_coo if self.is_sparse else strided

    @property
    def is_sparse(self) -> bool:
        """Whether this tensor stores (index, value) pairs instead of every element."""
        return type(self._array) is not np.ndarray

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._array.shape)

    is_cuda = False

    # -- its history -----------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded. Settable on a leaf."""
        if self._view is not None:
            self._view.refresh(self)
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        value = bool(value)
        if value and not is_differentiable(self.dtype):
            raise RuntimeError(
                f"only Tensors of floating point and complex dtype can require gradients, and this one is "
                f"{self.dtype}: convert it first, as in x.float()"
            )
        if not value and self._node is not None:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                "variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        self._requires_grad = value

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set :attr:`requires_grad` and return the tensor itself."""
        self.requires_grad = requires_grad
        return self

    @property
    def grad_fn(self) -> Node | None:
        """The step of the tape that computed this tensor, or None for a leaf."""
        if self._view is not None:
            self._view.refresh(self)
        return self._node

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by hand rather than computed from one that requires grad."""
        return self.grad_fn is None

    @property
    def grad(self) -> Tensor | None:
        """Where backward adds up the gradient of a leaf, or None. Settable, to a tensor of the same shape and dtype."""
        grad = self._grad
        if grad is None and self._node is not None:
            _hint_at_the_leaf(self)
        return grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}: make "
                    f"one of it with tensor(...)"
                )
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    f"assigned grad has data of a different size: {list(value.shape)}, and the tensor has "
                    f"{list(self.shape)}"
                )
            if value._array.dtype != self._array.dtype:
                raise RuntimeError(
                    f"assigned grad has data of a different type: {value.dtype}, and the tensor is {self.dtype}. "
                    f"Convert it first, as in grad.to(tensor.dtype)"
                )
        self._grad = value
        assigned(self)

    @grad.deleter
    def grad(self) -> None:
        self._grad = None
        assigned(self)

    # -- the same memory -------------------------------------------------------------------------

    @property
    def data(self) -> Tensor:
        """The same memory, without history: changes to it go unseen by the tape. Settable."""
        return new_tensor(self._array)

    @data.setter
    def data(self, source: Tensor) -> None:
        self._array = source._array if isinstance(source, Tensor) else np.asarray(source)

    def detach(self) -> Tensor:
        """The same memory, without history; the tape notices changes made through it."""
        result = new_tensor(self._array)
        result._version = self._version
        return result

    def numpy(self, *, force: bool = False) -> Array:
        """The NumPy array inside: the same memory.

        Raises
        ------
        RuntimeError
            if the tensor requires grad and ``force`` is not given: changes would go unseen by the tape.

        >>> from minitorch_optim.autograd import zeros
        >>> t = zeros(2)
        >>> t.numpy()[0] = 7
        >>> t
        tensor([7., 0.])
        """
        read("numpy()")
        if self.is_sparse:
            raise TypeError("can't convert a sparse tensor to numpy. Use Tensor.to_dense() first.")
        if self.requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead. For a single "
                "number, such as a loss that is to be plotted, use tensor.item()."
            )
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        if dtype is not None and dtype != array.dtype:
            if copy is False:
                raise ValueError(f"a tensor of {array.dtype} cannot become an array of {dtype} without a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    # -- copies ----------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if id(self) in memo:
            found: Tensor = memo[id(self)]
            return found
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol "
                "at the moment. Use tensor.detach().clone() for one that was computed."
            )
        import copy

        result = new_tensor(self._array.copy(), self._requires_grad, type(self))
        memo[id(self)] = result
        if self.grad is not None:
            result.grad = copy.deepcopy(self.grad.detach(), memo)
        if self.__dict__:
            result.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return result

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "a computed tensor that requires grad cannot be pickled, or copied by copy.copy, as Matplotlib does: "
                "give it tensor.detach(), which has no history"
            )
        return _rebuilt, (type(self), self._array, self._requires_grad, dict(self.__dict__))

    # -- identity --------------------------------------------------------------------------------

    __hash__ = object.__hash__  # by identity: tensors are keys of dictionaries, as in optimizer.state

    if TYPE_CHECKING:  # the operations, hung onto the class by ops/

        def __getattr__(self, name: str) -> Any: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __iter__(self) -> Any: ...
        def __len__(self) -> int: ...
        def __float__(self) -> float: ...
        def __int__(self) -> int: ...
        def __bool__(self) -> bool: ...


_bare = object.__new__  # of a class, a tensor with nothing in it


def new_tensor(array: Array, requires_grad: bool = False, kind: type[Tensor] = Tensor) -> Tensor:
    """A leaf around ``array``, without a copy and without a check: how the library itself makes tensors."""
    result = _bare(kind)
    result._array = array
    result._node = None
    result._requires_grad = requires_grad
    result._version = [0]
    result._view = None
    result._hooks = None
    result._grad = None
    return result


def _hint_at_the_leaf(tensor: Tensor) -> None:
    """Say why a computed tensor has no gradient, unless it will have one."""
    if tensor.is_leaf or tensor.retains_grad:
        return
    from .hints import hint

    hint(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
        "populated during autograd.backward(): it was computed from others, and gradients are kept for those only. "
        "Call retain_grad() on it before backward(). If it is a parameter, it was replaced by a computed tensor, as in "
        "w = w - lr * w.grad: change it in place instead, with w -= lr * w.grad inside no_grad().",
        UserWarning,
    )


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a :class:`Tensor`.

    >>> import numpy as np
    >>> is_tensor(np.zeros(2))
    False
    """
    return isinstance(obj, Tensor)


def array_of(value: Any) -> Array:
    """The array inside a tensor; anything else as it is."""
    return value._array if isinstance(value, Tensor) else value


def legacy_constructor(
    kind: type[Tensor], data: tuple[Any, ...], options: dict[str, Any], dtype: DType = float32
) -> Tensor:
    """``Tensor(2, 3)``: uninitialised of that shape; ``Tensor([1, 2])``: these values, as ``dtype``."""
    if options:
        raise TypeError(f"{kind.__name__}() takes no {next(iter(options))!r}: use tensor(data, dtype=...) instead")
    if not data:
        array = np.empty(0, dtype)
    elif all(isinstance(n, int | np.integer) for n in data):
        array = np.empty(data, dtype)
    elif len(data) == 1 and isinstance(data[0], Size):
        array = np.empty(data[0], dtype)
    elif len(data) == 1:
        values = data[0]
        if isinstance(values, list | tuple):  # of numbers, or of tensors
            values = [v._array if isinstance(v, Tensor) else v for v in values]
        array = np.array(array_of(values), dtype=dtype)
    else:
        raise TypeError(f"{kind.__name__}() takes sizes, or one sequence of values, got {len(data)} arguments")
    return new_tensor(array, kind=kind)


def _rebuilt(kind: type[Tensor], array: Array, requires_grad: bool, extra: dict[str, Any]) -> Tensor:
    result = new_tensor(array, requires_grad, kind)
    result.__dict__.update(extra)
    return result
