"""Random tensors, by torch's names. Equal seeds give PyTorch's numbers: see ``generator.py`` for how far.

Every function takes ``generator=``, a :class:`Generator` to draw from in place of the default one. Those that make a
tensor take the keywords of ``ops/creation.py`` (``dtype``, ``requires_grad``, ``device``, ``layout``) as well.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .dtypes import DType, float32, float64, int64
from .generator import Generator, default_generator
from .ops.creation import leaf
from .ops.naming import op
from .ops.values import dtype_of, shape_of
from .tensor import Array, Tensor, array_of, new_tensor
from .watch import beside

__all__ = [
    "Generator", "bernoulli", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed",
    "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "seed",
    "set_rng_state",
]  # fmt: skip


# -- the default generator ----------------------------------------------------------------------


def manual_seed(seed: int) -> Generator:
    """Begin the default generator's stream anew: equal seeds give equal numbers.

    >>> _ = manual_seed(0)
    >>> rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator by chance; the seed is returned.

    >>> seed() == initial_seed()
    True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator's stream.

    >>> _ = manual_seed(42)
    >>> initial_seed()
    42
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator, for :func:`set_rng_state`. Shape (5056,), uint8.

    >>> get_rng_state().shape
    torch.Size([5056])
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Let the default generator go on from what :func:`get_rng_state` gave.

    >>> state = get_rng_state()
    >>> first = rand(3)
    >>> set_rng_state(state)
    >>> bool((rand(3) == first).all())
    True
    """
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """Give the default generator its state back at the end of the ``with`` block. There are no other ``devices``.

    >>> _ = manual_seed(0)
    >>> with fork_rng():
    ...     inside = rand(5)
    >>> rand(2)
    tensor([0.4963, 0.7682])
    """
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)


def drawing(generator: Generator | None) -> Generator:
    """The generator to draw from."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"argument 'generator' must be Generator, not {type(generator).__name__}")
    return generator


@beside
def along_memory(array: Array, draw: Callable[[tuple[int, ...]], Array]) -> Array:
    """``draw(shape)`` for the shape of ``array``, with the numbers in the order in which its elements lie in memory."""
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    drawn: Array = draw(tuple(array.shape[axis] for axis in order)).transpose(np.argsort(order).tolist())
    return drawn


# -- real numbers -------------------------------------------------------------------------------


def real_of(dtype: DType, what: str) -> DType:
    """The dtype of the real numbers to draw: of the two parts, where ``dtype`` is complex."""
    if dtype.kind not in "fc":
        raise NotImplementedError(f"{what} is not implemented for {dtype}: draw in a real dtype, then convert")
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


@beside
def uniform_array(shape: tuple[int, ...], dtype: DType, generator: Generator | None) -> Array:
    """Uniform on [0, 1); in both parts of a complex number."""
    real = real_of(dtype, "rand")
    count = math.prod(shape) * (2 if dtype.kind == "c" else 1)
    return drawing(generator).uniform(count, real).view(dtype).reshape(shape)


@beside
def normal_array(
    shape: tuple[int, ...],
    dtype: DType,
    generator: Generator | None,
    mean: float = 0.0,
    std: float = 1.0,
    singly: bool = False,
) -> Array:
    """Normal; each part of a complex number has half of the variance."""
    real = real_of(dtype, "randn")
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    draw = drawing(generator)
    if dtype.kind != "c":
        return draw.normal(math.prod(shape), dtype, mean, std, singly).reshape(shape)
    parts = draw.normal(2 * math.prod(shape), real, 0.0, std * math.sqrt(0.5), singly)
    return parts.view(dtype).reshape(shape) + np.asarray(mean, dtype)


def rand(
    *sizes: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, **options: Any
) -> Tensor:
    """Uniform on [0, 1).

    >>> _ = manual_seed(0)
    >>> rand(2, 2)
    tensor([[0.4963, 0.7682],
            [0.0885, 0.1320]])
    """
    return leaf(uniform_array(shape_of(sizes, size, "rand"), dtype_of(dtype), generator), **options)


def randn(
    *sizes: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, **options: Any
) -> Tensor:
    """Normal with mean 0 and variance 1.

    >>> _ = manual_seed(0)
    >>> randn(3)
    tensor([ 1.5410, -0.2934, -2.1788])
    """
    return leaf(normal_array(shape_of(sizes, size, "randn"), dtype_of(dtype), generator), **options)


def rand_like(input: Tensor, dtype: Any = None, **options: Any) -> Tensor:
    """:func:`rand` in the shape and dtype of ``input``.

    >>> from minitorch_optim.autograd import zeros
    >>> _ = manual_seed(0)
    >>> rand_like(zeros(2))
    tensor([0.4963, 0.7682])
    """
    return rand(input.shape, dtype=dtype_of(dtype, input.dtype), **options)


def randn_like(input: Tensor, dtype: Any = None, **options: Any) -> Tensor:
    """:func:`randn` in the shape and dtype of ``input``.

    >>> from minitorch_optim.autograd import zeros
    >>> _ = manual_seed(0)
    >>> randn_like(zeros(2))
    tensor([ 1.5410, -0.2934])
    """
    return randn(input.shape, dtype=dtype_of(dtype, input.dtype), **options)


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    **options: Any,
) -> Tensor:
    """Normal with this mean and standard deviation.

    Parameters
    ----------
    mean, std : float or Tensor
        one for all, or one for each number: tensors that broadcast against each other
    size : sequence of int
        the shape, needed if neither is a tensor

    >>> _ = manual_seed(0)
    >>> normal(10.0, 0.1, (2,))
    tensor([10.1541,  9.9707])
    """
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        if size is None:
            raise TypeError("normal() with numbers for mean and std needs a size, as in normal(0.0, 1.0, (2, 3))")
        return leaf(normal_array(shape_of((), size), dtype_of(dtype), generator, mean, std), **options)
    if size is not None:
        raise TypeError("normal() takes its shape from the tensor given as mean or std: leave out size")
    centre, spread = array_of(mean), array_of(std)
    kind = mean.dtype if isinstance(mean, Tensor) else std.dtype
    if not isinstance(std, Tensor):
        return leaf(normal_array(centre.shape, kind, generator, 0.0, std) + centre, **options)
    if not (spread >= 0).all():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    shape = np.broadcast_shapes(np.shape(centre), spread.shape)
    return leaf((normal_array(shape, kind, generator) * spread + np.asarray(centre, kind)).astype(kind), **options)


# -- whole numbers ------------------------------------------------------------------------------


@beside
def whole_array(
    shape: tuple[int, ...],
    low: int,
    high: int,
    dtype: DType,
    generator: Generator | None,
    double: bool | None = None,
) -> Array:
    """Whole numbers from ``low`` to ``high - 1``, all equally likely; from draws of 64 bits if ``double``."""
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if dtype.kind in "iu" and not (np.iinfo(dtype).min <= low and high - 1 <= np.iinfo(dtype).max):
        raise RuntimeError(f"from or to - 1 is out of bounds for {dtype}: from={low}, to={high}")
    return drawing(generator).whole(math.prod(shape), low, high, double).astype(dtype).reshape(shape)


def randint(
    *args: Any,
    low: int = 0,
    high: Any = None,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    **options: Any,
) -> Tensor:
    """Whole numbers from ``low`` (default 0) to ``high - 1``: ``randint(high, size)`` or ``randint(low, high, size)``.

    int64, unless ``dtype`` says otherwise.

    >>> _ = manual_seed(0)
    >>> randint(10, (4,)), randint(5, 7, (3,))
    (tensor([4, 9, 3, 0]), tensor([6, 6, 6]))
    """
    given = list(args)
    if given and size is None:
        size = given.pop()
    if given and high is None:
        high = given.pop()
    if given:
        low = given.pop()
    if given or high is None or size is None or isinstance(size, int):
        raise TypeError(f"randint() takes (high, size) or (low, high, size), with a tuple as size; got {args}")
    if isinstance(high, float) or isinstance(low, float):
        raise TypeError(f"randint(): arguments 'low' and 'high' must be int, not float: {low}, {high}")
    array = whole_array(shape_of((), size, "randint"), int(low), int(high), dtype_of(dtype, int64), generator)
    return leaf(array, **options)


def randint_like(input: Tensor, *bounds: Any, dtype: Any = None, **options: Any) -> Tensor:
    """:func:`randint` in the shape and dtype of ``input``: ``(x, high)`` or ``(x, low, high)``.

    >>> from minitorch_optim.autograd import zeros
    >>> _ = manual_seed(0)
    >>> randint_like(zeros(3), 10)
    tensor([4., 9., 3.])
    """
    return randint(*bounds, size=input.shape, dtype=dtype_of(dtype, input.dtype), **options)


def randperm(n: int, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """The numbers from 0 to n - 1 in random order. Shape (n,), int64.

    >>> _ = manual_seed(0)
    >>> randperm(5)
    tensor([4, 0, 1, 3, 2])
    """
    (count,) = shape_of((n,), what="randperm")
    return leaf(drawing(generator).permutation(count).astype(dtype_of(dtype, int64)), **options)


# -- draws from given probabilities -------------------------------------------------------------


@beside
def bernoulli_array(probability: Any, shape: tuple[int, ...], generator: Generator | None) -> Array:
    """Whether a uniform number lies below ``probability``: bool. A Python number is compared in double precision."""
    p = np.asarray(probability)
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    kind = float64 if p.dtype == float64 else float32
    return drawing(generator).uniform(math.prod(shape), kind).reshape(shape) < p


@op
def bernoulli(input: Tensor, p: float | None = None, generator: Generator | None = None) -> Tensor:
    """1 with the probability that stands in ``input``, otherwise 0; with ``p``, 1 with probability p everywhere.

    The result has the shape and dtype of ``input``. It is not recorded: nothing flows back through a draw.

    >>> from minitorch_optim.autograd import ones, zeros
    >>> bernoulli(ones(2)), bernoulli(zeros(2))
    (tensor([1., 1.]), tensor([0., 0.]))
    """
    if p is None:
        real_of(input.dtype, "bernoulli")
    drawn = bernoulli_array(input._array if p is None else float(p), input._array.shape, generator)
    return new_tensor(drawn.astype(input.dtype))


@op
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, generator: Generator | None = None
) -> Tensor:
    """Draw indices with probabilities proportional to the weights in each row of ``input``.

    Parameters
    ----------
    input : Tensor, shape (C,) or (N, C)
        weights, not negative, real; they need not sum to one
    num_samples : int
        how many to draw from each row, S
    replacement : bool
        whether an index can be drawn again (default: no)

    Returns
    -------
    Tensor, shape (S,) or (N, S), int64

    >>> from minitorch_optim.autograd import tensor
    >>> multinomial(tensor([0.0, 3.0, 0.0]), 4, replacement=True)
    tensor([1, 1, 1, 1])
    """
    weights = input._array
    if weights.dtype.kind != "f":
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {weights.dtype}")
    if weights.ndim not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, got shape {list(weights.shape)}")
    if num_samples <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples: num_samples is {num_samples}")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            f"cannot sample n_sample > prob_dist.size(-1) samples without replacement: {num_samples} of "
            f"{weights.shape[-1]}. Set replacement=True if an index may be drawn again"
        )
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (weights.sum(-1) > 0).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    draw = drawing(generator)
    rows = np.atleast_2d(weights)
    again = replacement and num_samples > 1  # a single one needs no care, and the race is quicker
    picked = _with_replacement(rows, num_samples, draw) if again else _without(rows, num_samples, draw)
    return new_tensor(picked.reshape(*weights.shape[:-1], num_samples))


def _with_replacement(rows: Array, count: int, draw: Generator) -> Array:
    """Where a uniform number falls among the cumulated weights."""
    cumulated = np.cumsum(rows, axis=1, dtype=rows.dtype)
    cumulated /= cumulated[:, -1:]
    uniform = draw.uniform(len(rows) * count).reshape(len(rows), count)
    return np.stack([np.searchsorted(c, u) for c, u in zip(cumulated, uniform, strict=True)])


def _without(rows: Array, count: int, draw: Generator) -> Array:
    """A race: the time of each index is exponential with its weight as the rate, and the first ``count`` win."""
    times = draw.exponential(rows.size).astype(rows.dtype).reshape(rows.shape)
    return np.argsort(-(rows / times), axis=1, kind="stable")[:, :count]
