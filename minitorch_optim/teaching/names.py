"""Names for tensors, from a model or a dict."""

from __future__ import annotations

from typing import Any

from ..autograd import Tensor


def named(params: Any) -> dict[str, Tensor]:
    """The tensors of a Module or of a dict from names to tensors; whatever else is in a dict is left out."""
    if params is None:
        return {}
    if hasattr(params, "named_parameters"):
        params = dict(params.named_parameters())
    if not isinstance(params, dict):
        raise TypeError(f"params: expected a Module or a dict from names to tensors, got {type(params).__name__}")
    return {str(name): tensor for name, tensor in params.items() if isinstance(tensor, Tensor)}
