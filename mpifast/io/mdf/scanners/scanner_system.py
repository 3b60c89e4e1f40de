"""What an MDF file of a scanner on a grid says: its datasets by their paths."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from mpifast.io.mdf.any_system import Frame, receiver
from mpifast.io.mdf.scanners.acquisition import acquisition
from mpifast.io.mdf.selection import DESCRIBED, SIMULATION
from mpifast.io.mdf.values import WIDTH, identity, now, tracer
from mpifast.physics.systems.description import scanner_facts
from mpifast.physics.systems.scanner_system import ScannerSystem
from mpifast.physics.tracer.description import particle_facts


def frame_of(system: ScannerSystem) -> Frame:
    """How the rows of the system of a scanner lie in a file.

    Samples and channels follow from the scanner alone, so that files of some of its rows fit files of others: the power
    of two above the samples of the scanner, and channels up to the last that receives.
    """
    channel, number = (system.rows[name].astype(np.int64) for name in ("channel", "number"))
    numbers = np.unique(number)
    rows = channel * len(numbers) + np.searchsorted(numbers, number)
    channels = 1 + max(*system.scanner.channel_axes, int(channel.max()))
    points = 1 << int(2 * (system.scanner.samples // 2) + 1).bit_length()
    return Frame(channels, points, numbers, rows, 1.0 / system.scanner.period)


def general(title: str, system: ScannerSystem, frame: Frame) -> dict[str, Any]:
    """All but /measurement and /calibration."""
    scanner = system.scanner
    volume = 1e3 * float(np.prod([*scanner.grid.field_of_view, *[WIDTH] * (3 - len(scanner.grid.shape))]))
    facts = json.dumps([system.model, scanner_facts(scanner), particle_facts(system.particle)], sort_keys=True)
    found = identity(title) | acquisition(scanner) | tracer(system.particle, system.model, volume)
    return (
        found
        | receiver(system, frame, "V")
        | {
            "/scanner/facility": "n.a.",
            "/scanner/manufacturer": "mpifast",
            "/scanner/operator": "n.a.",
            "/acquisition/startTime": now(),
            "/acquisition/numAverages": 1,
            "/acquisition/numPeriodsPerFrame": 1,
            SIMULATION: hashlib.sha256(facts.encode()).hexdigest()[:16],
        }
        | _flat(DESCRIBED, scanner_facts(scanner))
    )


def _flat(group: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Facts as datasets of a group, dictionaries as groups within it."""
    found: dict[str, Any] = {}
    for name, value in facts.items():
        path = f"{group}/{name}"
        found |= _flat(path, value) if isinstance(value, dict) else {path: value}
    return found
