"""Checkpoints: everything that a training run needs to go on as if it had never stopped."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from .autograd import Generator, Tensor, default_generator, no_grad
from .nn import Module
from .serialization import SerializationError, load, save

__all__ = ["Checkpoint"]

_KIND = "minitorch_optim.Checkpoint"


class Checkpoint:
    """The parts of a run, saved and restored together, with the state of the random numbers.

    Parameters
    ----------
    model, optimizer, scheduler, swa, loader, and others under names of your own
        objects with ``state_dict()`` and ``load_state_dict()``; a Generator; a tensor, a dict or a list, which are
        filled with what was saved; a tuple of such things. None is left out

    A run that is killed at any moment and begun again equals the run that was not, to the bit, if it does three things:
    build its parts as before, call :meth:`load` if there is a file, and :meth:`save` between an optimizer's step and
    the next gradient (gradients are not saved). ``testing.assert_resumes_bitwise`` tries it out.

    Saved with the parts are the states of the global generator, of Python's ``random`` and of ``numpy.random``, the
    modes of a module's layers (training or evaluation) and, with ``loader=``, how many batches of the pass were handed
    out: the next ``for batch in loader`` goes on with the one after them.

    >>> import os, tempfile
    >>> from minitorch_optim import nn, optim
    >>> model = nn.Linear(2, 1)
    >>> checkpoint = Checkpoint(model=model, optimizer=optim.Adam(model.parameters()))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.ckpt")
    ...     checkpoint.save(path, epoch=3)
    ...     before = model.weight.tolist()
    ...     _ = nn.init.zeros_(model.weight)
    ...     checkpoint.load(path)
    {'epoch': 3}
    >>> model.weight.tolist() == before
    True
    """

    def __init__(
        self,
        *,
        model: Any = None,
        optimizer: Any = None,
        scheduler: Any = None,
        swa: Any = None,
        loader: Any = None,
        **others: Any,
    ) -> None:
        parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "swa": swa, "loader": loader, **others}
        self.parts = {name: part for name, part in parts.items() if part is not None}
        for name, part in self.parts.items():
            _check(part, name)

    def save(self, path: Any, **notes: Any) -> None:
        """Write the state of everything to ``path``; the file that is there stays until the new one is complete.

        Parameters
        ----------
        path : path or file object
        **notes
            data beside it, such as ``epoch=3``, which :meth:`load` returns
        """
        state = {
            "kind": _KIND,
            "parts": {name: _state_of(part) for name, part in self.parts.items()},
            "random": {
                "global": default_generator.get_state(),
                "python": random.getstate(),
                "numpy": np.random.get_state(legacy=False),
            },
            "notes": notes,
        }
        save(state, path)

    def load(self, path: Any) -> dict[str, Any]:
        """Bring everything to the state in which it was saved; returns the notes.

        Raises
        ------
        FileNotFoundError
            if there is no such file
        SerializationError
            if it is damaged, or no checkpoint
        ValueError
            if it is of other parts; a part may raise an error of its own if it does not fit
        """
        state = load(path)
        if not isinstance(state, dict) or state.get("kind") != _KIND:
            raise SerializationError(
                f"{str(path)!r} is no file of Checkpoint.save(): for a state dict, use load() and load_state_dict()"
            )
        missing, foreign = self.parts.keys() - state["parts"].keys(), state["parts"].keys() - self.parts.keys()
        if missing or foreign:
            raise ValueError(
                f"the checkpoint {str(path)!r} has the parts {sorted(state['parts'])}, and this one is of "
                f"{sorted(self.parts)}: give Checkpoint the same parts as when it was saved"
            )
        for name, part in self.parts.items():
            _restore(part, state["parts"][name], name)
        # Last, as restoring a part may draw.
        default_generator.set_state(state["random"]["global"])
        random.setstate(state["random"]["python"])
        np.random.set_state(state["random"]["numpy"])
        notes: dict[str, Any] = state["notes"]
        return notes


def _check(part: Any, name: str) -> None:
    """Raise TypeError unless ``part`` can be restored in place."""
    if type(part) is tuple:
        for i, member in enumerate(part):
            _check(member, f"{name}[{i}]")
    elif not isinstance(part, Generator | Tensor | dict | list) and not (
        hasattr(part, "state_dict") and hasattr(part, "load_state_dict")
    ):
        raise TypeError(
            f"Checkpoint: {name} is a {type(part).__name__}, which has no state_dict() and load_state_dict(): give "
            f"numbers and other plain values to save(path, {name}=...), and load(path) returns them"
        )


def _state_of(part: Any) -> Any:
    if type(part) is tuple:
        return [_state_of(member) for member in part]
    if isinstance(part, Generator):
        return part.get_state()
    if isinstance(part, Module):
        modes = {path: module.training for path, module in part.named_modules()}
        return {"state": part.state_dict(), "training": modes}
    return part if isinstance(part, Tensor | dict | list) else part.state_dict()


def _restore(part: Any, state: Any, name: str) -> None:
    if type(part) is tuple:
        if len(part) != len(state):
            raise ValueError(f"the checkpoint has {len(state)} things in {name}, and {len(part)} are given")
        for i, member in enumerate(part):
            _restore(member, state[i], f"{name}[{i}]")
    elif isinstance(part, Generator):
        part.set_state(state)
    elif isinstance(part, Module):
        part.load_state_dict(state["state"])
        for path, module in part.named_modules():
            module.training = state["training"].get(path, module.training)
    elif isinstance(part, Tensor):
        if part.shape != state.shape:
            raise ValueError(f"the checkpoint has {name} in shape {list(state.shape)}, and it is {list(part.shape)}")
        with no_grad():
            part.copy_(state)
    elif isinstance(part, dict):
        part.clear()
        part.update(state)
    elif isinstance(part, list):
        part[:] = state
    else:
        part.load_state_dict(state)
