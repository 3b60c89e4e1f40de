"""What the rows of a system are called: channel, frequency, mixing order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mpifast.physics.fields.arguments import AXES
from mpifast.physics.fields.field_free_line import FieldFreeLineScanner
from mpifast.physics.fields.frequencies import lowest_mixing_orders
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.fields.sequence import Sequence
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.system_matrix import SystemMatrix
from mpifast.physics.systems.scanner_system import ScannerSystem


def unit_of(system: LinearSystem) -> str:
    """Unit of the rows and of spectra: known of computed systems."""
    return "T" if isinstance(system, (SystemMatrix, ScannerSystem)) else ""


def channel_name(system: LinearSystem, channel: int) -> str:
    """The axis of a receive channel where a scanner says it."""
    return AXES[channel] if isinstance(system, ScannerSystem) else f"channel {channel}"


def row_names(system: LinearSystem, rows: np.ndarray) -> list[str]:
    """A name for each of some rows int64[n]: channel, frequency, mixing order, as far as they are known."""
    labels = system.rows[rows]
    several = len(np.unique(system.rows["channel"])) > 1 or isinstance(system, ScannerSystem)
    orders = _mixing_orders(system, labels["number"])
    names = []
    for row, label, order in zip(rows, labels, orders, strict=True):
        channel = channel_name(system, int(label["channel"])) if several else ""
        known = math.isfinite(label["frequency"])
        place = f"{1e-3 * label['frequency']:.5g} kHz" if known else f"row {row}"
        names.append(", ".join(filter(None, [channel, place, order])))
    return names


def drive_frequencies(scanner: Any) -> dict[str, float]:
    """Drive frequencies in hertz by axis; empty where the fields are no sum of sines of known frequency."""
    if isinstance(scanner, Scanner):
        return {"x": scanner.drive_frequency}
    if isinstance(scanner, FieldFreeLineScanner):
        return {"": scanner.base_frequency / scanner.divider}
    if isinstance(scanner, Sequence) and scanner.multiples is not None:
        parts = zip(AXES, scanner.multiples, strict=True)
        return {axis: multiple / scanner.period for axis, multiple in parts if multiple}
    return {}


def _mixing_orders(system: LinearSystem, numbers: np.ndarray) -> list[str]:
    """The lowest mixing order of each frequency number, of the driven axes; empty where there is none."""
    if isinstance(system, SystemMatrix):
        return [f"harmonic {number}" for number in numbers]
    multiples = getattr(getattr(system, "scanner", None), "multiples", None)
    if multiples is None:
        return [""] * len(numbers)
    driven = np.flatnonzero(multiples)
    reachable = numbers % math.gcd(*multiples) == 0
    orders = iter(lowest_mixing_orders(multiples, numbers[reachable])[:, driven].tolist())
    names = []
    for reached in reachable:
        order = next(orders) if reached else []
        names.append(f"({', '.join(map(str, order))})" if len(order) > 1 else "".join(f"harmonic {p}" for p in order))
    return names
