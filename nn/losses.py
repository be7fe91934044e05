"""Losses as modules: the functions of ``nn.functional`` with their options kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.tensor import Tensor
from . import functional as F
from .distances import PairwiseDistance
from .functional.reduction import check_reduction
from .module import Module

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss", "HingeEmbeddingLoss",
    "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss",
    "NLLLoss", "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]  # fmt: skip


class _Loss(Module):
    """The base: ``reduction`` is ``"mean"`` (default), ``"sum"`` or ``"none"``."""

    reductions: tuple[str, ...] = ()  # further ones

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if len(args) > 1 and isinstance(args[0], Tensor) and isinstance(args[1], Tensor):
            name = cls.__name__
            raise TypeError(
                f"{name}() makes the loss function, and was given {len(args)} tensors: call its result instead, as in "
                f"loss_fn = nn.{name}(); loss = loss_fn(input, target)"
            )
        return super().__new__(cls)

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        check_reduction(reduction, *self.reductions)
        self.reduction = reduction


class _WeightedLoss(_Loss):
    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)


# ---------------------------------------------------------------------------------------------- numbers


class MSELoss(_Loss):
    """The squared error (input - target)^2. Shapes: (...) and the same to (), or (...) without reduction.

    >>> from minitorch_optim.autograd import tensor
    >>> MSELoss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(2.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.mse_loss`."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """The absolute error |input - target|. Shapes: (...) and the same to (), or (...) without reduction."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.l1_loss`."""
        return F.l1_loss(input, target, reduction=self.reduction)


class HuberLoss(_Loss):
    """Squared for errors up to ``delta``, absolute beyond: :func:`functional.huber_loss`.

    Shapes as :class:`MSELoss`.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.huber_loss`."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class SmoothL1Loss(_Loss):
    """:class:`HuberLoss` divided by its delta: :func:`functional.smooth_l1_loss`. Shapes as :class:`MSELoss`."""

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.smooth_l1_loss`."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class PoissonNLLLoss(_Loss):
    """The negative log likelihood of counts: :func:`functional.poisson_nll_loss`. Shapes as :class:`MSELoss`."""

    def __init__(
        self, log_input: bool = True, full: bool = False, *, eps: float = 1e-8, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.poisson_nll_loss`."""
        return F.poisson_nll_loss(
            input, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(_Loss):
    """The negative log likelihood under normal distributions: :func:`functional.gaussian_nll_loss`.

    Shapes: input, target and variance (...) to (), or (...) without reduction.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """:func:`functional.gaussian_nll_loss`."""
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


# ---------------------------------------------------------------------------------------------- classes


class CrossEntropyLoss(_WeightedLoss):
    """-log softmax(input) at the right class: the loss of classification, from raw scores.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
        how much each class counts
    ignore_index : int
        samples of this class do not count (default -100)
    reduction : str
        ``"mean"`` (default; weighted if there are weights), ``"sum"`` or ``"none"``
    label_smoothing : float
        this part of the probability is spread evenly over all classes (default 0)

    Shapes: (N, C), (C,) or (N, C, d1, ...), and classes (N,), () or (N, d1, ...), or probabilities in the shape of the
    input; to (), or that of the classes without reduction.

    >>> from minitorch_optim.autograd import tensor
    >>> CrossEntropyLoss()(tensor([[0.0, 0.0], [0.0, 0.0]]), tensor([0, 1]))
    tensor(0.6931)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.cross_entropy`."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(_WeightedLoss):
    """-input at the right class, for log-probabilities: what follows ``LogSoftmax``. Arguments and shapes as
    :class:`CrossEntropyLoss`, with classes by number only.
    """

    def __init__(self, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.nll_loss`."""
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCELoss(_WeightedLoss):
    """-(y log p + (1 - y) log(1 - p)) for probabilities: :func:`functional.binary_cross_entropy`.

    From raw scores, use :class:`BCEWithLogitsLoss`. Shapes: (...) and the same to (), or (...) without reduction.

    >>> from minitorch_optim.autograd import tensor
    >>> BCELoss()(tensor([0.5, 0.5]), tensor([1.0, 0.0]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.binary_cross_entropy`."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """:class:`BCELoss` of sigmoid(input), without overflow: :func:`functional.binary_cross_entropy_with_logits`.

    ``pos_weight`` multiplies the part of the target that is 1. Shapes as :class:`BCELoss`.

    >>> from minitorch_optim.autograd import tensor
    >>> BCEWithLogitsLoss()(tensor([0.0, 0.0]), tensor([1.0, 0.0]))
    tensor(0.6931)
    """

    pos_weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, *, reduction: str = "mean", pos_weight: Tensor | None = None
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.binary_cross_entropy_with_logits`."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class KLDivLoss(_Loss):
    """The Kullback-Leibler divergence from log-probabilities to the target: :func:`functional.kl_div`.

    ``reduction="batchmean"`` is the divergence proper. Shapes: (N, ...) and the same to (), or (N, ...).
    """

    reductions = ("batchmean",)

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.kl_div`."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class MultiMarginLoss(_WeightedLoss):
    """The right class should lead by a margin: :func:`functional.multi_margin_loss`.

    Shapes: (N, C) or (C,) and classes (N,) or () to (), or that of the classes without reduction.
    """

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Tensor | None = None, *, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.multi_margin_loss`."""
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    """log(1 + exp(-y x)): :func:`functional.soft_margin_loss`. Shapes as :class:`MSELoss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.soft_margin_loss`."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """Binary cross-entropy from scores, its mean over classes: :func:`functional.multilabel_soft_margin_loss`.

    Shapes: (N, C) or (C,) and the same to (), or (N,) without reduction.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.multilabel_soft_margin_loss`."""
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


# ---------------------------------------------------------------------------------------------- pairs and triplets


class _MarginLoss(_Loss):
    margin: float

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin


class HingeEmbeddingLoss(_MarginLoss):
    """For distances of alike (1) and different (-1) pairs: :func:`functional.hinge_embedding_loss`.

    Shapes as :class:`MSELoss`.
    """

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(margin, reduction=reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.hinge_embedding_loss`."""
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class MarginRankingLoss(_MarginLoss):
    """One of two inputs should be the larger: :func:`functional.margin_ranking_loss`.

    Shapes: (...) three times to (), or (...) without reduction.
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.margin_ranking_loss`."""
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_MarginLoss):
    """For alike (1) and different (-1) pairs of vectors: :func:`functional.cosine_embedding_loss`.

    Shapes: (N, D) twice, or (D,), and (N,) or (); to (), or that of the target without reduction.
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """:func:`functional.cosine_embedding_loss`."""
        return F.cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(_MarginLoss):
    """The negative should be farther from the anchor than the positive: :func:`functional.triplet_margin_loss`.

    Shapes: (N, D) or (D,) three times to (), or (N,) without reduction.
    """

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, *, reduction: str = "mean"
    ) -> None:
        super().__init__(margin, reduction=reduction)
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """:func:`functional.triplet_margin_loss`."""
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class TripletMarginWithDistanceLoss(_MarginLoss):
    """:class:`TripletMarginLoss` with a distance of one's own, a function of two tensors."""

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, reduction=reduction)
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """:func:`functional.triplet_margin_with_distance_loss`."""
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
