"""Resolution patterns: groups of bars or spheres of falling pitch."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.data.phantoms.arguments import grid_of
from mpifast.data.phantoms.generator import Generator, painted
from mpifast.data.phantoms.solids import paint
from mpifast.physics.fields.grid import Grid

SHAPES = ("bars", "spheres")
EACH = 3  # bars of a group, spheres of a side of it
RATIO = 2.0**-0.5  # of the pitches of neighbouring groups
GAP = 1.0  # between groups, pitches of the wider one


def resolution(grid: Grid, pitches: Any = None, shape: str = "bars", *, binary: bool = True) -> Generator:
    """Groups of three bars, or of spheres three by three, whose pitch falls from group to group.

    Bars and spheres are half a pitch wide. The groups stand along x; on grids of two and three axes there are two rows
    of bars, one for each direction. A sample mirrors the axes at random, and shifts each group by up to half a pitch,
    so no group lies on the voxels in the same way twice.

    Parameters
    ----------
    grid : Grid
        Where the voxels lie.
    pitches : sequence of float, optional
        Pitch of each group, metres. By default five, each the square root of 2 below the one before it, that fill the
        field of view.
    shape : {"bars", "spheres"}, optional
        What the groups consist of; spheres are discs in two dimensions.
    binary : bool, optional
        Zeros and ones; otherwise the part of each voxel that is filled.

    Returns
    -------
    Generator
        Phantoms uint8[n, voxels], or float32.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range, or the groups do not fit.

    Examples
    --------
    >>> import mpifast
    >>> grid = mpifast.Grid((80, 80), (40e-3, 40e-3))
    >>> mpifast.phantoms.resolution(grid, pitches=[4e-3, 2e-3]).draw(7, [0]).shape
    (1, 6400)
    """
    grid, shape = grid_of(grid), check.choice("shape", shape, SHAPES)
    if pitches is None:
        largest = _fitting(grid, shape, RATIO ** np.arange(5))
        values = largest * RATIO ** np.arange(5)
    else:
        listed = check.sequence("pitches", pitches)
        values = np.array([check.positive(f"pitches[{i}]", pitch, "m") for i, pitch in enumerate(listed)])
        if not 0 < len(values) <= 100:
            raise ValueError(f"pitches has {len(values)} entries: give 1 to 100")
        fits = _fitting(grid, shape, values)
        if fits < 1.0:
            raise ValueError(
                f"pitches={values.tolist()} do not fit into the field of view: they do at {fits:.3g} times their size"
            )
    options = {"pitches": values.tolist(), "shape": shape}
    rows = _rows(grid, shape)
    numbers = 3 + 3 * rows * len(values)
    return painted("resolution", grid, binary, options, numbers, _paint, pitches=values, shape=shape)


def _rows(grid: Grid, shape: str) -> int:
    return 2 if shape == "bars" and len(grid.shape) > 1 else 1


def _fitting(grid: Grid, shape: str, pitches: np.ndarray) -> float:
    """The factor by which the pitches may grow until the groups fill the field of view."""
    width = ((EACH + GAP) * pitches).sum()
    height = _rows(grid, shape) * (EACH + GAP) * pitches.max()
    sides = (width, height, (EACH + GAP) * pitches.max())
    return float(min(extent / side for extent, side in zip(grid.field_of_view, sides, strict=False)))


def _paint(uniform: np.ndarray, images: np.ndarray, threads: int, grid: Grid, pitches: np.ndarray, shape: str) -> None:
    axes, rows, count = len(grid.shape), _rows(grid, shape), len(uniform)
    mirror = np.where(uniform[:, :3] < 0.5, -1.0, 1.0)
    shift = (uniform[:, 3:].reshape(count, rows, len(pitches), 3) - 0.5) * pitches[:, None]
    shift[..., axes:] = 0.0
    left = -((EACH + GAP) * pitches).sum() / 2 + (EACH + GAP) * (np.cumsum(pitches) - pitches / 2)
    centers, radii = [], []
    for row in range(rows):
        for group, pitch in enumerate(pitches):
            height = 0.0 if rows == 1 else (0.5 - row) * (EACH + GAP) * pitches.max()
            place = np.array([left[group], height, 0.0]) + shift[:, row, group]
            steps = (np.arange(EACH) - (EACH - 1) / 2) * pitch
            if shape == "bars":
                offsets = np.zeros((EACH, 3))
                offsets[:, row] = steps
                half = np.full(3, (EACH - 0.5) * pitch / 2)
                half[row] = pitch / 4
            else:
                lines = [steps if axis < axes else np.zeros(1) for axis in range(3)]
                offsets = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
                half = np.full(3, pitch / 4)
            centers.append(place[:, None] + offsets)
            radii.append(np.broadcast_to(half, (count, *offsets.shape)))
    center = np.concatenate(centers, axis=1) * mirror[:, None]
    values = np.ones(center.shape[:2])
    unturned = np.broadcast_to(np.eye(3), (*values.shape, 3, 3))
    paint(center, np.concatenate(radii, axis=1), unturned, values, shape == "spheres", images, threads, grid)
