"""Rules about a step as a whole: the order of its calls, gradients, steps and modes.

Each rule takes the watch and names, a function that knows what to call a parameter, and yields pairs: what was seen,
and what to do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..optim.flat import VectorOptimizer
from .lint_parameters import PARAMETER_RULES
from .lint_run import Watch
from .lint_words import Names, Seen, class_of, depends_on_mode, frozen, listed, numbers, path_of, rms


def order(watch: Watch, names: Names) -> Seen:
    """backward(), then step()."""
    backwards, steps = watch.last(watch.backwards), watch.last(watch.steps)
    if not backwards and not watch.interrupted:
        yield (
            "the step never calls backward(), so no gradient is computed",
            "call loss.backward() before optimizer.step()",
        )
        return
    if watch.optimizers and not watch.steps and not watch.interrupted:  # every other batch is often enough
        yield (
            "the step never calls optimizer.step(), so nothing is learned",
            "call optimizer.step() after loss.backward(); with gradients added up over several batches, give "
            "lint_training a function that goes through them all",
        )
    for step in steps:
        if step.backwards == 0 and not step.by_closure:
            yield (
                f"{class_of(step)}.step() comes before the first backward(): it uses the gradients of the step before, "
                f"or none",
                "the order is optimizer.zero_grad(), loss.backward(), optimizer.step()",
            )


def accumulating(watch: Watch, names: Names) -> Seen:
    """Gradients are added up: somebody has to clear them."""
    for step in watch.last(watch.steps):
        if step.stale:
            yield (
                f"{class_of(step)}.step() used gradients of {listed(names(p) for p in step.stale)} that still hold "
                f"those of the step before",
                "call optimizer.zero_grad() once for each step, before loss.backward()",
            )
    if watch.stale_by_hand:
        yield (
            f"{listed(map(names, watch.stale_by_hand))} changed, and the next backward() added to the same gradient",
            "clear the gradients after each change, with w.grad = None or w.grad.zero_()",
        )


def cleared(watch: Watch, names: Names) -> Seen:
    """zero_grad() between backward() and step()."""
    for step in watch.last(watch.steps):
        before = watch.last(watch.backwards)[: step.backwards]
        reached = {p for record in before if record.passed for p in record.leaves if p in step.before}
        if reached and not any(np.any(g != 0) for g in step.gradients.values()):
            left = [p for p in reached if p in step.gradients]
            yield (
                f"{class_of(step)}.step() found no gradient but zeros, though backward() had passed some"
                if left else f"{class_of(step)}.step() found no gradient, though backward() had passed some",
                "call optimizer.zero_grad() before loss.backward(), not between it and optimizer.step()",
            )


def unchanged(watch: Watch, names: Names) -> Seen:
    """Parameters that a step left as they were, though they had a gradient and the lr is not 0."""
    for step in watch.last(watch.steps):
        if not any(step.lrs) or isinstance(step.optimizer, VectorOptimizer):
            continue
        sizes = {p: rms(g) for p, g in step.gradients.items() if np.isfinite(g).all()}
        had = [p for p, size in sizes.items() if size > 1e-5 * max(sizes.values())]  # the others: zero but for rounding
        same = [p for p in had if np.array_equal(step.before[p], step.after[p])]
        if same:
            yield (
                f"{class_of(step)}.step() did not change {listed(map(names, same))}, though "
                f"{'it' if len(same) == 1 else 'they'} had a gradient; lr = {numbers(step.lrs)}",
                "a step may be too small for the last digit of float32: take a larger lr, or look at what scales the "
                "loss down",
            )


def zero_lr(watch: Watch, names: Names) -> Seen:
    """A learning rate of 0."""
    for step in watch.last(watch.steps):
        if step.lrs and not all(step.lrs):
            yield (
                f"the learning rate of {class_of(step)} is {numbers(step.lrs)}",
                "give a positive lr; if a schedule set it, look at its curve with scheduler.preview(n). A warmup that "
                "starts at 0 is no mistake",
            )


def modes_of_layers(watch: Watch, names: Names) -> Seen:
    """Dropout and batch normalisation in the wrong mode."""
    calls = watch.last(watch.calls)
    called = {call.module: call.training for call in calls}
    sensitive = {m: training for m, training in called.items() if depends_on_mode(m) and not frozen(m)}
    evaluating = [m for m, training in sensitive.items() if not training]
    if evaluating and len(evaluating) < len(sensitive):
        where = listed(path_of(watch.models, m) for m in evaluating)
        yield (
            f"{where} {'is' if len(evaluating) == 1 else 'are'} in eval mode while other layers of its kind train",
            "call model.train() on the whole model before the step; to keep a BatchNorm as it is, freeze its "
            "parameters too, with requires_grad_(False)",
        )
        return
    for name, model in watch.models.items():
        if called.get(model) is False and not frozen(model):
            which = sorted({type(m).__name__ for m in evaluating})
            do = "does" if len(which) == 1 else "do"
            effect = f": {' and '.join(which)} {do} not act as in training" if which else ""
            yield f"{name} is in eval mode while it is trained{effect}", f"call {name}.train() before the step"


def gradient_sizes(watch: Watch, names: Names) -> Seen:
    """Gradients that are not finite, far too large, far too small, or 0."""
    for step in watch.steps:
        bad = [p for p, g in step.gradients.items() if not np.isfinite(g).all()]
        losses = [record.loss._array for record in watch.backwards if record.run == step.run]
        if bad and all(np.isfinite(loss).all() for loss in losses):
            yield (
                f"the gradient of {listed(map(names, bad))} is not finite when {class_of(step)}.step() takes it, "
                f"though the loss is",
                "look for sqrt, norm or log at 0 and for overflow; clip_grad_norm_(..., error_if_nonfinite=True) stops "
                "there",
            )
        if bad:
            return  # what comes after it is its consequence
    for step in watch.last(watch.steps):
        weights = {p: rms(g) for p, g in step.gradients.items() if p.ndim >= 2}
        none = [p for p, size in weights.items() if size == 0]
        if none and (len(none) < len(weights) or not any(r.passed for r in watch.last(watch.backwards))):
            yield (
                f"the gradient of {listed(map(names, none))} is 0 everywhere",
                "look for units that are always 0 (dead ReLUs), saturated sigmoids, or inputs that are all 0",
            )
        sizes = {p: size for p, size in weights.items() if size > 0}
        if len(sizes) > 1:
            least, most = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
            if sizes[most] > 1e6 * sizes[least]:
                yield (
                    f"the gradients differ by a factor of {sizes[most] / sizes[least]:.0e}: that of {names(least)} has "
                    f"size {sizes[least]:.0e}, that of {names(most)} {sizes[most]:.0e} (root mean square)",
                    "vanishing gradients: use ReLU rather than sigmoid or tanh in deep networks, normalisation layers, "
                    "skip connections, or other initial weights",
                )
        large = [p for p, size in weights.items() if size * math.sqrt(p.numel()) > 1e6]
        if large:
            yield (
                f"the gradient of {listed(map(names, large))} has a norm above 1e6",
                "exploding gradients: clip them with nn.utils.clip_grad_norm_, scale the inputs to about 1, or take "
                "the mean of the loss rather than its sum",
            )


def step_sizes(watch: Watch, names: Names) -> Seen:
    """Steps that move a weight by more than the weight itself."""
    first = {record.run: abs(np.mean(record.loss._array)) for record in reversed(watch.backwards)}
    if len(first) > 1 and first[watch.run] < first[0]:  # as where the right weights are far away
        return
    exploded = len(first) > 1 and not first[watch.run] <= 10 * first[0]  # the weights of the last step may be as large
    for step in watch.steps if exploded else watch.last(watch.steps):
        if isinstance(step.optimizer, VectorOptimizer):  # how far it goes is for its tests and line search to say
            continue
        wild = []
        for p, before in step.before.items():
            size = rms(before)
            if p.ndim >= 2 and size > 0 and rms(step.after[p] - before) > size:
                wild.append(p)
        if wild:
            yield (
                f"{class_of(step)}.step() moved {listed(map(names, wild))} by more than their own size; lr = "
                f"{numbers(step.lrs)}",
                "take a smaller lr, by a factor of 10 or more",
            )
            return


def inputs(watch: Watch, names: Names) -> Seen:
    """A loss that would be the same for any input."""
    if not watch.inputs or not watch.backwards:
        return
    reached = watch.reached()
    if not any(x in reached for x in watch.inputs):
        yield (
            "the loss does not depend on the inputs of the model: no gradient goes back to them",
            "use the input in forward(), and look for detach(), .data, .item() or argmax() on the way to the loss",
        )
    elif all(x._grad is None or not np.any(x._grad._array != 0) for x in watch.inputs if x in reached):
        yield (
            "the loss does not change with the inputs of the model: their gradients are all 0",
            "look for units that are always 0 (dead ReLUs), weights that are all 0, or a softmax of one number",
        )


STEP_RULES: dict[str, Callable[[Watch, Names], Seen]] = {
    "order of backward and step": order,
    "gradients add up": accumulating,
    "gradients cleared too late": cleared,
    **PARAMETER_RULES,
    "parameters that do not change": unchanged,
    "learning rate 0": zero_lr,
    "eval mode in training": modes_of_layers,
    "size of gradients": gradient_sizes,
    "size of steps": step_sizes,
    "loss without inputs": inputs,
}
