"""Torch's names for what the table of derivatives can do: functions, methods of Tensor, in-place forms."""

from . import arithmetic, choices, comparisons, creation, pointwise
from .arithmetic import *
from .choices import *
from .comparisons import *
from .creation import *
from .pointwise import *

__all__: list[str] = []
__all__ += arithmetic.__all__
__all__ += choices.__all__
__all__ += comparisons.__all__
__all__ += creation.__all__
__all__ += pointwise.__all__
