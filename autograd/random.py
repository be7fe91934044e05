"""Random tensors, in PyTorch's stream."""

from __future__ import annotations

from typing import Any

import numpy as np

from .generator import Generator, default_generator
from .ops.creation import dtype_of, leaf, shape_of
from .tensor import Tensor

__all__ = ["Generator", "default_generator", "manual_seed", "rand", "randn"]


def manual_seed(seed: int) -> Generator:
    """Begin the default generator's stream anew; equal seeds give equal numbers.

    >>> _ = manual_seed(0)
    >>> rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(seed)


def rand(*sizes: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """Uniform on [0, 1)."""
    shape = shape_of(sizes, size, "rand")
    kind = dtype_of(dtype)
    return leaf((generator or default_generator).uniform(int(np.prod(shape)), kind).reshape(shape), **options)


def randn(*sizes: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """Standard normal."""
    shape = shape_of(sizes, size, "randn")
    kind = dtype_of(dtype)
    return leaf((generator or default_generator).normal(int(np.prod(shape)), kind).reshape(shape), **options)
