"""A table of vectors that are looked up by number."""

from __future__ import annotations

from typing import Any

from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter, empty_parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """A learned vector of D numbers for each of V symbols.

    Parameters
    ----------
    num_embeddings : int
        V
    embedding_dim : int
        D
    padding_idx : int, optional
        a symbol whose vector starts as zeros and gets no gradient
    max_norm : float, optional
        vectors longer than this are scaled down to it, in place, when they are looked up
    norm_type : float
        of which norm ``max_norm`` speaks (default 2)
    scale_grad_by_freq : bool
        divide each vector's gradient by how often it was looked up in the batch
    sparse : bool
        give the gradient as a sparse tensor: only of the vectors that were looked up

    Attributes
    ----------
    weight : Parameter, shape (V, D)
        drawn from the standard normal distribution

    Shape: (...) of int64 or int32, numbers from 0 to V-1, to (..., D).

    >>> from minitorch_optim.autograd import tensor
    >>> layer = Embedding(10, 3, padding_idx=0)
    >>> layer(tensor([[0, 5], [9, 5]])).shape
    torch.Size([2, 2, 3])
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError(
                    f"Padding_idx must be within num_embeddings: it is {padding_idx}, and they are {num_embeddings}"
                )
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _weight is None:
            self.weight = empty_parameter(num_embeddings, embedding_dim, device=device, dtype=dtype)
            self.weight.requires_grad = not _freeze
            self.reset_parameters()
        else:
            if tuple(_weight.shape) != (num_embeddings, embedding_dim):
                raise AssertionError(
                    f"Shape of weight does not match num_embeddings and embedding_dim: {list(_weight.shape)} against "
                    f"{[num_embeddings, embedding_dim]}"
                )
            self.weight = Parameter(_weight, requires_grad=not _freeze)

    def reset_parameters(self) -> None:
        """Draw the vectors anew; that of ``padding_idx`` is set to zeros."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    def forward(self, input: Tensor) -> Tensor:
        """The vectors of the symbols in ``input``."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """A layer in the memory of ``embeddings``, shape (V, D); with ``freeze`` (default) it is not trained.

        >>> from minitorch_optim.autograd import tensor
        >>> Embedding.from_pretrained(tensor([[1.0, 2.0], [3.0, 4.0]]))(tensor(1))
        tensor([3., 4.])
        """
        if embeddings.ndim != 2:
            raise AssertionError(f"Embeddings parameter is expected to be 2-dimensional, got {embeddings.ndim}")
        rows, columns = embeddings.shape
        return cls(
            rows,
            columns,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def extra_repr(self) -> str:
        """The sizes, and the options that differ from the defaults."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        defaults = {"padding_idx": None, "max_norm": None, "norm_type": 2, "scale_grad_by_freq": False, "sparse": False}
        for name, default in defaults.items():
            value = getattr(self, name)
            if value != default:
                text += f", {name}={value}"
        return text
