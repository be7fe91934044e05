"""Distributions: compared with PyTorch in values, gradients, samples and words, and with what probability demands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minitorch_optim as ours

torch = pytest.importorskip("torch")

# name: how to make it, and values to ask for
CASES: dict[str, tuple[Callable[[Any, Any], Any], list[Any]]] = {
    "normal": (lambda t, d: d.Normal(t.tensor([0.5, -1.0]), t.tensor([1.0, 2.5])), [0.3, 2.0]),
    "normal of a number": (lambda t, d: d.Normal(t.tensor([[1.0], [2.0]]), 0.5), [[0.3], [2.0]]),
    "categorical": (lambda t, d: d.Categorical(t.tensor([[0.1, 0.2, 0.7], [2.0, 1.0, 1.0]])), [2, 0]),
    "categorical by logits": (lambda t, d: d.Categorical(logits=t.tensor([0.3, -2.0, 1.0, 0.0])), [3, 1, 0]),
    "bernoulli": (lambda t, d: d.Bernoulli(t.tensor([0.25, 0.9])), [1.0, 0.0]),
    "bernoulli by logits": (lambda t, d: d.Bernoulli(logits=t.tensor([1.5, -30.0])), [0.0, 1.0]),
    "binomial": (lambda t, d: d.Binomial(10, t.tensor([0.3, 0.7])), [3.0, 10.0]),
    "binomial of many": (lambda t, d: d.Binomial(t.tensor([100.0, 400.0]), t.tensor([0.45, 0.8])), [40.0, 330.0]),
    "binomial by logits": (lambda t, d: d.Binomial(7, logits=t.tensor([0.5, -1.0])), [0.0, 7.0]),
    "multinomial": (lambda t, d: d.Multinomial(5, t.tensor([0.2, 0.3, 0.5])), [1.0, 2.0, 2.0]),
    "multinomial by logits": (
        lambda t, d: d.Multinomial(4, logits=t.tensor([[0.2, 0.3], [1.0, 0.0]])),
        [[1.0, 3.0], [4.0, 0.0]],
    ),
    "poisson": (lambda t, d: d.Poisson(t.tensor([0.5, 4.0])), [0.0, 7.0]),
    "poisson of many": (lambda t, d: d.Poisson(t.tensor([10.0, 300.0])), [12.0, 310.0]),
}


@pytest.fixture(params=CASES)
def both(request: pytest.FixtureRequest) -> tuple[Any, Any, Any, Any]:
    make, values = CASES[request.param]
    return make(ours, ours.distributions), make(torch, torch.distributions), ours.tensor(values), torch.tensor(values)


def close(mine: Any, theirs: Any, rtol: float = 3e-6) -> None:
    np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=2e-6)
    assert str(mine.numpy().dtype) == str(theirs.numpy().dtype)


def test_values(both: Any) -> None:
    mine, theirs, x, y = both
    close(mine.log_prob(x), theirs.log_prob(y), 2e-5)  # a difference of large logarithms
    assert tuple(mine.batch_shape) == tuple(theirs.batch_shape) and tuple(mine.event_shape) == tuple(theirs.event_shape)
    for name in ("mean", "variance", "stddev", "mode"):
        if hasattr(type(mine), name):
            close(getattr(mine, name), getattr(theirs, name))
    assert repr(mine) == repr(theirs) or "Multinomial" in repr(mine) or "total_count" in repr(mine)


def test_entropy(both: Any) -> None:
    mine, theirs, _, _ = both
    try:
        expected = theirs.entropy()
    except NotImplementedError:
        expected = None
    if type(mine).entropy is ours.distributions.Distribution.entropy:
        with pytest.raises(NotImplementedError, match="does not give its entropy"):
            mine.entropy()
    else:
        close(mine.entropy(), expected)
        close(mine.perplexity(), theirs.perplexity())


@pytest.mark.parametrize("shape", [(), (3,), (2, 5), (40,)])
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_samples_are_pytorchs(both: Any, shape: tuple[int, ...], seed: int) -> None:
    mine, theirs, _, _ = both
    ours.manual_seed(seed)
    torch.manual_seed(seed)
    close(mine.sample(shape), theirs.sample(shape))
    assert ours.rand(1).item() == torch.rand(1).item()  # as many draws
    assert not mine.sample(shape).requires_grad


def test_gradients_of_parameters() -> None:
    for make, value in (
        (lambda d, p: d.Normal(p[0], p[1].exp()), [0.7]),
        (lambda d, p: d.Categorical(logits=p), [1]),
        (lambda d, p: d.Categorical(p.exp()), [0]),
        (lambda d, p: d.Bernoulli(logits=p), [1.0, 0.0, 1.0]),
        (lambda d, p: d.Binomial(6, logits=p), [1.0, 0.0, 4.0]),
        (lambda d, p: d.Poisson(p.exp()), [1.0, 0.0, 2.0]),
        (lambda d, p: d.Multinomial(3, logits=p), [1.0, 0.0, 2.0]),
    ):
        p = ours.tensor([0.3, -0.2, 0.9], requires_grad=True)
        q = torch.tensor([0.3, -0.2, 0.9], requires_grad=True)
        make(ours.distributions, p).log_prob(ours.tensor(value)).sum().backward()
        make(torch.distributions, q).log_prob(torch.tensor(value)).sum().backward()
        close(p.grad, q.grad, 1e-5)


def test_gradient_flows_through_a_normal_sample_only() -> None:
    mean = ours.zeros(3, requires_grad=True)
    ours.distributions.Normal(mean, 1.0).rsample((2,)).sum().backward()
    assert mean.grad.tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(NotImplementedError, match="cannot be reparameterized"):
        ours.distributions.Poisson(2.0).rsample()


def test_normal_cdf_and_its_inverse() -> None:
    mine, theirs = ours.distributions.Normal(1.0, 2.0), torch.distributions.Normal(1.0, 2.0)
    close(mine.cdf(ours.tensor([-3.0, 0.0, 4.0])), theirs.cdf(torch.tensor([-3.0, 0.0, 4.0])))
    close(mine.icdf(ours.tensor([0.1, 0.5, 0.99])), theirs.icdf(torch.tensor([0.1, 0.5, 0.99])), 1e-5)


def test_divergence() -> None:
    for make in (
        lambda t, d: (d.Normal(t.tensor([0.0, 1.0]), 1.0), d.Normal(1.0, t.tensor([2.0, 0.5]))),
        lambda t, d: (d.Categorical(t.tensor([0.2, 0.8])), d.Categorical(t.tensor([0.5, 0.5]))),
        lambda t, d: (d.Bernoulli(t.tensor([0.2, 1.0])), d.Bernoulli(t.tensor([0.5, 0.25]))),
    ):
        close(
            ours.distributions.kl_divergence(*make(ours, ours.distributions)),
            torch.distributions.kl_divergence(*make(torch, torch.distributions)),
        )
    with pytest.raises(NotImplementedError, match="p type Normal and q type Poisson"):
        ours.distributions.kl_divergence(ours.distributions.Normal(0.0, 1.0), ours.distributions.Poisson(1.0))


@pytest.mark.parametrize(
    "make",
    [
        lambda t, d: d.Normal(0.0, -1.0),
        lambda t, d: d.Normal(t.tensor([0.0, float("nan")]), 1.0),
        lambda t, d: d.Bernoulli(t.tensor([1.5, 0.5])),
        lambda t, d: d.Categorical(t.tensor([1.5, -0.5])),
        lambda t, d: d.Poisson(t.tensor([-1.0, 0.5])),
        lambda t, d: d.Normal(t.zeros(2), 1.0).log_prob(t.tensor([0.0, float("nan")])),
        lambda t, d: d.Bernoulli(t.tensor([0.5, 0.5])).log_prob(t.tensor([0.5, 1.0])),
        lambda t, d: d.Categorical(t.ones(2, 3)).log_prob(t.tensor([3, 0])),
        lambda t, d: d.Categorical(),
        lambda t, d: d.Bernoulli(t.ones(1), t.ones(1)),
        lambda t, d: d.Categorical(t.tensor(1.0)),
    ],
)
def test_refused_as_by_pytorch(make: Any) -> None:
    with pytest.raises(ValueError) as theirs:
        make(torch, torch.distributions)
    with pytest.raises(ValueError) as mine:
        make(ours, ours.distributions)
    first = str(theirs.value).splitlines()[0].removesuffix(".")
    assert str(mine.value).splitlines()[0].removesuffix(".").startswith(first[:60])


def test_unchecked_arguments() -> None:
    assert ours.distributions.Normal(0.0, -1.0, validate_args=False).scale.item() == -1


def test_counts_have_the_right_frequencies() -> None:
    ours.manual_seed(0)
    for rate in (0.7, 12.0):
        drawn = ours.poisson(ours.full((20_000,), rate)).numpy()
        assert abs(drawn.mean() - rate) < 0.04 * rate**0.5 and abs(drawn.var() / rate - 1) < 0.06
    for n, p in ((5, 0.3), (80, 0.6), (1000, 0.02)):
        drawn = ours.binomial(ours.full((20_000,), float(n)), ours.tensor(p)).numpy()
        spread = n * p * (1 - p)
        assert abs(drawn.mean() - n * p) < 0.04 * spread**0.5 and abs(drawn.var() / spread - 1) < 0.06


def test_counts_at_the_ends_and_errors() -> None:
    assert ours.poisson(ours.zeros(3)).tolist() == [0, 0, 0]
    assert ours.binomial(ours.tensor([4.0, 4.0, 0.0]), ours.tensor([0.0, 1.0, 0.5])).tolist() == [0, 4, 0]
    with pytest.raises(RuntimeError, match="invalid Poisson rate"):
        ours.poisson(ours.tensor([-1.0]))
    with pytest.raises(RuntimeError, match="binomial only supports floating-point dtypes"):
        ours.binomial(ours.tensor([3]), ours.tensor([0.5]))
