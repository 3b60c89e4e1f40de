"""Where focus fields put patches: the field-free point lies at -offset field / gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mpifast import _validation as check
from mpifast.physics.fields.lissajous import LissajousScanner
from mpifast.physics.linear_system import LinearSystem

SAME = 1e-6  # relative difference of gradients that are the same
AXES = "xyz"


class Calibration(NamedTuple):
    """Offset field float64[3], T, and diagonal of the gradient float64[3], T/m, of a calibration; None: unknown."""

    offset_field: np.ndarray
    gradient: np.ndarray | None


def placed_by_fields(
    systems: Sequence[LinearSystem], offset_field: Any, gradient: Any, calibrations: Any = None
) -> tuple[list[int], np.ndarray]:
    """The system of each patch, and its shift float64[patches, axes of the grid], metres.

    See `MultiPatch.from_offset_fields`.
    """
    fields = check.matrix("offset_field", offset_field, 3, what="components")
    gradients = np.broadcast_to(diagonals("gradient", gradient, len(fields)), fields.shape)
    known = [calibration_of(system) for system in systems] if calibrations is None else _given(calibrations, systems)
    chosen, shifts = [], np.empty((len(fields), len(axes_of(systems[0]))))
    for j, (field, slope) in enumerate(zip(fields, gradients, strict=True)):
        points = -field / slope
        distances: list[float] = []
        for calibration in known:
            same = calibration.gradient is None or np.allclose(calibration.gradient, slope, rtol=SAME, atol=0.0)
            moved = points + calibration.offset_field / slope
            distances.append(math.hypot(*moved) if same else np.inf)
        best = int(np.argmin(distances))
        if not np.isfinite(distances[best]):
            found = sorted({tuple(c.gradient.tolist()) for c in known if c.gradient is not None})
            raise ValueError(
                f"patch {j} has the gradient {tuple(slope.tolist())} T/m, the systems {found}: give a system with the"
                " gradient of each patch"
            )
        shift = points + known[best].offset_field / slope
        axes = axes_of(systems[best])
        for axis in set(range(3)) - set(axes):
            if abs(shift[axis]) > 1e-9:
                raise ValueError(
                    f"patch {j} moves by {shift[axis]:g} m along {AXES[axis]}, an axis that the grid of its system"
                    " does not have: give a system whose grid has it, be it of one voxel"
                )
        chosen.append(best)
        shifts[j] = shift[axes] + 0.0  # no negative zeros
    return chosen, shifts


def diagonals(name: str, gradient: Any, patches: int) -> np.ndarray:
    """The gradient along x, y and z, float64[1 or patches, 3], of one in any of the forms; none of them zero."""
    array = check.finite(name, check.real_array(name, gradient)).astype(np.float64)
    if array.shape == (3,):
        found = array[None]
    elif array.shape in ((3, 3), (1, 3, 3), (patches, 3, 3)):
        found = np.diagonal(array, axis1=-2, axis2=-1).reshape(-1, 3)
        turned = array.reshape(-1, 3, 3) - np.eye(3) * found[:, None]
        if np.abs(turned).max() > SAME * np.abs(array).max():
            raise ValueError(
                f"{name} is not diagonal: the field-free point moves along other axes than the offset field; give the"
                " offsets in metres, mpifast.MultiPatch([(system, offset), ...])"
            )
    else:
        raise ValueError(f"{name} has the shape {array.shape}, expected (3,), (3, 3) or ({patches}, 3, 3)")
    if (found == 0.0).any():
        raise ValueError(
            f"{name} is zero along {AXES[int(np.argwhere(found == 0.0)[0, 1])]}, where no field-free point lies: give"
            " the offsets in metres, mpifast.MultiPatch([(system, offset), ...])"
        )
    return found


def calibration_of(system: LinearSystem) -> Calibration:
    """What a system says of its own fields: that of a scanner on a grid, if its gradient is constant and diagonal."""
    scanner = getattr(system, "scanner", None)
    if not isinstance(scanner, LissajousScanner):
        return Calibration(np.zeros(3), None)
    slope = diagonals("the gradient of a system", scanner.gradient_matrix, 1)[0]
    return Calibration(np.array(scanner.offset_field, np.float64), slope)


def _given(calibrations: Any, systems: Sequence[LinearSystem]) -> list[Calibration]:
    pairs = check.sequence("calibrations", calibrations)
    if len(pairs) != len(systems) or any(not isinstance(p, (tuple, list)) or len(p) != 2 for p in pairs):
        raise ValueError(f"calibrations must be {len(systems)} pairs (offset_field, gradient), one for each system")
    found = []
    for number, (field, gradient) in enumerate(pairs):
        name = f"calibrations[{number}]"
        values = check.matrix(name, np.atleast_2d(check.real_array(name, field)), 3, what="components", rows=1)[0]
        slope = None if gradient is None else diagonals(name, gradient, 1)[0]
        found.append(Calibration(values.astype(np.float64), slope))
    return found


def axes_of(system: LinearSystem) -> list[int]:
    """Which of x, y, z the axes of a grid are: the first ones; in a calibration file those of several voxels."""
    assert system.grid is not None
    count = len(system.grid.shape)
    size = np.asarray(getattr(getattr(system, "placement", None), "fields", {}).get("size", ()))
    long = np.flatnonzero(size > 1).tolist() if size.shape == (3,) else []
    return long if len(long) == count else list(range(count))
