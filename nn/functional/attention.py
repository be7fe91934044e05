"""Attention: every query takes an average of the values, weighted by how well their keys match.

Source: Vaswani et al., Attention Is All You Need (2017).
"""

from __future__ import annotations

import math
from typing import Any

from ...autograd.ops.creation import ones, zeros
from ...autograd.tensor import Tensor
from .activations import softmax
from .dropout import dropout

__all__ = ["scaled_dot_product_attention"]


def additive(mask: Tensor, dtype: Any) -> Tensor:
    """What to add to the scores: a mask of numbers itself, -inf where one of bools is True."""
    if mask.dtype.kind != "b":
        return mask.to(dtype)  # type: ignore[no-any-return]
    return zeros(mask.shape, dtype=dtype).masked_fill(mask, -math.inf)  # type: ignore[no-any-return]


def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None, scale: float | None = None) -> Tensor:
    """softmax(scale * Q K^T + mask): shapes (..., L, E) and (..., S, E) to (..., L, S)."""
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = (query * scale) @ key.transpose(-2, -1)
    return softmax(scores if mask is None else scores + mask, -1)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(scale * Q K^T + mask) V.

    Parameters
    ----------
    query : Tensor, shape (..., L, E)
    key : Tensor, shape (..., S, E)
    value : Tensor, shape (..., S, V)
    attn_mask : Tensor, shape (..., L, S), optional
        bools, True where a key takes part, or numbers to be added to the scores
    dropout_p : float
        the probability with which a weight is dropped (default 0)
    is_causal : bool
        let query i see the keys up to i only; excludes ``attn_mask``
    scale : float, optional
        default: 1 / sqrt(E)

    Returns
    -------
    Tensor, shape (..., L, V)

    >>> from minitorch_optim.autograd import tensor
    >>> q = tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> scaled_dot_product_attention(q, q, tensor([[1.0], [3.0]]), is_causal=True)
    tensor([[1.0000],
            [2.3395]])
    """
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError("scaled_dot_product_attention: give attn_mask or is_causal=True, not both")
        attn_mask = ones(query.shape[-2], key.shape[-2], dtype=bool).tril()
    if attn_mask is not None:
        attn_mask = additive(~attn_mask if attn_mask.dtype.kind == "b" else attn_mask, query.dtype)
    return dropout(attention_weights(query, key, attn_mask, scale), dropout_p, dropout_p > 0) @ value
