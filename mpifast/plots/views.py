"""How images on a grid are drawn: their arguments checked, and pictures in millimetres."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.fields.views import Axis, View
from mpifast.physics.linear_system import LinearSystem

SMALLEST = 1.1  # inches of a panel, for its title and tick labels


def grid_of(place: Any) -> Grid | None:
    """The grid of a system or scanner, or the grid itself."""
    if place is None or isinstance(place, Grid):
        return place
    if not isinstance(place, (LinearSystem, Sequence, Scanner)):
        raise TypeError(f"place must be a mpifast.Grid or a system, or a scanner, got {check.brief(place)}")
    return place.grid


def flat(name: str, value: Any, grid: Grid | None) -> np.ndarray:
    """Real images whose last axes are those of a grid, as flat ones; others as they are."""
    array = check.real_array(name, value)
    if grid is not None and len(grid.shape) > 1 and array.shape[-len(grid.shape) :] == grid.shape:
        array = array.reshape(*array.shape[: -len(grid.shape)], grid.voxels)
    return array


def as_images(name: str, value: Any, grid: Grid | None) -> np.ndarray:
    """One image or several, flat or on the grid, as float64[n, voxels]."""
    if grid is not None:
        return check.on_grid(name, value, grid.shape).reshape(-1, grid.voxels).astype(np.float64)
    array = check.real_array(name, value)
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(f"{name} has shape {np.shape(value)}: give one image or several, [voxels] or [n, voxels]")
    return check.finite(name, np.atleast_2d(array)).astype(np.float64)


def value_limits(limits: Any, array: np.ndarray) -> tuple[float, float]:
    """Least and largest value of a scale; by default from 0, or the least value if that is negative, to the largest."""
    if limits is None:
        low, high = min(0.0, float(array.min())), float(array.max())
        return low, high if high > low else low + 1.0
    values = check.sequence("limits", limits)
    if len(values) != 2:
        raise ValueError(f"limits={limits!r}: give the least and the largest value of the scale")
    low, high = (check.number("limits", value) for value in values)
    if not low < high:
        raise ValueError(f"limits={limits!r} are not rising: give the least value, then the largest")
    return low, high


def cut_through(position: Any, projection: Any, axes: list[Axis], grid: Grid | None) -> tuple[int, ...] | None:
    """The voxel at a position in metres along the axes drawn; None where none is given. Checks both arguments."""
    check.flag("projection", projection)
    if position is None and not projection:
        return None
    name = "projection" if projection else "position"
    if grid is None or len(axes) < 3:
        raise ValueError(f"{name} is for images on three axes, these have {len(axes)}: leave it out")
    if projection and position is not None:
        raise ValueError("position and projection exclude each other: give one of them")
    if projection:
        return None
    values = check.sequence("position", position)
    if len(values) != 3:
        raise ValueError(f"position has {len(values)} entries, expected 3: x, y and z in metres")
    voxel = []
    for axis, value in zip(axes, values, strict=True):
        part = (1e3 * check.number(f"position along {axis.name}", value, unit="m") - axis.first) / axis.length
        if not 0.0 <= part <= 1.0:
            raise ValueError(
                f"position={tuple(values)} is outside the grid along {axis.name}: give metres from"
                f" {1e-3 * axis.first:g} to {1e-3 * axis.last:g}"
            )
        voxel.append(min(int(part * axis.voxels), axis.voxels - 1))
    return tuple(voxel)


def sizes(
    pairs: list[tuple[Axis, Axis]], longest: float = 2.2, smallest: float = SMALLEST
) -> list[tuple[float, float]]:
    """Inches (across, up) of panels in one scale, the longest side ``longest``, none below ``smallest``."""
    scale = longest / max(axis.length for pair in pairs for axis in pair)
    return [(max(smallest, scale * across.length), max(smallest, scale * up.length)) for across, up in pairs]


def draw(panel: Any, view: View, **options: Any) -> Any:
    """Draw a picture in millimetres, x to the right and y up; return matplotlib's image."""
    extent = (view.across.first, view.across.last, view.up.first, view.up.last)
    drawn = panel.imshow(
        view.picture, extent=extent, origin="lower", aspect="equal", interpolation="nearest", **options
    )
    for name, axis in (("x", view.across), ("y", view.up)):
        part = axis.length / max(view.across.length, view.up.length)
        if part > 0.15:
            panel.locator_params(axis=name, nbins=5 if part > 0.4 else 2)
        else:  # no room for two labels
            middle = 0.5 * (axis.first + axis.last)
            panel.set(**{f"{name}ticks": [middle], f"{name}ticklabels": [f"{middle:.4g}"]})
    return drawn
