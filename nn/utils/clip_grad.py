"""Gradients kept within bounds: by their norm, or element by element.

``parameters`` is one tensor or any number of them; those without a gradient are left out. ``foreach`` is accepted for
PyTorch's sake: there is one way to compute it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...autograd.modes import no_grad
from ...autograd.tensor import Tensor, new_tensor
from ...autograd.watch import beside

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _listed(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        return [tensors]
    if not isinstance(tensors, Iterable):
        what = "call it, as in" if callable(tensors) and not hasattr(tensors, "parameters") else "give it"
        raise TypeError(f"clipping takes tensors, and was given {type(tensors).__name__}: {what} model.parameters()")
    return list(tensors)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


def _elements(tensor: Tensor) -> Any:
    """An array of all elements that are not zero, and perhaps of some that are: of a sparse tensor, its values."""
    return tensor._array.coalesce().values if tensor.is_sparse else tensor._array


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all elements of all ``tensors``, as if they were one vector. Sparse ones too.

    Parameters
    ----------
    norm_type : float
        p in (sum |x|^p)^(1/p); ``inf`` for the greatest, ``-inf`` for the least |x|
    error_if_nonfinite : bool
        raise RuntimeError for nan and inf

    Returns
    -------
    Tensor, shape ()

    >>> from minitorch_optim.autograd import tensor
    >>> get_total_norm([tensor([3.0, 0.0]), tensor([[4.0]])])
    tensor(5.)
    """
    arrays = [_elements(tensor) for tensor in _listed(tensors)]
    if not arrays:
        return new_tensor(np.asarray(0.0, np.float32))
    return new_tensor(_total(arrays, float(norm_type), error_if_nonfinite))


@beside
def _total(arrays: list[Any], p: float, error_if_nonfinite: bool) -> Any:
    """As in PyTorch, the norm of the norms: each part is summed in its own dtype."""
    norms = np.array([np.linalg.norm(array.ravel(), p) for array in arrays if array.size])
    total = np.linalg.norm(norms, p) if norms.size else np.zeros(())
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {p} for gradients from `parameters` is non-finite, so it cannot be clipped. To "
            f"disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return np.asarray(total, np.result_type(*[np.abs(array[:0]).dtype for array in arrays]))


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients by max_norm / total_norm, if that is less than 1."""
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    with no_grad(), np.errstate(invalid="ignore"):  # inf * 0 is nan
        for g in _gradients(parameters):
            g.mul_(factor)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients, in place, so that the norm of all of them together is at most ``max_norm``.

    Parameters
    ----------
    max_norm : float
    norm_type, error_if_nonfinite
        as of :func:`get_total_norm`

    Returns
    -------
    Tensor, shape ()
        the norm before

    Source: Pascanu et al., On the difficulty of training recurrent neural networks (2013).

    >>> from minitorch_optim.autograd import tensor
    >>> w = tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = tensor([3.0, 4.0])
    >>> clip_grad_norm_(w, max_norm=1.0), w.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    parameters = _listed(parameters)
    total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total)
    return total


def clip_grad_norm(*args: Any, **kwargs: Any) -> Tensor:
    """The old name of :func:`clip_grad_norm_`; warns."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(*args, **kwargs)


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Move each element of the gradients, in place, to the nearer end where it is outside [-clip_value, clip_value].

    >>> from minitorch_optim.autograd import tensor
    >>> w = tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = tensor([-3.0, 0.2])
    >>> clip_grad_value_(w, 0.5)
    >>> w.grad
    tensor([-0.5000,  0.2000])
    """
    bound = float(clip_value)
    with no_grad():
        for g in _gradients(parameters):
            if g.is_sparse:
                coalesced = g._array.coalesce()
                np.clip(coalesced.values, -bound, bound, out=coalesced.values)
                g._array = coalesced
            else:
                g.clamp_(min=-bound, max=bound)
