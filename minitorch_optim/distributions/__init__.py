"""Probability distributions: draw samples, and have the logarithm of their probabilities with a gradient.

Read ``distribution.py`` first.

>>> from minitorch_optim.autograd import manual_seed, tensor
>>> _ = manual_seed(0)
>>> policy = Categorical(logits=tensor([0.0, 1.0], requires_grad=True))
>>> action = policy.sample()
>>> action, policy.log_prob(action)
(tensor(1), tensor(-0.3133, grad_fn=<SqueezeBackward>))
"""

from ..autograd.missing import explain_missing
from . import bernoulli, binomial, categorical, constraints, kl, multinomial, normal, poisson
from .bernoulli import Bernoulli
from .binomial import Binomial
from .categorical import Categorical
from .distribution import Distribution
from .kl import kl_divergence
from .multinomial import Multinomial
from .normal import Normal
from .poisson import Poisson

__all__ = [
    "Bernoulli", "Binomial", "Categorical", "Distribution", "Multinomial", "Normal", "Poisson", "bernoulli", "binomial",
    "categorical", "constraints", "kl", "kl_divergence", "multinomial", "normal", "poisson",
]  # fmt: skip

explain_missing(globals(), "torch.distributions")
