"""Settings of the whole process that programs ask for before they begin."""

from __future__ import annotations

import os

__all__ = [
    "are_deterministic_algorithms_enabled", "get_num_threads", "set_deterministic", "use_deterministic_algorithms",
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


def get_num_threads() -> int:
    """How many threads the matrix products may use: ``OMP_NUM_THREADS``, or one for each processor of this process.

    It is NumPy's BLAS that starts them, and it reads the variable when NumPy is loaded.

    >>> get_num_threads() >= 1
    True
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    here = getattr(os, "sched_getaffinity", None)  # Linux: the processors that this process may use
    return len(here(0)) if here is not None else os.cpu_count() or 1
