"""Layers that set elements or channels to zero at random while training, and do nothing in evaluation mode."""

from __future__ import annotations

from ..autograd.tensor import Tensor
from . import functional as F
from .functional.dropout import check_probability
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d"]


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_probability(p)
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The options."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """While training, sets each element to zero with probability ``p`` and multiplies the others by 1 / (1 - p).

    Shape: (...) to (...).

    >>> from minitorch_optim.autograd import ones
    >>> Dropout(0.5).eval()(ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.dropout`."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """:class:`Dropout` of whole channels. Shape: (N, C, L) or (C, L)."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.dropout1d`."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """:class:`Dropout` of whole channels. Shape: (N, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.dropout2d`."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """:class:`Dropout` of whole channels. Shape: (N, C, D, H, W) or (C, D, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.dropout3d`."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that keeps the mean and variance of SELU's outputs. Shape: (...) to (...)."""

    def forward(self, input: Tensor) -> Tensor:
        """:func:`functional.alpha_dropout`."""
        return F.alpha_dropout(input, self.p, self.training, self.inplace)
