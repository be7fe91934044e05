"""The default generator, by the names of ``torch.random``.

>>> from minitorch_optim import random
>>> random.manual_seed(3).initial_seed()
3
"""

from .autograd.random import (
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)

__all__ = [
    "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
]  # fmt: skip
