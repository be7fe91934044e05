"""Reverse-mode automatic differentiation on NumPy arrays.

Read in this order: ``tensor.py`` (what a tensor holds), ``table.py`` and ``derivatives/`` (a derivative is a row),
``tape.py`` (calling records), ``backward.py`` (the tape is read backwards). ``ops/`` gives torch's names to all of
it. """

from . import derivatives, dtypes, numpy_interface, ops, printing, random
from .backward import backward, grad
from .dtypes import *
from .function import Function
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .ops import *
from .printing import *
from .random import *
from .table import TABLE, derivative
from .tape import apply, primitive
from .tensor import Tensor, is_tensor

Variable = Tensor  # the name it had before 0.4; courses still write it

__all__ = [
    "TABLE", "Function", "Tensor", "Variable", "apply", "backward", "derivative", "derivatives", "enable_grad", "grad",
    "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "is_tensor", "no_grad", "primitive",
    "set_grad_enabled",
]  # fmt: skip
__all__ += dtypes.__all__
__all__ += ops.__all__
__all__ += printing.__all__
__all__ += random.__all__
