"""Optimizers: each algorithm is one pure function, in a file that reads like its paper; one driver runs them all.

Read ``sgd.py`` first, then ``driver.py``.
"""

from . import lr_scheduler, optimizer, swa_utils
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .lbfgs import LBFGS, LBFGSResult
from .muon import Muon
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .scipy_minimize import ScipyMinimize
from .sgd import SGD
from .sparse_adam import SparseAdam

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGSResult", "Muon",
    "NAdam", "Optimizer", "RAdam", "RMSprop", "Rprop", "ScipyMinimize", "SparseAdam", "lr_scheduler",
    "optimizer", "swa_utils",
]  # fmt: skip
