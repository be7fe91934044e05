"""The drawing of the tape: its boxes, texts and arrows are those of the recorded operations."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from minitorch_optim import nn
from minitorch_optim.autograd import Function, Tensor, get_rng_state, manual_seed, randint, randn, tensor, zeros
from minitorch_optim.plot.layers import apart, layered
from minitorch_optim.teaching.recorded import recorded

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch  # noqa: E402

from minitorch_optim import plot  # noqa: E402


@pytest.fixture(autouse=True)
def closed() -> Any:
    manual_seed(0)
    yield
    matplotlib.pyplot.close("all")


def mlp() -> Any:
    return nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 5))


def loss_of(model: Any) -> Tensor:
    return nn.functional.cross_entropy(model(randn(16, 10)), randint(0, 5, (16,)))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.second(self.first(x).relu())).relu()


def boxes(axes: Any) -> list[Any]:
    return [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]


def arrows(axes: Any) -> list[Any]:
    return [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def rectangle(box: Any) -> tuple[float, float, float, float]:
    x, y = box.get_x(), box.get_y()
    return x, x + box.get_width(), y, y + box.get_height()


def curve(arrow: Any) -> Any:
    """Points along the line of an arrow."""
    path = arrow._path_original
    return path.interpolated(1).to_polygons(closed_only=False)[0]


def test_boxes_and_arrows_are_those_of_the_tape() -> None:
    model = mlp()
    loss = loss_of(model)
    axes = plot.graph(loss, dict(model.named_parameters()))
    operations = recorded(loss)
    edges = {(o.number, i.number or i.leaf) for o in operations for i in o.inputs if i.number or i.leaf is not None}
    assert len(boxes(axes)) == len(operations) + 6 and len(arrows(axes)) == len(edges)
    found = list(zip(texts(axes)[::2], texts(axes)[1::2], strict=True))
    assert sorted(found) == sorted(
        [(o.name, str(o.shape)) for o in operations] + [(n, str(tuple(p.shape))) for n, p in model.named_parameters()]
    )


def test_leaves_and_the_result_have_colours_of_their_own() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    axes = plot.graph((w * w).sum(), {"w": w})
    colors = dict(zip(texts(axes)[::2], [box.get_facecolor() for box in boxes(axes)], strict=True))
    assert sorted(colors) == ["Mul", "Sum", "w"] and len(set(colors.values())) == 3
    assert len(arrows(axes)) == 2  # w goes into the product twice, along one arrow


def test_names() -> None:
    model = Block()
    x = randn(3, 4, requires_grad=True)
    out = model(x)
    loss = out.mean()
    assert texts(plot.graph(loss)).count("leaf") == 5
    assert {"first.weight", "second.bias"} <= set(texts(plot.graph(loss, model)))
    named = texts(plot.graph(loss, {"x": x, "out": out}))
    assert "x" in named and "out = Relu" in named and named.count("leaf") == 4
    with pytest.raises(TypeError, match="params"):
        plot.graph(loss, [x])


def test_saved_arrays() -> None:
    x = tensor([[1.0, 2.0]], requires_grad=True)
    w = tensor([[3.0], [4.0]], requires_grad=True)
    axes = plot.graph((x @ w).exp().sum(), saved=True)
    assert [text for text in texts(axes) if text.startswith("saves")] == ["saves result", "saves (1, 2), (2, 1)"]
    assert not any(text.startswith("saves") for text in texts(plot.graph((x @ w).exp().sum())))
    lstm = texts(plot.graph(nn.LSTM(3, 4)(randn(5, 1, 3))[0].sum(), saved=True))
    assert any(text.startswith("saves ") and text.endswith(" arrays") for text in lstm)


def test_a_node_with_several_results_has_no_shape() -> None:
    class Both(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, a: Any, b: Any) -> Any:
            return 2 * a + 3 * b

    a, b = Both.apply(tensor([1.0, 2.0], requires_grad=True))
    written = texts(plot.graph((a * b).sum()))
    assert "Both" in written and "" not in written and "None" not in written


@pytest.mark.parametrize("make", [lambda: loss_of(mlp()), lambda: Block()(randn(3, 4, requires_grad=True)).mean()])
def test_boxes_lie_apart_in_the_picture_and_arrows_go_down_between_them(make: Any) -> None:
    axes = plot.graph(make())
    places = [rectangle(box) for box in boxes(axes)]
    low_x, high_x, low_y, high_y = *axes.get_xlim(), *axes.get_ylim()
    for left, right, bottom, top in places:
        assert low_x < left < right < high_x and low_y < bottom < top < high_y
    for (a, b, c, d), (e, f, g, h) in itertools.combinations(places, 2):
        assert b < e or f < a or d < g or h < c, "two boxes overlap"
    for arrow in arrows(axes):
        points = curve(arrow)
        assert points[0][1] > points[-1][1], "values go down"
        starts, ends = ([p for p in places if p[0] <= x <= p[1] and edge(p) == pytest.approx(y)] for (x, y), edge in (
            (points[0], lambda p: p[2]), (points[-1], lambda p: p[3])
        ))  # fmt: skip
        assert len(starts) == len(ends) == 1, "an arrow goes from the foot of one box to the head of another"
        for left, right, bottom, top in places:
            inside = (
                (points[:, 0] > left)
                & (points[:, 0] < right)
                & (points[:, 1] > bottom + 1e-6)
                & (points[:, 1] < top - 1e-6)
            )
            assert not inside.any(), "an arrow passes through a box"


def test_texts_fit_their_boxes() -> None:
    axes = plot.graph(loss_of(mlp()))
    axes.figure.canvas.draw()
    extents = [box.get_window_extent() for box in boxes(axes)]
    for text in axes.texts:
        inside = text.get_window_extent()
        assert any(e.x0 <= inside.x0 and inside.x1 <= e.x1 and e.y0 <= inside.y0 and inside.y1 <= e.y1 for e in extents)


def test_figure_and_text_adapt() -> None:
    small, large = tensor(1.0, requires_grad=True).exp(), loss_of(mlp())
    a, b = plot.graph(small).figure.get_size_inches(), plot.graph(large).figure.get_size_inches()
    assert (b > a).all()
    _, (left, right) = matplotlib.pyplot.subplots(1, 2, figsize=(4, 3))
    assert plot.graph(large, ax=right) is right and not left.patches
    assert max(text.get_fontsize() for text in right.texts) < max(
        text.get_fontsize() for text in plot.graph(large).texts
    )


def test_a_long_chain_is_drawn_smaller() -> None:
    x = tensor(1.0, requires_grad=True)
    for _ in range(80):
        x = x.sin()
    axes = plot.graph(x)
    assert axes.figure.get_size_inches()[1] <= 30.2 and axes.texts[0].get_fontsize() < 9
    xs = {round(sum(rectangle(box)[:2]), 6) for box in boxes(axes)}
    assert len(boxes(axes)) == 81 and len(xs) == 1, "a chain is a straight line"


def test_a_large_graph_is_refused_with_a_way_out() -> None:
    x = tensor(1.0, requires_grad=True)
    for _ in range(100):
        x = x.sin()
    with pytest.raises(
        ValueError, match=r"has 101 operations and leaves, more than limit=100.*tape\(loss\).*raise limit"
    ):
        plot.graph(x)
    assert not matplotlib.pyplot.get_fignums()
    assert len(boxes(plot.graph(x, limit=101))) == 101


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: zeros(3).sum(), RuntimeError),
        (lambda: tensor(1.0, requires_grad=True), RuntimeError),
        (lambda: 3.0, TypeError),
    ],
)
def test_nothing_to_draw(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        plot.graph(make())
    assert not matplotlib.pyplot.get_fignums()


def test_nothing_changes() -> None:
    model = mlp()
    loss = loss_of(model)
    before, state = get_rng_state().tolist(), {n: p.tolist() for n, p in model.named_parameters()}
    first, second = plot.graph(loss, model), plot.graph(loss, model)
    assert texts(first) == texts(second)
    assert [rectangle(box) for box in boxes(first)] == [rectangle(box) for box in boxes(second)]
    assert get_rng_state().tolist() == before and state == {n: p.tolist() for n, p in model.named_parameters()}
    assert all(p.grad is None for p in model.parameters())
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    with pytest.raises(RuntimeError, match="freed"):
        plot.graph(loss)


# -- the layout ---------------------------------------------------------------------------------


def test_rows_are_longest_paths() -> None:
    edges = [(1, 0), (2, 0), (3, 1), (3, 2), (4, 3), (4, 0)]
    layout = layered(edges, [1.0] * 5, [True] * 5, gap=0.5)
    row = {i: r for r, members in enumerate(layout.rows) for i in members}
    assert [row[i] for i in range(5)] == [0, 1, 1, 2, 3]
    assert [row[i] for i in layout.routes[4, 0]] == [3, 2, 1, 0], "one bend in each row that is passed"
    assert layered([], [], [], gap=1.0).rows == []


def test_crossings_are_taken_out() -> None:
    # A ladder whose rungs are given in an order that crosses everywhere.
    n = 6
    edges = [(1 + i, 0) for i in range(n)] + [(1 + n + i, 1 + (n - 1 - i)) for i in range(n)]
    layout = layered(edges, [1.0] * (2 * n + 1), [True] * (2 * n + 1), gap=0.5)
    place = {i: k for row in layout.rows for k, i in enumerate(row)}
    for (a, b), (c, d) in itertools.combinations(edges[n:], 2):
        assert (place[a] - place[c]) * (place[b] - place[d]) > 0


def test_random_graphs_keep_their_distances() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        n = int(generator.integers(2, 25))
        edges = sorted({(i, int(generator.integers(0, i))) for i in range(1, n) for _ in range(2)}, key=lambda e: e[1])
        widths = generator.uniform(0.5, 2, n).tolist()
        layout = layered(edges, widths, [bool(s) for s in generator.integers(0, 2, n)], gap=0.3)
        assert sorted(i for row in layout.rows for i in row) == list(range(len(layout.x)))
        for row in layout.rows:
            for a, b in zip(row, row[1:]):
                wide = [widths[i] if i < n else 0.1 for i in (a, b)]
                assert layout.x[b] - layout.x[a] >= sum(wide) / 2 + 0.3 - 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_apart_is_the_least_squares_solution(seed: int) -> None:
    from scipy.optimize import minimize

    generator = np.random.default_rng(seed)
    wanted, weights, distances = generator.uniform(0, 3, 5), generator.uniform(0.5, 3, 5), generator.uniform(0.2, 1, 4)
    found = apart(wanted.tolist(), weights.tolist(), distances.tolist(), low=0.5)
    rules: list[dict[str, Any]] = [
        {"type": "ineq", "fun": lambda x: np.diff(x) - distances},
        {"type": "ineq", "fun": lambda x: x[0] - 0.5},
    ]
    error = lambda x: (weights * (x - wanted) ** 2).sum()
    best = minimize(error, wanted, method="SLSQP", constraints=rules, tol=1e-12)
    assert found == pytest.approx(best.x.tolist(), abs=1e-4)
