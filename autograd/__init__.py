"""Reverse-mode automatic differentiation on NumPy arrays.

Read in this order: ``tensor.py`` (what a tensor holds), ``table.py`` and ``derivatives/`` (a derivative is a row),
``tape.py`` (calling records), ``backward.py`` (the tape is read backwards). ``ops/`` gives torch's names to all of
it. """

from typing import TYPE_CHECKING

from . import counts, dtypes, missing, ops, printing, random
from . import derivatives as derivatives
from . import functional as functional
from . import numpy_interface as numpy_interface  # it takes NumPy's calls
from .backward import backward as backward
from .backward import grad as grad
from .counts import *
from .dtypes import *
from .function import Function as Function
from .gradcheck import gradcheck as gradcheck
from .gradcheck import gradgradcheck as gradgradcheck
from .modes import enable_grad as enable_grad
from .modes import inference_mode as inference_mode
from .modes import is_grad_enabled as is_grad_enabled
from .modes import is_inference_mode_enabled as is_inference_mode_enabled
from .modes import no_grad as no_grad
from .modes import set_grad_enabled as set_grad_enabled
from .ops import *
from .printing import *
from .random import *
from .table import TABLE as TABLE
from .table import derivative as derivative
from .tape import apply as apply
from .tape import primitive as primitive
from .tensor import Tensor as Tensor
from .tensor import is_tensor as is_tensor

Variable = Tensor  # the name it had before 0.4; courses still write it

# Not for mypy: it cannot follow a list that is put together over several files. To it, `as` and `*` above say the same.
if not TYPE_CHECKING:
    __all__ = [
        "TABLE", "Function", "Tensor", "Variable", "apply", "backward", "derivative", "derivatives", "enable_grad",
        "grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "is_tensor", "no_grad", "primitive",
        "set_grad_enabled",
    ]  # fmt: skip
    __all__ += counts.__all__
    __all__ += dtypes.__all__
    __all__ += ops.__all__
    __all__ += printing.__all__
    __all__ += random.__all__

missing.explain_missing(globals(), "torch.autograd")
