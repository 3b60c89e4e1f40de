"""Labels and positions read back from a store: believed only where they are the arrays that `coordinates` declares."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mpifast.io.store.coordinates import FACTORS, LABELS, Declared
from mpifast.io.store.layout import Layout


def declared(layout: Layout) -> dict[str, Declared]:
    """Every array that may lie beside the samples, by name; a position along two or three axes is found out later."""
    rows, place = (layout.equations,), (layout.voxels,)
    found = {name: Declared(dtype, rows, (), attributes) for name, (dtype, attributes) in LABELS.items()}
    found["harmonic"] = Declared("<i4", rows, (), {"units": "1", "long_name": "multiple of the drive frequency"})
    found["transfer_function"] = Declared("<f8", (layout.equations, 2), (), FACTORS)
    found["position"] = Declared("<f8", place, (), {"units": "m", "long_name": "voxel position"})
    return found


def read_labels(path: Path, layout: Layout) -> dict[str, Declared]:
    """The arrays beside the samples of a store, with their values and dimensions.

    Raises
    ------
    ValueError
        If one of them is not what a store has there, or is damaged.
    """
    if path.is_dir():
        from mpifast.io.store.zarr import read_array
    else:
        from mpifast.io.store.hdf5 import read_array  # type: ignore[assignment]
    values = {}
    for name, array in declared(layout).items():
        shapes = [array.shape] if name != "position" else [array.shape, *((layout.voxels, axes) for axes in (2, 3))]
        found = read_array(path, name, np.dtype(array.dtype), shapes)
        if found is not None:
            values[name] = found
    axis = "harmonic" if "harmonic" in values else "equation"
    return {
        name: Declared(array.dtype, found.shape, _dimensions(name, found, axis), array.attributes, found)
        for name, array in declared(layout).items()
        if (found := values.get(name)) is not None
    }


def _dimensions(name: str, values: np.ndarray, axis: str) -> tuple[str, ...]:
    if name == "transfer_function":
        return (axis, "complex")
    if name != "position":
        return (axis,)
    return ("position",) if values.ndim == 1 else ("voxel", "axis")
