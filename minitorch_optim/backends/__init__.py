"""The switches of PyTorch's backends that programs set or ask for. None of these backends is here."""

from . import cuda, cudnn, mps

__all__ = ["cuda", "cudnn", "mps"]
