"""Are the gradients right? The derivatives that backward gives, compared with differences of the function itself.

A gradient is checked element by element. The part of the Jacobian that belongs to one element of an output comes from
one backward pass; the part that belongs to one element of an input comes from moving that element a little, both ways.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .backward import grad
from .tensor import Array, Tensor, new_tensor

Function = Callable[..., Any]


class GradcheckError(RuntimeError):
    """What :func:`gradcheck` raises: a derivative is wrong."""


def gradcheck(
    func: Function,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Whether backward through ``func`` agrees with differences of ``func``, for every element of every input.

    The differences are central ones over two distances, ``eps`` and ``2 * eps``, combined so that the error of order
    eps**2 cancels (Richardson, 1911). In float64 with ``eps=1e-4`` they are good to about 11 digits, so ``rtol=1e-6``
    is a fair demand; the defaults are PyTorch's. A complex number counts as a pair of reals, in inputs and outputs.

    Parameters
    ----------
    func : callable
        takes ``inputs``, returns a Tensor or a tuple of Tensors; must give the same result every time
    inputs : Tensor or tuple
        the arguments; those that are Tensors with ``requires_grad`` are checked, and should be float64 or complex128
    eps : float
        how far an element is moved; choose inputs that are further than ``2 * eps`` from kinks and edges of the domain
    atol, rtol : float
        a difference of ``atol + rtol * |numerical|`` is allowed
    raise_exception : bool
        raise where a gradient is wrong; otherwise return False

    Returns
    -------
    bool
        True if all agree

    Raises
    ------
    GradcheckError
        (a RuntimeError) naming the output, the input, and the elements of both that disagree most, with the two values
    ValueError
        if no input requires grad

    >>> from minitorch_optim.autograd import tensor, float64
    >>> x = tensor([0.5, 2.0], dtype=float64, requires_grad=True)
    >>> gradcheck(lambda x: x * x, x)
    True
    >>> gradcheck(lambda x: x * x.detach(), x, raise_exception=False)    # half of the derivative is lost
    False
    """
    arguments = _tuple(inputs)
    watched = [i for i, x in enumerate(arguments) if isinstance(x, Tensor) and x.requires_grad]
    if not watched:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, "
            "but none of the them have requires_grad=True."
        )
    for i in watched:
        if arguments[i].dtype not in (np.float64, np.complex128):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex: it is "
                f"{arguments[i].dtype}, too rough for differences. This check will likely fail. Use x.double()",
                stacklevel=2,
            )
    try:
        _check(func, arguments, watched, eps, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Function,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
) -> bool:
    """Whether the second derivatives of ``func`` are right: :func:`gradcheck` of its backward pass.

    Checked is the function from the inputs and the gradients of the outputs to the gradients of the inputs.

    Parameters
    ----------
    func, inputs, eps, atol, rtol, raise_exception
        as in :func:`gradcheck`
    grad_outputs : Tensor or tuple of Tensors, optional
        one for each output that requires grad, of the same shape; default: random normal, the same at every call
    gen_non_contig_grad_outputs : bool
        make these random gradients non-contiguous in memory

    Raises
    ------
    GradcheckError
        (a RuntimeError) where "output i" is the gradient of the i-th input that requires grad, and the inputs are
        ``(*inputs, *grad_outputs)``

    >>> from minitorch_optim.autograd import tensor, float64
    >>> x = tensor([0.5, 2.0], dtype=float64, requires_grad=True)
    >>> gradgradcheck(lambda x: x * x * x, x)
    True
    """
    arguments = _tuple(inputs)
    outputs = _differentiable(_results(func, arguments))
    if grad_outputs is None:
        random = np.random.default_rng(0)
        given = [_random_like(out._array, random, gen_non_contig_grad_outputs) for out in outputs]
    else:
        given = list(_tuple(grad_outputs))

    def backward_pass(*everything: Any) -> tuple[Tensor, ...]:
        x, g = everything[: len(arguments)], everything[len(arguments) :]
        wanted = [t for t in x if isinstance(t, Tensor) and t.requires_grad]
        found = grad(_differentiable(_results(func, x)), wanted, g, create_graph=True, allow_unused=True)
        return tuple(t for t in found if t is not None)

    return gradcheck(
        backward_pass, (*arguments, *given), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception
    )


# -- the comparison


def _check(
    func: Function, arguments: tuple[Any, ...], watched: list[int], eps: float, atol: float, rtol: float
) -> None:
    outputs = _results(func, arguments)
    smooth = [j for j, out in enumerate(outputs) if isinstance(out, Tensor) and out.requires_grad]
    # A function may return other things beside, such as indices. Where nothing requires grad, nothing may change.
    compared = smooth or [j for j, out in enumerate(outputs) if isinstance(out, Tensor) and out.dtype.kind in "fc"]

    def values() -> list[Array]:
        results = _results(func, arguments)
        return [_reals(results[j]._array).copy() for j in compared]

    by_backward = {j: _analytical(outputs[j], [arguments[i] for i in watched], watched) for j in smooth}
    for position, i in enumerate(watched):
        by_differences = _numerical(values, arguments[i], eps)
        for j, numerical in zip(compared, by_differences, strict=True):
            analytical = by_backward[j][position] if smooth else np.zeros_like(numerical)
            wrong = ~(np.abs(analytical - numerical) <= atol + rtol * np.abs(numerical))  # NaN is wrong
            if wrong.any():
                heading = f"Jacobian mismatch for output {j} with respect to input {i},"
                if not smooth:
                    heading = f"Numerical gradient for function expected to be zero: output {j} does not require grad,"
                report = _report(numerical, analytical, outputs[j]._array, arguments[i]._array, atol, rtol)
                raise GradcheckError(heading + report)


def _analytical(output: Tensor, inputs: list[Tensor], numbers: list[int]) -> list[Array]:
    """The Jacobian by each input, shape (elements of the input, elements of the output): a backward for each column."""
    jacobians = [np.zeros((_reals(x._array).size, _reals(output._array).size)) for x in inputs]
    for column, (index, direction) in enumerate(_elements(output._array)):
        unit = np.zeros(output._array.shape, output.dtype)
        unit[index] = direction
        found = grad(output, inputs, new_tensor(unit), retain_graph=True, allow_unused=True)
        for x, i, g, jacobian in zip(inputs, numbers, found, jacobians, strict=True):
            if g is None:
                continue
            dense = _dense(g)
            if dense.shape != x.shape or dense.dtype != x.dtype:
                raise GradcheckError(
                    f"grad is incorrect size or type: input {i} has shape {list(x.shape)} and dtype {x.dtype}, its "
                    f"gradient has shape {list(dense.shape)} and dtype {dense.dtype}"
                )
            jacobian[:, column] = _reals(dense._array)
    return jacobians


def _numerical(values: Callable[[], list[Array]], x: Tensor, eps: float) -> list[Array]:
    """The Jacobian of each output by ``x``, shape (elements of x, elements of the output), from differences."""
    original = x._array
    rows: list[list[Array]] = []
    try:
        for index, direction in _elements(original):

            def slopes(step: float, index: Any = index, direction: complex = direction) -> list[Array]:
                """The central difference over ``step`` to both sides."""
                ends, places = [], []
                for sign in (1, -1):
                    x._array = original.copy()  # the tensor remains itself: func may know it by another way
                    x._array[index] += sign * step * direction
                    places.append(x._array[index])
                    ends.append(values())
                distance = float(abs(places[0] - places[1]))  # as it is after rounding
                return [(there - here) / distance for there, here in zip(*ends, strict=True)]

            near, far = slopes(eps), slopes(2 * eps)
            rows.append([(4 * n - f) / 3 for n, f in zip(near, far, strict=True)])
    finally:
        x._array = original
    if not rows:
        return [np.zeros((0, out.size)) for out in values()]
    return [np.stack(column) for column in zip(*rows, strict=True)]


def _report(numerical: Array, analytical: Array, output: Array, input: Array, atol: float, rtol: float) -> str:
    """Where the two disagree most, and all their values."""
    difference = np.abs(analytical - numerical)
    excess = np.where(np.isnan(difference), np.inf, difference - rtol * np.abs(numerical))
    row, column = np.unravel_index(np.argmax(excess), excess.shape)
    return (
        f" the largest difference is {difference[row, column]:.3g}, for output{_place(output, int(column))} by "
        f"input{_place(input, int(row))}: numerical {numerical[row, column]:.10g}, analytical "
        f"{analytical[row, column]:.10g} (allowed: atol={atol:g} + rtol={rtol:g} * |numerical|).\n"
        f"numerical:{numerical}\nanalytical:{analytical}\n(a row for each element of the input)"
    )


# -- complex as reals


def _reals(array: Array) -> Array:
    """The real numbers in ``array``, as a vector: real and imaginary part of each complex element in turn."""
    flat = np.ravel(array)
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _elements(array: Array) -> Iterator[tuple[tuple[int, ...], complex]]:
    """The index of each of these real numbers, and the direction in which it is counted."""
    directions: Sequence[complex] = (1, 1j) if array.dtype.kind == "c" else (1,)
    return itertools.product(np.ndindex(array.shape), directions)


def _place(array: Array, number: int) -> str:
    index, direction = next(itertools.islice(_elements(array), number, None))
    part = "" if array.dtype.kind != "c" else ".real" if direction == 1 else ".imag"
    return (str(list(index)) if index else "") + part


# -- small things


def _tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple | list) else (values,)


def _results(func: Function, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_dense(out) for out in _tuple(func(*arguments)))


def _dense(value: Any) -> Any:
    return value.to_dense() if isinstance(value, Tensor) and value.is_sparse else value


def _differentiable(outputs: tuple[Any, ...]) -> list[Tensor]:
    return [out for out in outputs if isinstance(out, Tensor) and out.requires_grad]


def _random_like(array: Array, random: np.random.Generator, non_contiguous: bool) -> Tensor:
    """Normal random numbers in the shape and dtype of ``array``, as a leaf that requires grad."""
    shape = (*array.shape, 2) if non_contiguous else array.shape
    values: Array = random.normal(size=shape)
    if array.dtype.kind == "c":
        values = values + 1j * random.normal(size=shape)
    values = np.asarray(values, array.dtype)
    return new_tensor(values[..., 0] if non_contiguous else values, True)
