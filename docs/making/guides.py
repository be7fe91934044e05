"""The guides: links that hold on the site, and tables read off the code: what each optimizer starts with and keeps."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import minitorch_optim as torch
from minitorch_optim import optim
from minitorch_optim.autograd.missing import names_of_pytorch

from . import reference

SHAPE = (32, 16)  # of the parameter whose state is counted


def make_guides(source: Path) -> None:
    reference.write(source / "generated" / "optimizers.md", table_of_optimizers())
    reference.write(source / "generated" / "names.md", table_of_names())


CODE_LINK = re.compile(r"\[(\w+)\]\(\.\./minitorch_optim/optim/[\w/]+\.py\)")
NOTEBOOK_LINK = re.compile(r"\]\((?:\.\./examples/notebooks/)?(\w+)\.ipynb\)")


def with_links_of_the_site(page: str, with_notebooks: bool) -> str:
    """Read in the repository, a page links to the code of a class and to a notebook; on the site, to their pages."""
    folders = {name.name: "optimizers" for name in reference.optimizers()}
    folders |= {name.name: "schedules" for name in reference.schedules()}
    page = CODE_LINK.sub(lambda link: f"[{link[1]}](/{folders[link[1]]}/{link[1]}.rst)", page)
    return NOTEBOOK_LINK.sub(r"](/notebooks/\1.ipynb)" if with_notebooks else "](/notebooks/index.md)", page)


def make_list_of_notebooks(source: Path, readme: str, names: list[str]) -> None:
    """What the notebooks' own page says to those who read them, and the list of them for the navigation."""
    readers = readme.partition("## How they are kept")[0]
    lines = with_links_of_the_site(readers, bool(names)).splitlines()
    lines += ["```{toctree}", ":hidden:", "", *names, "```"]
    reference.write(source / "notebooks" / "index.md", lines)


def table_of_optimizers() -> list[str]:
    lines = ["| optimizer | default lr | weight decay | numbers kept for each parameter |", "| --- | --- | --- | --- |"]
    for name in reference.optimizers():
        optimizer = made(name.name)
        group = optimizer.param_groups[0]
        lr = rate(name.value, group)
        decay = f"{group['weight_decay']:g}" if "weight_decay" in group else ""
        lines.append(f"| [{name.name}](optimizers/{name.name}) | {lr} | {decay} | {kept(optimizer)} |")
    return lines


def made(name: str) -> Any:
    """The optimizer with its defaults, or around SGD, for one parameter that is a matrix."""
    p = torch.ones(SHAPE, requires_grad=True)
    cls = getattr(optim, name)
    if name in ("SAM", "Lookahead"):
        return cls(optim.SGD([p], lr=0.1))
    return cls([p], lr=0.1) if rate(cls, {}) == "must be given" else cls([p])


def rate(cls: Any, group: dict[str, Any]) -> str:
    """The default of lr, as the signature has it."""
    parameters = inspect.signature(cls).parameters
    if "lr" not in parameters:
        return "that of the optimizer inside" if "optimizer" in parameters else ""
    default = parameters["lr"].default
    return f"{default:g}" if isinstance(default, int | float) else "must be given"


def kept(optimizer: Any) -> str:
    """How many numbers its state holds after two steps, by the number of elements of the parameter."""
    if isinstance(optimizer, optim.ScipyMinimize):
        return "depends on the method"
    p = optimizer.param_groups[0]["params"][0]

    def closure() -> Any:
        p.grad = None
        loss = (p * p).sum()
        loss.backward()
        if isinstance(optimizer, optim.SparseAdam):
            p.grad = p.grad.to_sparse()
        return loss

    for _ in range(2):
        optimizer.step(closure)
    if isinstance(optimizer, optim.LBFGS):
        return f"up to 2 history_size: {2 * optimizer.param_groups[0]['history_size']}"
    tensors = [v for state in optimizer.state.values() for v in state.values() if torch.is_tensor(v)]
    share = sum(v.numel() for v in tensors if v.numel() > 1) / p.numel()
    if hasattr(optimizer, "optimizer"):
        return "those of the optimizer inside, and a copy of the parameter"
    return f"{share:g}" if share % 1 == 0 else f"{share:.2g} for a matrix of {SHAPE[0]} x {SHAPE[1]}"


def table_of_names() -> list[str]:
    lines = ["| module | names of PyTorch | of these here |", "| --- | ---: | ---: |"]
    for module, names in names_of_pytorch().items():
        lines.append(f"| `{module}` | {len(names)} | {len(here(module, names))} |")
    return lines


def here(module: str, names: frozenset[str]) -> list[str]:
    place: Any = torch
    for part in module.split(".")[1:]:
        place = getattr(place, part, None)
    return sorted(name for name in names if place is not None and hasattr(place, name))
