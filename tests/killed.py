"""Kill a process in the middle of its work, at a moment of chance.

The moment is found by what the process reports, not by the clock: on a busy machine or a slow disk all takes longer,
and a kill after so many milliseconds would come before there was any work, or after all of it. The scripts that kill
read this file with ``runpy.run_path``, since test folders are no packages.
"""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections.abc import Callable


def killed(work: Callable[[Callable[[], None]], None], chance: random.Random, most: int) -> tuple[int, int]:
    """Call ``work(report)`` in a process of its own, and end it with SIGKILL after some of its first reports.

    The work calls ``report()`` at its beginning or end and after each piece. The kill comes after 1, 2 ... or ``most``
    of these calls, and a part of the time that a piece took.

    Returns
    -------
    reports : int
        how many there were
    status : int
        of ``os.waitpid``: 0 where the work had come to its end before the kill
    """
    number = chance.randint(1, most)
    reading, writing = os.pipe()
    start = time.monotonic()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            os.close(reading)
            work(lambda: os.write(writing, b"."))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    reports = 0
    while reports < number and os.read(reading, 1):
        reports += 1
    time.sleep(chance.random() * (time.monotonic() - start) / number)
    os.kill(process, signal.SIGKILL)
    status = os.waitpid(process, 0)[1]
    while os.read(reading, 1):
        reports += 1
    os.close(reading)
    return reports, status
