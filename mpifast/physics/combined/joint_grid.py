"""The joint grid of patches: where each patch lies in it, and matrices between two places of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mpifast.physics.fields.grid import MAX_VOXELS, Grid
from mpifast.physics.linear_system import LinearSystem, read_only
from mpifast.physics.split_system import SplitSystem

WHOLE = 1e-6  # part of a voxel up to which an offset is one of whole voxels
SAME = 1e-6  # relative difference of spacings that are the same


class Place(NamedTuple):
    """Where a patch lies in the joint grid.

    ``start``: the first voxel along each axis. ``shift``: 0, or the part of a voxel by which the voxels of the joint
    grid lie after those of the patch, which then has one voxel less.
    """

    start: tuple[int, ...]
    shift: tuple[float, ...]
    shape: tuple[int, ...]

    def columns(self, joint: Grid) -> np.ndarray:
        """The voxels of the patch in the joint grid, int64[n]."""
        axes = [first + np.arange(n) for first, n in zip(self.start, self.shape, strict=True)]
        return read_only(np.ravel_multi_index(np.meshgrid(*axes, indexing="ij"), joint.shape).reshape(-1))


def joint_grid(grids: Sequence[Grid], offsets: np.ndarray, resample: bool) -> tuple[Grid, list[Place]]:
    """The smallest grid that holds all patches, and the place of each: grid j is shifted by offsets[j], metres.

    Raises
    ------
    ValueError
        If the grids differ in their axes or spacing, an offset is not one of whole voxels and ``resample`` is not set,
        or the joint grid would be too large.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> grid = mpifast.Grid((4,), (4e-3,))
    >>> joint, places = joint_grid([grid, grid], np.array([[0.0], [3e-3]]), resample=False)
    >>> joint.shape, round(joint.center[0], 6), [place.start for place in places]
    ((7,), 0.0015, [(0,), (3,)])
    """
    spacing = np.array(grids[0].spacing)
    first = np.array([axis[0] for axis in grids[0].axes]) + offsets[0]
    places = []
    for j, (grid, offset) in enumerate(zip(grids, offsets, strict=True)):
        if len(grid.shape) != len(spacing) or not np.allclose(grid.spacing, spacing, rtol=SAME, atol=0.0):
            raise ValueError(
                f"patch {j} has voxels of {_lengths(grid.spacing)}, patch 0 of {_lengths(spacing)}: the patches of a"
                " joint grid share their axes and spacing"
            )
        corner = np.array([axis[0] for axis in grid.axes]) + offset
        places.append(_place(j, grid, offset, spacing, (corner - first) / spacing, resample))
    low = np.min([place.start for place in places], axis=0)
    high = np.max([np.add(place.start, place.shape) for place in places], axis=0)
    shape = tuple(int(n) for n in high - low)
    if math.prod(shape) > MAX_VOXELS:
        raise ValueError(
            f"the joint grid of {len(grids)} patches would have {' x '.join(map(str, shape))} voxels, the limit is"
            f" {MAX_VOXELS:,}: check the offsets, which are in metres"
        )
    center = first + spacing * (low + 0.5 * (np.array(shape) - 1))
    places = [place._replace(start=tuple(int(n) for n in place.start - low)) for place in places]
    return Grid(shape, tuple((spacing * shape).tolist()), tuple(center.tolist())), places


def _place(j: int, grid: Grid, offset: np.ndarray, spacing: np.ndarray, where: np.ndarray, resample: bool) -> Place:
    """The place of patch j, whose first voxel lies ``where``, in voxels of the joint grid."""
    if not np.abs(where).max() <= MAX_VOXELS:
        raise ValueError(
            f"patch {j} is shifted by {_lengths(offset)}, with voxels of {_lengths(spacing)}: give offsets in metres"
        )
    whole = np.abs(where - np.round(where)) <= WHOLE
    if whole.all():
        return Place(tuple(np.round(where).astype(int).tolist()), (0.0,) * len(where), grid.shape)
    if not resample:
        raise ValueError(
            f"patch {j} is shifted by {_lengths(offset)}, which puts it {where.round(6).tolist()} voxels of"
            f" {_lengths(spacing)} from patch 0: give offsets of whole voxels, or resample=True to interpolate its"
            " matrix linearly"
        )
    start = np.where(whole, np.round(where), np.ceil(where))
    shape = tuple(n - int(not exact) for n, exact in zip(grid.shape, whole, strict=True))
    if 0 in shape:
        raise ValueError(
            f"patch {j} is shifted by {_lengths(offset)} along an axis of one voxel, which is not whole voxels of"
            f" {_lengths(spacing)}: between one voxel nothing can be interpolated; give an offset of whole voxels"
        )
    return Place(tuple(start.astype(int).tolist()), tuple(np.where(whole, 0.0, start - where).tolist()), shape)


def resampled(system: LinearSystem, place: Place) -> LinearSystem:
    """A system whose voxels lie between those of another one: its rows interpolated linearly along each axis.

    Voxel i of an axis is (1 - s) times voxel i plus s times voxel i + 1 of the system, s the shift of the place.
    """
    grid = system.grid
    assert grid is not None
    source = system.real.reshape(-1, *grid.shape)
    real = np.empty((len(source), *place.shape), source.dtype)
    for row, target in zip(source, real, strict=True):
        for axis, share in enumerate(place.shift):
            if share:
                before, after = (np.take(row, np.arange(n, n + place.shape[axis]), axis) for n in (0, 1))
                row = (1.0 - share) * before + share * after
        target[...] = row
    lengths = [n * step for n, step in zip(place.shape, grid.spacing, strict=True)]
    shifted = [c + (s - 0.5 if s else 0.0) * d for c, s, d in zip(grid.center, place.shift, grid.spacing, strict=True)]
    return SplitSystem(
        real.reshape(len(real), -1),
        system.parts,
        system.rows,
        Grid(place.shape, tuple(lengths), tuple(shifted)),
        system.transfer_function,
    )


def _lengths(values: Sequence[float] | np.ndarray) -> str:
    return f"({', '.join(f'{value:g}' for value in values)}) m"
