"""Torch's names for what the table of derivatives can do: functions, methods of Tensor, in-place forms."""

from . import arithmetic, choices, comparisons, conversion, creation, history, pointwise
from .arithmetic import *
from .choices import *
from .comparisons import *
from .conversion import *
from .creation import *
from .history import *
from .pointwise import *

__all__: list[str] = []
__all__ += arithmetic.__all__
__all__ += choices.__all__
__all__ += comparisons.__all__
__all__ += conversion.__all__
__all__ += creation.__all__
__all__ += history.__all__
__all__ += pointwise.__all__
