"""The arrays beside the samples of a store: what each number of a spectrum is, and where the voxels are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast.physics.linear_system import LinearSystem

LABELS = {
    "channel": ("<i4", {"units": "1", "long_name": "receive channel"}),
    "number": ("<i8", {"units": "1", "long_name": "number of the frequency"}),
    "part": ("<i4", {"units": "1", "long_name": "0: real part, 1: imaginary part"}),
    "frequency": ("<f8", {"units": "Hz", "long_name": "frequency"}),
}


@dataclass(frozen=True)
class Declared:
    """An array of a store: what any reader finds out about it."""

    dtype: str
    shape: tuple[int, ...]
    dimensions: tuple[str, ...]
    attributes: dict[str, Any]
    values: np.ndarray | None = None  # of coordinates, written when the store is made


def coordinates(system: LinearSystem) -> dict[str, Declared]:
    """Labels of the equations and positions of the voxels, as far as the system has them.

    The equations of a system with one channel and one part a frequency are told apart by their ``number`` alone: there
    the dimension is called harmonic, and has a coordinate of this name. Otherwise it is called equation.
    """
    labels = system.equations
    numbers = labels["number"]
    simple = len(np.unique(numbers)) == len(numbers) and len(np.unique(labels["channel"])) == 1
    axis = "harmonic" if simple else "equation"
    found = {
        name: Declared(dtype, numbers.shape, (axis,), attributes, labels[name])
        for name, (dtype, attributes) in LABELS.items()
    }
    if simple:
        long_name = {"units": "1", "long_name": "multiple of the drive frequency"}
        found["harmonic"] = Declared("<i4", numbers.shape, (axis,), long_name, numbers)
    positions = _positions(system)
    if positions is not None:
        dimensions = ("position",) if positions.ndim == 1 else ("voxel", "axis")
        attributes = {"units": "m", "long_name": "voxel position"}
        found["position"] = Declared("<f8", positions.shape, dimensions, attributes, positions)
    return found


def _positions(system: LinearSystem) -> np.ndarray | None:
    """float64[voxels] along a line, float64[voxels, axes] in a grid; None where they are not known."""
    if system.grid is None:
        return None
    positions = np.asarray(getattr(system, "positions", system.grid.positions))
    return positions[:, 0] if positions.shape[1:] == (1,) else positions
