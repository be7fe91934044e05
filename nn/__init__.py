"""Layers, losses, initialisation: what models are made of. Read ``module.py`` first."""

from . import (
    activations,
    cells,
    containers,
    dropout,
    embedding,
    flatten,
    functional,
    init,
    linear,
    parameter_containers,
    recurrent,
    utils,
)
from .activations import *
from .cells import *
from .containers import *
from .dropout import *
from .embedding import *
from .flatten import *
from .linear import *
from .module import Module
from .parameter import Buffer, Parameter, UninitializedParameter
from .parameter_containers import *
from .recurrent import *

__all__ = ["Buffer", "Module", "Parameter", "UninitializedParameter", "functional", "init", "utils"]
__all__ += activations.__all__
__all__ += cells.__all__
__all__ += containers.__all__
__all__ += dropout.__all__
__all__ += embedding.__all__
__all__ += flatten.__all__
__all__ += linear.__all__
__all__ += parameter_containers.__all__
__all__ += recurrent.__all__
