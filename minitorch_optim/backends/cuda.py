"""The switches of CUDA's matrix products: they can be set, and there is nothing for them to act on."""

from types import SimpleNamespace

matmul = SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=False)


def is_built() -> bool:
    """False."""
    return False
