"""Pictures of what happens in training: schedules, losses, optimizers in a valley, and the tape.

Each function draws into ``ax``, or into a new figure, and returns the axes: ``.figure.savefig("a.png")`` keeps it. They
draw with matplotlib, which is imported when a picture is drawn: ``pip install 'minitorch_optim[plot]'``.

>>> axes = losses([2.0, 1.0, 0.5])
>>> axes.get_xlabel(), axes.get_ylabel()
('step', 'loss')
"""

from .graph import graph
from .losses import losses
from .schedule import schedule
from .trajectories import trajectories

__all__ = ["graph", "losses", "schedule", "trajectories"]
