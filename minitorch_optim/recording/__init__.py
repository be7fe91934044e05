"""Recording: a training step that always does the same work is written down once and then run without the tape.

The tape is made anew in every step, because a step may do something else each time. Most do not. :func:`replay` writes
down what one step asked of NumPy, as a straight piece of Python without tensors, nodes and new arrays, and runs that::

    step = replay(step)
    for images, labels in loader:
        loss = step(images, labels)

``traced.py`` holds the array that writes down what is done with it, ``program.py`` the lines, ``recorder.py`` how a
step comes to be run with such arrays, ``names.py`` and ``finder.py`` what a function reads from outside,
``contents.py`` what lies in modules, ``places.py`` where parameters and gradients lie in memory, ``entry.py`` how a
call asks whether all that is as it was, ``comparison.py`` how a recording is checked against the tape,
``recordings.py`` a recording from its making to its replays, ``replayed.py`` which one serves a call, and when to give
up.
"""

from .replayed import Replayed, ReplayWarning, replay

__all__ = ["ReplayWarning", "Replayed", "replay"]
