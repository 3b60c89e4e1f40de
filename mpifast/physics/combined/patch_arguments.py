"""The arguments of `MultiPatch`, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.grid import Grid
from mpifast.physics.linear_system import LinearSystem


def system_offset_pairs(patches: Any) -> tuple[list[LinearSystem], np.ndarray]:
    """Systems and offsets float64[patches, axes], checked."""
    pairs = check.sequence("patches", patches)
    if not pairs:
        raise ValueError("patches is empty: give one pair (system, offset) for each patch")
    systems, offsets = [], []
    for j, pair in enumerate(pairs):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"patches[{j}] must be a pair (system, offset in metres), got {check.brief(pair)}")
        system, offset = pair
        check_system(f"the first of patches[{j}]", system)
        axes = len(grid_of(system).shape)
        values = check.sequence(f"the offset of patches[{j}]", offset)
        if len(values) != axes:
            raise ValueError(
                f"the offset of patches[{j}] has {len(values)} numbers, its grid {axes} axes: give one number in metres"
                " for each"
            )
        systems.append(system)
        offsets.append([check.number(f"the offset of patches[{j}]", value, unit="m") for value in values])
    for j, values in enumerate(offsets):
        if len(values) != len(offsets[0]):
            raise ValueError(f"patches[{j}] has {len(values)} axes, patches[0] {len(offsets[0])}: give grids alike")
    return systems, np.array(offsets)


def check_system(name: str, system: Any) -> None:
    """An error that names the argument if it is no system with a grid."""
    if not isinstance(system, LinearSystem):
        raise TypeError(f"{name} must be a system, got {check.brief(system)}; mpifast.linear_system makes one")
    if system.grid is None:
        raise ValueError(
            f"{name}, {system!r}, has no grid and does not say where its voxels lie: take the system of a calibration"
            " file with a field of view, or mpifast.linear_system(array, grid=mpifast.Grid(...))"
        )


def grid_of(system: LinearSystem) -> Grid:
    """The grid of a checked system."""
    assert system.grid is not None
    return system.grid
