"""Write ``autograd/pytorch_names.txt``, the public names of the PyTorch that is installed: names only.

Run it by hand, ``python tests/make_pytorch_names.py``, when the version of PyTorch changes that the tests compare with.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

LIST = Path(__file__).resolve().parents[1] / "autograd" / "pytorch_names.txt"
MODULES = """
    torch torch.autograd torch.backends torch.cuda torch.distributions torch.fft torch.linalg torch.nn
    torch.nn.functional torch.nn.init torch.nn.utils torch.nn.utils.rnn torch.optim torch.optim.lr_scheduler
    torch.optim.swa_utils torch.random torch.sparse torch.special torch.utils torch.utils.data
""".split()


def public_names(module: str) -> list[str]:
    """What ``module`` itself offers, without what it only imported from elsewhere."""
    owner = importlib.import_module(module)
    names = []
    for name in dir(owner):
        value = getattr(owner, name)
        origin = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None) or "torch"
        if not name.startswith("_") and str(origin).split(".")[0] in ("torch", "builtins"):
            names.append(name)
    return names


def text() -> str:
    """The whole list."""
    import torch

    lines = [f"{module}: {' '.join(public_names(module))}" for module in MODULES]
    lines.append(f"torch.Tensor: {' '.join(name for name in dir(torch.Tensor) if not name.startswith('_'))}")
    lines.append(f"torch.nn.Module: {' '.join(name for name in dir(torch.nn.Module) if not name.startswith('_'))}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    LIST.write_text(text())
    print(f"{LIST}: {LIST.stat().st_size} bytes")
