"""Random numbers: equal to PyTorch's from the same seed, whatever is drawn and in whatever order."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_optim.autograd as ag

SIZES = (0, 1, 7, 15, 16, 17, 40, 1000)
SEEDS = (0, 1, 42, 2**40 + 3)
Draw = Callable[[Any, int], Any]  # the library (ours or torch), a size



# What is equal to the bit. Each is drawn from ours and from torch's generator in the same state.
EXACT: dict[str, Draw] = {
    "rand": lambda lib, n: lib.rand(n),
    "rand float64": lambda lib, n: lib.rand(n, dtype=lib.float64),
    "rand float16": lambda lib, n: lib.rand(n, dtype=lib.float16),
    "rand complex": lambda lib, n: lib.rand(n, dtype=lib.complex64),
    "rand_like": lambda lib, n: lib.rand_like(lib.zeros(2, n)),
    "randn few float64": lambda lib, n: lib.randn(n % 16, dtype=lib.float64),
    "randn complex few": lambda lib, n: lib.randn(n % 8, dtype=lib.complex64),
    "randint": lambda lib, n: lib.randint(10, (n,)),
    "randint below zero": lambda lib, n: lib.randint(-5, 7, (2, n)),
    "randint 32 bits": lambda lib, n: lib.randint(2**28 - 1, (n,)),
    "randint 64 bits": lambda lib, n: lib.randint(2**28, (n,)),
    "randint large": lambda lib, n: lib.randint(low=-(2**40), high=2**62, size=(n,)),
    "randint uint8": lambda lib, n: lib.randint(0, 200, (n,), dtype=lib.uint8),
    "randint float": lambda lib, n: lib.randint_like(lib.zeros(n), 3, 9),
    "randperm": lambda lib, n: lib.randperm(n),
    "bernoulli": lambda lib, n: lib.bernoulli(lib.full((n,), 0.3)),
    "bernoulli float64": lambda lib, n: lib.bernoulli(lib.full((n,), 0.3, dtype=lib.float64)),
    "bernoulli p": lambda lib, n: lib.bernoulli(lib.zeros(n), 0.7),
    "bernoulli_": lambda lib, n: lib.empty(n).bernoulli_(0.3),
    "bernoulli_ whole": lambda lib, n: lib.empty(n, dtype=lib.int64).bernoulli_(),
    "bernoulli_ tensor": lambda lib, n: lib.empty(3, n).bernoulli_(lib.linspace(0, 1, n)),
    "uniform_": lambda lib, n: lib.empty(n).uniform_(-0.3, 0.7),
    "uniform_ of width 1.74": lambda lib, n: lib.empty(n).uniform_(-0.43, 1.31),
    "uniform_ float64 of width 1.74": lambda lib, n: lib.empty(n, dtype=lib.float64).uniform_(-0.43, 1.31),
    "uniform_ float64": lambda lib, n: lib.empty(n, dtype=lib.float64).uniform_(-0.3, 0.7),
    "uniform_ transposed": lambda lib, n: lib.empty(n, 3).t().uniform_(),
    "uniform_ permuted": lambda lib, n: lib.empty(2, n, 3).permute(2, 0, 1).uniform_(),
    "uniform_ sliced": lambda lib, n: lib.empty(4, n, 3)[::2, :, 1:].uniform_(),
    "exponential_": lambda lib, n: lib.empty(n).exponential_(2.5),
    "geometric_": lambda lib, n: lib.empty(n).geometric_(0.3),
    "random_": lambda lib, n: lib.empty(n).random_(),
    "random_ float64": lambda lib, n: lib.empty(n, dtype=lib.float64).random_(),
    "random_ int64": lambda lib, n: lib.empty(n, dtype=lib.int64).random_(),
    "random_ int32": lambda lib, n: lib.empty(n, dtype=lib.int32).random_(),
    "random_ bool": lambda lib, n: lib.empty(n, dtype=lib.bool_ if lib is ag else lib.bool).random_(),
    "random_ to": lambda lib, n: lib.empty(n).random_(10),
    "random_ from to": lambda lib, n: lib.empty(n).random_(-3, 10),
    "normal_ few": lambda lib, n: lib.empty(n % 16).normal_(0.3, 0.7),
    "normal_ transposed": lambda lib, n: lib.empty(n, 3).t().normal_(),
    "multinomial": lambda lib, n: lib.multinomial(lib.linspace(1, 2, n + 1), n // 2 + 1),
    "multinomial once": lambda lib, n: lib.multinomial(lib.linspace(0.5, 3, 3 * n + 3).reshape(3, n + 1), 1),
    "multinomial float64": lambda lib, n: lib.multinomial(lib.linspace(0, 3, n + 2, dtype=lib.float64), 2),
    "multinomial again": lambda lib, n: lib.multinomial(lib.linspace(0, 3, 100).reshape(2, 50), n + 1, True),
}
# Equal to the bit where PyTorch's normal deviates in blocks of 16 are vectorised (AVX2).
VECTORISED: dict[str, Draw] = {
    "randn": lambda lib, n: lib.randn(n),
    "randn complex": lambda lib, n: lib.randn(n, dtype=lib.complex64),
    "normal_": lambda lib, n: lib.empty(n).normal_(0.3, 0.7),
    "normal": lambda lib, n: lib.normal(1.5, 0.2, (n,)),
    "normal mean": lambda lib, n: lib.normal(lib.linspace(0, 1, n), 0.5),
    "normal std": lambda lib, n: lib.normal(-1.0, lib.linspace(0, 1, n)),
    "normal both": lambda lib, n: lib.normal(lib.linspace(0, 1, 2).reshape(2, 1), lib.linspace(0, 1, n)),
}
CLOSE: dict[str, Draw] = {
    "randn float64": lambda lib, n: lib.randn(n, dtype=lib.float64),
    "normal_ float64": lambda lib, n: lib.empty(n, dtype=lib.float64).normal_(0.3, 0.7),
    "exponential_ float64": lambda lib, n: lib.empty(n, dtype=lib.float64).exponential_(),
    "cauchy_": lambda lib, n: lib.empty(n).cauchy_(1.0, 2.0),
    "log_normal_": lambda lib, n: lib.empty(n).log_normal_(0.1, 0.2),
}


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


def vectorised(torch: Any) -> bool:
    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def check(torch: Any, name: str, n: int) -> None:
    draw = (EXACT | VECTORISED | CLOSE)[name]
    ours, theirs = draw(ag, n).numpy(), draw(torch, n).numpy()
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    if name in EXACT or (name in VECTORISED and vectorised(torch)):
        np.testing.assert_array_equal(ours, theirs, err_msg=f"{name}, size {n}")
    else:
        eps = np.finfo(theirs.dtype).eps
        np.testing.assert_allclose(ours, theirs, rtol=64 * eps, atol=64 * eps, err_msg=f"{name}, size {n}")


@pytest.mark.parametrize("name", [*EXACT, *VECTORISED, *CLOSE])
def test_stream_is_torchs(torch: Any, name: str) -> None:
    for seed in SEEDS:
        ag.manual_seed(seed)
        torch.manual_seed(seed)
        for n in SIZES:
            check(torch, name, n)
        same_state(torch)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_draws(torch: Any, seed: int) -> None:
    ag.manual_seed(seed)
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    names = [*EXACT, *VECTORISED, *CLOSE]
    for _ in range(200):
        check(torch, names[order.integers(len(names))], int(order.choice(SIZES)))
    same_state(torch)


def same_state(torch: Any) -> None:
    """All the bytes, but for the last place of a normal deviate that is kept for later."""
    ours, theirs = ag.get_rng_state().numpy(), torch.get_rng_state().numpy()
    np.testing.assert_array_equal(ours, theirs)


def test_default_seed(torch: Any) -> None:
    assert ag.Generator().initial_seed() == torch.Generator().initial_seed()


@pytest.mark.parametrize("seed", [-1, -5, 2**64 - 1, -(2**63)])
def test_seeds_at_the_edge(torch: Any, seed: int) -> None:
    assert ag.manual_seed(seed).initial_seed() == torch.manual_seed(seed).initial_seed()
    check(torch, "rand", 5)


def test_state_travels_to_torch_and_back(torch: Any) -> None:
    ag.manual_seed(3)
    ag.randn(5)  # an odd number: one deviate is kept
    torch.set_rng_state(torch.from_numpy(ag.get_rng_state().numpy()))
    for name in ("randn", "rand", "randperm"):
        check(torch, name, 7)
    torch.randn(1000)
    ag.set_rng_state(ag.from_numpy(torch.get_rng_state().numpy()))
    check(torch, "randn", 21)


# -- without torch ------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [0, 1, 3, 623, 624, 625])
def test_state_and_clone_go_on_alike(before: int) -> None:
    g = ag.Generator().manual_seed(7)
    ag.rand(before, generator=g)
    ag.randn(3, generator=g)
    others = [ag.Generator().set_state(g.get_state()), g.clone_state(), copy.deepcopy(g), pickle.loads(pickle.dumps(g))]
    expected = ag.randn(21, generator=g).tolist()
    for other in others:
        assert ag.randn(21, generator=other).tolist() == expected
        assert other.initial_seed() == 7


def test_generators_do_not_disturb_each_other() -> None:
    ag.manual_seed(0)
    expected = ag.rand(4).tolist()
    ag.manual_seed(0)
    g = ag.Generator().manual_seed(1)
    first = ag.rand(2).tolist()
    ag.rand(5, generator=g)
    assert first + ag.rand(2).tolist() == expected


def test_fork_rng_and_seed() -> None:
    ag.manual_seed(0)
    expected = ag.rand(2).tolist()
    ag.manual_seed(0)
    with ag.fork_rng():
        ag.rand(9)
    assert ag.rand(2).tolist() == expected
    assert ag.seed() == ag.initial_seed()
    assert ag.seed() != ag.seed()


def test_moments() -> None:
    ag.manual_seed(0)
    x = ag.normal(3.0, 2.0, (200_000,)).numpy()
    assert abs(x.mean() - 3) < 0.02 and abs(x.std() - 2) < 0.02
    assert abs(ag.empty(200_000).exponential_(4.0).numpy().mean() - 0.25) < 0.005
    assert abs(ag.empty(200_000).geometric_(0.2).numpy().mean() - 5) < 0.06
    counts = np.bincount(ag.multinomial(ag.tensor([1.0, 2.0, 5.0]), 80_000, replacement=True).numpy())
    np.testing.assert_allclose(counts / 80_000, [0.125, 0.25, 0.625], atol=0.006)
    assert sorted(ag.randperm(500).tolist()) == list(range(500))


def test_keywords() -> None:
    assert ag.rand(2, 3, requires_grad=True).requires_grad
    assert ag.randn(size=(2, 3)).shape == (2, 3)
    assert ag.randn(()).shape == ()
    assert ag.randint(5, (2,)).dtype == ag.int64
    assert ag.normal(ag.zeros(3, dtype=ag.float64), 1.0).dtype == ag.float64


def test_fill_keeps_identity_and_history() -> None:
    x = ag.zeros(3)
    assert x.normal_() is x and x.uniform_(2, 3) is x and float(x.min()) >= 2
    w = ag.zeros(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad is being used in an in-place operation"):
        w.uniform_()
    with ag.no_grad():
        w.uniform_()
    assert w.is_leaf and w.requires_grad


@pytest.mark.parametrize(
    ("draw", "error", "match"),
    [
        (lambda: ag.rand(3, dtype=ag.int64), NotImplementedError, "int64"),
        (lambda: ag.rand(3, generator=3), TypeError, "must be Generator, not int"),
        (lambda: ag.randint(5, 3, (2,)), RuntimeError, "from=5 >= to=3"),
        (lambda: ag.randint(0, 300, (2,), dtype=ag.uint8), RuntimeError, "out of bounds"),
        (lambda: ag.randint(5), TypeError, "size"),
        (lambda: ag.randint(2.5, (2,)), TypeError, "must be int"),
        (lambda: ag.zeros(2).uniform_(3, 1), RuntimeError, "from=3 > to=1"),
        (lambda: ag.zeros(2).uniform_(float("nan"), 1), RuntimeError, "nan"),
        (lambda: ag.zeros(2).normal_(0, -1), RuntimeError, "std >= 0.0, but found std -1"),
        (lambda: ag.normal(0.0, -ag.ones(2)), RuntimeError, "all elements of std"),
        (lambda: ag.normal(0.0, 1.0), TypeError, "size"),
        (lambda: ag.zeros(2).exponential_(0), RuntimeError, "lambda=0"),
        (lambda: ag.zeros(2, dtype=ag.int64).exponential_(), NotImplementedError, "int64"),
        (lambda: ag.zeros(2).geometric_(1), RuntimeError, "p=1"),
        (lambda: ag.zeros(2).cauchy_(0, -1), RuntimeError, "sigma=-1"),
        (lambda: ag.zeros(2).bernoulli_(1.5), RuntimeError, "p=1.5"),
        (lambda: ag.bernoulli(ag.tensor([float("nan")])), RuntimeError, "nan"),
        (lambda: ag.zeros(1).expand(3).uniform_(), RuntimeError, "single memory location"),
        (lambda: ag.multinomial(ag.ones(2), 3), RuntimeError, "without replacement"),
        (lambda: ag.multinomial(ag.zeros(2), 1), RuntimeError, "sum of probabilities <= 0"),
        (lambda: ag.multinomial(ag.tensor([-1.0, 2.0]), 1), RuntimeError, "element < 0"),
        (lambda: ag.multinomial(ag.tensor([1, 2]), 1), RuntimeError, "int64"),
        (lambda: ag.multinomial(ag.ones(2), 0), RuntimeError, "n_sample <= 0"),
        (lambda: ag.multinomial(ag.ones(1, 1, 1), 1), RuntimeError, "1 or 2 dim"),
        (lambda: ag.manual_seed(2**64), ValueError, "18446744073709551616"),
        (lambda: ag.set_rng_state(ag.zeros(3, dtype=ag.uint8)), RuntimeError, "5056"),
        (lambda: ag.randperm(-1), RuntimeError, "non-negative"),
    ],
)
def test_errors(draw: Callable[[], Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        draw()
