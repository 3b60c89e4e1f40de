"""Pictures in millimetres in rows and columns: one scale of lengths, one scale of values, labels where axes change."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mpifast.physics.fields.views import Axis, View
from mpifast.plots.style import color_bar, mosaic
from mpifast.plots.views import draw, sizes

SMALLEST = 0.6  # inches of a panel's side, for the label of its axis
LINE = 0.17  # inches of a line of a title
CHARACTER = {"medium": 0.085, "x-small": 0.06}  # inches of a character of a title, by size of the font


class Cell(NamedTuple):
    """A picture of a table: what stands over it, what stands before its vertical axis, and where its cross is."""

    view: View
    title: str = ""
    lead: str = ""
    cross: tuple[float, float] | None = None


def table(
    rows: list[list[Cell]],
    *,
    title: str | None,
    label: str,
    colors: dict[str, Any],
    longest: float = 2.4,
    size: str = "medium",
) -> Figure:
    """Draw a table, whose last row may be shorter; ``longest`` is the longest side of a panel in inches.

    A panel has labels where its neighbour to the left, or below, shows other axes.
    """
    cells = [(r, c, cell) for r, row in enumerate(rows) for c, cell in enumerate(row)]
    inches = sizes([(cell.view.across, cell.view.up) for _, _, cell in cells], longest, SMALLEST)
    widths, heights = [0.0] * len(rows[0]), [0.0] * len(rows)
    for (r, c, cell), (width, height) in zip(cells, inches, strict=True):
        texts = [*cell.title.split("\n"), cell.view.across.label]
        widths[c] = max(widths[c], width, CHARACTER[size] * max(map(len, texts)))
        heights[r] = max(heights[r], height, CHARACTER[size] * max(map(len, cell.lead.split("\n"))) - 0.3)
    columns = [[row[c] for row in rows if c < len(row)] for c in range(len(rows[0]))]
    beside = all(_alike(*pair) for row in rows for pair in pairwise(row))
    below = all(_alike(*pair) for column in columns for pair in pairwise(column))
    first, *others = [max(_lines(cell.title) for cell in row) for row in rows]
    gap = 0.1 if beside else 0.75, 0.1 + LINE * max(others, default=0) + (0.0 if below else 0.45)
    left = 0.75 + LINE * max(_lines(cell.lead) for _, _, cell in cells)
    top = 0.15 + 1.1 * LINE * first + (0.3 if title else 0.0)
    anchor = "C" if any(cell.lead for _, _, cell in cells) else "S"
    sheet, panels, bars = mosaic(widths, heights, left=left, top=top, gap=gap, subplot_kw={"anchor": anchor})
    drawn: Any = None
    for r, c, cell in cells:
        panel, view = panels[r, c], cell.view
        drawn = draw(panel, view, **colors)
        panel.set_title(cell.title, fontsize=size, pad=3)
        scale = min(widths[c] / view.across.length, heights[r] / view.up.length)
        if c and _alike(rows[r][c - 1], cell):
            panel.set_yticks([])
        else:
            _ticks(panel, "y", view.up, scale)
            panel.set_ylabel("\n".join(filter(None, [cell.lead, view.up.label])), fontsize=size)
        if r + 1 < len(rows) and c < len(rows[r + 1]) and _alike(rows[r + 1][c], cell):
            panel.set_xticks([])
        else:
            _ticks(panel, "x", view.across, scale)
            panel.set_xlabel(view.across.label, fontsize=size)
        if cell.cross is not None:
            _cross(panel, view, *cell.cross)
    for panel in panels[-1, len(rows[-1]) :]:
        panel.remove()
    if title:
        sheet.suptitle(title, y=1.0 - 0.1 / sheet.get_figheight(), verticalalignment="top", fontsize="large")
    color_bar(sheet, drawn, bars[0], label)
    return sheet


def _ticks(panel: Any, name: str, axis: Axis, scale: float) -> None:
    """As many ticks as their labels leave room for, at ``scale`` inches a millimetre; in the middle if only one."""
    margin = (0.12 if name == "x" else 0.04) / scale  # labels do not reach into the panel beside
    for most in range(5, 1, -1):
        values = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(axis.first, axis.last)
        values = [value for value in values if axis.first + margin <= value <= axis.last - margin]
        room = 0.06 + 0.075 * max((len(f"{value:g}") for value in values), default=0) if name == "x" else 0.2
        if len(values) > 1 and scale * (values[1] - values[0]) >= room:
            panel.set(**{f"{name}ticks": values})
            return
    middle = axis.position(axis.voxels // 2) if axis.numbered else 0.5 * (axis.first + axis.last)
    panel.set(**{f"{name}ticks": [middle], f"{name}ticklabels": [f"{middle:.4g}"]})


def _lines(text: str) -> int:
    return 1 + text.count("\n") if text else 0


def _alike(one: Cell, other: Cell) -> bool:
    """Two pictures have the same axes."""
    return one.view[1:3] == other.view[1:3]


def _cross(panel: Any, view: View, across: float, up: float) -> None:
    """Lines through a point, which leave out its surroundings."""
    x, y = (across - view.across.first) / view.across.length, (up - view.up.first) / view.up.length
    options: dict[str, Any] = {"color": "#56B4E9", "linewidth": 0.8, "alpha": 0.8}
    around = 0.06 * max(view.across.length, view.up.length)
    for low, high in ((0.0, x - around / view.across.length), (x + around / view.across.length, 1.0)):
        if low < high:
            panel.axhline(up, low, high, **options)
    for low, high in ((0.0, y - around / view.up.length), (y + around / view.up.length, 1.0)):
        if low < high:
            panel.axvline(across, low, high, **options)
