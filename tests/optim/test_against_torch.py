"""Steps beside PyTorch's, as it is installed: it fuses multiplications and additions, and its roots are not always
rounded rightly, so the last bits differ. Equality to the bit, without both, is tested in ``tests/golden``.
"""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minitorch_optim.autograd import dtypes
from minitorch_optim.autograd.sparse import COO
from minitorch_optim.autograd.tensor import new_tensor

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
KIT = runpy.run_path(str(Path(__file__).with_name("kit.py")))
Bowl, Given, Run, TorchRun = (KIT[name] for name in ("Bowl", "Given", "Run", "TorchRun"))
CASES, cases_that, deviation, with_lr = (KIT[name] for name in ("CASES", "cases_that", "deviation", "with_lr"))
sparse_parts, shapes_of = KIT["sparse_parts"], KIT["shapes_of"]

known_to_torch = cases_that(lambda case: case.torch and not case.needs_closure)
LARGE = [(1,), (7, 11), (40, 50), (150, 200)]  # 1 to 30,000 elements
TOLERANCE = {"float64": (50, 1e-13), "float32": (10, 1e-6)}  # after how many steps, relative

# Muon iterates in bfloat16, of 8 bits: a product that is summed in another order moves an element of a step by 2^-8 of
# it.
MUON_TOLERANCE = {"float64": (20, 2e-3), "float32": (10, 2e-3)}


class default_dtype:
    """Both libraries keep a few numbers in the default dtype, and so compare best where parameters have it too."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def __enter__(self) -> None:
        dtypes.set_default_dtype(self.dtype)
        torch.set_default_dtype(getattr(torch, self.dtype))

    def __exit__(self, *exception: object) -> None:
        dtypes.set_default_dtype("float32")
        torch.set_default_dtype(torch.float32)


def drawn(case: Any, random: np.random.Generator) -> dict[str, Any]:
    """Random options that may be combined."""
    options = {name: draw(random) for name, draw in case.draws.items() if random.random() < 0.6}
    if options.get("nesterov") and case.name == "SGD":
        options["momentum"] = max(options.get("momentum", 0), 0.1)
        options.pop("dampening", None)
    if case.maximize and random.random() < 0.3:
        options["maximize"] = True
    return with_lr(case, options)


def deviations(case: Any, dtype: str, count: int) -> Any:
    """Random options, and how far we are from PyTorch with them; the states must have the same names."""
    random = np.random.default_rng(sum(map(ord, case.name)))
    steps, _ = (MUON_TOLERANCE if case.name == "Muon" else TOLERANCE)[dtype]
    given = Given([(1, 1), (7, 11), (20, 30)] if case.name == "Muon" else LARGE, dtype, steps)
    with default_dtype(dtype):
        for _ in range(count):
            options = drawn(case, random)
            ours, theirs = Run(case, options, given).step(steps), TorchRun(case, options, given).step(steps)
            for here, there in zip(ours.states(), theirs.states(), strict=True):
                assert here.keys() == there.keys()
            yield options, deviation(ours.arrays, theirs.arrays)


@pytest.mark.parametrize("dtype", TOLERANCE)
@known_to_torch
def test_random_options(case: Any, dtype: str) -> None:
    _, tolerance = (MUON_TOLERANCE if case.name == "Muon" else TOLERANCE)[dtype]
    for options, found in deviations(case, dtype, 8):
        assert found <= tolerance, options


@known_to_torch
def test_each_sample_in_a_valley(case: Any) -> None:
    """Gradients that depend on the parameters, so that a difference would grow."""
    tolerance = 2e-3 if case.name == "Muon" else 1e-10
    with default_dtype("float64"):
        for options in case.samples:
            bowl = Bowl(shapes_of(case), "float64")
            ours, theirs = Run(case, options, bowl).step(30), TorchRun(case, options, bowl).step(30)
            assert deviation(ours.arrays, theirs.arrays) <= tolerance, options


@known_to_torch
def test_a_tensor_as_learning_rate(case: Any) -> None:
    given = Given(shapes_of(case), "float64", 10)
    theirs = TorchRun(case, {"lr": torch.tensor(0.0625, dtype=torch.float64)}, given).step(10)
    tolerance = 2e-3 if case.name == "Muon" else 1e-7 if case.name in ("ASGD", "NAdam") else 1e-13
    for lr in (np.array(0.0625), np.array([0.0625])):
        ours = Run(case, {"lr": new_tensor(lr)}, given).step(10)
        assert deviation(ours.arrays, theirs.arrays) <= tolerance
    if case.name not in ("ASGD", "Rprop"):  # where lr acts late, or in the first step only
        before = ours.arrays
        ours.optimizer.param_groups[0]["lr"].mul_(0)  # as a schedule does
        ours.t = 0
        ours.step()
        assert deviation(ours.arrays, before) == 0


@cases_that(lambda case: case.torch and case.complex and not case.needs_closure)
def test_complex_parameters_are_pairs_of_reals(case: Any) -> None:
    for options in case.samples:
        given = Given([(), (5,), (3, 4)], "complex128", 10)
        for starts in (given.starts, [np.array(start, order="F") for start in given.starts]):
            given.starts = starts
            ours, theirs = Run(case, options, given).step(10), TorchRun(case, options, given).step(10)
            tolerance = 1e-7 if case.name in ("ASGD", "NAdam") else 1e-13
            assert deviation(ours.arrays, theirs.arrays) <= tolerance, options
            for here, there in zip(ours.states(), theirs.states(), strict=True):
                for name in here.keys() - {"step", "eta", "mu", "mu_product"}:
                    assert here[name].dtype == there[name].dtype == np.complex128


@cases_that(lambda case: case.sparse == "taken")
def test_sparse_gradients(case: Any) -> None:
    for options in case.samples:
        options = {**with_lr(case, options), "weight_decay": 0}
        given = Given([(6,), (7, 3)], "float64", 10)
        ours, theirs = Run(case, options, given), TorchRun(case, options, given)
        dense = Run(case, options, given)
        for t in range(1, 11):
            for i, (p, q, r) in enumerate(zip(ours.params, theirs.params, dense.params, strict=True)):
                rows, values = sparse_parts(given.gradients[t - 1][i], t)
                p.grad = new_tensor(COO(rows, values, p.shape))
                q.grad = torch.sparse_coo_tensor(rows, torch.from_numpy(values), q.shape)
                r.grad = new_tensor(p.grad._array.to_dense())
            for run in (ours, theirs, dense):
                run.optimizer.step()
            assert deviation(ours.arrays, theirs.arrays) <= 1e-14, options
            assert deviation(ours.arrays, dense.arrays) <= 1e-14, options


def test_a_parameter_listed_twice_is_stepped_twice() -> None:
    for case in CASES:
        if not case.torch or case.needs_closure or case.sparse == "needed":
            continue
        given = Given(shapes_of(case), "float64", 5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = TorchRun(case, with_lr(case, {}), given)
            theirs.optimizer = type(theirs.optimizer)([theirs.params[0], *theirs.params], lr=0.05)
            ours = Run(case, {"lr": 0.05}, given, groups=lambda params: [params[0], *params])
        ours.step(5), theirs.step(5)
        tolerance = 2e-3 if case.name == "Muon" else 1e-7 if case.name in ("ASGD", "NAdam") else 1e-13
        assert deviation(ours.arrays, theirs.arrays) <= tolerance, case.name


ACCEPTED_THERE = {  # by PyTorch, to fail later or to do nonsense
    ("SGD", "lr"), ("SGD", "dampening"), ("ASGD", "lambd"), ("ASGD", "alpha"), ("ASGD", "t0"), ("RMSprop", "alpha"),
    ("Rprop", "step_sizes"), ("Muon", "eps"), ("Muon", "ns_coefficients"), ("Muon", "ns_steps"),
}  # fmt: skip


@known_to_torch
def test_messages_begin_as_those_of_pytorch(case: Any) -> None:
    for refused in case.errors:
        parameter = torch.nn.Parameter(torch.ones(2, 2))
        try:
            getattr(torch.optim, case.name)([parameter], **with_lr(case, refused.options))
        except (ValueError, RuntimeError) as error:
            assert refused.message.startswith(str(error))
        except (TypeError, IndexError):  # PyTorch stumbles over what it expects to be a number or a pair
            assert refused.error is TypeError or "expected a pair" in refused.message
        else:
            assert {(case.name, name) for name in refused.options} <= ACCEPTED_THERE
