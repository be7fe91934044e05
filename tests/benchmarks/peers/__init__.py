"""The peers: one file each, with one function for each kind of problem that the peer can solve.

===================  ==============================================================================
``Training``         ``training(problem, **variant)`` gives a step that returns its loss
``Stepping``         ``stepping(problem, **variant)`` gives a step that returns the parameters' arrays
``Chain``            ``chain(problem, **variant)`` gives a step that returns the sum of the gradient
===================  ==============================================================================

What a peer lacks it does not define, or raises `NotOffered`. Everything is imported inside these files only, in the
process of that peer.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class NotOffered(Exception):
    """This peer has no way to solve the problem."""


class Peer(NamedTuple):
    title: str
    module: str
    variant: dict[str, Any] = {}


# The first is the one that the others are compared with.
PEERS = {
    "ours": Peer("minitorch_optim", "ours"),
    "replay": Peer("minitorch_optim, replayed", "ours", {"replay": True}),
    "numpy": Peer("NumPy by hand", "numpy_by_hand"),
    "pytorch": Peer("PyTorch eager", "pytorch"),
    "foreach": Peer("PyTorch foreach", "pytorch", {"foreach": True}),
    "fused": Peer("PyTorch fused", "pytorch", {"fused": True}),
    "jax": Peer("JAX jit + optax", "jax_optax"),
    "jax-ahead": Peer("JAX, not waiting", "jax_optax", {"ahead": True}),
    "hips": Peer("HIPS autograd", "hips"),
    "mygrad": Peer("MyGrad", "mygrad_by_hand"),
}
