"""The system of a scanner on a grid, of a store: from the settings, the row labels, and a long waveform beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mpifast.io.store.coordinates import MEASURED
from mpifast.io.store.labels import read_labels
from mpifast.io.store.layout import Layout
from mpifast.io.store.source import plain
from mpifast.physics.systems.description import scanner_from, system_of_rows
from mpifast.physics.systems.scanner_system import ScannerSystem
from mpifast.physics.tracer.description import particle_from

LONGEST = 2**20  # samples of a waveform
SHAPES = {"drive_field": [3], "gradient": [3, 3]}  # of a sample


def rebuild(path: Path, layout: Layout) -> ScannerSystem:
    """The system of a store, of which nothing is computed yet.

    Raises
    ------
    ValueError
        If the store is damaged, or this version of mpifast computes another system.
    """
    settings = layout.settings
    labels = {name: array.values for name, array in read_labels(path, layout).items()}
    try:
        facts = {name: _whole(path, name, value) for name, value in dict(settings["scanner"]).items()}
        scanner, particle = scanner_from(facts), particle_from(settings["particle"])
        part, channel, number = (np.asarray(labels[name]) for name in ("part", "channel", "number"))
        mine = part == part[0]
        factors = labels.get("transfer_function")
        system = system_of_rows(
            scanner, particle, settings["tolerance"], channel[mine], number[mine], settings.get("absolute_error"),
            None if factors is None else factors[mine].copy().view(np.complex128)[:, 0],
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise ValueError(f"its system has settings that this version of mpifast does not know ({error})") from error
    if system.fingerprint != settings.get("fingerprint"):
        raise ValueError("its system is one that this version of mpifast does not compute: use the one that wrote it")
    return system


def _whole(path: Path, name: str, value: Any) -> Any:
    """A parameter of the scanner, read from an array of its own where the settings have only its digest."""
    if name not in SHAPES or not isinstance(value, dict):
        return value
    if path.is_dir():
        from mpifast.io.store.zarr import read_array
    else:
        from mpifast.io.store.hdf5 import read_array  # type: ignore[assignment]
    shape = value.get("shape")
    shape = shape if isinstance(shape, list) and shape else [None]
    good = shape[1:] == SHAPES[name] and type(shape[0]) is int and 0 < shape[0] <= LONGEST
    found = read_array(path, f"{MEASURED}{name}", np.dtype("<f8"), [tuple(shape)]) if good else None
    if found is None or plain(found) != value:
        raise ValueError(f"its array {MEASURED}{name} is not the one that the settings have the digest of")
    return found
