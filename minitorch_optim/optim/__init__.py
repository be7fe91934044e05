"""Optimizers: each algorithm is one pure function, in a file that reads like its paper; one driver runs them all.

Read ``sgd.py`` first, then ``driver.py``.
"""

from . import optimizer
from .adam import Adam, AdamW
from .lbfgs import LBFGS
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["LBFGS", "SGD", "Adam", "AdamW", "Optimizer", "optimizer"]
