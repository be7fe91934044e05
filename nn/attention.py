"""Attention with several heads, each of which looks for something else.

Source: Vaswani et al., Attention Is All You Need (2017), section 3.2.
"""

from __future__ import annotations

from typing import Any

from ..autograd.ops.creation import zeros
from ..autograd.ops.joining import cat
from ..autograd.tensor import Tensor
from . import functional as F
from . import init
from .functional.attention import additive, attention_weights
from .linear import Linear
from .module import Module
from .parameter import Parameter, empty_parameter

__all__ = ["MultiheadAttention", "NonDynamicallyQuantizableLinear"]


class NonDynamicallyQuantizableLinear(Linear):
    """A :class:`Linear` under the name that PyTorch gives the last one of :class:`MultiheadAttention`."""


class MultiheadAttention(Module):
    """softmax(Q K^T / sqrt(d)) V in H heads of size d = E / H; Q, K, V and the result pass through linear maps.

    Parameters
    ----------
    embed_dim : int
        E
    num_heads : int
        H, a divisor of E
    dropout : float
        the probability with which a weight is dropped while training (default 0)
    bias : bool
        whether the linear maps have a bias (default True)
    add_bias_kv : bool
        append one key and one value that are learned (default False)
    add_zero_attn : bool
        append a key and a value of zeros (default False)
    kdim, vdim : int, optional
        the sizes of keys and values (default: E)
    batch_first : bool
        shapes (N, L, E) in place of (L, N, E) (default False)

    Attributes
    ----------
    in_proj_weight : Parameter, shape (3 E, E), or None
        the maps of Q, K and V, one below the other; Xavier uniform
    q_proj_weight, k_proj_weight, v_proj_weight : Parameter, shapes (E, E), (E, kdim), (E, vdim), or None
        in place of it where ``kdim`` or ``vdim`` is not E
    in_proj_bias : Parameter, shape (3 E,), or None
        zeros
    out_proj : Linear
        the last map

    Shape: query (L, N, E), key (S, N, kdim), value (S, N, vdim) to (L, N, E); also without N.

    >>> from minitorch_optim.autograd import manual_seed, ones
    >>> _ = manual_seed(0)
    >>> out, weights = MultiheadAttention(4, 2)(ones(3, 1, 4), ones(5, 1, 4), ones(5, 1, 4))
    >>> out.shape, weights[0, 0]
    (torch.Size([3, 1, 4]), tensor([0.2000, 0.2000, 0.2000, 0.2000, 0.2000], grad_fn=<IndexBackward>))
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    q_proj_weight: Parameter
    k_proj_weight: Parameter
    v_proj_weight: Parameter
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads: {embed_dim} is not by {num_heads}")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        options = {"device": device, "dtype": dtype}

        one = self.kdim == self.vdim == embed_dim
        sizes: dict[str, tuple[int, ...] | None] = {
            "q_proj_weight": None if one else (embed_dim, embed_dim),
            "k_proj_weight": None if one else (embed_dim, self.kdim),
            "v_proj_weight": None if one else (embed_dim, self.vdim),
            "in_proj_weight": (3 * embed_dim, embed_dim) if one else None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
        }
        for name, size in sizes.items():
            self.register_parameter(name, empty_parameter(*size, **options) if size else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **options)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, empty_parameter(1, 1, embed_dim, **options) if add_bias_kv else None)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = getattr(self, name)
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)  # type: ignore[arg-type]
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The result, and the weights if they are needed.

        Parameters
        ----------
        key_padding_mask : Tensor, shape (N, S), optional
            True, or -inf, for keys that nobody may look at
        need_weights : bool
            return the weights too (default True)
        attn_mask : Tensor, shape (L, S) or (N H, L, S), optional
            True, or -inf, where a query may not look at a key; other numbers are added to the scores
        average_attn_weights : bool
            weights of shape (N, L, S), the mean over the heads (default), or (N, H, L, S)
        is_causal : bool
            says that ``attn_mask`` is the causal mask, which must then be given
        """
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        batched = query.ndim == 3
        if not batched:
            query, key, value = (x.unsqueeze(0) for x in (query, key, value))
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        if query.shape[-1] != self.embed_dim:
            raise AssertionError(
                f"was expecting embedding dimension of {self.embed_dim}, but got {query.shape[-1]}: the last "
                f"dimension of query is embed_dim. Make the layer with embed_dim={query.shape[-1]}, or bring the query "
                f"to shape (..., {self.embed_dim})"
            )

        n, length = query.shape[:2]
        q, k, v = self._projected(query, key, value)
        mask = self._mask(n, length, key.shape[1], q.dtype, key_padding_mask, attn_mask)
        weights = attention_weights(self._heads(q), self._heads(k), mask)
        weights = F.dropout(weights, self.dropout, self.training)
        out = (weights @ self._heads(v)).permute(2, 0, 1, 3).reshape(length, n, self.embed_dim)
        out = self.out_proj(out)

        if not batched:
            out, weights = out.squeeze(1), weights.squeeze(0)
        elif self.batch_first:
            out = out.transpose(0, 1)
        if not need_weights:
            return out, None
        return out, weights.mean(-3) if average_attn_weights else weights

    def _projected(self, *inputs: Tensor) -> list[Tensor]:
        """Q, K and V, shape (N, L or S, E); K and V with what is appended to them."""
        if self.in_proj_weight is not None:
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        q, *kv = (F.linear(x, w, b) for x, w, b in zip(inputs, weights, biases, strict=True))
        if self.bias_k is not None and self.bias_v is not None:
            learned = (bias.expand(len(q), 1, -1) for bias in (self.bias_k, self.bias_v))
            kv = [cat([x, bias], 1) for x, bias in zip(kv, learned, strict=True)]
        if self.add_zero_attn:
            kv = [cat([x, zeros(len(q), 1, self.embed_dim, dtype=x.dtype)], 1) for x in kv]
        return [q, *kv]

    def _heads(self, x: Tensor) -> Tensor:
        """Shape (N, L, E) to (N, H, L, d)."""
        return x.reshape(*x.shape[:2], self.num_heads, self.head_dim).transpose(1, 2)  # type: ignore[no-any-return]

    def _mask(
        self, n: int, length: int, keys: int, dtype: Any, key_padding_mask: Tensor | None, attn_mask: Tensor | None
    ) -> Tensor | None:
        """Both masks as one to add, of a shape that broadcasts to (N, H, L, S); what is appended may be looked at."""
        masks = []
        if key_padding_mask is not None:
            if tuple(key_padding_mask.shape) != (n, keys):
                raise AssertionError(
                    f"Expected key_padding_mask.shape to be {(n, keys)}, but got {tuple(key_padding_mask.shape)}"
                )
            masks.append(additive(key_padding_mask, dtype)[:, None, None, :])
        if attn_mask is not None:
            every = (n * self.num_heads, length, keys)
            if tuple(attn_mask.shape) not in (every, every[1:]):
                raise RuntimeError(
                    f"The shape of the {attn_mask.ndim}D attn_mask is {attn_mask.shape}, but should be "
                    f"{every if attn_mask.ndim == 3 else every[1:]}."
                )
            attn_mask = additive(attn_mask, dtype)
            masks.append(attn_mask.reshape(n, self.num_heads, length, keys) if attn_mask.ndim == 3 else attn_mask)
        if not masks:
            return None
        mask = masks[0] if len(masks) == 1 else masks[0] + masks[1]
        appended = (self.bias_k is not None) + self.add_zero_attn
        return cat([mask, zeros(*mask.shape[:-1], appended, dtype=dtype)], -1) if appended else mask
