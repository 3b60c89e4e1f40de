"""Figure 1: the network's schematic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record

TITLE = "The one-layer network: spectrum nodes, weights, voxel nodes"
SHOWN = 5  # nodes drawn at the top of each column, before the dots


def experiments(options: Options) -> dict[Any, Experiment]:
    """Nothing to train."""
    return {}


def measure(options: Options, outcomes: Mapping[Any, Outcome]) -> tuple[dict[str, int], list[Record]]:
    """The two layers and their sizes."""
    return {"spectrum": 200, "voxel": 129}, []


def draw(layers: dict[str, int], axes_of: Any) -> Any:
    """Two columns of nodes, all connected."""
    from mpifast.plots import COLORS

    sheet, axes = axes_of(1, width=5.2)
    panel = axes[0, 0]
    heights = np.append(np.arange(SHOWN, 0, -1.0), -1.0)  # a gap, then the last node
    for y in heights:
        panel.plot([0, 1], np.vstack([np.full(len(heights), y), heights]), color="0.8", linewidth=0.7, zorder=1)
    for x, (name, count), color, symbol in zip((0, 1), layers.items(), COLORS, "uc", strict=False):
        panel.scatter(np.full(len(heights), x), heights, s=380, color=color, zorder=2)
        for y, index in zip(heights, [*range(1, SHOWN + 1), count], strict=True):
            panel.text(x, y, f"${symbol}_{{{index}}}$", ha="center", va="center", color="white", fontsize=9, zorder=3)
        panel.text(x, 0.0, "...", ha="center", va="center", rotation=90, fontsize=14)
        panel.text(x, SHOWN + 0.9, f"{count} {name} values", ha="center")
    panel.text(0.5, -1.9, r"$c = \sigma(W u)$   (eq. 6)", ha="center")
    panel.set(xlim=(-0.35, 1.35), ylim=(-2.3, SHOWN + 1.4))
    panel.set_axis_off()
    return sheet
