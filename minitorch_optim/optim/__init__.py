"""Optimizers: each algorithm is one pure function, in a file that reads like its paper; one driver runs them all.

Read ``sgd.py`` first, then ``driver.py``.
"""

from ..autograd.missing import explain_missing
from . import lr_scheduler, optimizer, swa_utils
from .adabelief import AdaBelief, Yogi
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .layerwise import LAMB, LARS
from .lbfgs import LBFGS, LBFGSResult
from .lion import Lion
from .muon import Muon
from .nadam import NAdam
from .optimizer import Optimizer
from .prodigy import Prodigy
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD
from .scipy_minimize import ScipyMinimize
from .sgd import SGD
from .sparse_adam import SparseAdam
from .wrappers import SAM, Lookahead

__all__ = [
    "ASGD", "LAMB", "LARS", "LBFGS", "SAM", "SGD", "AdaBelief", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW",
    "Adamax", "LBFGSResult", "Lion", "Lookahead", "Muon", "NAdam", "Optimizer", "Prodigy", "RAdam", "RMSprop", "Rprop",
    "ScheduleFreeAdamW", "ScheduleFreeSGD", "ScipyMinimize", "SparseAdam", "Yogi", "lr_scheduler", "optimizer",
    "swa_utils",
]  # fmt: skip

explain_missing(globals(), "torch.optim")
