"""Schedules of the learning rate: each a pure function of the step, behind PyTorch's interface.

Read ``curves.py`` first, then ``decays.py``. ``base.py`` has the interface, ``composites.py`` puts schedules together.
"""

from ...autograd.missing import explain_missing
from .base import EPOCH_DEPRECATION_WARNING, LRScheduler
from .composites import ChainedScheduler, SequentialLR
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cyclic import CyclicLR
from .decays import ExponentialLR, MultiStepLR, PolynomialLR, StepLR
from .lambdas import LambdaLR, MultiplicativeLR
from .one_cycle import OneCycleLR
from .plateau import ReduceLROnPlateau
from .ramps import ConstantLR, LinearLR
from .warmup import CosineWarmupLR, WarmupStableDecayLR

_LRScheduler = LRScheduler  # the name it had before 2.0

__all__ = [
    "EPOCH_DEPRECATION_WARNING", "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts",
    "CosineWarmupLR", "CyclicLR", "ExponentialLR", "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR",
    "MultiplicativeLR", "OneCycleLR", "PolynomialLR", "ReduceLROnPlateau", "SequentialLR", "StepLR",
    "WarmupStableDecayLR",
]  # fmt: skip

explain_missing(globals(), "torch.optim.lr_scheduler")
