"""How far to go along a direction: a step that satisfies the strong Wolfe conditions.

Along the direction d the loss is a function of one number, phi(t) = f(x + t d), whose derivative is the slope g.d. A
step is long enough, and not too long, if::

    phi(t)    <= phi(0) + c1 t phi'(0)        it goes down by a part of what the slope promised
    |phi'(t)| <= c2 |phi'(0)|                 and the slope has flattened

Two phases find one: first t grows until such a step lies between two points, then the two are brought together
("zoom"). Both choose the next t as the minimum of the cubic through the values and slopes of two points.

Where others differ: the lower end of the bracket is the one with the lower loss, as in minFunc, even where it fails the
first condition, which Nocedal and Wright demand of it. After a first step that is far too long the search may so close
in on a point that is lower than the start, and still not accepted.

The path is PyTorch's as long as all is finite. A point where the loss or its slope is not finite is a wall: its loss
counts as infinite, and the next t is halfway back to the finite side. So one bad evaluation cannot become the result.

References
----------
Nocedal, Wright, "Numerical Optimization", 2nd ed. (2006), algorithms 3.5 and 3.6, equation 3.59.
Schmidt, "minFunc" (2005): the safeguards. https://www.cs.ubc.ca/~schmidtm/Software/minFunc.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..autograd.tensor import Array

__all__ = ["LineSearch", "Point", "strong_wolfe"]


class Point(NamedTuple):
    """A point on the line: the step ``t``, the loss ``f`` there, its gradient ``g`` and the ``slope`` g.d."""

    t: float
    f: float
    g: Array
    slope: float

    @property
    def finite(self) -> bool:
        """Whether loss and slope are numbers to reckon with."""
        return math.isfinite(self.f) and math.isfinite(self.slope)


class LineSearch(NamedTuple):
    """What a search has found."""

    point: Point  #: the step to take; its t is 0 if no better point was found
    accepted: bool  #: whether it satisfies both conditions
    evaluations: int
    not_finite: int  #: how many of the evaluations met NaN or infinity


def strong_wolfe(
    phi: Callable[[float], Point],
    start: Point,
    t: float,
    *,
    longest: float = 1.0,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance_change: float = 1e-9,
    max_steps: int = 25,
) -> LineSearch:
    """Search a step that satisfies the strong Wolfe conditions.

    Parameters
    ----------
    phi : callable(t) -> Point
        evaluates the loss at a step
    start : Point
        the point at t = 0, where the slope is negative
    t : float
        the first step to try, above 0
    longest : float
        the largest entry of the direction by absolute value, which turns a change of t into one of a parameter
    c1, c2 : float
        the constants of the two conditions, 0 < c1 < c2 < 1
    tolerance_change : float
        stop when the bracket moves no parameter by more than this
    max_steps : int
        how many evaluations may follow the first

    Returns
    -------
    LineSearch
        the point found; where no point satisfies both conditions in time, the best end of the bracket

    >>> import numpy as np
    >>> def phi(t):                                  # (t - 3)^2: from 0 with slope -6
    ...     return Point(t, (t - 3) ** 2, np.array([2 * (t - 3)]), 2 * (t - 3))
    >>> search = strong_wolfe(phi, phi(0.0), t=1.0)
    >>> search.point.t, search.accepted, search.evaluations
    (1.0, True, 1)
    >>> strong_wolfe(phi, phi(0.0), t=1.0, c2=0.1).point.t
    3.0
    """
    best, evaluations, walls = start, 0, 0

    def look(t: float) -> Point:
        nonlocal best, evaluations, walls
        point = phi(t)
        evaluations += 1
        if not point.finite:
            walls += 1
            return point._replace(f=math.inf)
        if point.f < best.f:
            best = point
        return point

    def too_high(point: Point) -> bool:
        return point.f > start.f + c1 * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -c2 * start.slope

    def found(point: Point, accepted: bool) -> LineSearch:
        if walls and not accepted:  # the end of the bracket may have been given up for a wall
            point = best
        return LineSearch(point, accepted, evaluations, walls)

    # Phase 1: ever longer steps, until one is good or two enclose a good one.
    steps = 0
    previous, point = start, look(t)
    while steps < max_steps:
        if too_high(point) or (steps > 1 and point.f >= previous.f):
            bracket = [previous, point]
            break
        if flat(point):
            return found(point, True)
        if point.slope >= 0:
            bracket = [previous, point]
            break
        t = cubic_minimum(previous, point, point.t + 0.01 * (point.t - previous.t), 10 * point.t)
        previous, point = point, look(t)
        steps += 1
    else:
        bracket = [start, point]

    # Phase 2: the slope at the lower end points into the bracket.
    low = 0 if bracket[0].f <= bracket[1].f else 1
    slow = False
    while steps < max_steps:
        left, right = sorted((bracket[0].t, bracket[1].t))
        if (right - left) * longest < tolerance_change:
            break
        t = cubic_minimum(bracket[0], bracket[1], left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:  # too near an end to shrink the bracket: allowed once
            if slow or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                slow = False
            else:
                slow = True
        else:
            slow = False

        point = look(t)
        steps += 1
        high = 1 - low
        if too_high(point) or point.f >= bracket[low].f:
            bracket[high] = point
            low = 0 if bracket[0].f <= bracket[1].f else 1
            continue
        if flat(point):
            return found(point, True)
        if point.slope * (bracket[high].t - bracket[low].t) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = point
    return found(bracket[low], False)


def cubic_minimum(a: Point, b: Point, lowest: float, highest: float) -> float:
    """Where the cubic through the values and slopes of two points has its minimum, kept between two bounds.

    Halfway between the bounds where the cubic has none; halfway between the points where one of them is not finite.
    """
    if not (a.finite and b.finite):
        return (a.t + b.t) / 2
    if a.t > b.t:
        a, b = b, a
    slope_a, slope_b, width = np.float64(a.slope), np.float64(b.slope), b.t - a.t
    with np.errstate(all="ignore"):  # a straight line has its minimum at infinity, which the bounds bring back
        d1 = slope_a + slope_b - 3 * (b.f - a.f) / np.float64(width)
        square = d1 * d1 - slope_a * slope_b
        if not square >= 0:
            return (lowest + highest) / 2
        d2 = np.sqrt(square)
        t = float(b.t - width * ((slope_b + d2 - d1) / (slope_b - slope_a + 2 * d2)))
    return (lowest + highest) / 2 if math.isnan(t) else min(max(t, lowest), highest)
