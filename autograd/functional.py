"""Whole derivatives of a function of tensors: Jacobian, Hessian, and their products with vectors.

``func`` takes the tensors ``inputs`` and returns a Tensor or a tuple of Tensors. Where ``inputs`` is one Tensor and not
a tuple, what belongs to it in the answer is no tuple either; the same holds for what ``func`` returns.

All six are made of one thing: a backward pass gives the product of a vector with the Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from .backward import grad
from .derivatives.shapes import stack
from .modes import enable_grad
from .tape import apply
from .tensor import Tensor, new_tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

F = TypeVar("F", bound=Callable[..., Any])
Function = Callable[..., Any]
Tensors = tuple[Tensor, ...]


def _recording(function: F) -> F:
    """Record inside, also where the caller has switched it off."""
    recorded: F = enable_grad()(function)
    return recorded


@_recording
def jacobian(func: Function, inputs: Any, create_graph: bool = False, strict: bool = False) -> Any:
    """The derivative of every element of the results by every element of the inputs.

    It takes one backward pass for each element of the results.

    Parameters
    ----------
    func : callable
        takes ``inputs``, returns a Tensor or a tuple of Tensors
    inputs : Tensor or tuple of Tensors
        where to differentiate
    create_graph : bool
        record the computation, so that the answer can be differentiated in its turn
    strict : bool
        raise if a result does not depend on an input, instead of giving zeros

    Returns
    -------
    Tensor, or tuple of Tensors, or tuple of tuples
        element [i][j] has shape (*shape of result i, *shape of input j)

    Raises
    ------
    RuntimeError
        with ``strict``, naming the result and the input that are independent
    TypeError
        if an input or a result is not a Tensor

    >>> from minitorch_optim.autograd import tensor
    >>> jacobian(lambda x: x * x, tensor([1.0, 2.0, 3.0]))
    tensor([[2., 0., 0.],
            [0., 4., 0.],
            [0., 0., 6.]])
    """
    x = _prepared(inputs, "jacobian", create_graph)
    results, one = _called(func, x, "jacobian")
    table = [_jacobian_of(out, x, create_graph, strict, f"Output {i}") for i, out in enumerate(results)]
    return _as_given([_as_given(row, inputs) for row in table], one)


@_recording
def hessian(func: Function, inputs: Any, create_graph: bool = False, strict: bool = False) -> Any:
    """All second derivatives of a function whose result is one number: the Jacobian of its gradient.

    Parameters
    ----------
    func : callable
        takes ``inputs``, returns a Tensor with a single element
    inputs, create_graph, strict
        as in :func:`jacobian`

    Returns
    -------
    Tensor, or tuple of tuples of Tensors
        element [i][j] has shape (*shape of input i, *shape of input j)

    >>> from minitorch_optim.autograd import tensor
    >>> hessian(lambda x: (x * x * x).sum(), tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    x = _prepared(inputs, "hessian", create_graph)
    _, gradient = _value_and_gradient(func, x, "hessian", strict)
    table = [_jacobian_of(g, x, create_graph, strict, f"The gradient by input {i}") for i, g in enumerate(gradient)]
    return _as_given([_as_given(row, inputs) for row in table], inputs)


@_recording
def vjp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The results of ``func``, and the product of the vector ``v`` with its Jacobian: one backward pass.

    Parameters
    ----------
    func, inputs, create_graph, strict
        as in :func:`jacobian`
    v : Tensor or tuple of Tensors, optional
        in the shapes of the results; may be left out if the result has a single element

    Returns
    -------
    (results, product)
        the product has the shapes of ``inputs``

    >>> from minitorch_optim.autograd import tensor
    >>> vjp(lambda x: x * x, tensor([1.0, 2.0]), tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    x = _prepared(inputs, "vjp", create_graph)
    results, one = _called(func, x, "vjp")
    product = _times_jacobian(_vector(v, results, "returned", create_graph), results, x, create_graph, strict)
    return _as_given(_finished(results, create_graph), one), _as_given(product, inputs)


@_recording
def jvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The results of ``func``, and the product of its Jacobian with the vector ``v``: how they change along ``v``.

    Backward gives w J for a vector w. That is linear in w, so its derivative by w in the direction v is J v: two
    backward passes (J. Townsend, "A new trick for calculating Jacobian vector products", 2017).

    Parameters
    ----------
    func, inputs, create_graph, strict
        as in :func:`jacobian`
    v : Tensor or tuple of Tensors, optional
        in the shapes of ``inputs``; may be left out if the input has a single element

    Returns
    -------
    (results, product)
        the product has the shapes of the results

    >>> from minitorch_optim.autograd import tensor
    >>> jvp(lambda x: x * x, tensor([1.0, 2.0]), tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    x = _prepared(inputs, "jvp", create_graph)
    v = _vector(v, x, "given", create_graph)
    results, one = _called(func, x, "jvp")
    w = tuple(new_tensor(np.zeros_like(out._array), True) for out in results)
    w_times_jacobian = _times_jacobian(w, results, x, True, strict)
    product = _times_jacobian(v, w_times_jacobian, w, create_graph, False)
    return _as_given(_finished(results, create_graph), one), _as_given(product, one)


@_recording
def vhp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The result of ``func``, one number, and the product of the vector ``v`` with its Hessian, which is never formed.

    Parameters
    ----------
    func, inputs, create_graph, strict
        as in :func:`hessian`
    v : Tensor or tuple of Tensors, optional
        in the shapes of ``inputs``; may be left out if the input has a single element

    Returns
    -------
    (result, product)
        the product has the shapes of ``inputs``

    >>> from minitorch_optim.autograd import tensor
    >>> vhp(lambda x: (x * x * x).sum(), tensor([1.0, 2.0]), tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    x = _prepared(inputs, "vhp", create_graph)
    v = _vector(v, x, "given", create_graph)
    value, gradient = _value_and_gradient(func, x, "vhp", strict)
    product = _times_jacobian(v, gradient, x, create_graph, strict, "The gradient")
    return _finished((value,), create_graph)[0], _as_given(product, inputs)


def hvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The result of ``func``, one number, and the product of its Hessian with the vector ``v``.

    The Hessian is symmetric, so this is :func:`vhp`. Parameters, returns and errors are the same.

    >>> from minitorch_optim.autograd import tensor
    >>> hvp(lambda x: x[0] * x[0] * x[1], tensor([1.0, 2.0]), tensor([1.0, 0.0]))
    (tensor(2.), tensor([4., 2.]))
    """
    return vhp(func, inputs, v, create_graph, strict)


# -- what they are made of


def _times_jacobian(
    v: Tensors, results: Tensors, x: Tensors, create_graph: bool, strict: bool, name: str = "The output"
) -> Tensors:
    """The product of ``v`` with the Jacobian of ``results`` by ``x``; zeros where they are independent."""
    pairs = [(out, g) for out, g in zip(results, v, strict=True) if out.requires_grad]
    # The graph is kept, since it may be used again, and dies with its last reference.
    found = grad(
        [out for out, _ in pairs], x, [g for _, g in pairs], retain_graph=True, create_graph=create_graph,
        allow_unused=True,
    )  # fmt: skip
    product = []
    for i, (t, g) in enumerate(zip(x, found, strict=True)):
        if g is None and strict:
            raise RuntimeError(
                f"{name} of the user-provided function is independent of input {i}. This is not allowed in strict mode."
            )
        if g is None:
            g = new_tensor(np.zeros_like(t._array))
        product.append(g.to_dense() if g.is_sparse else g)
    return tuple(product)


def _jacobian_of(out: Tensor, x: Tensors, create_graph: bool, strict: bool, name: str) -> Tensors:
    """The Jacobian of one result by each input, element by element of the result."""
    lines = [_times_jacobian((unit,), (out,), x, create_graph, strict, name) for unit in _units(out)]
    if not lines:
        return tuple(new_tensor(np.zeros((*out.shape, *t.shape), t.dtype)) for t in x)
    return tuple(
        apply(np.reshape, apply(stack, *parts, axis=0), (*out.shape, *t.shape))
        for t, parts in zip(x, zip(*lines, strict=True), strict=True)
    )


def _units(out: Tensor) -> Iterator[Tensor]:
    """Zeros with a one at each place in turn."""
    for index in np.ndindex(out._array.shape):
        unit = np.zeros_like(out._array)
        unit[index] = 1
        yield new_tensor(unit)


def _value_and_gradient(func: Function, x: Tensors, who: str, strict: bool) -> tuple[Tensor, Tensors]:
    results, one = _called(func, x, who)
    if isinstance(one, tuple) or results[0]._array.size != 1:
        given = f"{len(results)} Tensors" if isinstance(one, tuple) else f"one of shape {list(results[0].shape)}"
        raise RuntimeError(
            f"The function given to {who} should return a single Tensor with a single element, and it returned "
            f"{given}. Reduce it first, as in .sum()"
        )
    return results[0], _times_jacobian((new_tensor(np.ones_like(results[0]._array)),), results, x, True, strict)


# -- arguments and answers


def _prepared(inputs: Any, who: str, create_graph: bool) -> Tensors:
    """The inputs as tensors of their own that require grad; with ``create_graph`` still connected to the caller's."""
    given = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    for i, x in enumerate(given):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"The inputs given to {who} must be either a Tensor or a tuple of Tensors but input {i} has type "
                f"{type(x).__name__}."
            )
    connected = [create_graph and x.requires_grad for x in given]
    return tuple(
        apply(np.reshape, x, tuple(x.shape)) if still else x.detach().requires_grad_()
        for x, still in zip(given, connected, strict=True)
    )


def _called(func: Function, x: Tensors, who: str) -> tuple[Tensors, Any]:
    """The results of ``func`` as a tuple, and as they were given."""
    given = func(*x)
    results = tuple(given) if isinstance(given, tuple | list) else (given,)
    for i, out in enumerate(results):
        if not isinstance(out, Tensor):
            raise TypeError(
                f"The outputs of the user-provided function given to {who} must be either a Tensor or a tuple of "
                f"Tensors but output {i} has type {type(out).__name__}."
            )
    return results, given


def _vector(v: Any, like: Tensors, which: str, create_graph: bool) -> Tensors:
    """``v`` as a tuple, one Tensor in the shape of each of ``like``."""
    if v is None:
        if len(like) != 1 or like[0]._array.size != 1:
            raise RuntimeError(
                f"The vector v can only be None if a single Tensor with a single element is {which}: pass v, in the "
                f"shapes {[list(t.shape) for t in like]}"
            )
        return (new_tensor(np.ones_like(like[0]._array)),)
    vector = tuple(v) if isinstance(v, tuple | list) else (v,)
    if len(vector) != len(like):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(vector)}.")
    for i, (part, t) in enumerate(zip(vector, like, strict=True)):
        if part.shape != t.shape:
            raise RuntimeError(
                f"Entry {i} in v has invalid size: should be {list(t.shape)} but got {list(part.shape)}."
            )
    return vector if create_graph else tuple(part.detach() for part in vector)


def _finished(results: Tensors, create_graph: bool) -> Tensors:
    return results if create_graph else tuple(out.detach() for out in results)


def _as_given(values: Any, pattern: Any) -> Any:
    """A tuple where ``pattern`` is one, otherwise the single element."""
    return tuple(values) if isinstance(pattern, tuple | list) else next(iter(values))
