"""What a measurement file of several patches says: a period of a frame for each patch, with its offset field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mpifast.io.mdf import any_system
from mpifast.io.mdf.scanners.acquisition import acquisition
from mpifast.io.mdf.scanners.scanner_system import frame_of
from mpifast.io.mdf.selection import ROWS
from mpifast.io.mdf.values import WIDTH, tracer
from mpifast.physics.combined.multi_patch import MultiPatch
from mpifast.physics.combined.offset_fields import axes_of, calibration_of, diagonals
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.systems.scanner_system import ScannerSystem

GRADIENT = "/acquisition/gradient"


def patch_file(spectra: Any, patches: MultiPatch, domain: str, background: Any, gradient: Any) -> dict[str, Any]:
    """The datasets of a measurement file of spectra of several patches, and of background frames after them.

    ``gradient`` is that of all patches where their systems do not say theirs, or None.
    """
    rows, place, frame = _frame(patches)
    gradients, fields = _fields(patches, gradient)
    values = any_system.general("Measurement", rows, frame)
    if isinstance(patches.systems[0], ScannerSystem):
        values |= _scanner(patches.systems[0])
    count = len(patches.systems)
    for name in ("strength", "phase"):
        one = np.asarray(values[f"/acquisition/drivefield/{name}"])
        values[f"/acquisition/drivefield/{name}"] = np.repeat(one, count, axis=0)
    del values[ROWS]  # of one period
    values |= {
        "/acquisition/numPeriodsPerFrame": count,
        "/acquisition/offsetField": fields[:, None],
        GRADIENT: (np.eye(3) * gradients[:, None])[:, None],
        "/acquisition/_voxels": patches.voxels,
        "/_mpifast/system": patches.fingerprint,
    }
    frames = any_system.spectra_of("spectra", spectra, patches)
    empty = frames[:0] if background is None else any_system.spectra_of("background", background, patches)
    found = np.concatenate([frames, empty.astype(frames.dtype)])
    data = np.zeros((len(found), count, frame.channels * len(frame.numbers)), found.dtype)
    with np.errstate(over="ignore"):  # what is not finite is refused
        data[:, patches.patch, place] = found * found.real.dtype.type(frame.points)
    data = data.reshape(len(found), count, frame.channels, len(frame.numbers))
    return values | any_system.stored(data, len(empty), rows, frame, domain)


def _frame(patches: MultiPatch) -> tuple[LinearSystem, np.ndarray, any_system.Frame]:
    """The rows that any patch has, the position of each row of the patches in [channels, K], and the frame of all."""
    _, first, group = np.unique(patches.rows[["channel", "number"]], return_index=True, return_inverse=True)
    factors = patches.transfer_function
    if factors is not None and not np.allclose(factors[first][group.reshape(-1)], factors, rtol=1e-6, atol=0.0):
        raise ValueError("system has patches of different transfer functions: a file has one; write a file for each")
    known = None if factors is None else factors[first]
    rows = LinearSystem(np.zeros((len(first), patches.voxels), bool), patches.rows[first], None, known)
    frame = any_system.Frame.of(rows)
    own = [frame_of(system) for system in patches.systems if isinstance(system, ScannerSystem)]
    if own:
        frame = replace(frame, points=own[0].points, channels=max(frame.channels, own[0].channels))
    return rows, frame.rows[group.reshape(-1)], frame


def _scanner(system: ScannerSystem) -> dict[str, Any]:
    """The acquisition of a scanner on a grid, and its tracer."""
    scanner = system.scanner
    volume = 1e3 * float(np.prod([*scanner.grid.field_of_view, *[WIDTH] * (3 - len(scanner.grid.shape))]))
    names = {"/scanner/manufacturer": "mpifast", "/acquisition/receiver/unit": "V"}
    return acquisition(scanner) | tracer(system.particle, system.model, volume) | names


def _fields(patches: MultiPatch, gradient: Any) -> tuple[np.ndarray, np.ndarray]:
    """Gradient float64[patches, 3] and offset field float64[patches, 3], tesla, of each patch."""
    given = None if gradient is None else diagonals(GRADIENT, np.asarray(gradient).reshape(-1, 3, 3)[:1], 1)[0]
    gradients, fields = np.empty((2, len(patches.systems), 3))
    for j, (system, offset) in enumerate(zip(patches.systems, patches.offsets, strict=True)):
        calibration = calibration_of(system)
        slope = given if calibration.gradient is None else calibration.gradient
        if slope is None:
            raise ValueError(
                f"the system of patch {j} does not say its gradient, which its offset field follows from: give"
                f" metadata={{'{GRADIENT}': [[[gx, 0, 0], [0, gy, 0], [0, 0, gz]]]}}, T/m"
            )
        shift = np.zeros(3)
        shift[axes_of(system)] = offset
        gradients[j], fields[j] = slope, calibration.offset_field - slope * shift + 0.0
    return gradients, fields
