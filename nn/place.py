"""Which layer of a model an error came from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .module import Module


NO_INIT = ("_init_", "__int__", "__inti__", "__ini__", "__init", "_init", "init")  # how __init__ is misspelt


def name_layer(error: Exception, module: Module) -> None:
    """Add a line to ``error``, raised inside ``module``: which layer it was, by its path from the outermost model.

    Every module on the way out calls this, and each makes the path longer. Before Python 3.11 errors have no notes, and
    this does nothing.
    """
    if sys.version_info < (3, 11) or "_module_names" not in module.__dict__:  # made without Module.__init__()
        return
    known = error.__dict__
    if "_layer" not in known:  # the layer itself
        shown = type(module).__name__ if module._module_names else repr(module)
        known["_layer"] = module, "", shown
        own = vars(type(module))
        wrong = next((name for name in NO_INIT if name in own and "__init__" not in own), None)
        if wrong is not None and isinstance(error, AttributeError):
            error.add_note(f"{type(module).__name__}.{wrong} is never called: is it meant to be __init__?")
        error.add_note(f"This was in {shown}")
        return
    inner, path, shown = known["_layer"]
    name = next((name for name, child in module.named_children() if child is inner), type(inner).__name__)
    path = f"{name}.{path}" if path else name
    known["_layer"] = module, path, shown
    error.__notes__[-1] = f"This was in layer {path!r} of {type(module).__name__}: {shown}"
