"""One case for each optimizer: how to make it, what it must refuse, what it can do. All tests walk this table.

Tests read it with ``runpy.run_path``, since test folders are no packages. An optimizer of ``minitorch_optim.optim``
that is not here fails ``test_table.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minitorch_optim import optim
from minitorch_optim.optim.adabelief import AdaBelief, Yogi
from minitorch_optim.optim.layerwise import LAMB, LARS
from minitorch_optim.optim.lion import Lion
from minitorch_optim.optim.prodigy import Prodigy
from minitorch_optim.optim.schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD

Options = dict[str, Any]
Draw = Callable[[np.random.Generator], Any]


class Refused(NamedTuple):
    """Options that must raise ``error`` with exactly this message, in the constructor and in a group."""

    options: Options
    error: type[Exception]
    message: str


class Case(NamedTuple):
    optimizer: Any
    samples: list[Options]  # options to try, the defaults first
    errors: list[Refused]
    draws: dict[str, Draw]  # how to draw each option at random
    reaches: Options  # with these it comes to the minimum of a bowl
    states: Callable[[Options], list[str]]  # names of the state of a parameter, in PyTorch's order
    needs_closure: bool = False  # it calls the closure itself, and more than once
    sparse: str = "refused"  # sparse gradients: "refused", "taken", or "needed"
    refuses_sparse: str = ""  # with this message; default: "<Name> does not support sparse gradients"
    matrices: bool = False  # parameters have two dimensions
    complex: bool = True
    maximize: bool = True
    differentiable: bool = True
    torch: bool = True  # PyTorch has it
    bits: bool = True  # rounded as PyTorch rounds, where PyTorch rounds rightly
    rests: bool = False  # without momentum and weight decay, a gradient of zero moves nothing
    steps: int = 400  # enough for `reaches`

    @property
    def name(self) -> str:
        return str(self.optimizer.__name__)


# ---------------------------------------------------------------------------------------------- drawing options


def between(low: float, high: float) -> Draw:
    return lambda random: float(random.uniform(low, high))


def magnitude(low: float, high: float) -> Draw:
    return lambda random: float(10 ** random.uniform(math.log10(low), math.log10(high)))


def pair(first: Draw, second: Draw) -> Draw:
    return lambda random: (first(random), second(random))


def flag(random: np.random.Generator) -> bool:
    return bool(random.integers(2))


def one_of(*values: Any) -> Draw:
    return lambda random: values[random.integers(len(values))]


LR = magnitude(1e-3, 1e-1)
BETAS = pair(between(0, 0.95), between(0.5, 0.999))
DECAY = magnitude(1e-4, 1e-1)
EPS = magnitude(1e-10, 1e-3)

# ---------------------------------------------------------------------------------------------- what is refused

NAN = math.nan


def refused(message: str, error: type[Exception] = ValueError, **options: Any) -> Refused:
    return Refused(options, error, message)


NESTEROV = "Nesterov momentum requires a momentum and zero dampening: as with momentum=0.9"
LR_ERRORS = [
    refused("Invalid learning rate: -1.0", lr=-1.0),
    refused("Invalid learning rate: nan", lr=NAN),
    refused("learning rate must be a number, but got 'fast' of type str", TypeError, lr="fast"),
]
BETAS_ERRORS = [
    refused("Invalid beta parameter at index 0: 1.0", betas=(1.0, 0.9)),
    refused("Invalid beta parameter at index 0: -0.1", betas=(-0.1, 0.9)),
    refused("Invalid beta parameter at index 1: 1.0", betas=(0.0, 1.0)),
    refused("Invalid betas: (0.9,): expected a pair of numbers, as in (0.9, 0.999)", betas=(0.9,)),
    refused("Invalid betas: 0.9: expected a pair of numbers, as in (0.9, 0.999)", betas=0.9),
]
EPS_ERRORS = [refused("Invalid epsilon value: -1e-08", eps=-1e-8)]
DECAY_ERRORS = [refused("Invalid weight_decay value: -1", weight_decay=-1)]
FUSED_ERRORS = [
    refused("`fused` and `foreach` cannot be `True` together.", RuntimeError, fused=True, foreach=True),
    refused("`fused` does not support `differentiable`", RuntimeError, fused=True, differentiable=True),
]
PLAIN_ERRORS = LR_ERRORS + EPS_ERRORS + DECAY_ERRORS
ADAM_ERRORS = PLAIN_ERRORS + BETAS_ERRORS + FUSED_ERRORS


def always(*names: str) -> Callable[[Options], list[str]]:
    return lambda options: list(names)


# ---------------------------------------------------------------------------------------------- the table

CASES = [
    Case(
        optim.SGD,
        samples=[
            {"lr": 0.1},
            {"lr": 0.1, "weight_decay": 0.1},
            {"lr": 0.05, "momentum": 0.9},
            {"lr": 0.05, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01},
            {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
            {"lr": 0.05, "momentum": 0.9, "maximize": True},
        ],
        errors=LR_ERRORS
        + DECAY_ERRORS
        + FUSED_ERRORS
        + [
            refused("Invalid momentum value: -0.5", momentum=-0.5),
            refused("Invalid dampening value: nan", dampening=NAN),
            refused(NESTEROV, nesterov=True),
            refused(NESTEROV, nesterov=True, momentum=0.9, dampening=0.1),
        ],
        draws={
            "lr": LR,
            "momentum": between(0, 0.95),
            "dampening": between(0, 0.9),
            "weight_decay": DECAY,
            "nesterov": flag,
        },
        reaches={"lr": 0.1, "momentum": 0.9},
        states=lambda options: ["momentum_buffer"] if options.get("momentum") else [],
        rests=True,
        sparse="taken",
    ),
    Case(
        optim.Adam,
        samples=[
            {},
            {"lr": 0.1, "weight_decay": 0.1},
            {"lr": 0.1, "betas": (0.3, 0.8), "eps": 1e-3},
            {"lr": 0.1, "amsgrad": True, "betas": (0.9, 0.5)},
            {"lr": 0.1, "decoupled_weight_decay": True, "weight_decay": 0.1},
            {"lr": 0.1, "maximize": True, "weight_decay": 0.1},
        ],
        errors=ADAM_ERRORS,
        draws={
            "lr": LR,
            "betas": BETAS,
            "eps": EPS,
            "weight_decay": DECAY,
            "amsgrad": flag,
            "decoupled_weight_decay": flag,
        },
        reaches={"lr": 0.1},
        states=lambda options: ["step", "exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * options.get("amsgrad", False),
        refuses_sparse="Adam does not support sparse gradients, please consider SparseAdam instead",
    ),
    Case(
        optim.AdamW,
        samples=[
            {},
            {"lr": 0.1, "weight_decay": 0.1},
            {"lr": 0.1, "amsgrad": True, "betas": (0.9, 0.5)},
            {"lr": 0.1, "maximize": True},
        ],
        errors=ADAM_ERRORS,
        draws={"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "amsgrad": flag},
        reaches={"lr": 0.1, "weight_decay": 0},
        states=lambda options: ["step", "exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * options.get("amsgrad", False),
        refuses_sparse="Adam does not support sparse gradients, please consider SparseAdam instead",
    ),
    Case(
        optim.Adagrad,
        samples=[
            {},
            {"lr": 0.3, "weight_decay": 0.1},
            {"lr": 0.3, "lr_decay": 0.05, "initial_accumulator_value": 0.5},
            {"lr": 0.3, "eps": 1e-3, "maximize": True},
        ],
        errors=PLAIN_ERRORS
        + FUSED_ERRORS
        + [
            refused("Invalid lr_decay value: -0.5", lr_decay=-0.5),
            refused("Invalid initial_accumulator_value value: -1", initial_accumulator_value=-1),
        ],
        draws={
            "lr": LR,
            "lr_decay": between(0, 0.3),
            "eps": EPS,
            "weight_decay": DECAY,
            "initial_accumulator_value": between(0, 1),
        },
        reaches={"lr": 1.0},
        states=always("step", "sum"),
        rests=True,
        sparse="taken",
    ),
    Case(
        optim.Adadelta,
        samples=[
            {},
            {"lr": 0.5, "rho": 0.8, "weight_decay": 0.1},
            {"rho": 0.5, "eps": 1e-2},
            {"lr": 0.5, "maximize": True, "eps": 1e-2},
        ],
        errors=PLAIN_ERRORS
        + [
            refused("Invalid rho value: 1.1", rho=1.1),
            refused("Invalid rho value: -0.1", rho=-0.1),
        ],
        draws={"lr": between(0.1, 1), "rho": between(0, 1), "eps": EPS, "weight_decay": DECAY},
        reaches={"lr": 1.0, "eps": 1e-2, "rho": 0.5},
        states=always("step", "square_avg", "acc_delta"),
        rests=True,
    ),
    Case(
        optim.Adamax,
        samples=[
            {},
            {"lr": 0.1, "weight_decay": 0.1},
            {"lr": 0.1, "betas": (0.3, 0.8), "eps": 1e-3},
            {"lr": 0.1, "maximize": True},
        ],
        errors=PLAIN_ERRORS + BETAS_ERRORS,
        draws={"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY},
        reaches={"lr": 0.1},
        states=always("step", "exp_avg", "exp_inf"),
    ),
    Case(
        optim.ASGD,
        samples=[
            {},
            {"lr": 0.1, "weight_decay": 0.1},
            {"lr": 0.1, "lambd": 0.05, "alpha": 0.5, "t0": 5},
            {"lr": 0.1, "t0": 0, "maximize": True},
        ],
        errors=LR_ERRORS
        + [
            refused("Invalid weight_decay value: -0.5", weight_decay=-0.5),
            refused("Invalid lambd value: -0.1", lambd=-0.1),
            refused("Invalid alpha value: -0.1", alpha=-0.1),
            refused("Invalid t0 value: -1", t0=-1),
        ],
        draws={
            "lr": LR,
            "lambd": magnitude(1e-5, 1e-1),
            "alpha": between(0, 1),
            "t0": one_of(0, 3, 20, 1e6),
            "weight_decay": DECAY,
        },
        reaches={"lr": 0.1},
        states=always("step", "eta", "mu", "ax"),
    ),
    Case(
        optim.RMSprop,
        samples=[
            {},
            {"lr": 0.02, "alpha": 0.7, "weight_decay": 0.1},
            {"lr": 0.02, "momentum": 0.8},
            {"lr": 0.02, "centered": True, "alpha": 0.7},
            {"lr": 0.02, "centered": True, "momentum": 0.5, "eps": 1e-2, "maximize": True},
        ],
        errors=PLAIN_ERRORS
        + [
            refused("Invalid momentum value: -1.0", momentum=-1.0),
            refused("Invalid alpha value: -0.1", alpha=-0.1),
            refused("Invalid alpha value: 5", alpha=5),
        ],
        draws={
            "lr": LR,
            "alpha": between(0.5, 0.999),
            "eps": EPS,
            "weight_decay": DECAY,
            "momentum": between(0, 0.95),
            "centered": flag,
        },
        reaches={"lr": 0.01},
        states=lambda options: ["step", "square_avg"]
        + ["momentum_buffer"] * bool(options.get("momentum"))
        + ["grad_avg"] * options.get("centered", False),
        rests=True,
        steps=800,
    ),
    Case(
        optim.Rprop,
        samples=[
            {},
            {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (1e-3, 0.5)},
            {"lr": 60.0, "step_sizes": (1e-3, 0.2)},
            {"lr": 0.1, "maximize": True},
        ],
        errors=LR_ERRORS
        + [
            refused("Invalid eta values: 1.0, 0.5", etas=(1.0, 0.5)),
            refused("Invalid eta values: 0.5, nan", etas=(0.5, NAN)),
            refused("Invalid step sizes: 50, 1: expected 0 <= smallest <= largest", step_sizes=(50, 1)),
            refused("Invalid step sizes: nan, 1: expected 0 <= smallest <= largest", step_sizes=(NAN, 1)),
        ],
        draws={
            "lr": LR,
            "etas": pair(between(0.1, 0.9), between(1.1, 2)),
            "step_sizes": pair(magnitude(1e-7, 1e-3), magnitude(1e-1, 1e2)),
        },
        reaches={"lr": 0.1},
        states=always("step", "prev", "step_size"),
        rests=True,
    ),
    Case(
        optim.NAdam,
        samples=[
            {},
            {"lr": 0.05, "weight_decay": 0.1},
            {"lr": 0.05, "betas": (0.3, 0.8), "momentum_decay": 0.1},
            {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True},
            {"lr": 0.05, "maximize": True, "eps": 1e-3},
        ],
        errors=PLAIN_ERRORS + BETAS_ERRORS + [refused("Invalid momentum_decay value: -0.2", momentum_decay=-0.2)],
        draws={
            "lr": LR,
            "betas": BETAS,
            "eps": EPS,
            "weight_decay": DECAY,
            "momentum_decay": magnitude(1e-4, 1e-1),
            "decoupled_weight_decay": flag,
        },
        reaches={"lr": 0.01},
        states=always("step", "mu_product", "exp_avg", "exp_avg_sq"),
    ),
    Case(
        optim.RAdam,
        samples=[
            {},
            {"lr": 0.05, "weight_decay": 0.1},
            {"lr": 0.05, "betas": (0.3, 0.9), "eps": 1e-3},
            {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True},
            {"lr": 0.05, "maximize": True, "betas": (0.9, 0.99)},
        ],
        errors=PLAIN_ERRORS + BETAS_ERRORS,
        draws={
            "lr": LR,
            "betas": BETAS,
            "eps": EPS,
            "weight_decay": DECAY,
            "decoupled_weight_decay": flag,
        },
        reaches={"lr": 0.1},
        states=always("step", "exp_avg", "exp_avg_sq"),
    ),
    Case(
        optim.SparseAdam,
        samples=[{}, {"lr": 0.1, "betas": (0.3, 0.8), "eps": 1e-3}, {"lr": 0.1, "maximize": True}],
        errors=LR_ERRORS
        + BETAS_ERRORS
        + EPS_ERRORS
        + [
            refused("Invalid learning rate: 0", lr=0),
            refused("Invalid epsilon value: 0", eps=0),
        ],
        draws={"lr": LR, "betas": BETAS, "eps": EPS},
        reaches={"lr": 0.1},
        states=always("step", "exp_avg", "exp_avg_sq"),
        rests=True,
        sparse="needed",
        complex=False,
        differentiable=False,
    ),
    Case(
        optim.Adafactor,
        samples=[
            {},
            {"lr": 0.1, "weight_decay": 0.1},
            {"lr": 0.3, "beta2_decay": -0.4, "d": 2.0, "eps": (1e-4, 1e-2)},
            {"lr": 0.1, "maximize": True},
        ],
        errors=[
            refused("Learning rate should be >= 0 but is: -1", lr=-1),
            refused("Learning rate should be >= 0 but is: nan", lr=NAN),
            refused("beta2_decay should be <= 0 but is: 0.5", beta2_decay=0.5),
            refused("epsilon1 should be >= 0 but is: -1", eps=(-1, 1e-3)),
            refused("epsilon2 should be >= 0 but is: -1.0", eps=(None, -1.0)),
            refused("Clipping threshold d should be >= 1 but is: 0.5", d=0.5),
            refused("weight_decay should be >= 0 but is: -1", weight_decay=-1),
        ],
        draws={
            "lr": LR,
            "beta2_decay": between(-1, -0.1),
            "eps": pair(one_of(None, 1e-6), magnitude(1e-4, 1e-2)),
            "d": between(1, 3),
            "weight_decay": DECAY,
        },
        reaches={"lr": 0.1},
        states=always("step", "row_var", "col_var"),
        rests=True,
        complex=False,
        differentiable=False,
        bits=False,
        steps=800,
    ),
    Case(
        optim.Muon,
        samples=[
            {},
            {"lr": 0.02, "weight_decay": 0.0, "nesterov": False},
            {"lr": 0.02, "momentum": 0.6, "adjust_lr_fn": "match_rms_adamw"},
            {"lr": 0.02, "ns_steps": 3, "ns_coefficients": (3.0, -4.0, 2.0), "adjust_lr_fn": "original"},
        ],
        errors=[
            refused("Learning rate should be >= 0 but is: -1", lr=-1),
            refused("weight decay should be >= 0 but is: -1", weight_decay=-1),
            refused("momentum should be >= 0 but is: -0.5", momentum=-0.5),
            refused("eps should be >= 0 but is: -1.0", eps=-1.0),
            refused("Coefficients must be a tuple of exactly 3 values, but got (1, 2)", ns_coefficients=(1, 2)),
            refused("each of ns_coefficients should be a number but is: nan", ns_coefficients=(1, 2, NAN)),
            refused("Number of steps must be less than 100 for computational efficiency, but is: 100", ns_steps=100),
            refused("Number of steps should be a whole number >= 0 but is: -1", ns_steps=-1),
            refused(
                "Adjust learning rate function x is not supported: use None, 'original' or 'match_rms_adamw'",
                adjust_lr_fn="x",
            ),
        ],
        draws={
            "lr": LR,
            "weight_decay": DECAY,
            "momentum": between(0.3, 0.95),
            "nesterov": flag,
            "eps": EPS,
            "adjust_lr_fn": one_of(None, "original", "match_rms_adamw"),
        },
        reaches={"lr": 0.005, "weight_decay": 0.0},
        states=always("momentum_buffer"),
        matrices=True,
        complex=False,
        maximize=False,
        differentiable=False,
        bits=False,
        steps=800,
    ),
    Case(
        optim.LBFGS,
        samples=[{}, {"lr": 0.5, "history_size": 3}, {"line_search_fn": "strong_wolfe", "max_iter": 5}],
        errors=LR_ERRORS
        + [
            refused("Invalid max_iter value: -1", max_iter=-1),
            refused("Invalid max_eval value: 1.5", max_eval=1.5),
            refused("Invalid tolerance_grad value: nan", tolerance_grad=NAN),
            refused("Invalid tolerance_change value: nan", tolerance_change=NAN),
            refused("Invalid history_size value: 0", history_size=0),
        ],
        draws={},
        reaches={"line_search_fn": "strong_wolfe"},
        states=lambda options: [],
        needs_closure=True,
        maximize=False,
        differentiable=False,
        bits=False,
        steps=3,
    ),
    Case(
        optim.ScipyMinimize,
        samples=[{}, {"method": "L-BFGS-B", "tol": 1e-6}],
        errors=[
            refused("Invalid tol: -1.0", tol=-1.0),
            refused("Invalid tol: nan", tol=NAN),
        ],
        draws={},
        reaches={},
        states=lambda options: [],
        needs_closure=True,
        maximize=False,
        differentiable=False,
        torch=False,
        bits=False,
        steps=1,
    ),
    # -- not in PyTorch
    Case(
        Lion,
        samples=[{}, {"lr": 0.01, "weight_decay": 0.1}, {"lr": 0.01, "betas": (0.3, 0.8), "maximize": True}],
        errors=LR_ERRORS + BETAS_ERRORS + DECAY_ERRORS,
        draws={"lr": LR, "betas": BETAS, "weight_decay": DECAY},
        reaches={"lr": 0.005},
        states=always("exp_avg"),
        torch=False,
        steps=800,
    ),
    Case(
        AdaBelief,
        samples=[{}, {"lr": 0.1, "weight_decay": 0.1, "eps": 1e-8}, {"lr": 0.1, "betas": (0.3, 0.8), "maximize": True}],
        errors=PLAIN_ERRORS + BETAS_ERRORS,
        draws={"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY},
        reaches={"lr": 0.05, "eps": 1e-8},
        states=always("step", "exp_avg", "exp_avg_var"),
        torch=False,
    ),
    Case(
        Yogi,
        samples=[
            {},
            {"lr": 0.1, "weight_decay": 0.1, "eps": 1e-8},
            {"lr": 0.1, "betas": (0.3, 0.8), "initial_accumulator_value": 0.5, "maximize": True},
        ],
        errors=PLAIN_ERRORS
        + BETAS_ERRORS
        + [refused("Invalid initial_accumulator_value value: -1", initial_accumulator_value=-1)],
        draws={"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY},
        reaches={"lr": 0.02},
        states=always("exp_avg", "exp_avg_sq"),
        torch=False,
    ),
    Case(
        LARS,
        samples=[{}, {"lr": 2.0, "momentum": 0.5, "weight_decay": 0.1}, {"trust_coefficient": 0.01, "maximize": True}],
        errors=LR_ERRORS
        + DECAY_ERRORS
        + [
            refused("Invalid momentum value: -0.5", momentum=-0.5),
            refused("Invalid trust_coefficient value: 0", trust_coefficient=0),
        ],
        draws={"lr": LR, "momentum": between(0, 0.9), "weight_decay": DECAY},
        reaches={"trust_coefficient": 0.002, "momentum": 0.5},
        states=always("momentum_buffer"),
        matrices=True,  # a number by itself cannot cross 0 with steps relative to its size
        differentiable=False,
        torch=False,
        steps=4000,
    ),
    Case(
        LAMB,
        samples=[
            {},
            {"lr": 0.02, "weight_decay": 0.1, "max_norm": 1.0},
            {"lr": 0.02, "betas": (0.3, 0.8), "maximize": True},
        ],
        errors=PLAIN_ERRORS + BETAS_ERRORS + [refused("Invalid max_norm value: 0", max_norm=0)],
        draws={"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY},
        reaches={"lr": 0.002},
        states=always("step", "exp_avg", "exp_avg_sq"),
        matrices=True,  # a number by itself cannot cross 0 with steps relative to its size
        differentiable=False,
        torch=False,
        steps=4000,
    ),
    Case(
        ScheduleFreeSGD,
        samples=[
            {},
            {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.1, "warmup_steps": 3},
            {"lr": 0.1, "r": 1.0, "maximize": True},
        ],
        errors=LR_ERRORS
        + DECAY_ERRORS
        + [
            refused("Invalid momentum value: 1.5", momentum=1.5),
            refused("Invalid warmup_steps value: -1", warmup_steps=-1),
            refused("Invalid r value: -1", r=-1),
        ],
        draws={"lr": LR, "momentum": between(0, 1), "weight_decay": DECAY},
        reaches={"lr": 1.0},
        states=always("step", "z", "x", "weight_sum", "lr_max"),
        differentiable=False,
        torch=False,
    ),
    Case(
        ScheduleFreeAdamW,
        samples=[
            {},
            {"lr": 0.1, "betas": (0.5, 0.9), "weight_decay": 0.1, "warmup_steps": 3},
            {"lr": 0.1, "r": 1.0, "eps": 1e-3, "maximize": True},
        ],
        errors=PLAIN_ERRORS + BETAS_ERRORS + [refused("Invalid r value: -1", r=-1)],
        draws={"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY},
        reaches={"lr": 0.03, "r": 2.0},
        states=always("step", "z", "x", "weight_sum", "lr_max", "exp_avg_sq"),
        differentiable=False,
        torch=False,
        steps=800,
    ),
    Case(
        Prodigy,
        samples=[
            {},
            {"betas": (0.5, 0.9), "weight_decay": 0.1, "d0": 1e-3, "use_bias_correction": True},
            {"lr": 0.5, "d_coef": 2.0, "growth_rate": 1.5, "maximize": True},
        ],
        errors=PLAIN_ERRORS
        + BETAS_ERRORS
        + [
            refused("Invalid d0 value: 0", d0=0),
            refused("Invalid d_coef value: 0", d_coef=0),
            refused("Invalid growth_rate value: 0", growth_rate=0),
        ],
        draws={"lr": LR, "betas": BETAS, "eps": EPS, "weight_decay": DECAY},
        reaches={},
        states=always("step", "x0", "s", "exp_avg", "exp_avg_sq", "d", "r"),
        differentiable=False,
        torch=False,
    ),
]
