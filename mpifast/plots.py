"""How figures look: one style, colours that colour-blind readers can tell apart, no global state (pyplot is never
imported).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mpifast._files import replacing

try:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    raise ModuleNotFoundError('figures need matplotlib: python -m pip install "mpifast[paper]"') from error

# Okabe and Ito's palette.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def figure(columns: int, rows: int = 1, width: float = 4.6, height: float = 3.6, **options: Any) -> tuple[Figure, Any]:
    """A figure and its array of axes [rows, columns]; ``width`` and ``height`` in inches a panel."""
    sheet = Figure(figsize=(width * columns, height * rows), layout="constrained")
    FigureCanvasAgg(sheet)
    return sheet, sheet.subplots(rows, columns, squeeze=False, **options)


def save(sheet: Figure, path: Path) -> None:
    """Write a PNG."""
    with replacing(path) as file:
        # Without the software's name and version the same numbers give the same bytes.
        sheet.savefig(file, format="png", dpi=120, metadata={"Software": None})


def image(axes: Any, picture: Any, title: str) -> None:
    """A picture of stacked one-dimensional images: white where there is material."""
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set(title=title, xlabel="voxel", ylabel="sample")
