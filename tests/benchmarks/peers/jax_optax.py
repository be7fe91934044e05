"""JAX: the whole step compiled by ``jit``, with optax's update, the old parameters' memory given to the new.

When a step returns, its loss is there, as with all other peers; with ``ahead`` steps are only begun when they are
called, and a round ends when the last of them is done.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import optax
from _problems import Training

PACKAGES = ("jax", "optax")

UPDATES = {"Adam": optax.adam, "SGD": optax.sgd, "none": lambda lr: optax.set_to_zero()}


def training(problem: Training, ahead: bool = False):
    batches = problem.data(jnp.asarray)
    params = [(jnp.asarray(w), jnp.asarray(b)) for w, b in zip(problem.weights(), problem.biases())]
    optimizer = UPDATES[problem.optimizer](problem.lr)
    state = optimizer.init(params)

    def loss_of(params, inputs, labels):
        h = inputs
        for w, b in params[:-1]:
            h = jax.nn.relu(h @ w.T + b)
        w, b = params[-1]
        return optax.softmax_cross_entropy_with_integer_labels(h @ w.T + b, labels).mean()

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def compiled(params, state, inputs, labels):
        loss, gradients = jax.value_and_grad(loss_of)(params, inputs, labels)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, loss

    def step():
        nonlocal params, state
        params, state, loss = compiled(params, state, *next(batches))
        return loss if ahead else loss.block_until_ready()

    return step


def finish(loss):
    """Wait for the last step of a round."""
    loss.block_until_ready()
