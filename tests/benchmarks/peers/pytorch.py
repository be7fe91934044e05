"""PyTorch, eager: its optimizers as loops over tensors, unless ``foreach`` or ``fused`` asks for another form."""

from __future__ import annotations

import inspect
import os

import torch
from _problems import Chain, Stepping, Training

from . import NotOffered, _torch_like

PACKAGES = ("torch",)

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
torch.sparse.check_sparse_tensor_invariants.disable()  # as by default, but without a warning


def training(problem: Training, **form: bool):
    return _torch_like.training(torch, problem, _options(problem.optimizer, form))


def stepping(problem: Stepping, **form: bool):
    return _torch_like.stepping(torch, problem, _options(problem.optimizer, form))


def chain(problem: Chain, **form: bool):
    if form:
        raise NotOffered
    return _torch_like.chain(torch, problem)


def _options(optimizer: str, form: dict[str, bool]) -> dict[str, bool]:
    if optimizer == "none":
        known = ()
    else:
        known = inspect.signature(getattr(torch.optim, optimizer)).parameters
    if any(name not in known for name in form):
        raise NotOffered
    return form or ({"foreach": False} if "foreach" in known else {})
