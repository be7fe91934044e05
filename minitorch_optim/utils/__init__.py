"""Around the training loop: data loading."""

from ..autograd.missing import explain_missing
from . import data

__all__ = ["data"]

explain_missing(globals(), "torch.utils")
