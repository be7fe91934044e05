"""The tape as a drawing: operations as boxes, and arrows along which values went."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Tensor
from ..autograd.tape import Node
from ..teaching.history import names_of
from ..teaching.recorded import recorded
from .canvas import canvas, pyplot
from .layers import Layout, apart, layered

# In inches, at the full size of the text.
GAP, ROW_GAP = 0.22, 0.38
PADDING = 0.11
SIZES = (9.5, 8.0)  # points: of the name, and of the lines under it
LINE = 0.165  # from line to line
FEW = 3  # so many saved arrays are listed with their shapes
LARGEST = (20.0, 30.0)  # of a new figure; a larger graph is drawn smaller

Point = tuple[float, float]
Style = tuple[str, str, str]  # of the face, the rim, the text
OPERATION: Style = ("#dce8ea", "#4f7486", "#22313a")
LEAF: Style = ("#ffe9d1", "#ff7a1a", "#6b2f00")
RESULT: Style = ("#2f4858", "#2f4858", "#ffffff")


def graph(loss: Tensor, params: Any = None, ax: Any = None, *, saved: bool = False, limit: int = 100) -> Any:
    """Draw the recorded operations behind ``loss``, with the shapes of their results.

    Values go down along the arrows, to ``loss`` in the darkest box; ``backward()`` goes up against them. The leaves,
    which require grad, have a colour of their own: these are where gradients end up. Constants, among them inputs that
    do not require grad, are not on the tape, so they are not in the picture.

    Parameters
    ----------
    loss : Tensor
        of any shape; it must have a ``grad_fn`` whose graph was not freed by ``backward()``
    params : Module or dict, optional
        names for leaves: a model, or a dict from names to tensors such as ``dict(model.named_parameters())``; without a
        name each is called "leaf". Computed tensors in the dict are named too
    ax : matplotlib Axes, optional
        where to draw, as large as fits (default: a new figure, as large as the graph needs)
    saved : bool
        show which arrays each operation keeps for backward (default False)
    limit : int
        how many boxes there may be (default 100)

    Returns
    -------
    matplotlib Axes
        with one box for each operation and leaf, and one arrow for each pair of them that is connected

    Raises
    ------
    RuntimeError
        if nothing was recorded or the graph was freed
    ValueError
        if there are more than ``limit`` boxes

    Nothing changes: no gradient is added anywhere, and the graph can still go backward.

    >>> from minitorch_optim.autograd import tensor
    >>> w = tensor([1.0, 2.0], requires_grad=True)
    >>> axes = graph(((3 * w - 5) ** 2).sum(), {"w": w})
    >>> [text.get_text() for text in axes.texts]
    ['Sum', '()', 'Square', '(2,)', 'Sub', '(2,)', 'Mul', '(2,)', 'w', '(2,)']
    """
    pyplot()
    boxes, edges = _boxes(loss, params, saved)
    if len(boxes) > limit:
        raise ValueError(
            f"the tape behind this tensor has {len(boxes)} operations and leaves, more than limit={limit}: too many to "
            f"be read in a picture. Draw a part of it, such as one layer or one step of a sequence; "
            f"print(minitorch_optim.teaching.tape(loss)) lists any number. Or raise limit"
        )
    layout = layered(edges, [box.width for box in boxes], [not box.is_leaf for box in boxes], GAP)
    y, heights = _rows(boxes, layout)

    sides = [side for box, x in zip(boxes, layout.x) for side in (x - box.width / 2, x + box.width / 2)]
    sides += layout.x[len(boxes) :]
    low, high = min(sides) - GAP, max(sides) + GAP
    bottom, top = y[0] - heights[0] / 2 - GAP, y[-1] + heights[-1] / 2 + GAP
    ax, scale = _axes(ax, high - low, top - bottom)
    for route, start, end in _ends(boxes, layout, y):
        _arrow(ax, [start, *_bends(route, layout, y, heights), end], boxes[route[0]].is_leaf, scale)
    for row, middle in zip(layout.rows, y):
        for i in row:
            if i < len(boxes):
                _draw_box(ax, boxes[i], layout.x[i], middle, scale)
    ax.set(xlim=(low, high), ylim=(bottom, top), aspect="equal")
    ax.axis("off")
    return ax


# -- what is in the picture ---------------------------------------------------------------------


class Box:
    """What is written about an operation or a leaf, and how large that is in inches."""

    def __init__(self, name: str, details: list[str], style: Style) -> None:
        self.lines = [name, *details]
        self.style = style
        widths = [_width(line, i) for i, line in enumerate(self.lines)]
        self.width = max(0.55, max(widths) + 2 * PADDING)
        self.height = LINE * len(self.lines) + PADDING

    @property
    def is_leaf(self) -> bool:
        """Whether it is not an operation."""
        return self.style is LEAF


def _width(line: str, i: int) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(weight="bold" if i == 0 else "normal")
    return float(TextPath((0, 0), line, size=_size(i), prop=font).get_extents().width) / 72 if line else 0.0


def _size(i: int) -> float:
    return SIZES[min(i, 1)]


def _boxes(loss: Tensor, params: Any, saved: bool) -> tuple[list[Box], list[tuple[int, int]]]:
    """A box for each operation, the newest first, then for each leaf; and from where to where values went."""
    operations = recorded(loss)
    names, of_nodes = names_of(params)
    boxes, edges = [], []
    leaves: dict[Tensor, int] = {}
    for i, operation in enumerate(operations):
        result = of_nodes.get(id(operation.node))
        name = f"{result} = {operation.name}" if result else operation.name
        details = [] if operation.shape is None else [str(operation.shape)]
        details += _saved(operation.node) if saved else []
        boxes.append(Box(name, details, OPERATION if i else RESULT))
        for given in operation.inputs:
            if given.number is not None:
                edges.append((given.number - 1, i))
            elif given.leaf is not None:
                number = leaves.setdefault(given.leaf, len(operations) + len(leaves))
                edges.append((number, i))
    boxes += [Box(names.get(id(leaf), "leaf"), [str(tuple(leaf.shape))], LEAF) for leaf in leaves]
    return boxes, sorted(dict.fromkeys(edges), key=lambda edge: edge[1])


def _saved(node: Node) -> list[str]:
    """``saves (16, 32), result``: the arrays that the node keeps for its rules."""
    kept = [str(array.shape) for array in _arrays([*node.args, node.kwargs])]
    if isinstance(node.out, np.ndarray):
        kept.append("result")
    written = ", ".join(kept) if len(kept) <= FEW else f"{len(kept)} arrays"
    return [f"saves {written}"] if kept else []


def _arrays(kept: Any) -> list[Any]:
    """All arrays in lists, tuples and dicts; not single numbers, which are constants mostly."""
    if isinstance(kept, np.ndarray):
        return [kept] if kept.ndim else []
    if isinstance(kept, dict):
        kept = list(kept.values())
    return [array for part in kept for array in _arrays(part)] if isinstance(kept, list | tuple) else []


# -- where it is --------------------------------------------------------------------------------


def _rows(boxes: list[Box], layout: Layout) -> tuple[list[float], list[float]]:
    """The middle and the height of each row, from the bottom."""
    heights = [max(boxes[i].height for i in row if i < len(boxes)) for row in layout.rows]
    y = [0.0]
    for below, above in zip(heights, heights[1:]):
        y.append(y[-1] + (below + above) / 2 + ROW_GAP)
    return y, heights


def _axes(ax: Any, width: float, height: float) -> tuple[Any, float]:
    """The axes, and how large an inch of the layout is in them."""
    if ax is None:
        scale = min(1.0, LARGEST[0] / width, LARGEST[1] / height)
        return canvas(None, width * scale + 0.1, height * scale + 0.1), scale
    extent, dpi = ax.get_window_extent(), ax.figure.dpi
    return ax, min(1.2, extent.width / dpi / width, extent.height / dpi / height)


def _ends(boxes: list[Box], layout: Layout, y: list[float]) -> list[tuple[list[int], Point, Point]]:
    """Each route, and the points where it leaves the one box and enters the other."""
    routes = list(layout.routes.values())
    starts = _ports(boxes, layout, [(route[0], route[1]) for route in routes])
    ends = _ports(boxes, layout, [(route[-1], route[-2]) for route in routes])
    middle = {i: height for row, height in zip(layout.rows, y) for i in row}
    return [
        (
            route,
            (start, middle[route[0]] - boxes[route[0]].height / 2),
            (end, middle[route[-1]] + boxes[route[-1]].height / 2),
        )
        for route, start, end in zip(routes, starts, ends)
    ]


def _ports(boxes: list[Box], layout: Layout, pairs: list[tuple[int, int]]) -> list[float]:
    """For each pair of a box and where its arrow goes or comes from: how far right on the box's rim the arrow ends.

    Where boxes overlap enough, the arrow is straight.
    """
    of_box: dict[int, list[int]] = {}
    for k, (i, _) in enumerate(pairs):
        of_box.setdefault(i, []).append(k)
    ports = [0.0] * len(pairs)
    for i, group in of_box.items():
        group.sort(key=lambda k: layout.x[pairs[k][1]])
        reach = 0.36 * boxes[i].width
        low, high = layout.x[i] - reach, layout.x[i] + reach
        distances = [min(0.2, 2 * reach / len(group))] * (len(group) - 1)
        wanted = [(layout.x[i] + layout.x[pairs[k][1]]) / 2 for k in group]  # both ends want the same
        for k, x in zip(group, apart(wanted, [1.0] * len(group), distances, low, high)):
            ports[k] = x
    return ports


def _bends(route: list[int], layout: Layout, y: list[float], heights: list[float]) -> list[Point]:
    """Where a route passes rows: straight down between their boxes."""
    row = {i: r for r, members in enumerate(layout.rows) for i in members}
    points = []
    for bend in route[1:-1]:
        r = row[bend]
        points += [(layout.x[bend], y[r] + heights[r] / 2), (layout.x[bend], y[r] - heights[r] / 2)]
    return points


# -- how it looks -------------------------------------------------------------------------------


def _arrow(ax: Any, points: list[Point], from_leaf: bool, scale: float) -> None:
    """A smooth line through the points, each of which it passes straight down."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    vertices, codes = [points[0]], [Path.MOVETO]
    for (x, y), (to_x, to_y) in zip(points, points[1:]):
        half = (y + to_y) / 2
        vertices += [(x, half), (to_x, half), (to_x, to_y)]
        codes += [Path.CURVE4] * 3
    color = "#f0a868" if from_leaf else "#6f8791"
    size: dict[str, Any] = {"mutation_scale": 9 * scale, "linewidth": 1.1 * scale}
    ax.add_patch(FancyArrowPatch(path=Path(vertices, codes), arrowstyle="-|>", color=color, zorder=2, **size))


def _draw_box(ax: Any, box: Box, x: float, y: float, scale: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    face, rim, ink = box.style
    corner, shape = (x - box.width / 2, y - box.height / 2), "round,pad=0,rounding_size=0.08"
    style: dict[str, Any] = {"facecolor": face, "edgecolor": rim, "linewidth": 1.1 * scale, "zorder": 3}
    ax.add_patch(FancyBboxPatch(corner, box.width, box.height, boxstyle=shape, **style))
    for i, line in enumerate(box.lines):
        height = y + LINE * ((len(box.lines) - 1) / 2 - i)
        weight, alpha = ("bold", 1.0) if i == 0 else ("normal", 0.8)
        text = {"ha": "center", "va": "center_baseline", "color": ink, "weight": weight, "alpha": alpha, "zorder": 4}
        ax.text(x, height, line, fontsize=_size(i) * scale, **text)
