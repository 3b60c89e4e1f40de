"""The one style of all figures, and figures without pyplot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mpifast import _validation as check
from mpifast._files import replacing

# Okabe and Ito's palette.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


class Sheet(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=120)
        return file.getvalue()


def figure(columns: int, rows: int = 1, width: float = 4.6, height: float = 3.6, **options: Any) -> tuple[Figure, Any]:
    """A figure and its array of axes [rows, columns]; ``width`` and ``height`` in inches a panel."""
    sheet = Sheet(figsize=(width * columns, height * rows), layout="constrained")
    FigureCanvasAgg(sheet)
    return sheet, sheet.subplots(rows, columns, squeeze=False, **options)


def mosaic(
    widths: Sequence[float],
    heights: Sequence[float],
    *,
    left: float = 0.75,
    top: float = 0.4,
    gap: tuple[float, float] = (0.75, 0.75),
    bars: int = 1,
    **options: Any,
) -> tuple[Figure, Any, list[Any]]:
    """A figure of panels of given sizes, its axes [rows, columns], and axes for colour bars beside them.

    All in inches: layout engines of matplotlib change the panels' sizes, and so the scale of pictures in millimetres.
    ``gap`` is the space between columns and between rows, for labels and titles.
    """
    rows, columns, bottom, right = len(heights), len(widths), 0.6, 0.15 + 0.9 * bars
    inside = sum(widths) + gap[0] * (columns - 1), sum(heights) + gap[1] * (rows - 1)
    width, height = left + inside[0] + right, bottom + inside[1] + top
    sheet = Sheet(figsize=(width, height))
    FigureCanvasAgg(sheet)
    place = {"left": left / width, "right": 1 - right / width, "bottom": bottom / height, "top": 1 - top / height}
    space = {"wspace": gap[0] * columns / sum(widths), "hspace": gap[1] * rows / sum(heights)}
    ratios = {"width_ratios": widths, "height_ratios": heights}
    panels = sheet.subplots(rows, columns, squeeze=False, gridspec_kw=place | space | ratios, **options)
    boxes = [
        ((width - right + 0.15 + 0.9 * number) / width, bottom / height, 0.12 / width, inside[1] / height)
        for number in range(bars)
    ]
    return sheet, panels, [sheet.add_axes(box) for box in boxes]


def color_bar(sheet: Figure, drawn: Any, bar: Any, label: str, **options: Any) -> None:
    """A colour bar in axes of its own, with a power of ten instead of long numbers."""
    made: Any = sheet.colorbar(drawn, cax=bar, label=label, **options)
    if "ticks" not in options:
        made.formatter.set_powerlimits((-2, 4))
        made.update_ticks()


def own_axes(axes: Any, count: int) -> tuple[Figure, np.ndarray]:
    """A caller's axes as a vector of ``count``, and their figure."""
    panels = np.ravel(np.asarray(axes, dtype=object))
    for panel in panels:
        if not hasattr(panel, "imshow"):
            raise TypeError(f"axes must be matplotlib axes, got {check.brief(panel)}")
    if len(panels) != count:
        raise ValueError(f"axes has {len(panels)} axes, {count} panels are drawn: give one for each, or leave axes out")
    return panels[0].figure.canvas.figure, panels  # of a subfigure the whole one


def save(sheet: Figure, path: Path) -> None:
    """Write a PNG."""
    with replacing(path) as file:
        # One drawing: savefig makes two of them, the first for the layout alone. Without the software's name and
        # version the same numbers give the same bytes.
        sheet.set_dpi(120)
        canvas: Any = FigureCanvasAgg(sheet)
        canvas.print_png(file, metadata={"Software": None})


def image(axes: Any, picture: Any, title: str) -> None:
    """A picture of stacked one-dimensional images: white where there is material."""
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set(title=title, xlabel="voxel", ylabel="sample")
