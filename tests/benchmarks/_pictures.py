"""The pictures of the page. Every peer has one colour and one mark in all of them."""

from __future__ import annotations

from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from peers import PEERS

COLOURS = ("C3", "C1", "k", "C0", "C9", "C4", "C2", "C8", "C5", "C6")
STYLES = dict(zip(PEERS, zip(COLOURS, "os*^v<DdPX", strict=True), strict=True))


def medians(timings: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {row: {peer: timing[0] for peer, timing in found.items()} for row, found in timings.items()}


def dots(panels: dict[str, dict[str, dict[str, float]]], unit: str, path: str) -> None:
    """For each panel {row: {peer: value}}: a line of dots for each row, on a logarithmic axis."""
    rows = max(map(len, panels.values()))
    columns = min(2, len(panels))
    height = -(-len(panels) // columns)
    size = (4 + 4 * columns, height * (0.4 * rows + 1.6))
    fig, axes = plt.subplots(height, columns, squeeze=False, figsize=size)
    for ax, (title, values) in zip(axes.flat, panels.items()):
        for n, found in enumerate(values.values()):
            ax.plot([min(found.values()), max(found.values())], [n, n], color="0.85", zorder=0)
            for peer, value in reversed(found.items()):  # the first on top
                colour, marker = STYLES[peer]
                ax.plot(value, n, marker, color=colour, markersize=8 if peer == "ours" else 6)
        ax.set(title=title, xscale="log", xlabel=unit, yticks=range(len(values)), yticklabels=values)
        ax.invert_yaxis()
        ax.grid(axis="x", which="both", color="0.93")
    for ax in list(axes.flat)[len(panels) :]:
        ax.set_visible(False)
    _finish(fig, {peer for values in panels.values() for found in values.values() for peer in found}, path)


def lines(panels: dict[tuple[str, str], dict[str, Any]], path: str) -> None:
    """For each panel (title, unit) {peer: (numbers, microseconds)}, on logarithmic axes."""
    fig, axes = plt.subplots(1, len(panels), squeeze=False, figsize=(4.5 * len(panels), 4.2))
    for ax, ((title, unit), found) in zip(axes.flat, panels.items()):
        for peer, (numbers, times) in found.items():
            colour, marker = STYLES[peer]
            ax.plot(numbers, times, marker + "-", color=colour, markersize=5, linewidth=1)
        ax.set(title=title, xscale="log", yscale="log", xlabel=f"number of {unit}", ylabel="microseconds")
        ax.grid(color="0.93")
    _finish(fig, {peer for found in panels.values() for peer in found}, path)


def bars(values: dict[str, float], unit: str, path: str) -> None:
    fig, ax = plt.subplots(figsize=(7, 0.4 * len(values) + 1.2))
    colours = ["C3" if name == "minitorch_optim" else "0.6" for name in values]
    ax.barh(list(values), list(values.values()), color=colours)
    ax.set(xlabel=unit)
    ax.invert_yaxis()
    _finish(fig, set(), path)


def _finish(fig: Any, peers: set[str], path: str) -> None:
    handles = [
        plt.Line2D([], [], marker=STYLES[peer][1], color=STYLES[peer][0], linestyle="", label=PEERS[peer].title)
        for peer in PEERS
        if peer in peers
    ]
    columns = int(fig.get_figwidth() / 2.4)  # a title is that wide, in inches
    if handles:
        fig.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)
    fig.set_layout_engine("constrained")
    fig.savefig(path, dpi=120)
    plt.close(fig)
