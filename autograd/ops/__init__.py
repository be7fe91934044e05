"""Torch's names for what the table of derivatives can do: functions, methods of Tensor, in-place forms."""

from typing import TYPE_CHECKING

from . import (
    arithmetic,
    choices,
    comparisons,
    complex_numbers,
    contraction,
    conversion,
    creation,
    cumulative,
    extremes,
    filling,
    history,
    indexing,
    joining,
    linalg,
    norms,
    own_shape,
    pointwise,
    products,
    reductions,
    repeating,
    return_types,
    shapes,
    sorting,
    sparse,
    special,
)
from .arithmetic import *
from .choices import *
from .comparisons import *
from .complex_numbers import *
from .contraction import *
from .conversion import *
from .creation import *
from .cumulative import *
from .extremes import *
from .filling import *
from .history import *
from .indexing import *
from .joining import *
from .linalg import cholesky, det, inverse, logdet, matrix_power, pinverse, slogdet
from .norms import *
from .pointwise import *
from .products import *
from .reductions import *
from .repeating import *
from .shapes import *
from .sorting import *
from .sparse import *
from .special import (
    digamma,
    erf,
    erfc,
    erfinv,
    i0,
    lgamma,
    logit,
    mvlgamma,
    polygamma,
    sinc,
    xlogy,
)

if not TYPE_CHECKING:  # as in autograd/__init__.py
    __all__ = [
        "cholesky", "det", "digamma", "erf", "erfc", "erfinv", "i0", "inverse", "lgamma", "linalg", "logdet", "logit",
        "matrix_power", "mvlgamma", "pinverse", "polygamma", "return_types", "sinc", "slogdet",
        "special", "xlogy",
    ]  # fmt: skip
    __all__ += arithmetic.__all__
    __all__ += choices.__all__
    __all__ += comparisons.__all__
    __all__ += complex_numbers.__all__
    __all__ += contraction.__all__
    __all__ += conversion.__all__
    __all__ += creation.__all__
    __all__ += cumulative.__all__
    __all__ += extremes.__all__
    __all__ += filling.__all__
    __all__ += history.__all__
    __all__ += indexing.__all__
    __all__ += joining.__all__
    __all__ += norms.__all__
    __all__ += own_shape.__all__
    __all__ += pointwise.__all__
    __all__ += products.__all__
    __all__ += reductions.__all__
    __all__ += repeating.__all__
    __all__ += shapes.__all__
    __all__ += sorting.__all__
    __all__ += sparse.__all__
