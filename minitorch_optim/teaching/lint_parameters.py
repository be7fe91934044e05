"""Rules about who has which parameters: the model, the optimizer, both or neither."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable

import numpy as np

from ..autograd import Tensor
from ..autograd.tensor import Array
from ..nn.parameter import Parameter
from ..optim import Optimizer
from .lint_run import Step, Watch, params_of
from .lint_words import Names, Seen, class_of, listed, trained


def unreached(watch: Watch, names: Names) -> Seen:
    """Parameters of the model that no loss depends on."""
    reached = watch.reached()
    lost = [p for p in trained(watch.models) if p not in reached]
    if lost and watch.backwards:
        yield (
            f"no gradient reaches {listed(map(names, lost))}, which require grad: no loss depends on them",
            "use the layer in forward(), look for detach(), .data, .item() or no_grad() on the way, or freeze it with "
            "requires_grad_(False)",
        )


def not_optimized(watch: Watch, names: Names) -> Seen:
    """Parameters of the model that no optimizer has."""
    held = watch.optimized()
    required = trained(watch.models)
    lost = [p for p in required if p not in held]
    if any(_nothing_requires_grad(optimizer) for optimizer in watch.optimizers.values()):  # foreign() says it
        return
    if lost and held:
        elsewhere = _held_by_any_optimizer()  # such as that of the other network of two
        lost = [p for p in lost if p not in elsewhere]
    if lost and len(lost) == len(required) and held:
        yield (
            "the optimizer has none of the model's parameters",
            "make the optimizer after the model: one that was made before the model was replaced or copied changes the "
            "old parameters",
        )
    elif lost and held:
        yield (
            f"no optimizer has {listed(map(names, lost))}: they stay as they are",
            "give the optimizer model.parameters(), freeze what is not to be trained with requires_grad_(False), or "
            "add what came later with optimizer.add_param_group()",
        )


def foreign(watch: Watch, names: Names) -> Seen:
    """Parameters of an optimizer that no loss depends on."""
    reached = watch.reached()
    of_models = set(trained(watch.models))
    all_of_models = {p for model in watch.models.values() for _, p in model.named_parameters()}
    for name, optimizer in watch.optimizers.items():
        params = params_of(optimizer)
        lost = [p for p in params if p not in reached and p not in all_of_models]
        if _nothing_requires_grad(optimizer):
            yield (
                f"none of the {len(params)} parameters of {name} requires grad, so it never changes one",
                "give it model.parameters(), not the detached tensors of model.state_dict(); if they were frozen, call "
                "requires_grad_() on what is to be trained",
            )
            continue
        if of_models and not of_models & watch.optimized():  # not_optimized() says it
            return
        if lost and watch.backwards:
            all_of_them = len(lost) == len(params)
            yield (
                f"the loss depends on none of the {len(params)} parameters of {name}"
                if all_of_them else f"{name} has parameters on which no loss depends: {listed(map(names, lost))}",
                "give the optimizer the parameters of the model that is trained; a tensor replaced by a new one, as in "
                "w = w - lr * w.grad, is not the one that the optimizer has",
            )


def homeless(watch: Watch, names: Names) -> Seen:
    """Parameters that a loss depends on, and that neither a model nor an optimizer has."""
    last, optimized = watch.last(watch.backwards)[-1:], watch.optimized()
    found = [
        p for record in last for p in record.leaves
        if type(p) is Parameter and p not in watch.known and p not in optimized and not watch.changed_by_hand(p)
    ]  # fmt: skip
    earlier = {p for record in watch.backwards if record.run < watch.run for p in record.leaves}
    fresh = [p for p in found if p not in earlier] if watch.run else []
    if fresh:
        yield (
            f"the loss depends on parameters of shape {_shapes(fresh)} that are new in each run: a layer that is made "
            f"in forward(), or in the step, begins anew every time",
            "make the layer once, in __init__, as self.layer = ..., and use it in forward()",
        )
    elif found:
        yield (
            f"the loss depends on parameters of shape {_shapes(found)} that neither the model nor an optimizer has",
            "keep layers in nn.ModuleList or nn.ModuleDict rather than in a plain list or dict, so that "
            "model.parameters() has theirs, and make the optimizer after that",
        )


def made_anew(watch: Watch, names: Names) -> Seen:
    """An optimizer that forgets after each step, because the step makes it."""

    def once(run: int) -> dict[tuple[type[Optimizer], tuple[Tensor, ...]], Step]:
        steps = [step for step in watch.steps if step.run == run]
        alone = [step for step in steps if sum(step.optimizer is other.optimizer for other in steps) == 1]
        return {(type(step.optimizer), tuple(step.before)): step for step in alone}

    before = once(watch.run - 1)
    for key, step in once(watch.run).items():
        if key in before and before[key].optimizer is not step.optimizer and step.optimizer.state:
            yield (
                f"each run makes a new {class_of(step)} for the same parameters: what the one before has learned of "
                f"the gradients is lost",
                "make the optimizer once, before the loop",
            )


def alike(watch: Watch, names: Names) -> Seen:
    """Units with the same weights and the same gradients: they stay one unit for ever."""
    for step in watch.last(watch.steps):
        found = [
            p for p, g in step.gradients.items()
            if p.ndim >= 2 and p.shape[0] > 1 and np.any(g != 0) and _equal_rows(g) and _equal_rows(step.before[p])
        ]  # fmt: skip
        if found:
            yield (
                f"the units of {listed(map(names, found))} are all alike: they have the same weights and get the same "
                f"gradients, so they never become different",
                "draw the weights at random, as the layers do by themselves, or with nn.init.kaiming_normal_",
            )


def misplaced_options(watch: Watch, names: Names) -> Seen:
    """``optimizer.lr = 0.01``, which nothing reads."""
    for name, optimizer in watch.optimizers.items():
        if not type(optimizer).__module__.startswith(Optimizer.__module__.partition(".")[0] + "."):
            continue  # one of the user's own may keep what it likes
        for option in optimizer.defaults.keys() & vars(optimizer).keys():
            used = [group[option] for group in optimizer.param_groups]
            if all(vars(optimizer)[option] is not value for value in used):
                yield (
                    f"{name}.{option} was set to {vars(optimizer)[option]!r}, which nothing reads: the steps use "
                    f"{' and '.join(dict.fromkeys(map(repr, used)))}",
                    f"set it in the groups: for group in {name}.param_groups: "
                    f"group[{option!r}] = {vars(optimizer)[option]!r}",
                )


# ---------------------------------------------------------------------------------------------- what they share


def _held_by_any_optimizer() -> set[Tensor]:
    """The parameters of every optimizer that there is in the process, whether the step knows it or not."""
    optimizers = [thing for thing in gc.get_objects() if issubclass(type(thing), Optimizer)]
    return {p for optimizer in optimizers for group in vars(optimizer).get("param_groups", ()) for p in group["params"]}


def _nothing_requires_grad(optimizer: Optimizer) -> bool:
    return not any(p.requires_grad or p.grad is not None for p in params_of(optimizer))


def _shapes(tensors: Iterable[Tensor]) -> str:
    return listed(str(list(p.shape)) for p in tensors)


def _equal_rows(array: Array) -> bool:
    return bool((array == array[:1]).all())


PARAMETER_RULES: dict[str, Callable[[Watch, Names], Seen]] = {
    "parameters without a gradient": unreached,
    "parameters that no optimizer has": not_optimized,
    "optimizer with other parameters": foreign,
    "parameters that nobody has": homeless,
    "optimizer made anew": made_anew,
    "units that are all alike": alike,
    "options in the wrong place": misplaced_options,
}
