"""minitorch_optim, eager; with ``replay`` the step is recorded once and replayed."""

from __future__ import annotations

import os

from _problems import Chain, Stepping, Training

import minitorch_optim as torch

from . import NotOffered, _torch_like

PACKAGES = ("minitorch_optim",)

if hasattr(torch, "set_num_threads"):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def training(problem: Training, replay: bool = False):
    if not replay:
        return _torch_like.training(torch, problem, {})
    if not hasattr(torch, "replay"):
        raise NotOffered
    return _torch_like.training(torch, problem, {}, wrap=torch.replay)


def stepping(problem: Stepping, replay: bool = False):
    if replay:
        raise NotOffered  # the steps of an optimizer alone are already planned once
    return _torch_like.stepping(torch, problem, {})


def chain(problem: Chain, replay: bool = False):
    if replay:
        raise NotOffered
    return _torch_like.chain(torch, problem)
