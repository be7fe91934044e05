"""Rules about a step as a whole: gradients, parameters, optimizers and modes.

Each rule takes the watch and names, a function that knows what to call a parameter, and yields pairs: what was seen,
and what to do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..nn import Module
from ..optim.flat import VectorOptimizer
from .lint_run import Step, Watch

Seen = Iterator[tuple[str, str]]
Names = Callable[[Tensor], str]


def order(watch: Watch, names: Names) -> Seen:
    """backward(), then step()."""
    backwards, steps = watch.last(watch.backwards), watch.last(watch.steps)
    if not backwards and not watch.interrupted:
        yield (
            "the step never calls backward(), so no gradient is computed",
            "call loss.backward() before optimizer.step()",
        )
        return
    if watch.optimizers and not steps and not watch.interrupted:
        yield (
            "the step never calls optimizer.step(), so nothing is learned",
            "call optimizer.step() after loss.backward(); with gradients added up over several batches, give "
            "lint_training a function that goes through them all",
        )
    for step in steps:
        if step.backwards == 0 and not step.by_closure:
            yield (
                f"{_of(step)}.step() comes before the first backward(): it uses the gradients of the step before, or "
                f"none",
                "the order is optimizer.zero_grad(), loss.backward(), optimizer.step()",
            )


def accumulating(watch: Watch, names: Names) -> Seen:
    """Gradients are added up: somebody has to clear them."""
    for step in watch.last(watch.steps):
        if step.stale:
            yield (
                f"{_of(step)}.step() used gradients of {_list(names(p) for p in step.stale)} that still hold those of "
                f"the step before",
                "call optimizer.zero_grad() once for each step, before loss.backward()",
            )
    if watch.stale_by_hand:
        yield (
            f"{_list(map(names, watch.stale_by_hand))} changed, and the next backward() added to the same gradient",
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
                f"{_of(step)}.step() found no gradient but zeros, though backward() had passed some"
                if left else f"{_of(step)}.step() found no gradient, though backward() had passed some",
                "call optimizer.zero_grad() before loss.backward(), not between it and optimizer.step()",
            )


def unreached(watch: Watch, names: Names) -> Seen:
    """Parameters of the model that no loss depends on."""
    reached = watch.reached()
    lost = [p for p in _trained(watch.models) if p not in reached]
    if lost and watch.backwards:
        yield (
            f"no gradient reaches {_list(map(names, lost))}, which require grad: no loss depends on them",
            "use the layer in forward(), look for detach(), .data, .item() or no_grad() on the way, or freeze it with "
            "requires_grad_(False)",
        )


def not_optimized(watch: Watch, names: Names) -> Seen:
    """Parameters of the model that no optimizer has."""
    held = watch.optimized()
    trained = _trained(watch.models)
    lost = [p for p in trained if p not in held]
    if lost and len(lost) == len(trained) and held:
        yield (
            "the optimizer has none of the model's parameters",
            "make the optimizer after the model: one that was made before the model was replaced or copied changes the "
            "old parameters",
        )
    elif lost and held:
        yield (
            f"no optimizer has {_list(map(names, lost))}: they stay as they are",
            "give the optimizer model.parameters(), freeze what is not to be trained with requires_grad_(False), or "
            "add what came later with optimizer.add_param_group()",
        )


def foreign(watch: Watch, names: Names) -> Seen:
    """Parameters of an optimizer that no loss depends on."""
    reached = watch.reached()
    of_models = set(_trained(watch.models))
    for name, optimizer in watch.optimizers.items():
        params = [p for group in optimizer.param_groups for p in group["params"]]
        lost = [p for p in params if p not in reached and p not in of_models]
        if of_models and not of_models & watch.optimized():  # not_optimized() says it
            return
        if lost and watch.backwards:
            all_of_them = len(lost) == len(params)
            yield (
                f"the loss depends on none of the {len(params)} parameters of {name}"
                if all_of_them else f"{name} has parameters on which no loss depends: {_list(map(names, lost))}",
                "give the optimizer the parameters of the model that is trained; a tensor replaced by a new one, as in "
                "w = w - lr * w.grad, is not the one that the optimizer has",
            )


def unchanged(watch: Watch, names: Names) -> Seen:
    """Parameters that a step left as they were, though they had a gradient and the lr is not 0."""
    for step in watch.last(watch.steps):
        if not any(step.lrs) or isinstance(step.optimizer, VectorOptimizer):
            continue
        sizes = {p: _rms(g) for p, g in step.gradients.items() if np.isfinite(g).all()}
        had = [p for p, size in sizes.items() if size > 1e-5 * max(sizes.values())]  # the others: zero but for rounding
        same = [p for p in had if np.array_equal(step.before[p], step.after[p])]
        if same:
            yield (
                f"{_of(step)}.step() did not change {_list(map(names, same))}, though "
                f"{'it' if len(same) == 1 else 'they'} had a gradient; lr = {_numbers(step.lrs)}",
                "a step may be too small for the last digit of float32: take a larger lr, or look at what scales the "
                "loss down",
            )


def zero_lr(watch: Watch, names: Names) -> Seen:
    """A learning rate of 0."""
    for step in watch.last(watch.steps):
        if step.lrs and not all(step.lrs):
            yield (
                f"the learning rate of {_of(step)} is {_numbers(step.lrs)}",
                "give a positive lr; if a schedule set it, look at its curve with scheduler.preview(n). A warmup that "
                "starts at 0 is no mistake",
            )


def modes_of_layers(watch: Watch, names: Names) -> Seen:
    """Dropout and batch normalisation in the wrong mode."""
    calls = watch.last(watch.calls)
    called = {call.module: call.training for call in calls}
    sensitive = {m: training for m, training in called.items() if depends_on_mode(m) and not _frozen(m)}
    evaluating = [m for m, training in sensitive.items() if not training]
    if evaluating and len(evaluating) < len(sensitive):
        where = _list(path_of(watch.models, m) for m in evaluating)
        yield (
            f"{where} {'is' if len(evaluating) == 1 else 'are'} in eval mode while other layers of its kind train",
            "call model.train() on the whole model before the step; to keep a BatchNorm as it is, freeze its "
            "parameters too, with requires_grad_(False)",
        )
        return
    for name, model in watch.models.items():
        if called.get(model) is False and not _frozen(model):
            which = sorted({type(m).__name__ for m in evaluating})
            effect = f": {' and '.join(which)} do not act as in training" if which else ""
            yield f"{name} is in eval mode while it is trained{effect}", f"call {name}.train() before the step"


def gradient_sizes(watch: Watch, names: Names) -> Seen:
    """Gradients that are not finite, far too large, far too small, or 0."""
    for step in watch.steps:
        bad = [p for p, g in step.gradients.items() if not np.isfinite(g).all()]
        losses = [record.loss._array for record in watch.backwards if record.run == step.run]
        if bad and all(np.isfinite(loss).all() for loss in losses):
            yield (
                f"the gradient of {_list(map(names, bad))} is not finite when {_of(step)}.step() takes it, though the "
                f"loss is",
                "look for sqrt, norm or log at 0 and for overflow; clip_grad_norm_(..., error_if_nonfinite=True) stops "
                "there",
            )
        if bad:
            return  # what comes after it is its consequence
    for step in watch.last(watch.steps):
        weights = {p: _rms(g) for p, g in step.gradients.items() if p.ndim >= 2}
        none = [p for p, size in weights.items() if size == 0]
        if none and (len(none) < len(weights) or not any(r.passed for r in watch.last(watch.backwards))):
            yield (
                f"the gradient of {_list(map(names, none))} is 0 everywhere",
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
                f"the gradient of {_list(map(names, large))} has a norm above 1e6",
                "exploding gradients: clip them with nn.utils.clip_grad_norm_, scale the inputs to about 1, or take "
                "the mean of the loss rather than its sum",
            )


def step_sizes(watch: Watch, names: Names) -> Seen:
    """Steps that move a weight by more than the weight itself."""
    for step in watch.last(watch.steps):
        if isinstance(step.optimizer, VectorOptimizer):  # how far it goes is for its tests and line search to say
            continue
        wild = []
        for p, before in step.before.items():
            size = _rms(before)
            if p.ndim >= 2 and size > 0 and _rms(step.after[p] - before) > size:
                wild.append(p)
        if wild:
            yield (
                f"{_of(step)}.step() moved {_list(map(names, wild))} by more than their own size; lr = "
                f"{_numbers(step.lrs)}",
                "take a smaller lr, by a factor of 10 or more",
            )


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


# ---------------------------------------------------------------------------------------------- what they share


def depends_on_mode(module: Module) -> bool:
    """Whether a module does something else in training than in evaluation."""
    statistics = getattr(module, "track_running_stats", False) and "running_mean" in module._buffer_names
    dropout = "Dropout" in type(module).__name__ and getattr(module, "p", 0.0) > 0
    return bool(statistics or dropout)


def _frozen(module: Module) -> bool:
    parameters = [p for _, p in module.named_parameters()]
    return bool(parameters) and not any(p.requires_grad for p in parameters)


def _trained(models: dict[str, Module]) -> list[Tensor]:
    found = dict.fromkeys(p for model in models.values() for _, p in model.named_parameters())
    return [p for p in found if p.requires_grad]


def path_of(models: dict[str, Module], wanted: Module) -> str:
    """What a module is called: the name of its model and the path in it."""
    for name, model in models.items():
        for path, module in model.named_modules():
            if module is wanted:
                return f"{name}.{path}" if path else name
    return type(wanted).__name__


def _of(step: Step) -> str:
    return type(step.optimizer).__name__


def _list(names: Iterable[str], most: int = 6) -> str:
    found = sorted(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def _numbers(values: list[float]) -> str:
    return " and ".join(f"{value:g}" for value in dict.fromkeys(values))


def _rms(array: Any) -> float:
    """The root mean square."""
    return float(np.linalg.norm(np.ravel(array).astype(np.complex128))) / math.sqrt(array.size) if array.size else 0.0


STEP_RULES: dict[str, Callable[[Watch, Names], Seen]] = {
    "order of backward and step": order,
    "gradients add up": accumulating,
    "gradients cleared too late": cleared,
    "parameters without a gradient": unreached,
    "parameters that no optimizer has": not_optimized,
    "optimizer with other parameters": foreign,
    "parameters that do not change": unchanged,
    "learning rate 0": zero_lr,
    "eval mode in training": modes_of_layers,
    "size of gradients": gradient_sizes,
    "size of steps": step_sizes,
    "loss without inputs": inputs,
}
