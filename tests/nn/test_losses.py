"""Losses against PyTorch: every option, forward, gradients and second derivatives; modules and errors."""

from __future__ import annotations

import itertools
import runpy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn import functional as F

oracle = runpy.run_path(str(Path(__file__).with_name("function_oracle.py")))
compare, same_error, by_name = oracle["compare"], oracle["same_error"], oracle["by_name"]
normal, positive, signs, classes = oracle["normal"], oracle["positive"], oracle["signs"], oracle["classes"]
layers = runpy.run_path(str(Path(__file__).with_name("layer_oracle.py")))

each_reduction = pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss", "ignore:Using a target size")

# -- numbers


@each_reduction
def test_functions_of_a_difference(reduction: str) -> None:
    for shapes in (((4, 5), (4, 5)), ((4, 5), (5,)), ((4, 1), (3,)), ((), ())):
        x, y = (normal(*shape) for shape in shapes)
        compare(by_name("mse_loss", reduction=reduction), x, y)
        compare(by_name("l1_loss", reduction=reduction), x, y)
        for size in (0.3, 1.0):
            compare(by_name("huber_loss", reduction=reduction, delta=size), x, y)
            compare(by_name("smooth_l1_loss", reduction=reduction, beta=size), x, y)
        compare(by_name("smooth_l1_loss", reduction=reduction, beta=0.0), x, y)


@each_reduction
def test_likelihoods(reduction: str) -> None:
    x, y = normal(4, 5), 3 * positive(4, 5)
    for full in (False, True):
        compare(by_name("poisson_nll_loss", reduction=reduction, full=full), x, y)
        compare(by_name("poisson_nll_loss", reduction=reduction, full=full, log_input=False), positive(4, 5), y)
        for var in (positive(4, 5), positive(4, 1), positive(4)):
            compare(by_name("gaussian_nll_loss", reduction=reduction, full=full), x, y, var)
        compare(by_name("gaussian_nll_loss", reduction=reduction, eps=0.5), x, y, positive(4, 5))
    compare(lambda torch, x, y: torch.nn.functional.gaussian_nll_loss(x, y, 0.7, reduction=reduction), x, y)


# -- classes


@each_reduction
@pytest.mark.parametrize("shape", [(6, 5), (5,), (3, 5, 4), (2, 5, 3, 2)])
@pytest.mark.parametrize("weighted", [False, True])
def test_class_numbers(reduction: str, shape: Any, weighted: bool) -> None:
    x, target = 3 * normal(*shape), classes(5, *shape[:1] * (len(shape) > 1), *shape[2:])
    # A class without weight is not the same as one that is ignored.
    weight = np.array([0.5, 1.0, 0.0, 2.0, 0.3]) if weighted else None
    if target.ndim:
        target.flat[:2] = 2, 1
    elif weighted:
        target = np.array(3)

    def call(name: str, **options: Any) -> Any:
        def called(torch: Any, x: Any, target: Any) -> Any:
            w = None if weight is None else torch.from_numpy(weight).to(x.dtype)
            return getattr(torch.nn.functional, name)(x, target, w, reduction=reduction, **options)

        return called

    for smoothing, ignore in itertools.product((0.0, 0.1, 1.0), (-100, 2)):
        options = {"ignore_index": ignore, "label_smoothing": smoothing}
        if target.ndim or target != ignore:  # PyTorch gives NaN, and so do we: see below
            compare(call("cross_entropy", **options), x, target)
    compare(call("nll_loss"), x, target)
    if target.ndim:
        compare(call("nll_loss", ignore_index=1), x, target)
        target = np.where(target == 1, -7, target)
        compare(call("cross_entropy", ignore_index=-7), x, target)


@each_reduction
@pytest.mark.parametrize("shape", [(6, 5), (5,), (3, 5, 4), (2, 5, 3, 2)])
def test_class_probabilities(reduction: str, shape: Any) -> None:
    for smoothing in (0.0, 0.2):
        options = {"reduction": reduction, "label_smoothing": smoothing}
        compare(by_name("cross_entropy", **options), normal(*shape), positive(*shape))
        compare(
            lambda torch, x, p, options=options: torch.nn.functional.cross_entropy(
                x, p, torch.linspace(0.1, 2, 5).to(x.dtype), **options
            ),
            normal(*shape), positive(*shape),
        )  # fmt: skip


def test_extreme_scores() -> None:
    x = np.array([[1e4, -1e4, 0.0], [-np.inf, 1.0, 2.0], [88.0, 89.0, 90.0]])
    compare(by_name("cross_entropy", reduction="none"), x, np.array([1, 2, 0]), second=False)
    x[1, 0] = -300.0
    compare(by_name("cross_entropy"), x, np.array([1, 2, 0]))
    compare(by_name("binary_cross_entropy_with_logits", reduction="none"), np.array([1e4, -1e4, 0.0]), positive(3))


def test_where_nothing_counts_the_mean_is_nan() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("cross_entropy", "nll_loss"):
            for x, target in ((np.zeros((2, 3)), np.array([-100, -100])), (np.zeros((0, 3)), np.zeros(0, int))):
                compare(by_name(name, reduction="sum"), x, target, second=False)
                found = getattr(F, name)(mt.tensor(x), mt.tensor(target))
                assert np.isnan(found.item())
        assert F.mse_loss(mt.zeros(0), mt.zeros(0), reduction="sum").item() == 0
        assert np.isnan(F.mse_loss(mt.zeros(0), mt.zeros(0)).item())


def test_classes_may_be_whole_numbers_of_any_size() -> None:
    x = mt.tensor(normal(3, 4))
    expected = F.cross_entropy(x, mt.tensor([1, 3, 0]))
    for dtype in (mt.int32, mt.uint8, mt.int8):
        assert mt.equal(F.cross_entropy(x, mt.tensor([1, 3, 0], dtype=dtype)), expected)


@each_reduction
def test_two_classes(reduction: str) -> None:
    for weight in (None, positive(4, 5), positive(5)):
        rest = () if weight is None else (weight,)
        compare(
            lambda torch, p, y, *w: torch.nn.functional.binary_cross_entropy(
                p, y, *(t.detach() for t in w), reduction=reduction
            ),
            positive(4, 5), positive(4, 5), *rest,
        )  # fmt: skip
        for positives in (None, np.linspace(0.3, 3, 5)):
            compare(
                lambda torch, x, y, *w, positives=positives: torch.nn.functional.binary_cross_entropy_with_logits(
                    x, y, *(t.detach() for t in w), reduction=reduction,
                    pos_weight=None if positives is None else torch.from_numpy(positives).to(x.dtype),
                ),
                5 * normal(4, 5), positive(4, 5), *rest,
            )  # fmt: skip


def test_logarithms_of_probabilities_are_at_least_minus_100() -> None:
    p, y = np.array([0, 1, 0, 1]), np.array([1, 0, 0, 1])
    compare(lambda torch, p, y: torch.nn.functional.binary_cross_entropy(p * 1.0, y * 1.0, reduction="none"), p, y)
    probability, target = (mt.tensor(a * 1.0, requires_grad=True) for a in (p, y))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.binary_cross_entropy(probability, target, reduction="sum").backward()
    np.testing.assert_allclose(probability.grad, [-1e12, 1e12, 0, 0])
    assert target.grad.tolist() == [100, -100, 100, -100]  # where PyTorch's is infinite


@pytest.mark.parametrize("reduction", ["none", "mean", "sum", "batchmean"])
def test_kl_div(reduction: str) -> None:
    x, p = normal(4, 5), positive(4, 5)
    compare(by_name("kl_div", reduction=reduction), x, p)
    compare(by_name("kl_div", reduction=reduction, log_target=True), x, normal(4, 5))
    p[0] = 0  # 0 log 0 is 0
    compare(lambda torch, x: torch.nn.functional.kl_div(x, torch.from_numpy(p).to(x.dtype), reduction=reduction), x)


# -- margins and distances


@each_reduction
def test_margins(reduction: str) -> None:
    x, y, z = normal(4, 5), normal(4, 5), normal(4, 5)
    compare(by_name("hinge_embedding_loss", 0.7, reduction=reduction), x, signs(4, 5))
    compare(by_name("hinge_embedding_loss", reduction=reduction), x, np.sign(classes(3, 4, 5) - 1))
    for margin in (0.0, 0.3):
        compare(by_name("margin_ranking_loss", margin, reduction=reduction), x, y, signs(4, 5))
        compare(by_name("cosine_embedding_loss", margin, reduction=reduction), x, y, signs(4))
        compare(by_name("cosine_embedding_loss", margin, reduction=reduction), x[0], y[0], signs())
    for swap in (False, True):
        compare(by_name("triplet_margin_loss", 2.0, swap=swap, reduction=reduction), x, y, z)
        compare(by_name("triplet_margin_loss", 2.0, 3.0, swap=swap, reduction=reduction), x, y, z)
    compare(by_name("triplet_margin_with_distance_loss", swap=True, reduction=reduction), x, y, z)
    compare(
        by_name("triplet_margin_with_distance_loss", distance_function=lambda a, b: ((a - b) ** 2).sum(-1)), x, y, z
    )
    compare(by_name("soft_margin_loss", reduction=reduction), x, signs(4, 5))
    weight = np.linspace(0.2, 2, 5)
    for p in (1, 2):
        compare(by_name("multi_margin_loss", p, 0.8, reduction=reduction), x, classes(5, 4), second=False)
        compare(
            lambda torch, x, t, p=p: torch.nn.functional.multi_margin_loss(
                x, t, p, 0.8, torch.from_numpy(weight).to(x.dtype), reduction=reduction
            ),
            x, classes(5, 4), second=False,
        )  # fmt: skip
    compare(by_name("multi_margin_loss", reduction=reduction), x[0], classes(5), second=False)
    compare(by_name("multilabel_soft_margin_loss", reduction=reduction), x, positive(4, 5))
    compare(by_name("multilabel_soft_margin_loss", reduction=reduction), x[0], positive(5))


def test_distances() -> None:
    for dim in (0, 1, -1):
        compare(by_name("cosine_similarity", dim), normal(4, 5), normal(4, 5))
    compare(by_name("cosine_similarity", 2, 0.1), normal(4, 1, 5), normal(1, 3, 5))
    for p in (1.0, 2.0, 3.0):
        compare(by_name("pairwise_distance", p), normal(4, 5), normal(4, 5), second=p > 1)
    compare(by_name("pairwise_distance", keepdim=True), normal(4, 5), normal(5))
    x = mt.zeros(1, 3, requires_grad=True)
    F.cosine_similarity(x, x).sum().backward()
    assert x.grad.tolist() == [[0.0] * 3]


# -- modules


@each_reduction
def test_modules(reduction: str) -> None:
    x, y, p = normal(4, 5), normal(4, 5), positive(4, 5)

    def compare(name: str, *arrays: Any, **options: Any) -> None:
        layers["compare"](lambda nn: getattr(nn, name)(reduction=reduction, **options), *arrays)

    compare("MSELoss", x, y)
    compare("L1Loss", x, y)
    compare("HuberLoss", x, y, delta=0.5)
    compare("SmoothL1Loss", x, y, beta=0.5)
    compare("PoissonNLLLoss", x, p, full=True)
    compare("GaussianNLLLoss", x, y, p, full=True)
    compare("KLDivLoss", x, p)
    compare("KLDivLoss", x, y, log_target=True)
    compare("BCELoss", p, positive(4, 5))
    compare("BCEWithLogitsLoss", x, p)
    compare("CrossEntropyLoss", x, p, label_smoothing=0.1)
    compare("CrossEntropyLoss", x, np.array([0, 1, 2, 3]), ignore_index=1)
    compare("NLLLoss", x, np.array([0, 1, 2, 3]), ignore_index=1)
    compare("HingeEmbeddingLoss", x, signs(4, 5), margin=0.5)
    compare("MarginRankingLoss", x, y, signs(4, 5), margin=0.5)
    compare("CosineEmbeddingLoss", x, y, signs(4), margin=0.1)
    compare("TripletMarginLoss", x, y, p, margin=0.5, swap=True)
    compare("TripletMarginWithDistanceLoss", x, y, p, margin=2.0)
    compare("SoftMarginLoss", x, signs(4, 5))
    compare("MultiMarginLoss", x, classes(5, 4), p=2, margin=0.5)
    compare("MultiLabelSoftMarginLoss", x, p)


def test_modules_with_weights() -> None:
    torch = pytest.importorskip("torch")
    weights = np.linspace(0.2, 2, 5).astype(np.float32)

    def compare(name: str, word: str, *arrays: Any) -> None:
        def make(nn: Any) -> Any:
            library = mt if nn is mt.nn else torch
            return getattr(nn, name)(**{word: library.from_numpy(weights.copy())})

        layers["compare"](make, *arrays)

    for name in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"):
        compare(name, "weight", normal(4, 5), classes(5, 4))
    compare("BCELoss", "weight", positive(4, 5), positive(4, 5))
    compare("BCEWithLogitsLoss", "weight", normal(4, 5), positive(4, 5))
    compare("BCEWithLogitsLoss", "pos_weight", normal(4, 5), positive(4, 5))
    compare("MultiLabelSoftMarginLoss", "weight", normal(4, 5), positive(4, 5))


def test_modules_of_distances() -> None:
    layers["compare"](lambda nn: nn.CosineSimilarity(dim=0), normal(4, 5), normal(4, 5))
    layers["compare"](lambda nn: nn.PairwiseDistance(3.0, keepdim=True), normal(4, 5), normal(4, 5))


def test_the_everyday_losses_are_one_step_of_the_tape() -> None:
    x = mt.randn(4, 3, requires_grad=True)
    y = mt.zeros(4, 3)
    for loss in (F.cross_entropy(x, mt.tensor([0, 1, 2, 0])), F.mse_loss(x, y), F.l1_loss(x, y)):
        assert loss.grad_fn.next_functions[0][0].name() == "AccumulateGrad"


def test_bad_reductions() -> None:
    x, t = mt.zeros(2, 3), mt.tensor([0, 1])
    for call in (
        lambda: F.cross_entropy(x, t, reduction="avg"),
        lambda: F.nll_loss(x, t, reduction="avg"),
        lambda: F.mse_loss(x, x, reduction="avg"),
        lambda: F.binary_cross_entropy(x, x, reduction="avg"),
        lambda: F.kl_div(x, x, reduction="avg"),
        lambda: F.triplet_margin_loss(x, x, x, reduction="avg"),
        lambda: nn.HingeEmbeddingLoss(reduction="avg"),
        lambda: nn.MSELoss(reduction="avg"),
    ):
        with pytest.raises(ValueError, match="^avg is not a valid value for reduction"):
            call()
    with pytest.raises(ValueError, match="batchmean is not a valid value"):
        F.mse_loss(x, x, reduction="batchmean")


# -- errors

X, T = np.zeros((4, 5), np.float32), np.array([0, 1, 2, 3])


@pytest.mark.parametrize(
    ("x", "target", "options"),
    [
        (X, np.array([0, 1, 2, 10]), {}),
        (X, np.array([0, 1, 2, -1]), {}),
        (X, T[:3], {}),
        (X, np.array(1), {}),
        (X, T.astype(np.float32), {}),
        (X, T > 1, {}),
        (X, np.eye(5, dtype=np.int64)[:4], {}),
        (X, np.eye(4, dtype=np.float32), {}),
        (X, T[:, None], {}),
        (X[0], T, {}),
        (X.reshape(2, 5, 2), T.reshape(2, 2)[:, :1], {}),
        (X, T, {"label_smoothing": 2}),
        (X, X, {"ignore_index": 2}),
    ],
)
def test_errors_of_cross_entropy_are_pytorchs(x: Any, target: Any, options: Any) -> None:
    same_error(by_name("cross_entropy", **options), x, target)


def test_errors_of_weights_are_pytorchs() -> None:
    def call(torch: Any, x: Any, t: Any, w: Any) -> Any:
        return torch.nn.functional.cross_entropy(x, t, w)

    same_error(call, X, T, np.ones(4, np.float32))
    same_error(call, X, T, np.ones(5), start=20)
    with pytest.raises(RuntimeError, match="scores of classes are real numbers, got an input of int64"):
        F.cross_entropy(mt.tensor(X).long(), mt.tensor(T))


@pytest.mark.parametrize(
    ("name", "arrays", "options"),
    [
        ("nll_loss", (X, T[:3]), {}),
        ("nll_loss", (X, T + 3), {}),
        ("nll_loss", (X[0, 0], T), {}),
        ("mse_loss", (X[:, :3], X[:, :2]), {}),
        ("huber_loss", (X, X), {"delta": 0.0}),
        ("smooth_l1_loss", (X, X), {"beta": -1.0}),
        ("binary_cross_entropy", (X[0], X[:, :1]), {}),
        ("binary_cross_entropy", (X + 3, X), {}),
        ("binary_cross_entropy", (X, X - 1), {}),
        ("binary_cross_entropy", (X * np.float32("nan"), X), {}),
        ("binary_cross_entropy_with_logits", (X[0], X[:, :1]), {}),
        ("gaussian_nll_loss", (X, X, X - 1), {}),
        ("gaussian_nll_loss", (X, X, np.ones(3, "f")), {}),
        ("margin_ranking_loss", (X[0], X, X), {}),
        ("cosine_embedding_loss", (X, X, T[:, None]), {}),
        ("triplet_margin_loss", (X, X, X), {"margin": -1.0}),
        ("multi_margin_loss", (X, T), {"p": 3}),
    ],
)
def test_other_errors_are_pytorchs(name: str, arrays: Any, options: Any) -> None:
    start = {"mse_loss": 20, "margin_ranking_loss": 71}.get(name)
    same_error(by_name(name, **options), *arrays, start=start)


def test_errors_say_what_to_do() -> None:
    x = mt.tensor(X)
    with pytest.raises(RuntimeError, match="use BCEWithLogitsLoss"):
        F.binary_cross_entropy(x - 1, x)
    with pytest.raises(RuntimeError, match=r"\.long\(\)"):
        F.cross_entropy(x, mt.tensor(T).float())
    with pytest.raises(RuntimeError, match=r"target\.argmax\(1\)"):
        F.cross_entropy(x, mt.eye(5)[:4].long())
    with pytest.raises(RuntimeError, match=r"target\.squeeze\(1\)"):
        F.cross_entropy(x, mt.tensor(T)[:, None])
    with pytest.raises(IndexError, match="the classes are 0 to 4"):
        F.cross_entropy(x, mt.tensor(T) + 3)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"])
def test_broadcasting_is_warned_of(name: str) -> None:
    sizes = r"target size \(torch\.Size\(\[4\]\)\) that is different to the input size \(torch\.Size\(\[4, 1\]\)\)"
    with pytest.warns(UserWarning, match=f"Using a {sizes}. This will likely lead to incorrect results"):
        getattr(F, name)(mt.zeros(4, 1), mt.zeros(4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(F, name)(mt.zeros(4, 1), mt.zeros(4, 1))


def test_kl_div_by_all_elements_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="aligns with the KL math definition|aligns with the KL div math definition"):
        F.kl_div(mt.zeros(2, 3), mt.ones(2, 3))
