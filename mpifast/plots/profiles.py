"""Images on one axis: curves, or a picture of many frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mpifast.physics.fields.views import Axis
from mpifast.plots.style import COLORS, color_bar, figure, mosaic


def profiles(
    volumes: np.ndarray,
    axis: Axis,
    titles: list[str],
    title: str | None,
    label: str,
    limits: tuple[float, float] | None,
) -> Figure:
    """Images on one axis as curves; a reference as an area."""
    sheet, panels = figure(1, width=5.6)
    panel, middles = panels[0, 0], axis.position(np.arange(axis.voxels))
    numbers = iter(range(len(volumes)))
    for values, name in zip(volumes, titles, strict=True):
        if name == "reference":
            edges = np.linspace(axis.first, axis.last, axis.voxels + 1)
            panel.stairs(values, edges, fill=True, color="0.85", label=name)
            continue
        panel.plot(middles, values, color=COLORS[next(numbers)], linewidth=1.3, label=name or None)
    panel.set(xlabel=axis.label, ylabel=label, xlim=(axis.first, axis.last), ylim=limits)
    panel.grid(alpha=0.3)
    if title:
        panel.set_title(title)
    if any(titles):
        sheet.legend(loc="outside lower center", ncols=len(volumes), frameon=False)
    return sheet


def frames_over_axis(
    volumes: np.ndarray, axis: Axis, chosen: list[int], title: str | None, label: str, colors: dict[str, Any]
) -> Figure:
    """Many images on one axis as a picture, a line each, the first at the top."""
    sheet, panels, bars = mosaic([4.6], [3.4], top=0.45)
    panel = panels[0, 0]
    extent = (axis.first, axis.last, len(chosen) - 0.5, -0.5)
    drawn = panel.imshow(volumes, extent=extent, aspect="auto", interpolation="nearest", **colors)
    panel.set(xlabel=axis.label, ylabel="frame", title=title or "")
    panel.yaxis.get_major_locator().set_params(integer=True)
    panel.yaxis.set_major_formatter(lambda line, _: str(chosen[int(line)]) if 0 <= line < len(chosen) else "")
    color_bar(sheet, drawn, bars[0], label)
    return sheet
