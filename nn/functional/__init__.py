"""The layers and losses as functions, for when a module would hold nothing: ``nn.functional.relu(x)``."""

from ...autograd.missing import explain_missing
from .activations import *
from .adaptive_pooling import *
from .attention import *
from .classification_losses import *
from .conv import *
from .distances import *
from .dropout import *
from .embedding import *
from .interpolation import *
from .linear import *
from .margin_losses import *
from .normalization import *
from .padding import *
from .pooling import *
from .regression_losses import *
from .shuffling import *

explain_missing(globals(), "torch.nn.functional")
