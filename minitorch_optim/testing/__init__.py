"""What tests of optimizers need: standard functions to minimize, and a measure of how far two results are apart.

And of training loops: whether a run that was killed goes on as if it had not been.

>>> from minitorch_optim.testing import functions
>>> functions.himmelblau().minimum
0.0
>>> ulp_distance(0.1 + 0.2, 0.3)
array(1)
"""

from . import functions
from .resume import assert_resumes_bitwise
from .ulp import ulp_distance

__all__ = ["assert_resumes_bitwise", "functions", "ulp_distance"]
