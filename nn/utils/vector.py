"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from ...autograd.ops.joining import cat
from ...autograd.tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other: a new tensor of shape (P,), on the tape.

    >>> from minitorch_optim.autograd import tensor
    >>> parameters_to_vector([tensor([[1.0], [2.0]]), tensor([3.0])])
    tensor([1., 2., 3.])
    """
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give the parameters the elements of ``vec``, shape (P,), in the order of :func:`parameters_to_vector`.

    The parameters become views of ``vec``, as in PyTorch: pass ``vec.clone()`` to keep them apart.

    Raises
    ------
    RuntimeError
        if ``vec`` has not as many elements as the parameters together; none of them is then changed
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    parameters = list(parameters)
    count = sum(parameter.numel() for parameter in parameters)
    if vec.numel() != count:
        raise RuntimeError(f"vec has {vec.numel()} elements, and the parameters have {count} together")
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        parameter.data = vec[start:end].view_as(parameter).data
        start = end
