"""Settings of the whole process that programs ask for before they begin."""

from __future__ import annotations

from .autograd.threads import get_num_threads, set_num_threads

__all__ = [
    "are_deterministic_algorithms_enabled", "get_num_threads", "set_deterministic", "set_num_threads",
    "use_deterministic_algorithms",
]  # fmt: skip


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Here for the scripts that ask: every algorithm of this library is deterministic, whatever ``mode`` says."""


set_deterministic = use_deterministic_algorithms  # the name it had in PyTorch 1.7


def are_deterministic_algorithms_enabled() -> bool:
    """True: the same seed gives the same numbers, always.

    >>> are_deterministic_algorithms_enabled()
    True
    """
    return True
