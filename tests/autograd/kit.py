"""What samples of inputs are made of, for ``samples.py``, ``array_samples.py`` and ``tests/nn/samples.py``.

Test folders are no packages, so those files read this one with ``runpy.run_path``, and the tests read them likewise.

In a sample, an array of real or complex numbers is an argument to differentiate by, where the row has a rule for it;
everything else (indices, axes, Python numbers, what is wrapped in ``Fixed``) is passed on as it is. Memory layouts are
not written down: the test tries each sample in several. Values lie inside the domain and away from kinks, by more than
the differences reach.
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np


class Sample(NamedTuple):
    """``call(*args, **kwargs)``; without a ``call``, the primitive itself is applied."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    call: Any = None

    def __repr__(self) -> str:
        args = [f"{a.dtype}{list(a.shape)}" if isinstance(a, np.ndarray) else repr(a) for a in self.args]
        return ", ".join([*args, *(f"{k}={v}" for k, v in self.kwargs.items())])


class Fixed(NamedTuple):
    """An array of real numbers that is not to be differentiated by."""

    array: Any


def sample(*args: Any, **kwargs: Any) -> Sample:
    return Sample(args, kwargs)


# -- where values are drawn


class Within(NamedTuple):
    """Uniform numbers between two ends; ``signed``: half of them with a minus."""

    low: float
    high: float
    signed: bool = False

    def draw(self, random: np.random.Generator, shape: tuple[int, ...], is_complex: bool = False) -> Any:
        if is_complex:
            return np.asarray(self.draw(random, shape) + 1j * self.draw(random, shape))
        values = random.uniform(self.low, self.high, shape)
        return np.asarray(values * random.choice([-1.0, 1.0], shape) if self.signed else values)


ANY = Within(0.2, 1.8, signed=True)  # away from 0, where many have a kink or a pole
POSITIVE = Within(0.3, 2.0)
UNIT = Within(0.1, 0.8, signed=True)
ABOVE_ONE = Within(1.2, 3.0)
SMALL = Within(0.05, 0.45, signed=True)
BROAD = Within(0.2, 6.0, signed=True)

_draws = np.random.default_rng(7)


def real(*shape: int, domain: Within = ANY) -> Any:
    return domain.draw(_draws, shape)


def imaginary(*shape: int, domain: Within = ANY) -> Any:
    return domain.draw(_draws, shape, is_complex=True)


def regular(*shape: int) -> Any:
    """Square matrices far from singular."""
    return UNIT.draw(_draws, shape) * 0.5 + 1.5 * np.eye(shape[-1])


# -- elementwise functions

SHAPES: dict[int, list[tuple[tuple[int, ...], ...]]] = {
    1: [((),), ((2, 3),), ((0, 2),)],
    2: [((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (3,)), ((2, 2), ()), ((1,), (2, 2)), ((0,), (1,))],
    3: [((3,), (3,), (3,)), ((2, 3), (3,), (2, 1)), ((), (2,), (2, 1)), ((2, 2), (), (1,))],
}


def broadcast(primitive: Any, *domains: Within, is_complex: bool = False, **kwargs: Any) -> list[Sample]:
    """The arguments in all ways of broadcasting, beside Python numbers, and complex where that makes sense."""
    random = np.random.default_rng(zlib.crc32(primitive.__name__.encode()))
    result = []

    def add(shapes: Any, kinds: Any) -> None:
        drawn = zip(domains, shapes, kinds, strict=True)
        result.append(sample(*(d.draw(random, s, k) for d, s, k in drawn), **kwargs))

    for shapes_ in SHAPES[len(domains)]:
        add(shapes_, [False] * len(domains))
    if len(domains) == 2:
        number = float(domains[1].draw(random, ()))
        result.append(sample(domains[0].draw(random, (2,)), number, **kwargs))
        number = float(domains[0].draw(random, ()))
        result.append(sample(number, domains[1].draw(random, (2,)), **kwargs))
    if is_complex:
        add(SHAPES[len(domains)][1], [True] * len(domains))
        if len(domains) == 2:
            add(((2,), (2, 1)), (True, False))
            add(((2,), ()), (False, True))
            result.append(sample(domains[0].draw(random, (2,)), 0.5 + 0.7j, **kwargs))
    return result
