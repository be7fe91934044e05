"""Optimizers sent down the same slope: the paths that ``trajectories`` draws."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd import Tensor, enable_grad, fork_rng, manual_seed, no_grad
from ..autograd.ops.creation import tensor
from ..optim import LBFGS, SAM, Lookahead, ScheduleFreeAdamW, ScheduleFreeSGD, ScipyMinimize
from ..testing.functions import Problem

Factory = Callable[[list[Tensor]], Any]


@dataclass(frozen=True)
class Path:
    """Where an optimizer went.

    Attributes
    ----------
    name : str
        of the optimizer
    points : ndarray of shape (steps + 1, 2)
        the start and the point after each step, as far as they are finite
    value : float
        of the function at the last of them
    diverged : bool
        whether the next point, or the function there, was not finite
    """

    name: str
    points: Any
    value: float
    diverged: bool


class Surface:
    """A function of two variables, whether it is written f(x, y) or takes a vector, as a :class:`Problem` does."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.takes_vector = isinstance(function, Problem)
        if self.takes_vector and function.dimension != 2:
            raise ValueError(f"{function.name} has {function.dimension} variables, and a picture of a function has 2")

    def __call__(self, point: Tensor) -> Tensor:
        """The value at a tensor of two elements."""
        point = point.reshape(2)
        value = self.function(point) if self.takes_vector else self.function(point[0], point[1])
        if not isinstance(value, Tensor) or value.numel() != 1:
            got = f"a tensor of shape {list(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
            raise TypeError(
                f"function must give a tensor of one element, computed from the tensors x and y, as in "
                f"lambda x, y: x**2 + 3 * y**2; it gave {got}"
            )
        return value

    def at(self, x: float, y: float) -> float:
        """The value at a point, without recording anything."""
        with no_grad(), np.errstate(all="ignore"):
            return float(self(tensor([x, y], dtype=np.float64)).item())


def race(
    optimizers: Mapping[str, Factory] | Sequence[Factory],
    surface: Surface,
    start: tuple[float, float],
    steps: int,
    shape: tuple[int, ...],
) -> list[Path]:
    """Let each optimizer take ``steps`` steps from ``start``. Each draws the same random numbers, if any."""
    if callable(optimizers):
        raise TypeError("optimizers: expected a list of functions or a dict of them; a single one goes into a list")
    named = optimizers.items() if isinstance(optimizers, Mapping) else [("", factory) for factory in optimizers]
    paths: list[Path] = []
    for name, factory in named:
        with fork_rng(), enable_grad(), np.errstate(all="ignore"):
            manual_seed(0)
            point = tensor(np.reshape(np.array(start, np.float64), shape), requires_grad=True)
            optimizer = _made(factory, point, name)
            run = _minimized if isinstance(optimizer, ScipyMinimize) else _stepped
            points = run(optimizer, point, surface, steps)
        paths.append(_path(name or _name(optimizer), points, surface))
    return paths


def _made(factory: Any, point: Tensor, name: str) -> Any:
    if not callable(factory):
        raise TypeError(
            f"optimizers: expected a function that makes an optimizer for the parameters it is given, such as "
            f"lambda params: Adam(params, lr=0.1); got {type(factory).__name__}" + (f" for {name!r}" if name else "")
        )
    optimizer = factory([point])
    if not callable(getattr(optimizer, "step", None)):
        raise TypeError(f"optimizers: the function must return an optimizer, which has step(), got {optimizer!r}")
    if isinstance(optimizer, LBFGS):  # so that each iteration is seen; its memory goes on from step to step
        optimizer.param_groups[0].update(max_iter=1, max_eval=25)
    return optimizer


def _stepped(optimizer: Any, point: Tensor, surface: Surface, steps: int) -> list[Any]:
    """The start and the point after each step."""
    points = [_where(point)]
    takes_closure = bool(inspect.signature(optimizer.step).parameters)
    for _ in range(steps):
        loss = _backward(point, surface)
        if takes_closure:
            optimizer.step(_closure(point, surface, loss))
        else:
            optimizer.step()
        points.append(_answer(optimizer, point))
        if not np.isfinite(_where(point)).all():
            break
    return points


def _backward(point: Tensor, surface: Surface) -> Tensor:
    point.grad = None
    loss = surface(point)
    loss.backward()
    return loss


def _closure(point: Tensor, surface: Surface, loss: Tensor) -> Callable[[], Tensor]:
    """What computes the loss anew; where the gradient is there already, it is not computed a second time.

    So an optimizer that never calls its closure has its gradient too.
    """
    first, here = True, _where(point)

    def closure() -> Tensor:
        nonlocal first
        if first and np.array_equal(here, _where(point)):
            first = False
            return loss
        first = False
        return _backward(point, surface)

    return closure


def _minimized(optimizer: ScipyMinimize, point: Tensor, surface: Surface, steps: int) -> list[Any]:
    """The start and the point after each iteration: for ``ScipyMinimize`` the whole minimization is one step."""
    points = [_where(point)]
    group = optimizer.param_groups[0]
    own = group["callback"]

    def callback(optimizer: ScipyMinimize) -> None:
        points.append(_where(point))
        if own is not None:
            own(optimizer)
        if len(points) > steps:
            raise StopIteration

    if steps:
        group["callback"] = callback
        optimizer.step(lambda: surface(point))
    return points


def _answer(optimizer: Any, point: Tensor) -> Any:
    """The point that the optimizer would answer with: an average, where it is in the making."""
    if not isinstance(optimizer, ScheduleFreeSGD | ScheduleFreeAdamW):
        return _where(point)
    optimizer.eval()
    average = _where(point)
    optimizer.train()
    return average


def _where(point: Tensor) -> Any:
    return point.detach().numpy().reshape(2).copy()


def _path(name: str, points: list[Any], surface: Surface) -> Path:
    last = len(points)
    while last > 1 and not (np.isfinite(points[last - 1]).all() and np.isfinite(surface.at(*points[last - 1]))):
        last -= 1
    return Path(name, np.array(points[:last]), surface.at(*points[last - 1]), last < len(points))


def _name(optimizer: Any) -> str:
    """``Adam(lr=0.1)``, ``Lookahead(SGD(lr=0.1, momentum=0.9))``."""
    inside = ""
    if isinstance(optimizer, SAM | Lookahead):
        inside = _name(optimizer.optimizer)
    elif isinstance(optimizer, ScipyMinimize):
        inside = optimizer.param_groups[0]["method"]
    else:
        group = getattr(optimizer, "param_groups", [{}])[0]
        inside = ", ".join(f"{key}={float(group[key]):g}" for key in ("lr", "momentum") if group.get(key))
    return type(optimizer).__name__ + (f"({inside})" if inside else "")
