"""Layers, losses, initialisation: what models are made of. Read ``module.py`` first."""

from ..autograd.missing import explain_missing
from . import (
    activations,
    attention,
    batch_norm,
    cells,
    containers,
    conv,
    conv_transpose,
    distances,
    dropout,
    embedding,
    flatten,
    functional,
    init,
    linear,
    losses,
    normalization,
    padding,
    parameter_containers,
    pooling,
    recurrent,
    shuffling,
    transformer,
    upsampling,
    utils,
)
from .activations import *
from .attention import *
from .batch_norm import *
from .cells import *
from .containers import *
from .conv import *
from .conv_transpose import *
from .distances import *
from .dropout import *
from .embedding import *
from .flatten import *
from .linear import *
from .losses import *
from .module import Module
from .normalization import *
from .padding import *
from .parameter import Buffer, Parameter, UninitializedParameter
from .parameter_containers import *
from .pooling import *
from .recurrent import *
from .shuffling import *
from .transformer import *
from .upsampling import *

__all__ = ["Buffer", "Module", "Parameter", "UninitializedParameter", "functional", "init", "utils"]
__all__ += activations.__all__
__all__ += attention.__all__
__all__ += batch_norm.__all__
__all__ += cells.__all__
__all__ += containers.__all__
__all__ += conv.__all__
__all__ += conv_transpose.__all__
__all__ += distances.__all__
__all__ += dropout.__all__
__all__ += embedding.__all__
__all__ += flatten.__all__
__all__ += linear.__all__
__all__ += losses.__all__
__all__ += normalization.__all__
__all__ += padding.__all__
__all__ += parameter_containers.__all__
__all__ += pooling.__all__
__all__ += recurrent.__all__
__all__ += shuffling.__all__
__all__ += transformer.__all__
__all__ += upsampling.__all__

explain_missing(globals(), "torch.nn")
