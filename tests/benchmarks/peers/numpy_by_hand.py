"""Plain NumPy, as a good student writes it: gradients in closed form, updates of one tensor at a time, in place."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
from _problems import Stepping, Training

from . import NotOffered

PACKAGES = ("numpy",)


class SGD:
    def __init__(self, params: Iterable[np.ndarray], lr: float) -> None:
        self.params, self.lr = list(params), lr

    def step(self, gradients: Iterable[np.ndarray]) -> None:
        for p, g in zip(self.params, gradients):
            p -= self.lr * g


class Adam:
    def __init__(self, params: Iterable[np.ndarray], lr: float = 0.001) -> None:
        self.params, self.lr, self.t = list(params), lr, 0
        self.means = [np.zeros_like(p) for p in self.params]
        self.squares = [np.zeros_like(p) for p in self.params]

    def step(self, gradients: Iterable[np.ndarray], beta1: float = 0.9, beta2: float = 0.999) -> None:
        self.t += 1
        size = self.lr / (1 - beta1**self.t)
        root = (1 - beta2**self.t) ** 0.5
        for p, g, m, v in zip(self.params, gradients, self.means, self.squares):
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            denominator = np.sqrt(v)
            denominator /= root
            denominator += 1e-8
            p -= size * m / denominator


class NoUpdate:
    def __init__(self, params: Iterable[np.ndarray], lr: float) -> None:
        pass

    def step(self, gradients: Iterable[np.ndarray]) -> None:
        list(gradients)  # they may be computed on the way


UPDATES = {"Adam": Adam, "SGD": SGD, "none": NoUpdate}


def training(problem: Training):
    batches = problem.data()
    weights, biases = problem.weights(), problem.biases()
    rows = np.arange(problem.batch)
    layers = list(zip(weights, biases))
    update = UPDATES[problem.optimizer](itertools.chain(*layers), lr=problem.lr)

    def step():
        inputs, labels = next(batches)
        activations = [inputs]
        for w, b in layers:
            h = activations[-1] @ w.T
            h += b
            activations.append(h)
            if w is not weights[-1]:
                np.maximum(h, 0, out=h)
        scores = activations.pop()
        scores -= scores.max(axis=1, keepdims=True)
        g = np.exp(scores)
        totals = g.sum(axis=1, keepdims=True)
        loss = (np.log(totals[:, 0]) - scores[rows, labels]).mean()
        g /= totals
        g[rows, labels] -= 1
        g /= problem.batch
        gradients = []
        while True:
            a = activations.pop()
            gradients += [g.sum(axis=0), g.T @ a]
            if not activations:
                break
            g = g @ weights[len(activations)]
            g *= a > 0
        update.step(reversed(gradients))
        return loss

    return step


def stepping(problem: Stepping):
    if problem.optimizer not in ("Adam", "SGD") or "momentum" in dict(problem.options) or problem.rates:
        raise NotOffered
    params, gradients = problem.parameters(), problem.gradients()
    update = UPDATES[problem.optimizer](params, **dict(problem.options))

    def step():
        update.step(gradients)
        return params

    return step
