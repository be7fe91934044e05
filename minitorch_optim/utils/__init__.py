"""Around the training loop: data loading."""

from . import data

__all__ = ["data"]
