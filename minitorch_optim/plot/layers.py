"""Layered drawing of a graph without cycles: which row each vertex is in, which place in it, and how edges run.

The steps are those of Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures"
(1981): rows by longest paths, bends where an edge passes a row, fewer crossings by barycentres, then coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

SWEEPS = 120
BEND = 0.1  # the width of an edge that passes a row
ASIDE, SPINE, PASSING = range(3)  # kinds: vertices aside of the spine, vertices of it, bends
PULL = (0.02, 1.0, 4.0)  # how hard a vertex of each kind holds its place, and two neighbours (the lesser kind) pull

Edge = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Attributes
    ----------
    rows : list of lists of int
        the vertices of each row from left to right; row 0 holds those that no edge leaves. From ``len(widths)`` on the
        numbers are bends of edges
    x : list of float
        the middle of each vertex and bend
    routes : dict of edge -> list of int
        the vertices and bends that an edge goes through, its ends included
    """

    rows: list[list[int]]
    x: list[float]
    routes: dict[Edge, list[int]]


def layered(edges: Sequence[Edge], widths: Sequence[float], spine: Sequence[bool], gap: float) -> Layout:
    """Arrange vertices 0, 1, ... of the given widths so that every edge goes to a lower row.

    Parameters
    ----------
    edges : sequence of (from, to)
        sorted so that all edges that leave a vertex come before those that enter it
    widths : sequence of float
        of the vertices
    spine : sequence of bool
        which vertices are to form straight lines, where that is possible; the others make room for them
    gap : float
        between neighbours in a row

    >>> layout = layered([(1, 0), (2, 1), (2, 0)], [1.0, 1.0, 1.0], [True] * 3, gap=0.5)
    >>> layout.rows                      # 3 is the bend where the edge from 2 to 0 passes the row of 1
    [[0], [1, 3], [2]]
    >>> layout.routes[2, 0]
    [2, 3, 0]
    """
    row_of = _longest_paths(edges, len(widths))
    routes, steps, every_row = _with_bends(edges, row_of)
    rows = _fewer_crossings(every_row, steps)
    wide = [*widths, *[BEND] * (sum(map(len, rows)) - len(widths))]
    kinds = [(SPINE if spine[i] else ASIDE) if i < len(spine) else PASSING for i in range(len(wide))]
    return Layout(rows, _coordinates(rows, steps, wide, kinds, gap), routes)


def _longest_paths(edges: Sequence[Edge], count: int) -> list[int]:
    """The row of each vertex: how many edges the longest way from it to an end has."""
    row = [0] * count
    for start, end in edges:
        row[start] = max(row[start], row[end] + 1)
    return row


def _with_bends(edges: Sequence[Edge], row_of: list[int]) -> tuple[dict[Edge, list[int]], list[Edge], list[list[int]]]:
    """Cut edges into steps from row to row. Rows are filled as a walk from the ends comes upon their vertices."""
    row = list(row_of)
    routes: dict[Edge, list[int]] = {}
    for start, end in dict.fromkeys(edges):
        bends = range(len(row), len(row) + row_of[start] - row_of[end] - 1)
        row += range(row_of[start] - 1, row_of[end], -1)
        routes[start, end] = [start, *bends, end]
    steps = [step for route in routes.values() for step in zip(route, route[1:])]
    above: dict[int, list[int]] = {}
    for start, end in steps:
        above.setdefault(end, []).append(start)

    rows: list[list[int]] = [[] for _ in range(max(row, default=-1) + 1)]
    stack = [i for i in range(len(row_of) - 1, -1, -1) if row_of[i] == 0]
    seen = set(stack)
    while stack:
        vertex = stack.pop()
        rows[row[vertex]].append(vertex)
        new = [i for i in reversed(above.get(vertex, [])) if i not in seen]
        seen.update(new)
        stack += new
    return routes, steps, rows


def _fewer_crossings(rows: list[list[int]], steps: list[Edge]) -> list[list[int]]:
    """Sort each row by the mean place of its neighbours in the one before, down and up, and keep the best."""
    above, below = _neighbours(steps)
    best, least = rows, _crossings(rows, below)
    rows = [list(row) for row in rows]
    for sweep in range(SWEEPS):
        upwards = sweep % 2 == 0
        near = below if upwards else above
        order = range(1, len(rows)) if upwards else range(len(rows) - 2, -1, -1)
        for r in order:
            place = {vertex: i for i, vertex in enumerate(rows[r - 1 if upwards else r + 1])}
            own = {vertex: i for i, vertex in enumerate(rows[r])}
            means = {v: _mean([place[n] for n in near.get(v, [])], own[v]) for v in rows[r]}
            rows[r].sort(key=means.__getitem__)
        crossings = _crossings(rows, below)
        if crossings < least:
            best, least = [list(row) for row in rows], crossings
    return best


def _neighbours(steps: list[Edge]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for start, end in steps:
        above.setdefault(end, []).append(start)
        below.setdefault(start, []).append(end)
    return above, below


def _crossings(rows: list[list[int]], below: dict[int, list[int]]) -> int:
    """How many pairs of steps cross."""
    count = 0
    for low, high in zip(rows, rows[1:]):
        place = {vertex: i for i, vertex in enumerate(low)}
        ends = [sorted(place[n] for n in below.get(vertex, [])) for vertex in high]
        passed: list[int] = []
        for group in ends:
            count += sum(1 for end in group for other in passed if other > end)
            passed += group
    return count


def _mean(values: list[int], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _coordinates(
    rows: list[list[int]], steps: list[Edge], widths: list[float], kinds: list[int], gap: float
) -> list[float]:
    """Each vertex as near as can be to the mean of its neighbours: first of those on one side, then of both."""
    above, below = _neighbours(steps)
    x = [0.0] * len(widths)
    for sweep in range(SWEEPS):
        upwards, settling = sweep % 2 == 0, sweep >= SWEEPS // 2
        for row in rows if upwards else reversed(rows):
            sides = (below, above) if settling or not sweep else (below,) if upwards else (above,)
            wanted = []
            for vertex in row:
                pulls = [(n, PULL[min(kinds[n], kinds[vertex])]) for side in sides for n in side.get(vertex, [])]
                weight = sum(pull for _, pull in pulls)
                wanted.append(sum(pull * x[n] for n, pull in pulls) / weight if pulls else x[vertex])
            distances = [(widths[i] + widths[j]) / 2 + gap for i, j in zip(row, row[1:])]
            for vertex, place in zip(row, apart(wanted, [PULL[kinds[i]] for i in row], distances)):
                x[vertex] = place
    return x


def apart(
    wanted: Sequence[float],
    weights: Sequence[float],
    distances: Sequence[float],
    low: float = -math.inf,
    high: float = math.inf,
) -> list[float]:
    """The places nearest to those wanted, by weighted least squares, that keep their distances from left to right.

    Without the distances the places need only increase, and that is isotonic regression: neighbours in the wrong order
    are pooled at their mean. All stay between ``low`` and ``high``.

    >>> apart([0.0, 0.0, 5.0], [1.0, 1.0, 1.0], [2.0, 2.0])
    [-1.0, 1.0, 5.0]
    >>> apart([0.0, 0.0, 5.0], [1.0, 1.0, 1.0], [2.0, 2.0], low=0.0)
    [0.0, 2.0, 5.0]
    """
    offsets = [0.0, *accumulate(distances)]
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for place, weight, offset in zip(wanted, weights, offsets):
        mean, count = place - offset, 1
        while pools and pools[-1][0] > mean:
            other, more, others = pools.pop()
            mean = (mean * weight + other * more) / (weight + more)
            weight, count = weight + more, count + others
        pools.append((mean, weight, count))
    means = [max(low, min(mean, high - offsets[-1])) for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets)]
