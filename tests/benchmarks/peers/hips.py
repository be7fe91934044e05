"""HIPS autograd: gradients of a function of the list of parameters; the update is NumPy's by hand."""

from __future__ import annotations

import itertools

import autograd.numpy as np
import numpy
from _problems import Chain, Training

import autograd

from .numpy_by_hand import UPDATES

PACKAGES = ("autograd",)


def training(problem: Training):
    batches = problem.data()
    params = list(itertools.chain(*zip(problem.weights(), problem.biases())))
    rows = numpy.arange(problem.batch)
    update = UPDATES[problem.optimizer](params, lr=problem.lr)

    def loss_of(params, inputs, labels):
        h = inputs
        for w, b in zip(params[:-2:2], params[1:-2:2]):
            h = np.maximum(np.dot(h, w.T) + b, 0)
        scores = np.dot(h, params[-2].T) + params[-1]
        scores = scores - np.max(scores, axis=1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - scores[rows, labels])

    loss_and_gradients = autograd.value_and_grad(loss_of)

    def step():
        loss, gradients = loss_and_gradients(params, *next(batches))
        update.step(gradients)
        return loss

    return step


def chain(problem: Chain):
    def end(x):
        for _ in range(problem.length // 2):
            x = np.sin(x * 0.999)
        return np.sum(x)

    start, gradient = problem.start(), autograd.grad(end)
    return lambda: gradient(start).sum()
