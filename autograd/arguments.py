"""Constructors that say which argument was meant, where Python says only that it does not know what was given."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from types import CodeType
from typing import TYPE_CHECKING, Any

__all__ = ["NamesArguments", "call_fits", "meant", "nearest"]

# What other libraries, and books, call an argument; the first that there is will be meant.
OTHER_NAMES = {
    "alpha": ("lr",),
    "beta": ("betas", "momentum"),
    "beta1": ("betas", "momentum"),
    "beta2": ("betas",),
    "beta_1": ("betas", "momentum"),
    "beta_2": ("betas",),
    "decay": ("weight_decay", "gamma"),
    "dropout": ("p",),
    "epochs": ("T_max", "total_iters", "total_steps"),
    "epsilon": ("eps",),
    "eta": ("lr",),
    "factor": ("gamma",),
    "filters": ("out_channels",),
    "filter_size": ("kernel_size",),
    "input_dim": ("in_features", "input_size", "num_embeddings"),
    "kernel": ("kernel_size",),
    "l2": ("weight_decay",),
    "learning_rate": ("lr",),
    "momentum": ("betas",),
    "output_dim": ("out_features", "embedding_dim", "hidden_size"),
    "rate": ("lr", "p"),
    "rho": ("alpha",),
    "step": ("step_size",),
    "units": ("out_features", "hidden_size"),
    "wd": ("weight_decay",),
}


def nearest(wrong: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one of ``names`` that is written most like ``wrong``; None if none is like it. Capitals do not count.

    >>> nearest("relU", ["elu", "ReLU"]), nearest("colour", ["lr"])
    ('ReLU', None)
    """
    by_letters = {name.lower(): name for name in names}
    near = difflib.get_close_matches(wrong.lower(), by_letters, n=1, cutoff=cutoff)
    return by_letters[near[0]] if near else None


def meant(wrong: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that is meant by ``wrong``, or None.

    >>> meant("learning_rate", ["params", "lr", "betas"]), meant("weight_deacy", ["lr", "weight_decay"])
    ('lr', 'weight_decay')
    >>> meant("T_MAX", ["T_max"]), meant("colour", ["lr"])
    ('T_max', None)
    """
    by_letters = {name.lower(): name for name in names}
    wrong = wrong.lower()
    for other in (wrong, *OTHER_NAMES.get(wrong, ())):
        if other.lower() in by_letters:
            return by_letters[other.lower()]
    return nearest(wrong, by_letters.values())


class _OfInit:
    """The signature of a class is that of its ``__init__``, whatever ``__new__`` takes: for help() and the docs."""

    def __get__(self, instance: Any, owner: type[Any]) -> inspect.Signature:
        if instance is not None:  # whose signature is that of its call
            raise AttributeError("__signature__")
        signature = inspect.signature(owner.__init__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])


class NamesArguments:
    """Base of classes whose arguments are easily misnamed.

    >>> class Sleep(NamesArguments):
    ...     def __init__(self, hours, deep=True):
    ...         pass
    >>> Sleep(hour=8)
    Traceback (most recent call last):
        ...
    TypeError: Sleep.__init__() got an unexpected keyword argument 'hour': did you mean 'hours'? It takes hours, deep
    """

    if not TYPE_CHECKING:  # a type checker looks at __init__
        __signature__ = _OfInit()

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            code = getattr(cls.__init__, "__code__", None)
            if kwargs and not (code and kwargs.keys() <= set(_names(code))):  # the quick way; there may be **kwargs
                _refuse_unknown(cls, kwargs)
            cls._check_arguments(args, kwargs)
            new = super().__new__
            return new(cls) if new is object.__new__ else new(cls, *args, **kwargs)

    @classmethod
    def _check_arguments(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raise if there is more to say about the arguments than their names."""


def _names(code: CodeType) -> tuple[str, ...]:
    return code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]


def call_fits(function: Any, *args: Any, **kwargs: Any) -> bool:
    """Whether a function takes these arguments. One that is written in C may."""
    try:
        inspect.signature(function, follow_wrapped=False).bind(*args, **kwargs)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _refuse_unknown(cls: type[Any], given: Iterable[str]) -> None:
    """Raise TypeError for the first of the names ``given`` that ``cls.__init__`` does not take."""
    try:
        parameters = list(inspect.signature(cls.__init__, follow_wrapped=False).parameters.values())[1:]
    except ValueError:  # written in C
        return
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    for wrong in given:
        if wrong not in names:
            near = meant(wrong, names)
            raise TypeError(
                f"{cls.__name__}.__init__() got an unexpected keyword argument {wrong!r}: "
                f"{f'did you mean {near!r}? It' if near else 'it'} takes {', '.join(names) or 'no arguments'}"
            )
