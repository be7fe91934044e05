"""The layers and losses as functions, for when a module would hold nothing: ``nn.functional.relu(x)``."""

from .activations import *
from .dropout import *
from .embedding import *
from .linear import *
