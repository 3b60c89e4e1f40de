"""Images of a reconstruction: profiles, pictures, and slices, projections and montages of volumes, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.views import HIDDEN, Axis, View, axes_of, brightest, numbered_axes, views
from mpifast.plots.profiles import frames_over_axis, profiles
from mpifast.plots.tables import Cell, table
from mpifast.plots.views import cut_through, grid_of, value_limits

KINDS = ("auto", "slices", "projection", "montage")
PROFILES = 4  # so many frames on one axis are curves, more of them a picture
COLUMNS = 4  # pictures in a row
SHOWN = {"": 12, "slices": 5, "projection": 5, "montage": 1}  # frames, by kind; "": images on two axes
SLICES = 100  # of a montage


def draw_images(
    images: Any,
    place: Any = None,
    kind: str = "auto",
    *,
    frame: int | Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    reference: Any = None,
    position: Sequence[float] | None = None,
    along: str | None = None,
    title: str | None = None,
    label: str = "concentration",
    limits: Sequence[float] | None = None,
    colormap: Any = "inferno",
) -> Figure:
    """The images of a reconstruction in millimetres, whatever their number of axes and frames.

    Images on one axis are profiles if there are at most four, otherwise a picture of frames over millimetres. Images on
    two axes are pictures side by side. Volumes are three slices through one point, which a cross marks, maximum
    projections along the three axes, or a montage of all slices along one axis; several frames of slices or projections
    stand side by side. All panels share one scale of values. Axes of a single voxel are not drawn.

    Parameters
    ----------
    images : array_like
        One image or several, [n, voxels] or [n, *grid.shape]; without a grid [voxels] or [n, *shape].
    place : Grid, LinearSystem or scanner, optional
        Where the voxels lie. None: voxels are counted from 0.
    kind : str, optional
        How volumes are drawn: "slices" (and "auto"), "projection" or "montage".
    frame : int or sequence of int, optional
        Which frames, counted from 0. None: on one axis all of them; on two axes 12, of volumes 5 (of a montage 1) at
        equal distances if there are more; the first one beside a reference.
    names : sequence of str, optional
        A name for each image, e.g. its time. None: "frame 0", ... if there are several.
    reference : array_like, optional
        The true image, drawn beside the frame and their absolute difference.
    position : sequence of float, optional
        Position x, y, z in metres through which the slices go. None: the largest value of the reference, or of all
        frames drawn.
    along : str, optional
        The axis of a montage, "x", "y" or "z". None: the last axis of the grid.
    title : str, optional
        Stands over the figure.
    label : str, optional
        What the values are, with their unit.
    limits : (float, float), optional
        Least and largest value of the scale. None: from 0, or the least value if that is negative, to the largest.
    colormap : str or matplotlib.colors.Colormap, optional
        Name of a colour map of matplotlib.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``.

    Raises
    ------
    TypeError, ValueError, IndexError
        If an argument is of the wrong type, shape or range, not finite, or does not belong to the kind of picture.

    Examples
    --------
    >>> import mpifast
    >>> grid = mpifast.Grid((19, 19, 12), (38e-3, 38e-3, 12e-3))
    >>> c = mpifast.phantoms.vessels(grid).draw(7, [0])
    >>> figure = mpifast.plots.draw_images(c, grid, position=(0.0, 4e-3, 0.5e-3), title="vessels")
    >>> [axes.get_title() for axes in figure.axes[:3]]
    ['z = 0.5 mm', 'y = 4 mm', 'x = 0 mm']
    >>> figure = mpifast.plots.draw_images(c, grid, "montage")
    >>> len(figure.axes) - 1  # and the colour bar
    12
    >>> figure = mpifast.plots.draw_images(0.9 * c, grid, "projection", reference=c)
    >>> [axes.get_title() for axes in figure.axes[:3]]
    ['reference', 'image', 'absolute difference']
    """
    grid = grid_of(place)
    volumes, axes = _on_axes("images", images, grid)
    kind = _kind(kind, axes)
    cut = cut_through(position, False, axes, grid)
    for name, value, wanted in (("position", position, "slices"), ("along", along, "montage")):
        if value is not None and kind != wanted:
            raise ValueError(
                f"{name} belongs to kind={wanted!r}, this picture is of kind {kind or 'auto'!r}: leave it out"
            )
    titles = _names(names, len(volumes))
    chosen = _frames(frame, len(volumes), len(volumes) if len(axes) == 1 else SHOWN[kind])
    if reference is not None:
        chosen = _single(frame, chosen, "reference")
    volumes, titles = check.finite("images", volumes[chosen]).astype(np.float64), [titles[k] for k in chosen]
    if reference is not None:
        truth = _truth(reference, grid, volumes[0].shape)
        volumes = np.stack([truth, volumes[0], abs(volumes[0] - truth)])
        titles = ["reference", titles[0] or "image", "absolute difference"]
    low, high = value_limits(limits, volumes)
    colors = {"cmap": colormap, "vmin": low, "vmax": high}
    options: dict[str, Any] = {"title": title, "label": label, "colors": colors}
    if len(axes) == 1:
        if len(volumes) > PROFILES:
            return frames_over_axis(volumes, axes[0], chosen, **options)
        return profiles(volumes, axes[0], titles, title, label, None if limits is None else (low, high))
    if len(axes) == 2:
        columns = COLUMNS if reference is None else 3
        cells = [Cell(View(image.T, axes[0], axes[1], ""), name) for image, name in zip(volumes, titles, strict=True)]
        return table(_wrapped(cells, columns), longest=4.0 if len(cells) == 1 else 2.4, **options)
    if kind == "montage":
        if reference is not None:
            raise ValueError("reference is drawn beside slices or projections: leave it out, or choose one of these")
        _single(frame, chosen, "montage")
        return _montage(volumes[0], axes, along, titles[0], **options)
    if cut is None:
        cut = brightest(volumes[0] if reference is not None else volumes.max(axis=0))
    return _planes(volumes, axes, titles, cut, kind == "projection", **options)


def _on_axes(name: str, value: Any, grid: Grid | None) -> tuple[np.ndarray, list[Axis]]:
    """Images [n, *voxels along the axes of more than one], and these axes."""
    if grid is not None:
        array, axes = check.on_grid(name, value, grid.shape), axes_of(grid, grid.voxels)
    else:
        array = check.real_array(name, value)
        array = array[None] if array.ndim == 1 else array
        if not 2 <= array.ndim <= 4 or not array.size:
            raise ValueError(f"{name} has shape {np.shape(value)}: give [n, *shape] of one to three axes, or a grid")
        axes = numbered_axes(array.shape[1:])
    return array.reshape(len(array), *(axis.voxels for axis in axes)), axes


def _truth(reference: Any, grid: Grid | None, shape: tuple[int, ...]) -> np.ndarray:
    """One image of a shape."""
    if grid is None and np.shape(reference) == shape:
        reference = np.asarray(reference)[None]
    found, _ = _on_axes("reference", reference, grid)
    if found.shape != (1, *shape):
        raise ValueError(f"reference has shape {np.shape(reference)}: give one image of shape {shape}, as images have")
    return check.finite("reference", found[0]).astype(np.float64)


def _kind(kind: Any, axes: list[Axis]) -> str:
    kind = check.choice("kind", kind, KINDS)
    if len(axes) == 3:
        return "slices" if kind == "auto" else kind
    if kind != "auto":
        raise ValueError(f"kind={kind!r} is for images on three axes, these have {len(axes)}: leave it out")
    return ""


def _frames(frame: Any, count: int, most: int) -> list[int]:
    """The frames drawn: those asked for, or as many as fit."""
    if frame is None:
        return sorted({round(k) for k in np.linspace(0, count - 1, min(most, count))})
    chosen = np.atleast_1d(check.indices("frame", frame, count)).tolist()
    if not chosen:
        raise ValueError("frame is empty: name at least one frame, counted from 0")
    return chosen


def _single(frame: Any, chosen: list[int], what: str) -> list[int]:
    """One frame, the first unless it was named."""
    if frame is not None and len(chosen) > 1:
        raise ValueError(f"frame={frame!r} names {len(chosen)} frames, a {what} is drawn of one: name one of them")
    return chosen[:1]


def _names(names: Any, count: int) -> list[str]:
    if names is None:
        return [f"frame {k}" for k in range(count)] if count > 1 else [""]
    found = [str(name) for name in check.sequence("names", names)]
    if len(found) != count:
        raise ValueError(f"names has {len(found)} entries, expected {count}: one for each image")
    return found


def _wrapped(cells: list[Cell], columns: int) -> list[list[Cell]]:
    return [cells[first : first + columns] for first in range(0, len(cells), columns)]


def _planes(
    volumes: np.ndarray, axes: list[Axis], titles: list[str], cut: tuple[int, ...], projection: bool, **options: Any
) -> Figure:
    """Three views of each volume: a row of one, a column of each of several."""
    point = [axis.position(voxel) for axis, voxel in zip(axes, cut, strict=True)]
    crosses = [None if projection else tuple(point[k] for k in range(3) if k != hidden) for hidden in HIDDEN]
    found = [views(volume, axes, cut, projection) for volume in volumes]
    if len(found) == 1:
        if titles[0]:
            options["title"] = ", ".join(filter(None, [options["title"], titles[0]]))
        row = [Cell(view, view.title, cross=cross) for view, cross in zip(found[0], crosses, strict=True)]
        return table([row], longest=3.0, **options)
    rows = [
        [Cell(view, name if number == 0 else "", view.title, cross) for view, name in zip(same, titles, strict=True)]
        for number, (same, cross) in enumerate(zip(zip(*found, strict=True), crosses, strict=True))
    ]
    return table(rows, longest=2.4, **options)


def _montage(volume: np.ndarray, axes: list[Axis], along: Any, name: str, **options: Any) -> Figure:
    """All slices along an axis, at most a hundred of them."""
    named = {axis.name: number for number, axis in enumerate(axes)}
    hidden = 2 if along is None else named[check.choice("along", along, tuple(named))]
    axis, (across, up) = axes[hidden], (part for number, part in enumerate(axes) if number != hidden)
    slices = _frames(None, axis.voxels, SLICES)
    part = f"{len(slices)} of {axis.voxels} slices" if len(slices) < axis.voxels else ""
    options["title"] = ", ".join(filter(None, [options["title"], name, part]))
    columns = min(len(slices), math.ceil(math.sqrt(1.5 * len(slices) * up.length / across.length)))
    columns = math.ceil(len(slices) / math.ceil(len(slices) / columns))  # rows of nearly the same length
    longest = min(1.6, max(0.7, 9.0 / columns)) * max(1.0, up.length / across.length)
    cells = [Cell(View(np.take(volume, k, hidden).T, across, up, ""), axis.place(k)) for k in slices]
    return table(_wrapped(cells, columns), longest=longest, size="x-small", **options)
