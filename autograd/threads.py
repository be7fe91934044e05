"""How many threads the library may use, and work that is shared among them.

NumPy lets go of Python's lock while it computes on an array, so two threads that make long calls run side by side. It
pays for millions of elements only: an optimizer's step over large parameters is done so, cut into blocks. Nothing else
is: matrix products have threads of their own, in NumPy's BLAS.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any


class _Setting:
    count: int | None = None  # as asked for; None: never


def get_num_threads() -> int:
    """How many threads a step of an optimizer may use.

    What :func:`set_num_threads` was told; else ``OMP_NUM_THREADS``; else one for each processor of this process.

    >>> get_num_threads() >= 1
    True
    """
    if _Setting.count is not None:
        return _Setting.count
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) > 0 else processors()


def set_num_threads(count: int) -> None:
    """Let steps of optimizers use up to ``count`` threads, for parameters of millions of elements.

    The results are the same to the bit for any number of threads. More threads than processors are not started.

    Matrix products are NumPy's: its BLAS reads how many threads it may use when NumPy is loaded, from the variables
    ``OPENBLAS_NUM_THREADS`` (the wheels from PyPI), ``MKL_NUM_THREADS`` (conda) or ``OMP_NUM_THREADS`` (both). Set one
    of them before Python starts; this function cannot change it.

    Parameters
    ----------
    count : int
        at least 1

    Raises
    ------
    TypeError, RuntimeError
        if ``count`` is no whole number, or below 1

    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(f"set_num_threads expects an int, but got {type(count).__name__}")
    if count < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, but got {count}")
    _Setting.count = count


def processors() -> int:
    """How many processors this process may use."""
    here = getattr(os, "sched_getaffinity", None)  # Linux: not all may be ours
    return len(here(0)) if here is not None else os.cpu_count() or 1


def share(work: Callable[[Any, int], None], tasks: Iterable[Any], threads: int) -> None:
    """Call ``work(task, thread)`` for each task, on several threads: one that is done takes the next task.

    ``thread`` is 0 for the calling thread, which works too. All see the settings of the caller (``np.errstate``). When
    a call raises, no further task is begun, and what it raised is raised here when the others have come to their end.
    """
    waiting = deque(tasks)
    failures: list[BaseException] = []

    def run(thread: int) -> None:
        try:
            while not failures:
                try:
                    task = waiting.popleft()
                except IndexError:
                    return
                work(task, thread)
        except BaseException as failure:
            failures.append(failure)

    helpers = [
        threading.Thread(target=contextvars.copy_context().run, args=(run, thread), daemon=True)
        for thread in range(1, threads)
    ]
    for helper in helpers:
        helper.start()
    run(0)
    for helper in helpers:
        helper.join()
    if failures:
        raise failures[0]
