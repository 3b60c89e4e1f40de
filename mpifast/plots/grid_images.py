"""Images on a grid in millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mpifast import _validation as check
from mpifast.physics.fields.views import Axis, View, axes_of, views
from mpifast.plots.style import COLORS, color_bar, figure, mosaic, own_axes
from mpifast.plots.views import as_images, cut_through, draw, grid_of, sizes, value_limits


def images(
    c: Any,
    place: Any = None,
    *,
    position: Sequence[float] | None = None,
    projection: bool = False,
    titles: str | Sequence[str] | None = None,
    label: str = "concentration",
    limits: Sequence[float] | None = None,
    colormap: Any = "gray",
    columns: int = 4,
    axes: Any = None,
) -> Figure:
    """Images where they lie, in millimetres: lines, pictures, or three planes of a volume.

    Images on one axis are curves in one panel. Images on two axes are pictures side by side. Each image on three axes
    is a row of three pictures: the planes x-y, x-z and y-z through one voxel, or maximum projections. The first axis of
    the grid (x) runs to the right and the second one (y) up, so that a picture shows ``image[i, j]`` in column i and
    row j, counted from below. All pictures share one scale of values. Axes of the grid with a single voxel are not
    drawn.

    Parameters
    ----------
    c : array_like
        One image or several: [voxels], [n, voxels], [*grid.shape] or [n, *grid.shape].
    place : Grid, LinearSystem or scanner, optional
        Where the voxels lie. None: along a line, numbered.
    position : sequence of float, optional
        Position x, y, z in metres through which the planes of a volume go. None: the voxel of the largest value of each
        image; of several such voxels the one nearest to their centre of mass.
    projection : bool, optional
        Show the largest values along z, y and x instead of planes.
    titles : str or sequence of str, optional
        One for each image.
    label : str, optional
        What the values are, with their unit: the label of the colour bar, or of the axis of values.
    limits : (float, float), optional
        Least and largest value of the scale. None: from 0, or the least value if that is negative, to the largest.
    colormap : str or matplotlib.colors.Colormap, optional
        Name of a colour map of matplotlib.
    columns : int, optional
        Most pictures in a row, for images on two axes.
    axes : matplotlib.axes.Axes or sequence of these, optional
        Where to draw: one panel for all curves, one for each picture. None: a new figure.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``. With ``axes`` their own figure.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or not finite.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> grid = mpifast.Grid((20, 30), (20e-3, 30e-3))
    >>> disc = np.hypot(*grid.positions.T) < 8e-3
    >>> figure = mpifast.plots.images(disc, grid)
    >>> panel = figure.axes[0]
    >>> panel.get_xlabel(), [round(float(edge), 9) for edge in panel.get_ylim()]
    ('x (mm)', [-15.0, 15.0])
    >>> volume = mpifast.Grid((10, 10, 8), (20e-3, 20e-3, 16e-3))
    >>> figure = mpifast.plots.images(np.ones(volume.voxels), volume, position=(0.0, 0.0, 5e-3))
    >>> [axes.get_title() for axes in figure.axes[:3]]
    ['z = 5 mm', 'y = 1 mm', 'x = 1 mm']
    """
    grid = grid_of(place)
    array = as_images("c", c, grid)
    parts = axes_of(grid, array.shape[1])
    cut = cut_through(position, projection, parts, grid)
    names = _titles(titles, len(array))
    low, high = value_limits(limits, array)
    columns = check.integer("columns", columns, low=1)
    if len(parts) == 1:
        return _curves(array, parts[0], names, label, None if limits is None else (low, high), axes)
    volumes = array.reshape(-1, *(axis.voxels for axis in parts))
    rows = [views(volume, parts, cut, projection) for volume in volumes]
    if len(parts) == 2:
        pictures = [view for row in rows for view in row]
        rows = [pictures[first : first + columns] for first in range(0, len(pictures), columns)]
    sheet, panels, bars = _panels(rows, names, axes)
    numbers = iter(range(len(array)))
    drawn: Any = None
    for line, row in zip(panels, rows, strict=True):
        lead = names[next(numbers)] if len(parts) == 3 else ""
        for panel, view in zip(line, row, strict=False):
            drawn = draw(panel, view, cmap=colormap, vmin=low, vmax=high)
            title = view.title if len(parts) == 3 else names[next(numbers)]
            if lead and view is row[0]:
                title = f"{lead}\n{title}"
            panel.set_title(title, fontsize="medium")
            panel.set(xlabel=view.across.label, ylabel=view.up.label)
    used = [panel for line, row in zip(panels, rows, strict=True) for panel in line[: len(row)]]
    if bars:
        color_bar(sheet, drawn, bars[0], label)
    else:
        used[0].figure.colorbar(drawn, ax=used, label=label)
    return sheet


def _titles(titles: Any, count: int) -> list[str]:
    if titles is None:
        return [""] * count
    names = [titles] if isinstance(titles, str) else [str(title) for title in check.sequence("titles", titles)]
    if len(names) != count:
        raise ValueError(f"titles has {len(names)} entries, expected {count}: one for each image")
    return names


def _panels(rows: list[list[View]], names: list[str], axes: Any) -> tuple[Figure, list[Any], list[Any]]:
    """The panels of each row and the axes of the colour bar; a caller's panels, and none."""
    if axes is not None:
        sheet, given = own_axes(axes, sum(map(len, rows)))
        ends = np.cumsum([len(row) for row in rows])
        return sheet, np.split(given, ends[:-1]), []
    inches = sizes([(view.across, view.up) for view in rows[0]])
    lines = 1 + max(name.count("\n") for name in names) if any(names) else 0
    title = 0.2 * (lines + bool(rows[0][0].title))
    height = max(up for _, up in inches)
    options: dict[str, Any] = {"top": 0.2 + title, "gap": (0.75, 0.65 + title), "subplot_kw": {"anchor": "S"}}
    sheet, panels, bars = mosaic([width for width, _ in inches], [height] * len(rows), **options)
    for line, row in zip(panels, rows, strict=True):
        for panel in line[len(row) :]:
            panel.remove()
    return sheet, list(panels), bars


def _curves(
    array: np.ndarray, axis: Axis, names: list[str], label: str, limits: tuple[float, float] | None, axes: Any
) -> Figure:
    """All images on one axis in one panel."""
    if axes is None:
        sheet, panels = figure(1, width=5.2)
        panels = panels.ravel()
    else:
        sheet, panels = own_axes(axes, 1)
    panel = panels[0]
    for number, (values, name) in enumerate(zip(array, names, strict=True)):
        color = COLORS[number % len(COLORS)]
        panel.plot(axis.position(np.arange(axis.voxels)), values, color=color, linewidth=1.3, label=name or None)
    panel.set(xlabel=axis.label, ylabel=label, xlim=(axis.first, axis.last), ylim=limits)
    panel.grid(alpha=0.3)
    if any(names):
        if len(array) == 1:
            panel.set_title(names[0], fontsize="medium")
        elif axes is None:
            sheet.legend(loc="outside lower center", ncols=min(len(array), 4), frameon=False)
        else:
            panel.legend(frameon=False)
    return sheet
