"""What tests of optimizers need: standard functions to minimize.

>>> from minitorch_optim.testing import functions
>>> functions.himmelblau().minimum
0.0
"""

from . import functions

__all__ = ["functions"]
