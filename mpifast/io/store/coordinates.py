"""The arrays beside the samples of a store: what each number of a spectrum is, and where the voxels are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast.io.store.source import LONGEST_LIST
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.systems.description import scanner_facts
from mpifast.physics.systems.scanner_system import ScannerSystem

LABELS = {
    "channel": ("<i4", {"units": "1", "long_name": "receive channel"}),
    "number": ("<i8", {"units": "1", "long_name": "number of the frequency"}),
    "part": ("<i4", {"units": "1", "long_name": "0: real part, 1: imaginary part"}),
    "frequency": ("<f8", {"units": "Hz", "long_name": "frequency"}),
}
FACTORS = {"units": "1", "long_name": "transfer function: real part, imaginary part"}
MEASURED = "scanner_"  # begins the names of sampled fields, which are too long for the settings
UNITS = {"drive_field": "T", "gradient": "T/m"}


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
    if system.transfer_function is not None:
        factors = np.tile(system.transfer_function.view(np.float64).reshape(-1, 2), (len(system.parts), 1))
        found["transfer_function"] = Declared("<f8", factors.shape, (axis, "complex"), FACTORS, factors)
    positions = _positions(system)
    if positions is not None:
        dimensions = ("position",) if positions.ndim == 1 else ("voxel", "axis")
        attributes = {"units": "m", "long_name": "voxel position"}
        found["position"] = Declared("<f8", positions.shape, dimensions, attributes, positions)
    return found | _waveforms(system)


def _waveforms(system: LinearSystem) -> dict[str, Declared]:
    """The sampled fields of a scanner, of which the settings have only the digest."""
    found: dict[str, Declared] = {}
    for name, value in scanner_facts(system.scanner).items() if isinstance(system, ScannerSystem) else ():
        if name in UNITS and isinstance(value, tuple) and len(value) > LONGEST_LIST:
            values = np.array(value)
            attributes = {
                "units": UNITS[name],
                "long_name": f"{name.replace('_', ' ')} at equidistant times of a period",
            }
            dimensions = ("time", "component", "column")[: values.ndim]
            found[MEASURED + name] = Declared("<f8", values.shape, dimensions, attributes, values)
    return found


def _positions(system: LinearSystem) -> np.ndarray | None:
    """float64[voxels] along a line, float64[voxels, axes] in a grid; None where they are not known."""
    if system.grid is None:
        return None
    positions = np.asarray(getattr(system, "positions", system.grid.positions))
    return positions[:, 0] if positions.shape[1:] == (1,) else positions
